"""The ids of a plan on a real server: in one order, each once, and none left out, however they are read."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest
import redis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from session_store.address import parse_address
from session_store.commands import Commands, Reply
from session_store.ids import IdSource
from session_store.lua import Command
from session_store.query import walk as walking
from session_store.query.places import BareId, Run, Scored, Span, Stretch, bare_of
from session_store.query.walk import Latest, Merged, Walk
from tests.support.redis_server import RedisServer

EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BEGAN_MS = 1_800_000_000_000
SECOND_MS = 1000
ALL = Run(b"all", b"edgses_")
Times = list[tuple[int, int]]
"""When each session was made, in seconds, and for how many it was active: by another clock, so from -9 on."""


@pytest.fixture
async def commands(store_url: str) -> AsyncIterator[Commands]:
    one = Commands(parse_address(store_url), timeout_s=30)
    try:
        yield one
    finally:
        await one.close()


@pytest.fixture
def server(store_url: str) -> redis.Redis:
    one: redis.Redis = RedisServer.looking_at(store_url)
    return one


def enter(server: redis.Redis, times: Times) -> dict[BareId, int]:
    """Make these the only sessions; when each was last active, by id."""
    server.flushall()
    active = {}
    for made, lasted in sorted(times):
        session_id = IdSource(now_s=lambda made=made: BEGAN_MS / 1000 + made).session()  # type: ignore[misc]
        at = BEGAN_MS + (made + lasted) * SECOND_MS
        server.zadd(ALL.key, {session_id: 0})
        server.zadd("active", {session_id: at})
        active[bare_of(session_id.encode())] = at
    return active


def active_before(second: int) -> Scored:
    return Scored(b"active", b"edgses_", None, BEGAN_MS + second * SECOND_MS)


async def rest(walk: Walk, count: int = 5) -> list[BareId]:
    ids: list[BareId] = []
    while not walk.at_end:
        some = await walk.next(count)
        assert some == sorted(some, reverse=True)
        ids += some
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids, reverse=True)
    return ids


def expected(active: dict[BareId, int], before: Scored, span: Span) -> list[BareId]:
    below = before.below or 0
    return sorted((each for each, at in active.items() if at < below and each in span), reverse=True)


def small(patch: pytest.MonkeyPatch, first: int, most: int) -> None:
    patch.setattr(walking, "_LATEST_AT_FIRST", first)
    patch.setattr(walking, "_LATEST_AT_MOST", most)


class Counting(Commands):
    """Commands that note how many entries came of each index, and of each command."""

    def __init__(self, url: str) -> None:
        super().__init__(parse_address(url), timeout_s=30)
        self.read: dict[str, list[int]] = {}

    async def run_all(self, commands: Sequence[Command]) -> list[Reply]:
        replies = await super().run_all(commands)
        for (_, key, *_), reply in zip(commands, replies, strict=True):
            if isinstance(reply, list):
                self.read.setdefault(cast("bytes", key).decode(), []).append(len(reply))
        return replies


@asynccontextmanager
async def counting(url: str) -> AsyncIterator[Counting]:
    one = Counting(url)
    try:
        yield one
    finally:
        await one.close()


TIMES = st.lists(st.tuples(st.integers(0, 80), st.integers(-9, 80)), max_size=40)


@EXAMPLES
@given(
    times=TIMES,
    second=st.integers(0, 160),
    sizes=st.sampled_from([(1, 64), (2, 8), (3, 3)]),
    middle=st.booleans(),
)
@example(times=[(5, 0), (6, 0), (7, 0)], second=100, sizes=(1, 64), middle=False)
@example(times=[(20, -9), (15, 0), (16, 0), (17, 0)], second=100, sizes=(1, 64), middle=False)
async def test_what_was_active_before_a_time_is_whole_and_in_order(
    commands: Commands,
    server: redis.Redis,
    times: Times,
    second: int,
    sizes: tuple[int, int],
    middle: bool,
) -> None:
    active = enter(server, times)
    position = sorted(active)[len(active) // 2] if active and middle else Span().below
    before, span = active_before(second), Span(below=position)
    with pytest.MonkeyPatch.context() as patch:
        small(patch, *sizes)
        found = await rest(Latest(commands, before, ALL, span))
    passed = [each for each in found if active[each] < (before.below or 0)]
    assert passed == expected(active, before, span)


async def test_what_is_younger_than_all_that_match_is_not_looked_at(
    store_url: str, server: redis.Redis
) -> None:
    active = enter(server, [*((made, 0) for made in range(30)), *((100 + made, 999) for made in range(200))])
    async with counting(store_url) as commands:
        with pytest.MonkeyPatch.context() as patch:
            small(patch, 10, 64)
            found = await rest(Latest(commands, active_before(900), ALL, Span()))
    assert found == sorted(active, reverse=True)[200:]
    assert "all" not in commands.read
    assert sum(commands.read["active"]) < 50


async def test_where_many_are_active_that_began_long_ago_the_list_of_all_is_read_on(
    store_url: str, server: redis.Redis
) -> None:
    active = enter(server, [(made, 5000 - made) for made in range(100)])
    async with counting(store_url) as commands:
        with pytest.MonkeyPatch.context() as patch:
            small(patch, 10, 10_000)
            found = await rest(Latest(commands, active_before(6000), ALL, Span()))
    assert found == sorted(active, reverse=True)
    assert [count for count in commands.read["active"] if count > 2] == [100]
    assert sum(commands.read["all"]) == 100


async def test_what_moves_up_while_the_latest_are_read_is_not_missed(
    commands: Commands, server: redis.Redis
) -> None:
    active = enter(server, [(20 * made, 0) for made in range(40)])
    before = active_before(1000)
    moving = sorted(active)[5]
    with pytest.MonkeyPatch.context() as patch:
        small(patch, 4, 10_000)
        walk = Latest(commands, before, ALL, Span())
        first = await walk.next(1)
        server.zadd("active", {b"edgses_" + moving: BEGAN_MS + 999 * SECOND_MS})
        found = first + await rest(walk)
    assert found == sorted(active, reverse=True)


@EXAMPLES
@given(
    values=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 60)), max_size=60),
    position=st.integers(0, 60),
    count=st.integers(1, 20),
)
async def test_values_in_order_and_places_in_none_come_in_one_order(
    commands: Commands, server: redis.Redis, values: list[tuple[str, int]], position: int, count: int
) -> None:
    """Values a and b are read as runs, those from c on as they stand in the index."""
    server.flushall()
    ids = [b"%027d" % number for number in range(61)]
    for value, number in values:
        server.zadd("by", {value.encode() + b"\0" + ids[number]: 0})
    span = Span(below=ids[position])
    runs = [Run(b"by", b"a\0"), Run(b"by", b"b\0")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walking, "_PAGE_AT_LEAST", 2)
        found = await rest(Merged(commands, runs, [Stretch(b"by", b"c", b"e")], span), count)
    assert found == sorted({ids[number] for _, number in values if number < position}, reverse=True)
