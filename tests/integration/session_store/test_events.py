"""The stream of events on a real store: pages, order, what time and an erasure delete, what the log tells."""

import time
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from session_store import Event, StoreUnavailable, keys
from session_store.address import parse_address
from session_store.commands import Commands
from session_store.events import PERSON, Events, encode_event, order_of
from tests.support.redis_server import RedisServer

DAY_MS = 24 * 3_600_000


def event(number: int, **changes: str) -> Event:
    return Event(
        type=changes.pop("type", "login"),
        at=number,
        actor=changes.pop("actor", "time"),
        user_id=changes.pop("user_id", ""),
        details=changes,
    )


@pytest.fixture
async def events(store_url: str) -> AsyncIterator[Events]:
    commands = Commands(parse_address(store_url), timeout_s=30)
    yield Events(commands, 30 * DAY_MS)
    await commands.close()


async def numbers(
    events: Events, limit: int, types: frozenset[str] = frozenset(), user_id: str = ""
) -> list[int]:
    """What all pages show, in their order."""
    found: list[int] = []
    before: str | None = None
    while True:
        page = await events.page(limit=limit, before=before, types=types, user_id=user_id)
        assert len(page.items) <= limit
        found += [stored.event.at for stored in page.items]
        if page.next is None:
            return found
        before = page.next


async def test_nothing_was_told_at_first(events: Events) -> None:
    page = await events.page(limit=10, before=None)
    assert (page.items, page.next) == ([], None)
    assert await events.after("evt_0_0", 10) == []
    assert abs(order_of(await events.last_position())[0] - time.time() * 1000) < 60_000
    assert (await events.page(limit=10, before="evt_0_0")).items == []


async def test_events_are_read_newest_first_and_in_order(events: Events) -> None:
    begun = await events.last_position()
    told = [event(number, ip_address="192.0.2.7") for number in range(5)]
    await events.append(told[:2])
    await events.append(told[2:])
    page = await events.page(limit=3, before=None)
    assert [stored.event for stored in page.items] == told[:1:-1]
    assert [stored.event for stored in await events.after(begun, 10)] == told
    assert [stored.event for stored in await events.after(page.items[-1].id, 10)] == told[3:]
    assert await events.last_position() == page.items[0].id


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 100])
async def test_pages_show_every_event_once(events: Events, limit: int) -> None:
    await events.append([event(number) for number in range(10)])
    assert await numbers(events, limit) == list(range(9, -1, -1))


async def test_a_full_page_that_is_the_last_has_no_next(events: Events) -> None:
    await events.append([event(number) for number in range(3)])
    assert (await events.page(limit=3, before=None)).next is None
    assert (await events.page(limit=2, before=None)).next is not None


async def test_a_page_shows_only_the_types_and_the_user_asked_for(events: Events) -> None:
    await events.append(
        [
            event(number, type="login" if number % 2 else "revoke", user_id=f"edgusr_{number % 3}")
            for number in range(12)
        ]
    )
    assert await numbers(events, 2, frozenset({"revoke"})) == [10, 8, 6, 4, 2, 0]
    assert await numbers(events, 2, frozenset({"revoke", "login"}), "edgusr_1") == [10, 7, 4, 1]
    assert await numbers(events, 5, frozenset({"login"}), "edgusr_1") == [7, 1]


async def test_a_page_ends_after_5_000_events_and_can_be_gone_on_with(events: Events, store_url: str) -> None:
    await events.append([event(1, user_id="edgusr_rare")])
    with RedisServer.looking_at(store_url).pipeline(transaction=False) as pipeline:
        for number in range(5_001):
            pipeline.xadd(keys.EVENTS, {"e": encode_event(event(number))})
        pipeline.execute()
    first = await events.page(limit=10, before=None, user_id="edgusr_rare")
    assert first.items == []
    assert first.next is not None
    second = await events.page(limit=10, before=first.next, user_id="edgusr_rare")
    assert [stored.event.at for stored in second.items] == [1]
    assert second.next is None


async def test_what_a_newer_version_wrote_is_passed_over(events: Events, store_url: str) -> None:
    server = RedisServer.looking_at(store_url)
    await events.append([event(1)])
    for number in range(30):
        server.xadd(
            keys.EVENTS, {"e": b"V2" + encode_event(event(number))[2:]} if number % 2 else {"x": 1, "y": 2}
        )
    await events.append([event(2)])
    assert await numbers(events, 1) == [2, 1]
    assert [stored.event.at for stored in await events.after("evt_0_0", 1)] == [1]
    (first,) = await events.after("evt_0_0", 1)
    assert [stored.event.at for stored in await events.after(first.id, 5)] == [2]


async def test_what_is_older_than_the_retention_is_deleted(events: Events, store_url: str) -> None:
    server = RedisServer.looking_at(store_url)
    old = time.time_ns() // 1_000_000 - 30 * DAY_MS - 60_000
    for number in range(1050):
        server.xadd(keys.EVENTS, {"e": encode_event(event(number))}, id=f"{old}-{number}")
    server.xadd(keys.EVENTS, {"e": encode_event(event(2000))}, id=f"{old + 3_600_000}-0")
    await events.append([event(2001)])
    assert server.xlen(keys.EVENTS) == 1052
    await events.append([event(2002)])
    assert 3 < server.xlen(keys.EVENTS) < 300
    await events.trim()
    assert await numbers(events, 100) == [2002, 2001, 2000]


async def test_an_erasure_deletes_every_event_that_names_the_user(events: Events) -> None:
    others = [event(number, user_id="edgusr_b", actor="edgusr_b") for number in range(1500)]
    await events.append(
        [
            event(9001, user_id="edgusr_a"),
            *others[:700],
            event(9002, type="revoke", actor="edgusr_a", user_id="edgusr_b"),
            event(9003, type="login_denied", actor="provider:corp", **{PERSON: "hash-of-a"}),
            event(9004, type="login_denied", actor="provider:corp", **{PERSON: "hash-of-b"}),
            event(9005, type="user_erased", actor="bootstrap", **{PERSON: "hash-of-a"}),
            *others[700:],
            event(9006, user_id="edgusr_a"),
        ]
    )
    for _ in range(2):
        position: str | None = "evt_0_0"
        while position is not None:
            position = await events.erase_some("edgusr_a", "hash-of-a", position)
        left = await numbers(events, 1000)
        assert [number for number in left if number > 9000] == [9005, 9004]
        assert len(left) == len(others) + 2


async def test_each_event_is_a_line_of_the_log_with_its_id(events: Events) -> None:
    with capture_logs() as lines:
        await events.append(
            [
                event(1, type="login", actor="edgusr_a", user_id="edgusr_a", country_code="SE"),
                Event(type="revoke", at=2, actor="bootstrap", sessions=("edgses_1",), operation_id="op_1"),
            ]
        )
    shown = [stored.id for stored in await events.after("evt_0_0", 10)]
    assert [line["id"] for line in lines] == shown
    assert [(line["event"], line["log_level"], line["type"]) for line in lines] == [
        ("event", "info", "login"),
        ("event", "info", "revoke"),
    ]
    assert (lines[0]["actor"], lines[0]["details"]) == ("edgusr_a", {"country_code": "SE"})
    assert (lines[1]["sessions"], lines[1]["operation_id"]) == (("edgses_1",), "op_1")


async def test_nothing_to_tell_asks_the_store_nothing(events: Events, store_url: str) -> None:
    await events.append([])
    assert not RedisServer.looking_at(store_url).exists(keys.EVENTS)


async def test_a_position_has_a_gap_behind_it_only_where_events_may_be_gone(
    events: Events, store_url: str
) -> None:
    now = time.time_ns() // 1_000_000
    assert not await events.has_gap(await events.last_position())
    assert await events.has_gap("evt_1_0")
    RedisServer.looking_at(store_url).xadd(
        keys.EVENTS, {"e": encode_event(event(1))}, id=f"{now - 40 * DAY_MS}-0"
    )
    await events.append([event(2)])
    assert not await events.has_gap("evt_0_0")
    assert not await events.has_gap(f"evt_{now - DAY_MS}_0")
    assert not await events.has_gap(f"evt_{now - 40 * DAY_MS}_0")
    assert not await events.has_gap(await events.last_position())
    assert await events.has_gap(f"evt_{now - 41 * DAY_MS}_0")
    assert await events.has_gap(f"evt_{now + DAY_MS}_0")


async def test_what_the_store_did_not_take_is_in_the_log(store_server: RedisServer) -> None:
    commands = Commands(parse_address(store_server.url), timeout_s=30)
    store_server.kill()
    with capture_logs() as lines, pytest.raises(StoreUnavailable):
        await Events(commands, DAY_MS).append([event(1), event(2)])
    assert [(line["event"], line["log_level"], line["at"]) for line in lines] == [
        ("event_not_recorded", "warning", 1),
        ("event_not_recorded", "warning", 2),
    ]
    await commands.close()


async def test_what_is_told_fills_no_store_however_young_it_is(
    events: Events, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server cuts whole nodes of its stream, a hundred entries each."""
    monkeypatch.setattr("session_store.events._MOST_KEPT", 200)
    await events.append([event(number) for number in range(1000)])
    await events.trim()
    assert 200 <= RedisServer.looking_at(store_url).xlen(keys.EVENTS) <= 300
    assert (await numbers(events, 10))[0] == 999
