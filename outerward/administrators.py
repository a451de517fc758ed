"""Who of those that sign in through a provider administers, and with which role: asked anew at each request.

Their session is the login flow's; what it remembers of somebody is held against the roles that are configured
now. Knows no request and no page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from admin_api import Caller, Person, RoleSettings, Scope
from idp_adapters import Rule, allowed, parse_rule
from proxy import Route, account_of, identity_of
from session_store import BrowserSession, CookieHash, Principal, Store


@dataclass(frozen=True, slots=True)
class Roles:
    """Which entries make somebody what; the most comes first."""

    lists: Sequence[tuple[Scope, Sequence[Rule]]]

    @classmethod
    def of(cls, settings: RoleSettings) -> "Roles":
        """The roles of checked settings."""
        named = (
            (Scope.ADMIN, settings.admin),
            (Scope.REVOKE, settings.operator),
            (Scope.READ, settings.viewer),
        )
        return cls([(scope, [parse_rule(entry) for entry in held or ()]) for scope, held in named])

    def scope_of(self, principal: Principal) -> Scope | None:
        """The most that any list gives ``principal``; None where it is on none."""
        identity = identity_of(principal)
        return next((scope for scope, rules in self.lists if allowed(rules, identity)), None)


class Administrators:
    """Finds them by the cookie of their session at ``dashboard``; ``now_ms`` is Unix time."""

    def __init__(self, store: Store, dashboard: Route, roles: Roles, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._dashboard = dashboard
        self._roles = roles
        self._now_ms = now_ms

    async def find(self, cookie_hash: CookieHash) -> Person | None:
        """Who has this cookie and a role; None also where the session is over or another host's.

        Raises StoreUnavailable.
        """
        browser = await self._store.browser_session(cookie_hash)
        if not isinstance(browser, BrowserSession) or not self._is_open(browser):
            return None
        scope = self._roles.scope_of(browser.principal)
        if scope is None:
            return None
        caller = Caller(str(browser.user_id), scope, browser.user_tag)
        return Person(caller, browser.principal.name or account_of(browser.principal))

    def _is_open(self, browser: BrowserSession) -> bool:
        """Whether it counts here and now; the roles are about people of the provider that is configured."""
        at_home = browser.scope == self._dashboard.cookie.scope
        by_provider = browser.principal.provider in self._dashboard.providers
        return at_home and by_provider and self._now_ms() < browser.expires_at
