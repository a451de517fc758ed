"""The threads that verify: a flood waits or is sent away, and one that hangs is written off."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from idp_adapters.provider import LoginError
from idp_adapters.saml.threads import Threads

_SOON = 0.05
_LONG = 60.0


@pytest.fixture
def hung() -> Iterator[threading.Event]:
    """What work hangs on until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def _threads(
    lost: list[str], *, threads: int = 1, waiting: int = 9, wait_s: float, overrun_s: float
) -> Threads:
    return Threads(
        lambda: lost.append("lost"),
        threads=threads,
        most_waiting=waiting,
        wait_s=wait_s,
        overrun_s=overrun_s,
        most_lost=2,
    )


async def _reason(threads: Threads, hung: threading.Event) -> str:
    with pytest.raises(LoginError) as caught:
        await threads.run(hung.wait)
    return caught.value.reason


async def test_work_is_done_elsewhere_and_its_result_or_error_comes_back() -> None:
    threads = _threads([], wait_s=_LONG, overrun_s=_LONG)

    assert await threads.run(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    threads.close()


async def test_work_that_hangs_is_given_up_and_another_thread_takes_the_next(hung: threading.Event) -> None:
    threads = _threads([], wait_s=_LONG, overrun_s=_SOON)

    assert await _reason(threads, hung) == "invalid_response"
    assert await threads.run(lambda: "next") == "next"
    threads.close()


async def test_whoever_owns_them_is_told_once_when_too_many_were_written_off(hung: threading.Event) -> None:
    lost: list[str] = []
    threads = _threads(lost, wait_s=_LONG, overrun_s=_SOON)
    told = []
    for _ in range(3):
        await _reason(threads, hung)
        told.append(len(lost))

    assert told == [0, 1, 1]


async def test_work_that_no_thread_takes_in_time_is_refused_and_never_done(hung: threading.Event) -> None:
    threads = _threads([], wait_s=_SOON, overrun_s=_LONG)
    done: list[str] = []
    hanging = asyncio.create_task(threads.run(hung.wait))
    await asyncio.sleep(0)

    with pytest.raises(LoginError) as caught:
        await threads.run(lambda: done.append("late"))
    assert caught.value.reason == "overloaded"
    hung.set()
    await hanging
    assert await threads.run(lambda: "after") == "after"
    assert done == []
    threads.close()


async def test_more_than_may_wait_is_refused_at_once(hung: threading.Event) -> None:
    threads = _threads([], waiting=2, wait_s=_LONG, overrun_s=_LONG)
    started = threading.Event()

    def hang() -> bool:
        started.set()
        return hung.wait()

    under_way = [asyncio.create_task(threads.run(hang))]
    await asyncio.to_thread(started.wait)
    await asyncio.sleep(_SOON)
    under_way += [asyncio.create_task(threads.run(lambda: True)) for _ in range(2)]
    await asyncio.sleep(_SOON)

    async with asyncio.timeout(_LONG / 10):
        assert await _reason(threads, hung) == "overloaded"
    hung.set()
    assert await asyncio.gather(*under_way) == [True, True, True]
    threads.close()
