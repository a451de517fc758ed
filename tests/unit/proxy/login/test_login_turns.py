"""Turns at a provider's addresses, and the addresses that were limited moments ago."""

import asyncio

import pytest

from proxy.login.desk import MOST_REMEMBERED, REMEMBERED_S, Limited
from proxy.login.turns import AT_ONCE, MOST_WAITING, Turns


class Visitors:
    """So many that want a turn; each holds it until it is let go."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.inside: list[int] = []
        self.refused: list[int] = []
        self.go = asyncio.Event()

    async def come(self, number: int) -> None:
        async with self._turns.one() as had:
            (self.inside if had else self.refused).append(number)
            if had:
                await self.go.wait()


async def test_a_few_are_dealt_with_the_rest_waits_in_order_and_one_more_is_refused() -> None:
    visitors = Visitors(Turns())
    tasks = [asyncio.create_task(visitors.come(number)) for number in range(AT_ONCE + MOST_WAITING + 1)]
    await asyncio.sleep(0.01)
    assert visitors.inside == list(range(AT_ONCE))
    assert visitors.refused == [AT_ONCE + MOST_WAITING]
    visitors.go.set()
    await asyncio.gather(*tasks)
    assert visitors.inside == list(range(AT_ONCE + MOST_WAITING))


async def test_whoever_gives_up_or_fails_leaves_the_turn_to_others() -> None:
    turns = Turns()
    visitors = Visitors(turns)
    tasks = [asyncio.create_task(visitors.come(number)) for number in range(AT_ONCE + 3)]
    await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for _ in range(AT_ONCE * 2):
        with pytest.raises(ValueError, match="inside"):
            async with turns.one():
                raise ValueError("inside")
    async with asyncio.timeout(1), turns.one() as had:
        assert had


def test_an_address_is_remembered_for_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    limited = Limited()
    limited.add("192.0.2.7")
    assert limited.has("192.0.2.7")
    assert not limited.has("192.0.2.8")
    now += REMEMBERED_S
    assert not limited.has("192.0.2.7")


def test_no_more_addresses_are_remembered_than_fit() -> None:
    limited = Limited()
    for number in range(MOST_REMEMBERED + 5):
        limited.add(str(number))
    assert not limited.has("0")
    assert limited.has(str(MOST_REMEMBERED + 4))
