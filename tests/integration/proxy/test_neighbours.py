"""nginx and HAProxy, in front of the edge and behind it, read every message as the edge does.

What a client means arrives at the upstream, and what the upstream means arrives at the client, through both.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest
import uvloop
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from proxy import UpstreamAddress
from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import Answer, connected, request
from tests.support.message_strategies import MARK, Message, Reply, cuts, messages, pieces_of, replies
from tests.support.other_proxies import Neighbour, neighbour
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Received, Scripted, saying

# Not shrunk: where a message is lost, every smaller one would be waited for.
EXAMPLES = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
)
MANY = settings(EXAMPLES, max_examples=7500)
MANY_ANSWERS = settings(EXAMPLES, max_examples=2500)
Side = Literal["before", "behind"]


@dataclass
class Chain:
    """An edge with a neighbour; clients come in at ``port``, ``says`` is what the upstream answers next."""

    runner: asyncio.Runner
    edge: Edge
    port: int
    received: list[Received]
    says: list[tuple[list[bytes], bool]]
    cookie: str


def chain(kind: Neighbour, side: Side, folder: Path) -> Iterator[Chain]:
    server = RedisServer()
    server.start()
    got: list[Received] = []
    says: list[tuple[list[bytes], bool]] = []

    async def build(stack: AsyncExitStack) -> Chain:
        store = Store.open(server.url, secrets=["a secret of the tests, 32 long.."], check_timeout_s=10)
        await store.start()
        stack.push_async_callback(store.close)
        await store.ping()
        upstream = await stack.enter_async_context(Scripted.running(saying(got, says)))
        address = upstream.address
        if side == "behind":
            port = stack.enter_context(neighbour(kind, folder, address.port))
            address = UpstreamAddress("http", "127.0.0.1", port)
        edge = await stack.enter_async_context(running_edge(store, [route(address)]))
        port = edge.port
        if side == "before":
            port = stack.enter_context(neighbour(kind, folder, edge.port))
        return Chain(runner, edge, port, got, says, await edge.sign_in())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        try:
            yield runner.run(build(stack))
        finally:
            runner.run(stack.aclose())
            server.stop()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((kind, side), id=f"{kind} {side}", marks=pytest.mark.needs(kind))
        for kind in ("nginx", "haproxy")
        for side in ("before", "behind")
    ],
)
def through(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    kind, side = request.param
    yield from chain(kind, side, tmp_path_factory.mktemp(kind))


def marked(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in headers if name.lower().startswith(MARK.lower())]


def requests_arrive(through: Chain, sent: list[Message], at: list[float]) -> None:
    through.received.clear()

    async def ask() -> None:
        async with connected(through.port) as client:
            for piece in pieces_of(b"".join(each.sent(through.cookie) for each in sent), at):
                client.write(piece)
                await asyncio.sleep(0)
            for number, each in enumerate(sent, 1):
                assert (await client.answer(each.method)).body == b"%d" % number

    through.runner.run(ask())
    for message, got in zip(sent, through.received, strict=True):
        assert (got.method, got.target, got.body) == (message.method, message.target, message.body)
        assert marked(got.headers) == marked(message.headers)
        assert got.all("X-Forwarded-User") == ["ada"]
    assert through.edge.errors == []


@EXAMPLES
@given(st.lists(messages(), min_size=1, max_size=4), cuts)
def test_n8_a_request_means_the_same_to_the_edge_and_its_neighbour(
    through: Chain, sent: list[Message], at: list[float]
) -> None:
    requests_arrive(through, sent, at)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY
@given(st.lists(messages(), min_size=3, max_size=4), cuts)
def test_n8_so_do_a_hundred_thousand_requests(through: Chain, sent: list[Message], at: list[float]) -> None:
    requests_arrive(through, sent, at)


def answers_arrive(through: Chain, sent: list[Reply], method: str, at: list[float]) -> None:
    if through.port == through.edge.port:
        # Neither neighbour reads every run of interim answers as the edge does.
        sent = [replace(reply, interim="") for reply in sent]
    through.says[:] = [(pieces_of(each.sent(method), at), each.closes) for each in sent]

    async def ask() -> list[Answer]:
        async with connected(through.port) as client:
            answers = []
            for _ in sent:
                await client.send(request(method, cookie=through.cookie))
                answers.append(await client.answer(method))
            return answers

    for reply, got in zip(sent, through.runner.run(ask()), strict=True):
        assert (got.status, got.body) == (reply.status, reply.meant(method))
        assert marked(got.headers) == marked(reply.headers)
    assert through.says == []
    assert through.edge.errors == []


methods = st.sampled_from(["GET", "GET", "HEAD", "POST", "OPTIONS"])


@EXAMPLES
@given(st.lists(replies(), min_size=1, max_size=3), methods, cuts)
def test_n8_an_answer_means_the_same_to_the_edge_and_its_neighbour(
    through: Chain, sent: list[Reply], method: str, at: list[float]
) -> None:
    answers_arrive(through, sent, method, at)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY_ANSWERS
@given(st.lists(replies(), min_size=2, max_size=3), methods, cuts)
def test_n8_so_do_twenty_thousand_answers(
    through: Chain, sent: list[Reply], method: str, at: list[float]
) -> None:
    answers_arrive(through, sent, method, at)
