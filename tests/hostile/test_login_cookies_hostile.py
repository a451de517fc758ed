"""COOKIE rows and lessons: no planted, borrowed or made-up value opens a session or outlives a login."""

import hashlib
from collections.abc import AsyncIterator

import pytest

from proxy.login.transaction import key_of
from session_store import BrowserSession, CookieHash, Store, Tombstone
from tests.support.control import ROUTES, Browser, Control, Stub, serving


@pytest.fixture
async def control(store: Store) -> AsyncIterator[Control]:
    async with serving(ROUTES, store, [Stub(), Stub("okta")]) as running:
        yield running


@pytest.fixture
def visitor(control: Control) -> Browser:
    return control.browser("app.example.com")


async def session_of(store: Store, cookie: str | None) -> BrowserSession | Tombstone | None:
    return await store.browser_session(CookieHash(hashlib.sha256((cookie or "").encode()).digest()))


async def test_cookie_02_lesson_6_a_planted_cookie_is_worth_nothing_after_the_login(
    store: Store, visitor: Browser
) -> None:
    planted = "p" * 43
    visitor.cookies["__Host-outerward"] = planted
    await visitor.sign_in()

    assert visitor.session != planted
    assert await session_of(store, planted) is None
    assert isinstance(await session_of(store, visitor.session), BrowserSession)


async def test_lesson_35_an_attackers_live_session_planted_before_the_login_dies_with_it(
    store: Store, control: Control, visitor: Browser
) -> None:
    attacker = control.browser("app.example.com")
    await attacker.sign_in()
    visitor.cookies["__Host-outerward"] = attacker.session or ""
    await visitor.sign_in()

    assert visitor.session != attacker.session
    assert isinstance(await session_of(store, attacker.session), Tombstone)


async def test_lesson_53_two_people_on_a_shared_browser_with_half_the_cookies_deleted_never_mix(
    store: Store, control: Control
) -> None:
    visitor = control.browser("apps.localhost")
    left_open = await visitor.begin("/notes/first")
    await visitor.sign_in("/notes", "ada")
    adas = visitor.cookies.pop("outerward")
    landing = await visitor.answer(left_open["state"], "bob")
    sessions = [await session_of(store, cookie) for cookie in (adas, visitor.session)]

    assert landing.location == "/notes/first"
    assert [s.principal.subject for s in sessions if isinstance(s, BrowserSession)] == ["ada", "bob"]


async def test_cookie_16_lesson_49_no_value_of_a_login_is_a_session(
    store: Store, visitor: Browser, control: Control
) -> None:
    state = (await visitor.begin())["state"]
    (name,) = visitor.logins
    values = [state, visitor.cookies[name], key_of("login", state), name[-8:]]
    await visitor.answer(state, "ada")
    (view,) = (await store.users(limit=10, before=None)).items
    values += [view.user.id, view.user.tag]

    for value in values:
        assert await session_of(store, value) is None
        thief = control.browser("app.example.com")
        thief.cookies["__Host-outerward"] = value
        assert (await thief.get("/.outerward/callback/corp?state=x&code=y")).code == "OUT-2011"


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        ";",
        "=",
        "__Host-outerward",
        "__Host-outerward=",
        '__Host-outerward="{value}"',
        "__Host-outerward={value}x",
        "__Host-outerward={short}",
        "__Host-outerward={swapped}",
        "__host-outerward={value}",
        "outerward={value}",
        "__Host-outerward={value}; __Host-outerward={value}",
        "__Host-outerward=\x80\xff",
        "__Host-outerward=" + "a" * 7000,
        "; ".join(f"c{number}=x" for number in range(500)),
        "__Host-outerward-login-AAAAAAAA=" + "a" * 43,
    ],
)
async def test_cookie_06_an_odd_cookie_is_nobody_and_never_a_fault(visitor: Browser, cookie: str) -> None:
    await visitor.sign_in()
    value = visitor.session or ""
    spelled = cookie.format(value=value, short=value[:-1], swapped=value.swapcase())

    reply = await visitor.get("/.outerward/callback/corp?state=x&code=y", cookie=spelled)

    assert (reply.status, reply.code) == (400, "OUT-2011")


async def test_lesson_30_hundreds_of_login_cookies_are_bounded_work_and_a_bounded_answer(
    visitor: Browser,
) -> None:
    jar = "; ".join(f"__Host-outerward-login-{number:08d}={'a' * 43}" for number in range(100))
    reply = await visitor.get("/.outerward/login", cookie=jar)

    assert reply.status == 302
    assert len(reply.set_cookies) <= 21


@pytest.mark.parametrize(
    "path", ["/.outerward/login", "/.outerward/logout", "/.outerward/callback/corp", "/.outerward/x"]
)
@pytest.mark.parametrize(
    "query", ["", "?" + "a" * 7000, "?%ff%00", "?&&&==&", "?redirect_path=%ff&state=%ed%a0%80"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "BREW"])
async def test_no_odd_request_is_a_fault_of_ours(
    visitor: Browser, method: str, path: str, query: str
) -> None:
    reply = await visitor.send(
        method, path + query, origin="\xff", sec_fetch_site="'\"><script>", accept="text/html;q=\xff"
    )

    assert reply.status < 500
