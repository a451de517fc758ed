"""The course of a request on its connection: its body in, its answer out, and every way in which it may end.

It knows neither route nor session nor who decides; the exchange, which is built on it, does.
"""

from collections.abc import Coroutine, Sequence

import structlog

from proxy.account import Account
from proxy.answers import Stamp, problem_answer
from proxy.dates import date_line
from proxy.fields import Refusal
from proxy.forwarding import Forwarding
from proxy.head import Request
from proxy.problems import BAD_REQUEST, REQUEST_TIMEOUT, Problem
from proxy.services import Connection, Services
from proxy.streams import OpenStream
from proxy.upstream_pool import UpstreamPool

DROP_TIMEOUT_S = 2.0
_MOST_DROPPED = 64 * 1024
_MOST_PENDING = 64 * 1024
_CLOSING = frozenset({400, 408, 413, 414, 431, 501, 505})

log = structlog.get_logger("proxy.course")


class Course(Account):
    """One request on its way through a client connection.

    ``received``: the whole request has come. ``full``: no more of its body can be taken just now. ``last``:
    nothing after this request is listened to.
    """

    # What mostly stays as it is here is not set for each request.
    started = False
    last = False
    full = False
    _forwarding: Forwarding | None = None
    _pending: list[bytes] | None = None
    _pending_bytes = 0
    _open: OpenStream | None = None
    _done = False
    _answered = False

    def __init__(self, connection: Connection, services: Services, judged: Request | Refusal) -> None:
        self._connection = connection
        self._worker = services
        self._journal = services.journal
        self._judged = judged
        self.received = isinstance(judged, Refusal) or not judged.expects_more

    @property
    def switches(self) -> bool:
        """Whether what follows the head is not a body but the bytes of a WebSocket."""
        return not isinstance(self._judged, Refusal) and self._judged.fields.websocket

    def _forward(
        self, request: Request, pool: UpstreamPool, head: bytes, timeout_s: float, max_body: int | None
    ) -> None:
        """Send the request on, with what has come of its body so far."""
        self._forwarding = Forwarding(self, self._connection, request, pool, head, timeout_s, max_body)
        pending, self._pending = self._pending, None
        self._forwarding.begin(pending or [])

    # The request's body, from the connection.

    def receive(self, data: bytes) -> None:
        """Some of the body, or of what follows an upgrade: on to the upstream, or kept until there is one."""
        if self._done:
            return
        if self._open is not None:
            self._open.active = True
        if self._forwarding is not None:
            self._forwarding.receive(data)
        else:
            if self._pending is None:
                self._pending = []
            self._pending.append(data)
            self._pending_bytes += len(data)
            self.set_full(self._pending_bytes > _MOST_PENDING)

    def receive_end(self) -> None:
        """All of the body has come."""
        self.received = True
        if self._answered:
            self._connection.finish(self, close=False)
        elif not self._done and self._forwarding is not None:
            self._forwarding.receive_end()

    def set_full(self, full: bool) -> None:
        """Whether the body has to wait."""
        self.full = full
        self._connection.update_reading()

    # What else the connection tells.

    def broken(self) -> None:
        """The framing of the request's body is broken."""
        if self._answered:
            self._connection.finish(self, close=True)
        elif self.started:
            self._fail(BAD_REQUEST)
        else:
            self._judged = Refusal(BAD_REQUEST, "the framing of the body is broken", self._judged.method)

    def abandon(self) -> None:
        """The client is gone."""
        if self.started and not self._done:
            self._tell(complete=False)
        self._done = True
        self.let_go()
        if self._forwarding is not None:
            self._forwarding.abandon()

    def client_writable(self, writable: bool) -> None:
        """Whether the client takes more of the answer."""
        if self._forwarding is not None:
            self._forwarding.client_writable(writable)

    def on_deadline(self) -> None:
        """Whoever was waited for took too long."""
        if self._answered:
            self._connection.finish(self, close=True)
        elif self._forwarding is not None:
            self._forwarding.on_deadline()
        else:
            self._fail(REQUEST_TIMEOUT)

    # Ends.

    @property
    def closing(self) -> bool:
        """Whether the connection ends with this exchange, as far as is known when an answer begins."""
        request = self._judged
        return (
            isinstance(request, Refusal)
            or not request.fields.keep_alive
            or request.fields.upgrade
            or self._worker.draining
        )

    @property
    def _short(self) -> bool:
        """Whether nothing is still to come of the request, or little that surely comes and can be dropped."""
        request = self._judged
        if self.received or isinstance(request, Refusal) or request.fields.expects_continue:
            return self.received
        length = request.fields.body_length
        return length is not None and length <= _MOST_DROPPED

    def date_line(self) -> bytes:
        """The ``Date`` of an answer that begins now."""
        return date_line(self._worker.now_ms())

    @property
    def _stamp(self) -> Stamp:
        return Stamp(self._request_id, self.date_line())

    def problem(
        self,
        problem: Problem,
        *,
        reason: str = "",
        account: str = "",
        headers: Sequence[tuple[str, str]] = (),
        close: bool = False,
    ) -> None:
        """Answer with a problem: a page or JSON. The upstream, if any, has been let go of."""
        if self._done:
            return
        close = close or problem.status in _CLOSING or self.closing or not self._short
        answer = problem_answer(
            problem,
            self._judged,
            self._stamp,
            reason=reason,
            account=account,
            headers=headers,
            close=close,
        )
        self._answer(answer, close=close)

    def finish(self, *, close: bool) -> None:
        """The answer is whole; what is still to come of a short body is read and dropped before the next."""
        self._done = self._answered = True
        self._tell(complete=True)
        self.let_go()
        self._forwarding = None
        self.full = False
        if close or self.received:
            self._connection.finish(self, close=close)
        else:
            self._connection.arm(DROP_TIMEOUT_S)
            self._connection.update_reading()

    def hold(self) -> OpenStream | None:
        """This takes longer than a moment: from now on it ends with its session, where it has one."""
        if self._open is None and self._allowed is not None and not self._done:
            self._open = self._worker.streams.add(self, *self._allowed)
        return self._open

    def let_go(self) -> None:
        """It is over, or takes no longer than a moment after all."""
        if self._open is not None:
            self._worker.streams.remove(self._open)
            self._open = None

    def cut(self) -> None:
        """The session has ended: a WebSocket is told so between two frames, anything else breaks off."""
        if self._done:
            return
        self._outcome = "ended"
        goodbye = self._forwarding.goodbye() if self._forwarding is not None else None
        if goodbye is None:
            self.abort()
        else:
            self.abandon()
            self._connection.write(goodbye)
            self.finish(close=True)

    def abort(self) -> None:
        """Break off: the client must not take what it has for a whole answer."""
        self.abandon()
        self._connection.abort()

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run what has to wait; it ends with the worker."""
        self._worker.spawn(work)

    def broken_here(self, error: Exception) -> None:
        """An error of ours: nothing is passed, nothing is told, and the log has it."""
        log.error("exchange_failed", request_id=self._request_id, exc_info=error)
        self._outcome = "failed"
        self.abort()

    def _fail(self, problem: Problem) -> None:
        if self._forwarding is not None:
            self._forwarding.fail(problem)
        else:
            self.problem(problem)

    def _answer(self, answer: bytes, *, close: bool) -> None:
        """Send a whole answer of ours, made for a connection that closes or stays."""
        self._connection.write(self._own(answer))
        self.finish(close=close)
