"""How a stream leaves: its first part decides whether it begins, each further one has its own deadline.

A stream that fails, that takes too long, whose reader takes nothing or whose token is gone is broken off by a
reset: no reader can take what was cut for the whole. Knows nothing of what is streamed.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress

import structlog
from aiohttp import web

from admin_api.operations import Stream
from admin_api.problems import place_of

WRITE_WITHIN_S = 30.0
WHOLE_WITHIN_S = 120.0
LOOK_EVERY_S = 1.0
"""How often it is looked whether the reader is still there, and whether its token still stands."""

_RESET = struct.pack("ii", 1, 0)

_log = structlog.get_logger("admin_api")


class TokenGone(Exception):
    """The token that a stream was begun with is not valid any more."""


async def first_part(stream: Stream) -> bytes:
    """The part that a stream begins with. Raises whatever keeps it from beginning; it is closed then."""
    try:
        return await anext(stream.parts, b"")
    except BaseException:
        await stream.parts.aclose()
        raise


def head_of(stream: Stream) -> web.StreamResponse:
    """The answer that a stream begins with, not yet sent."""
    response = web.StreamResponse()
    response.content_type = stream.content_type
    response.charset = stream.charset
    # Events are late behind a proxy that gathers what it passes on (nginx).
    response.headers["X-Accel-Buffering"] = "no"
    if stream.filename:
        response.headers["Content-Disposition"] = f'attachment; filename="{stream.filename}"'
    return response


async def send(
    request: web.Request,
    response: web.StreamResponse,
    stream: Stream,
    first: bytes,
    operation_id: str,
    stands: Callable[[], Awaitable[bool]],
) -> None:
    """Send ``response`` with all parts of ``stream``, or break the connection off. Raises nothing.

    ``stands`` tells whether the caller's token is still valid.
    """
    async with aclosing(stream.parts):
        try:
            async with _while_read(request, None if stream.endless else WHOLE_WITHIN_S):
                await response.prepare(request)
                await _write(response, first)
                await _write_rest(response, stream, stands)
        except Exception as error:
            if not (isinstance(error, ConnectionError) or has_gone(request)):
                _log.error(
                    "api_stream_broken_off",
                    operation_id=operation_id,
                    error=type(error).__name__,
                    at=place_of(error),
                )
            _break_off(request)


async def _write_rest(
    response: web.StreamResponse, stream: Stream, stands: Callable[[], Awaitable[bool]]
) -> None:
    clock_s = asyncio.get_running_loop().time
    looked_s = clock_s()
    while (part := await _next(stream.parts, stream.part_within_s)) is not None:
        if not stream.endless and clock_s() >= looked_s + LOOK_EVERY_S:
            if not await stands():
                raise TokenGone
            looked_s = clock_s()
        await _write(response, part)


@asynccontextmanager
async def _while_read(request: web.Request, within_s: float | None) -> AsyncIterator[None]:
    """Ends what is done within by TimeoutError: after ``within_s``, and when the reader has gone."""
    async with asyncio.timeout(within_s) as limit:
        watching = asyncio.create_task(_end_unread(request, limit))
        try:
            yield
        finally:
            watching.cancel()


async def _end_unread(request: web.Request, limit: asyncio.Timeout) -> None:
    while not limit.expired():
        if has_gone(request):
            limit.reschedule(asyncio.get_running_loop().time())
            return
        await asyncio.sleep(LOOK_EVERY_S)


def has_gone(request: web.Request) -> bool:
    """Whether the connection is no more on which the answer would leave."""
    return request.transport is None or request.transport.is_closing()


async def _next(parts: AsyncGenerator[bytes, None], within_s: float) -> bytes | None:
    async with asyncio.timeout(within_s):
        return await anext(parts, None)


async def _write(response: web.StreamResponse, part: bytes) -> None:
    async with asyncio.timeout(WRITE_WITHIN_S):
        await response.write(part)


def _break_off(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    with suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
