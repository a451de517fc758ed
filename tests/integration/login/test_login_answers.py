"""What the control app answers: pages or JSON, methods, unknown paths, the store away, limits."""

import gzip
import json

import pytest

from session_store import Store
from tests.support.control import ROUTES, Browser, Control, Stub, serving
from tests.support.redis_server import RedisServer

LOGIN, LOGOUT, CALLBACK = "/.outerward/login", "/.outerward/logout", "/.outerward/callback/corp"
SCRIPT = {"accept": "application/json", "sec_fetch_mode": "cors", "sec_fetch_site": "same-origin"}


@pytest.mark.parametrize("path", [LOGIN, "/ngrok/login"])
@pytest.mark.parametrize("headers", [SCRIPT, {"accept": "*/*", "sec_fetch_mode": ""}])
async def test_whatever_is_no_navigation_begins_no_login(
    visitor: Browser, corp: Stub, path: str, headers: dict[str, str]
) -> None:
    reply = await visitor.get(path, **headers)
    body = json.loads(reply.text)

    assert reply.status == 401
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["WWW-Authenticate"] == 'Outerward realm="app.example.com"'
    assert (body["error_code"], body["status_code"]) == ("ERR_OUTERWARD_2000", 401)
    assert body["details"] == {"operation_id": reply.headers["X-Request-Id"], "reason": "no_session"}
    assert visitor.cookies == {}
    assert corp.begun == []


async def test_a_head_begins_no_login(visitor: Browser, corp: Stub) -> None:
    reply = await visitor.send("HEAD", LOGIN)

    assert reply.status == 401
    assert corp.begun == []
    assert visitor.cookies == {}


async def test_the_alias_begins_a_login(visitor: Browser) -> None:
    reply = await visitor.get("/ngrok/login?redirect_path=/x")

    assert reply.status == 302
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/.outerward/",
        "/.outerward/nothing",
        "/.outerward/login/",
        "/.outerward/%6cogin",
        "/.outerward/callback",
        "/.outerward/callback/",
        "/.outerward/callback/okta",
        "/.outerward/callback/nobody?state=x",
        "/.outerward/session",
        "/.outerward/a%0ab",
        "/other",
    ],
)
async def test_everything_else_under_the_prefix_is_not_found(visitor: Browser, path: str) -> None:
    page, script = await visitor.get(path), await visitor.get(path, **SCRIPT)

    assert (page.status, page.code) == (404, "OUT-1006")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert (script.status, json.loads(script.text)["error_code"]) == (404, "ERR_OUTERWARD_1006")


@pytest.mark.parametrize(
    ("path", "methods", "allow"),
    [
        (CALLBACK, ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"), "GET"),
        (LOGIN, ("PUT", "DELETE", "OPTIONS", "PATCH"), "GET, HEAD, POST"),
        (LOGOUT, ("PUT", "DELETE", "OPTIONS", "PATCH"), "GET, HEAD, POST"),
        ("/.outerward/signed-out", ("POST", "OPTIONS"), "GET, HEAD"),
    ],
)
async def test_another_method_is_405_with_those_that_there_are(
    visitor: Browser, path: str, methods: tuple[str, ...], allow: str
) -> None:
    for method in methods:
        reply = await visitor.send(method, path)
        assert (reply.status, reply.headers["Allow"]) == (405, allow)


async def test_a_callback_by_another_method_does_not_use_the_login_up(visitor: Browser) -> None:
    state = (await visitor.begin())["state"]
    await visitor.send("HEAD", f"{CALLBACK}?code=ada&state={state}")
    await visitor.send("POST", f"{CALLBACK}?code=ada&state={state}")

    assert (await visitor.answer(state, "ada")).status == 302


async def test_an_unknown_host_and_a_missing_edge_header_get_nothing(control: Control) -> None:
    unknown = await control.browser("other.example.com").get(LOGIN)
    async with control.http.get(control.base + LOGIN, headers={"Host": "app.example.com"}) as bare:
        status = bare.status

    assert (unknown.status, unknown.code) == (404, "OUT-1001")
    assert status == 400


async def test_two_session_cookies_are_none_and_every_answer_clears_them(
    visitor: Browser, store: Store
) -> None:
    await visitor.sign_in()
    doubled = f"__Host-outerward={visitor.session}; __Host-outerward={'x' * 43}"
    cleared = "__Host-outerward=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"

    for path in (LOGIN, LOGOUT, "/.outerward/signed-out", "/.outerward/nothing", CALLBACK):
        reply = await visitor.get(path, cookie=doubled)
        assert cleared in reply.set_cookies, path
    script = await visitor.get(LOGIN, cookie=doubled, **SCRIPT)
    assert (script.status, script.set_cookies) == (401, [cleared])


async def post(control: Control, body: bytes, **headers: str) -> int:
    sent = {
        "X-Outerward-Edge": "192.0.2.1 app.example.com req_1",
        "Origin": "https://app.example.com",
        "Content-Type": "application/x-www-form-urlencoded",
        **headers,
    }
    async with control.http.post(
        control.base + LOGOUT, data=body, headers=sent, allow_redirects=False
    ) as reply:
        return reply.status


async def test_a_body_is_not_looked_at(control: Control) -> None:
    assert await post(control, b"redirect_path=//evil.example&\xff") == 303


async def test_http_40_a_compressed_body_is_413(control: Control) -> None:
    assert await post(control, gzip.compress(b"a" * 1_000_000), **{"Content-Encoding": "gzip"}) == 413
    assert await post(control, b"not gzip", **{"Content-Encoding": "gzip"}) == 413
    assert await post(control, b"a=b", **{"Content-Encoding": "identity"}) == 303


@pytest.fixture
async def hung(store_server: RedisServer) -> Store:
    return Store.open(store_server.url, secrets=["s" * 32], check_timeout_s=0.1, command_timeout_s=0.2)


async def test_without_a_store_nobody_is_redirected_and_a_logout_keeps_the_cookie(
    store_server: RedisServer, hung: Store, corp: Stub, okta: Stub
) -> None:
    await hung.start()
    await hung.ping()
    async with serving(ROUTES, hung, [corp, okta]) as control:
        visitor = control.browser("app.example.com")
        await visitor.sign_in()
        fresh = control.browser("app.example.com")
        begun = await fresh.begin()
        cookies = dict(visitor.cookies), dict(fresh.cookies)
        store_server.kill()
        replies = [
            await visitor.get(LOGIN),
            await fresh.get(LOGIN),
            await visitor.get(LOGOUT, sec_fetch_site="none"),
            await visitor.post(LOGOUT),
            await visitor.post(f"{LOGIN}?account=other"),
            await fresh.answer(begun["state"], "ada"),
            await fresh.get(f"{CALLBACK}?state=unknown&code=x"),
        ]
        script = await visitor.get(f"{CALLBACK}?state=unknown&code=x", **SCRIPT)
        plain = await visitor.get("/.outerward/signed-out")
    await hung.close()

    for reply in replies:
        assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "OUT-4000", "1")
        assert reply.set_cookies == []
        assert "Location" not in reply.headers
    assert (visitor.cookies, fresh.cookies) == cookies
    assert script.status == 503
    assert json.loads(script.text)["details"]["reason"] == "store_unavailable"
    assert plain.status == 200


async def test_ten_failed_callbacks_a_minute_and_address_then_429_and_others_go_on(
    control: Control, visitor: Browser
) -> None:
    for _ in range(10):
        assert (await visitor.get(f"{CALLBACK}?state=unknown&code=x")).status == 400
    limited = await visitor.get(f"{CALLBACK}?state=unknown&code=x")
    script = await visitor.get(CALLBACK, **SCRIPT)

    assert (limited.status, limited.code, limited.headers["Retry-After"]) == (429, "OUT-2014", "60")
    assert (script.status, script.headers["Retry-After"]) == (429, "60")
    neighbour = control.browser("app.example.com", address="192.0.2.2")
    assert (await neighbour.get(f"{CALLBACK}?state=unknown&code=x")).status == 400


async def test_ten_cross_site_images_lock_no_visitor_out(visitor: Browser) -> None:
    for _ in range(15):
        await visitor.get(
            f"{CALLBACK}?state=unknown&code=x",
            accept="image/*",
            sec_fetch_mode="no-cors",
            sec_fetch_site="cross-site",
        )

    assert (await visitor.sign_in("/report")).location == "/report"


async def test_failed_logins_count_but_an_answer_to_this_browsers_login_is_never_limited(
    visitor: Browser, corp: Stub
) -> None:
    for _ in range(12):
        corp.fails = None
        state = (await visitor.begin())["state"]
        corp.fails = "invalid_token"
        assert (await visitor.answer(state, "ada")).code == "OUT-2025"
    corp.fails = None

    assert (await visitor.get(f"{CALLBACK}?state=unknown&code=x")).status == 429
    assert (await visitor.sign_in("/report")).location == "/report"


async def test_a_malformed_callback_is_malformed_also_in_a_browser_that_is_signed_in(
    visitor: Browser,
) -> None:
    await visitor.sign_in()

    assert (await visitor.get(f"{CALLBACK}?code=x")).code == "OUT-2010"


async def test_successes_never_count(control: Control) -> None:
    for _ in range(12):
        assert (await control.browser("app.example.com").sign_in()).status == 302

    assert (await control.browser("app.example.com").get(f"{CALLBACK}?state=x&code=x")).status == 400


async def test_a_fault_of_ours_is_a_page_and_logs_where_without_what(
    visitor: Browser, corp: Stub, capfd: pytest.CaptureFixture[str]
) -> None:
    state = (await visitor.begin())["state"]

    def fail() -> None:
        raise RuntimeError(f"canary {state}")

    corp.waits = fail
    reply = await visitor.answer(state, "canary-code")
    said = "".join(capfd.readouterr())

    assert (reply.status, reply.code) == (500, "OUT-1090")
    assert "control_app_failed" in said
    assert "RuntimeError" in said
    assert state not in said
    assert "canary" not in said
