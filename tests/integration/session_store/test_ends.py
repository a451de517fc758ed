"""What ends what (admin API, §1), against a real store: each end is for good and leaves the others."""

import pytest

from session_store import (
    ApplicationSession,
    BrowserSession,
    EndReason,
    LoginOvertaken,
    SessionId,
    Tombstone,
    UserId,
)
from session_store import keys as store_keys
from tests.integration.session_store.keyspace import members, traces
from tests.integration.session_store.sweeping import Sweeping
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, cookie, endpoint


async def test_ending_an_application_session_is_for_good_and_leaves_the_other_endpoint(scene: Scene) -> None:
    browser = await scene.login()
    app, wiki = await scene.visit(browser, "app"), await scene.visit(browser, "wiki")
    assert isinstance(app, ApplicationSession)
    assert isinstance(wiki, ApplicationSession)
    assert await scene.store.end_application_session(app.id, EndReason.REVOKED, "root")
    ended = await scene.check(where="app")
    assert isinstance(ended, Tombstone)
    assert (ended.reason, ended.ended_by, ended.ended_at) == (EndReason.REVOKED, "root", scene.clock())
    assert (ended.cookie_hash, ended.endpoint_id) == (app.cookie_hash, app.endpoint.id)
    assert await scene.visit(browser, "app") == ended
    assert await scene.check(where="wiki") == wiki
    assert await scene.store.browser_session(cookie("laptop")) == browser
    assert await scene.listed() == [wiki.id]
    assert await scene.store.session(app.id) is None
    assert not await scene.store.end_application_session(app.id, EndReason.REVOKED, "root")


async def test_ending_the_last_application_session_ends_the_browser_session(scene: Scene) -> None:
    browser = await scene.login()
    app, wiki = await scene.visit(browser, "app"), await scene.visit(browser, "wiki")
    assert isinstance(app, ApplicationSession)
    assert isinstance(wiki, ApplicationSession)
    await scene.store.end_application_session(app.id, EndReason.REVOKED, "root")
    assert isinstance(await scene.store.browser_session(cookie("laptop")), BrowserSession)
    await scene.store.end_application_session(wiki.id, EndReason.REVOKED, "root")
    ended = await scene.store.browser_session(cookie("laptop"))
    assert isinstance(ended, Tombstone)
    assert (ended.reason, ended.endpoint_id) == (EndReason.REVOKED, None)
    assert await scene.visit(browser, "docs") == ended


async def test_an_endpoint_that_went_idle_or_expired_does_not_keep_the_browser_session(
    scene: Scene, store_url: str
) -> None:
    browser = await scene.login()
    app = await scene.visit(browser, "app")
    idle = await scene.visit(browser, "idle", idle_timeout_s=60)
    assert isinstance(app, ApplicationSession)
    assert isinstance(idle, ApplicationSession)
    await scene.visit(browser, "short", lasts_ms=HOUR_MS)
    RedisServer.looking_at(store_url).pexpire(store_keys.application(idle.cookie_hash, idle.endpoint.id), 0)
    scene.clock.advance(2 * HOUR_MS)
    assert await scene.store.end_application_session(app.id, EndReason.REVOKED, "root")
    assert isinstance(await scene.store.browser_session(cookie("laptop")), Tombstone)


async def test_an_application_sessions_end_lasts_as_long_as_its_login_could(
    scene: Scene, store_url: str
) -> None:
    """An idle limit must not wear the tombstone away and let the cookie begin anew."""
    browser = await scene.login()
    await scene.visit(browser, "wiki")
    app = await scene.visit(browser, "app", idle_timeout_s=60)
    assert isinstance(app, ApplicationSession)
    await scene.store.end_application_session(app.id, EndReason.REVOKED, "root")
    server = RedisServer.looking_at(store_url)
    left = server.pttl(store_keys.application(app.cookie_hash, app.endpoint.id))
    assert DAY_MS < left <= DAY_MS + HOUR_MS


async def test_a_browser_sessions_end_ends_all_its_endpoints_and_no_other_browser(scene: Scene) -> None:
    browser = await scene.login(by="laptop")
    for where in ("app", "wiki"):
        await scene.visit(browser, where)
    other = await scene.enter(by="phone")
    assert await scene.store.end_browser_session(cookie("laptop"), EndReason.LOGOUT, "ada")
    for where in ("app", "wiki"):
        found = await scene.check("laptop", where)
        assert isinstance(found, Tombstone)
        assert (found.reason, found.ended_by, found.endpoint_id) == (
            EndReason.LOGOUT,
            "ada",
            endpoint(where).id,
        )
    assert isinstance(await scene.store.browser_session(cookie("laptop")), Tombstone)
    assert isinstance(await scene.visit(browser, "docs"), Tombstone)
    assert await scene.check("phone") == other
    assert await scene.listed() == [other.id]
    assert not await scene.store.end_browser_session(cookie("laptop"), EndReason.LOGOUT, "ada")


async def test_an_unknown_cookie_ends_nothing_and_leaves_nothing(scene: Scene, store_url: str) -> None:
    assert not await scene.store.end_browser_session(cookie("made up"), EndReason.LOGOUT, "eve")
    assert RedisServer.looking_at(store_url).keys("*") == []


async def test_the_first_end_stands(scene: Scene, store_url: str) -> None:
    """The notice that a visitor sees tells who ended the session first, whoever comes later."""
    browser = await scene.login()
    app = await scene.visit(browser, "app")
    assert isinstance(app, ApplicationSession)
    await scene.visit(browser, "wiki")
    await scene.store.end_application_session(app.id, EndReason.REVOKED, "root")
    await scene.store.end_browser_session(cookie("laptop"), EndReason.LOGOUT, "ada")
    left_over = {store_keys.tag(cookie("laptop")): browser.expires_at}
    RedisServer.looking_at(store_url).zadd(store_keys.user_browsers(browser.user_tag), left_over)
    await scene.store.delete_user(browser.user_id, "root")
    assert await scene.end_reason(where="app") is EndReason.REVOKED
    assert await scene.end_reason(where="wiki") is EndReason.LOGOUT
    ended = await scene.store.browser_session(cookie("laptop"))
    assert isinstance(ended, Tombstone)
    assert ended.reason is EndReason.LOGOUT


async def test_a_replaced_login_lets_the_other_endpoints_begin_anew(scene: Scene) -> None:
    old = await scene.login(by="laptop")
    for where in ("app", "wiki"):
        await scene.visit(old, where)
    new = await scene.login(by="laptop, next value")
    assert await scene.store.end_browser_session(cookie("laptop"), EndReason.REPLACED, "ada")
    assert await scene.end_reason("laptop", "wiki") is EndReason.REPLACED
    for where in ("app", "wiki"):
        assert isinstance(await scene.visit(new, where), ApplicationSession)


async def test_deleting_a_user_ends_every_session_everywhere(scene: Scene) -> None:
    first = await scene.login(by="laptop")
    for where in ("app", "wiki"):
        await scene.visit(first, where)
    await scene.enter(by="phone", where="docs")
    await scene.login(by="just signed in")
    bystander = await scene.enter("eve", "eve's")
    assert await scene.store.delete_user(first.user_id, "root")
    for by, where in (("laptop", "app"), ("laptop", "wiki"), ("phone", "docs")):
        assert await scene.end_reason(by, where) is EndReason.USER_DELETED
    for by in ("laptop", "phone", "just signed in"):
        ended = await scene.store.browser_session(cookie(by))
        assert isinstance(ended, Tombstone)
        assert (ended.reason, ended.ended_by) == (EndReason.USER_DELETED, "root")
    assert await scene.store.user(first.user_id) is None
    assert await scene.listed() == [bystander.id]
    users = await scene.store.users(limit=100, before=None)
    assert [view.user.id for view in users.items] == [bystander.user_id]
    assert not await scene.store.delete_user(first.user_id, "root")


@pytest.mark.parametrize("read_at_once", [70, 1000])
async def test_deleting_a_user_with_more_sessions_than_a_batch_ends_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, read_at_once: int
) -> None:
    monkeypatch.setattr("session_store.revocation._READ_AT_ONCE", read_at_once)
    browsers = [await scene.login(by=f"browser {number}") for number in range(230)]
    for browser in browsers:
        await scene.visit(browser)
    assert await scene.store.delete_user(browsers[0].user_id, "root")
    for browser in browsers:
        found = await scene.store.check(browser.cookie_hash, endpoint("app").id)
        assert found is not None
        assert found[:1] == b"T"
    assert await scene.listed() == []


async def test_deleting_a_user_leaves_nothing_of_the_person_but_the_ended_session_and_who_did_what(
    scene: Scene, store_url: str
) -> None:
    session = await scene.enter("lovelace")
    await scene.store.touch([scene.touch(session)])
    await scene.store.delete_user(session.user_id, "root")
    ended = store_keys.ended_session(session.id)
    server = RedisServer.looking_at(store_url)
    of_a_person = {key for key in server.keys("*") if not key.startswith(b"ow:x:")} - {ended}
    assert {key.split(b":")[1] for key in of_a_person} == {b"a", b"b", b"e", b"g", b"s"}
    assert all(server.pttl(key) > 0 for key in [*of_a_person, ended])
    assert traces(store_url, "lovelace", "192.0.2.7") == [ended]
    assert sorted(traces(store_url, session.user_id)) == [store_keys.EVENTS, ended]


async def test_what_a_deletion_leaves_of_the_person_goes_when_its_time_is_over(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await scene.enter("lovelace")
    await scene.store.delete_user(session.user_id, "root")
    scene.clock.advance(30 * DAY_MS + 1)
    for _ in range(2):
        await sweeper.all()
    assert traces(store_url, "lovelace", "192.0.2.7") == []
    for index in (store_keys.ENDED_SESSIONS, store_keys.ENDED_AT, store_keys.ENDED_USERS):
        assert members(store_url, index) == set()


async def test_a_login_indexed_before_the_deletion_and_not_yet_written_is_refused(
    scene: Scene, store_url: str
) -> None:
    """As after a crash between the two: the tombstone stands where the record would come."""
    session = await scene.enter()
    server = RedisServer.looking_at(store_url)
    tag = store_keys.tag(cookie("phone"))
    server.zadd(store_keys.user_browsers(session.user_tag), {tag: scene.clock() + DAY_MS})
    assert await scene.store.delete_user(session.user_id, "root")
    assert isinstance(await scene.store.browser_session(cookie("phone")), Tombstone)
    with pytest.raises(LoginOvertaken):
        await scene.login(by="phone")


@pytest.mark.parametrize("wrong", ["", "edgusr_", "edgses_" + "0" * 27, "edgusr_" + "0" * 27, "x" * 10_000])
async def test_an_id_of_nobody_ends_nothing(scene: Scene, wrong: str) -> None:
    session = await scene.enter()
    assert not await scene.store.delete_user(UserId(wrong), "root")
    assert not await scene.store.end_application_session(SessionId(wrong), EndReason.REVOKED, "root")
    assert await scene.check() == session


async def test_an_index_entry_that_leads_to_another_session_ends_nothing(
    scene: Scene, store_url: str
) -> None:
    """Indexes are hints: the record says whose it is."""
    session = await scene.enter()
    other = await scene.enter("eve", "phone")
    server = RedisServer.looking_at(store_url)
    server.set(store_keys.session_place(session.id), server.get(store_keys.session_place(other.id)))
    assert not await scene.store.end_application_session(session.id, EndReason.REVOKED, "root")
    assert await scene.store.session(session.id) is None
    assert await scene.check("phone") == other
    view = await scene.store.user(session.user_id)
    assert view is not None
    assert view.sessions == 0
