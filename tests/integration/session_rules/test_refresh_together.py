"""A refresh among others: two workers, ends and crashes at the same time, a store that goes away."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from session_store import BrowserSession, EndReason, Tombstone
from tests.support.edge import hash_of
from tests.support.http_client import connected, request, until
from tests.support.redis_server import RedisServer
from tests.support.refreshing import HANDSHAKE, OPEN, OPS, World, refreshing, turn_over
from tests.support.relay import Fault, Relay
from tests.support.upstreams import received

TURN_MS = 10_000


@pytest.fixture
def held(two: World) -> World:
    """Two workers, and a provider that takes its time."""
    two.hostile.refresh_tokens.held = asyncio.Event()
    return two


def let_go(world: World) -> None:
    assert world.hostile.refresh_tokens.held is not None
    world.hostile.refresh_tokens.held.set()


async def test_o9_fifty_requests_at_two_workers_ask_the_provider_once_and_all_go_on(held: World) -> None:
    cookie = await held.enter(OPS, OPEN)
    held.pass_interval()
    asking = [
        asyncio.create_task(held.ask(cookie, (OPS, OPEN)[number // 2 % 2], worker=number % 2))
        for number in range(50)
    ]
    await held.hostile.refresh_tokens.started.wait()
    await until(lambda: all(edge.worker.refresher._running for edge in held.edges))
    held.hostile.user["groups"] = ["ops", "new"]
    let_go(held)
    answers = await asyncio.gather(*asking)

    assert {tuple(received(answer).all("x-forwarded-groups")) for answer in answers} == {("ops,new",)}
    assert held.asked == ["refresh-0.0"]
    held.pass_interval()
    for worker in (0, 1):
        assert (await held.ask(cookie, worker=worker)).status == 200
    assert held.asked == ["refresh-0.0", "refresh-0.1"]


async def test_a_turn_is_prolonged_while_the_provider_is_slow(
    held: World, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.refresher.TURN_MS", 300)
    cookie = await held.enter()
    held.pass_interval()
    first = asyncio.create_task(held.ask(cookie, worker=0))
    await held.hostile.refresh_tokens.started.wait()
    second = asyncio.create_task(held.ask(cookie, worker=1))
    await asyncio.wait([first, second], timeout=1.0)
    let_go(held)

    assert [(await first).status, (await second).status] == [200, 200]
    assert held.asked == ["refresh-0.0"]


async def test_what_waits_for_the_provider_arrives_whole(held: World) -> None:
    cookie = await held.enter()
    held.pass_interval()
    body = secrets.token_hex(100_000).encode()
    async with connected(held.edges[0].port) as client, connected(held.edges[0].port) as socket:
        client.write(request("POST", OPS, cookie=cookie, body=body))
        await socket.send(request(target=f"{OPS}/socket", cookie=cookie, headers=HANDSHAKE))
        await held.hostile.refresh_tokens.started.wait()
        let_go(held)

        assert received(await client.answer("POST")).body == body
        assert (await socket.read()).startswith(b"HTTP/1.1 101 ")
    assert held.asked == ["refresh-0.0"]


# Ends


@pytest.mark.parametrize("end", ["revocation", "deletion", "logout"])
async def test_an_end_during_a_refresh_wins_and_no_record_comes_back(held: World, end: str) -> None:
    cookie = await held.enter(OPS, OPEN)
    held.pass_interval()
    asking = asyncio.create_task(held.ask(cookie))
    await held.hostile.refresh_tokens.started.wait()
    (user,) = (await held.store.users(limit=10, before=None)).items
    if end == "deletion":
        await held.store.delete_user(user.user.id, "owtok_1")
    else:
        reason = EndReason.REVOKED if end == "revocation" else EndReason.LOGOUT
        await held.store.end_browser_session(hash_of(cookie), reason, "owtok_1")
    let_go(held)

    assert (await asking).status == 401
    for target in (OPS, OPEN):
        for worker in (0, 1):
            assert (await held.ask(cookie, target, worker=worker)).status == 401
    assert isinstance(await held.standing(cookie), Tombstone)
    assert (await held.store.sessions(limit=10, before=None)).items == []
    if end == "deletion":
        assert (await held.store.users(limit=10, before=None)).items == []


async def test_the_end_of_one_application_during_a_refresh_ends_that_one_alone(held: World) -> None:
    cookie = await held.enter(OPS, OPEN)
    held.pass_interval()
    asking = [asyncio.create_task(held.ask(cookie, target)) for target in (OPS, OPEN)]
    await held.hostile.refresh_tokens.started.wait()
    views = (await held.store.sessions(limit=10, before=None)).items
    (ops,) = [view.session for view in views if view.session.endpoint.path_prefix == OPS]
    await held.store.end_application_session(ops.id, EndReason.REVOKED, "owtok_1")
    let_go(held)

    assert [(await each).status for each in asking] == [401, 200]
    assert [(await held.ask(cookie, target)).status for target in (OPS, OPEN)] == [401, 200]


# Workers that die


def kill(world: World, worker: int) -> None:
    """End what the worker is asking just now, as its death would: nothing is given back."""
    for task in world.edges[worker].worker.refresher._running.values():
        task.cancel()


async def test_another_takes_the_turn_of_a_worker_that_died_when_its_time_is_over(
    held: World, store_url: str
) -> None:
    held.hostile.refresh_tokens.rotates = False
    cookie = await held.enter()
    held.pass_interval()
    first = asyncio.create_task(held.ask(cookie, worker=0))
    await held.hostile.refresh_tokens.started.wait()
    second = asyncio.create_task(held.ask(cookie, worker=1))
    await until(lambda: held.edges[1].worker.refresher._running)
    kill(held, 0)
    held.hostile.user["groups"] = ["ops", "new"]
    let_go(held)
    await first
    assert held.asked == ["refresh-0.0"]
    turn_over(store_url, TURN_MS)

    assert received(await second).all("x-forwarded-groups") == ["ops,new"]
    assert held.asked == ["refresh-0.0", "refresh-0.0"]


async def test_who_is_refused_because_a_slow_one_was_faster_ends_nothing(held: World, store_url: str) -> None:
    cookie = await held.enter()
    held.pass_interval()
    slow = asyncio.create_task(held.ask(cookie, worker=0))
    await held.hostile.refresh_tokens.started.wait()
    turn_over(store_url, TURN_MS)
    refused = asyncio.Event()
    end = held.edges[1].worker.refresher._end

    async def after_the_slow_one(browser: BrowserSession, reason: str, detail: str) -> None:
        refused.set()
        await slow
        await end(browser, reason, detail)

    held.edges[1].worker.refresher._end = after_the_slow_one  # type: ignore[method-assign]
    other = asyncio.create_task(held.ask(cookie, worker=1))
    await refused.wait()
    let_go(held)

    assert (await slow).status == 200
    assert (await other).status == 200
    assert isinstance(await held.standing(cookie), BrowserSession)


# A store that goes away


@asynccontextmanager
async def behind(store_url: str) -> AsyncIterator[tuple[World, Relay]]:
    """A worker that is impatient with its store, and a relay between the two."""
    relay = Relay(Path(store_url.removeprefix("unix://")), slow_s=0)
    await relay.start()
    try:
        async with refreshing(relay.url, check_timeout_s=0.3, command_timeout_s=0.3) as world:
            yield world, relay
    finally:
        await relay.close()


async def test_a_store_away_during_a_refresh_is_unavailable_and_nothing_is_lost(store_url: str) -> None:
    async with behind(store_url) as (world, relay):
        cookie = await world.enter()
        world.hostile.refresh_tokens.held = asyncio.Event()
        world.pass_interval()
        asking = asyncio.create_task(world.ask(cookie))
        await world.hostile.refresh_tokens.started.wait()
        relay.break_by(Fault.DEAD)
        world.hostile.user["groups"] = ["ops", "new"]
        let_go(world)
        unanswered = await world.ask(cookie)
        assert (unanswered.status, unanswered.header("retry-after")) == (503, "1")
        await asyncio.sleep(0)
        relay.mend()

        assert (await asking).status in (200, 503)
        await world.settled()
        async with asyncio.timeout(10):
            while (answer := await world.ask(cookie)).status == 503:
                pass
        assert received(answer).all("x-forwarded-groups") == ["ops,new"]
        world.pass_interval()
        assert (await world.ask(cookie)).status == 200
        assert world.asked == ["refresh-0.0", "refresh-0.1"]


async def test_a_store_away_when_the_provider_is_due_lets_nobody_pass(store_url: str) -> None:
    async with behind(store_url) as (world, relay):
        cookie = await world.enter()
        world.pass_interval()
        hits = world.upstream.hits
        relay.break_by(Fault.HUNG)
        assert (await world.ask(cookie)).status == 503
        assert world.upstream.hits == hits
        relay.mend()


async def test_a_store_that_answers_and_takes_no_writes_lets_nobody_pass_who_is_due(
    world: World, store_url: str
) -> None:
    cookie = await world.enter()
    world.pass_interval()
    hits = world.upstream.hits
    client = RedisServer.looking_at(store_url)
    client.config_set("min-replicas-to-write", 1)
    try:
        refused = [await world.ask(cookie) for _ in range(3)]
    finally:
        client.config_set("min-replicas-to-write", 0)
        client.close()

    assert [answer.status for answer in refused] == [503] * 3
    assert (world.upstream.hits, world.asked) == (hits, [])
    assert (await world.ask(cookie)).status == 200


async def test_a_worker_that_stops_lets_a_refresh_end(store_url: str) -> None:
    async with refreshing(store_url) as world:
        world.hostile.refresh_tokens.held = asyncio.Event()
        cookie = await world.enter()
        world.pass_interval()
        asking = asyncio.create_task(world.ask(cookie))
        await world.hostile.refresh_tokens.started.wait()
        closing = asyncio.create_task(world.edges[0].worker.refresher.close())
        await asyncio.sleep(0)
        let_go(world)
        await closing
        await asking
        standing = await world.standing(cookie)

    assert isinstance(standing, BrowserSession)
    assert standing.refreshed_at > standing.issued_at
