"""ADMIN-04, COOKIE-16: what a foreign page can make a browser send with the cookie, and what is no cookie."""

import asyncio
import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from session_store import Store
from tests.hostile.test_admin_scopes import OPERATIONS
from tests.support.admin_api import BOOTSTRAP, RunningApi, raw, session_of
from tests.support.dashboard_cookie import Dashboard, Signed, running_dashboard
from tests.support.edge import route, running_edge
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Echo

FOREIGN_ORIGINS = ["https://evil.example", "null", "", "http://localhost:4040", "http://127.0.0.1", "file://"]
FOREIGN_SITES = ["cross-site", "same-site", "none", "", "same-origin, cross-site"]
OTHER_TYPES = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain; application/json",
    "application/json5",
    "application/csp-report",
]
BODY = b'{"name": "n", "scope": "admin"}'


@pytest.fixture
async def dashboard(store: Store) -> AsyncIterator[Dashboard]:
    async with running_dashboard(store) as running:
        yield running


@asynccontextmanager
async def nothing_happens(store: Store) -> AsyncIterator[None]:
    """Fails where a token is made or a session ends."""
    before = await store.tokens(), (await store.sessions(limit=100, before=None)).items
    yield
    assert (await store.tokens(), (await store.sessions(limit=100, before=None)).items) == before


async def refusals(dashboard: Dashboard, headers: dict[str, str | None], **options: Any) -> set[int]:
    """The codes with which a read, a making and an end are refused."""
    by = await dashboard.sign_in()
    session = await session_of(dashboard.administration._store)
    codes = set()
    async with nothing_happens(dashboard.administration._store):
        for method, path in [("GET", "/app/users"), ("DELETE", f"/app/sessions/{session.id}")]:
            codes.add((await dashboard.call(by, method, path, headers=headers, **options)).code)
        sent = {"Content-Type": "application/json", **headers}
        codes.add((await dashboard.call(by, "POST", "/tokens", headers=sent, data=BODY)).code)
    return codes


async def test_admin_04_a_page_of_ours_may_what_its_session_may(dashboard: Dashboard) -> None:
    by = await dashboard.sign_in()
    made = await dashboard.call(by, "POST", "/tokens", json={"name": "n", "scope": "read"})
    assert made.status == 201
    bare: dict[str, str | None] = {"Origin": None, "Sec-Fetch-Site": None}
    assert (await dashboard.call(by, headers=bare)).status == 200
    assert (await dashboard.call(by, "DELETE", f"/tokens/{made.json['id']}", headers=bare)).status == 204


@pytest.mark.parametrize("given", [None, "", "x", "null"], ids=["none", "empty", "short", "null"])
async def test_admin_04_the_cookie_alone_is_403(dashboard: Dashboard, given: str | None) -> None:
    assert await refusals(dashboard, {"X-Outerward-CSRF": given}) == {3009}


async def test_admin_04_no_other_value_stands_for_the_one_of_the_session(dashboard: Dashboard) -> None:
    by, other = await dashboard.sign_in(), await dashboard.sign_in()
    digest = hashlib.sha256(by.value.encode()).digest()
    hashed = urlsafe_b64encode(digest).rstrip(b"=").decode()
    wrong = [other.csrf, by.value, hashed, by.csrf[:-1], by.csrf + "A", by.csrf.swapcase(), BOOTSTRAP]
    for value in wrong:
        answer = await dashboard.call(by, headers={"X-Outerward-CSRF": value})
        assert (answer.status, answer.code) == (403, 3009)
    assert (await dashboard.call(by, headers={"X-Outerward-CSRF": by.csrf})).status == 200


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
async def test_admin_04_another_origin_is_403(dashboard: Dashboard, origin: str) -> None:
    assert await refusals(dashboard, {"Origin": origin}) == {3008}


@pytest.mark.parametrize("site", FOREIGN_SITES)
async def test_admin_04_what_the_browser_calls_another_site_is_403(dashboard: Dashboard, site: str) -> None:
    assert await refusals(dashboard, {"Sec-Fetch-Site": site}) == {3008}


@pytest.mark.parametrize("host", ["rebound.example", "localhost", "", "127.0.0.1", "127.0.0.1:1"])
async def test_admin_04_a_name_that_was_pointed_here_is_403(dashboard: Dashboard, host: str) -> None:
    """DNS rebinding: the page's own origin is the name that was pointed here, so all else is right."""
    assert await refusals(dashboard, {"Host": host, "Origin": None}) == {3008}
    answer = await dashboard.call(await dashboard.sign_in(), headers={"Host": host, "Origin": None})
    assert answer.json["details"]["check"] == "host"


@pytest.mark.parametrize("content_type", OTHER_TYPES)
async def test_admin_04_a_body_that_a_form_could_send_is_403(
    dashboard: Dashboard, store: Store, content_type: str
) -> None:
    by = await dashboard.sign_in()
    async with nothing_happens(store):
        answer = await dashboard.call(
            by, "POST", "/tokens", headers={"Content-Type": content_type}, data=BODY
        )
    assert (answer.status, answer.code) == (403, 3037)


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"Content-Type: text/plain\r\nContent-Type: application/json\r\n",
        b"Content-Type: application/json\r\nContent-Type: text/plain\r\n",
    ],
    ids=["no type", "two types", "two types, the other way round"],
)
async def test_admin_04_a_body_says_what_it_is_and_once(
    dashboard: Dashboard, store: Store, lines: bytes
) -> None:
    by = await dashboard.sign_in()
    async with nothing_happens(store):
        answer = await raw(dashboard.api, post(dashboard.api, by, lines))
    assert answer.status in {400, 403}
    right = post(dashboard.api, by, b"Content-Type: application/json; charset=utf-8\r\n")
    assert (await raw(dashboard.api, right)).status == 201


@pytest.mark.parametrize("name", [b"X-Outerward-CSRF", b"Origin", b"Sec-Fetch-Site", b"Host"])
async def test_admin_04_what_proves_a_page_is_said_once(
    dashboard: Dashboard, store: Store, name: bytes
) -> None:
    """Of two lines, somebody on the way may have looked at the other."""
    by = await dashboard.sign_in()
    for foreign in (b"x", by.csrf.encode() if b"CSRF" in name else b"null"):
        line = b"Content-Type: application/json\r\n" + name + b": " + foreign + b"\r\n"
        async with nothing_happens(store):
            assert (await raw(dashboard.api, post(dashboard.api, by, line))).status in {400, 403}


def post(api: RunningApi, by: Signed, lines: bytes) -> bytes:
    """A making of a token from a page, with ``lines`` more."""
    head = [
        b"POST /tokens HTTP/1.1",
        f"Host: 127.0.0.1:{api.port}".encode(),
        f"Origin: {api.url}".encode(),
        b"Sec-Fetch-Site: same-origin",
        f"Cookie: {by.cookie}".encode(),
        f"X-Outerward-CSRF: {by.csrf}".encode(),
        f"Content-Length: {len(BODY)}".encode(),
    ]
    return b"\r\n".join(head) + b"\r\n" + lines + b"\r\n" + BODY


async def test_admin_04_whoever_sends_a_token_is_judged_by_it_alone(
    dashboard: Dashboard, store: Store
) -> None:
    by = await dashboard.sign_in()
    token, secret = await store.create_token("n", "read", None)
    for line in ("Bearer wrong", "", "Basic eDp5"):
        answer = await dashboard.call(by, headers={"Authorization": line})
        assert (answer.status, answer.code) == (401, 3002)
    lesser = {"Authorization": f"Bearer {secret}"}
    assert (await dashboard.call(by, "DELETE", f"/tokens/{token.id}", headers=lesser)).code == 3003
    foreign = {**lesser, "Origin": "https://evil.example", "Host": "a", "X-Outerward-CSRF": None}
    assert (await dashboard.call(by, headers=foreign)).status == 200


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_admin_04_no_operation_is_done_for_a_cookie_alone(dashboard: Dashboard, operation: str) -> None:
    by = await dashboard.sign_in()
    method, _, path = operation.partition(" ")
    path = re.sub(r"\{\w+\}", "x", path).partition("?")[0]
    answer = await dashboard.call(by, method, path, headers={"X-Outerward-CSRF": None})
    assert (answer.status, answer.code) == (403, 3009)


@pytest.mark.parametrize(
    ("sent", "is_ours"),
    [
        ({"Origin": "OURS"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "OURS", "Sec-Fetch-Site": "same-origin"}, True),
        ({}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "OURS", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
    ],
    ids=lambda value: " and ".join(value.values()) or "neither" if isinstance(value, dict) else "",
)
async def test_admin_04_a_form_counts_where_the_browser_says_that_it_is_ours(
    dashboard: Dashboard, sent: dict[str, str], is_ours: bool
) -> None:
    headers = {name: value.replace("OURS", dashboard.api.url) for name, value in sent.items()}
    answer = await dashboard.api.call("POST", "/from", None, headers=headers)
    assert answer.json == [True, is_ours]
    rebound = await dashboard.api.call("POST", "/from", None, headers={**headers, "Host": "rebound.example"})
    assert rebound.json == [False, is_ours]


async def test_admin_02_a_session_may_what_its_token_may(dashboard: Dashboard, store: Store) -> None:
    session = await session_of(store)
    for scope, statuses in {"read": [200, 403, 403], "revoke": [200, 204, 403]}.items():
        by = await dashboard.sign_in((await store.create_token("n", scope, None))[1])
        calls = [("GET", "/app/users"), ("DELETE", f"/app/sessions/{session.id}"), ("GET", "/tokens")]
        assert [(await dashboard.call(by, *call)).status for call in calls] == statuses


async def assert_nobody(dashboard: Dashboard, values: Iterable[str]) -> None:
    """Each of ``values`` as the dashboard's cookie: nobody is signed in, whatever else is right."""
    for value in values:
        by = Signed(f"outerward-admin={value}")
        assert await dashboard.who(by.cookie) is None
        assert (await dashboard.call(by)).status == 401


async def test_cookie_06_no_part_and_no_other_spelling_of_a_value_counts(dashboard: Dashboard) -> None:
    value = (await dashboard.sign_in()).value
    wrong = [value[:length] for length in range(len(value))]
    wrong += [value + more for more in ("A", "=", ".", "%3D")]
    await assert_nobody(dashboard, [*wrong, value.swapcase(), f'"{value}"', value[::-1], "A" * 43, "A" * 900])


async def test_cookie_05_two_cookies_of_the_name_are_nobody_and_both_are_cleared(
    dashboard: Dashboard,
) -> None:
    by, other = await dashboard.sign_in(), await dashboard.sign_in()
    for line in (
        f"{by.cookie}; {by.cookie}",
        f"{by.cookie}; {other.cookie}",
        f"outerward-admin=; {by.cookie}",
    ):
        assert await dashboard.who(line) is None
        answer = await dashboard.call(by, headers={"Cookie": line})
        assert answer.status == 401
        assert answer.headers["Set-Cookie"].startswith("outerward-admin=; Max-Age=0; Path=/;")
    assert "Set-Cookie" not in (await dashboard.call(by)).headers


async def test_cookie_16_nothing_that_is_shown_or_kept_is_the_dashboards_cookie(
    dashboard: Dashboard, store: Store, store_url: str
) -> None:
    token, secret = await store.create_token("t", "admin", None)
    code = await store.offer_dashboard_link(secret)
    session = await session_of(store)
    live = [await dashboard.sign_in(), await dashboard.sign_in(secret)]
    values = {secret, secret[4:], token.id, token.id[-27:], session.id, session.user_tag, BOOTSTRAP[:43]}
    values |= {code or "", *(by.csrf for by in live)}
    server = RedisServer.looking_at(store_url)
    for key in server.keys("*"):
        kept = server.get(key) or b"" if server.type(key) == b"string" else b""
        values |= {part.strip("{}") for part in key.decode().split(":")}
        values |= {word.decode() for word in re.findall(rb"[A-Za-z0-9_-]{8,}", kept)}
    values |= {urlsafe_b64encode(hashlib.sha256(v.encode()).digest()).decode()[:43] for v in values}
    assert not values & {by.value for by in live}
    await assert_nobody(dashboard, sorted(value for value in values if value))
    assert [(await dashboard.call(by)).status for by in live] == [200, 200]


async def test_cookie_16_an_endpoint_and_the_dashboard_do_not_know_each_others_cookies(
    dashboard: Dashboard, store: Store
) -> None:
    by = await dashboard.sign_in()
    async with Echo.running() as upstream, running_edge(store, [route(upstream)]) as edge:
        session = await edge.sign_in()
        assert (await edge.ask(cookie=session)).status == 200
        assert (await edge.ask(cookie=by.value)).status == 401
        assert (await edge.ask(headers=[("Cookie", by.cookie)])).status == 401
        await assert_nobody(dashboard, [session])


async def test_admin_01_a_guessed_cookie_is_no_failed_token(dashboard: Dashboard) -> None:
    """A page that goes on asking once its session is over must not lock out who signs in beside it."""
    over = Signed("outerward-admin=" + "A" * 43)
    answers = await asyncio.gather(*(dashboard.call(over) for _ in range(20)))
    assert {answer.code for answer in answers} == {3007}
