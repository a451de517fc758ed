"""Exchanges of many commands: every reply to whoever asked for it, errors among them, and never another's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from session_store.address import parse_address
from session_store.commands import Commands
from session_store.errors import StoreUnavailable
from session_store.lua import COUNT
from tests.support.redis_server import RedisServer

PATIENCE_S = 10.0
INFO = b"redis_version:7.2.0\r\nmaxmemory_policy:noeviction\r\nrole:master\r\n"
GREETING = b"$%d\r\n%b\r\n" % (len(INFO), INFO)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def commands(store_url: str) -> AsyncIterator[Commands]:
    made = Commands(parse_address(store_url), timeout_s=PATIENCE_S)
    yield made
    await made.close()


@asynccontextmanager
async def answered_by(
    folder: Path, serve: Serve, *, timeout_s: float = PATIENCE_S
) -> AsyncIterator[Commands]:
    """Commands to a server that greets as a store does, and then does as ``serve`` says."""

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"INFO\r\n")
        writer.write(GREETING)
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_unix_server(met, folder / "s")
    made = Commands(parse_address(f"unix://{folder}/s"), timeout_s=timeout_s)
    try:
        yield made
    finally:
        await made.close()
        server.close()


async def test_many_replies_come_in_the_order_of_their_commands_whatever_their_size(
    commands: Commands,
) -> None:
    values = [bytes([65 + number % 26]) * (number * 400) for number in range(300)]
    await commands.run_all([("SET", f"k{number}", value) for number, value in enumerate(values)])
    assert await commands.run_all([("GET", f"k{number}") for number in range(300)]) == values


async def test_every_kind_of_reply_comes_as_what_it_is(commands: Commands) -> None:
    asked: list[tuple[str, ...]] = [
        ("RPUSH", "list", "a", "b"),
        ("LRANGE", "list", "0", "-1"),
        ("GET", "nothing"),
        ("LRANGE", "nothing", "0", "-1"),
        ("TYPE", "list"),
    ]
    assert await commands.run_all(asked) == [2, [b"a", b"b"], None, [], b"list"]


async def test_an_error_among_replies_is_a_value_in_its_place(commands: Commands) -> None:
    await commands.run("SET", "text", "x")
    first, error, last = await commands.exchange([("GET", "text"), ("INCR", "text"), ("GET", "text")])
    assert (first, last) == (b"x", b"x")
    assert isinstance(error, ResponseError)


async def test_an_error_reply_is_raised_where_values_are_asked_for_and_spoils_no_later_exchange(
    commands: Commands,
) -> None:
    await commands.run("SET", "text", "x")
    with pytest.raises(StoreUnavailable, match="refused a command"):
        await commands.run_all([("GET", "text"), ("INCR", "text"), ("GET", "text")])
    assert await commands.run("GET", "text") == b"x"


async def test_scripts_that_the_store_has_not_seen_run_once_each_in_their_places(
    commands: Commands, store_url: str
) -> None:
    RedisServer.looking_at(store_url).script_flush()
    calls = [COUNT.call([b"counted"], 60_000) for _ in range(3)]
    assert await commands.run_all([calls[0], ("GET", "nothing"), *calls[1:]]) == [1, None, 2, 3]


async def test_whoever_gives_up_leaves_no_reply_to_the_next_one(commands: Commands) -> None:
    """CVE-2023-28858."""
    await commands.run_all([("SET", "mine", "mine"), ("SET", "yours", "yours" * 100_000)])
    for turns in range(12):
        asking = asyncio.create_task(commands.run_all([("GET", "yours")] * 20))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        assert await commands.run_all([("GET", "mine"), ("GET", "mine")]) == [b"mine", b"mine"]


async def test_replies_that_end_too_early_are_an_error_and_not_waited_for(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"two\r\n")
        writer.write(b"$3\r\none\r\n$3\r\ntw")

    async with answered_by(tmp_path, serve) as commands:
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await commands.run_all([("GET", "one"), ("GET", "two")])


async def test_what_is_no_reply_is_an_error(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"one\r\n")
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with answered_by(tmp_path, serve) as commands:
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await commands.run("GET", "one")


async def test_a_server_that_loads_is_not_asked_further(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"two\r\n")
        writer.write(b"-LOADING it is\r\n-LOADING it is\r\n")

    async with answered_by(tmp_path, serve) as commands:
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await commands.exchange([("GET", "one"), ("GET", "two")])


async def test_more_replies_than_were_asked_for_are_nobodys(tmp_path: Path) -> None:
    met = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        await reader.readuntil(b"one\r\n")
        writer.write(b"$5\r\nfirst\r\n$7\r\nsurplus\r\n" if met == 1 else b"$6\r\nsecond\r\n")
        await reader.read()

    async with answered_by(tmp_path, serve) as commands:
        assert await commands.run("GET", "one") == b"first"
        assert await commands.run("GET", "one") == b"second"


async def test_replies_that_come_too_late_are_an_error_and_nobodys(tmp_path: Path) -> None:
    late = asyncio.Event()
    met = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        await reader.readuntil(b"one\r\n")
        if met == 1:
            writer.write(b"$3\r\n")
            await late.wait()
        writer.write(b"$6\r\nsecond\r\n")
        await reader.read()

    async with answered_by(tmp_path, serve, timeout_s=0.2) as commands:
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            await commands.run("GET", "one")
        late.set()
        assert await commands.run("GET", "one") == b"second"
