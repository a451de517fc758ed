"""Batches side by side: all things, in order, few at once; what fails stops the rest."""

import asyncio
from collections.abc import Sequence

import pytest

from session_store.side_by_side import in_batches

AT_ONCE = 6


async def test_what_is_made_of_things_comes_in_their_order_whatever_batch_is_done_first() -> None:
    gates = [asyncio.Event() for _ in range(4)]

    async def do(some: Sequence[int]) -> list[str]:
        await gates[some[0] // 3].wait()
        return [str(each) for each in some]

    doing = asyncio.create_task(in_batches(range(10), 3, do, at_once=AT_ONCE))
    for gate in reversed(gates):
        await asyncio.sleep(0)
        gate.set()
    assert await doing == [str(number) for number in range(10)]


async def test_no_more_than_so_many_batches_are_under_way_at_once() -> None:
    under_way, most = 0, 0

    async def do(some: Sequence[int]) -> Sequence[int]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return some

    assert await in_batches(range(100), 2, do, at_once=AT_ONCE) == list(range(100))
    assert most == AT_ONCE


@pytest.mark.parametrize("count", [0, 1, 3], ids=["nothing", "one", "a whole batch"])
async def test_few_things_are_one_batch_at_most(count: int) -> None:
    batches = []

    async def do(some: Sequence[int]) -> Sequence[int]:
        batches.append(len(some))
        return some

    assert await in_batches(range(count), 3, do, at_once=AT_ONCE) == list(range(count))
    assert batches == ([count] if count else [])


async def test_what_fails_is_raised_once_nothing_is_under_way_and_nothing_more_begins() -> None:
    begun, done = [], []

    async def do(some: Sequence[int]) -> Sequence[int]:
        begun.append(some[0])
        if some[0] == 0:
            raise ValueError("the first one")
        for _ in range(3):
            await asyncio.sleep(0)
        done.append(some[0])
        return some

    with pytest.raises(ValueError, match="the first one"):
        await in_batches(range(100), 1, do, at_once=AT_ONCE)
    assert begun == list(range(AT_ONCE))
    assert sorted(done) == begun[1:]


async def test_whoever_is_cancelled_leaves_nothing_under_way() -> None:
    ended = []

    async def do(some: Sequence[int]) -> Sequence[int]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(some[0])
        return some

    doing = asyncio.create_task(in_batches(range(4), 1, do, at_once=AT_ONCE))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert sorted(ended) == [0, 1, 2, 3]
