"""What the steps of a login work with: the site, the store, the providers, the clock and the dice."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from idp_adapters import Providers
from proxy.login.answers import FAILURE_WINDOW_S
from proxy.login.flow import is_open_here
from proxy.login.visit import Visit
from proxy.routes import Site
from session_store import BrowserSession, EndReason, Store, UserId

log = structlog.get_logger("proxy.login")

MOST_FAILURES = 10
"""Failed callbacks of one client address within FAILURE_WINDOW_S."""


@dataclass(frozen=True, slots=True)
class Desk:
    """``now_ms`` is Unix time; ``new_secret`` gives 256 random bits as 43 characters of base64url."""

    site: Site
    store: Store
    providers: Providers
    now_ms: Callable[[], int]
    new_secret: Callable[[], str]

    async def count_failure(self, visit: Visit) -> bool:
        """Count a failed login of this client; whether it is still within the limit."""
        count = await self.store.count_failure(f"login:{visit.caller.address}", FAILURE_WINDOW_S)
        return count <= MOST_FAILURES

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

    async def open_session(self, visit: Visit) -> BrowserSession | None:
        """The live browser session that this visit's cookie opens on this host."""
        if visit.session.hash is None:
            return None
        browser = await self.store.browser_session(visit.session.hash)
        if not isinstance(browser, BrowserSession) or not is_open_here(browser, visit, self.now_ms()):
            return None
        return browser
