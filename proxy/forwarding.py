"""The fifth hop: one request to its upstream and the answer back, both bodies streamed with back-pressure.

It is told what to send and to whom; who may send it was decided before. An answer that breaks off breaks the
client's connection off, so that half of it is never taken for the whole.
"""

import asyncio
from collections.abc import Coroutine
from typing import Protocol

from proxy.answer_head import CHUNKED, SWITCHED, AnswerHead
from proxy.answers import CONTINUE
from proxy.head import Request
from proxy.problems import (
    BODY_TOO_LARGE,
    REQUEST_TIMEOUT,
    UPSTREAM_BUSY,
    UPSTREAM_INVALID,
    UPSTREAM_REFUSED,
    UPSTREAM_SILENT,
    Problem,
)
from proxy.streams import OpenStream
from proxy.upstream import UpstreamConnection
from proxy.upstream_pool import UpstreamBusy, UpstreamPool, UpstreamRefused, UpstreamSilent
from proxy.websocket import CLOSE_POLICY, Frames

BODY_TIMEOUT_S = 60.0
LEAST_BODY_BYTES = 30_000
WRITE_TIMEOUT_S = 60.0
_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_LAST_CHUNK = b"0\r\n\r\n"


class Client(Protocol):
    """What the client's connection does for an answer; ``writable`` says whether it keeps up."""

    writable: bool

    def write(self, data: bytes) -> None:
        """Send bytes of the answer."""

    def arm(self, seconds: float) -> None:
        """Limit what is waited for now."""

    def disarm(self) -> None:
        """Nothing is waited for that has a limit."""

    def watch_peer(self) -> None:
        """Notice a peer that has vanished, though nothing is sent for long."""


class Turn(Protocol):
    """The exchange that a request is forwarded for; ``sent`` counts the answer's bytes."""

    received: bool
    full: bool
    sent: int

    @property
    def closing(self) -> bool:
        """Whether the client's connection ends with this answer."""

    def date_line(self) -> bytes:
        """The ``Date`` of an answer that begins now."""

    def set_full(self, full: bool) -> None:
        """Whether the request's body has to wait."""

    def answer_begun(self, status: int) -> None:
        """The head of the upstream's answer has come."""

    def hold(self) -> OpenStream | None:
        """This takes longer than a moment."""

    def let_go(self) -> None:
        """It does not, as far as is known."""

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run what has to wait."""

    def problem(self, problem: Problem) -> None:
        """Answer with a problem instead."""

    def finish(self, *, close: bool) -> None:
        """The answer is whole."""

    def abort(self) -> None:
        """Break the client's connection off."""

    def broken_here(self, error: Exception) -> None:
        """An error of ours."""


class Forwarding:
    """One request on its way; an ``AnswerSink`` for its upstream connection.

    ``timeout_s``: until the answer's head. ``max_body``: bytes of the request's body, None for no limit.
    """

    # What mostly stays as it is here is not set for each request.
    _upstream: UpstreamConnection | None = None
    _connecting: asyncio.Task[None] | None = None
    _body_size = 0
    _body_mark = 0
    _answering = False
    _chunked_answer = False
    _close = False
    _retried = False
    _done = False
    _frames: Frames | None = None
    _has_part: bool | None = None

    def __init__(
        self,
        exchange: Turn,
        client: Client,
        request: Request,
        pool: UpstreamPool,
        head: bytes,
        timeout_s: float,
        max_body: int | None,
    ) -> None:
        self._exchange = exchange
        self._client = client
        self._request = request
        self._pool = pool
        self._head = head
        self._timeout_s = timeout_s
        self._max_body = max_body
        self._length = request.fields.body_length
        self._websocket = request.fields.websocket
        self._repeatable = not request.expects_more and request.method in _REPEATABLE
        self._pending: list[bytes] = []
        self._unsent: list[bytes] = []

    def begin(self, pending: list[bytes]) -> None:
        """Send the request, with what has come of its body so far."""
        if pending or self._length != 0:
            self._pending = pending
            self._body_size = sum(map(len, pending))
            if self._too_large(max(self._length or 0, self._body_size)):
                self.fail(BODY_TOO_LARGE)
                return
        self._reach(self._pool.take(fresh=not self._repeatable))

    @property
    def unsent(self) -> bool:
        """Whether the upstream has nothing of the request."""
        return self._upstream is None and not self._answering

    def _too_large(self, size: int) -> bool:
        return self._max_body is not None and size > self._max_body

    def _reach(self, upstream: UpstreamConnection | None) -> None:
        if upstream is None:
            self._exchange.hold()  # its session may end before a connection is there
            self._exchange.spawn(self._connect())
        else:
            self._send(upstream)

    async def _connect(self) -> None:
        if self._done:
            return
        self._connecting = asyncio.current_task()
        try:
            upstream = await self._pool.connect()
            self._connecting = None
            self._send(upstream)
        except UpstreamRefused:
            self.fail(UPSTREAM_REFUSED)
        except UpstreamSilent:
            self.fail(UPSTREAM_SILENT)
        except UpstreamBusy:
            self.fail(UPSTREAM_BUSY)
        except Exception as error:
            self._exchange.broken_here(error)

    def _send(self, upstream: UpstreamConnection) -> None:
        self._upstream = upstream
        upstream.begin(self, self._request.method, websocket=self._websocket)
        if not self._client.writable:
            upstream.set_reading(False)
        if self._length == 0:
            upstream.write(self._head)
            if not self._websocket:
                self._exchange.let_go()
        else:
            self._send_begun(upstream)
        self._rearm()

    def _send_begun(self, upstream: UpstreamConnection) -> None:
        """The head, and what has come of the body."""
        received = self._exchange.received
        begun = [self._head, *map(self._framed, self._pending)]
        if received and self._length is None:
            begun.append(_LAST_CHUNK)
        if self._request.fields.expects_continue and not self._pending and not received:
            self._client.write(CONTINUE)
        self._pending = []
        self._exchange.set_full(False)
        upstream.write(b"".join(begun))
        if not received:
            self._exchange.hold()

    def _framed(self, data: bytes) -> bytes:
        return data if self._length is not None else b"%x\r\n%b\r\n" % (len(data), data)

    # The request's body.

    def receive(self, data: bytes) -> None:
        """Some of the body."""
        if self._done:
            return
        self._body_size += len(data)
        if self._frames is not None and self._upstream is not None:
            self._upstream.write(data)
        elif self._too_large(self._body_size):
            self.fail(BODY_TOO_LARGE)
        elif self._upstream is not None and not self._websocket:
            self._upstream.write(self._framed(data))
        else:
            self._pending.append(data)
            self._exchange.set_full(True)

    def receive_end(self) -> None:
        """All of the body has come."""
        if self._upstream is not None and self._length is None:
            self._upstream.write(_LAST_CHUNK)
        self._rearm()

    def upstream_writable(self, writable: bool) -> None:
        """Whether the upstream takes more of the body."""
        self._exchange.set_full(not writable)
        self._rearm()

    # The answer.

    def answer_head(self, head: AnswerHead) -> None:
        """Pass the head on, framed for this client."""
        self._answering = True
        self._exchange.answer_begun(head.status)
        if head.framing == SWITCHED:
            self._switch(head)
            return
        self._close = self._exchange.closing or not self._exchange.received
        if head.framing >= CHUNKED:
            if self._request.fields.http10:
                self._close = True
            else:
                self._chunked_answer = True
        self._unsent = [head.block, self._ending()]
        if b"\r\nDate: " not in head.block and b"\r\ndate: " not in head.block.lower():
            self._unsent.insert(1, self._exchange.date_line())

    def _switch(self, head: AnswerHead) -> None:
        """From now on bytes pass both ways, until one side closes or the session ends."""
        self._frames = Frames()
        self._close = True
        self._unsent = [head.block, b"\r\n"]
        pending, self._pending = self._pending, []
        self._exchange.set_full(False)
        if self._upstream is not None and pending:
            self._upstream.write(b"".join(pending))  # which may fill it at once

    def goodbye(self) -> bytes | None:
        """What tells a WebSocket that its session has ended; None where nothing can be told just now."""
        if self._frames is None or not self._frames.between or not self._client.writable:
            return None
        return CLOSE_POLICY

    def _ending(self) -> bytes:
        """The lines that are the edge's to say, and the head's end."""
        lines = b"Transfer-Encoding: chunked\r\n" if self._chunked_answer else b""
        if self._close:
            lines += b"Connection: close\r\n"
        elif self._request.fields.http10:
            lines += b"Connection: keep-alive\r\n"
        return lines + b"\r\n"

    def answer_body(self, data: bytes) -> None:
        """Pass a piece of the body on, together with what else has just come."""
        if self._frames is not None:
            self._frames.feed(data)
        elif not self._answering:
            return
        self._unsent.append(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked_answer else data)

    def answer_pause(self) -> None:
        """Send what has come so far: the rest may take its time."""
        if self._answering:
            self._hold()
        self._send_answer()
        self._rearm()

    def _hold(self) -> None:
        """The answer takes longer than a moment; its visitor has a part in it unless it is of events."""
        if self._has_part is None:
            self._has_part = self._frames is None and b"text/event-stream" not in self._unsent[0].lower()
            self._client.watch_peer()
        opened = self._exchange.hold()
        if opened is not None and self._has_part:
            opened.active = True

    def _send_answer(self) -> None:
        if self._unsent:
            unsent, self._unsent = self._unsent, []
            data = b"".join(unsent)
            self._exchange.sent += len(data)
            self._client.write(data)

    def answer_end(self, trailers: bytes = b"") -> None:
        """The answer is whole."""
        self._done = True
        if self._chunked_answer:
            taken = trailers if self._request.fields.trailers else b""
            self._unsent.append(b"0\r\n%b\r\n" % taken)
        self._send_answer()
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.release(request_sent=self._exchange.received)
        self._exchange.finish(close=self._close)

    def answer_lost(self, *, invalid: bool) -> None:
        """No whole answer will come: try once more where nothing can have happened, else say so."""
        self._send_answer()
        upstream, self._upstream = self._upstream, None
        if upstream is not None and not invalid and self._may_retry(upstream):
            self._retried = True
            self._reach(None)
        else:
            self.fail(UPSTREAM_INVALID if invalid else UPSTREAM_REFUSED)

    def _may_retry(self, upstream: UpstreamConnection) -> bool:
        """A reused connection that closed before a byte of an answer, and a repetition does no harm."""
        return upstream.reused and not upstream.answered and self._repeatable and not self._retried

    # Time and ends.

    def client_writable(self, writable: bool) -> None:
        """Whether the client takes more of the answer."""
        if self._upstream is not None:
            self._upstream.set_reading(writable)
        self._rearm()

    def on_deadline(self) -> None:
        """Whoever was waited for took too long; a body may, while enough of it comes."""
        if self._exchange.received or self._exchange.full or self._websocket:
            self.fail(UPSTREAM_SILENT)
        elif self._body_size - self._body_mark >= LEAST_BODY_BYTES:
            self._rearm()
        else:
            self.fail(REQUEST_TIMEOUT)

    def fail(self, problem: Problem) -> None:
        """End it: by an answer of our own where none has begun, else by breaking off."""
        if self._done:
            return
        self.abandon()
        if self._answering:
            self._exchange.abort()
        else:
            self._exchange.problem(problem)

    def abandon(self) -> None:
        """The client is gone, or the request is refused after all: the upstream's work is in vain."""
        self._done = True
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        upstream, self._upstream = self._upstream, None
        if upstream is None:
            return
        if self._frames is not None:
            upstream.close()
        else:
            upstream.abort()

    def _rearm(self) -> None:
        """One limit at a time: a client that stops sending or reading, or an upstream that stays silent."""
        if self._done:
            return
        if not self._client.writable or (self._answering and self._exchange.full):
            self._client.arm(WRITE_TIMEOUT_S)
        elif self._answering:
            self._client.disarm()
        elif not self._exchange.received and not self._exchange.full and not self._websocket:
            self._body_mark = self._body_size
            self._client.arm(BODY_TIMEOUT_S)
        else:
            self._client.arm(self._timeout_s)
