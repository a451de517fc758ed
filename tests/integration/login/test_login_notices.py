"""The notice about a session that somebody else ended: nobody is signed in again silently."""

import hashlib

from session_store import (
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    Endpoint,
    EndReason,
    Store,
)
from tests.support.control import ROUTES, Browser, Control, Reply, Stub

TUNNEL, WIKI, NOTES = (route.endpoint for route in ROUTES)
LOGIN = "/.outerward/login?redirect_path=/report"


def hash_of(browser: Browser) -> CookieHash:
    return CookieHash(hashlib.sha256((browser.session or "").encode()).digest())


async def visit(store: Store, browser: Browser, endpoint: Endpoint) -> ApplicationSession:
    """What the gate does at the first request."""
    session = await store.browser_session(hash_of(browser))
    assert isinstance(session, BrowserSession)
    context = Context(ip_address="192.0.2.1")
    started = await store.start_application_session(
        session, endpoint, expires_at=session.expires_at, idle_timeout_s=0, context=context
    )
    assert isinstance(started, ApplicationSession)
    return started


def assert_notice(reply: Reply) -> None:
    assert (reply.status, reply.code) == (200, "OUT-2002")
    assert "An administrator ended your session on " in reply.text
    assert " UTC." in reply.text


async def test_a_session_ended_by_an_administrator_is_told_with_the_time_on_every_reload(
    store: Store, visitor: Browser, corp: Stub
) -> None:
    await visitor.sign_in()
    session = await visit(store, visitor, TUNNEL)
    await store.end_application_session(session.id, EndReason.REVOKED, "owtok_1")
    cookies = dict(visitor.cookies)
    begun = len(corp.begun)

    for _ in range(3):
        assert_notice(await visitor.get(LOGIN))
    assert visitor.cookies == cookies
    assert len(corp.begun) == begun


async def test_sign_in_again_asks_for_a_new_authentication_and_a_new_session_replaces_the_cookie(
    store: Store, visitor: Browser, corp: Stub
) -> None:
    await visitor.sign_in()
    old = visitor.session
    await store.end_browser_session(hash_of(visitor), EndReason.REVOKED, "owtok_1")
    notice = await visitor.get(LOGIN)
    begun = await visitor.post(notice.form("Sign in again"))

    assert begun.status == 303
    assert begun.location.startswith("https://corp.example/authorize?")
    assert corp.begun[-1][1] == "login"
    assert visitor.session == old
    assert_notice(await visitor.get(LOGIN))
    assert (await visitor.answer(begun.parameters["state"], "ada")).location == "/report"
    assert visitor.session != old
    assert (await visitor.get(LOGIN)).status == 302


async def test_a_deleted_user_is_told_too(store: Store, visitor: Browser) -> None:
    await visitor.sign_in()
    await visit(store, visitor, TUNNEL)
    (view,) = (await store.users(limit=10, before=None)).items
    await store.delete_user(view.user.id, "owtok_1")
    reply = await visitor.get(LOGIN)

    assert (reply.status, reply.code) == (200, "OUT-2002")
    assert "An administrator removed your account here" in reply.text


async def test_at_an_edge_the_notice_is_of_the_endpoint_that_was_ended_alone(
    store: Store, control: Control
) -> None:
    visitor = control.browser("apps.localhost")
    await visitor.sign_in("/notes")
    session = await visit(store, visitor, NOTES)
    await visit(store, visitor, WIKI)
    await store.end_application_session(session.id, EndReason.REVOKED, "owtok_1")

    assert_notice(await visitor.get("/.outerward/login?redirect_path=/notes"))
    assert (await visitor.get("/.outerward/login?redirect_path=/wiki")).status == 302


async def test_an_end_by_the_visitors_next_login_is_no_news(store: Store, visitor: Browser) -> None:
    await visitor.sign_in()
    await visit(store, visitor, TUNNEL)
    await store.end_browser_session(hash_of(visitor), EndReason.REPLACED, "edgusr_1")

    assert (await visitor.get(LOGIN)).status == 302


async def test_a_browser_that_signs_itself_out_is_told_nothing_at_its_next_login(visitor: Browser) -> None:
    await visitor.sign_in()
    assert (await visitor.post("/.outerward/logout")).status == 303
    assert (await visitor.get(LOGIN)).status == 302


async def test_a_browser_that_was_signed_out_elsewhere_is_told(store: Store, visitor: Browser) -> None:
    await visitor.sign_in()
    await visit(store, visitor, TUNNEL)
    await store.end_browser_session(hash_of(visitor), EndReason.LOGOUT, "edgusr_1")
    reply = await visitor.get(LOGIN)

    assert (reply.status, reply.code) == (200, "OUT-2002")
    assert "You signed out elsewhere, and that ended your session here on " in reply.text


async def test_another_site_can_neither_press_the_button_nor_skip_the_notice(
    store: Store, visitor: Browser, corp: Stub
) -> None:
    await visitor.sign_in()
    await store.end_browser_session(hash_of(visitor), EndReason.REVOKED, "owtok_1")
    button = (await visitor.get(LOGIN)).form("Sign in again")
    begun = len(corp.begun)

    for headers in (
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "https://evil.example", "sec_fetch_site": ""},
        {"origin": "null", "sec_fetch_site": ""},
        {"origin": "", "sec_fetch_site": ""},
        {"origin": "", "sec_fetch_site": "same-site"},
    ):
        refused = await visitor.post(button, **headers)
        assert (refused.status, refused.code) == (403, "OUT-2003")
    assert_notice(await visitor.get(button, sec_fetch_site="cross-site"))
    assert_notice(await visitor.get(button, sec_fetch_site="same-origin"))
    assert len(corp.begun) == begun


async def test_a_session_that_merely_ran_out_gives_no_notice(
    store: Store, visitor: Browser, control: Control
) -> None:
    await visitor.sign_in()
    control.clock.ahead_ms = 3_700_000

    assert (await visitor.get(LOGIN)).status == 302
