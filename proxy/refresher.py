"""Asking a session's provider again, and what follows for the session: who lost a group is out.

One worker asks at a time, by a turn that the store hands out, prolonged while the provider is slow. Requests
go on for as long as what was said last still holds; from then on they wait. A provider that cannot be asked
changes nothing; one that says no ends the session. While the store fails, nobody passes who has to be asked
about.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum, auto

import structlog

from idp_adapters import Identity, LoginCompleted, LoginError, LoginErrorReason, Providers, allowed
from proxy.person import author_of, identity_of, principal_of
from proxy.routes import Route, Site
from session_store import (
    ApplicationSession,
    BrowserSession,
    CookieHash,
    EndpointId,
    EndReason,
    Principal,
    RefreshTurn,
    SessionId,
    Store,
    StoreError,
    StoreUnavailable,
)

TURN_MS = 10_000
"""How long a turn lasts unless it is prolonged: what others wait for after its holder was killed."""
WAIT_S = 10.0
"""The longest that a request waits for a provider that was asked again."""
AGAIN_S = 30
"""How long a provider that could not be asked is left alone, as far as this session goes."""
KEEP_ON_S = 60.0
"""How long what a provider said is held on to while the store does not take it."""
_ASK_EVERY_S = 0.1
_TOLD_EVERY_MS = 1000
_WRITE_EVERY_S = 0.25
_MOST_TIMES_ASKED = 600
_MOST_KNOWN = 20_000
_SOON = 0.75
_SAYS_NO = frozenset[LoginErrorReason](
    {"denied", "invalid_token", "invalid_claims", "invalid_response", "not_anew", "clock_skew"}
)
"""What ends a session; anything else means that nothing was learned."""

log = structlog.get_logger("proxy.refresh")


class Due(Enum):
    """Whether the provider has to be asked about a session: not yet, soon enough, before it goes on."""

    NOT = auto()
    SOON = auto()
    NOW = auto()


def due(session: ApplicationSession | BrowserSession, after_s: Mapping[str, int], now_ms: int) -> Due:
    """Whether what the provider said of ``session`` still holds; ``after_s`` as in Route.refresh_after_s."""
    interval_s = after_s.get(session.principal.provider, 0)
    if not interval_s:
        return Due.NOT
    age_s = _age_s(session, now_ms)
    if age_s >= interval_s:
        return Due.NOW
    return Due.SOON if age_s >= interval_s * _SOON else Due.NOT


def _age_s(session: ApplicationSession | BrowserSession, now_ms: int) -> float:
    """How long ago the provider said what stands in ``session``."""
    began = session.created_at if isinstance(session, ApplicationSession) else session.issued_at
    return (now_ms - (session.refreshed_at or began)) / 1000


class Refresher:
    """Refreshes the sessions of one worker. ``new_holder`` names each turn differently."""

    def __init__(
        self,
        site: Site,
        store: Store,
        providers: Providers,
        now_ms: Callable[[], int],
        new_holder: Callable[[], str],
    ) -> None:
        self._routes: dict[EndpointId, Route] = {route.endpoint.id: route for route in site.routes}
        self._store = store
        self._providers = providers
        self._now_ms = now_ms
        self._new_holder = new_holder
        self._running: dict[CookieHash, asyncio.Task[StoreError | None]] = {}
        self._left_until: dict[SessionId, int] = {}
        self._unwritten: set[CookieHash] = set()
        self._told_at_ms = 0

    def due(self, session: ApplicationSession, route: Route) -> Due:
        """As ``due``; not where the provider has just been asked in vain, unless it has answered since."""
        if not route.refresh_after_s:
            return Due.NOT
        now_ms = self._now_ms()
        left = now_ms < self._left_until.get(session.id, 0)
        if left and session.cookie_hash not in self._unwritten:
            return Due.NOT
        return due(session, route.refresh_after_s, now_ms)

    def begin(self, session: ApplicationSession) -> "asyncio.Task[StoreError | None]":
        """Refresh ``session`` unless this worker is at it already; it results in how the store failed."""
        running = self._running.get(session.cookie_hash)
        if running is None:
            running = asyncio.create_task(self._refresh(session), name="refresh")
            self._running[session.cookie_hash] = running
            running.add_done_callback(lambda _: self._running.pop(session.cookie_hash, None))
        return running

    async def wait(self, session: ApplicationSession) -> None:
        """Refresh ``session`` and wait for the outcome; after a wait in vain others go on without.

        Raises StoreUnavailable where the provider was not asked for want of the store, or what it said is not
        taken: a store that answers checks and takes no writes must not keep somebody in.
        """
        refresh = self.begin(session)
        _, pending = await asyncio.wait([refresh], timeout=WAIT_S)
        if pending and session.cookie_hash in self._unwritten:
            raise StoreUnavailable("what the provider said has not been written yet")
        if pending:
            self._leave(session, AGAIN_S)
            return
        failure = None if refresh.cancelled() else refresh.result()
        if failure is not None:
            raise StoreUnavailable(str(failure))

    async def close(self) -> None:
        """Let what is under way end: a provider may take a refresh token once only."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=WAIT_S)
        left = list(self._running.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _refresh(self, session: ApplicationSession) -> StoreError | None:
        try:
            await self._take_turn(session)
        except StoreError as error:
            self._tell(error)
            return error
        except Exception as error:  # the last guard: nothing was learned, and the session stands as it did
            log.error("refresh_failed", error=type(error).__name__)
            self._leave(session, AGAIN_S)
        return None

    def _tell(self, error: StoreError) -> None:
        """Log it, once in a while: every open stream asks again four times a second."""
        now_ms = self._now_ms()
        if abs(now_ms - self._told_at_ms) >= _TOLD_EVERY_MS:
            self._told_at_ms = now_ms
            log.warning("refresh_failed", detail=str(error))

    async def _take_turn(self, session: ApplicationSession) -> None:
        cookie_hash, holder = session.cookie_hash, self._new_holder()
        if await self._turn(cookie_hash, holder) != "yours":
            self._leave(session, AGAIN_S)
            return
        browser = await self._store.browser_session(cookie_hash)
        if not isinstance(browser, BrowserSession):
            return
        after_s = self._routes[session.endpoint.id].refresh_after_s
        interval_s = after_s[browser.principal.provider]
        # Whoever looks at an older copy of the record need not ask for some time.
        if due(browser, after_s, self._now_ms()) is Due.NOT:
            # Another was faster, or this record was left behind by one that was.
            await self._store.catch_up(session)
            await self._store.put_off_refresh(cookie_hash, holder, 1)
            self._leave(session, interval_s * _SOON - _age_s(browser, self._now_ms()))
        else:
            async with self._prolonged(cookie_hash, holder):
                self._leave(session, await self._ask(browser, holder, interval_s))

    async def _turn(self, cookie_hash: CookieHash, holder: str) -> RefreshTurn:
        """Wait for the turn; *put_off* where the provider is not to be asked, or others never end."""
        for _ in range(_MOST_TIMES_ASKED):
            turn = await self._store.begin_refresh(cookie_hash, holder, TURN_MS)
            if turn != "under_way":
                return turn
            await asyncio.sleep(_ASK_EVERY_S)
        return "put_off"

    async def _ask(self, browser: BrowserSession, holder: str, interval_s: int) -> float:
        """Ask the provider and do what follows; for how many seconds it need not be asked again."""
        provider = self._providers.get(browser.principal.provider)
        memory = await self._store.session_memory(browser.cookie_hash)
        said_at = self._now_ms()
        try:
            if provider is None:
                raise LoginError("denied", "the provider is configured no more")
            completed = await provider.refresh(memory or b"", identity_of(browser.principal))
        except LoginError as error:
            if error.reason in _SAYS_NO:
                await self._end(browser, error.reason, error.detail)
                return AGAIN_S
            log.warning("refresh_put_off", reason=error.reason, detail=error.detail, user=browser.user_id)
            await self._store.put_off_refresh(browser.cookie_hash, holder, AGAIN_S * 1000)
            return AGAIN_S
        if completed is None:
            holds_s = interval_s - _age_s(browser, self._now_ms())
            if holds_s > 0:
                await self._store.put_off_refresh(browser.cookie_hash, holder, 1)
                return holds_s
            await self._end(browser, "cannot_be_asked", "it gave nothing to ask again with")
        elif not _is_same(completed.identity, browser):
            await self._end(browser, "invalid_token", "the provider speaks of somebody else")
        else:
            await self._hold_on(browser, lambda: self._apply(browser, holder, completed, said_at))
        if completed is not None and completed.incomplete:
            log.warning("refresh_put_off", reason="incomplete", user=browser.user_id)
            if await self._turn(browser.cookie_hash, holder) == "yours":
                await self._store.put_off_refresh(browser.cookie_hash, holder, AGAIN_S * 1000)
            return AGAIN_S
        return interval_s * _SOON / 2

    async def _hold_on(self, browser: BrowserSession, write: Callable[[], Awaitable[None]]) -> None:
        """Write what was said, again and again: it is nowhere else, nor is the token to ask with next."""
        loop = asyncio.get_running_loop()
        until = loop.time() + KEEP_ON_S
        self._unwritten.add(browser.cookie_hash)
        try:
            while True:
                try:
                    return await write()
                except StoreUnavailable:
                    if loop.time() >= until:
                        raise
                await asyncio.sleep(_WRITE_EVERY_S)
        finally:
            self._unwritten.discard(browser.cookie_hash)

    async def _apply(
        self, browser: BrowserSession, holder: str, completed: LoginCompleted, said_at: int
    ) -> None:
        """The rules again, then the records: what is not allowed any more ends first.

        Where nothing was learned of the person, new tokens are kept and the rest stays due.
        """
        if completed.incomplete:
            await self._write(browser, holder, completed, browser.principal, browser.refreshed_at)
            return
        for session in await self._store.applications(browser.cookie_hash):
            route = self._routes.get(session.endpoint.id)
            if route is not None and not allowed(route.rules, completed.identity):
                log.info("refresh_ended", reason="not_allowed", user=browser.user_id, session=session.id)
                await self._store.end_application_session(
                    session.id, EndReason.REFRESH_REFUSED, author_of(browser.principal.provider)
                )
        principal = principal_of(completed.identity, browser.principal.provider)
        await self._write(browser, holder, completed, principal, said_at)

    async def _write(
        self,
        browser: BrowserSession,
        holder: str,
        completed: LoginCompleted,
        principal: Principal,
        said_at: int,
    ) -> None:
        await self._store.finish_refresh(
            browser,
            holder,
            principal=principal,
            refreshed_at=said_at,
            access_token=completed.access_token,
            memory=completed.memory,
        )

    async def _end(self, browser: BrowserSession, reason: str, detail: str) -> None:
        await self._hold_on(browser, lambda: self._end_unless_renewed(browser, reason, detail))

    async def _end_unless_renewed(self, browser: BrowserSession, reason: str, detail: str) -> None:
        standing = await self._store.browser_session(browser.cookie_hash)
        if isinstance(standing, BrowserSession) and standing.refreshed_at > browser.refreshed_at:
            return  # a slow one, whose turn was over, used up the token that was refused, and has written
        log.info("refresh_ended", reason=reason, detail=detail, user=browser.user_id)
        await self._store.end_browser_session(
            browser.cookie_hash, EndReason.REFRESH_REFUSED, author_of(browser.principal.provider)
        )

    @asynccontextmanager
    async def _prolonged(self, cookie_hash: CookieHash, holder: str) -> AsyncIterator[None]:
        async def prolong() -> None:
            while True:
                await asyncio.sleep(TURN_MS / 3000)
                with contextlib.suppress(StoreUnavailable):
                    await self._store.prolong_refresh(cookie_hash, holder, TURN_MS)

        task = asyncio.create_task(prolong(), name="refresh turn")
        try:
            yield
        finally:
            task.cancel()

    def _leave(self, session: ApplicationSession, seconds: float) -> None:
        if len(self._left_until) >= _MOST_KNOWN:
            self._left_until.clear()
        self._left_until[session.id] = self._now_ms() + int(seconds * 1000)


def _is_same(identity: Identity, browser: BrowserSession) -> bool:
    principal = browser.principal
    return (identity.issuer, identity.subject) == (principal.issuer, principal.subject)
