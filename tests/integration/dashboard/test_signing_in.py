"""Signing in to the dashboard by a token and by a one-time link, and out: all of it without a script."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from admin_api import Administration, Caller, Person, Scope
from dashboard import Dashboard
from session_store import CookieHash, Store, TokenId
from tests.support.admin_api import BOOTSTRAP, raw, running_api
from tests.support.dashboard_pages import CHOICES, Browser, location, running_pages
from tests.support.redis_server import RedisServer

CANARY = "CANARY-" + "c" * 36
USERS = "/dashboard/users"
LOGIN = "/dashboard/login"
EVIL = [
    "https://evil.example/",
    "//evil.example/dashboard/users",
    "/\\evil.example",
    "/dashboard/../../evil",
    "/dashboard/users\r\nSet-Cookie: a=b",
    "/%0d%0aSet-Cookie:a=b",
    "javascript:alert(1)",
    "/dashboard/logout",
]


# The page


async def test_the_page_has_a_field_and_a_button_and_one_more_for_each_provider(browser: Browser) -> None:
    page = await browser.get(f"{LOGIN}?redirect_path=/dashboard/events?x=1")
    parsed = page.parsed

    token, provider = parsed.all("form")
    assert (token["method"], token["action"]) == ("post", LOGIN)
    assert (provider["method"], provider["action"]) == ("get", "/.outerward/login")
    fields = {(each["name"], each.get("value", "")) for each in parsed.all("input")}
    assert fields == {("token", ""), ("provider", "corp"), ("redirect_path", "/dashboard/events?x=1")}
    (label,) = parsed.all("label")
    assert [each["type"] for each in parsed.all("input") if each.get("id") == label["for"]] == ["password"]
    assert len(parsed.all("button")) == 2
    assert "Sign in with " + CHOICES[0].title in page.words
    assert parsed.all("img") == parsed.all("script") == []


async def test_without_a_provider_there_is_no_button_for_one(store: Store) -> None:
    async with running_api(store, pages=without_providers) as api:
        assert len((await Browser(api).get(LOGIN)).parsed.all("button")) == 1


def without_providers(app: web.Application, administration: Administration) -> None:
    Dashboard(administration).add_to(app)


# By a token


async def test_a_token_leads_to_the_page_that_was_wanted(browser: Browser) -> None:
    signed_in = await browser.sign_in(return_path="/dashboard/events?x=1")

    assert (signed_in.status, location(signed_in)) == (303, "/dashboard/events?x=1")
    assert (await browser.get("/dashboard/events?x=1")).status == 200
    cookie = signed_in.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert BOOTSTRAP not in cookie


async def test_a_token_that_was_pasted_with_a_blank_is_taken(browser: Browser) -> None:
    assert (await browser.sign_in(f" {BOOTSTRAP}\n")).status == 303


@pytest.mark.parametrize("path", EVIL)
async def test_redir_01_no_sign_in_leads_away_from_the_dashboard(browser: Browser, path: str) -> None:
    page = await browser.get(f"{LOGIN}?{urlencode({'redirect_path': path})}")
    signed_in = await browser.sign_in(return_path=path)
    again = await browser.get(f"{LOGIN}?{urlencode({'redirect_path': path})}")

    assert {each["value"] for each in page.parsed.all("input") if each["name"] == "redirect_path"} == {USERS}
    assert location(signed_in) == location(again) == USERS


@pytest.mark.parametrize("token", [CANARY, "ü" * 40, "a b", "\0", "x" * 9000])
async def test_a_wrong_token_is_told_and_never_repeated(browser: Browser, token: str) -> None:
    with capture_logs() as lines:
        page = await browser.sign_in(token, "/dashboard/events")

    assert page.status == 401
    assert "not a valid token" in page.words
    assert page.headers["WWW-Authenticate"]
    assert page.parsed.all("p")[0] == {"class": "problem", "role": "alert"}
    assert "/dashboard/events" in {each.get("value") for each in page.parsed.all("input")}
    assert token not in page.text + repr(lines) + repr(page.headers)
    assert browser.cookies == {}


async def test_no_token_at_all_is_no_failed_attempt(browser: Browser, store: Store) -> None:
    async with running_pages(store, monotonic_s=lambda: 0.0) as still:
        for _ in range(20):
            assert (await still.sign_in("  ")).status == 400
        assert (await still.sign_in("wrong")).status == 401
    page = await browser.sign_in("")
    assert "Type or paste a token" in page.words


async def test_too_many_wrong_tokens_are_held_back_and_a_right_one_is_not(store: Store) -> None:
    async with running_pages(store, monotonic_s=lambda: 0.0) as browser:
        statuses = [(await browser.sign_in(f"wrong-{number}")).status for number in range(12)]
        page = await browser.sign_in("wrong")

        assert set(statuses) == {401, 429}
        assert (page.status, page.headers["Retry-After"]) == (429, "1")
        assert "Too many attempts" in page.words
        assert (await browser.sign_in()).status == 303


async def test_who_is_signed_in_already_is_led_on(browser: Browser) -> None:
    await browser.sign_in()
    page = await browser.get(f"{LOGIN}?redirect_path=/dashboard/events")

    assert (page.status, location(page)) == (303, "/dashboard/events")


async def test_a_session_that_is_over_is_said_to_be(browser: Browser, store: Store) -> None:
    token, secret = await store.create_token("n", "read", None)
    await browser.sign_in(secret)
    await store.delete_token(TokenId(token.id))

    assert (await browser.get(USERS)).status == 303
    assert "Your session is over" in (await browser.get(LOGIN)).words
    assert "Your session is over" in (await Browser(browser.api).get(f"{LOGIN}?over=1")).words
    assert "Your session is over" not in (await Browser(browser.api).get(LOGIN)).words


async def test_two_cookies_of_the_name_are_nobody_and_are_cleared(browser: Browser) -> None:
    await browser.sign_in()
    ((name, value),) = browser.cookies.items()
    page = await Browser(browser.api).get(USERS, headers={"Cookie": f"{name}={value}; {name}={value}"})

    assert page.status == 303
    assert "Max-Age=0" in page.headers["Set-Cookie"]


async def test_a_new_sign_in_ends_the_session_that_it_replaces(browser: Browser) -> None:
    await browser.sign_in()
    before = Browser(browser.api, dict(browser.cookies))
    await browser.sign_in()

    assert (await browser.get(USERS)).status == 200
    assert (await before.get(USERS)).status == 303


# Forms


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "", "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=["another origin", "no origin to name", "an empty one", "another site", "another host of the site"],
)
@pytest.mark.parametrize("path", [LOGIN, "/dashboard/logout"])
async def test_admin_04_a_form_of_another_site_does_nothing(
    browser: Browser, path: str, headers: dict[str, str]
) -> None:
    await browser.sign_in()
    cookies = dict(browser.cookies)
    page = await browser.post(path, {"token": BOOTSTRAP}, **headers)

    assert page.status == 403
    assert "Set-Cookie" not in page.headers
    assert browser.cookies == cookies
    assert (await browser.get(USERS)).status == 200


async def test_admin_04_a_form_from_nowhere_does_nothing(browser: Browser) -> None:
    page = await browser.ask("POST", LOGIN, data={"token": BOOTSTRAP})

    assert (page.status, browser.cookies) == (403, {})


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", f"token={BOOTSTRAP}"),
        ("application/json", "{}"),
        ("multipart/form-data; boundary=x", "--x--"),
        ("application/x-www-form-urlencoded", f"token={BOOTSTRAP}&token={BOOTSTRAP}"),
        ("application/x-www-form-urlencoded", "token=%ff"),
        ("application/x-www-form-urlencoded", "token=" + "a" * 20_000),
    ],
    ids=["plain text", "JSON", "several parts", "a field twice", "no UTF-8", "too large"],
)
async def test_what_is_not_the_pages_form_is_a_400(browser: Browser, content_type: str, body: str) -> None:
    headers = {"Origin": browser.api.url, "Content-Type": content_type}
    page = await browser.ask("POST", LOGIN, data=body, headers=headers)

    assert (page.status, browser.cookies) == (400, {})


async def test_a_form_that_never_arrives_is_given_up(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.forms.TIMEOUT_S", 0.05)
    lines = [
        f"POST {LOGIN} HTTP/1.1",
        f"Host: 127.0.0.1:{browser.api.port}",
        f"Origin: {browser.api.url}",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 100",
        "Expect: 100-continue",
    ]
    answer = await raw(browser.api, "\r\n".join([*lines, "", "token="]).encode())

    assert (answer.interim, answer.status) == ((100,), 400)


# By a one-time link


@pytest.fixture
async def code(store: Store) -> str:
    """A link's code, for a token of the scope ``revoke``."""
    _, secret = await store.create_token("operators", "revoke", None)
    made = await store.offer_dashboard_link(secret)
    assert made is not None
    return made


async def test_a_link_signs_in_once_and_its_code_stays_in_no_address(browser: Browser, code: str) -> None:
    page = await browser.get(f"{LOGIN}?code={code}&redirect_path=/dashboard/events")

    assert (page.status, location(page)) == (303, "/dashboard/events")
    assert page.parsed.elements == []
    assert 'data-scope="revoke"' in (await browser.get(USERS)).text
    second = await Browser(browser.api).get(f"{LOGIN}?code={code}")
    assert (second.status, "Set-Cookie" in second.headers) == (401, False)
    assert "used already" in second.words
    assert code not in second.text


async def test_who_opens_the_link_again_in_the_same_browser_is_led_on(browser: Browser, code: str) -> None:
    await browser.get(f"{LOGIN}?code={code}")

    assert location(await browser.get(f"{LOGIN}?code={code}")) == USERS


async def test_looking_at_a_link_by_head_does_not_use_it_up(browser: Browser, code: str) -> None:
    looked = await browser.ask("HEAD", f"{LOGIN}?code={code}")

    assert (looked.status, browser.cookies) == (200, {})
    assert (await browser.get(f"{LOGIN}?code={code}")).status == 303


async def test_an_image_of_another_site_does_not_use_a_link_up(browser: Browser, code: str) -> None:
    shown = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site"}
    asked = await browser.get(f"{LOGIN}?code={code}", headers=shown)

    assert (asked.status, browser.cookies) == (200, {})
    assert (await browser.get(f"{LOGIN}?code={code}")).status == 303


async def test_a_link_under_another_name_is_not_used_up(browser: Browser, code: str) -> None:
    assert (await browser.get(f"{LOGIN}?code={code}", headers={"Host": "evil.example"})).status == 421
    assert (await browser.get(f"{LOGIN}?code={code}")).status == 303


@pytest.mark.parametrize("value", ["", "x", "%ff", "%00", "a" * 3000, "%C3%BC", "%0d%0a", "a" * 43])
async def test_what_was_never_a_link_is_told_as_one_that_is_over(browser: Browser, value: str) -> None:
    page = await browser.get(f"{LOGIN}?code={value}")

    assert (page.status, browser.cookies) == (401, {})
    assert "used already" in page.words


# Out


async def test_signing_out_ends_the_session_here_and_in_the_store(browser: Browser) -> None:
    await browser.sign_in()
    before = Browser(browser.api, dict(browser.cookies))
    page = await browser.post("/dashboard/logout")

    assert (page.status, location(page), browser.cookies) == (303, LOGIN, {})
    assert (await before.get(USERS)).status == 303


async def test_signing_out_twice_is_no_error(browser: Browser) -> None:
    assert location(await browser.post("/dashboard/logout")) == LOGIN


@asynccontextmanager
async def through_provider(store: Store) -> AsyncIterator[Browser]:
    """A browser whose cookie, of whatever value, is somebody's who signed in through a provider."""

    async def find(_cookie: CookieHash) -> Person | None:
        return Person(Caller("edgusr_1", Scope.REVOKE), '<img src=x onerror="alert(1)">')

    async with running_pages(store, find_person=find) as browser:
        browser.cookies = {"outerward-admin": "a" * 43}
        yield browser


async def test_who_came_through_a_provider_is_sent_to_where_that_session_ends(store: Store) -> None:
    async with through_provider(store) as browser:
        page = await browser.post("/dashboard/logout")

        assert (page.status, location(page)) == (303, "/.outerward/logout")
        assert browser.cookies


async def test_the_pages_of_who_came_through_a_provider_let_a_form_end_there(store: Store) -> None:
    async with through_provider(store) as browser:
        assert "form-action" not in (await browser.get(USERS)).headers["Content-Security-Policy"]


async def test_admin_08_a_name_with_markup_is_a_name(store: Store) -> None:
    async with through_provider(store) as browser:
        page = await browser.get(USERS)

        assert not page.parsed.all("img")
        assert '<img src=x onerror="alert(1)">' in page.words


# Without a store


def killed(server: RedisServer) -> None:
    server.kill()


def hung(server: RedisServer) -> None:
    server.hang()


@pytest.mark.parametrize("stop", [killed, hung])
async def test_without_the_store_pages_say_so_and_nobody_is_told_to_be_signed_out(
    store_server: RedisServer, stop: Callable[[RedisServer], None]
) -> None:
    store = Store.open(store_server.url, secrets=["s" * 32], command_timeout_s=0.2)
    await store.start()
    try:
        async with running_pages(store) as browser:
            await browser.sign_in()
            cookies = dict(browser.cookies)
            stop(store_server)
            asked: list[Any] = [
                browser.get(USERS),
                browser.get(LOGIN),
                browser.get(f"{LOGIN}?code={'a' * 43}"),
                browser.sign_in("owt_" + "a" * 43),
                browser.post("/dashboard/logout"),
            ]
            for each in asked:
                page = await each
                assert (page.status, page.headers["Retry-After"]) == (503, "1")
                assert "does not answer" in page.words
                assert "Set-Cookie" not in page.headers
            assert browser.cookies == cookies
            assert (await Browser(browser.api).get(LOGIN)).status == 200
    finally:
        await store.close()


async def test_an_unforeseen_fault_is_a_500_without_detail(store: Store) -> None:
    async def find(_cookie: CookieHash) -> Person | None:
        raise RuntimeError(CANARY)

    with capture_logs() as lines:
        async with running_pages(store, find_person=find) as browser:
            browser.cookies = {"outerward-admin": "a" * 43}
            page = await browser.get(USERS)

    assert page.status == 500
    assert CANARY not in page.text + repr(lines)
    (fault,) = [line for line in lines if line["event"] == "dashboard_internal_error"]
    assert fault["operation_id"] == page.headers["X-Operation-Id"]
    assert page.headers["X-Operation-Id"] in page.text
