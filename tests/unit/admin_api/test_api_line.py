"""The line before places: who waits gets one in the order of coming or is refused, and leaves no trace."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.line import HasGone, Line
from admin_api.places import Places
from admin_api.problems import Code, Problem

GUARD_S = 30.0


def line(*, in_all: int = 1, each: int = 1, waiting: int = 3, patience_s: float = GUARD_S) -> Line:
    return Line(Places(in_all, each, Code.BUSY), each=waiting, patience_s=patience_s)


def is_there() -> bool:
    return False


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def taking(before: Line, actor: str, name: str, came: list[str], has_gone: HasGone = is_there) -> None:
    async with before.one(actor, has_gone):
        came.append(name)
        await asyncio.sleep(0)


async def waiting_for(before: Line, came: list[str], *actors: str) -> list[asyncio.Task[None]]:
    """These stand in the line, in their order."""
    waiting = [asyncio.create_task(taking(before, actor, actor, came)) for actor in actors]
    await settle()
    return waiting


async def test_who_finds_a_place_has_not_waited_and_who_waits_is_told_so() -> None:
    before = line()
    async with before.one("ada", is_there) as has_waited:
        assert not has_waited
        second = before.one("ada", is_there)
        waiting = asyncio.create_task(second.__aenter__())
        await settle()
    assert await waiting
    await second.__aexit__(None, None, None)


async def test_who_waits_comes_in_the_order_of_coming() -> None:
    before, came = line(), list[str]()
    async with before.one("ada", is_there):
        waiting = [asyncio.create_task(taking(before, "ada", name, came)) for name in ("1", "2", "3")]
        await settle()
        assert came == []
    async with asyncio.timeout(GUARD_S):
        await asyncio.gather(*waiting)
    assert came == ["1", "2", "3"]


async def test_who_comes_as_a_place_is_left_is_behind_those_who_wait() -> None:
    before, came = line(), list[str]()
    async with before.one("ada", is_there):
        first = asyncio.create_task(taking(before, "ada", "first", came))
        await settle()
    # The place is free, and the one who waited has not run yet.
    await taking(before, "ada", "newcomer", came)
    await first
    assert came == ["first", "newcomer"]


async def test_who_is_refused_changes_nothing_in_the_line() -> None:
    before, came = line(waiting=2), list[str]()
    async with before.one("ada", is_there):
        waiting = [asyncio.create_task(taking(before, "ada", name, came)) for name in ("1", "2")]
        await settle()
        for _ in range(3):
            with pytest.raises(Problem):
                await taking(before, "ada", "refused", came)
            await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert came == ["1", "2"]


async def test_who_has_room_passes_those_who_have_none() -> None:
    before, came = line(in_all=2), list[str]()
    async with before.one("ada", is_there):
        waiting = asyncio.create_task(taking(before, "ada", "ada", came))
        await settle()
        async with before.one("grace", is_there):
            assert came == []
    await waiting
    assert came == ["ada"]


async def test_who_waits_in_vain_is_refused() -> None:
    before, came = line(patience_s=0.01), list[str]()
    async with before.one("ada", is_there):
        with pytest.raises(Problem) as refused:
            await taking(before, "ada", "late", came)
        assert refused.value.code is Code.BUSY
    await taking(before, "ada", "next", came)
    assert came == ["next"]


async def test_so_many_of_one_actor_wait_and_one_more_is_refused_at_once() -> None:
    before, came = line(waiting=2), list[str]()
    async with before.one("ada", is_there):
        waiting = [asyncio.create_task(taking(before, "ada", "ada", came)) for _ in range(2)]
        other = asyncio.create_task(taking(before, "grace", "grace", came))
        await settle()
        with pytest.raises(Problem):
            await taking(before, "ada", "more", came)
        assert not any(task.done() for task in (*waiting, other))
    await asyncio.gather(*waiting, other)
    assert sorted(came) == ["ada", "ada", "grace"]


async def test_who_leaves_the_line_takes_nothing_and_leaves_nothing() -> None:
    before, came = line(), list[str]()
    async with before.one("ada", is_there):
        leaving, staying = await waiting_for(before, came, "grace", "edsger")
        leaving.cancel()
        await settle()
        assert len(before._turns) == 1
    await staying
    assert came == ["edsger"]
    assert before._turns == []


async def test_a_place_that_comes_as_its_waiter_is_cancelled_goes_to_the_next() -> None:
    before, came = line(), list[str]()
    async with before.one("ada", is_there):
        leaving, staying = await waiting_for(before, came, "grace", "edsger")
    leaving.cancel()
    async with asyncio.timeout(GUARD_S):
        await staying
    assert came == ["edsger"]


async def test_who_has_gone_gets_no_place() -> None:
    before, came = line(), list[str]()
    async with before.one("ada", is_there):
        gone = asyncio.create_task(taking(before, "ada", "gone", came, lambda: True))
        there = asyncio.create_task(taking(before, "ada", "there", came))
        await settle()
    await there
    assert came == ["there"]
    gone.cancel()


async def test_who_has_gone_makes_room_in_the_line() -> None:
    before, came = line(waiting=2), list[str]()
    async with before.one("ada", is_there):
        gone = [asyncio.create_task(taking(before, "ada", "gone", came, lambda: True)) for _ in range(2)]
        await settle()
        there = asyncio.create_task(taking(before, "ada", "there", came))
        await settle()
        assert not there.done()
    await there
    assert came == ["there"]
    for each in gone:
        each.cancel()


async def test_a_place_that_is_left_by_an_error_is_for_who_waits() -> None:
    before, came = line(), list[str]()

    async def failing() -> None:
        async with before.one("ada", is_there):
            await settle()
            raise RuntimeError

    failed = asyncio.create_task(failing())
    await asyncio.sleep(0)
    waiting = asyncio.create_task(taking(before, "ada", "next", came))
    with pytest.raises(RuntimeError):
        await failed
    async with asyncio.timeout(GUARD_S):
        await waiting
    assert came == ["next"]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=40))
async def test_places_are_never_more_than_there_are_and_all_are_given_back(
    calls: list[tuple[int, int, bool]],
) -> None:
    before, held = line(in_all=3, each=2, waiting=5), list[int]()

    async def hold(actor: int, turns: int) -> None:
        async with before.one(str(actor), is_there):
            held.append(actor)
            assert len(held) <= 3
            assert held.count(actor) <= 2
            try:
                for _ in range(turns):
                    await asyncio.sleep(0)
            finally:
                held.remove(actor)

    tasks = []
    for actor, turns, is_cancelled in calls:
        tasks.append(asyncio.create_task(hold(actor, turns)))
        await asyncio.sleep(0)
        if is_cancelled:
            tasks[len(tasks) // 2].cancel()
    async with asyncio.timeout(GUARD_S):
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    unexpected = [end for end in ends if not isinstance(end, (Problem, asyncio.CancelledError, type(None)))]
    assert unexpected == []
    assert before._turns == []
    assert not before._places._taken
