"""Request bodies: how much is read and for how long, and strict JSON into a struct.

A compressed body is refused unread: its true size is not known before it is inflated.
"""

import asyncio
import json
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from admin_api.problems import Code, Problem

LARGEST_BODY = 16384
BODY_TIMEOUT_S = 10.0

T = TypeVar("T", bound=msgspec.Struct)


def refuse_oversized(request: web.Request) -> None:
    """Judge a body by its announcement alone. Raises Problem (413)."""
    coded = request.headers.get("Content-Encoding", "identity").lower() != "identity"
    if coded or (request.content_length or 0) > LARGEST_BODY:
        raise Problem(Code.BODY_TOO_LARGE)


async def read_body(request: web.Request) -> bytes:
    """The whole body, at most ``LARGEST_BODY`` bytes.

    Raises Problem: 413 when it is longer, 408 after ``BODY_TIMEOUT_S``, 400 when it is cut or garbled.
    """
    if request.headers.get("Expect"):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.read()
    except TimeoutError:
        raise Problem(Code.BODY_TOO_SLOW) from None
    except web.HTTPRequestEntityTooLarge:
        raise Problem(Code.BODY_TOO_LARGE) from None
    except (web.RequestPayloadError, ConnectionError):
        raise Problem(Code.MALFORMED_REQUEST) from None


def parse_json(body: bytes, shape: type[T]) -> T:
    """``body`` as a ``shape``; RFC 8259, without doubled members, unknown members, NaN or Infinity.

    Raises Problem (400).
    """
    try:
        members = json.loads(body.decode(), object_pairs_hook=_once_each, parse_constant=_refuse_constant)
        return msgspec.convert(members, shape)
    except (ValueError, RecursionError, msgspec.ValidationError):
        raise Problem(Code.BAD_BODY) from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is doubled")
    return members


def _refuse_constant(_name: str) -> None:
    raise ValueError("not a JSON number")
