"""Lists and single reads against a real store: exact pages over indexes that are only hints."""

import pytest

from session_store import (
    EndReason,
    IdSource,
    Page,
    SessionId,
    SessionView,
    Store,
    StoreUnavailable,
    UserId,
    UserView,
)
from session_store import keys as store_keys
from tests.integration.session_store.sweeping import Sweeping
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, cookie, endpoint

MINUTE_MS = 60_000


async def session_pages(store: Store, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    page: Page[SessionView] = await store.sessions(limit=limit, before=None)
    while page.items:
        pages.append([view.session.id for view in page.items])
        if not page.more:
            return pages
        page = await store.sessions(limit=limit, before=pages[-1][-1])
    assert not pages, "a page said that more follow, and the next was empty"
    return pages


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
async def test_pages_show_each_session_once_newest_first(scene: Scene, limit: int) -> None:
    ids = [(await scene.enter(by=f"browser {number}")).id for number in range(7)]
    pages = await session_pages(scene.store, limit)
    assert [session_id for page in pages for session_id in page] == ids[::-1]
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_ended_sessions_are_in_no_page_and_leave_no_empty_one(scene: Scene, limit: int) -> None:
    sessions = [await scene.enter(by=f"browser {number}") for number in range(12)]
    for session in sessions[:4] + sessions[6:]:
        await scene.store.end_application_session(session.id, EndReason.REVOKED, "root")
    pages = await session_pages(scene.store, limit)
    assert [session_id for page in pages for session_id in page] == [sessions[5].id, sessions[4].id]


async def test_a_position_works_when_its_row_is_gone(scene: Scene) -> None:
    sessions = [await scene.enter(by=f"browser {number}") for number in range(4)]
    first = await scene.store.sessions(limit=2, before=None)
    position = first.items[-1].session.id
    await scene.store.end_application_session(position, EndReason.REVOKED, "root")
    second = await scene.store.sessions(limit=2, before=position)
    assert [view.session.id for view in second.items] == [sessions[1].id, sessions[0].id]
    assert not second.more


async def test_stale_entries_are_passed_over_however_many_there_are(scene: Scene, store_url: str) -> None:
    """Entries whose records went without anybody's doing: idle, expired, a crash between index and record."""
    live = await scene.enter()
    ids = IdSource(now_s=lambda: scene.clock() / 1000)
    stale = [ids.session() for _ in range(350)]
    server = RedisServer.looking_at(store_url)
    server.zadd(store_keys.SESSIONS, dict.fromkeys(stale, 0))
    page = await scene.store.sessions(limit=1, before=None)
    assert ([view.session.id for view in page.items], page.more) == ([live.id], False)


async def test_a_stale_entry_of_a_users_sessions_is_dropped_once_no_write_can_be_under_way(
    scene: Scene, store_url: str
) -> None:
    live = await scene.enter()
    ids = IdSource(now_s=lambda: scene.clock() / 1000)
    server = RedisServer.looking_at(store_url)
    index = store_keys.user_applications(live.user_tag)
    server.zadd(index, {ids.session(): scene.clock() + DAY_MS})
    for expected in (2, 1):
        (view,) = (await scene.store.users(limit=100, before=None)).items
        assert view.sessions == 1
        assert server.zcard(index) == expected
        scene.clock.advance(2 * MINUTE_MS)


async def test_a_list_leaves_stale_entries_of_all_sessions_and_users_to_the_sweep(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    """They go once no write can be under way that began with them."""
    await scene.enter()
    ids = IdSource(now_s=lambda: scene.clock() / 1000)
    server = RedisServer.looking_at(store_url)
    server.zadd(store_keys.SESSIONS, {ids.session(): 0})
    server.zadd(store_keys.USERS, {ids.user(): 0})
    for expected in (2, 1):
        assert len(await scene.listed()) == len((await scene.store.users(limit=9, before=None)).items) == 1
        await sweeper.all()
        assert server.zcard(store_keys.SESSIONS) == server.zcard(store_keys.USERS) == expected
        scene.clock.advance(2 * MINUTE_MS)
        assert server.zcard(store_keys.SESSIONS) == server.zcard(store_keys.USERS) == expected


async def test_a_session_whose_record_is_still_on_its_way_is_listed_when_it_comes(
    scene: Scene, store_url: str
) -> None:
    """Index before record: a list read in between must not drop the entry."""
    session = await scene.enter()
    key = store_keys.application(session.cookie_hash, session.endpoint.id)
    server = RedisServer.looking_at(store_url)
    record = server.getdel(key)
    assert await scene.listed() == []
    server.set(key, record)
    assert await scene.listed() == [session.id]


async def test_gone_idle_expired_and_ended_sessions_are_nowhere(scene: Scene, store_url: str) -> None:
    browser = await scene.login(by="laptop")
    live = await scene.visit(browser, "live")
    idle = await scene.visit(browser, "idle", idle_timeout_s=60)
    expired = await scene.visit(browser, "expired", lasts_ms=HOUR_MS)
    ended = await scene.visit(browser, "ended")
    await scene.store.end_application_session(ended.id, EndReason.REVOKED, "root")  # type: ignore[union-attr]
    server = RedisServer.looking_at(store_url)
    server.pexpire(store_keys.application(cookie("laptop"), endpoint("idle").id), 0)
    scene.clock.advance(HOUR_MS)
    assert await scene.listed() == [live.id]  # type: ignore[union-attr]
    for gone in (idle, expired, ended):
        assert await scene.store.session(gone.id) is None  # type: ignore[union-attr]
    user = await scene.store.user(browser.user_id)
    assert user is not None
    assert user.sessions == 1


async def test_users_are_listed_newest_first_with_their_live_sessions(scene: Scene) -> None:
    names = ["ada", "eve", "bob", "joe", "kim"]
    browsers = [await scene.login(name, name) for name in names]
    for browser in browsers[1:3]:
        await scene.visit(browser, "app")
        await scene.visit(browser, "wiki")
    await scene.store.end_browser_session(cookie("eve"), EndReason.LOGOUT, "eve")
    found: list[UserView] = []
    page = await scene.store.users(limit=2, before=None)
    while True:
        found.extend(page.items)
        if not page.more:
            break
        page = await scene.store.users(limit=2, before=page.items[-1].user.id)
    assert [view.user.principal.subject for view in found] == names[::-1]
    assert [view.sessions for view in found] == [0, 0, 2, 0, 0]


async def test_of_up_to_50_sessions_of_a_user_the_live_ones_are_counted_and_more_as_the_index_has_them(
    scene: Scene, store_url: str
) -> None:
    few, many = [await scene.login(name, name) for name in ("ada", "eve")]
    await scene.visit(few, "app")
    await scene.visit(many, "app")
    gone = IdSource(now_s=lambda: scene.clock() / 1000)
    server = RedisServer.looking_at(store_url)
    over = scene.clock() + DAY_MS
    for browser, stale in ((few, 49), (many, 50)):
        index = store_keys.user_applications(browser.user_tag)
        server.zadd(index, {gone.session(): over for _ in range(stale)})
    page = await scene.store.users(limit=2, before=None)
    assert [(view.user.id, view.sessions) for view in page.items] == [(many.user_id, 51), (few.user_id, 1)]


async def test_the_indexes_of_a_user_forget_what_is_over_and_outlive_what_is_not(
    scene: Scene, store_url: str
) -> None:
    """A deletion finds every session by them: one forgotten too early would survive it."""
    server = RedisServer.looking_at(store_url)
    long = await scene.login(by="laptop")
    await scene.visit(long)
    indexes = store_keys.user_browsers(long.user_tag), store_keys.user_applications(long.user_tag)
    for index in indexes:
        assert server.pttl(index) > DAY_MS
        assert server.zrange(index, 0, -1, withscores=True)[0][1] > scene.clock() + DAY_MS
        server.zadd(index, {"over": scene.clock() - 1})
    short = await scene.login(by="phone", lasts_ms=HOUR_MS)
    await scene.visit(short)
    for index in indexes:
        assert server.zscore(index, "over") is None
        assert server.zcard(index) == 2
        assert server.pttl(index) > DAY_MS


async def test_a_user_who_signed_in_anew_does_not_answer_to_the_old_id(scene: Scene, store_url: str) -> None:
    old = await scene.login()
    server = RedisServer.looking_at(store_url)
    await scene.store.delete_user(old.user_id, "root")
    server.set(store_keys.user_tag_of(old.user_id), old.user_tag)
    server.zadd(store_keys.USERS, {old.user_id: 0})
    scene.clock.advance(1000)
    new = await scene.login(by="phone")
    assert await scene.store.user(old.user_id) is None
    assert [view.user.id for view in (await scene.store.users(limit=9, before=None)).items] == [new.user_id]
    assert not await scene.store.delete_user(old.user_id, "root")
    assert await scene.store.browser_session(cookie("phone")) == new


@pytest.mark.parametrize("wrong", ["", "edgses_", "ep_" + "0" * 27, "edgses_" + "z" * 27, "\x00", "ä" * 34])
async def test_an_id_of_another_shape_is_nothing(scene: Scene, wrong: str) -> None:
    await scene.enter()
    assert await scene.store.session(SessionId(wrong)) is None
    assert await scene.store.user(UserId(wrong)) is None


async def test_a_damaged_record_is_no_row_and_no_silence(scene: Scene, store_url: str) -> None:
    session = await scene.enter()
    key = store_keys.application(session.cookie_hash, session.endpoint.id)
    RedisServer.looking_at(store_url).set(key, b"A1\xff\xff")
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        await scene.store.sessions(limit=10, before=None)


async def test_lists_are_read_when_nothing_can_be_written(scene: Scene, store_url: str) -> None:
    """Disk full, or a replica short: dropping stale entries waits, reading does not."""
    session = await scene.enter()
    server = RedisServer.looking_at(store_url)
    stale = IdSource(now_s=lambda: scene.clock() / 1000 - 1000).session()
    server.zadd(store_keys.SESSIONS, {stale: 0})
    server.config_set("min-replicas-to-write", 1)
    try:
        assert await scene.listed() == [session.id]
    finally:
        server.config_set("min-replicas-to-write", 0)
    assert server.zcard(store_keys.SESSIONS) == 2
