"""What the steps of a login work with: the site, the store, the providers, the clock and the dice."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from idp_adapters import Provider, Providers, RelyingParty
from proxy.context import Contexts
from proxy.identity_jwt import IdentityKey
from proxy.login.answers import BEGUN_WINDOW_S, FAILURE_WINDOW_S
from proxy.login.flow import is_open_here, party_of
from proxy.login.transaction import Stage, key_of
from proxy.login.visit import Visit
from proxy.routes import Site
from session_store import BrowserSession, EndReason, SignedIn, Store, StoreTime, UserId, host_network

log = structlog.get_logger("proxy.login")

MOST_FAILURES = 10
"""Failed callbacks of one client network within FAILURE_WINDOW_S."""
MOST_BEGUN = 3000
"""Logins that one client network may begin within BEGUN_WINDOW_S: a large office stays below.

What is kept of so many is some MB of the store.
"""
REMEMBERED_S = 2.0
MOST_REMEMBERED = 10_000


def fresh_secret() -> str:
    """256 random bits as 43 characters of base64url."""
    return secrets.token_urlsafe(32)


def unix_ms() -> int:
    """The time of this machine, Unix ms."""
    return time.time_ns() // 1_000_000


class Limited:
    """Counters that were full moments ago: a flood that they hold up need not ask the store each time."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def has(self, counter: str) -> bool:
        """Whether ``counter`` was added within the last seconds."""
        return time.monotonic() < self._until.get(counter, 0.0)

    def add(self, counter: str) -> None:
        """Remember ``counter`` for a few seconds."""
        if len(self._until) >= MOST_REMEMBERED:
            self._until.clear()
        self._until[counter] = time.monotonic() + REMEMBERED_S


@dataclass(frozen=True, slots=True)
class Desk:
    """``now_ms`` is Unix time; ``new_secret`` gives 256 random bits as 43 characters of base64url."""

    site: Site
    store: Store
    providers: Providers
    identity_key: IdentityKey
    contexts: Contexts
    now_ms: Callable[[], int]
    new_secret: Callable[[], str]
    limited: Limited = field(default_factory=Limited)

    @property
    def issuers(self) -> dict[str, str]:
        """What each provider calls itself, where it may begin a login by that."""
        return {name: each.issuer for name, each in self.providers.items() if each.issuer}

    def party(self, visit: Visit, provider: Provider) -> RelyingParty:
        """Our addresses for ``provider`` in the logins of this visit's host."""
        return party_of(self.site, visit, provider)

    async def kept(self, stage: Stage, state: str) -> tuple[bytes | None, StoreTime]:
        """What is kept for ``state``, left where it is, and the store's time; no state costs nothing."""
        return await self.store.read_login(key_of(stage, state)) if state else (None, StoreTime(0))

    async def is_limited(self, visit: Visit) -> bool:
        """Whether this client failed so often that it is not looked at for a while."""
        counter = _failures_of(visit)
        if self.limited.has(counter):
            return True
        limited = await self.store.failures(counter) >= MOST_FAILURES
        if limited:
            self.limited.add(counter)
        return limited

    async def count_failure(self, visit: Visit) -> bool:
        """Count a failed login of this client; whether it is still within the limit."""
        count = await self.store.count_failure(_failures_of(visit), FAILURE_WINDOW_S)
        return count <= MOST_FAILURES

    async def may_begin(self, visit: Visit) -> bool:
        """Count a login that this client begins; whether it is still within the limit.

        Each is kept for a while and asks for no proof of anything. One that succeeds is not given back.
        """
        caller = visit.caller
        counter = f"begun:{client_network(caller.address)}"
        if self.limited.has(counter):
            return False
        if await self.store.count_failure(counter, BEGUN_WINDOW_S) <= MOST_BEGUN:
            return True
        self.limited.add(counter)
        log.warning(
            "logins_limited", limit=MOST_BEGUN, client_address=caller.address, request_id=caller.request_id
        )
        return False

    async def end_session(self, visit: Visit, reason: EndReason, by: UserId | None = None) -> UserId | None:
        """End the browser session that this visit's cookie opens on this host; whose it was.

        ``by`` is who ends it, the session's own user where it is None. Raises StoreUnavailable; the session
        may then be live still.
        """
        browser = await self.open_session(visit)
        if browser is None:
            return None
        await self.store.end_browser_session(browser.cookie_hash, reason, by or browser.user_id)
        return browser.user_id

    async def end_token_session(self, visit: Visit) -> SignedIn | None:
        """End what a token began at the dashboard under this visit's cookie; None where there was nothing.

        Raises StoreUnavailable.
        """
        if not visit.host.is_dashboard or visit.session.hash is None:
            return None
        found = await self.store.dashboard_session(visit.session.hash, in_use=False)
        return found if await self.store.end_dashboard_session(visit.session.hash) else None

    async def open_session(self, visit: Visit) -> BrowserSession | None:
        """The live browser session that this visit's cookie opens on this host."""
        if visit.session.hash is None:
            return None
        browser = await self.store.browser_session(visit.session.hash)
        if not isinstance(browser, BrowserSession) or not is_open_here(browser, visit, self.now_ms()):
            return None
        return browser


def client_network(address: str) -> str:
    """Whose attempts count together: what one host has of addresses. What is no address counts by itself."""
    return host_network(address) or address


def _failures_of(visit: Visit) -> str:
    return f"login:{client_network(visit.caller.address)}"
