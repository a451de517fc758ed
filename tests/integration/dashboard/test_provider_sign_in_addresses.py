"""The login flow on the admin listener: which requests are for it, who is believed, what else ends by it."""

from collections.abc import AsyncIterator

import pytest

from proxy.login import desk as desk_module
from session_store import Store
from tests.support.admin_api import BOOTSTRAP, raw
from tests.support.dashboard_rim import COOKIE, Rim, running_rim
from tests.support.redis_server import RedisServer

LOGIN = "/.outerward/login"
HTML = "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n"


@pytest.fixture
async def rim(store: Store) -> AsyncIterator[Rim]:
    async with running_rim(store) as running:
        yield running


async def test_a_login_leads_to_the_provider_with_addresses_of_the_dashboard_and_back(rim: Rim) -> None:
    browser = rim.browser()
    reply = await browser.sign_in("/dashboard/sessions")

    assert (reply.status, reply.location) == (302, "/dashboard/sessions")
    assert rim.provider.begun == [(f"{rim.api.url}/.outerward/callback/corp", "")]
    assert list(browser.cookies) == [COOKIE]
    assert await rim.ask(browser, "/tokens") == 200


async def test_a_login_never_leads_anywhere_but_to_the_dashboard(rim: Rim) -> None:
    for wanted in ("/app/users", "//evil.example/dashboard/", "/.outerward/sessions", "/dashboard/../app"):
        assert (await rim.browser().sign_in(wanted)).location == "/dashboard/users"


@pytest.mark.parametrize("lines", ["Host: evil.example", "Host: 127.0.0.1", "Host: a\r\nHost: {own}"])
async def test_admin_04_another_host_is_told_the_right_address_and_nothing_begins(
    rim: Rim, lines: str
) -> None:
    own = rim.api.url.removeprefix("http://")
    head = f"GET {LOGIN} HTTP/1.1\r\n{lines.format(own=own)}\r\n{HTML}\r\n"
    answer = await raw(rim.api, head.encode())

    assert answer.status in ((400, 421) if "{own}" in lines else (421,))
    assert "set-cookie" not in answer.headers
    assert rim.provider.begun == []
    if answer.status == 421:
        assert f'href="{rim.api.url}/dashboard/users"'.encode() in answer.body
        assert b"OUT-1007" in answer.body


async def test_a_program_at_another_host_gets_json(rim: Rim) -> None:
    answer = await raw(rim.api, f"GET {LOGIN} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode())

    assert (answer.status, answer.json["error_code"]) == (421, "ERR_OUTERWARD_1007")


@pytest.mark.parametrize("name", ["X-Outerward-Edge", "x-outerward-edge", "X-OUTERWARD-EDGE"])
async def test_ident_what_only_an_edge_may_say_is_nothing_in_a_clients_mouth(rim: Rim, name: str) -> None:
    own = rim.api.url.removeprefix("http://")
    head = f"GET {LOGIN} HTTP/1.1\r\nHost: {own}\r\n{name}: 203.0.113.9 evil.example x\r\n{HTML}\r\n"

    assert (await raw(rim.api, head.encode())).status == 302


async def test_ident_the_address_that_is_told_is_that_of_the_connection(rim: Rim, store: Store) -> None:
    await rim.browser().sign_in()
    page = await store.events(limit=10, before=None)

    (login,) = [each.event for each in page.items if each.event.type == "login"]
    assert login.details["ip_address"] == "127.0.0.1"


@pytest.mark.parametrize(
    "target",
    [
        "/.outerward/",
        "/.outerward/Login",
        "/.outerward/login/",
        "/%2eouterward/login",
        "/.outerward/%6cogin",
        "/.outerward//login",
        "/.outerward/sessions",
        "/.outerward/jwks.json",
        "/.outerward/auth",
        "/.outerward/callback/okta",
        "/.outerward/saml/corp/acs",
        "/.outerward/login\xff",
        "/.outerward/..%2f..%2fdashboard",
    ],
)
async def test_nothing_but_the_exact_addresses_of_sign_ins_is_there(rim: Rim, target: str) -> None:
    own = rim.api.url.removeprefix("http://")
    head = f"GET {target} HTTP/1.1\r\nHost: {own}\r\n{HTML}\r\n"
    answer = await raw(rim.api, head.encode("latin-1"))

    assert answer.status in (400, 404)
    assert answer.headers["server"] == "outerward"
    assert rim.provider.begun == []


async def test_every_answer_keeps_what_serves_it_and_its_content_to_itself(rim: Rim) -> None:
    for target in (LOGIN, "/.outerward/logout", "/.outerward/nothing", "/.outerward/signed-out"):
        headers = (await rim.browser().get(target)).headers

        assert (headers["Server"], headers["Cache-Control"]) == ("outerward", "no-store")
        assert len(headers["X-Request-Id"]) == 16


async def test_a_body_is_asked_for_where_the_client_waits_for_that(rim: Rim) -> None:
    own = rim.api.url.removeprefix("http://")
    post = f"POST /.outerward/backchannel-logout/corp HTTP/1.1\r\nHost: {own}\r\n"
    form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n"
    asked = await raw(rim.api, f"{post}{form}Expect: 100-Continue\r\n\r\na=b".encode())
    refused = await raw(rim.api, f"{post}{form}Expect: 200-ok\r\n\r\na=b".encode())

    assert (asked.interim, asked.status) == ((100,), 400)
    assert (refused.interim, refused.status) == ((), 417)
    assert (refused.headers["server"], refused.json["error_code"]) == ("outerward", "ERR_OUTERWARD_1014")


async def test_two_cookies_of_the_name_are_cleared(rim: Rim) -> None:
    browser = rim.browser()
    await browser.sign_in()
    value = browser.cookies[COOKIE]
    reply = await browser.get("/.outerward/signed-out", cookie=f"{COOKIE}={value}; {COOKIE}={value}")

    assert reply.set_cookies == [f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]


async def test_cookie_14_a_link_from_another_site_signs_nobody_out(rim: Rim) -> None:
    browser = rim.browser()
    await browser.sign_in()
    asked = await browser.get("/.outerward/logout", sec_fetch_site="cross-site")
    forged = await browser.post("/.outerward/logout", origin="https://evil.example")

    assert (asked.status, forged.status) == (200, 403)
    assert await rim.ask(browser) == 200


async def test_a_new_sign_in_ends_the_one_before_in_the_same_browser(rim: Rim) -> None:
    browser = rim.browser()
    await browser.sign_in()
    first = browser.cookies[COOKIE]
    await browser.sign_in()

    assert await rim.ask(browser, cookie=first) == 401
    assert await rim.ask(browser) == 200


@pytest.mark.parametrize("way", ["sign in", "sign out"])
async def test_what_a_token_began_in_the_same_browser_ends_too(rim: Rim, way: str) -> None:
    browser = rim.browser()
    line = await rim.administration.sign_in(BOOTSTRAP, "127.0.0.1")
    by_token = line.partition(";")[0].partition("=")[2]
    browser.cookies[COOKIE] = by_token
    assert await rim.ask(browser) == 200

    if way == "sign in":
        await browser.sign_in(code="bob")
        assert await rim.ask(browser, "/tokens") == 403
    else:
        await browser.post("/.outerward/logout")
    assert await rim.ask(browser, cookie=by_token) == 401


async def test_failed_sign_ins_are_limited_by_the_address_of_the_connection(
    rim: Rim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "MOST_FAILURES", 2)
    answers = [await rim.browser().answer(f"made-up-{number}", "x") for number in range(4)]

    assert [answer.status for answer in answers] == [400, 400, 429, 429]


async def test_without_a_store_the_answer_is_503_and_nobody_is_sent_anywhere(
    store_server: RedisServer,
) -> None:
    store = Store.open(store_server.url, secrets=["a secret of the tests, 32 long.."])
    await store.start()
    try:
        async with running_rim(store) as rim:
            browser = rim.browser()
            await browser.sign_in()
            store_server.stop()

            reply = await browser.get(LOGIN)
            assert (reply.status, reply.headers["Retry-After"], reply.code) == (503, "1", "OUT-4000")
            assert await rim.ask(browser) == 503
    finally:
        await store.close()
