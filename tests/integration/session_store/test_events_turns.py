"""Turns to deliver to a webhook, on a real store: one holder at a time, and none else moves the position."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from session_store import keys
from session_store.address import parse_address
from session_store.commands import Commands
from session_store.webhook_turns import WebhookTurns
from tests.support.redis_server import RedisServer

LONG_MS = 600_000
GUARD_S = 30


@pytest.fixture
async def turns(store_url: str) -> AsyncIterator[WebhookTurns]:
    commands = Commands(parse_address(store_url), timeout_s=30)
    yield WebhookTurns(commands)
    await commands.close()


async def test_one_holder_has_the_turn_and_another_webhooks_is_its_own(turns: WebhookTurns) -> None:
    assert await turns.take("a", "one", LONG_MS) == ""
    assert await turns.take("a", "two", LONG_MS) is None
    assert await turns.take("a", "one", LONG_MS) == ""
    assert await turns.take("b", "two", LONG_MS) == ""


async def test_the_position_is_the_holders_and_is_handed_on(turns: WebhookTurns) -> None:
    await turns.take("a", "one", LONG_MS)
    assert await turns.keep("a", "one", LONG_MS, "evt_5_0")
    assert not await turns.keep("a", "two", LONG_MS, "evt_9_0")
    assert await turns.keep("a", "one", 0, "evt_6_1")
    assert await turns.take("a", "two", LONG_MS) == "evt_6_1"


async def test_who_lost_the_turn_moves_nothing_even_when_it_is_free_again(turns: WebhookTurns) -> None:
    await turns.take("a", "one", LONG_MS)
    assert await turns.keep("a", "one", 0, "evt_5_0")
    await turns.take("a", "two", LONG_MS)
    assert await turns.keep("a", "two", 0, "evt_8_0")
    assert not await turns.keep("a", "one", LONG_MS, "evt_6_0")
    assert await turns.take("a", "one", LONG_MS) == "evt_8_0"


async def test_a_turn_that_ran_out_is_anothers_to_take(turns: WebhookTurns) -> None:
    await turns.take("a", "one", 50)
    async with asyncio.timeout(GUARD_S):
        while True:
            if await turns.take("a", "two", LONG_MS) is not None:
                break
            await asyncio.sleep(0.01)
    assert not await turns.keep("a", "one", LONG_MS, "evt_1_0")


async def test_a_webhook_that_nobody_delivers_to_is_forgotten_in_a_month(
    turns: WebhookTurns, store_url: str
) -> None:
    await turns.take("a", "one", LONG_MS)
    left_s = RedisServer.looking_at(store_url).ttl(keys.webhook("a"))
    assert 29 * 86_400 < left_s <= 30 * 86_400


async def test_a_position_that_is_no_events_id_is_refused(turns: WebhookTurns) -> None:
    with pytest.raises(ValueError, match="not an event's id"):
        await turns.keep("a", "one", LONG_MS, "")
