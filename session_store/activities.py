"""What stands beside an application session's record: its activity and its history, as they are stored.

Two hashes that scripts count in: fields of text, and contexts and flags as opaque bytes. Knows no Redis.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence

from session_store.errors import StoreUnavailable
from session_store.records import (
    Access,
    Activity,
    ApplicationSession,
    Context,
    Flag,
    Milliseconds,
    decode,
    decode_flags,
)

ACCESSES_KEPT = 20
"""How many accesses of a session are kept, the latest among them."""

SHOWN = ("last_active", "requests", "context", "flagged")
"""The fields of an activity that a list shows, in the order that ``shown_activity`` takes them."""

_ROW = re.compile(rb"(\d+) (\d+) (\d+) (\d+)\n")

Fields = Mapping[bytes, bytes]


def access_key(context: Context) -> str:
    """What tells one access of a session from its others: the address and the User-Agent, as 16 hex digits.

    Not the place: what a newer database says of an address is no other access.
    """
    told = f"{context.ip_address}\0{context.user_agent.raw}".encode(errors="surrogatepass")
    return hashlib.sha256(told).hexdigest()[:16]


def fields_of(reply: Sequence[bytes]) -> dict[bytes, bytes]:
    """The fields of a hash from names and values in turn."""
    return dict(zip(reply[::2], reply[1::2], strict=True))


def shown_activity(record: ApplicationSession, values: Sequence[bytes | None]) -> Activity:
    """The activity of ``record`` from the values of ``SHOWN``. Raises StoreUnavailable."""
    last_active, requests, context, flagged = values
    return Activity(
        last_active=int(last_active or record.created_at),
        requests=int(requests or 0),
        context=decode(context, Context) if context is not None else Context(ip_address=""),
        flags=tuple((flagged or b"").decode().split()),
    )


def activity_of(record: ApplicationSession, fields: Fields) -> Activity:
    """The activity of ``record`` from all fields. Raises StoreUnavailable."""
    return shown_activity(record, [fields.get(name.encode()) for name in SHOWN])


def accesses_of(
    record: ApplicationSession, fields: Fields, history: Fields, oldest: Milliseconds
) -> tuple[Access, ...]:
    """The accesses of ``record``, the latest first, without those last seen before ``oldest``.

    Raises StoreUnavailable.
    """
    earlier = sorted((_row(value) for value in history.values()), key=lambda row: row.last_seen, reverse=True)
    return (_latest(record, fields), *(row for row in earlier if row.last_seen >= oldest))


def _latest(record: ApplicationSession, fields: Fields) -> Access:
    since = int(fields.get(b"since", record.created_at))
    return Access(
        context=activity_of(record, fields).context,
        first_seen=since,
        last_seen=max(since, int(fields.get(b"context_at", since))),
        requests=int(fields.get(b"seen", fields.get(b"requests", 0))),
        flags=_flags(fields.get(b"flags", b"")),
    )


def _row(value: bytes) -> Access:
    head = _ROW.match(value)
    if head is None:
        raise StoreUnavailable("a stored access cannot be read")
    first, last, requests, length = (int(number) for number in head.groups())
    context_at = head.end() + length
    return Access(
        context=decode(value[context_at:], Context),
        first_seen=first,
        last_seen=last,
        requests=requests,
        flags=_flags(value[head.end() : context_at]),
    )


def _flags(value: bytes) -> tuple[Flag, ...]:
    return decode_flags(value) if value else ()
