"""What happened, told once and never rewritten: a stream of events, the newest kept for a time.

An event is written, read in pages or in order, and deleted with its user or when its time is over. Knows
nobody who follows the stream, and nothing of how an event is shown.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec
import structlog

from session_store import keys
from session_store.commands import Commands, Reply
from session_store.errors import StoreUnavailable
from session_store.ids import UserId
from session_store.lua import Command
from session_store.records import Milliseconds, UserTag

EVENT_TYPES = frozenset(
    (
        "login",
        "login_denied",
        "access_changed",
        "new_device",
        "new_country",
        "logout",
        "revoke",
        "end",
        "user_deleted",
        "user_erased",
        "block",
        "unblock",
        "token_created",
        "token_revoked",
        "dashboard_login",
        "dashboard_logout",
    )
)
"""Every type of event there is."""

MOST_SESSIONS = 100
"""How many sessions one event names; where there are more, another event names the rest."""

PERSON = "person"
"""The detail that names a person where there is no user: the hash by which ``Events.erase`` finds it."""

_MARK = b"V1"
_ERASED = "user_erased"
_LONGEST_DETAIL = 300
_MOST_DETAILS = 20
_BATCH = 1000
_MOST_READ = 5_000
_MOST_KEPT = 2_000_000
_ID = re.compile(r"evt_(0|[1-9][0-9]{0,17})_(0|[1-9][0-9]{0,17})")
log = structlog.get_logger("session_store.events")


class Event(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One thing that happened.

    ``at``: when it was told, Unix ms. ``actor``: a user's id, ``token:owtok_…``, ``bootstrap``,
    ``provider:NAME`` or ``time``. ``user_id``: whom it concerns, where that is one user. ``sessions``: the
    application sessions concerned. ``operation_id``: of the API call that did it. ``effective_at``: of an
    end, when it took effect. ``details``: text by name; longer than 300 characters it is cut.
    """

    type: str
    at: Milliseconds
    actor: str
    user_id: str = ""
    sessions: tuple[str, ...] = ()
    token_id: str = ""
    operation_id: str = ""
    effective_at: Milliseconds = 0
    details: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event and its id, ``evt_MS_N``: by the store's clock and in the order of the stream."""

    id: str
    event: Event

    @property
    def written_at(self) -> Milliseconds:
        """When it was written, by the store's clock."""
        return order_of(self.id)[0]


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first. ``next`` is the position to go on from, None where nothing older is left.

    A page may be short, or empty, and have a ``next``: so many events were read that others are to be served.
    """

    items: list[StoredEvent]
    next: str | None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """The bytes to store for ``event``: a mark of kind and format, then MessagePack, as all records are."""
    return _MARK + _ENCODER.encode(event)


def decode_event(value: bytes) -> Event | None:
    """The event in ``value``; None where it is of a newer format, or damaged."""
    if value[:2] != _MARK:
        return None
    try:
        return _DECODER.decode(value[2:])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def is_event_id(text: str) -> bool:
    """Whether ``text`` has the shape of an event's id, which is also a position in the stream."""
    return _ID.fullmatch(text) is not None


def order_of(event_id: str) -> tuple[Milliseconds, int]:
    """What ids are compared by: time by the store's clock, and number. Raises ValueError for another text."""
    found = _ID.fullmatch(event_id)
    if found is None:
        raise ValueError("not an event's id")
    return int(found[1]), int(found[2])


def bounded(event: Event) -> Iterator[Event]:
    """``event`` with its details cut to size, in as many as it takes to name all its sessions."""
    details = {name: _cut(value) for name, value in list(event.details.items())[:_MOST_DETAILS]}
    for start in range(0, max(1, len(event.sessions)), MOST_SESSIONS):
        sessions = event.sessions[start : start + MOST_SESSIONS]
        yield msgspec.structs.replace(event, details=details, sessions=sessions)


def _cut(text: str) -> str:
    """What others sent may hold halves of surrogate pairs, which no encoding has."""
    cut = text if len(text) <= _LONGEST_DETAIL else text[: _LONGEST_DETAIL - 1] + "…"
    return cut.encode(errors="replace").decode()


def person_hash(user_tag: UserTag) -> str:
    """What events call a person who has no id, or may not be named: 32 hex digits of a hash of the tag."""
    return hashlib.sha256(b"person:" + user_tag.encode()).hexdigest()[:32]


class Events:
    """The stream. ``retention_ms``: for how long an event is kept, by the store's clock."""

    def __init__(self, commands: Commands, retention_ms: Milliseconds) -> None:
        self._commands = commands
        self._retention_ms = retention_ms
        self._cutoff: Milliseconds = 0

    async def append(self, events: Sequence[Event]) -> None:
        """Write ``events`` in order, and a line of the log for each.

        Raises StoreUnavailable: some of them, or all, may not have been written, which the log says.
        """
        written = [part for event in events for part in bounded(event)]
        if not written:
            return
        # The cutoff is by what the store's clock said the last time: a wrong clock here trims nothing young.
        trimming = ("MINID", "~", self._cutoff) if self._cutoff else ()
        adding: list[Command] = [
            ("XADD", keys.EVENTS, *trimming, "*", "e", encode_event(each)) for each in written
        ]
        try:
            *ids, time = await self._commands.run_all([*adding, ("TIME",)])
        except StoreUnavailable:
            for event in written:
                log.warning("event_not_recorded", **msgspec.structs.asdict(event))
            raise
        self._cutoff = _milliseconds(time) - self._retention_ms
        for event, entry_id in zip(written, ids, strict=True):
            log.info("event", id=_public(entry_id), **msgspec.structs.asdict(event))

    async def page(
        self, *, limit: int, before: str | None, types: frozenset[str] = frozenset(), user_id: str = ""
    ) -> EventPage:
        """``limit`` events at most, newest first, older than the position ``before``.

        Only of ``types`` and those that name the user, where these are given. Reads 5,000 events at most.
        """
        person = await self._person(user_id) if user_id else ""
        found: list[StoredEvent] = []
        filtered = bool(types or user_id)
        count = _BATCH if filtered else min(limit + 1, _BATCH)
        position = before
        for _ in range(_MOST_READ // count):
            entries = await self._older(position, count)
            for stored in _readable(entries):
                event = stored.event
                if (types and event.type not in types) or (user_id and not _names(event, user_id, person)):
                    continue
                if len(found) == limit:
                    return EventPage(found, found[-1].id)
                found.append(stored)
            if len(entries) < count:
                return EventPage(found, None)
            position = entries[-1].id
        return EventPage(found, position)

    async def after(self, position: str, limit: int) -> list[StoredEvent]:
        """``limit`` events at most, oldest first, from behind ``position``; none only where none follow."""
        while True:
            entries = await self._newer(position, limit)
            found = list(_readable(entries))
            if found or len(entries) < limit:
                return found
            position = entries[-1].id

    async def last_position(self) -> str:
        """The position behind all that has been written; what is written later follows it."""
        time, newest = await self._commands.run_all(
            [("TIME",), ("XREVRANGE", keys.EVENTS, "+", "-", "COUNT", 1)]
        )
        entries = _entries(newest)
        # Whatever is written to an empty stream from now on is younger than the time asked for before.
        return entries[0].id if entries else f"evt_{_milliseconds(time) - 1}_0"

    async def has_gap(self, position: str) -> bool:
        """Whether events that followed ``position`` may be gone, or it is not a position of this stream."""
        time, oldest, newest = await self._commands.run_all(
            [
                ("TIME",),
                ("XRANGE", keys.EVENTS, "-", "+", "COUNT", 1),
                ("XREVRANGE", keys.EVENTS, "+", "-", "COUNT", 1),
            ]
        )
        now_ms, order = _milliseconds(time), order_of(position)
        if order[0] < now_ms - self._retention_ms:
            first = _entries(oldest)
            return order > (0, 0) and (not first or order < order_of(first[0].id))
        last = _entries(newest)
        return order[0] > now_ms and (not last or order > order_of(last[0].id))

    async def trim(self) -> None:
        """Delete what is older than the retention, to the event; ``append`` does so roughly.

        And, however young, what is beyond two million: a store must not be filled by what it tells.
        """
        cutoff = _milliseconds(await self._commands.run("TIME")) - self._retention_ms
        await self._commands.run_all(
            [
                ("XTRIM", keys.EVENTS, "MINID", max(0, cutoff)),
                ("XTRIM", keys.EVENTS, "MAXLEN", "~", _MOST_KEPT),
            ]
        )

    async def erase_some(self, user_id: str, person: str, position: str) -> str | None:
        """Delete those of the next thousand events behind ``position`` that name the user.

        By id, as its actor, or by the hash in ``PERSON``; what tells of the erasure stays. The position to go
        on from, None at the end. Raises StoreUnavailable.
        """
        entries = await self._newer(position, _BATCH)
        named = [stream_id(one.id) for one in _readable(entries) if _names(one.event, user_id, person)]
        if named:
            await self._commands.run("XDEL", keys.EVENTS, *named)
        return entries[-1].id if len(entries) == _BATCH else None

    async def _person(self, user_id: str) -> str:
        """The hash of the person with this id, "" where the id leads nowhere any more."""
        tag = await self._commands.run("GET", keys.user_tag_of(UserId(user_id)))
        return person_hash(UserTag(tag.decode())) if isinstance(tag, bytes) else ""

    async def _older(self, before: str | None, count: int) -> list["_Entry"]:
        if before is not None and order_of(before) == (0, 0):
            return []
        end = "+" if before is None else "(" + stream_id(before)
        return _entries(await self._commands.run("XREVRANGE", keys.EVENTS, end, "-", "COUNT", count))

    async def _newer(self, after: str, count: int) -> list["_Entry"]:
        start = "(" + stream_id(after)
        return _entries(await self._commands.run("XRANGE", keys.EVENTS, start, "+", "COUNT", count))


def _names(event: Event, user_id: str, person: str) -> bool:
    if event.type == _ERASED:
        return False
    by_hash = person != "" and event.details.get(PERSON) == person
    return by_hash or user_id in (event.user_id, event.actor)


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    value: bytes


def read_entries(reply: Reply) -> tuple[list[StoredEvent], str | None]:
    """The events in a reply with entries, and the id of its last entry, which may be none of them."""
    entries = _entries(reply)
    return list(_readable(entries)), entries[-1].id if entries else None


def _readable(entries: list[_Entry]) -> Iterator[StoredEvent]:
    for entry in entries:
        event = decode_event(entry.value)
        if event is not None:
            yield StoredEvent(entry.id, event)


def _entries(reply: Reply) -> list[_Entry]:
    """The entries in a reply; what another version wrote in other fields has no value that can be read."""
    found = []
    for entry in cast("list[list[Reply]]", reply or []):
        fields = entry[1]
        is_ours = isinstance(fields, list) and len(fields) == 2 and isinstance(fields[1], bytes)
        found.append(_Entry(_public(entry[0]), cast("list[bytes]", fields)[1] if is_ours else b""))
    return found


def _public(stream_id: Reply) -> str:
    if not isinstance(stream_id, bytes):
        raise StoreUnavailable("the store does not tell an event's id")
    return "evt_" + stream_id.decode("ascii", "replace").replace("-", "_")


def stream_id(event_id: str) -> str:
    """The id that the stream has for an event's. Raises ValueError for another text."""
    return "{}-{}".format(*order_of(event_id))


def _milliseconds(time: Reply) -> Milliseconds:
    if not isinstance(time, list) or len(time) != 2 or not all(isinstance(part, bytes) for part in time):
        raise StoreUnavailable("the store does not tell its time")
    seconds, microseconds = cast("list[bytes]", time)
    return int(seconds) * 1000 + int(microseconds) // 1000
