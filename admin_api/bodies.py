"""Request bodies: how much is read and for how long, and strict JSON into a struct.

A compressed body is refused unread: its true size is not known before it is inflated.
"""

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web

from admin_api.problems import Code, Problem

LARGEST_BODY = 16384
"""How many bytes an operation takes that does not say otherwise."""

BODY_TIMEOUT_S = 10.0

_YEAR_10000_MS = 253_402_300_800_000

Note = Annotated[str, msgspec.Meta(max_length=200)]
"""What an author says about an act; ``printable`` judges the rest."""

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time in RFC 3339."""

T = TypeVar("T", bound=msgspec.Struct)


def refuse_oversized(request: web.Request, largest: int) -> None:
    """Judge a body by its announcement alone. Raises Problem (413)."""
    coded = request.headers.get("Content-Encoding", "identity").lower() != "identity"
    if coded or (request.content_length or 0) > largest:
        raise _too_large(largest)


async def read_body(request: web.Request, largest: int) -> bytes:
    """The whole body, at most ``largest`` bytes.

    Raises Problem: 413 when it is longer, 408 after ``BODY_TIMEOUT_S``, 400 when it is cut or garbled.
    """
    if request.headers.get("Expect"):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.clone(client_max_size=largest).read()
    except TimeoutError:
        raise Problem(Code.BODY_TOO_SLOW) from None
    except web.HTTPRequestEntityTooLarge:
        raise _too_large(largest) from None
    except (web.RequestPayloadError, ConnectionError):
        raise Problem(Code.MALFORMED_REQUEST) from None


def _too_large(largest: int) -> Problem:
    return Problem(Code.BODY_TOO_LARGE, details={"largest": str(largest)})


def parse_json(body: bytes, shape: type[T]) -> T:
    """``body`` as a ``shape``; RFC 8259, without doubled members, unknown members, NaN or Infinity.

    No body at all is an object without members. Raises Problem (400); its details name the members there are.
    """
    try:
        text = body.decode() or "{}"
        members = json.loads(text, object_pairs_hook=_once_each, parse_constant=_refuse_constant)
        # An escape may stand for half of a surrogate pair, which fails wherever it is written.
        json.dumps(members, ensure_ascii=False).encode()
        return msgspec.convert(members, shape)
    except (ValueError, RecursionError, msgspec.ValidationError):
        raise Problem(Code.BAD_BODY, details={"known": ", ".join(shape.__struct_fields__)}) from None


def bad_member(name: str) -> Problem:
    """What is wrong with the body is the value of its member ``name``."""
    return Problem(Code.BAD_BODY, details={"member": name})


def printable(member: str, text: str) -> str:
    """``text``, which can neither hide nor break a line in a terminal or a log. Raises Problem (400)."""
    if not text.isprintable():
        raise bad_member(member)
    return text


def future_ms(member: str, at: datetime, now_ms: int) -> int:
    """Unix time of ``at``. Raises Problem (400) where it is not after ``now_ms`` or beyond the year 9999."""
    at_ms = int(at.timestamp() * 1000)
    if not now_ms < at_ms < _YEAR_10000_MS:
        raise bad_member(member)
    return at_ms


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is doubled")
    return members


def _refuse_constant(_name: str) -> None:
    raise ValueError("not a JSON number")
