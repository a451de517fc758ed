"""What time has ended: noted within a pass of the sweep, kept for as long as is said, and then forgotten."""

import pytest

from session_store import (
    ApplicationSession,
    BrowserSession,
    EndReason,
    Retention,
    Tombstone,
    keys,
)
from tests.integration.session_store.keyspace import members, strays
from tests.integration.session_store.noting import ENDED, HOME, OFFICE, is_whole, over, used
from tests.integration.session_store.sweeping import Sweeping, sweeping
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene


async def test_a_session_that_expired_is_noted_within_one_pass_with_the_time_at_which_it_did(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await used(scene, lasts_ms=HOUR_MS)
    lasting = await used(scene, "eve", "phone")
    await sweeper.due()
    assert await over(scene) == []
    scene.clock.advance(HOUR_MS + 5000)
    await sweeper.due()
    await is_whole(scene, store_url, session, EndReason.EXPIRED, "time", session.expires_at)
    assert await scene.listed() == [lasting.id]


async def test_a_session_that_went_idle_is_noted_within_one_pass_with_the_time_at_which_it_did(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await used(scene, idle_timeout_s=600)
    idle_at = scene.clock() + 600_000
    scene.clock.advance(600_000 + 5000)
    RedisServer.looking_at(store_url).delete(keys.application(session.cookie_hash, session.endpoint.id))
    await sweeper.due()
    await is_whole(scene, store_url, session, EndReason.IDLE, "time", idle_at)


async def test_a_session_that_is_idle_by_the_stores_clock_alone_ended_at_no_time_to_come(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await used(scene, idle_timeout_s=600)
    scene.clock.advance(300_000)
    RedisServer.looking_at(store_url).delete(keys.application(session.cookie_hash, session.endpoint.id))
    await sweeper.all()
    await is_whole(scene, store_url, session, EndReason.IDLE, "time", scene.clock())


@pytest.mark.parametrize("last", [True, False], ids=["with its last session", "by itself"])
async def test_a_session_that_went_idle_is_noted_so_when_its_browser_session_ended_before_any_pass(
    scene: Scene, store_url: str, sweeper: Sweeping, last: bool
) -> None:
    session = await used(scene, idle_timeout_s=600)
    browser = await scene.store.browser_session(session.cookie_hash)
    assert isinstance(browser, BrowserSession)
    other = await scene.visit(browser, "wiki")
    assert isinstance(other, ApplicationSession)
    idle_at = scene.clock() + 600_000
    scene.clock.advance(600_000 + 5000)
    RedisServer.looking_at(store_url).delete(keys.application(session.cookie_hash, session.endpoint.id))
    if last:
        await scene.store.end_application_session(other.id, EndReason.REVOKED, "root")
    else:
        await scene.store.end_browser_session(session.cookie_hash, EndReason.LOGOUT, "ada")
    assert isinstance(await scene.store.browser_session(session.cookie_hash), Tombstone)
    await sweeper.due()
    await is_whole(scene, store_url, session, EndReason.IDLE, "time", idle_at)
    assert len(await over(scene)) == 2


async def test_more_sessions_than_are_looked_at_at_once_are_noted_within_one_pass(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    for number in range(230):
        await scene.visit(await scene.login(by=f"browser {number}"), lasts_ms=HOUR_MS)
    scene.clock.advance(HOUR_MS)
    await sweeper.due()
    assert len(members(store_url, keys.ENDED_SESSIONS)) == 230
    assert strays(store_url, scene.clock()) == []


async def test_a_session_that_is_used_is_due_later_and_stays(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await used(scene, idle_timeout_s=600)
    for _ in range(3):
        scene.clock.advance(500_000)
        await scene.store.touch([scene.touch(session)])
        await sweeper.due()
        assert await scene.listed() == [session.id]
    due = RedisServer.looking_at(store_url).zscore(keys.ENDS, session.id)
    assert due == scene.clock() + 600_000


async def test_a_pass_over_sessions_that_may_still_be_on_their_way_has_an_end(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    """More of them than are looked at at once, and all due."""
    server = RedisServer.looking_at(store_url)
    for number in range(120):
        session = await scene.enter(by=f"browser {number}")
        server.delete(keys.application(session.cookie_hash, session.endpoint.id))
    for entry in server.zrange(keys.ENDS, 0, -1):
        server.zadd(keys.ENDS, {entry: scene.clock() - 1})
    await sweeper.due()
    assert await over(scene) == []
    assert len(members(store_url, keys.SESSIONS)) == 120


async def test_a_visit_that_died_before_its_session_was_written_takes_no_others_end(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    """Its entries lead to the place where another session of the same browser stood."""
    session = await used(scene, idle_timeout_s=600)
    server = RedisServer.looking_at(store_url)
    loser = session.id[:-1] + ("a" if session.id[-1] != "a" else "b")
    server.set(f"ow:s:{loser}", server.get(keys.session_place(session.id)))
    for index, score in ((keys.SESSIONS, 0), (keys.ACTIVE, scene.clock()), (keys.ENDS, scene.clock())):
        server.zadd(index, {loser: score})
    idle_at = scene.clock() + 600_000
    scene.clock.advance(600_000)
    server.delete(keys.application(session.cookie_hash, session.endpoint.id))
    await sweeper.due()
    await sweeper.all()
    await is_whole(scene, store_url, session, EndReason.IDLE, "time", idle_at)
    assert len(await over(scene)) == 1


async def test_ended_sessions_are_kept_for_as_long_as_is_said_and_then_gone_from_every_key(
    scene: Scene, store_url: str
) -> None:
    sessions = [await used(scene, who, who, lasts_ms=30 * DAY_MS) for who in ("ada", "eve")]
    retention = Retention(ended=7 * DAY_MS)
    async with sweeping(store_url, scene.clock, retention) as sweeper:
        await scene.store.end_browser_session(sessions[0].cookie_hash, EndReason.LOGOUT, "ada")
        scene.clock.advance(4 * DAY_MS)
        await scene.store.end_browser_session(sessions[1].cookie_hash, EndReason.LOGOUT, "eve")
        scene.clock.advance(4 * DAY_MS)
        await sweeper.all()
        assert [view.session.id for view in await over(scene)] == [sessions[1].id]
        assert await scene.store.accesses(sessions[0].id) is None
        scene.clock.advance(4 * DAY_MS)
        for _ in range(2):
            await sweeper.all()
    assert [members(store_url, index) for index in ENDED] == [set(), set(), set()]
    assert RedisServer.looking_at(store_url).keys("ow:z:*") == []


async def test_an_ended_session_is_gone_by_itself_where_nobody_sweeps(scene: Scene, store_url: str) -> None:
    session = await used(scene)
    await scene.store.end_browser_session(session.cookie_hash, EndReason.LOGOUT, "ada")
    left = RedisServer.looking_at(store_url).pttl(keys.ended_session(session.id))
    assert 29 * DAY_MS < left <= 30 * DAY_MS


async def test_a_session_that_expired_and_was_noted_does_not_keep_its_browser_session(
    scene: Scene, sweeper: Sweeping
) -> None:
    """Its record still stands, to tell a reader that it expired."""
    browser = await scene.login()
    short, last = await scene.visit(browser, "short", lasts_ms=HOUR_MS), await scene.visit(browser, "app")
    scene.clock.advance(HOUR_MS)
    await sweeper.due()
    assert isinstance(short, ApplicationSession)
    assert await scene.check(where="short") == short
    assert await scene.store.end_application_session(last.id, EndReason.REVOKED, "root")  # type: ignore[union-attr]
    assert isinstance(await scene.store.browser_session(browser.cookie_hash), Tombstone)


async def test_a_touch_of_what_expired_and_was_noted_brings_nothing_back(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await scene.visit(await scene.login(), lasts_ms=HOUR_MS, context=HOME)
    assert isinstance(session, ApplicationSession)
    late = scene.touch(session, context=OFFICE)
    scene.clock.advance(HOUR_MS)
    await sweeper.due()
    await scene.store.touch([late])
    server = RedisServer.looking_at(store_url)
    assert server.keys("ow:t:*") == server.keys("ow:h:*") == []
    assert members(store_url, keys.BY_IP) == set()


async def test_who_comes_back_to_a_session_whose_idleness_was_noted_is_told_no_time_to_come(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await used(scene, idle_timeout_s=600)
    browser = await scene.store.browser_session(session.cookie_hash)
    assert isinstance(browser, BrowserSession)
    scene.clock.advance(600_000)
    RedisServer.looking_at(store_url).delete(keys.application(session.cookie_hash, session.endpoint.id))
    await sweeper.due()
    found = await scene.visit(browser, idle_timeout_s=600)
    assert isinstance(found, Tombstone)
    assert (found.reason, found.ended_by, found.ended_at) == (EndReason.IDLE, "time", scene.clock())
