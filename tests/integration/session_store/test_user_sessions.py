"""A user's own sessions: which there are, and an end of all but the one that asks."""

import pytest

from session_store import ApplicationSession, BrowserSession, EndReason, LoginOvertaken, Tombstone, keys
from tests.support.interleaving import every_merge
from tests.support.races import Hands
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, cookie, endpoint


async def ids_of(scene: Scene, session: ApplicationSession) -> list[str]:
    return [view.session.id for view in await scene.store.user_sessions(session.user_tag)]


async def test_a_user_sees_all_own_live_sessions_newest_first_and_no_others(
    scene: Scene, store_url: str
) -> None:
    laptop = await scene.login(by="laptop")
    app, wiki = await scene.visit(laptop, "app"), await scene.visit(laptop, "wiki")
    phone = await scene.enter(by="phone")
    ended, idle = await scene.enter(by="ended"), await scene.enter(by="idle")
    eves = await scene.enter("eve", "eve's")
    await scene.visit(laptop, "short", lasts_ms=HOUR_MS)
    await scene.store.end_application_session(ended.id, EndReason.LOGOUT, "ada")
    RedisServer.looking_at(store_url).delete(keys.application(idle.cookie_hash, idle.endpoint.id))
    scene.clock.advance(2 * HOUR_MS)
    assert isinstance(app, ApplicationSession)
    assert isinstance(wiki, ApplicationSession)
    assert await ids_of(scene, app) == [phone.id, wiki.id, app.id]
    assert await ids_of(scene, eves) == [eves.id]


async def test_a_users_session_is_shown_with_its_activity(scene: Scene) -> None:
    session = await scene.enter()
    scene.clock.advance(5000)
    await scene.store.touch([scene.touch(session, requests=3)])
    (view,) = await scene.store.user_sessions(session.user_tag)
    assert view.session == session
    assert (view.activity.requests, view.activity.last_active) == (3, scene.clock())


async def test_a_list_of_a_users_sessions_has_an_end_and_reads_no_further(
    scene: Scene, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("session_store.directory._OF_A_USER_AT_MOST", 3)
    sessions = [await scene.enter(by=f"browser {number}") for number in range(8)]
    places = [keys.application(session.cookie_hash, session.endpoint.id) for session in sessions]
    server = RedisServer.looking_at(store_url)
    for idle in places[5:7]:
        server.delete(idle)
    server.set(places[0], b"A9 would be an error")
    assert await ids_of(scene, sessions[0]) == [sessions[place].id for place in (7, 4, 3)]


async def test_an_entry_that_leads_to_anothers_session_is_not_shown(scene: Scene, store_url: str) -> None:
    """An index is a hint, the record says whose it is."""
    session, eves = await scene.enter(), await scene.enter("eve", "eve's")
    entry = {eves.id: scene.clock() + DAY_MS}
    RedisServer.looking_at(store_url).zadd(keys.user_applications(session.user_tag), entry)
    assert await ids_of(scene, session) == [session.id]


async def test_an_end_of_all_others_spares_the_one_and_other_users(scene: Scene) -> None:
    laptop = await scene.enter(by="laptop")
    places = {"phone": "app", "phone, again": "wiki", "tablet": "app", "tablet, again": "wiki"}
    for by, where in places.items():
        await scene.visit(await scene.login(by=by), where)
    bystander = await scene.enter("eve", "eve's")
    ended = await scene.store.end_others(laptop.user_tag, cookie("laptop"), EndReason.LOGOUT, "ada")
    assert ended == 4
    for by, where in places.items():
        assert await scene.end_reason(by, where) is EndReason.LOGOUT
        found = await scene.store.browser_session(cookie(by))
        assert isinstance(found, Tombstone)
        assert found.ended_by == "ada"
    assert sorted(await scene.listed()) == sorted([laptop.id, bystander.id])
    assert await ids_of(scene, laptop) == [laptop.id]
    assert await scene.store.end_others(laptop.user_tag, cookie("laptop"), EndReason.LOGOUT, "ada") == 0


@pytest.mark.parametrize("read_at_once", [2, 5, 6, 1000])
async def test_an_end_of_more_others_than_are_read_at_once_ends_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, read_at_once: int
) -> None:
    monkeypatch.setattr("session_store.revocation._READ_AT_ONCE", read_at_once)
    kept = await scene.enter(by="browser 3")
    for number in range(7):
        if number != 3:
            await scene.enter(by=f"browser {number}")
    assert await scene.store.end_others(kept.user_tag, kept.cookie_hash, EndReason.LOGOUT, "ada") == 6
    assert await scene.listed() == [kept.id]


async def test_an_end_of_all_others_refuses_a_login_about_to_be_written(scene: Scene, store_url: str) -> None:
    laptop = await scene.enter(by="laptop")
    entry = {keys.tag(cookie("phone")): scene.clock() + DAY_MS}
    RedisServer.looking_at(store_url).zadd(keys.user_browsers(laptop.user_tag), entry)
    assert await scene.store.end_others(laptop.user_tag, cookie("laptop"), EndReason.LOGOUT, "ada") == 0
    with pytest.raises(LoginOvertaken):
        await scene.login(by="phone")


async def test_a_visit_never_survives_the_end_of_all_others(hands: Hands) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        kept = await scene.enter(who, f"{who} here")
        away = await scene.login(who, f"{who} away")
        ended, visit = await hands.race(
            schedule,
            one=hands.one.store.end_others(kept.user_tag, kept.cookie_hash, EndReason.LOGOUT, "ada"),
            two=hands.two.visit(away),
        )
        assert ended == 1
        assert isinstance(visit, ApplicationSession | Tombstone)
        assert isinstance(await scene.check(f"{who} away"), Tombstone | None)
        assert isinstance(await scene.store.browser_session(away.cookie_hash), Tombstone)
        assert await scene.store.check(kept.cookie_hash, endpoint("app").id) is not None
        assert isinstance(await scene.store.browser_session(kept.cookie_hash), BrowserSession)
        assert await ids_of(scene, kept) == [kept.id]
        rounds += 1
    assert rounds > 5
