"""Hostile cookies (COOKIE-01 to COOKIE-16): only a live session of this very endpoint lets anybody in."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator

import pytest

from session_store import BrowserSession, EndReason, Store
from tests.support.edge import HOST, Edge, ada, hash_of, route, running_edge
from tests.support.http_client import Answer, connected, exchange, request, until
from tests.support.upstreams import Echo, Scripted, always, ok, received

Scene = tuple[Edge, Echo, str]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    """An edge with two apps, the upstream of both, and somebody signed in at the first."""
    async with Echo.running() as upstream:
        routes = [route(upstream), route(upstream, "other.localhost")]
        async with running_edge(store, routes) as edge:
            yield edge, upstream, await edge.sign_in()


def anonymous(answer: Answer) -> bool:
    return answer.problem == (401, "2000")


MADE_UP = [
    "A" * 43,
    "",
    "admin",
    "1",
    "null",
    "undefined",
    "../../etc/passwd",
    "' OR 1=1 --",
    "{}",
    "%00",
    "*",
]


@pytest.mark.parametrize("value", MADE_UP)
async def test_cookie_01_a_made_up_value_is_nobody(scene: Scene, value: str) -> None:
    edge, upstream, _ = scene

    assert anonymous(await edge.ask(headers=[("Cookie", f"outerward={value}")]))
    assert upstream.hits == 0


async def test_cookie_04_the_cookie_of_one_app_is_nobody_at_another(scene: Scene) -> None:
    edge, upstream, cookie = scene
    for _ in range(2):
        assert anonymous(await edge.ask(host="other.localhost", cookie=cookie))
        assert (await edge.ask(cookie=cookie)).status == 200
    assert upstream.hits == 2


def changed(cookie: str) -> list[str]:
    other = "A" if cookie[-1] != "A" else "B"
    return [
        *(cookie[:length] for length in range(len(cookie))),
        cookie + "A",
        cookie + "=",
        cookie.swapcase(),
        cookie.lower(),
        cookie.upper(),
        cookie[::-1],
        other + cookie[1:],
        cookie[:-1] + other,
        f'"{cookie}"',
        f"{cookie}%00",
        f"%{ord(cookie[0]):02x}{cookie[1:]}",
        cookie.replace(cookie[5], "%" + f"{ord(cookie[5]):02x}"),
        base64.urlsafe_b64encode(cookie.encode()).decode(),
        hash_of(cookie).hex(),
        base64.urlsafe_b64encode(hash_of(cookie)).decode().rstrip("="),
    ]


async def test_cookie_06_a_value_that_differs_in_anything_is_nobody(scene: Scene) -> None:
    edge, upstream, cookie = scene
    values = [value for value in changed(cookie) if value != cookie]
    data = b"".join(request(headers=[("Cookie", f"outerward={value}")]) for value in values)
    answers = await exchange(edge.port, data, *["GET"] * len(values))

    assert all(anonymous(answer) for answer in answers)
    assert upstream.hits == 0


async def test_cookie_06_a_huge_cookie_is_431_and_a_nul_is_400(scene: Scene) -> None:
    edge, upstream, cookie = scene
    huge = [("Cookie", f"outerward={cookie}; x=" + "a" * 100_000)]
    (answer,) = await exchange(edge.port, request(headers=huge))
    assert answer.problem == (431, "1012")
    (answer,) = await exchange(edge.port, request(headers=[("Cookie", f"outerward={cookie}\0")]))
    assert answer.problem == (400, "1000")
    assert upstream.hits == 0


async def test_cookie_06_many_cookies_are_read_and_ours_is_found(scene: Scene) -> None:
    edge, _, cookie = scene
    many = "; ".join(f"c{number}={number}" for number in range(500))
    answer = await edge.ask(headers=[("Cookie", f"{many}; outerward={cookie}; z=1")])

    assert received(answer).all("Cookie") == [f"{many}; z=1"]


async def test_cookie_07_a_revoked_value_is_nobody_at_once_and_for_ever(scene: Scene) -> None:
    edge, upstream, cookie = scene
    async with connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        assert (await client.answer()).status == 200
        (view,) = (await edge.store.sessions(limit=10, before=None)).items
        await edge.store.end_application_session(view.session.id, EndReason.REVOKED, "admin")
        for _ in range(20):
            await client.send(request(cookie=cookie))
            assert anonymous(await client.answer())
    assert upstream.hits == 1


@pytest.mark.parametrize("attempt", range(8))
async def test_cookie_07_no_request_begun_after_the_revocation_passes_under_load(
    scene: Scene, attempt: int
) -> None:
    edge, _, cookie = scene
    passed: list[float] = []
    asking = [asyncio.create_task(_ask_until_refused(edge, cookie, passed)) for _ in range(4)]
    await until(lambda: len(passed) > 10 * attempt)
    await edge.store.end_browser_session(hash_of(cookie), EndReason.REVOKED, "admin")
    revoked_at = time.monotonic()
    await asyncio.gather(*asking)

    assert max(passed) < revoked_at


async def _ask_until_refused(edge: Edge, cookie: str, passed: list[float]) -> None:
    async with connected(edge.port) as client:
        while True:
            began = time.monotonic()
            await client.send(request(cookie=cookie))
            if (await client.answer()).status != 200:
                return
            passed.append(began)


@pytest.mark.parametrize("secure", [False, True])
async def test_cookie_11_an_upstream_cannot_set_a_cookie_of_ours(store: Store, secure: bool) -> None:
    ours = [
        "outerward=evil; Path=/",
        "__Host-outerward=evil; Secure; Path=/",
        " outerward =evil",
        "outerward-login-abcdefgh=evil",
        "__Host-outerward-login-abcdefgh=evil",
        "outerward-admin=evil",
        "outerward",
    ]
    lines = [f"Set-Cookie: {value}" for value in ours]
    lines += ["SET-COOKIE: outerward=evil", "Set-Cookie: app=good", "set-cookie: Outerward=other"]
    async with Scripted.running(always(ok(b"", *lines))) as upstream:
        routes = [route(upstream, secure=secure)]
        async with running_edge(store, routes) as edge:
            cookie = await edge.sign_in()
            name = "__Host-outerward" if secure else "outerward"
            answer = await edge.ask(headers=[("Cookie", f"{name}={cookie}")])

    assert answer.status == 200
    assert answer.all("set-cookie") == ["app=good", "Outerward=other"]


async def test_cookie_12_our_cookies_are_absent_from_what_the_upstream_gets(scene: Scene) -> None:
    edge, _, cookie = scene
    headers = [
        ("Cookie", f"a=1; outerward={cookie}; __Host-outerward={cookie[::-1]}; b=2"),
        ("Cookie", "outerward-login-abcdefgh=state; outerward-admin=token;c=3"),
    ]
    request_ = received(await edge.ask(headers=headers))

    assert request_.all("Cookie") == ["a=1; b=2; c=3"]
    assert cookie not in str(request_)
    assert cookie[::-1] not in str(request_)


async def test_cookie_13_a_value_elsewhere_than_in_the_cookie_is_ignored(scene: Scene) -> None:
    edge, upstream, cookie = scene
    assert anonymous(await edge.ask(f"/?outerward={cookie}"))
    assert anonymous(await edge.ask(f"/outerward={cookie}"))
    assert anonymous(await edge.ask(f"/;outerward={cookie}"))
    for name in ("Authorization", "X-Outerward-Session", "Cookie2", "X-Cookie", "Set-Cookie", "outerward"):
        assert anonymous(await edge.ask(headers=[(name, f"outerward={cookie}"), (name, f"Bearer {cookie}")]))
    for wrong in ("Outerward", "__Host-outerward", "outerward2", "x-outerward"):
        assert anonymous(await edge.ask(headers=[("Cookie", f"{wrong}={cookie}")]))
    assert upstream.hits == 0


@pytest.mark.parametrize("second", ["{}", "A" * 43, "", "\xff"])
async def test_two_cookies_of_our_name_are_nobody_and_are_cleared(scene: Scene, second: str) -> None:
    edge, upstream, cookie = scene
    pair = f"outerward={cookie}", f"outerward={second.format(cookie)}"
    for headers in (
        [("Cookie", "; ".join(pair))],
        [("Cookie", "; ".join(reversed(pair)))],
        [("Cookie", pair[0]), ("Cookie", pair[1])],
    ):
        answer = await edge.ask(headers=headers)
        assert anonymous(answer)
        assert answer.all("set-cookie") == ["outerward=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]
    assert upstream.hits == 0


async def test_cookie_15_a_session_revoked_at_one_route_stays_revoked_there_alone(store: Store) -> None:
    async with Echo.running() as upstream:
        routes = [route(upstream, prefix="/wiki"), route(upstream, prefix="/mail")]
        async with running_edge(store, routes) as edge:
            cookie = await edge.sign_in()
            for path in ("/wiki", "/mail"):
                assert (await edge.ask(path, cookie=cookie)).status == 200
            views = (await store.sessions(limit=10, before=None)).items
            (wiki,) = [view.session.id for view in views if view.session.endpoint.path_prefix == "/wiki"]
            await store.end_application_session(wiki, EndReason.REVOKED, "admin")
            for _ in range(3):
                assert anonymous(await edge.ask("/wiki/x", cookie=cookie))
                assert (await edge.ask("/mail", cookie=cookie)).status == 200
            assert len((await store.sessions(limit=10, before=None)).items) == 1


async def test_cookie_16_no_public_id_and_no_other_record_opens_a_session(scene: Scene) -> None:
    edge, upstream, cookie = scene
    first = received(await edge.ask(cookie=cookie))
    browser = await edge.store.browser_session(hash_of(cookie))
    assert isinstance(browser, BrowserSession)
    _, token = await edge.store.create_token("t", "admin", None)
    state = base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")
    await edge.store.save_login(state, b"transaction", 600)
    await edge.store.save_login(hash_of(state).hex(), b"transaction", 600)
    values = [
        *first.all("X-Outerward-Session"),
        first.all("X-Request-Id")[0],
        browser.user_id,
        browser.user_tag,
        token,
        token.removeprefix("owt_"),
        state,
        hash_of(cookie).hex(),
        base64.urlsafe_b64encode(hash_of(cookie)).decode().rstrip("="),
    ]
    for value in values:
        assert anonymous(await edge.ask(cookie=value))
    assert upstream.hits == 1


async def test_requests_of_many_people_at_once_never_mix(scene: Scene) -> None:
    edge, _, _ = scene
    people = {str(number): await edge.sign_in(HOST, ada(subject=f"u{number}")) for number in range(10)}

    async def visit(number: str, cookie: str) -> None:
        data = request(cookie=cookie) * 50
        for answer in await exchange(edge.port, data, *["GET"] * 50):
            assert received(answer).all("X-Forwarded-User") == [f"u{number}"]

    await asyncio.gather(*(visit(number, cookie) for number, cookie in people.items()))
