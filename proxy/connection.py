"""A client's connection: bytes to heads, one exchange after another, and every limit of time. The first hop.

It knows what a message is and whose turn it is; what happens to a request is the exchange's business.
Pipelined requests wait in order, each judged alone, while reading is paused.
"""

import asyncio
import contextlib
import re
import socket
import struct
from collections import deque
from enum import Enum, auto
from typing import Protocol, cast

import httptools
import structlog

from proxy.answers import problem_answer
from proxy.exchange import Exchange, Services
from proxy.forwarding import WRITE_TIMEOUT_S
from proxy.head import MAX_HEAD_BYTES, MAX_TARGET, Refusal, Request, read_head
from proxy.problems import BAD_REQUEST, HEADERS_TOO_LARGE, REQUEST_TIMEOUT, URI_TOO_LONG, Problem
from proxy.timers import Timed, TimerWheel
from proxy.unsent import unsent_bytes

HEADER_TIMEOUT_S = 10.0
IDLE_TIMEOUT_S = 75.0
LINGER_S = 2.0
GOODBYE_S = 0.5
_LINGER_BYTES = 64 * 1024 * 1024
_MOST_ASIDE = 4 * 1024
_LONGEST_LINE = MAX_TARGET + 64
_LINE = re.compile(rb"(?:\r\n)?[^ \r\n]+ [^ \r\n]+ HTTP/[0-9]\.[0-9]\r\n")
_RESET = struct.pack("ii", 1, 0)

log = structlog.get_logger("proxy.connection")


class Owner(Services, Protocol):
    """The worker that a connection belongs to."""

    wheel: TimerWheel

    def connection_opened(self, connection: "ClientConnection") -> None:
        """It is open."""

    def connection_closed(self, connection: "ClientConnection") -> None:
        """It is gone."""


class Phase(Enum):
    """What the connection is waiting for; each state has one limit of time."""

    IDLE = auto()
    HEAD = auto()
    EXCHANGE = auto()
    LINGER = auto()
    CLOSED = auto()


class ClientConnection(asyncio.Protocol, Timed):
    """One client connection of one worker."""

    def __init__(self, worker: Owner) -> None:
        super().__init__()
        self.worker = worker
        self.peer = ""
        self.phase = Phase.IDLE
        self.writable = True
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[Exchange] = deque()
        self._reading = True
        self._pumping = False
        self._deaf = False
        self._half_closed = False
        self._goodbye: asyncio.TimerHandle | None = None
        self._lingered = 0
        self._unsent = 0
        self._in_head = False
        self._began = False
        self._line = b""
        self._head_bytes = 0
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._receiving: Exchange | None = None
        self._aside = 0

    # What exchanges call.

    def write(self, data: bytes) -> None:
        """Send bytes of an answer."""
        if self._transport is not None:
            self._transport.write(data)

    def arm(self, seconds: float) -> None:
        """Limit what the current exchange waits for."""
        self.worker.wheel.arm(self, seconds)

    def disarm(self) -> None:
        """The current exchange may take its time."""
        self.worker.wheel.disarm(self)

    def finish(self, exchange: Exchange, *, close: bool) -> None:
        """The exchange has answered; the next one's turn, or the end of the connection."""
        if self._transport is None or not self._queue or self._queue[0] is not exchange:
            return
        self._queue.popleft()
        self.worker.wheel.disarm(self)
        if close or not exchange.received:
            self._linger()
        else:
            self._pump()

    def abort(self) -> None:
        """Break the connection by a reset, so that the client cannot take a cut answer for a whole one."""
        self._deaf = True
        if self._transport is not None:
            with contextlib.suppress(OSError):
                client = self._transport.get_extra_info("socket")
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()

    def update_reading(self) -> None:
        """Read on unless a request waits its turn or the current one cannot take more."""
        wanted = len(self._queue) < 2 and not (self._queue and self._queue[0].full)
        if wanted is self._reading or self._transport is None or self._transport.is_closing():
            return
        if self._half_closed:
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    # What the worker calls.

    def drain(self) -> None:
        """Close as soon as nothing is under way; answers from now on say so."""
        if self.phase is Phase.IDLE and self._transport is not None:
            self._transport.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the peer and wait for a first byte."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else ""
        self.worker.connection_opened(self)
        self.worker.wheel.arm(self, IDLE_TIMEOUT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: what was under way for it ends."""
        self._transport = None
        self.phase = Phase.CLOSED
        if self._goodbye is not None:
            self._goodbye.cancel()
        self.worker.connection_closed(self)
        for exchange in self._queue:
            exchange.abandon()
        self._queue.clear()

    def eof_received(self) -> bool:
        """The client has said all: it gets what can be answered soon, for mostly it is gone altogether."""
        self._half_closed = True
        if not self._queue:
            return False
        self._goodbye = asyncio.get_running_loop().call_later(GOODBYE_S, self.abort)
        return True

    def pause_writing(self) -> None:
        """The client does not keep up."""
        self.writable = False
        self._took_some()
        if self._queue:
            self._queue[0].client_writable(False)

    def resume_writing(self) -> None:
        """It does again."""
        self.writable = True
        if self._queue and self._queue[0].started:
            self._queue[0].client_writable(True)
        else:
            self._start_front()
        self.update_reading()

    def data_received(self, data: bytes) -> None:
        """Feed the parser and hold it to the limits."""
        if self._deaf:
            self._discard(data)
            return
        if self._receiving is None and (self._line or not self._in_head) and not self._line_passes(data):
            self._refuse(BAD_REQUEST)
            return
        self._began = False
        self._aside += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True
        except httptools.HttpParserCallbackError as error:
            log.error("connection_failed", exc_info=error.__context__ or error)
            self.abort()
        except httptools.HttpParserError:
            self._refuse(BAD_REQUEST)
            return
        if self._in_head:
            self._limit_head(len(data))
        elif self._receiving is not None and self._aside > _MOST_ASIDE:
            self._refuse(BAD_REQUEST)
        self.update_reading()

    def _line_passes(self, data: bytes) -> bool:
        """At most one empty line, then a request line with single blanks: the parser would let more pass."""
        line, self._line = self._line + data, b""
        if _LINE.match(line):
            return True
        if line.find(b"\r\n", 2) >= 0:
            return False
        if len(line) <= _LONGEST_LINE:
            self._line = line
        return True

    def _limit_head(self, received: int) -> None:
        """A head that is not whole yet must not grow for ever."""
        if self._began:
            received = len(self._target) + sum(len(name) + len(value) for name, value in self._headers)
        self._head_bytes += received
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(URI_TOO_LONG if len(self._target) > MAX_TARGET else HEADERS_TOO_LARGE)

    def on_deadline(self) -> None:
        """The limit of the phase has passed."""
        if self._queue and not self.writable and self._took_some():
            self.worker.wheel.arm(self, WRITE_TIMEOUT_S)
        elif self._queue and self._queue[0].started:
            self._queue[0].on_deadline()
        elif self.phase is Phase.HEAD:
            self._refuse(REQUEST_TIMEOUT)
        else:
            self._close_when_sent()

    # httptools

    def on_message_begin(self) -> None:
        """A new head: its limits count from here."""
        self._in_head = self._began = True
        self._head_bytes = 0
        self._target = b""
        self._headers = []
        if self.phase is Phase.IDLE:
            self._enter_head()

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line; trailers come here too, after the body, and are dropped."""
        if self._in_head:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole: judge it, and let its exchange begin when its turn comes."""
        if self._deaf:
            return
        self._in_head = False
        parser = self._parser
        judged = read_head(
            parser.get_method(),
            self._target,
            parser.get_http_version(),
            self._headers,
            keep_alive=parser.should_keep_alive(),
            upgrade=parser.should_upgrade(),
        )
        self._aside = 0
        self._receiving = self._enqueue(judged)
        if isinstance(judged, Refusal) or not judged.keep_alive or judged.upgrade:
            self._receiving.last = True

    def on_body(self, data: bytes) -> None:
        """A piece of the request's body."""
        self._aside = 0
        if self._receiving is not None:
            self._receiving.receive(data)

    def on_message_complete(self) -> None:
        """The request is whole; after the last one nothing more is listened to."""
        receiving, self._receiving = self._receiving, None
        if receiving is not None:
            receiving.receive_end()
            if receiving.last:
                self._deaf = True

    # Turns.

    def _enqueue(self, judged: Request | Refusal) -> Exchange:
        exchange = Exchange(self, self.worker, judged)
        self._queue.append(exchange)
        if len(self._queue) == 1:
            self.phase = Phase.EXCHANGE
            self.worker.wheel.disarm(self)
            self._start_front()
        return exchange

    def _start_front(self) -> None:
        """Start exchanges in order, as the client takes answers; without recursion where they are instant."""
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._queue and not self._queue[0].started:
                if not self.writable:
                    self.arm(WRITE_TIMEOUT_S)
                    break
                self._queue[0].start()
        finally:
            self._pumping = False

    def _pump(self) -> None:
        if self._queue:
            self._start_front()
        else:
            self._rest()
        self.update_reading()

    def _rest(self) -> None:
        if self._transport is None:
            return
        if self.worker.draining or self._half_closed:
            self._transport.close()
        elif self._in_head:
            self._enter_head()
        else:
            self.phase = Phase.IDLE
            self.worker.wheel.arm(self, IDLE_TIMEOUT_S)

    def _enter_head(self) -> None:
        self.phase = Phase.HEAD
        self.worker.wheel.arm(self, HEADER_TIMEOUT_S)

    # Ends.

    def _refuse(self, problem: Problem) -> None:
        """What came is no request: say so in its turn, and listen no more."""
        if self._deaf:
            return
        self._deaf = True
        receiving, self._receiving = self._receiving, None
        if receiving is not None:
            receiving.broken()
        elif self._queue:
            self._enqueue(Refusal(problem, "not a request")).last = True
        else:
            self.write(problem_answer(problem, None, self.worker.request_id(), close=True))
            self._linger()

    def _linger(self) -> None:
        """Send all, then discard what still comes: closing at once would reset the answer away."""
        transport = self._transport
        if transport is None or self.phase is Phase.LINGER:
            return
        self._deaf = True
        self.phase = Phase.LINGER
        for exchange in self._queue:
            exchange.abandon()
        self._queue.clear()
        self.worker.wheel.arm(self, LINGER_S)
        if self._half_closed:
            transport.close()
        elif transport.can_write_eof():
            transport.write_eof()
        self.update_reading()

    def _close_when_sent(self) -> None:
        """Close; wait on while a slow client still takes what was sent, and no longer."""
        if self._transport is None:
            return
        if not self._transport.get_write_buffer_size():
            self._transport.close()
        elif self._took_some():
            self.worker.wheel.arm(self, LINGER_S)
        else:
            self.abort()

    def _took_some(self) -> bool:
        """Whether what waits for the client has changed since this was asked last."""
        before = self._unsent
        self._unsent = unsent_bytes(self._transport) if self._transport is not None else 0
        return self._unsent != before

    def _discard(self, data: bytes) -> None:
        self._lingered += len(data)
        if self._lingered > _LINGER_BYTES and self.phase is Phase.LINGER:
            self.abort()
