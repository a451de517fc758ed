"""One request and its turn: route, gate, verdict, in this order and with no way back. Hops two to four.

Every step is a call that returns at once; only a first visit waits, in a task. Nothing is forwarded before
the gate has said *allow*, and nothing follows an answer of our own.
"""

from collections.abc import Awaitable

import structlog

from proxy.answers import cleared, last_hop_answer, login_answer
from proxy.context import client_address
from proxy.course import Course
from proxy.fields import Fields, Refusal
from proxy.first_visit import first_visit
from proxy.forward_head import forwarded_for, internal_head, upstream_head, upstream_lines
from proxy.gate import Allow, FirstVisit, Forbid, Login, Verdict
from proxy.head import Request
from proxy.limits import LARGEST_FORM
from proxy.problems import (
    AMBIGUOUS_PATH,
    FOREIGN_PAGE,
    NO_ROUTE,
    NOT_ALLOWED,
    STORE_UNAVAILABLE,
    UNKNOWN_HOST,
)
from proxy.refresher import Due
from proxy.routes import Route
from proxy.settings import PinKind
from proxy.standing import Standing, stand
from proxy.upstream_pool import UpstreamPool
from proxy.websocket import origin_allowed
from session_store import (
    ApplicationSession,
    Context,
    CookieHash,
    EndReason,
    OutOfStep,
    StoreError,
    StoreUnavailable,
    changed_pin,
    pins_of,
)

log = structlog.get_logger("proxy")

INTERNAL_TIMEOUT_S = 30.0
_ALIASES = ("/ngrok/login", "/ngrok/logout")


class Exchange(Course):
    """What happens to one request: the hops between its head and its upstream."""

    _checking: tuple[Request, Standing, CookieHash] | None = None

    def start(self) -> None:
        """Begin: it is this request's turn on its connection."""
        self.started = True
        self._began_s = self._journal.clock_s()
        self._client = self._connection.address
        self._request_id = self._worker.request_id()
        request = self._judged
        if isinstance(request, Refusal):
            self.problem(request.problem, close=True)
            return
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
        if request.problem is not None:
            self.problem(request.problem)
        elif host is None:
            self.problem(UNKNOWN_HOST)
        elif path.reserved or path.path in _ALIASES:
            self._forward_internally(request)
        elif path.ambiguous and host.has_path_rules:
            self.problem(AMBIGUOUS_PATH, headers=cleared(request, host))
        else:
            route = host.match(path.path)
            if route is None:
                self.problem(NO_ROUTE, headers=cleared(request, host))
            elif request.fields.websocket and not origin_allowed(request.fields.origins, route.origin):
                self.problem(FOREIGN_PAGE, headers=cleared(request, host))
            else:
                self._check(request, route)

    def _check(self, request: Request, route: Route) -> None:
        self._taken = route
        standing = self._connection.standing = stand(request.fields, route, self._connection.standing)
        cookie_hash = standing.cookies.hash
        if route.opens and route.lets_pass(request.method, request.path.path, request.fields):
            self._pass_unchecked(request, standing)
        elif cookie_hash is None:
            self._login(request, route, "no_session", clear_cookies=standing.cookies.doubled)
        else:
            self._checking = (request, standing, cookie_hash)
            self._worker.store.ask(cookie_hash, route.endpoint.id, self)

    def answered(self, value: bytes | None) -> None:
        """What the store has for the session that was asked for: the verdict, and what follows from it."""
        if self._done or self._checking is None:
            return
        request, standing, cookie_hash = self._checking
        self._checked_s = self._journal.clock_s()
        try:
            now_ms = self._worker.now_ms()
            verdict = self._worker.gate.judge(value, cookie_hash, standing.route, now_ms)
            if isinstance(verdict, FirstVisit):
                self._worker.spawn(self._later(self._first_visit(request, standing, cookie_hash)))
            elif isinstance(verdict, Allow) and self._is_held_up(verdict.session, request, standing):
                self._worker.spawn(self._later(self._looked_at_again(verdict.session, request, standing)))
            else:
                self._obey(verdict, request, standing)
        except StoreUnavailable as error:
            self.unanswered(error)
        except Exception as error:  # the last guard: an error in a check must end in no answer, not in a pass
            self.broken_here(error)

    def _is_held_up(self, session: ApplicationSession, request: Request, standing: Standing) -> bool:
        """Whether a live session must be looked at closer before its request goes on."""
        route = standing.route
        if route.pins and self._changed_pin(session, request, route) is not None:
            return True
        due = self._worker.refresher.due(session, route)
        if due is Due.SOON:
            self._worker.refresher.begin(session)
        return due is Due.NOW

    def _changed_pin(self, session: ApplicationSession, request: Request, route: Route) -> PinKind | None:
        return changed_pin(session.pins, pins_of(self._context(request)), route.pins)

    async def _looked_at_again(
        self, session: ApplicationSession, request: Request, standing: Standing
    ) -> Verdict:
        """End what is not where it began; ask the provider about the rest, and the store what that led to."""
        worker, route = self._worker, standing.route
        pin = self._changed_pin(session, request, route)
        if pin is not None:
            log.warning("session_pinned_elsewhere", pin=pin, session=session.id, request_id=self._request_id)
            await worker.store.end_browser_session(session.cookie_hash, EndReason.PIN, session.user_id)
            return Login("revoked")
        await worker.refresher.wait(session)
        value = await worker.store.check(session.cookie_hash, route.endpoint.id)
        verdict = worker.gate.judge(value, session.cookie_hash, route, worker.now_ms())
        return Login("no_session") if isinstance(verdict, FirstVisit) else verdict

    def unanswered(self, error: StoreUnavailable) -> None:
        """Without an answer of the store nobody passes, and nobody is sent to a login."""
        if isinstance(error, OutOfStep):
            self._worker.store.begin_checks_anew()
        if not self._done:
            self._outcome = "unavailable"
            self._worker.note_unavailable(error)
            self.problem(STORE_UNAVAILABLE, reason="store_unavailable")

    async def _first_visit(self, request: Request, standing: Standing, cookie_hash: CookieHash) -> Verdict:
        worker, route = self._worker, standing.route
        elsewhere = await self._begun_elsewhere(request, route, cookie_hash) if route.pins else None
        if elsewhere is not None:
            return await self._looked_at_again(elsewhere, request, standing)
        verdict = await first_visit(worker, cookie_hash, route, self._context(request))
        if isinstance(verdict, Allow) and worker.refresher.due(verdict.session, route) is Due.NOW:
            return await self._looked_at_again(verdict.session, request, standing)
        return verdict

    async def _begun_elsewhere(
        self, request: Request, route: Route, cookie_hash: CookieHash
    ) -> ApplicationSession | None:
        """A session of this login at another endpoint with pins, from which a first visit has moved."""
        pinned = {each.endpoint.id for each in self._worker.site.routes if each.pins}
        for session in await self._worker.store.applications(cookie_hash):
            if session.endpoint.id in pinned and self._changed_pin(session, request, route) is not None:
                return session
        return None

    async def _later(self, judging: Awaitable[Verdict]) -> None:
        """Obey a verdict that has to be waited for."""
        try:
            verdict = await judging
            self._checked_s = self._journal.clock_s()
            if not self._done and self._checking is not None:
                request, standing, _ = self._checking
                self._obey(verdict, request, standing)
        except StoreUnavailable as error:
            self.unanswered(error)
        except StoreError as error:
            self.unanswered(StoreUnavailable(str(error)))
        except Exception as error:  # the last guard: an error in a check must end in no answer, not in a pass
            self.broken_here(error)

    def _obey(self, verdict: Verdict, request: Request, standing: Standing) -> None:
        if isinstance(verdict, Allow):
            self._allow(verdict, request, standing, self._worker.now_ms())
        elif isinstance(verdict, Forbid):
            self._outcome = "forbid"
            self.problem(NOT_ALLOWED, reason="not_allowed", account=verdict.account)
        else:
            self._login(request, standing.route, verdict.reason)

    def _allow(self, verdict: Allow, request: Request, standing: Standing, now_ms: int) -> None:
        fields, route = request.fields, standing.route
        self._outcome = "allow"
        self._allowed = verdict.session, route
        if request.last_hop:
            self._answer_last_hop()
            return
        lines, pool = self._prepare(standing)
        head = upstream_head(request, lines, verdict.identity_lines, self._request_id)
        self._worker.recorder.note(
            verdict.session, now_ms, self._client, fields.user_agent, speculative=request.speculative
        )
        self._forward(request, pool, head, route.request_timeout_s, route.max_body)

    def _pass_unchecked(self, request: Request, standing: Standing) -> None:
        """A public path or a CORS preflight: no session is asked for, and the upstream is told of none."""
        self._outcome = "public"
        if request.last_hop:
            self._answer_last_hop()
            return
        route, (lines, pool) = standing.route, self._prepare(standing)
        head = upstream_head(request, lines, b"", self._request_id)
        self._forward(request, pool, head, route.request_timeout_s, route.max_body)

    def _prepare(self, standing: Standing) -> tuple[bytes, UpstreamPool]:
        """The lines that every request with this standing has for its upstream, and the way there."""
        if standing.lines is not None and standing.pool is not None:
            return standing.lines, standing.pool
        connection, fields, route = self._connection, standing.fields, standing.route
        peers = forwarded_for(connection.address, fields.forwarded_for, trusted=connection.trusted)
        lines = upstream_lines(fields, route, cookies=standing.cookies.others, forwarded_for=peers)
        pool = standing.pool or self._worker.pool(route.upstream)
        standing.lines, standing.pool = lines, pool
        return lines, pool

    def _forward_internally(self, request: Request) -> None:
        """Our own pages: the control application of this worker, as one more upstream."""
        self._outcome = "internal"
        head = internal_head(request, self._client, self._request_id)
        pool = self._worker.control_pool
        self._forward(request, pool, head, INTERNAL_TIMEOUT_S, LARGEST_FORM)

    def _context(self, request: Request) -> Context:
        return self._worker.contexts.of(self._client, request.fields.user_agent)

    def _answer_last_hop(self) -> None:
        close = self.closing or not self._short
        self._answer(last_hop_answer(self._stamp, close=close), close=close)

    def cut(self) -> None:
        """The session has ended: what the upstream has nothing of is answered as if it came now."""
        if self._done or self._checking is None or self._forwarding is None or not self._forwarding.unsent:
            super().cut()
            return
        request, standing, _ = self._checking
        self._forwarding.abandon()
        self._login(request, standing.route, "revoked")

    def _login(self, request: Request, route: Route, reason: str, *, clear_cookies: bool = False) -> None:
        close = self.closing or not self._short
        answer = login_answer(request, route, self._stamp, reason, clear_cookies=clear_cookies, close=close)
        self._outcome = "login"
        self._answer(answer, close=close)
