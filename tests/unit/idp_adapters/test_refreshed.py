"""A value that is loaded once, kept while fresh, and kept beyond that when loading fails."""

import asyncio

import pytest
from structlog.testing import capture_logs

from idp_adapters import LoginError
from idp_adapters.refreshed import RETRY_S, Refreshed


class Source:
    """What is loaded: numbered values, each fresh for 100 s; a test sets what goes wrong."""

    def __init__(self) -> None:
        self.loads = 0
        self.now_s = 0.0
        self.error: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.started = asyncio.Event()
        self.refreshed = Refreshed("the number", self.load, lambda: self.now_s)

    async def load(self) -> tuple[int, float]:
        self.loads += 1
        self.started.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        return self.loads, 100.0


async def test_it_is_loaded_once_while_it_is_fresh() -> None:
    source = Source()
    assert [await source.refreshed.get() for _ in range(3)] == [1, 1, 1]
    source.now_s = 99.9
    assert await source.refreshed.get() == 1
    source.now_s = 100.0
    assert await source.refreshed.get() == 2


async def test_many_that_ask_at_once_share_one_load() -> None:
    source = Source()
    source.hold = asyncio.Event()
    asking = [asyncio.create_task(source.refreshed.get()) for _ in range(10)]
    await source.started.wait()
    source.hold.set()
    assert await asyncio.gather(*asking) == [1] * 10


async def test_one_that_gives_up_does_not_take_the_load_away() -> None:
    source = Source()
    source.hold = asyncio.Event()
    first, second = (asyncio.create_task(source.refreshed.get()) for _ in range(2))
    await source.started.wait()
    first.cancel()
    source.hold.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_load_that_fails_with_nothing_to_fall_back_on_is_tried_again_at_once() -> None:
    source = Source()
    source.error = LoginError("provider_unreachable")
    for _ in range(2):
        with pytest.raises(LoginError):
            await source.refreshed.get()
    source.error = None
    assert await source.refreshed.get() == 3


async def test_a_load_that_fails_leaves_the_old_value_for_30_s() -> None:
    source = Source()
    await source.refreshed.get()
    source.now_s, source.error = 100.0, LoginError("provider_unreachable", "why")
    with capture_logs() as logged:
        assert [await source.refreshed.get() for _ in range(3)] == [1, 1, 1]
    assert source.loads == 2
    assert logged == [
        {
            "event": "old_kept",
            "log_level": "warning",
            "what": "the number",
            "reason": "provider_unreachable",
            "detail": "why",
        }
    ]
    source.now_s += RETRY_S
    source.error = None
    assert await source.refreshed.get() == 3


async def test_a_fault_of_ours_is_not_taken_for_the_provider_s() -> None:
    source = Source()
    await source.refreshed.get()
    source.now_s, source.error = 100.0, ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await source.refreshed.get()


async def test_a_renewal_is_granted_once_in_30_s_even_when_it_fails() -> None:
    source = Source()
    await source.refreshed.get()
    source.error = LoginError("provider_unreachable")
    assert await source.refreshed.renew() == 1
    source.error = None
    source.now_s = 29.9
    assert await source.refreshed.renew() == 1
    assert source.loads == 2
    source.now_s = 30.0
    assert await source.refreshed.renew() == 3


async def test_a_renewal_right_after_the_first_load_is_granted() -> None:
    source = Source()
    await source.refreshed.get()
    assert await source.refreshed.renew() == 2


async def test_renewals_that_are_asked_for_at_once_are_one() -> None:
    source = Source()
    await source.refreshed.get()
    source.hold = asyncio.Event()
    source.started.clear()
    asking = [asyncio.create_task(source.refreshed.renew()) for _ in range(10)]
    await source.started.wait()
    source.hold.set()
    assert await asyncio.gather(*asking) == [2] * 10


async def test_closing_ends_a_load_under_way() -> None:
    source = Source()
    source.hold = asyncio.Event()
    asking = asyncio.create_task(source.refreshed.get())
    await source.started.wait()
    await source.refreshed.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_failed_load_that_nobody_waits_for_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    source = Source()
    source.hold = asyncio.Event()
    source.error = LoginError("provider_unreachable")
    asking = asyncio.create_task(source.refreshed.get())
    await source.started.wait()
    asking.cancel()
    source.hold.set()
    await asyncio.wait([asking])
    for _ in range(3):
        await asyncio.sleep(0)
    del asking
    assert caplog.text == ""
