"""No store, no upstream: whoever cannot be checked gets 503, never a login and never the app."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis

from session_store import Asker, CookieHash, EndpointId, Store, StoreUnavailable
from tests.support.edge import Edge, hash_of, route, running_edge
from tests.support.http_client import Answer, Headers, connected, request, until
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Echo

NAVIGATION: Headers = [("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")]
CHECK_TIMEOUT_S = 0.5


@asynccontextmanager
async def scene(server: RedisServer, upstream: Echo) -> AsyncIterator[tuple[Edge, str]]:
    """An edge on a store of the test's own, and a visitor who has been there."""
    store = Store.open(server.url, secrets=["a secret of the tests, 32 long.."])
    await store.start()
    try:
        await store.ping()
        async with running_edge(store, [route(upstream), route(upstream, "other.localhost")]) as edge:
            cookie = await edge.sign_in()
            assert (await edge.ask(cookie=cookie)).status == 200
            yield edge, cookie
    finally:
        await store.close()


def unavailable(answer: Answer) -> bool:
    assert answer.header("retry-after") == "1"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("location") == ""
    if answer.header("content-type") == "text/html; charset=utf-8":
        assert b"OUT-4000" in answer.body
    else:
        assert answer.problem == (503, "4000")
        assert answer.json["details"]["reason"] == "store_unavailable"
    return answer.status == 503


async def right_again(edge: Edge, cookie: str) -> float:
    """Seconds until the visitor is let through; whatever comes before is *unavailable* and nothing else."""
    began = time.monotonic()
    while (answer := await edge.ask(cookie=cookie)).status != 200:
        assert unavailable(answer)
        assert time.monotonic() - began < 30
        await asyncio.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.parametrize("fault", ["kill", "hang"])
async def test_without_an_answer_of_the_store_nobody_passes_and_nobody_is_logged_out(
    store_server: RedisServer, upstream: Echo, fault: str
) -> None:
    async with scene(store_server, upstream) as (edge, cookie):
        second_host = await edge.sign_in("other.localhost")
        hits = upstream.hits
        getattr(store_server, fault)()

        began = time.monotonic()
        assert unavailable(await edge.ask(cookie=cookie))
        assert time.monotonic() - began < 10 * CHECK_TIMEOUT_S
        assert unavailable(await edge.ask(cookie=cookie, headers=NAVIGATION))
        assert unavailable(await edge.ask(method="POST", cookie=cookie, body=b"x"))
        assert unavailable(await edge.ask(host="other.localhost", cookie=second_host))
        assert unavailable(await edge.ask(cookie="A" * 43))
        assert (await edge.ask()).status == 401, "who brings no session needs no store"
        assert upstream.hits == hits

        store_server.start() if fault == "kill" else store_server.go_on()
        assert await right_again(edge, cookie) < 10
        assert (await edge.ask(host="other.localhost", cookie=second_host)).status == 200


async def test_many_wait_together_and_not_one_after_the_other(
    store_server: RedisServer, upstream: Echo
) -> None:
    async with scene(store_server, upstream) as (edge, cookie):
        hits = upstream.hits
        store_server.hang()
        began = time.monotonic()
        answers = await asyncio.gather(*(edge.ask(cookie=cookie) for _ in range(100)))
        assert all(unavailable(answer) for answer in answers)
        assert time.monotonic() - began < 10 * CHECK_TIMEOUT_S
        assert upstream.hits == hits
        store_server.go_on()
        await right_again(edge, cookie)


async def test_an_answer_under_way_is_not_cut_when_the_store_goes(
    store_server: RedisServer, upstream: Echo
) -> None:
    async with scene(store_server, upstream) as (edge, cookie), connected(edge.port) as client:
        body = b"x" * 100_000
        head = request("POST", cookie=cookie, headers=[("Content-Length", str(len(body)))])
        await client.send(head + body[:10])
        await until(lambda: upstream.hits == 2)
        store_server.kill()
        await client.send(body[10:])
        assert (await client.answer("POST")).status == 200
        store_server.start()


async def test_who_leaves_while_the_store_is_silent_leaves_nothing_behind(
    store_server: RedisServer, upstream: Echo
) -> None:
    async with scene(store_server, upstream) as (edge, cookie):
        store_server.hang()
        for number in range(50):
            async with connected(edge.port) as client:
                await client.send(request(cookie=cookie if number % 2 else "A" * 43))
                client.reset()
        store_server.kill()
        await until(lambda: not edge.worker.connections and not edge.worker._tasks)
        store_server.start()
        await right_again(edge, cookie)


async def test_activity_noted_while_the_store_is_away_is_written_later(
    store_server: RedisServer, upstream: Echo
) -> None:
    async with scene(store_server, upstream) as (edge, cookie):
        for _ in range(4):
            assert (await edge.ask(cookie=cookie)).status == 200
        store_server.kill()
        await edge.worker.recorder.flush()
        store_server.start()
        await right_again(edge, cookie)
        while True:
            await edge.worker.recorder.flush()
            try:
                (view,) = (await edge.store.sessions(limit=10, before=None)).items
            except StoreUnavailable:
                continue
            if view.activity.requests >= 6:
                break
            await asyncio.sleep(0.02)

    assert view.activity.requests == 6


async def test_the_edge_starts_without_a_store_and_is_right_when_it_comes(
    store_server: RedisServer, upstream: Echo
) -> None:
    store_server.kill()
    store = Store.open(store_server.url, secrets=["a secret of the tests, 32 long.."])
    await store.start()
    try:
        async with running_edge(store, [route(upstream)]) as edge:
            assert unavailable(await edge.ask(cookie="A" * 43))
            store_server.start()
            async with asyncio.timeout(20):
                while (await edge.ask(cookie="A" * 43)).status == 503:
                    pass
            assert (await edge.ask(cookie=await edge.sign_in())).status == 200
    finally:
        await store.close()


async def test_a_reply_out_of_step_is_unavailable_and_never_somebody_elses_session(
    edge: Edge, cookie: str, upstream: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await edge.sign_in()
    for each in (cookie, other):
        assert (await edge.ask(cookie=each)).status == 200
    hits = upstream.hits
    stolen = await edge.store.check(hash_of(other), route(upstream).endpoint.id)

    def out_of_step(cookie_hash: CookieHash, endpoint_id: EndpointId, asker: Asker) -> None:
        asker.answered(stolen)

    monkeypatch.setattr(edge.store, "ask", out_of_step)
    assert unavailable(await edge.ask(cookie=cookie))
    assert upstream.hits == hits


@pytest.mark.parametrize(
    "value", [b"", b"A2", b"A1garbage", b"B1", b"P1login", b"K1", b"T9", b"OK", b"A1" + b"\x80" * 40]
)
async def test_whatever_stands_in_a_sessions_place_is_unavailable_unless_it_is_that_session(
    edge: Edge, cookie: str, upstream: Echo, store_url: str, value: bytes
) -> None:
    assert (await edge.ask(cookie=cookie)).status == 200
    with redis.Redis.from_url(store_url) as client:
        (key,) = [key for key in client.scan_iter() if key.startswith(b"ow:a:")]
        client.set(key, value)
    assert unavailable(await edge.ask(cookie=cookie))
    assert upstream.hits == 1
