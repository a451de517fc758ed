"""The sweep: the list of all sessions does not grow by what time has ended, whoever reads it or nobody."""

import asyncio
import time

import pytest

from session_store import ApplicationSession, EndReason, Store, keys
from tests.integration.session_store.sweeping import Sweeping
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, cookie, endpoint

AMPLE_S = 10.0
MINUTE_MS = 60_000


def entries(store_url: str) -> set[str]:
    """The ids in the list of all sessions, as it stands."""
    return {entry.decode() for entry in RedisServer.looking_at(store_url).zrange(keys.SESSIONS, 0, -1)}


async def test_what_time_has_ended_leaves_the_list_and_what_lives_stays(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    """More than two batches, the living among them."""
    living = set()
    for number in range(240):
        browser = await scene.login(by=f"browser {number}", lasts_ms=3 * DAY_MS)
        lives = number % 3 == 0
        session = await scene.visit(browser, lasts_ms=3 * DAY_MS if lives else HOUR_MS)
        assert isinstance(session, ApplicationSession)
        if lives:
            living.add(session.id)
    assert len(entries(store_url)) == 240
    scene.clock.advance(HOUR_MS)
    await sweeper.all()
    assert entries(store_url) == living
    assert set(await scene.listed()) == living


async def test_idle_and_half_ended_sessions_leave_the_list(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    """An idle session's record goes by itself; a worker that dies between end and index leaves the entry."""
    idle = await scene.enter("ada", "laptop", idle_timeout_s=600)
    half_ended = await scene.enter("eve", "phone")
    await scene.store.end_browser_session(cookie("phone"), EndReason.LOGOUT, "eve")
    server = RedisServer.looking_at(store_url)
    server.zadd(keys.SESSIONS, {half_ended.id: 0})
    server.delete(keys.application(idle.cookie_hash, idle.endpoint.id))
    scene.clock.advance(2 * MINUTE_MS)
    await sweeper.all()
    assert entries(store_url) == set()


async def test_an_entry_whose_record_may_still_be_on_its_way_stays(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await scene.enter()
    RedisServer.looking_at(store_url).delete(keys.application(session.cookie_hash, session.endpoint.id))
    await sweeper.all()
    assert entries(store_url) == {session.id}


async def test_an_entry_whose_session_may_not_be_listed_yet_stays_for_a_minute(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await scene.enter()
    server = RedisServer.looking_at(store_url)
    entered = server.zrange(keys.BY_IP, 0, -1)
    server.zrem(keys.SESSIONS, session.id)
    await sweeper.all()
    assert server.zrange(keys.BY_IP, 0, -1) == entered != []
    scene.clock.advance(2 * MINUTE_MS)
    await sweeper.all()
    assert server.zrange(keys.BY_IP, 0, -1) == []


async def test_a_record_that_cannot_be_read_keeps_its_entry_and_the_others_are_swept(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    unreadable, over = await scene.enter("ada", "laptop"), await scene.enter("eve", "phone")
    server = RedisServer.looking_at(store_url)
    server.set(keys.application(unreadable.cookie_hash, unreadable.endpoint.id), b"A2 of a newer version")
    server.delete(keys.application(over.cookie_hash, over.endpoint.id))
    scene.clock.advance(2 * MINUTE_MS)
    await sweeper.all()
    assert entries(store_url) == {unreadable.id}


async def test_of_several_processes_one_sweeps_in_an_hour(store_url: str, sweeper: Sweeping) -> None:
    swept = await asyncio.gather(*(sweeper.sweeper.sweep() for _ in range(5)))
    assert sorted(swept) == [False, False, False, False, True]
    server = RedisServer.looking_at(store_url)
    assert 3_500_000 < server.pttl(keys.SWEEP) <= 3_600_000
    server.delete(keys.SWEEP)
    assert await sweeper.sweeper.sweep()


async def test_of_several_processes_one_looks_after_what_is_due_in_ten_seconds(
    store_url: str, sweeper: Sweeping
) -> None:
    swept = await asyncio.gather(*(sweeper.sweeper.sweep_due() for _ in range(5)))
    assert sorted(swept) == [False, False, False, False, True]
    server = RedisServer.looking_at(store_url)
    assert 0 < server.pttl(keys.SWEEP_DUE) <= 10_000
    server.delete(keys.SWEEP_DUE)
    assert await sweeper.sweeper.sweep_due()


@pytest.mark.parametrize("sweeps", [True, False], ids=["offered", "not offered"])
async def test_a_store_sweeps_by_itself_where_that_was_offered(
    scene: Scene, store_url: str, sweeps: bool
) -> None:
    session = await scene.enter()
    scene.clock.advance(DAY_MS)
    store = Store.open(store_url, secrets=["secret"], now_ms=scene.clock, check_timeout_s=AMPLE_S)
    try:
        await store.start(sweeps=sweeps)
        if sweeps:
            await asyncio.to_thread(_until_swept, store_url)
        assert await store.check(session.cookie_hash, endpoint("app").id) is not None
        assert RedisServer.looking_at(store_url).exists(keys.SWEEP) == sweeps
    finally:
        await store.close()


def _until_swept(store_url: str) -> None:
    """What is due is looked after first, so the list may be empty before the sweep begins."""
    until, server = time.monotonic() + AMPLE_S, RedisServer.looking_at(store_url)
    while entries(store_url) or not server.exists(keys.SWEEP):
        assert time.monotonic() < until
        time.sleep(0.005)
