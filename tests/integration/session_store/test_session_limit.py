"""So many sessions of a user at an endpoint, and no more: the oldest make way, whatever comes at once."""

import asyncio
from collections import Counter

import pytest

from session_store import ApplicationSession, BrowserSession, EndReason, Store, Tombstone, keys
from tests.support.interleaving import every_merge
from tests.support.races import Hands
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, cookie, endpoint

MINUTE_MS = 60_000


async def enter(
    scene: Scene, by: str, limit: int, *, who: str = "ada", where: str = "app", idle_timeout_s: int = 0
) -> ApplicationSession:
    """A new session; a millisecond passes before the next."""
    scene.clock.advance(1)
    browser = await scene.login(who, by, lasts_ms=DAY_MS)
    session = await scene.visit(browser, where, session_limit=limit, idle_timeout_s=idle_timeout_s)
    assert isinstance(session, ApplicationSession)
    return session


async def live(scene: Scene, *cookies: str, where: str = "app") -> list[str]:
    return [by for by in cookies if isinstance(await scene.check(by, where), ApplicationSession)]


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_the_oldest_sessions_make_way_and_the_new_one_stays(scene: Scene, limit: int) -> None:
    names = [f"browser {number}" for number in range(5)]
    for place, by in enumerate(names):
        await enter(scene, by, limit)
        assert await live(scene, *names) == names[max(0, place + 1 - limit) : place + 1]


async def test_what_made_way_says_why_and_ends_its_login_where_that_was_all(scene: Scene) -> None:
    first = await enter(scene, "laptop", 1)
    await enter(scene, "phone", 1)
    for found in (await scene.check("laptop"), await scene.store.browser_session(cookie("laptop"))):
        assert isinstance(found, Tombstone)
        assert (found.reason, found.ended_by) == (EndReason.SESSION_LIMIT, first.user_id)


async def test_what_made_way_at_one_endpoint_goes_on_at_the_others(scene: Scene) -> None:
    laptop = await scene.login(by="laptop")
    for where in ("app", "wiki"):
        await scene.visit(laptop, where, session_limit=1)
    await enter(scene, "phone", 1)
    assert await scene.end_reason("laptop", "app") is EndReason.SESSION_LIMIT
    assert await live(scene, "laptop", where="wiki") == ["laptop"]
    assert isinstance(await scene.store.browser_session(cookie("laptop")), BrowserSession)


async def test_no_limit_ends_nothing_and_notes_nothing(scene: Scene, store_url: str) -> None:
    names = [f"browser {number}" for number in range(3)]
    for by in names:
        await enter(scene, by, 0)
    assert await live(scene, *names) == names
    assert RedisServer.looking_at(store_url).keys("ow:uo:*") == []


async def test_others_sessions_and_those_that_are_over_do_not_count(scene: Scene, store_url: str) -> None:
    await enter(scene, "eve's", 2, who="eve")
    await enter(scene, "idle", 2, idle_timeout_s=60)
    await enter(scene, "laptop", 2)
    ended = await enter(scene, "ended", 0)
    await scene.store.end_application_session(ended.id, EndReason.LOGOUT, "ada")
    RedisServer.looking_at(store_url).delete(keys.application(cookie("idle"), endpoint("app").id))
    await enter(scene, "phone", 2)
    assert await live(scene, "eve's", "laptop", "phone") == ["eve's", "laptop", "phone"]


async def test_a_visit_to_a_session_that_stands_ends_nothing(scene: Scene) -> None:
    await enter(scene, "laptop", 2)
    await enter(scene, "phone", 2)
    browser = await scene.store.browser_session(cookie("laptop"))
    assert isinstance(browser, BrowserSession)
    await scene.visit(browser, session_limit=1)
    assert await live(scene, "laptop", "phone") == ["laptop", "phone"]


async def test_sessions_from_before_the_limit_count(scene: Scene) -> None:
    names = [f"browser {number}" for number in range(3)]
    for by in names:
        await enter(scene, by, 0)
    scene.clock.advance(2 * MINUTE_MS)
    await enter(scene, "phone", 2)
    assert await live(scene, *names, "phone") == ["browser 2", "phone"]


@pytest.mark.parametrize("askew_ms", [-10 * HOUR_MS, 10 * HOUR_MS], ids=["behind", "ahead"])
async def test_the_new_session_stays_whatever_the_clock_of_its_worker_says(
    scene: Scene, store_url: str, askew_ms: int
) -> None:
    await enter(scene, "laptop", 1)
    other = Store.open(store_url, secrets=["secret"], now_ms=lambda: scene.clock() + askew_ms)
    try:
        browser = await scene.login(by="phone")
        begun = await Scene(other, scene.clock).visit(browser, session_limit=1)
    finally:
        await other.close()
    assert isinstance(begun, ApplicationSession)
    assert await live(scene, "laptop", "phone") == ["phone"]


@pytest.mark.parametrize("limit", [1, 3])
async def test_of_many_that_come_at_once_exactly_so_many_stay(scene: Scene, limit: int) -> None:
    names = [f"browser {number}" for number in range(12)]
    browsers = [await scene.login(by=by) for by in names]
    await asyncio.gather(*(scene.visit(browser, session_limit=limit) for browser in browsers))
    assert len(await live(scene, *names)) == limit


@pytest.mark.parametrize(("standing", "limit"), [(0, 1), (1, 1), (1, 2)])
async def test_two_that_come_at_once_leave_exactly_so_many_in_every_order(
    hands: Hands, standing: int, limit: int
) -> None:
    seen: Counter[tuple[str, ...]] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        names = [f"{who} {number}" for number in range(standing + 2)]
        for by in names[:standing]:
            await enter(scene, by, limit, who=who)
        one, two = [await scene.login(who, by) for by in names[standing:]]
        scene.clock.advance(1)
        results = await hands.race(
            schedule,
            one=hands.one.visit(one, session_limit=limit),
            two=hands.two.visit(two, session_limit=limit),
        )
        assert all(isinstance(result, ApplicationSession) for result in results), results
        left = await live(scene, *names)
        assert len(left) == limit, schedule.trace
        if limit > 1:
            assert set(left) == set(names[standing:])
        await scene.store.delete_user(one.user_id, "root")
        seen[tuple(by.removeprefix(who) for by in left)] += 1
    assert seen.total() > 5
    assert len(seen) == (2 if limit == 1 else 1)


async def test_the_order_of_a_user_forgets_what_is_over_and_outlives_what_is_not(
    scene: Scene, store_url: str
) -> None:
    server = RedisServer.looking_at(store_url)
    session = await enter(scene, "laptop", 1)
    await enter(scene, "phone", 1)
    last = await enter(scene, "tablet", 1)
    place = keys.user_order(session.user_tag)
    assert last.id.encode() in server.zrange(place, 0, -1)
    assert session.id.encode() not in server.zrange(place, 0, -1)
    assert DAY_MS < server.pttl(place) <= DAY_MS + HOUR_MS
    await scene.store.delete_user(session.user_id, "root")
    assert server.exists(place) == 0


async def test_a_session_that_was_ended_by_the_end_of_its_user_makes_no_place(
    scene: Scene, store_url: str
) -> None:
    browser = await scene.login(by="laptop")
    RedisServer.looking_at(store_url).hset(keys.generation(browser.user_tag), "generation", 7)
    assert isinstance(await scene.visit(browser, session_limit=1), Tombstone)
    assert RedisServer.looking_at(store_url).keys("ow:uo:*") == []


async def test_a_record_that_cannot_be_read_takes_the_limit_from_none_of_the_others(
    scene: Scene, store_url: str
) -> None:
    await enter(scene, "newer", 1)
    place = keys.application(cookie("newer"), endpoint("app").id)
    server = RedisServer.looking_at(store_url)
    server.set(place, b"A2" + server.get(place)[2:])
    for by in ("laptop", "phone"):
        await enter(scene, by, 1)
    assert await live(scene, "laptop", "phone") == ["phone"]
