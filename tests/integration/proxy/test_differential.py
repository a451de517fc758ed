"""What the edge makes of a message and what h11 makes of it are the same, in any pieces, whole or broken.

One edge serves all examples. The upstream reads requests by h11 and the client answers, and an example fails
when h11 cannot follow.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_store import Store
from tests.support.edge import HOST, Edge, route, running_edge
from tests.support.http_client import Answer, Closed, Cut, connected, request
from tests.support.message_strategies import (
    MARK,
    Message,
    Reply,
    cuts,
    damage,
    damaged,
    messages,
    pieces_of,
    replies,
)
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Received, Scripted, saying

EXAMPLES = settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
DAMAGED = settings(EXAMPLES, max_examples=1000)
MANY = settings(EXAMPLES, max_examples=30_000, database=None)
MANY_ANSWERS = settings(EXAMPLES, max_examples=10_000, database=None)


@dataclass
class World:
    """An edge, what its upstream received and is to say next, and a visitor's cookie.

    ``says`` are the pieces of the upstream's answer and whether it closes after them; without any it answers
    with the number of the request.
    """

    runner: asyncio.Runner
    edge: Edge
    received: list[Received]
    says: list[tuple[list[bytes], bool]]
    cookie: str


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    server = RedisServer()
    server.start()
    got: list[Received] = []
    says: list[tuple[list[bytes], bool]] = []

    async def build(stack: AsyncExitStack) -> World:
        store = Store.open(server.url, secrets=["a secret of the tests, 32 long.."], check_timeout_s=10)
        await store.start()
        stack.push_async_callback(store.close)
        await store.ping()
        upstream = await stack.enter_async_context(Scripted.running(saying(got, says)))
        edge = await stack.enter_async_context(running_edge(store, [route(upstream)]))
        return World(runner, edge, got, says, await edge.sign_in())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        try:
            yield runner.run(build(stack))
        finally:
            runner.run(stack.aclose())
            server.stop()


def nothing_of_ours_failed(world: World) -> None:
    assert world.edge.errors == []
    assert world.edge.unhandled == []


# Requests


def every_message_arrives(world: World, sent: list[Message], at: list[float]) -> None:
    world.received.clear()

    async def ask() -> None:
        async with connected(world.edge.port) as client:
            for piece in pieces_of(b"".join(each.sent(world.cookie) for each in sent), at):
                client.write(piece)
                await asyncio.sleep(0)
            for number, each in enumerate(sent, 1):
                assert (await client.answer(each.method)).body == b"%d" % number

    world.runner.run(ask())
    for message, got in zip(sent, world.received, strict=True):
        assert (got.method, got.target, got.body) == (message.method, message.target, message.body)
        assert [(name, value) for name, value in got.headers if name.startswith(MARK)] == message.headers
        assert got.all("X-Forwarded-User") == ["ada"]
        assert got.all("Host") == [HOST]


some_messages = st.lists(messages(), min_size=1, max_size=4)


@EXAMPLES
@given(some_messages, cuts)
def test_every_message_arrives_as_it_was_meant(world: World, sent: list[Message], at: list[float]) -> None:
    every_message_arrives(world, sent, at)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY
@given(st.lists(messages(), min_size=3, max_size=4), cuts)
def test_a_hundred_thousand_messages_arrive_as_they_were_meant(
    world: World, sent: list[Message], at: list[float]
) -> None:
    every_message_arrives(world, sent, at)


ANSWERS = {200, 400, 401, 404, 405, 414, 417, 431, 501, 505}


@DAMAGED
@given(st.lists(messages(), min_size=1, max_size=3), damage, cuts)
def test_a_damaged_message_is_refused_or_arrives_in_one_meaning(
    world: World, sent: list[Message], blows: list[tuple[float, int, bytes]], at: list[float]
) -> None:
    world.received.clear()
    data = damaged(b"".join(each.sent(world.cookie) for each in sent), blows)

    async def ask() -> None:
        async with connected(world.edge.port) as client:
            for piece in pieces_of(data, at):
                client.write(piece)
                await asyncio.sleep(0)
            client.half_close()
            with suppress(Closed):
                while True:
                    assert (await client.answer()).status in ANSWERS

    world.runner.run(ask())
    for got in world.received:
        assert got.all("X-Forwarded-User") == ["ada"]
        assert got.all("Host")[0].split(":")[0].rstrip(".").lower() == HOST
        assert len(got.all("Content-Length")) + len(got.all("Transfer-Encoding")) <= 1
        assert not got.all("Connection")
    nothing_of_ours_failed(world)


# Answers


def marked(answer: Answer) -> list[tuple[str, str]]:
    """The header lines that were made up, in lower case as a client's h11 gives them."""
    return [(name, value) for name, value in answer.headers if name.startswith(MARK.lower())]


methods = st.sampled_from(["GET", "GET", "HEAD", "POST", "OPTIONS"])


def every_reply_arrives(world: World, sent: list[Reply], method: str, at: list[float]) -> None:
    world.says[:] = [(pieces_of(each.sent(method), at), each.closes) for each in sent]

    async def ask() -> list[Answer]:
        async with connected(world.edge.port) as client:
            client.write(request(method, cookie=world.cookie) * len(sent))
            return [await client.answer(method) for _ in sent]

    for reply, got in zip(sent, world.runner.run(ask()), strict=True):
        assert (got.status, got.reason.decode(), got.body) == (
            reply.status,
            reply.reason,
            reply.meant(method),
        )
        assert marked(got) == [(name.lower(), value) for name, value in reply.headers]
        assert got.interim == ()
        assert not got.all("x-outerward-session") + got.all("trailer")
    assert world.says == []
    nothing_of_ours_failed(world)


@EXAMPLES
@given(st.lists(replies(), min_size=1, max_size=3), methods, cuts)
def test_every_answer_arrives_as_it_was_meant(
    world: World, sent: list[Reply], method: str, at: list[float]
) -> None:
    every_reply_arrives(world, sent, method, at)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY_ANSWERS
@given(st.lists(replies(), min_size=2, max_size=3), methods, cuts)
def test_twenty_thousand_answers_arrive_as_they_were_meant(
    world: World, sent: list[Reply], method: str, at: list[float]
) -> None:
    every_reply_arrives(world, sent, method, at)


@DAMAGED
@given(replies(), methods, damage, cuts)
def test_a_damaged_answer_is_refused_cut_or_one_answer_and_never_the_next_ones(
    world: World, sent: Reply, method: str, blows: list[tuple[float, int, bytes]], at: list[float]
) -> None:
    world.received.clear()
    world.says[:] = [(pieces_of(damaged(sent.sent(method), blows), at), True)]

    async def ask() -> None:
        async with connected(world.edge.port) as client:
            await client.send(request(method, cookie=world.cookie))
            with suppress(Cut, Closed):
                answer = await client.answer(method)
                assert not [value for value in answer.all("set-cookie") if value.startswith("outerward")]
                await client.send(request(target="/next", cookie=world.cookie))
                assert (await client.answer()).body == b"%d" % len(world.received)

    world.runner.run(ask())
    assert (world.received[-1].target == "/next") or len(world.received) == 1
    nothing_of_ours_failed(world)
