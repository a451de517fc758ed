"""Signing out: when at once, when by a button, what it ends, and where it leads."""

import hashlib

import pytest
from structlog.testing import capture_logs

from session_store import BrowserSession, CookieHash, EndReason, Store, Tombstone
from tests.support.control import Browser, Control

LOGOUT = "/.outerward/logout"


async def session_of(store: Store, cookie: str | None) -> BrowserSession | Tombstone | None:
    return await store.browser_session(CookieHash(hashlib.sha256((cookie or "").encode()).digest()))


async def assert_signed_in(store: Store, visitor: Browser) -> None:
    assert isinstance(await session_of(store, visitor.session), BrowserSession)


@pytest.mark.parametrize("site", ["same-origin", "none"])
@pytest.mark.parametrize("path", [LOGOUT, "/ngrok/logout"])
async def test_a_visitor_who_plainly_asks_is_signed_out_at_once(
    store: Store, visitor: Browser, site: str, path: str
) -> None:
    await visitor.sign_in()
    cookie = visitor.session
    with capture_logs() as logs:
        reply = await visitor.get(path, sec_fetch_site=site)

    assert (reply.status, reply.location) == (302, "/.outerward/signed-out")
    assert visitor.session is None
    ended = await session_of(store, cookie)
    assert isinstance(ended, Tombstone)
    assert (ended.reason, ended.ended_by[:7]) == (EndReason.LOGOUT, "edgusr_")
    assert [entry["event"] for entry in logs] == ["logout"]
    assert (await visitor.get(reply.location)).code == "OUT-2031"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "same-origin, none"])
async def test_cookie_14_a_link_or_an_image_from_elsewhere_is_a_page_with_one_button(
    store: Store, visitor: Browser, site: str
) -> None:
    await visitor.sign_in()
    page = await visitor.get(LOGOUT, sec_fetch_site=site)
    image = await visitor.get(LOGOUT, sec_fetch_site=site, sec_fetch_mode="no-cors", accept="image/*")

    assert (page.status, page.code) == (200, "OUT-2030")
    assert image.set_cookies == []
    await assert_signed_in(store, visitor)
    reply = await visitor.post(page.form("Sign out"))
    assert (reply.status, reply.location) == (303, "/.outerward/signed-out")
    assert visitor.session is None


async def test_a_prefetch_of_the_logout_address_signs_nobody_out(store: Store, visitor: Browser) -> None:
    await visitor.sign_in()
    await visitor.get(LOGOUT, sec_fetch_site="none", sec_purpose="prefetch;prerender")

    await assert_signed_in(store, visitor)


async def test_a_button_on_another_site_signs_nobody_out(store: Store, visitor: Browser) -> None:
    await visitor.sign_in()
    for headers in (
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "null", "sec_fetch_site": ""},
        {"origin": "", "sec_fetch_site": ""},
        {"origin": "https://app.example.com", "sec_fetch_site": "cross-site"},
    ):
        reply = await visitor.post(LOGOUT, **headers)
        assert (reply.status, reply.code) == (403, "OUT-2003")

    await assert_signed_in(store, visitor)


async def test_a_head_changes_nothing(store: Store, visitor: Browser) -> None:
    await visitor.sign_in()
    reply = await visitor.send("HEAD", LOGOUT, sec_fetch_site="same-origin")

    assert reply.status == 200
    assert reply.set_cookies == []
    await assert_signed_in(store, visitor)


@pytest.mark.parametrize(
    ("wanted", "location"),
    [
        ("/bye%3Fx=1", "/bye?x=1"),
        ("//evil.example", "/"),
        ("https:evil.example", "/"),
        ("/%5cevil.example", "/"),
        ("/.outerward/logout", "/"),
        ("%09//evil.example", "/"),
        ("", "/"),
    ],
)
async def test_the_way_on_stays_on_the_host_also_through_the_button(
    visitor: Browser, wanted: str, location: str
) -> None:
    await visitor.sign_in()
    page = await visitor.get(f"{LOGOUT}?redirect_path={wanted}", sec_fetch_site="cross-site")

    assert (await visitor.post(page.form("Sign out"))).location == location
    assert (await visitor.get(f"{LOGOUT}?redirect_path={wanted}", sec_fetch_site="none")).location == location


async def test_signing_out_without_a_session_leads_to_the_same_page(visitor: Browser) -> None:
    assert (await visitor.get(LOGOUT, sec_fetch_site="none")).location == "/.outerward/signed-out"
    visitor.cookies["__Host-outerward"] = "x" * 43
    assert (await visitor.post(LOGOUT)).location == "/.outerward/signed-out"
    assert visitor.session is None


async def test_a_session_of_another_host_is_not_ended(
    store: Store, control: Control, visitor: Browser
) -> None:
    await visitor.sign_in()
    elsewhere = control.browser("apps.localhost")
    elsewhere.cookies["outerward"] = visitor.session or ""
    await elsewhere.get(LOGOUT, sec_fetch_site="none")

    await assert_signed_in(store, visitor)


async def test_the_signed_out_page_leads_back_in_and_needs_no_session(
    visitor: Browser, control: Control
) -> None:
    page = await visitor.get("/.outerward/signed-out")
    edge = await control.browser("apps.localhost").get("/.outerward/signed-out")

    assert page.link("Sign in") == "/.outerward/login?redirect_path=/"
    assert edge.link("Sign in") == "/.outerward/login?redirect_path=/wiki"
