"""Delivery to a real receiver: signed, in order, at least once, whatever the receiver or the store does."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from tests.integration.webhooks.machine import DAY_MS, SECRET, Machine, named, to, until, wall_clock_ms
from tests.support.redis_server import RedisServer
from tests.support.webhook_receiver import WebhookReceiver

Machines = Callable[..., Machine]


async def test_events_come_in_order_each_signed_and_whole(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    await machine.deliver(to(receiver))
    told = await machine.tell(3) + await machine.tell(2, "revoke")
    received = await receiver.until(5)
    assert [got.id for got in received] == told
    assert [json.loads(got.body) for got in received] == [
        {"id": event_id, "type": "login" if place < 3 else "revoke"} for place, event_id in enumerate(told)
    ]
    assert all(got.is_signed_with(SECRET.encode()) for got in received)
    assert not any(got.is_signed_with(b"x" * 32) for got in received)
    assert all(abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60 for got in received)
    assert {got.headers["content-type"] for got in received} == {"application/json"}


async def test_an_encoded_secret_signs_with_the_bytes_that_it_encodes(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    await machine.deliver(to(receiver, secret="whsec_" + "QUJD" * 8))
    await machine.tell(1)
    (got,) = await receiver.until(1)
    assert got.is_signed_with(b"ABC" * 8)


async def test_only_the_events_that_were_asked_for_are_sent(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    await machine.deliver(to(receiver, events=("revoke", "block")))
    await machine.tell(2, "login")
    (wanted,) = await machine.tell(1, "block")
    await machine.tell(2, "end")
    (also,) = await machine.tell(1, "revoke")
    assert [got.id for got in await receiver.until(2)] == [wanted, also]


async def test_a_webhook_begins_with_what_is_told_once_it_is_there(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    await machine.tell(3)
    await machine.deliver(to(receiver))
    told = await machine.tell(1)
    assert [got.id for got in await receiver.until(1)] == told


@pytest.mark.parametrize("status", [199 + 101, 301, 307, 400, 404, 410, 429, 500, 503])
async def test_an_event_that_is_not_taken_comes_again_under_its_id_and_holds_up_the_next(
    machine: Machine, receiver: WebhookReceiver, status: int
) -> None:
    receiver.answers = [status, status, status]
    await machine.deliver(to(receiver))
    with capture_logs() as lines:
        first, second = await machine.tell(2)
        received = await receiver.until(5)
    assert [got.id for got in received] == [first] * 4 + [second]
    failed = named(lines, "webhook_failed")
    assert [(line["attempt"], line["id"]) for line in failed] == [(n, first) for n in (1, 2, 3)]
    assert all(f"it answered {status}" in line["why"] for line in failed)
    assert [line["attempts"] for line in named(lines, "webhook_delivered_at_last")] == [4]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_enough(machine: Machine, receiver: WebhookReceiver, status: int) -> None:
    receiver.usual = status
    await machine.deliver(to(receiver))
    told = await machine.tell(2)
    assert [got.id for got in await receiver.until(2)] == told


async def test_what_the_receiver_says_beyond_its_status_is_not_waited_for(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=200, headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    receiver.answers = [endless, endless]
    await machine.deliver(to(receiver))
    told = await machine.tell(3)
    assert [got.id for got in await receiver.until(3)] == told


async def test_a_receiver_that_is_down_gets_everything_once_it_is_up(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    await machine.deliver(to(receiver))
    told = await machine.tell(1)
    await receiver.until_taken(1)
    await receiver.stop()
    with capture_logs() as lines:
        told += await machine.tell(5)
        await until(lambda: bool(named(lines, "webhook_failed")))
        await receiver.start()
        assert await receiver.until_taken(6) == told


async def test_a_receiver_that_is_too_slow_is_asked_again(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    receiver.answers = [receiver.hangs]
    await machine.deliver(to(receiver), deadline_s=0.2)
    with capture_logs() as lines:
        (told,) = await machine.tell(1)
        assert [got.id for got in await receiver.until(2)] == [told, told]
    assert [line["why"] for line in named(lines, "webhook_failed")] == ["no answer within 0.2 s"]


async def test_a_receiver_that_hangs_holds_up_no_other(machine: Machine, receiver: WebhookReceiver) -> None:
    async with WebhookReceiver.running() as hanging:
        hanging.usual = hanging.hangs
        await machine.deliver(to(hanging), to(receiver))
        await machine.tell(1)
        await hanging.until(1)
        told = await machine.tell(20)
        assert (await receiver.until_taken(21))[1:] == told
        assert len(hanging.received) == 1


async def test_an_event_older_than_a_day_is_given_up_and_counted(
    machines: Machines, store_url: str, receiver: WebhookReceiver
) -> None:
    ahead_ms = 0
    machine = machines(store_url, now_ms=lambda: wall_clock_ms() + ahead_ms, turn_s=0.3)
    await machine.deliver(to(receiver))
    receiver.usual = 503
    with capture_logs() as lines:
        old = await machine.tell(3)
        await receiver.until(2)
        ahead_ms = DAY_MS + 1000
        await until(lambda: bool(named(lines, "webhook_events_given_up")))
        ahead_ms = 0
        receiver.usual = 204
        told = await machine.tell(1)
        assert await receiver.until_taken(1) == told
    assert {got.id for got in receiver.received} == {old[0], *told}
    assert [line["count"] for line in named(lines, "webhook_events_given_up")] == [3]


async def test_the_next_process_goes_on_where_one_stopped(
    machines: Machines, store_url: str, receiver: WebhookReceiver
) -> None:
    first, second = machines(store_url), machines(store_url)
    webhooks = await first.deliver(to(receiver))
    told = await first.tell(3)
    await first.noted(to(receiver), told[-1])
    await webhooks.close()
    told += await first.tell(4)
    await second.deliver(to(receiver))
    told += await second.tell(1)
    assert await receiver.until_taken(8) == told


def in_order_and_all(received: Sequence[str], told: Sequence[str]) -> bool:
    """Whether each event came, the first of each in order."""
    return list(dict.fromkeys(received)) == list(told)


async def test_what_a_killed_process_had_under_way_is_delivered_by_another(
    machines: Machines, store_url: str, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, other = machines(store_url, turn_s=1), machines(store_url, turn_s=1)
    webhooks = await killed.deliver(to(receiver))
    receiver.answers = [204, 204, receiver.hangs]
    told = await killed.tell(6)
    await receiver.until(3)

    async def nothing(*_: object) -> bool:
        return True

    # A process that is killed gives no turn back.
    monkeypatch.setattr(killed.store, "keep_webhook", nothing)
    await webhooks.close()
    other.start(to(receiver))
    assert len(await receiver.until_taken(6)) == 6
    assert in_order_and_all([got.id for got in receiver.received], told)


async def test_of_two_processes_one_delivers_and_each_event_comes_once(
    machines: Machines, store_url: str, receiver: WebhookReceiver
) -> None:
    first, second = machines(store_url, turn_s=0.6), machines(store_url, turn_s=0.6)
    one = await first.deliver(to(receiver))
    await second.deliver(to(receiver))
    told = await first.tell(100)
    assert await receiver.until_taken(100) == told
    await first.noted(to(receiver), told[-1])
    await one.close()
    told += await first.tell(100)
    assert await receiver.until_taken(200) == told
    assert len(receiver.received) == 200


async def test_whoever_waits_for_the_next_attempt_keeps_the_turn_meanwhile(
    machines: Machines, store_url: str, receiver: WebhookReceiver
) -> None:
    machine, other = machines(store_url, turn_s=0.3, pause_s=1.5), machines(store_url, turn_s=0.3)
    receiver.answers = [503]
    await machine.deliver(to(receiver))
    await other.deliver(to(receiver))
    with capture_logs() as lines:
        told = await machine.tell(1)
        await machine.noted(to(receiver), told[-1])
    assert [got.id for got in receiver.received] == told * 2
    assert [line["attempts"] for line in named(lines, "webhook_delivered_at_last")] == [2]


async def test_a_receiver_that_falls_behind_gets_everything(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    """More events come while one is under way than are kept for those who follow."""
    more = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        await more.wait()
        return web.Response()

    await machine.deliver(to(receiver, events=("login", "revoke")), deadline_s=25)
    first = await machine.tell(1)
    await machine.noted(to(receiver), first[-1])
    receiver.answers = [slow]
    held = await machine.tell(1)
    await receiver.until(2)
    reader = await machine.store.follow_events(held[-1])
    for _ in range(3):
        for _ in await machine.tell(400, "end"):
            await anext(reader)
    told = await machine.tell(3)
    more.set()
    assert [got.id for got in await receiver.until(5)] == first + held + told


async def test_one_that_lost_its_turn_stops_and_repeats_nothing(
    machines: Machines, store_url: str, receiver: WebhookReceiver
) -> None:
    machine, thief = machines(store_url, turn_s=0.3), machines(store_url)
    await machine.deliver(to(receiver))
    told = await machine.tell(1)
    await machine.noted(to(receiver), told[-1])
    server = RedisServer.looking_at(store_url)
    (name,) = server.keys("ow:wh:*")
    with capture_logs() as lines:
        server.hset(name, "holder", "another")
        await until(lambda: bool(named(lines, "webhook_turn_lost")))
    told += await thief.tell(2)
    assert await receiver.until_taken(3) == told


async def test_a_store_that_dies_and_comes_back_costs_no_event(
    machines: Machines, store_server: RedisServer, receiver: WebhookReceiver
) -> None:
    machine = machines(store_server.url)
    await machine.deliver(to(receiver))
    told = await machine.tell(2)
    await receiver.until_taken(2)
    store_server.kill()
    store_server.start()
    other = machines(store_server.url)
    told += await other.tell(3)
    await until(lambda: len(set(receiver.taken)) == 5)
    assert in_order_and_all(receiver.taken, told)


async def test_events_that_are_gone_before_they_were_delivered_are_said_in_the_log(
    machines: Machines, store_url: str, receiver: WebhookReceiver
) -> None:
    machine = machines(store_url)
    webhooks = await machine.deliver(to(receiver))
    await webhooks.close()
    server = RedisServer.looking_at(store_url)
    (name,) = server.keys("ow:wh:*")
    server.hset(name, "position", "evt_1_0")
    with capture_logs() as lines:
        await machine.deliver(to(receiver))
        told = await machine.tell(1)
        assert await receiver.until_taken(1) == told
    assert [line["after"] for line in named(lines, "webhook_events_missing")] == ["evt_1_0"]
