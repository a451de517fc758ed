"""Refreshing a session against a real store: whose turn it is, what is written, and what never is."""

import asyncio

import msgspec
import pytest

from session_store import (
    ApplicationSession,
    BrowserSession,
    EndReason,
    StoreUnavailable,
    Tombstone,
    keys,
    lua,
)
from session_store.records import encode
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, cookie, endpoint, person

LAPTOP = cookie("laptop")
MINUTE_MS = 60_000


async def standing(scene: Scene, by: str = "laptop") -> BrowserSession:
    found = await scene.store.browser_session(cookie(by))
    assert isinstance(found, BrowserSession)
    return found


async def visited(scene: Scene, browser: BrowserSession, *where: str) -> list[ApplicationSession]:
    found = [await scene.visit(browser, place) for place in where]
    sessions = [session for session in found if isinstance(session, ApplicationSession)]
    assert len(sessions) == len(where)
    return sessions


async def test_of_all_who_ask_at_once_one_has_the_turn(scene: Scene) -> None:
    turns = await asyncio.gather(
        *(scene.store.begin_refresh(LAPTOP, f"worker {number}", MINUTE_MS) for number in range(10))
    )
    assert sorted(turns) == ["under_way"] * 9 + ["yours"]
    assert await scene.store.begin_refresh(cookie("phone"), "another", MINUTE_MS) == "yours"


async def test_a_holder_who_asks_again_still_has_the_turn(scene: Scene, store_url: str) -> None:
    """As after a reply that was lost."""
    for life in (MINUTE_MS, HOUR_MS):
        assert await scene.store.begin_refresh(LAPTOP, "one", life) == "yours"
    assert RedisServer.looking_at(store_url).pttl(keys.refresh_turn(LAPTOP)) > HOUR_MS // 2


async def test_a_turn_runs_out_unless_its_holder_prolongs_it(scene: Scene, store_url: str) -> None:
    server, place = RedisServer.looking_at(store_url), keys.refresh_turn(LAPTOP)
    await scene.store.begin_refresh(LAPTOP, "one", MINUTE_MS)
    assert 0 < server.pttl(place) <= MINUTE_MS
    assert await scene.store.prolong_refresh(LAPTOP, "one", HOUR_MS)
    assert server.pttl(place) > HOUR_MS // 2
    server.pexpire(place, 0)
    assert not await scene.store.prolong_refresh(LAPTOP, "one", HOUR_MS)
    assert server.exists(place) == 0
    assert await scene.store.begin_refresh(LAPTOP, "two", MINUTE_MS) == "yours"


async def test_nobody_prolongs_or_puts_off_anothers_turn(scene: Scene, store_url: str) -> None:
    await scene.store.begin_refresh(LAPTOP, "one", MINUTE_MS)
    assert not await scene.store.prolong_refresh(LAPTOP, "two", HOUR_MS)
    await scene.store.put_off_refresh(LAPTOP, "two", HOUR_MS)
    server = RedisServer.looking_at(store_url)
    assert server.get(keys.refresh_turn(LAPTOP)) == b"one"
    assert server.pttl(keys.refresh_turn(LAPTOP)) <= MINUTE_MS


async def test_what_was_put_off_is_nobodys_turn_until_its_time(scene: Scene, store_url: str) -> None:
    await scene.store.begin_refresh(LAPTOP, "one", MINUTE_MS)
    await scene.store.put_off_refresh(LAPTOP, "one", HOUR_MS)
    for holder in ("one", "two"):
        assert await scene.store.begin_refresh(LAPTOP, holder, MINUTE_MS) == "put_off"
        assert not await scene.store.prolong_refresh(LAPTOP, holder, MINUTE_MS)
    server = RedisServer.looking_at(store_url)
    assert HOUR_MS // 2 < server.pttl(keys.refresh_turn(LAPTOP)) <= HOUR_MS
    server.pexpire(keys.refresh_turn(LAPTOP), 0)
    assert await scene.store.begin_refresh(LAPTOP, "two", MINUTE_MS) == "yours"


async def test_a_turn_without_a_holder_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="holder"):
        await scene.store.begin_refresh(LAPTOP, "", MINUTE_MS)


async def test_a_refresh_is_seen_by_every_record_of_the_session(scene: Scene) -> None:
    browser = await scene.login(access_token="first token")
    app, wiki = await visited(scene, browser, "app", "wiki")
    assert browser.refreshed_at == app.refreshed_at == browser.issued_at
    assert scene.store.access_token(app) == "first token"
    scene.clock.advance(HOUR_MS)
    assert await scene.refresh(browser, "ops", access_token="second token")
    for before, where in ((app, "app"), (wiki, "wiki")):
        after = await scene.check(where=where)
        assert isinstance(after, ApplicationSession)
        assert (after.principal.groups, after.refreshed_at) == (("ops",), scene.clock())
        assert scene.store.access_token(after) == "second token"
        kept = msgspec.structs.replace(
            after,
            principal=before.principal,
            refreshed_at=before.refreshed_at,
            access_token=before.access_token,
        )
        assert kept == before
    (docs,) = await visited(scene, await standing(scene), "docs")
    assert (docs.principal.groups, docs.refreshed_at) == (("ops",), scene.clock())
    assert scene.store.access_token(docs) == "second token"
    view = await scene.store.user(browser.user_id)
    assert view is not None
    assert view.user.principal.groups == ("ops",)
    assert view.user.last_login == browser.issued_at


async def test_a_refresh_that_brings_no_token_leaves_none(scene: Scene) -> None:
    browser = await scene.login(access_token="token")
    await visited(scene, browser, "app")
    assert await scene.refresh(browser)
    app = await scene.check()
    assert isinstance(app, ApplicationSession)
    assert scene.store.access_token(app) is None


async def test_a_token_cannot_be_read_in_the_store(scene: Scene, store_url: str) -> None:
    browser = await scene.login(access_token="opaque-token")
    await visited(scene, browser, "app")
    await scene.refresh(browser, access_token="opaque-token")
    server = RedisServer.looking_at(store_url)
    for kind in (b"ow:a:*", b"ow:b:*"):
        for key in server.keys(kind):
            assert b"opaque-token" not in server.get(key)


async def test_a_refresh_changes_no_life(scene: Scene, store_url: str) -> None:
    browser = await scene.login(memory=b"token 1")
    (app,) = await visited(scene, browser, "app")
    server = RedisServer.looking_at(store_url)
    places = keys.browser(LAPTOP), keys.application(LAPTOP, app.endpoint.id)
    for place in places:
        server.pexpire(place, 2 * HOUR_MS)
    await scene.refresh(browser, "ops", memory=b"token 2")
    for place in places:
        assert HOUR_MS < server.pttl(place) <= 2 * HOUR_MS
    assert 0 < server.pttl(keys.memory(LAPTOP)) <= HOUR_MS


async def test_a_refresh_replaces_the_memory_or_keeps_it(scene: Scene, store_url: str) -> None:
    browser = await scene.login(memory=b"token 1")
    assert await scene.refresh(browser, "ops", memory=b"token 2")
    assert await scene.store.session_memory(LAPTOP) == b"token 2"
    assert await scene.refresh(await standing(scene), "staff")
    assert await scene.store.session_memory(LAPTOP) == b"token 2"
    assert b"token" not in RedisServer.looking_at(store_url).get(keys.memory(LAPTOP))


async def test_a_refresh_gives_its_own_turn_back_and_no_others(scene: Scene, store_url: str) -> None:
    browser = await scene.login()
    server = RedisServer.looking_at(store_url)
    await scene.store.begin_refresh(LAPTOP, "one", MINUTE_MS)
    assert await scene.refresh(browser, "ops", holder="one")
    assert server.exists(keys.refresh_turn(LAPTOP)) == 0
    await scene.store.begin_refresh(LAPTOP, "two", MINUTE_MS)
    assert not await scene.refresh(browser, "staff", holder="two")
    assert server.exists(keys.refresh_turn(LAPTOP)) == 0
    await scene.store.begin_refresh(LAPTOP, "three", MINUTE_MS)
    assert await scene.refresh(await standing(scene), "staff", holder="slow one")
    assert server.get(keys.refresh_turn(LAPTOP)) == b"three"


async def test_of_two_refreshes_of_what_was_read_once_the_first_counts(scene: Scene) -> None:
    browser = await scene.login(memory=b"token 1")
    await visited(scene, browser, "app")
    assert await scene.refresh(browser, "first", memory=b"token 2")
    assert not await scene.refresh(browser, "second", memory=b"token 3")
    assert (await standing(scene)).principal.groups == ("first",)
    assert await scene.store.session_memory(LAPTOP) == b"token 2"
    app = await scene.check()
    assert isinstance(app, ApplicationSession)
    assert app.principal.groups == ("first",)


async def test_a_refresh_of_an_ended_session_writes_nothing(scene: Scene, store_url: str) -> None:
    browser = await scene.login(memory=b"token 1")
    await visited(scene, browser, "app")
    await scene.store.end_browser_session(LAPTOP, EndReason.LOGOUT, "ada")
    server = RedisServer.looking_at(store_url)
    before = {key: server.dump(key) for key in server.keys("*")}
    assert not await scene.refresh(browser, "ops", memory=b"token 2")
    assert {key: server.dump(key) for key in server.keys("*")} == before
    server.delete(keys.browser(LAPTOP))
    assert not await scene.refresh(browser, "ops", memory=b"token 2")
    assert server.exists(keys.browser(LAPTOP), keys.memory(LAPTOP)) == 0


async def test_a_refresh_leaves_an_ended_application_session_ended(scene: Scene) -> None:
    browser = await scene.login()
    app, _ = await visited(scene, browser, "app", "wiki")
    await scene.store.end_application_session(app.id, EndReason.REVOKED, "root")
    assert await scene.refresh(browser, "ops")
    assert await scene.end_reason(where="app") is EndReason.REVOKED
    wiki = await scene.check(where="wiki")
    assert isinstance(wiki, ApplicationSession)
    assert wiki.principal.groups == ("ops",)


async def test_a_refresh_revives_nothing_that_went_idle(scene: Scene, store_url: str) -> None:
    browser = await scene.login()
    (app,) = await visited(scene, browser, "app")
    RedisServer.looking_at(store_url).delete(keys.application(LAPTOP, app.endpoint.id))
    assert await scene.refresh(browser, "ops")
    assert await scene.check() is None


async def test_a_refresh_never_brings_a_deleted_user_back(scene: Scene, store_url: str) -> None:
    """As in the moment in which the record is gone and the browser session's end still on its way."""
    browser = await scene.login()
    RedisServer.looking_at(store_url).delete(keys.user(browser.user_tag))
    assert await scene.refresh(browser, "ops")
    assert await scene.store.user(browser.user_id) is None
    assert RedisServer.looking_at(store_url).exists(keys.user(browser.user_tag)) == 0


async def test_a_refresh_leaves_the_record_of_a_user_who_came_anew(scene: Scene, store_url: str) -> None:
    browser = await scene.login()
    server, place = RedisServer.looking_at(store_url), keys.user(browser.user_tag)
    view = await scene.store.user(browser.user_id)
    assert view is not None
    anew = encode(msgspec.structs.replace(view.user, id="edgusr_" + "0" * 27))
    server.set(place, anew)
    assert await scene.refresh(browser, "ops")
    assert server.get(place) == anew


async def test_a_refresh_that_tells_of_somebody_else_is_refused(scene: Scene) -> None:
    browser = await scene.login()
    with pytest.raises(ValueError, match="own user"):
        await scene.store.finish_refresh(
            browser, "one", principal=person("eve"), refreshed_at=1, access_token="", memory=b""
        )
    assert await standing(scene) == browser


async def test_a_session_that_an_older_version_wrote_is_refreshed(scene: Scene, store_url: str) -> None:
    """Its bytes are shorter than those this version would write for the same record."""
    browser = await scene.login()
    (app,) = await visited(scene, browser, "app")
    server = RedisServer.looking_at(store_url)
    for place, record, added in (
        (keys.browser(LAPTOP), browser, 3),
        (keys.application(LAPTOP, app.endpoint.id), app, 4),
    ):
        fields = msgspec.msgpack.decode(encode(record)[2:])
        server.set(place, encode(record)[:2] + msgspec.msgpack.encode(fields[:-added]), keepttl=True)
    old = await standing(scene)
    assert old.refreshed_at == 0
    (wiki,) = await visited(scene, old, "wiki")
    assert wiki.refreshed_at == 0
    assert await scene.refresh(old, "ops")
    for where in ("app", "wiki"):
        found = await scene.check(where=where)
        assert isinstance(found, ApplicationSession)
        assert (found.principal.groups, found.refreshed_at) == (("ops",), scene.clock())


async def test_a_visit_with_what_was_read_before_a_refresh_begins_with_what_it_said(scene: Scene) -> None:
    old = await scene.login(access_token="first token")
    assert await scene.refresh(old, "ops", access_token="second token")
    (app,) = await visited(scene, old, "app")
    assert app.principal.groups == ("ops",)
    assert scene.store.access_token(app) == "second token"
    assert await scene.check() == app


async def test_the_live_application_sessions_of_a_browser_session_are_told(
    scene: Scene, store_url: str
) -> None:
    assert await scene.store.applications(LAPTOP) == []
    browser = await scene.login()
    app, wiki, idle = await visited(scene, browser, "app", "wiki", "idle")
    await scene.visit(browser, "short", lasts_ms=HOUR_MS)
    (docs,) = await visited(scene, await scene.login(by="phone"), "docs")
    await scene.store.end_application_session(wiki.id, EndReason.REVOKED, "root")
    RedisServer.looking_at(store_url).delete(keys.application(LAPTOP, idle.endpoint.id))
    scene.clock.advance(2 * HOUR_MS)
    assert await scene.store.applications(LAPTOP) == [app]
    assert await scene.store.applications(cookie("phone")) == [docs]


async def test_an_application_session_left_behind_catches_up(scene: Scene, store_url: str) -> None:
    """As a worker leaves it that dies between two steps of a refresh."""
    browser = await scene.login()
    (app,) = await visited(scene, browser, "app")
    server, place = RedisServer.looking_at(store_url), keys.application(LAPTOP, app.endpoint.id)
    assert await scene.refresh(browser, "ops", access_token="token")
    server.set(place, encode(app), px=HOUR_MS)
    now = await scene.store.catch_up(app)
    assert isinstance(now, ApplicationSession)
    assert now.principal.groups == ("ops",)
    assert scene.store.access_token(now) == "token"
    assert await scene.check() == now
    assert 0 < server.pttl(place) <= HOUR_MS
    assert await scene.store.catch_up(now) == now


async def test_what_has_ended_catches_up_with_nothing(scene: Scene, store_url: str) -> None:
    browser = await scene.login()
    app, wiki = await visited(scene, browser, "app", "wiki")
    await scene.store.end_application_session(app.id, EndReason.REVOKED, "root")
    ended = await scene.store.catch_up(app)
    assert isinstance(ended, Tombstone)
    assert ended == await scene.check()
    server = RedisServer.looking_at(store_url)
    server.delete(keys.browser(LAPTOP))
    assert await scene.store.catch_up(wiki) is None
    assert server.get(keys.application(LAPTOP, endpoint("wiki").id)) == encode(wiki)
    server.delete(keys.application(LAPTOP, endpoint("wiki").id))
    assert await scene.store.catch_up(wiki) is None


async def test_an_application_session_that_this_version_cannot_read_keeps_no_refresh_from_being_written(
    scene: Scene, store_url: str
) -> None:
    browser = await scene.login(memory=b"token 1")
    await visited(scene, browser, "app", "wiki")
    server, place = RedisServer.looking_at(store_url), keys.application(LAPTOP, endpoint("app").id)
    server.set(place, b"A9 of a later version", px=DAY_MS)
    with pytest.raises(StoreUnavailable):
        await scene.store.applications(LAPTOP)
    assert await scene.refresh(browser, "ops", memory=b"token 2")
    assert server.get(place) == b"A9 of a later version"
    assert await scene.store.session_memory(LAPTOP) == b"token 2"
    wiki = await scene.check(where="wiki")
    assert isinstance(wiki, ApplicationSession)
    assert wiki.principal.groups == ("ops",)


async def test_what_changed_between_reading_and_writing_is_left_and_named_if_it_lives(
    scene: Scene, store_url: str
) -> None:
    """The script by itself: an application session is written over the bytes that were read alone."""
    browser = await scene.login()
    app, wiki, docs = await visited(scene, browser, "app", "wiki", "docs")
    await scene.store.end_application_session(docs.id, EndReason.REVOKED, "root")
    server = RedisServer.looking_at(store_url)
    places = [keys.application(LAPTOP, session.endpoint.id) for session in (app, wiki, docs)]
    tombstone = server.get(places[2])
    read = [encode(app), b"A1 what stood there before", tombstone]
    triples = [
        (session.endpoint.id, was, b"A1 new") for session, was in zip((app, wiki, docs), read, strict=True)
    ]
    finish = lua.FINISH_REFRESH.call(
        [
            keys.browser(LAPTOP),
            keys.endpoints(LAPTOP),
            keys.applications(LAPTOP),
            keys.memory(LAPTOP),
            keys.refresh_turn(LAPTOP),
        ],
        encode(browser),
        encode(browser),
        b"",
        keys.GRACE_MS,
        "holder",
        *(part for triple in triples for part in triple),
    )
    assert server.execute_command(*lua.in_full(finish)) == [1, wiki.endpoint.id.encode()]
    assert [server.get(place) for place in places] == [b"A1 new", encode(wiki), tombstone]


@pytest.mark.parametrize("changed", ["browser session", "application session"])
async def test_nothing_catches_up_once_what_was_read_has_changed(
    scene: Scene, store_url: str, changed: str
) -> None:
    """The script by itself: both records must still be those that were read."""
    browser = await scene.login()
    (app,) = await visited(scene, browser, "app")
    places = [keys.browser(LAPTOP), keys.application(LAPTOP, app.endpoint.id)]
    read = [encode(browser), encode(app)]
    server = RedisServer.looking_at(store_url)
    server.set(places[changed == "application session"], b"T1 what came meanwhile")
    before = [server.get(place) for place in places]
    renew = lua.in_full(lua.RENEW_APPLICATION.call(places, *read, b"A1 new"))
    assert server.execute_command(*renew) == 0
    assert [server.get(place) for place in places] == before
    for place, value in zip(places, read, strict=True):
        server.set(place, value)
    assert server.execute_command(*renew) == 1
    assert server.get(places[1]) == b"A1 new"
