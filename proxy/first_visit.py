"""The first request of a browser session at an endpoint: no application session stands there yet.

Off the hot path, in a task. The browser session's record decides whether one begins, and it is written before
the request goes on.
"""

from proxy.gate import Login, Verdict, ended, expiry_at
from proxy.routes import Route
from proxy.services import Services
from session_store import ApplicationSession, BrowserSession, Context, CookieHash, Tombstone


async def first_visit(services: Services, cookie_hash: CookieHash, route: Route, context: Context) -> Verdict:
    """The verdict on a first visit, with the session begun where it is *allow*. Raises StoreUnavailable."""
    store, gate = services.store, services.gate
    browser = await store.browser_session(cookie_hash)
    verdict = gate.judge_first_visit(browser, cookie_hash, route, services.now_ms())
    if not isinstance(verdict, BrowserSession):
        return verdict
    begun = await store.start_application_session(
        verdict,
        route.endpoint,
        expires_at=expiry_at(verdict, route),
        idle_timeout_s=route.idle_timeout_s,
        context=context,
        session_limit=route.session_limit,
    )
    if isinstance(begun, ApplicationSession):
        return gate.judge_begun(begun, route, services.now_ms())
    return ended(begun) if isinstance(begun, Tombstone) else Login("no_session")
