"""Connections to an upstream: one protocol, one pool an address, and the way to our own login pages.

A connection goes back to its pool only when its parser is at rest, the request was wholly sent and nothing
is buffered. It knows an exchange only through the six calls of ``AnswerSink``.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

import httptools
import structlog
from aiohttp import web

from proxy.answer_head import AnswerHead, Framing, InvalidAnswer, read_answer
from proxy.head import MAX_HEAD_BYTES
from proxy.routes import UpstreamAddress
from proxy.timers import Timed, TimerWheel

CONNECT_TIMEOUT_S = 5.0
IDLE_TIMEOUT_S = 15.0
FRESH_FOR_S = 1.0
MOST_IDLE = 128
_MOST_INTERIM = 10
_LONGEST_ANSWER_HEAD = 4 * MAX_HEAD_BYTES

log = structlog.get_logger("proxy.upstream")


class UpstreamRefused(Exception):
    """The upstream does not accept connections; the client gets 502."""


class UpstreamSilent(Exception):
    """The upstream did not accept a connection in time; the client gets 504."""


class AnswerSink(Protocol):
    """What an upstream connection tells the exchange that uses it."""

    def answer_head(self, head: AnswerHead) -> None:
        """The head of the final answer."""

    def answer_body(self, data: bytes) -> None:
        """Some of its body."""

    def answer_pause(self) -> None:
        """What was told so far is all that has come."""

    def answer_end(self) -> None:
        """The answer is complete."""

    def answer_lost(self, *, invalid: bool) -> None:
        """It will never be: the connection broke, or what came was not an answer (``invalid``)."""

    def upstream_writable(self, writable: bool) -> None:
        """Whether more of the request's body may be sent."""


class UpstreamConnection(asyncio.Protocol, Timed):
    """One connection; serves one exchange at a time."""

    def __init__(self, pool: "UpstreamPool") -> None:
        super().__init__()
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._sink: AnswerSink | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._method = b""
        self._reading = True
        self._reset_answer()
        self.reused = False
        self.answered = False
        self.idle_since = 0.0

    def _reset_answer(self) -> None:
        self._reason = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._in_head = True
        self._interim = 0
        self._skipping = False
        self._framing = Framing.NONE
        self._ended = False
        self._keep_alive = False
        self._excess = False

    # What the exchange calls.

    @property
    def usable(self) -> bool:
        """Whether a request can be sent on it."""
        return self._transport is not None and not self._transport.is_closing()

    def begin(self, sink: AnswerSink, method: bytes) -> None:
        """Serve ``sink`` from now on; its request is written next."""
        self._sink = sink
        self._method = method
        self._parser = httptools.HttpResponseParser(self)
        self._reset_answer()
        self.answered = False

    def write(self, data: bytes) -> None:
        """Send bytes of the request."""
        if self._transport is not None:
            self._transport.write(data)

    def set_reading(self, reading: bool) -> None:
        """Stop or go on reading the answer, as the client keeps up."""
        if self._transport is None or reading is self._reading or self._transport.is_closing():
            return
        self._reading = reading
        if reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def release(self, *, request_sent: bool) -> None:
        """The exchange is over: back to the pool, or closed where anything is in doubt."""
        self._sink = None
        self.set_reading(True)
        transport = self._transport
        clean = request_sent and self._ended and self._keep_alive and not self._excess
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            transport.abort()
        elif clean:
            self.reused = True
            self._pool.give_back(self)
        else:
            transport.close()

    def abort(self) -> None:
        """Give up at once; nothing more is told to the exchange."""
        self._sink = None
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._pool.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End an answer that ends by closing; anything else that was open is lost."""
        self._transport = None
        self._pool.closed(self)
        sink, self._sink = self._sink, None
        if sink is None:
            return
        if self._framing is Framing.UNTIL_CLOSE and not self._in_head and exc is None:
            sink.answer_end()
        else:
            sink.answer_lost(invalid=False)

    def pause_writing(self) -> None:
        """The upstream does not keep up."""
        if self._sink is not None:
            self._sink.upstream_writable(False)

    def resume_writing(self) -> None:
        """It does again."""
        if self._sink is not None:
            self._sink.upstream_writable(True)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; the end of an answer is told only when it has let go of the bytes."""
        if self._sink is None or self._ended:
            self._excess = True
            if self._transport is not None:
                self._transport.close()
            return
        self.answered = True
        self._head_bytes += len(data)
        try:
            assert self._parser is not None  # noqa: S101 - set by begin, which set the sink too
            self._parser.feed_data(data)
            if self._in_head and self._head_bytes > _LONGEST_ANSWER_HEAD:
                raise InvalidAnswer("the head is too long")
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, InvalidAnswer) as error:
            if isinstance(error, httptools.HttpParserCallbackError):
                log.error("answer_failed", exc_info=error.__context__ or error)
            self._excess = True
            if not self._ended:
                self._lose()
                return
        if self._sink is None:
            return
        if self._ended:
            self._sink.answer_end()
        else:
            self._sink.answer_pause()

    def _lose(self) -> None:
        sink = self._sink
        self.abort()
        if sink is not None:
            sink.answer_lost(invalid=True)

    def on_deadline(self) -> None:
        """An idle connection has waited long enough."""
        if self._sink is None and self._transport is not None:
            self._transport.close()

    # httptools

    def on_message_begin(self) -> None:
        """A second final answer is an excess, and never the next request's answer."""
        if self._ended:
            self._excess = True

    def on_status(self, reason: bytes) -> None:
        """The reason phrase."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line; trailers come here too, after the body, and are dropped."""
        if self._in_head and not self._ended:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Judge the head. HEAD is ended here: the parser does not know the method and waits for a body."""
        if self._ended or self._sink is None:
            return
        parser = cast("httptools.HttpResponseParser", self._parser)
        status = parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self._skip_interim()
            return
        try:
            head = read_answer(
                status, self._reason, self._headers, method=self._method, internal=self._pool.internal
            )
        except InvalidAnswer:
            self._lose()
            return
        self._in_head = False
        self._keep_alive = parser.should_keep_alive()
        self._framing = head.framing
        self._sink.answer_head(head)
        if self._method == b"HEAD":
            self._ended = True

    def _skip_interim(self) -> None:
        self._interim += 1
        self._skipping = True
        self._reason = b""
        self._headers = []
        if self._interim > _MOST_INTERIM:
            self._lose()

    def on_body(self, data: bytes) -> None:
        """Pass the body on."""
        if self._ended:
            self._excess = True
        elif self._sink is not None:
            self._sink.answer_body(data)

    def on_message_complete(self) -> None:
        """Note the end; see ``data_received``."""
        if self._skipping:
            self._skipping = False
        elif not self._in_head:
            self._ended = True


Connector = Callable[[Callable[[], UpstreamConnection]], Awaitable[UpstreamConnection]]


class UpstreamPool:
    """Idle connections to one upstream, the most recently used first.

    ``internal``: the upstream is our own control application, which may set our cookies.
    """

    def __init__(self, connector: Connector, wheel: TimerWheel, *, internal: bool = False) -> None:
        self.internal = internal
        self._connector = connector
        self._wheel = wheel
        self._idle: deque[UpstreamConnection] = deque()
        self._open: set[UpstreamConnection] = set()
        self._loop = asyncio.get_running_loop()

    def take(self, *, fresh: bool) -> UpstreamConnection | None:
        """An idle connection, if there is one.

        ``fresh``: the request could not be repeated, so that a connection which the upstream may be closing
        just now will not do.
        """
        while self._idle:
            if fresh and self._loop.time() - self._idle[-1].idle_since > FRESH_FOR_S:
                return None
            connection = self._idle.pop()
            self._wheel.disarm(connection)
            if connection.usable:
                return connection
        return None

    async def connect(self) -> UpstreamConnection:
        """A new connection. Raises UpstreamRefused, UpstreamSilent."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await self._connector(lambda: UpstreamConnection(self))
        except TimeoutError as error:
            raise UpstreamSilent from error
        except (OSError, UnicodeError) as error:
            raise UpstreamRefused from error

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep a clean connection for the next request."""
        if len(self._idle) >= MOST_IDLE:
            self._idle.popleft().abort()
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        self._wheel.arm(connection, IDLE_TIMEOUT_S)

    def opened(self, connection: UpstreamConnection) -> None:
        """Called by a connection of this pool."""
        self._open.add(connection)

    def closed(self, connection: UpstreamConnection) -> None:
        """Called by a connection of this pool."""
        self._open.discard(connection)
        self._wheel.forget(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """End every connection."""
        for connection in list(self._open):
            connection.abort()
        self._idle.clear()


def connector_to(address: UpstreamAddress) -> Connector:
    """How to reach a configured upstream; ``localhost`` names are loopback (RFC 6761 §6.3)."""
    host = address.host
    if host == "localhost" or host.endswith(".localhost"):
        host = "127.0.0.1"
    context = ssl.create_default_context() if address.kind == "https" else None

    async def connect(factory: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        if address.kind == "unix":
            _, connection = await loop.create_unix_connection(factory, address.path)
            return connection
        name = address.host if context is not None else None
        _, connection = await loop.create_connection(
            factory, host, address.port, ssl=context, server_hostname=name
        )
        return connection

    return connect


def connector_to_runner(runner: web.AppRunner) -> Connector:
    """How to reach an aiohttp application of this very process: a socket pair, no path and no port."""

    async def connect(factory: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        server = cast("Callable[[], asyncio.BaseProtocol]", runner.server)
        await loop.connect_accepted_socket(server, far)
        _, connection = await loop.create_connection(factory, sock=near)
        return connection

    return connect
