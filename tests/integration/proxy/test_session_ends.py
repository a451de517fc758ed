"""Ends of sessions: revoked, logged out, idle, expired; each from the very next request on."""

import asyncio
import time

import pytest

from session_store import EndReason, Store
from tests.support.edge import HOST, Clock, Edge, hash_of, route, running_edge
from tests.support.http_client import Answer, connected, request, until
from tests.support.upstreams import Echo, received


def reason(answer: Answer) -> str:
    assert answer.problem == (401, "2000")
    return str(answer.json["details"]["reason"])


async def session_ids(store: Store) -> dict[str | None, str]:
    """Live sessions: path prefix -> id."""
    views = (await store.sessions(limit=100, before=None)).items
    return {view.session.endpoint.path_prefix: view.session.id for view in views}


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (EndReason.REVOKED, "revoked"),
        (EndReason.LOGOUT, "logged_out"),
        (EndReason.BLOCKED, "blocked"),
        (EndReason.BACK_CHANNEL, "logged_out"),
    ],
)
async def test_an_ended_session_is_refused_at_the_very_next_request_with_the_reason(
    edge: Edge, cookie: str, upstream: Echo, end: EndReason, told: str
) -> None:
    async with connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        assert (await client.answer()).status == 200
        await edge.store.end_browser_session(hash_of(cookie), end, "admin")
        await client.send(request(cookie=cookie))
        assert reason(await client.answer()) == told
    assert upstream.hits == 1


async def test_after_a_revocation_is_answered_no_request_passes_on_any_connection(
    edge: Edge, cookie: str
) -> None:
    revoked_at = 0.0
    let_through: list[float] = []

    async def visitor() -> None:
        async with connected(edge.port) as client:
            while True:
                began = time.monotonic()
                await client.send(request(cookie=cookie))
                if (await client.answer()).status != 200:
                    return
                let_through.append(began)

    visitors = [asyncio.create_task(visitor()) for _ in range(8)]
    await until(lambda: len(let_through) >= 200)
    (session_id,) = (await session_ids(edge.store)).values()
    assert await edge.store.end_application_session(session_id, EndReason.REVOKED, "admin")  # type: ignore[arg-type]
    revoked_at = time.monotonic()
    await asyncio.gather(*visitors)

    assert max(let_through) < revoked_at


async def test_a_deleted_user_is_out_everywhere_at_once(store: Store, upstream: Echo) -> None:
    routes = [route(upstream), route(upstream, "other.localhost")]
    async with running_edge(store, routes) as edge:
        hosts = [HOST, "other.localhost", HOST]
        cookies = [await edge.sign_in(host) for host in hosts]
        for host, cookie in zip(hosts, cookies, strict=True):
            assert (await edge.ask(host=host, cookie=cookie)).status == 200
        (user,) = (await store.users(limit=10, before=None)).items
        assert await store.delete_user(user.user.id, "admin")
        for host, cookie in zip(hosts, cookies, strict=True):
            assert reason(await edge.ask(host=host, cookie=cookie)) == "revoked"


async def test_the_end_of_one_routes_session_leaves_the_other_and_is_for_good(
    store: Store, upstream: Echo
) -> None:
    routes = [route(upstream, prefix="/wiki"), route(upstream, prefix="/mail")]
    async with running_edge(store, routes) as edge:
        cookie = await edge.sign_in()
        for path in ("/wiki", "/mail"):
            assert (await edge.ask(path, cookie=cookie)).status == 200
        ids = await session_ids(store)
        assert await store.end_application_session(ids["/wiki"], EndReason.REVOKED, "admin")  # type: ignore[arg-type]
        for _ in range(3):
            assert reason(await edge.ask("/wiki", cookie=cookie)) == "revoked"
            assert (await edge.ask("/mail", cookie=cookie)).status == 200


async def test_the_end_of_the_last_session_ends_the_browser_session_too(store: Store, upstream: Echo) -> None:
    routes = [route(upstream, prefix="/wiki"), route(upstream, prefix="/mail")]
    async with running_edge(store, routes) as edge:
        cookie = await edge.sign_in()
        assert (await edge.ask("/wiki", cookie=cookie)).status == 200
        ids = await session_ids(store)
        assert await store.end_application_session(ids["/wiki"], EndReason.REVOKED, "admin")  # type: ignore[arg-type]
        assert reason(await edge.ask("/mail", cookie=cookie)) == "revoked"

    assert upstream.hits == 1


async def test_an_idle_session_is_over_and_activity_prolongs_it(store: Store, upstream: Echo) -> None:
    async with running_edge(store, [route(upstream, idle_timeout_s=2)]) as edge:
        cookie = await edge.sign_in()
        began = time.monotonic()
        while time.monotonic() < began + 2.5:
            assert (await edge.ask(cookie=cookie)).status == 200
            await edge.worker.recorder.flush()
            await asyncio.sleep(0.05)
        while await session_ids(store):
            assert time.monotonic() < began + 30
        assert reason(await edge.ask(cookie=cookie)) == "idle"
        hits = upstream.hits
        assert reason(await edge.ask(cookie=cookie)) == "idle"
        assert upstream.hits == hits


async def test_a_session_ends_at_its_absolute_end_however_active(store: Store, upstream: Echo) -> None:
    clock = Clock()
    async with running_edge(store, [route(upstream, max_session_s=60)], now_ms=clock) as edge:
        cookie = await edge.sign_in(lasts_s=3600)
        assert (await edge.ask(cookie=cookie)).status == 200
        clock.ahead_ms = 61_000
        assert reason(await edge.ask(cookie=cookie)) == "expired"

    assert upstream.hits == 1


async def test_an_expired_login_begins_no_session(store: Store, upstream: Echo) -> None:
    clock = Clock(ahead_ms=3_600_001)
    async with running_edge(store, [route(upstream)], now_ms=clock) as edge:
        cookie = await edge.sign_in(lasts_s=3600)
        assert reason(await edge.ask(cookie=cookie)) == "expired"

    assert upstream.hits == 0


async def test_activity_is_recorded_by_itself_within_seconds(edge: Edge, cookie: str) -> None:
    before = time.time_ns() // 1_000_000
    for _ in range(3):
        assert (await edge.ask(cookie=cookie, headers=[("User-Agent", "Tester/1.0")])).status == 200
    (session_id,) = (await session_ids(edge.store)).values()
    async with asyncio.timeout(5):
        while (view := await edge.store.session(session_id)) is None or view.activity.requests < 3:  # type: ignore[arg-type]
            pass

    assert view.activity.requests == 3
    assert before <= view.activity.last_active <= time.time_ns() // 1_000_000
    assert view.activity.context.ip_address == "127.0.0.1"
    assert view.activity.context.user_agent.raw == "Tester/1.0"


async def test_a_refused_request_is_no_activity(store: Store, upstream: Echo) -> None:
    async with running_edge(store, [route(upstream)]) as edge:
        cookie = await edge.sign_in()
        first = received(await edge.ask(cookie=cookie)).all("X-Outerward-Session")[0]
        await edge.worker.recorder.flush()
        await store.end_browser_session(hash_of(cookie), EndReason.LOGOUT, "visitor")
        assert reason(await edge.ask(cookie=cookie)) == "logged_out"
        assert edge.worker.recorder._noted == {}
        assert await store.session(first) is None  # type: ignore[arg-type]


async def test_a_touch_after_the_end_revives_nothing(edge: Edge, cookie: str) -> None:
    assert (await edge.ask(cookie=cookie)).status == 200
    await edge.store.end_browser_session(hash_of(cookie), EndReason.REVOKED, "admin")
    await edge.worker.recorder.flush()

    assert await session_ids(edge.store) == {}
    assert reason(await edge.ask(cookie=cookie)) == "revoked"
