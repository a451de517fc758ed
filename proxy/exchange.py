"""One request and its turn: route, gate, verdict, in this order and with no way back. Hops two to four.

Every step is a call that returns at once; only a first visit waits, in a task. Nothing is forwarded before
the gate has said *allow*, and nothing follows an answer of our own.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

import structlog

from proxy.answers import login_answer, problem_answer
from proxy.context import Contexts, TrustedProxies, client_address
from proxy.fields import Fields, Refusal
from proxy.forward_head import forwarded_for, internal_head, upstream_head, upstream_lines
from proxy.forwarding import Client, Forwarding
from proxy.gate import Allow, FirstVisit, Forbid, Gate, Login, Verdict, ended, expiry_at
from proxy.head import Request
from proxy.problems import (
    AMBIGUOUS_PATH,
    BAD_REQUEST,
    NO_ROUTE,
    NOT_ALLOWED,
    REQUEST_TIMEOUT,
    STORE_UNAVAILABLE,
    UNKNOWN_HOST,
    Problem,
)
from proxy.recorder import Recorder
from proxy.routes import Route, Site, UpstreamAddress
from proxy.standing import Standing, stand
from proxy.upstream_pool import UpstreamPool
from session_store import (
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    OutOfStep,
    Store,
    StoreUnavailable,
    Tombstone,
)

INTERNAL_TIMEOUT_S = 30.0
MAX_INTERNAL_BODY = 64 * 1024
DROP_TIMEOUT_S = 2.0
_MOST_DROPPED = 64 * 1024
_MOST_PENDING = 64 * 1024
_ALIASES = ("/ngrok/login", "/ngrok/logout")
_CLOSING = frozenset({400, 408, 413, 414, 431, 501, 505})

log = structlog.get_logger("proxy.exchange")


class Connection(Client, Protocol):
    """The client's connection, as its exchanges see it; ``address`` is the peer's, ``trusted`` a proxy's."""

    address: str
    trusted: bool
    standing: Standing | None

    def finish(self, exchange: "Exchange", *, close: bool) -> None:
        """This exchange has answered."""

    def abort(self) -> None:
        """Break off."""

    def update_reading(self) -> None:
        """Look again whether more can be taken."""


class Services(Protocol):
    """What a worker has for the exchanges of all its connections."""

    site: Site
    store: Store
    gate: Gate
    recorder: Recorder
    contexts: Contexts
    trusted: TrustedProxies
    control_pool: UpstreamPool
    draining: bool
    now_ms: Callable[[], int]

    def pool(self, address: UpstreamAddress) -> UpstreamPool:
        """The connections to an upstream."""

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run what has to wait; it ends with the worker."""

    def request_id(self) -> str:
        """A new request id."""

    def trusted_request_id(self, values: Sequence[bytes]) -> str | None:
        """The id that a trusted proxy gave a request, where it is one."""


class Exchange:
    """What happens to one request of a client connection.

    ``received``: the whole request has come. ``full``: no more of its body can be taken just now. ``last``:
    nothing after this request is listened to.
    """

    # What mostly stays as it is here is not set for each request.
    started = False
    last = False
    full = False
    _request_id = ""
    _client = ""
    _checking: tuple[Request, Standing, CookieHash] | None = None
    _forwarding: Forwarding | None = None
    _pending: list[bytes] | None = None
    _pending_bytes = 0
    _done = False
    _answered = False

    def __init__(self, connection: Connection, services: Services, judged: Request | Refusal) -> None:
        self._connection = connection
        self._worker = services
        self._judged = judged
        self.received = isinstance(judged, Refusal) or judged.fields.body_length == 0

    # Hops, in order.

    def start(self) -> None:
        """Begin: it is this request's turn on its connection."""
        self.started = True
        self._request_id = self._worker.request_id()
        request = self._judged
        if isinstance(request, Refusal):
            self.problem(request.problem, close=True)
            return
        self._client = self._connection.address
        if self._connection.trusted:
            self._believe(request.fields)
        self._route(request)

    def _believe(self, fields: Fields) -> None:
        """Take the client's address and the request's id from a trusted proxy in front."""
        self._client = client_address(self._client, self._worker.trusted, fields.forwarded_for)
        self._request_id = self._worker.trusted_request_id(fields.request_ids) or self._request_id

    def _route(self, request: Request) -> None:
        host = self._worker.site.hosts.get(request.fields.hostname)
        path = request.path
        if host is None:
            self.problem(UNKNOWN_HOST)
        elif path.reserved or path.path in _ALIASES:
            self._forward_internally(request)
        elif path.ambiguous and host.has_path_rules:
            self.problem(AMBIGUOUS_PATH)
        else:
            route = host.match(path.path)
            if route is None:
                self.problem(NO_ROUTE)
            else:
                self._check(request, route)

    def _check(self, request: Request, route: Route) -> None:
        standing = self._connection.standing = stand(request.fields, route, self._connection.standing)
        cookie_hash = standing.cookies.hash
        if cookie_hash is None:
            self._login(request, route, "no_session", clear_cookies=standing.cookies.doubled)
            return
        self._checking = (request, standing, cookie_hash)
        self._worker.store.ask(cookie_hash, route.endpoint.id, self)

    def answered(self, value: bytes | None) -> None:
        """What the store has for the session that was asked for: the verdict, and what follows from it."""
        if self._done or self._checking is None:
            return
        request, standing, cookie_hash = self._checking
        try:
            now_ms = self._worker.now_ms()
            verdict = self._worker.gate.judge(value, cookie_hash, standing.route, now_ms)
            if isinstance(verdict, Allow):
                self._allow(verdict, request, standing, now_ms)
            elif isinstance(verdict, FirstVisit):
                self._worker.spawn(self._first_visit(request, standing, cookie_hash))
            else:
                self._obey(verdict, request, standing)
        except OutOfStep as error:
            self._worker.store.begin_checks_anew()
            self.unanswered(error)
        except StoreUnavailable as error:
            self.unanswered(error)
        except Exception as error:  # the last guard: an error in a check must end in no answer, not in a pass
            self.broken_here(error)

    def unanswered(self, error: StoreUnavailable) -> None:
        """Without an answer of the store nobody passes, and nobody is sent to a login."""
        if not self._done:
            log.warning("store_unavailable", request_id=self._request_id, error=str(error))
            self.problem(STORE_UNAVAILABLE, reason="store_unavailable")

    async def _first_visit(self, request: Request, standing: Standing, cookie_hash: CookieHash) -> None:
        """No application session here yet: the browser session's record decides whether one begins."""
        gate, store, route = self._worker.gate, self._worker.store, standing.route
        try:
            browser = await store.browser_session(cookie_hash)
            verdict = gate.judge_first_visit(browser, cookie_hash, route, self._worker.now_ms())
            if isinstance(verdict, BrowserSession):
                verdict = await self._begin_session(verdict, request, route)
            if not self._done:
                self._obey(verdict, request, standing)
        except StoreUnavailable as error:
            self.unanswered(error)
        except Exception as error:  # the last guard: an error in a check must end in no answer, not in a pass
            self.broken_here(error)

    async def _begin_session(self, browser: BrowserSession, request: Request, route: Route) -> Verdict:
        begun = await self._worker.store.start_application_session(
            browser,
            route.endpoint,
            expires_at=expiry_at(browser, route),
            idle_timeout_s=route.idle_timeout_s,
            context=self._context(request),
        )
        if isinstance(begun, ApplicationSession):
            return self._worker.gate.allow(begun, route)
        return ended(begun) if isinstance(begun, Tombstone) else Login("no_session")

    def _obey(self, verdict: Verdict, request: Request, standing: Standing) -> None:
        if isinstance(verdict, Allow):
            self._allow(verdict, request, standing, self._worker.now_ms())
        elif isinstance(verdict, Forbid):
            self.problem(NOT_ALLOWED, reason="not_allowed", account=verdict.account)
        else:
            self._login(request, standing.route, verdict.reason)

    def _allow(self, verdict: Allow, request: Request, standing: Standing, now_ms: int) -> None:
        fields, route = request.fields, standing.route
        lines, pool = standing.lines, standing.pool
        if lines is None or pool is None:
            connection = self._connection
            origin = forwarded_for(connection.address, fields.forwarded_for, trusted=connection.trusted)
            lines = upstream_lines(fields, route, cookies=standing.cookies.others, forwarded_for=origin)
            pool = self._worker.pool(route.upstream)
            standing.lines, standing.pool = lines, pool
        head = upstream_head(request, lines, verdict.identity_lines, self._request_id)
        self._worker.recorder.note(
            verdict.session, now_ms, self._client, fields.user_agent, speculative=request.speculative
        )
        self._forward(
            Forwarding(self, self._connection, request, pool, head, route.request_timeout_s, route.max_body)
        )

    def _forward_internally(self, request: Request) -> None:
        """Our own pages: the control application of this worker, as one more upstream."""
        head = internal_head(request, self._client, self._request_id)
        pool = self._worker.control_pool
        self._forward(
            Forwarding(self, self._connection, request, pool, head, INTERNAL_TIMEOUT_S, MAX_INTERNAL_BODY)
        )

    def _forward(self, forwarding: Forwarding) -> None:
        self._forwarding = forwarding
        pending, self._pending = self._pending, None
        forwarding.begin(pending or [])

    def _context(self, request: Request) -> Context:
        return self._worker.contexts.of(self._client, request.fields.user_agent)

    # The request's body, from the connection.

    def receive(self, data: bytes) -> None:
        """Some of the body: on to the upstream, or kept until there is one."""
        if self._done:
            return
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
        self._done = True
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

    def problem(self, problem: Problem, *, reason: str = "", account: str = "", close: bool = False) -> None:
        """Answer with a problem: a page or JSON. The upstream, if any, has been let go of."""
        if self._done:
            return
        close = close or problem.status in _CLOSING or self.closing or not self._short
        self._connection.write(
            problem_answer(
                problem, self._judged, self._request_id, reason=reason, account=account, close=close
            )
        )
        self.finish(close=close)

    def finish(self, *, close: bool) -> None:
        """The answer is whole; what is still to come of a short body is read and dropped before the next."""
        self._done = self._answered = True
        self._forwarding = None
        self.full = False
        if close or self.received:
            self._connection.finish(self, close=close)
        else:
            self._connection.arm(DROP_TIMEOUT_S)

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
        self.abort()

    def _fail(self, problem: Problem) -> None:
        if self._forwarding is not None:
            self._forwarding.fail(problem)
        else:
            self.problem(problem)

    def _login(self, request: Request, route: Route, reason: str, *, clear_cookies: bool = False) -> None:
        close = self.closing or not self._short
        self._connection.write(
            login_answer(request, route, self._request_id, reason, clear_cookies=clear_cookies, close=close)
        )
        self.finish(close=close)
