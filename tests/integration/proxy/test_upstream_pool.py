"""Connections to an upstream: how many, for how long, to which address, and who gets the next free one."""

import asyncio
import errno
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, closing
from os import listdir
from typing import Any

import pytest

from proxy import UpstreamAddress, connectors
from proxy.connectors import Connector, Factory, connector_to, first_to_connect, interleaved
from proxy.timers import TimerWheel
from proxy.upstream import UpstreamConnection
from proxy.upstream_pool import UpstreamBusy, UpstreamPool, UpstreamRefused
from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import connected, request, until
from tests.support.upstreams import Echo, Scripted, always, ok

PATIENCE_S = 10


@pytest.fixture
async def wheel() -> AsyncIterator[TimerWheel]:
    wheel = TimerWheel(asyncio.get_running_loop())
    wheel.start()
    yield wheel
    wheel.close()


@pytest.fixture
async def pool(upstream: Echo, wheel: TimerWheel) -> AsyncIterator[UpstreamPool]:
    pool = UpstreamPool(connector_to(upstream.address), wheel)
    yield pool
    pool.close()
    await until(lambda: not pool._open)


async def soon(work: Any) -> Any:
    return await asyncio.wait_for(work, PATIENCE_S)


async def waiting(pool: UpstreamPool, count: int) -> list["asyncio.Task[UpstreamConnection]"]:
    tasks = [asyncio.create_task(pool.connect()) for _ in range(count)]
    await until(lambda: len(pool._waiting) == count)
    return tasks


# Turns


async def test_beyond_the_limit_requests_get_what_becomes_free_in_their_order(
    pool: UpstreamPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.MOST_OPEN", 1)
    only = await soon(pool.connect())
    tasks = await waiting(pool, 3)

    for task in tasks:
        pool.give_back(only)
        assert await soon(task) is only
        assert [each.done() for each in tasks] == [each in tasks[: tasks.index(task) + 1] for each in tasks]
    pool.give_back(only)
    assert pool.take(fresh=True) is only


async def test_one_who_has_gone_loses_his_turn_to_the_next(
    pool: UpstreamPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.MOST_OPEN", 1)
    only = await soon(pool.connect())
    gone, called, last = await waiting(pool, 3)

    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    pool.give_back(only)
    called.cancel()

    assert await soon(last) is only
    assert (len(pool._open), pool._reserved) == (1, 0)


async def test_a_place_that_becomes_free_is_the_next_ones_even_if_the_first_goes(
    pool: UpstreamPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.MOST_OPEN", 1)
    only = await soon(pool.connect())
    first, second = await waiting(pool, 2)

    pool.closed(only)
    first.cancel()

    other = await soon(second)
    only.abort()
    assert other.usable
    assert (list(pool._open), pool._reserved) == ([other], 0)


async def test_nobody_waits_for_ever(pool: UpstreamPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.upstream_pool.MOST_OPEN", 1)
    monkeypatch.setattr("proxy.upstream_pool.WAIT_TIMEOUT_S", 0.05)
    await soon(pool.connect())

    with pytest.raises(UpstreamBusy):
        await soon(pool.connect())
    assert not pool._waiting


async def test_the_queue_has_an_end(pool: UpstreamPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.upstream_pool.MOST_OPEN", 1)
    monkeypatch.setattr("proxy.upstream_pool.MOST_WAITING", 2)
    await soon(pool.connect())
    tasks = await waiting(pool, 2)

    with pytest.raises(UpstreamBusy):
        await soon(pool.connect())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_idle_connection_that_nobody_can_use_makes_room(
    pool: UpstreamPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.MOST_OPEN", 1)
    monkeypatch.setattr("proxy.upstream_pool.FRESH_FOR_S", -1)
    old = await soon(pool.connect())
    pool.give_back(old)

    assert pool.take(fresh=True) is None
    assert (await soon(pool.connect())).usable
    assert not old.usable


async def test_a_connection_that_fails_gives_its_place_to_the_next(
    wheel: TimerWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.MOST_OPEN", 1)
    refused = asyncio.Event()

    async def refusing(_: Factory) -> UpstreamConnection:
        await refused.wait()
        raise ConnectionRefusedError

    pool = UpstreamPool(refusing, wheel)
    tasks = [asyncio.create_task(pool.connect()) for _ in range(3)]
    await until(lambda: len(pool._waiting) == 2)
    refused.set()

    errors = await soon(asyncio.gather(*tasks, return_exceptions=True))
    assert [type(error) for error in errors] == [UpstreamRefused] * 3
    assert pool._reserved == 0


# Age


async def test_a_connection_ends_at_a_certain_age_used_or_not(
    pool: UpstreamPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, idle, young = [await soon(pool.connect()) for _ in range(3)]
    pool.give_back(idle)
    pool._open[young] += 1000
    monkeypatch.setattr("proxy.upstream_pool.MOST_AGE_S", 0)
    pool.on_deadline()

    assert not idle.usable
    assert used.usable, "what is in use is not cut"
    for connection in (used, young):
        pool.give_back(connection)
    assert (used.usable, young.usable) == (False, True)
    assert pool.take(fresh=False) is young


async def test_a_connection_without_use_is_closed_in_time(
    pool: UpstreamPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.upstream_pool.IDLE_TIMEOUT_S", 0.3)
    pool.give_back(await soon(pool.connect()))
    assert len(pool._open) == 1
    await until(lambda: not pool._open)


# Addresses


def names(found: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the resolver answer what is in ``found`` at the time; returns what it was asked for."""
    asked: list[str] = []
    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def getaddrinfo(host: str, port: int, **options: Any) -> Any:
        if host != "app.internal":
            return await real(host, port, **options)
        asked.append(host)
        return [(family, socket.SOCK_STREAM, 6, "", place) for family, place in found]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    return asked


async def test_a_name_is_looked_up_for_each_connection(
    wheel: TimerWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Scripted.running(always(ok())) as before, Scripted.running(always(ok())) as after:
        found = [(socket.AF_INET, ("127.0.0.1", before.address.port))]
        asked = names(found, monkeypatch)
        pool = UpstreamPool(connector_to(UpstreamAddress("http", "app.internal", 80)), wheel)
        await soon(pool.connect())
        found[:] = [(socket.AF_INET, ("127.0.0.1", after.address.port))]
        await soon(pool.connect())
        await until(lambda: (before.connections, after.connections) == (1, 1))
        pool.close()
    assert asked == ["app.internal"] * 2


async def test_every_address_of_a_name_is_tried(
    upstream: Echo, wheel: TimerWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        nobody = probe.getsockname()
    names([(socket.AF_INET, nobody), (socket.AF_INET, ("127.0.0.1", upstream.address.port))], monkeypatch)
    pool = UpstreamPool(connector_to(UpstreamAddress("http", "app.internal", 80)), wheel)

    assert (await soon(pool.connect())).usable
    pool.close()


async def test_a_silent_address_does_not_keep_the_next_from_being_tried(upstream: Echo) -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(8):
            waiter = stack.enter_context(socket.socket())
            waiter.setblocking(False)
            waiter.connect_ex(full.getsockname())
        good = ("127.0.0.1", upstream.address.port)
        made = await soon(first_to_connect([(socket.AF_INET, full.getsockname()), (socket.AF_INET, good)]))
        assert made.getpeername() == good
        made.close()


async def test_a_resolver_that_is_silent_is_asked_once_at_a_time_and_is_a_refusal(
    wheel: TimerWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connectors, "LOOKUP_TIMEOUT_S", 0.05)
    answer = asyncio.Event()
    asked = []

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        await answer.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    pool = UpstreamPool(connector_to(UpstreamAddress("http", "app.internal", 80)), wheel)
    for _ in range(3):
        with pytest.raises(UpstreamRefused):
            await soon(pool.connect())
    assert asked == ["app.internal"]
    answer.set()


def test_families_are_tried_by_turns() -> None:
    four, six = (socket.AF_INET, ("4", 1)), (socket.AF_INET6, ("6", 1, 0, 0))

    assert interleaved([six, six, four, four, four]) == [six, four, six, four, four]
    assert interleaved([]) == []


async def test_localhost_is_reached_by_either_family(store: Store) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ok(b"six", "Connection: close"))
        writer.close()

    server = await asyncio.start_server(serve, "::1", 0)
    address = UpstreamAddress("http", "localhost", server.sockets[0].getsockname()[1])
    async with running_edge(store, [route(address)]) as edge:
        assert (await edge.ask(cookie=await edge.sign_in())).body == b"six"
    server.close()


# File descriptors


def running_out(connector: Connector) -> tuple[Connector, list[bool]]:
    """``connector``, without file descriptors as long as the list is not empty."""
    out = [True]

    async def connect(factory: Factory) -> UpstreamConnection:
        if out:
            raise OSError(errno.EMFILE, "Too many open files")
        return await connector(factory)

    return connect, out


async def test_without_file_descriptors_a_request_waits_for_a_connection_there_is(
    upstream: Echo, wheel: TimerWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector, out = running_out(connector_to(upstream.address))
    pool = UpstreamPool(connector, wheel)
    with pytest.raises(UpstreamBusy):
        await soon(pool.connect())
    out.clear()
    only = await soon(pool.connect())
    out.append(True)
    (task,) = await waiting(pool, 1)

    pool.give_back(only)

    assert await soon(task) is only
    assert pool._reserved == 0
    pool.close()


async def test_at_the_limit_of_file_descriptors_what_runs_goes_on(edge: Edge, cookie: str) -> None:
    many = [socket.socket() for _ in range(64)]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        assert (await client.answer()).status == 200
        try:
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (max(map(int, listdir("/proc/self/fd"))) + 4, limits[1])
            )
            for each in many:
                each.setblocking(False)
                each.connect_ex(("127.0.0.1", edge.port))
            for _ in range(20):
                await client.send(request(cookie=cookie))
                assert (await client.answer()).status == 200
            for each in many:
                each.close()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        async with connected(edge.port) as late:
            await late.send(request(cookie=cookie))
            assert (await late.answer()).status == 200
