"""Very many sessions of one user: counted, ended and noted; and a population as the benches make one."""

import asyncio

import pytest

from bench.filling import fill
from bench.population import MARKED, MARKED_TUNNEL, OF_MARKED_COUNTRY
from session_store import (
    ApplicationSession,
    EndReason,
    Store,
    StoredEvent,
    StoreUnavailable,
    Tombstone,
    UserId,
    Wanted,
    keys,
    parse_filter,
)
from session_store.directory import _COUNTED_AT_MOST
from session_store.endings import _BEHIND_S
from session_store.revocation import _NOTED_FIRST
from tests.integration.session_store.keyspace import strays
from tests.support.redis_server import RedisServer
from tests.support.scene import HOUR_MS, Scene, cookie

MANY = 2 * _NOTED_FIRST + 1
PATIENCE_S = 30.0


async def enter_many(scene: Scene, count: int, kind: str = "browser") -> list[ApplicationSession]:
    return [await scene.enter(by=f"{kind} {number}") for number in range(count)]


async def sessions_of(scene: Scene, user_id: UserId) -> int:
    view = await scene.store.user(user_id)
    assert view is not None
    return view.sessions


async def told_ends(scene: Scene) -> list[StoredEvent]:
    return (await scene.store.events(limit=100, before=None, types=frozenset({"revoke"}))).items


async def until_noted(scene: Scene, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if (await scene.store.count("ended")).count >= count:
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("more", [0, 1], ids=["on their records", "by the index"])
async def test_a_users_sessions_are_counted_on_their_records_until_they_are_very_many(
    scene: Scene, store_url: str, more: int
) -> None:
    sessions = await enter_many(scene, _COUNTED_AT_MOST + more)
    assert await sessions_of(scene, sessions[0].user_id) == len(sessions)
    gone = sessions[7]
    RedisServer.looking_at(store_url).delete(keys.application(gone.cookie_hash, gone.endpoint.id))
    assert await sessions_of(scene, gone.user_id) == _COUNTED_AT_MOST - 1 + 2 * more


async def test_very_many_sessions_are_ended_before_the_answer_and_noted_within_seconds(
    scene: Scene, store_url: str
) -> None:
    sessions = await enter_many(scene, MANY)
    at = scene.clock()
    assert await scene.store.delete_user(sessions[0].user_id, "root", operation_id="op_1")
    for number in range(MANY):
        stands = await scene.check(f"browser {number}")
        assert isinstance(stands, Tombstone)
        assert (stands.reason, stands.ended_by, stands.ended_at) == (EndReason.USER_DELETED, "root", at)
    assert await scene.listed() == []
    await until_noted(scene, MANY)
    told = [each.event for each in await told_ends(scene)]
    assert sorted(name for event in told for name in event.sessions) == sorted(each.id for each in sessions)
    assert {(event.operation_id, event.effective_at) for event in told} == {("op_1", at)}
    assert strays(store_url, scene.clock() + HOUR_MS) == []


async def test_an_end_of_many_that_could_not_be_noted_keeps_no_later_one_from_being_noted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = await enter_many(scene, MANY)
    tried = asyncio.Semaphore(0)

    async def refuses(*_: object) -> list[object]:
        tried.release()
        raise StoreUnavailable("the store refused a command (OOM)")

    with monkeypatch.context() as context:
        context.setattr("session_store.endings.Endings._keep", refuses)
        await scene.store.delete_user(sessions[0].user_id, "root")
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(-(-MANY // 100)):
                await tried.acquire()
    others = await enter_many(scene, MANY, "phone")
    await scene.store.delete_user(others[0].user_id, "root")
    await until_noted(scene, MANY)


async def test_others_are_let_be_when_very_many_of_a_user_end(scene: Scene) -> None:
    sessions = await enter_many(scene, MANY)
    eves = await scene.enter("eve", "eve's")
    await scene.store.end_others(sessions[0].user_tag, cookie("browser 3"), EndReason.LOGOUT, "ada")
    assert await scene.check("browser 3") == sessions[3]
    assert await scene.check("eve's") == eves
    assert sorted(await scene.listed()) == sorted([eves.id, sessions[3].id])


async def test_a_population_stands_in_the_store_as_logins_and_visits_leave_it(
    store: Store, store_url: str
) -> None:
    end = await fill(store_url, "a secret of the tests, 32 long..", 1000, 200)
    wanted = {
        "": 1000,
        f'obj.tunnel == "{MARKED_TUNNEL}"': MARKED,
        'obj.country_code == "IS"': OF_MARKED_COUNTRY,
    }
    for text, count in wanted.items():
        found = await store.count("sessions", Wanted(parse_filter(text, "sessions")) if text else Wanted())
        assert (found.count, found.exact) == (count, True)
    (view,) = (await store.sessions(limit=1, before=None)).items
    browser = await store.browser_session(view.session.cookie_hash)
    assert not isinstance(browser, Tombstone | None)
    assert browser.user_id == view.session.user_id
    assert end - HOUR_MS < view.session.created_at <= view.activity.last_active < end
    assert view.activity.requests > 0
    accesses = await store.accesses(view.session.id)
    assert accesses is not None
    assert len(accesses) == 1
    assert strays(store_url, end) == []


async def test_an_erasure_waits_for_what_is_left_to_note_and_erases_that_too(scene: Scene) -> None:
    sessions = await enter_many(scene, MANY)
    assert await scene.store.erase_user(sessions[0].user_id, "root")
    assert (await scene.store.count("ended")).count == 0
    await asyncio.sleep(2 * _BEHIND_S)
    assert (await scene.store.count("ended")).count == 0
    assert await told_ends(scene) == []


async def test_a_store_that_is_closed_notes_what_is_left_first(scene: Scene, store_url: str) -> None:
    sessions = await enter_many(scene, MANY)
    assert await scene.store.delete_user(sessions[0].user_id, "root")
    await scene.store.close()
    server = RedisServer.looking_at(store_url)
    assert server.zcard(keys.ENDED_SESSIONS) == MANY
