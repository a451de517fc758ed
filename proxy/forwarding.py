"""The fifth hop: one request to its upstream and the answer back, both bodies streamed with back-pressure.

It is told what to send and to whom; who may send it was decided before. An answer that breaks off breaks the
client's connection off, so that half of it is never taken for the whole.
"""

from collections.abc import Coroutine
from typing import Protocol

from proxy.answer_head import AnswerHead, Framing
from proxy.answers import CONTINUE
from proxy.head import Request
from proxy.problems import (
    BODY_TOO_LARGE,
    REQUEST_TIMEOUT,
    UPSTREAM_INVALID,
    UPSTREAM_REFUSED,
    UPSTREAM_SILENT,
    Problem,
)
from proxy.upstream import UpstreamConnection, UpstreamPool, UpstreamRefused, UpstreamSilent

BODY_TIMEOUT_S = 60.0
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


class Turn(Protocol):
    """The exchange that a request is forwarded for."""

    received: bool
    full: bool

    @property
    def closing(self) -> bool:
        """Whether the client's connection ends with this answer."""

    def set_full(self, full: bool) -> None:
        """Whether the request's body has to wait."""

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
        self._upstream: UpstreamConnection | None = None
        self._pending: list[bytes] = []
        self._body_size = 0
        self._unsent: list[bytes] = []
        self._answering = False
        self._chunked_answer = False
        self._close = False
        self._retried = False
        self._done = False
        self._repeatable = request.method in _REPEATABLE and not request.has_body

    def begin(self, pending: list[bytes]) -> None:
        """Send the request, with what has come of its body so far."""
        self._pending = pending
        self._body_size = sum(map(len, pending))
        if self._too_large(max(self._request.body_length or 0, self._body_size)):
            self.fail(BODY_TOO_LARGE)
        else:
            self._reach(self._pool.take(fresh=not self._repeatable))

    def _too_large(self, size: int) -> bool:
        return self._max_body is not None and size > self._max_body

    def _reach(self, upstream: UpstreamConnection | None) -> None:
        if upstream is None:
            self._exchange.spawn(self._connect())
        else:
            self._send(upstream)

    async def _connect(self) -> None:
        try:
            upstream = await self._pool.connect()
            if self._done:
                upstream.abort()
            else:
                self._send(upstream)
        except UpstreamRefused:
            self.fail(UPSTREAM_REFUSED)
        except UpstreamSilent:
            self.fail(UPSTREAM_SILENT)
        except Exception as error:
            self._exchange.broken_here(error)

    def _send(self, upstream: UpstreamConnection) -> None:
        self._upstream = upstream
        upstream.begin(self, self._request.method)
        upstream.set_reading(self._client.writable)
        begun = [self._head, *map(self._framed, self._pending)]
        if self._exchange.received and self._request.body_length is None:
            begun.append(_LAST_CHUNK)
        if self._request.expects_continue and not self._pending and not self._exchange.received:
            self._client.write(CONTINUE)
        self._pending = []
        self._exchange.set_full(False)
        upstream.write(b"".join(begun))
        self._rearm()

    def _framed(self, data: bytes) -> bytes:
        return data if self._request.body_length is not None else b"%x\r\n%b\r\n" % (len(data), data)

    # The request's body.

    def receive(self, data: bytes) -> None:
        """Some of the body."""
        if self._done:
            return
        self._body_size += len(data)
        if self._too_large(self._body_size):
            self.fail(BODY_TOO_LARGE)
        elif self._upstream is not None:
            self._upstream.write(self._framed(data))
            self._rearm()
        else:
            self._pending.append(data)
            self._exchange.set_full(True)

    def receive_end(self) -> None:
        """All of the body has come."""
        if self._upstream is not None and self._request.body_length is None:
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
        self._close = self._exchange.closing or not self._exchange.received
        lines = [b"HTTP/1.1 %d %b\r\n" % (head.status, head.reason), head.lines]
        if head.framing in (Framing.CHUNKED, Framing.UNTIL_CLOSE):
            if self._request.http10:
                self._close = True
            else:
                self._chunked_answer = True
                lines.append(b"Transfer-Encoding: chunked\r\n")
        if self._close:
            lines.append(b"Connection: close\r\n")
        elif self._request.http10:
            lines.append(b"Connection: keep-alive\r\n")
        lines.append(b"\r\n")
        self._unsent = lines
        self._rearm()

    def answer_body(self, data: bytes) -> None:
        """Pass a piece of the body on, together with what else has just come."""
        self._unsent.append(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked_answer else data)

    def answer_pause(self) -> None:
        """Send what has come so far: the rest may take its time."""
        if self._unsent:
            unsent, self._unsent = self._unsent, []
            self._client.write(b"".join(unsent))

    def answer_end(self) -> None:
        """The answer is whole."""
        self._done = True
        if self._chunked_answer:
            self._unsent.append(_LAST_CHUNK)
        self.answer_pause()
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.release(request_sent=self._exchange.received)
        self._client.disarm()
        self._exchange.finish(close=self._close)

    def answer_lost(self, *, invalid: bool) -> None:
        """No whole answer will come: try once more where nothing can have happened, else say so."""
        self.answer_pause()
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
        """Whoever was waited for took too long."""
        if not self._exchange.received and not self._exchange.full:
            self.fail(REQUEST_TIMEOUT)
        else:
            self.fail(UPSTREAM_SILENT)

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
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abort()

    def _rearm(self) -> None:
        """One limit at a time: a client that stops sending or reading, or an upstream that stays silent."""
        if self._done:
            return
        if not self._client.writable:
            self._client.arm(WRITE_TIMEOUT_S)
        elif self._answering:
            self._client.disarm()
        elif not self._exchange.received and not self._exchange.full:
            self._client.arm(BODY_TIMEOUT_S)
        else:
            self._client.arm(self._timeout_s)
