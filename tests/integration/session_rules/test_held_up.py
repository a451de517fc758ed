"""A request that waits for the provider: the order on its connection, its body, its end, what it leaves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import pytest

from session_store import EndReason
from tests.support.edge import hash_of
from tests.support.hostile_oidc import Lies, change
from tests.support.http_client import Client, connected, request, until
from tests.support.redis_server import RedisServer
from tests.support.refreshing import HANDSHAKE, OPEN, OPS, World
from tests.support.upstreams import received

MANY = 200
TAKEN_AT_MOST = 4 * 1024 * 1024
UPLOAD = b"x" * (16 * 1024 * 1024)


def held_up(world: World) -> int:
    """How many requests the first worker lets wait."""
    return len(world.edges[0].worker._tasks)


@asynccontextmanager
async def due(world: World, *targets: str) -> AsyncIterator[tuple[str, Client]]:
    """A visitor about whom the provider has to be asked, which takes its time, and a connection."""
    cookie = await world.enter(*targets)
    world.hostile.refresh_tokens.held = asyncio.Event()
    world.pass_interval()
    async with connected(world.edges[0].port) as client:
        try:
            yield cookie, client
        finally:
            let_go(world)


def let_go(world: World) -> None:
    assert world.hostile.refresh_tokens.held is not None
    world.hostile.refresh_tokens.held.set()


async def test_what_was_pipelined_behind_it_waits_and_each_is_answered_for_itself_in_order(
    world: World,
) -> None:
    grace = await world.enter(OPEN)
    async with due(world) as (cookie, client):
        world.hostile.user["groups"] = []
        client.write(
            request(target=f"{OPEN}/1", cookie=cookie)
            + request(target=f"{OPS}/2", cookie=cookie)
            + request("POST", f"{OPEN}/3", cookie=grace, body=b"three")
            + request(target=f"{OPEN}/4")
            + request(target=f"{OPEN}/5", host="other.localhost", cookie=cookie)
            + request(target=f"{OPEN}/6", cookie=cookie)
        )
        await until(lambda: held_up(world))
        hits = world.upstream.hits
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client._reader.read(1), 0.2)
        assert world.upstream.hits == hits
        let_go(world)
        answers = [await client.answer(method) for method in ("GET", "GET", "POST", "GET", "GET", "GET")]

    assert [each.status for each in answers] == [200, 401, 200, 401, 404, 200]
    told = [received(answers[number]) for number in (0, 2, 5)]
    assert [(got.target, got.body) for got in told] == [
        (f"{OPEN}/1", b""),
        (f"{OPEN}/3", b"three"),
        (f"{OPEN}/6", b""),
    ]


async def test_the_limit_for_taking_the_answer_before_it_is_none_for_the_wait(world: World) -> None:
    async with due(world, OPEN) as (cookie, client):
        await until(lambda: any(each.phase.name == "IDLE" for each in world.edges[0].worker.connections))
        (connection,) = [each for each in world.edges[0].worker.connections if each.phase.name == "IDLE"]
        connection.pause_writing()
        client.write(request(target=OPEN, cookie=cookie))
        await until(lambda: connection._queue)
        assert (held_up(world), connection._deadline > 0) == (0, True)
        connection.resume_writing()
        await until(lambda: held_up(world))
        assert connection._deadline == 0
        let_go(world)
        assert (await client.answer()).status == 200


async def test_of_a_large_upload_a_little_is_taken_and_all_of_it_arrives(world: World) -> None:
    async with due(world, OPEN) as (cookie, client):
        client.write(request("POST", OPEN, cookie=cookie, body=UPLOAD))
        await until(lambda: held_up(world))
        (connection,) = [each for each in world.edges[0].worker.connections if each._queue]
        await until(lambda: connection._queue[0].full)
        assert connection._queue[0]._pending_bytes + len(connection._backlog) < 1024 * 1024
        assert client._transport.get_write_buffer_size() > len(UPLOAD) - 2 * TAKEN_AT_MOST
        let_go(world)
        assert len(received(await client.answer("POST")).body) == len(UPLOAD)


async def test_a_body_is_asked_for_when_the_wait_is_over_and_not_before(world: World) -> None:
    async with due(world, OPEN) as (cookie, client):
        expects = [("Expect", "100-continue"), ("Content-Length", "4")]
        client.write(request("POST", OPEN, cookie=cookie, headers=expects))
        await until(lambda: held_up(world))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client._reader.read(1), 0.2)
        let_go(world)
        assert (await client.read()).startswith(b"HTTP/1.1 100 ")
        client.write(b"body")
        assert received(await client.answer("POST")).body == b"body"


async def test_a_body_whose_framing_breaks_meanwhile_is_refused_once_and_goes_nowhere(world: World) -> None:
    async with due(world, OPEN) as (cookie, client):
        hits = world.upstream.hits
        chunks = [("Transfer-Encoding", "chunked")]
        client.write(request("POST", OPEN, cookie=cookie, headers=chunks) + b"3\r\nabc\r\n")
        await until(lambda: held_up(world))
        client.write(b"zz\r\n")
        assert (await client.answer("POST")).status == 400
        let_go(world)
        assert await client.ended() == b""
        await until(lambda: not held_up(world))
        assert world.upstream.hits == hits


@pytest.mark.parametrize("early", [b"", b"\x81\x80abcd" * 100], ids=["silent", "with frames sent early"])
async def test_a_handshake_whose_session_is_revoked_meanwhile_opens_nothing(
    world: World, early: bytes
) -> None:
    async with due(world) as (cookie, client):
        hits = world.upstream.hits
        client.write(request(target=f"{OPS}/socket", cookie=cookie, headers=HANDSHAKE) + early)
        await until(lambda: held_up(world))
        await world.store.end_browser_session(hash_of(cookie), EndReason.REVOKED, "owtok_1")
        let_go(world)
        refused = await client.answer()
        assert (refused.status, refused.json["details"]["reason"]) == (401, "revoked")
        assert await client.ended() == b""
        assert world.upstream.hits == hits


@pytest.mark.parametrize("how", ["closes", "resets", "closes half"])
async def test_many_clients_that_go_meanwhile_leave_nothing_behind(world: World, how: str) -> None:
    async with due(world, OPEN) as (cookie, _):
        hits, tasks = world.upstream.hits, len(asyncio.all_tasks())
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(connected(world.edges[0].port)) for _ in range(MANY)]
            for each in clients:
                each.write(request("POST", OPEN, cookie=cookie, body=b"y" * 1000))
            await until(lambda: held_up(world) == MANY)
            for each in clients:
                {"closes": each.close, "resets": each.reset, "closes half": each.half_close}[how]()
            await until(lambda: len(world.edges[0].worker.connections) == 1)
        let_go(world)
        await until(lambda: not held_up(world))
        await world.settled()
        assert world.upstream.hits == hits
        assert (await world.ask(cookie, OPEN)).status == 200
        await until(lambda: len(asyncio.all_tasks()) <= tasks + 2)
    assert len(world.asked) == 1


async def test_a_worker_that_drains_answers_it_and_closes(world: World) -> None:
    async with due(world, OPEN) as (cookie, client):
        client.write(request(target=OPEN, cookie=cookie))
        await until(lambda: held_up(world))
        draining = asyncio.create_task(world.edges[0].worker.drain(10))
        await until(lambda: world.edges[0].worker.draining)
        let_go(world)
        got = await client.answer()
        assert (got.status, got.header("connection")) == (200, "close")
        assert await client.ended() == b""
        client.close()
        await draining
    assert world.edges[0].worker.connections == set()


@contextmanager
def taking_no_writes(store_url: str) -> Iterator[None]:
    """A store that answers what it is asked and takes nothing."""
    redis = RedisServer.looking_at(store_url)
    redis.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        redis.config_set("min-replicas-to-write", 0)
        redis.close()


SAID = {"who lost a group": Lies(), "somebody else": Lies(claims=change(sub="eve"))}


@pytest.mark.parametrize("said", SAID)
async def test_what_the_provider_said_and_the_store_does_not_take_lets_nobody_pass(
    world: World, store_url: str, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setattr("proxy.refresher.WAIT_S", 0.3)
    async with due(world) as (cookie, client):
        hits = world.upstream.hits
        world.hostile.user["groups"] = []
        client.write(request(target=OPS, cookie=cookie))
        await world.hostile.refresh_tokens.started.wait()
        world.hostile.lies = SAID[said]
        with taking_no_writes(store_url):
            let_go(world)
            refused = [(await client.answer()).status, (await world.ask(cookie)).status]
        assert (refused, world.upstream.hits) == ([503, 503], hits)
        await world.settled()
        assert (await world.ask(cookie)).status == 401


async def test_who_went_on_without_an_answer_goes_no_further_when_it_has_come_and_is_not_taken(
    world: World, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.refresher.WAIT_S", 0.3)
    async with due(world) as (cookie, _):
        world.hostile.user["groups"] = []
        assert [(await world.ask(cookie)).status for _ in range(2)] == [200, 200]
        with taking_no_writes(store_url):
            let_go(world)
            async with asyncio.timeout(5):
                while (status := (await world.ask(cookie)).status) == 200:
                    pass
            assert status == 503
        await world.settled()
        assert (await world.ask(cookie)).status == 401
