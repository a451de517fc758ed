"""The timer wheel, by a clock that the test turns: deadlines fire once, when they are due, within a tick."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.timers import TICK_S, Timed, TimerWheel


class _Handle:
    def __init__(self, loop: "FakeLoop") -> None:
        self._loop = loop

    def cancel(self) -> None:
        self._loop.next_tick = None


class FakeLoop:
    """What the wheel uses of an event loop: the clock and one timer."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.next_tick: tuple[float, Callable[[], None]] | None = None

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> _Handle:
        assert self.next_tick is None, "more than one timer of the event loop"
        self.next_tick = (self.now + delay, callback)
        return _Handle(self)

    def run_to(self, until: float, *, stall_s: float = 0.0) -> None:
        """Let time pass; with ``stall_s`` the loop is late by so much each time."""
        while self.next_tick and self.next_tick[0] + stall_s <= until:
            at, callback = self.next_tick
            self.now, self.next_tick = at + stall_s, None
            callback()
        self.now = until


class Item(Timed):
    def __init__(self, loop: FakeLoop) -> None:
        super().__init__()
        self._loop = loop
        self.fired: list[float] = []
        self.then: Callable[[], object] = lambda: None

    def on_deadline(self) -> None:
        self.fired.append(self._loop.now)
        self.then()


def started(loop: FakeLoop) -> TimerWheel:
    wheel = TimerWheel(cast("asyncio.AbstractEventLoop", loop))
    wheel.start()
    return wheel


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def wheel(loop: FakeLoop) -> TimerWheel:
    return started(loop)


def test_a_deadline_fires_once_within_a_tick(loop: FakeLoop, wheel: TimerWheel) -> None:
    item = Item(loop)
    wheel.arm(item, 10)
    loop.run_to(1100)

    assert len(item.fired) == 1
    assert 1010 <= item.fired[0] <= 1010 + 2 * TICK_S


def test_a_deadline_that_fails_takes_no_other_with_it(loop: FakeLoop, wheel: TimerWheel) -> None:
    def fail() -> None:
        raise RuntimeError

    items = [Item(loop) for _ in range(20)]
    for item in items:
        item.then = fail
        wheel.arm(item, 1)
    loop.run_to(1010)

    assert [len(item.fired) for item in items] == [1] * 20


def test_a_later_deadline_takes_the_place_of_an_earlier_one(loop: FakeLoop, wheel: TimerWheel) -> None:
    item = Item(loop)
    wheel.arm(item, 1)
    loop.run_to(1000.5)
    wheel.arm(item, 10)
    loop.run_to(1009)
    assert item.fired == []

    loop.run_to(1020)
    assert len(item.fired) == 1


def test_an_earlier_deadline_takes_the_place_of_a_later_one(loop: FakeLoop, wheel: TimerWheel) -> None:
    item = Item(loop)
    wheel.arm(item, 75)
    wheel.arm(item, 1)
    loop.run_to(1002)

    assert len(item.fired) == 1
    loop.run_to(1100)
    assert len(item.fired) == 1


def test_a_disarmed_item_does_not_fire_and_can_be_armed_again(loop: FakeLoop, wheel: TimerWheel) -> None:
    item = Item(loop)
    wheel.arm(item, 1)
    wheel.disarm(item)
    loop.run_to(1000.9)
    wheel.arm(item, 5)
    loop.run_to(1004)
    assert item.fired == []

    loop.run_to(1007)
    assert len(item.fired) == 1


def test_a_forgotten_item_leaves_no_trace(loop: FakeLoop, wheel: TimerWheel) -> None:
    item = Item(loop)
    wheel.arm(item, 1)
    wheel.forget(item)
    loop.run_to(1010)

    assert item.fired == []
    assert not any(wheel._buckets.values())


def test_an_item_may_forget_its_neighbour_while_firing(loop: FakeLoop, wheel: TimerWheel) -> None:
    items = [Item(loop), Item(loop)]
    for item, other in zip(items, reversed(items), strict=True):
        item.then = lambda other=other: wheel.forget(other)  # type: ignore[misc]
        wheel.arm(item, 1)
    loop.run_to(1010)

    assert sum(len(item.fired) for item in items) == 1


def test_an_item_may_arm_itself_again_while_firing(loop: FakeLoop, wheel: TimerWheel) -> None:
    item = Item(loop)
    item.then = lambda: wheel.arm(item, 2)
    wheel.arm(item, 0)
    loop.run_to(1010)

    assert 4 <= len(item.fired) <= 5


def test_a_loop_that_stalls_skips_no_deadline(loop: FakeLoop, wheel: TimerWheel) -> None:
    items = [Item(loop) for _ in range(20)]
    for number, item in enumerate(items):
        wheel.arm(item, number * TICK_S)
    loop.run_to(1030, stall_s=3.0)

    assert [len(item.fired) for item in items] == [1] * 20


def test_a_closed_wheel_fires_nothing(loop: FakeLoop, wheel: TimerWheel) -> None:
    item = Item(loop)
    wheel.arm(item, 1)
    wheel.close()
    loop.run_to(1010)

    assert item.fired == []


steps = st.lists(
    st.tuples(st.sampled_from(["arm", "disarm", "forget", "wait"]), st.integers(0, 3), st.floats(0, 5)),
    max_size=40,
)


@given(steps)
def test_any_order_of_arming_and_waiting_fires_what_is_due_and_nothing_else(
    script: list[tuple[str, int, float]],
) -> None:
    loop = FakeLoop()
    wheel = started(loop)
    items = [Item(loop) for _ in range(4)]
    due: dict[int, float] = {}
    for step, number, seconds in script:
        if step == "arm":
            wheel.arm(items[number], seconds)
            due[number] = loop.now + seconds
        elif step == "wait":
            loop.run_to(loop.now + seconds)
        else:
            wheel.disarm(items[number]) if step == "disarm" else wheel.forget(items[number])
            due.pop(number, None)
        for place, item in enumerate(items):
            if item.fired:
                assert due.pop(place) <= item.fired[0]
                assert len(item.fired) == 1
                item.fired.clear()
            assert due.get(place, loop.now) >= loop.now - 2 * TICK_S, "a deadline was missed"
