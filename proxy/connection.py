"""A client's connection: one exchange after another, and every limit of time. The first hop.

It knows whose turn it is; what a message is, its reader knows, and what happens to a request, the exchange.
Pipelined requests wait in order, each judged alone, while reading is paused.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from enum import Enum, auto
from typing import Protocol, cast

import structlog

from proxy.answers import Stamp, problem_answer
from proxy.context import plain_address
from proxy.dates import date_line
from proxy.exchange import Exchange
from proxy.fields import Refusal
from proxy.forwarding import WRITE_TIMEOUT_S
from proxy.head import Request
from proxy.limits import Limits
from proxy.problems import REQUEST_TIMEOUT, Problem
from proxy.request_reader import RequestReader
from proxy.services import Services
from proxy.standing import Standing
from proxy.timers import Timed, TimerWheel
from proxy.unsent import unsent_bytes, watch_peer

LINGER_S = 2.0
GOODBYE_S = 0.5
_LINGER_BYTES = 64 * 1024 * 1024
_RESET = struct.pack("ii", 1, 0)

log = structlog.get_logger("proxy.connection")


class Owner(Services, Protocol):
    """The worker that a connection belongs to."""

    wheel: TimerWheel
    limits: Limits

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


# Python 3.11 looks a member of an enumeration up by a call.
_IDLE = Phase.IDLE
_EXCHANGE = Phase.EXCHANGE


class ClientConnection(asyncio.Protocol, Timed):
    """One client connection of one worker."""

    def __init__(self, worker: Owner) -> None:
        super().__init__()
        self.worker = worker
        self.address = ""
        self.trusted = False
        self.standing: Standing | None = None
        self.phase = _IDLE
        self.writable = True
        self._transport: asyncio.Transport | None = None
        self._limits = worker.limits
        self._reader = RequestReader(self, worker.limits)
        self._queue: deque[Exchange] = deque()
        self._reading = True
        self._backlog = b""
        self._backlog_at = 0
        self._taking = False
        self._pumping = False
        self._deaf = False
        self._half_closed = False
        self._goodbye: asyncio.TimerHandle | None = None
        self._lingered = 0
        self._unsent = 0
        self._receiving: Exchange | None = None
        self._switched: Exchange | None = None

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

    def watch_peer(self) -> None:
        """Let the kernel ask a silent peer whether it is still there."""
        if self._transport is not None:
            watch_peer(self._transport)

    def finish(self, exchange: object, *, close: bool) -> None:
        """The exchange has answered; the next one's turn, or the end of the connection."""
        if self._transport is None or not self._queue or self._queue[0] is not exchange:
            return
        finished = self._queue.popleft()
        if close or not finished.received:
            self._linger()
        elif self._queue:
            self.worker.wheel.disarm(self)
            self._start_front()
            self.update_reading()
        else:
            self._rest()

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
        if self._taking:
            return
        if self._backlog and self._takes_more():
            self._take(self._backlog, self._backlog_at)
            return
        wanted = not self._backlog and self._takes_more()
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
        if self.phase is _IDLE and self._transport is not None:
            self._transport.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the peer and wait for a first byte."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.address = plain_address(peer[0]) if isinstance(peer, tuple) else ""
        self.trusted = self.address in self.worker.trusted
        self.worker.connection_opened(self)
        self.worker.wheel.arm(self, self._limits.idle_timeout_s)

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
        elif self._queue:
            self.disarm()
            self._start_front()
        self.update_reading()

    def data_received(self, data: bytes) -> None:
        """Read requests; after the last one, what comes is thrown away."""
        if self._deaf:
            self._discard(data)
        elif self._switched is not None:
            self._switched.receive(data)
        elif self._backlog:
            self._backlog, self._backlog_at = self._backlog[self._backlog_at :] + data, 0
        else:
            self._take(data, 0)

    def _take(self, data: bytes, at: int) -> None:
        """Read ``data`` from ``at`` on, message by message, as far as their turn is near; the rest waits."""
        self._taking = True
        try:
            while at < len(data) and not self._deaf and self._takes_more():
                at = self._reader.read(data, at)
                if self._switched is not None and at < len(data):
                    self._switched.receive(data[at:])
                    at = len(data)
        except Exception as error:  # an error of ours ends this connection, and never the loop
            log.error("connection_failed", exc_info=error.__context__ or error)
            self.abort()
        self._taking = False
        if at < len(data) and not self._deaf:
            self._backlog, self._backlog_at = data, at
        else:
            self._backlog = b""
        if self._queue:
            self.update_reading()
        elif self.phase is _EXCHANGE:
            self._rest()
        elif self._reader.in_head and self.phase is _IDLE:
            self._enter_head()

    def _takes_more(self) -> bool:
        queue = self._queue
        return not queue or (len(queue) < 2 and not queue[0].full)

    def on_deadline(self) -> None:
        """The limit of the phase has passed."""
        if self._queue and not self.writable and self._took_some():
            self.worker.wheel.arm(self, WRITE_TIMEOUT_S)
        elif self._queue and self._queue[0].started:
            self._queue[0].on_deadline()
        elif self.phase is Phase.HEAD:
            self.not_a_request(REQUEST_TIMEOUT)
        else:
            self._close_when_sent()

    # RequestReader

    def request_begun(self, judged: Request | Refusal) -> None:
        """The head is whole: let its exchange begin when its turn comes."""
        if self._deaf:
            return
        self._receiving = receiving = self._enqueue(judged)
        if isinstance(judged, Refusal) or not judged.fields.keep_alive or judged.fields.upgrade:
            receiving.last = True

    def body_received(self, data: bytes) -> None:
        """A piece of the request's body."""
        if self._receiving is not None:
            self._receiving.receive(data)

    def request_ended(self) -> None:
        """The request is whole; after the last one nothing more is listened to."""
        receiving, self._receiving = self._receiving, None
        if receiving is None:
            return
        if receiving.switches:
            self._switched = receiving
            return
        if not receiving.received:
            receiving.receive_end()
        if receiving.last:
            self._deaf = True

    def not_a_request(self, problem: Problem) -> None:
        """Say so in its turn, and listen no more."""
        if self._deaf:
            return
        self._deaf = True
        receiving, self._receiving = self._receiving, None
        if receiving is not None:
            receiving.broken()
        elif self._queue:
            self._enqueue(Refusal(problem, "not a request")).last = True
        else:
            stamp = Stamp(self.worker.request_id(), date_line(self.worker.now_ms()))
            answer = problem_answer(problem, None, stamp, close=True)
            self.write(answer)
            self.worker.journal.note_unread(stamp.request_id, self.address, problem.status, len(answer))
            self._linger()

    def switched(self) -> None:
        """Another protocol follows: a WebSocket's bytes are its exchange's; nothing else is read."""
        if self._switched is None:
            self._deaf = True

    # Turns.

    def _enqueue(self, judged: Request | Refusal) -> Exchange:
        exchange = Exchange(self, self.worker, judged)
        self._queue.append(exchange)
        if len(self._queue) == 1:
            self.phase = _EXCHANGE
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

    def _rest(self) -> None:
        """Nothing is under way: go on with what has come, or wait for more."""
        if self._transport is None or self._taking:
            return
        if self._backlog:
            self.update_reading()
        elif self.worker.draining or self._half_closed:
            self._transport.close()
        else:
            if self._reader.in_head:
                self._enter_head()
            else:
                self.phase = _IDLE
                self.worker.wheel.arm(self, self._limits.idle_timeout_s)
            if not self._reading:
                self.update_reading()

    def _enter_head(self) -> None:
        self.phase = Phase.HEAD
        self.worker.wheel.arm(self, self._limits.header_timeout_s)

    # Ends.

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
