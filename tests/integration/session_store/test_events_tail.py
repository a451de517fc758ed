"""Following events on a real store: no gap and no double, whoever is slow, whatever becomes of the store."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from session_store import Event, FellBehind, StoredEvent, Subscription, keys
from session_store.address import parse_address
from session_store.commands import Commands
from session_store.event_tail import TAIL_TIMEOUT_S, EventTail
from session_store.events import Events, encode_event
from tests.support.redis_server import RedisServer

GUARD_S = 40
RETENTION_MS = 24 * 3_600_000


@dataclass
class Told:
    """Events that are numbered as they are told, and the tail that hears them."""

    commands: Commands
    events: Events
    tail: EventTail
    count: int = 0

    async def tell(self, more: int) -> None:
        first, self.count = self.count, self.count + more
        await self.events.append([Event(type="login", at=first + i, actor="time") for i in range(more)])

    async def close(self) -> None:
        await self.tail.close()
        await self.commands.close()


def told_at(url: str) -> Told:
    commands = Commands(parse_address(url), timeout_s=30)
    events = Events(commands, RETENTION_MS)
    return Told(commands, events, EventTail(Commands(parse_address(url), timeout_s=TAIL_TIMEOUT_S), events))


@pytest.fixture
async def told(store_url: str) -> AsyncIterator[Told]:
    opened = told_at(store_url)
    yield opened
    await opened.close()


async def heard(subscription: Subscription, count: int) -> list[int]:
    """The numbers of the next ``count`` events."""
    async with asyncio.timeout(GUARD_S):
        return [(await anext(subscription)).event.at for _ in range(count)]


async def nothing_more(subscription: Subscription) -> bool:
    """Whether nothing comes that was told before."""
    try:
        async with asyncio.timeout(0.2):
            await anext(subscription)
    except TimeoutError:
        return True
    return False


async def waiting_for_news(
    told: Told, subscription: Subscription, monkeypatch: pytest.MonkeyPatch
) -> "asyncio.Future[StoredEvent]":
    """The first event of a new subscription, to which nothing was told yet, once it waits for the tail."""
    read, is_read = told.events.after, asyncio.Event()

    async def watched(position: str, limit: int) -> list[StoredEvent]:
        found = await read(position, limit)
        is_read.set()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(told.events, "after", watched)
        first = asyncio.ensure_future(anext(subscription))
        async with asyncio.timeout(GUARD_S):
            await is_read.wait()
    return first


async def test_what_is_told_after_a_subscription_is_heard_in_order(told: Told) -> None:
    await told.tell(3)
    subscription = await told.tail.subscribe(None)
    await told.tell(4)
    assert await heard(subscription, 4) == [3, 4, 5, 6]
    await told.tell(2)
    assert await heard(subscription, 2) == [7, 8]
    assert not subscription.gap


async def test_a_position_is_followed_by_all_that_came_after_it_and_by_what_comes(told: Told) -> None:
    begun = await told.events.last_position()
    await told.tell(700)
    (first,) = await told.events.after(begun, 1)
    subscription = await told.tail.subscribe(first.id)
    assert await heard(subscription, 500) == list(range(1, 501))
    await told.tell(300)
    assert await heard(subscription, 499) == list(range(501, 1000))
    assert await nothing_more(subscription)


@pytest.mark.parametrize("seed", range(6))
async def test_at_the_joint_of_past_and_present_nothing_is_missed_or_doubled(told: Told, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311  the same dice each time
    total = 1200
    begun = await told.events.last_position()
    positions = {0: begun}

    async def tell() -> None:
        while told.count < total:
            await told.tell(min(dice.randint(1, 40), total - told.count))
            positions[told.count] = await told.events.last_position()
            await asyncio.sleep(dice.choice([0, 0, 0.001, 0.004]))

    async def follow() -> tuple[int, list[int]]:
        await asyncio.sleep(dice.random() * 0.15)
        number = dice.choice(list(positions))
        subscription = await told.tail.subscribe(positions[number])
        came: list[int] = []
        while not came or came[-1] < total - 1:
            try:
                async with asyncio.timeout(dice.choice([0, 0.002, None])):
                    came.append((await anext(subscription)).event.at)
            except TimeoutError:
                continue
        return number, came

    async with asyncio.timeout(GUARD_S):
        telling = asyncio.create_task(tell())
        followers = await asyncio.gather(*(follow() for _ in range(12)))
        await telling
    for number, came in followers:
        assert came == list(range(number, total))


async def test_who_does_not_read_is_ended_and_who_reads_is_not(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, reader = await told.tail.subscribe(None), await told.tail.subscribe(None)
    first = await waiting_for_news(told, slow, monkeypatch)
    await told.tell(1)
    assert [(await first).event.at] == await heard(reader, 1) == [0]
    for _ in range(3):
        await told.tell(400)
        await heard(reader, 400)
    with pytest.raises(FellBehind):
        await anext(slow)
    await told.tell(1)
    assert await heard(reader, 1) == [1201]


async def test_who_is_ended_misses_nothing_by_beginning_anew(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription, reader = await told.tail.subscribe(None), await told.tail.subscribe(None)
    first = await waiting_for_news(told, subscription, monkeypatch)
    await told.tell(1)
    async with asyncio.timeout(GUARD_S):
        last = await first
    for _ in range(3):
        await told.tell(400)
        await heard(reader, 400 if told.count > 401 else 401)
    with pytest.raises(FellBehind):
        await anext(subscription)
    assert await heard(await told.tail.subscribe(last.id), 1200) == list(range(1, 1201))


async def test_more_than_is_kept_may_come_while_the_last_of_the_past_is_read(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, reader = await told.tail.subscribe(None), await told.tail.subscribe(None)
    await told.tell(1)
    assert await heard(late, 1) == await heard(reader, 1) == [0]
    assert await nothing_more(reader)
    read = told.events.after

    async def read_slowly(position: str, limit: int) -> list[StoredEvent]:
        monkeypatch.setattr(told.events, "after", read)
        found = await read(position, limit)
        for _ in range(3):
            await told.tell(400)
            await heard(reader, 400)
        return found

    monkeypatch.setattr(told.events, "after", read_slowly)
    assert await heard(late, 1200) == list(range(1, 1201))


async def test_what_cannot_be_read_is_passed_over(told: Told, store_url: str) -> None:
    server = RedisServer.looking_at(store_url)
    subscription = await told.tail.subscribe(None)
    await told.tell(1)
    assert await heard(subscription, 1) == [0]
    assert await nothing_more(subscription)
    newer = b"V2" + encode_event(Event(type="login", at=0, actor="time"))[2:]
    for _ in range(300):
        server.xadd(keys.EVENTS, {"e": newer})
    await told.tell(1)
    assert await heard(subscription, 1) == [1]
    assert await heard(await told.tail.subscribe("evt_0_0"), 2) == [0, 1]


async def test_a_store_that_dies_and_comes_back_costs_no_event(store_server: RedisServer) -> None:
    told = told_at(store_server.url)
    live = await told.tail.subscribe(None)
    await told.tell(2)
    assert await heard(live, 2) == [0, 1]
    assert await nothing_more(live)
    behind = await told.tail.subscribe("evt_0_0")
    assert await heard(behind, 1) == [0]
    store_server.kill()
    assert await nothing_more(live)
    store_server.start()
    await told.tell(3)
    assert await heard(live, 3) == [2, 3, 4]
    assert await heard(behind, 4) == [1, 2, 3, 4]
    assert await nothing_more(live)
    await told.close()


async def test_a_store_that_hangs_for_a_while_costs_no_event(store_server: RedisServer) -> None:
    told = told_at(store_server.url)
    live = await told.tail.subscribe(None)
    await told.tell(1)
    assert await heard(live, 1) == [0]
    assert await nothing_more(live)
    store_server.hang()
    telling = asyncio.create_task(told.tell(2))
    assert await nothing_more(live)
    store_server.go_on()
    await telling
    assert await heard(live, 2) == [1, 2]
    await told.close()


async def test_a_position_whose_events_are_gone_says_so_and_goes_on(told: Told) -> None:
    await told.tell(2)
    subscription = await told.tail.subscribe("evt_1_0")
    assert subscription.gap
    assert await heard(subscription, 2) == [0, 1]
    assert not (await told.tail.subscribe(await told.events.last_position())).gap


async def test_a_position_in_the_future_says_so_and_hears_what_comes(told: Told) -> None:
    await told.tell(2)
    subscription = await told.tail.subscribe(f"evt_{time.time_ns() // 1_000_000 + RETENTION_MS}_0")
    assert subscription.gap
    await told.tell(1)
    assert await heard(subscription, 1) == [2]


async def test_a_text_that_is_no_id_is_refused(told: Told) -> None:
    with pytest.raises(ValueError, match="not an event's id"):
        await told.tail.subscribe("$")


async def test_when_the_tail_is_closed_subscriptions_end(store_server: RedisServer) -> None:
    told = told_at(store_server.url)
    live, waiting = await told.tail.subscribe(None), await told.tail.subscribe(None)
    await told.tell(1)
    assert await heard(live, 1) == [0]
    assert await nothing_more(live)
    ends = [asyncio.create_task(anext(each, None)) for each in (live, waiting)]
    async with asyncio.timeout(GUARD_S):
        assert (await ends[1]) is not None
        store_server.hang()
        ends[1] = asyncio.create_task(anext(waiting, None))
        await asyncio.sleep(0)
        await told.tail.close()
        assert await ends[0] is None
        store_server.go_on()
        assert await ends[1] is None
    await told.commands.close()
