"""Erasing a person: afterwards no key and no value says who it was, whatever died on the way."""

import itertools

import msgspec
import pytest

from session_store import (
    PERSON,
    ApplicationSession,
    BrowserSession,
    EndReason,
    Event,
    LoginBlocked,
    UserId,
    keys,
    person_hash,
)
from tests.integration.session_store.keyspace import members, strays, traces
from tests.integration.session_store.sweeping import Sweeping, sweeping
from tests.support.interleaving import every_merge
from tests.support.races import Hands
from tests.support.redis_server import RedisServer
from tests.support.scene import HOUR_MS, Scene, coming_from, cookie, person

MINUTE_MS = 60_000
ADA = msgspec.structs.replace(
    person("lovelace-1815"), name="Augusta King", username="countess", email="augusta@ockham.example"
)
PLACES = ("192.0.2.77", "198.51.100.88")
TRACES = ("lovelace-1815", "augusta", "countess", "ockham.example", "king\0", *PLACES, "c000024d", "c6336458")
"""What tells who it was and from where; addresses as indexes have them too."""


async def entered(scene: Scene, by: str, *, idle_timeout_s: int = 0) -> ApplicationSession:
    """A session that came from two places."""
    browser = await scene.login("ada", by, told=ADA)
    here = coming_from(PLACES[0], "DE")
    session = await scene.visit(browser, context=here, idle_timeout_s=idle_timeout_s)
    assert isinstance(session, ApplicationSession)
    scene.clock.advance(1000)
    await scene.store.touch([scene.touch(session, context=coming_from(PLACES[1], "SE", browser="Chrome"))])
    return session


async def lived(scene: Scene, by: str = "laptop") -> ApplicationSession:
    """A person with a live session, an ended one, a history, and a login that was refused."""
    first, session = [await entered(scene, cookie_name) for cookie_name in (f"{by}, at first", by)]
    await scene.store.end_browser_session(first.cookie_hash, EndReason.LOGOUT, first.user_id)
    await scene.store.record_events(
        [
            Event(
                type="login_denied",
                at=scene.clock(),
                actor="provider:corp",
                details={PERSON: person_hash(session.user_tag), "ip_address": PLACES[0]},
            ),
            Event(
                type="login",
                at=scene.clock(),
                actor=session.user_id,
                user_id=session.user_id,
                details={"ip_address": PLACES[0]},
            ),
        ]
    )
    return session


def left(url: str, session: ApplicationSession) -> list[bytes]:
    """Where anything is left of the person.

    Save for a note of the erasure, which goes with its second pass, and the id as an author in tombstones.
    """
    of_the_id = [key for key in traces(url, session.user_id) if key[:5] not in {b"ow:a:", b"ow:b:"}]
    return [key for key in {*traces(url, *TRACES), *of_the_id} if key != keys.ERASING]


async def test_nothing_is_left_of_the_person_but_an_event_that_names_a_hash(
    scene: Scene, store_url: str
) -> None:
    session = await lived(scene)
    bystander = await scene.enter("eve", "eve's")
    assert len(left(store_url, session)) > 8
    assert await scene.store.erase_user(session.user_id, "root", operation_id="op_1")
    assert left(store_url, session) == []
    assert not isinstance(await scene.check(), ApplicationSession)
    assert await scene.store.user(session.user_id) is None
    assert await scene.store.accesses(session.id) is None
    (only,) = (await scene.store.events(limit=9, before=None)).items
    assert (only.event.type, only.event.actor, only.event.operation_id, only.event.user_id) == (
        "user_erased",
        "root",
        "op_1",
        "",
    )
    assert only.event.details == {PERSON: person_hash(session.user_tag)}
    assert await scene.check("eve's") == bystander
    assert strays(store_url, scene.clock() + HOUR_MS) == []


async def test_the_events_and_ended_sessions_of_others_stay(scene: Scene) -> None:
    session = await lived(scene)
    other = await scene.enter("eve", "eve's")
    await scene.store.end_browser_session(other.cookie_hash, EndReason.LOGOUT, other.user_id)
    await scene.store.erase_user(session.user_id, "root")
    assert [view.session.id for view in (await scene.store.ended_sessions(limit=9, before=None)).items] == [
        other.id
    ]
    kept = (await scene.store.events(limit=9, before=None)).items
    assert [one.event.type for one in kept] == ["user_erased", "logout"]


async def test_more_ended_sessions_than_are_read_at_once_are_erased(
    scene: Scene, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("session_store.erasure._READ_AT_ONCE", 3)
    session = await lived(scene)
    for number in range(7):
        await scene.visit(await scene.login("ada", f"browser {number}", told=ADA))
    await scene.store.erase_user(session.user_id, "root")
    assert left(store_url, session) == []
    for index in (keys.ENDED_SESSIONS, keys.ENDED_AT, keys.ENDED_USERS):
        assert members(store_url, index) == set()


async def test_what_is_noted_later_of_many_sessions_is_erased_with_the_rest(
    scene: Scene, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("session_store.revocation._NOTED_FIRST", 1)
    session = await lived(scene)
    for number in range(3):
        await scene.visit(await scene.login("ada", f"browser {number}", told=ADA))
    await scene.store.erase_user(session.user_id, "root")
    await scene.store.close()
    assert left(store_url, session) == []
    assert members(store_url, keys.ENDED_SESSIONS) == set()


async def test_who_was_deleted_half_way_is_in_no_list_after_the_erasure(scene: Scene, store_url: str) -> None:
    session = await lived(scene)
    RedisServer.looking_at(store_url).delete(keys.user(session.user_tag))
    assert await scene.store.erase_user(session.user_id, "root")
    for index in (keys.USERS, keys.USERS_ACTIVE):
        assert members(store_url, index) == set()


async def test_who_was_erased_signs_in_as_somebody_new(scene: Scene) -> None:
    session = await lived(scene)
    await scene.store.erase_user(session.user_id, "root")
    again = await scene.login("ada", "phone", told=ADA)
    assert again.user_id != session.user_id
    first = await scene.visit(again, context=coming_from("203.0.113.3", "FR"))
    view = await scene.store.session(first.id)  # type: ignore[union-attr]
    assert view is not None
    assert view.activity.flags == ()


async def test_a_block_is_erased_with_the_person(scene: Scene, store_url: str) -> None:
    session = await lived(scene)
    await scene.store.block_user(session.user_id, until=None, reason="augusta was loud", by="root")
    with pytest.raises(LoginBlocked):
        await scene.login("ada", "phone", told=ADA)
    assert await scene.store.erase_user(session.user_id, "root")
    assert left(store_url, session) == []
    assert await scene.store.blocks() == []
    assert isinstance(await scene.login("ada", "phone", told=ADA), BrowserSession)


@pytest.mark.parametrize("blocked", [True, False], ids=["and blocked", "and not blocked"])
async def test_a_user_who_was_deleted_before_is_erased_by_the_old_id(
    scene: Scene, store_url: str, blocked: bool
) -> None:
    session = await lived(scene)
    if blocked:
        await scene.store.block_user(session.user_id, until=None, reason="", by="root")
    await scene.store.delete_user(session.user_id, "root")
    assert left(store_url, session) != []
    assert await scene.store.erase_user(session.user_id, "root")
    assert left(store_url, session) == []
    (only,) = (await scene.store.events(limit=9, before=None)).items
    assert only.event.details == {PERSON: person_hash(session.user_tag)}


async def test_a_session_that_ran_idle_and_is_not_noted_yet_is_erased_too_after_a_deletion(
    scene: Scene, store_url: str
) -> None:
    session = await entered(scene, "laptop", idle_timeout_s=600)
    scene.clock.advance(601_000)
    RedisServer.looking_at(store_url).delete(keys.application(session.cookie_hash, session.endpoint.id))
    await scene.store.delete_user(session.user_id, "root")
    assert await scene.store.erase_user(session.user_id, "root")
    await scene.store._sweeper.sweep_due()
    assert (await scene.store.ended_sessions(limit=9, before=None)).items == []
    assert left(store_url, session) == []


async def test_an_erasure_by_the_old_id_spares_the_user_and_the_block_of_today(scene: Scene) -> None:
    old = await lived(scene)
    await scene.store.delete_user(old.user_id, "root")
    scene.clock.advance(1000)
    new = await scene.login("ada", "phone", told=ADA)
    stands = await scene.store.block_user(new.user_id, until=None, reason="", by="root")
    assert await scene.store.erase_user(old.user_id, "root")
    assert not await scene.store.erase_user(old.user_id, "root")
    assert await scene.store.user(new.user_id) is not None
    assert await scene.store.blocks() == [stands]
    with pytest.raises(LoginBlocked):
        await scene.login("ada", "tablet", told=ADA)


@pytest.mark.parametrize("wrong", ["", "edgusr_", "edgses_" + "0" * 27, "edgusr_" + "0" * 27, "x" * 10_000])
async def test_of_nobody_nothing_is_erased_or_told(scene: Scene, store_url: str, wrong: str) -> None:
    session = await lived(scene)
    before = left(store_url, session)
    assert not await scene.store.erase_user(UserId(wrong), "root")
    assert left(store_url, session) == before
    assert not RedisServer.looking_at(store_url).exists(keys.ERASING)


async def test_what_came_during_the_first_pass_goes_with_the_second(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await lived(scene)
    await scene.store.erase_user(session.user_id, "root")
    late = Event(type="login", at=scene.clock(), actor=session.user_id, user_id=session.user_id)
    await scene.store.record_events([late])
    await sweeper.all()
    assert left(store_url, session) == [keys.EVENTS]
    scene.clock.advance(MINUTE_MS + 1)
    await sweeper.all()
    assert left(store_url, session) == []
    assert traces(store_url, session.user_tag) == [keys.generation(session.user_tag)]
    assert not RedisServer.looking_at(store_url).exists(keys.ERASING)


@pytest.mark.parametrize("repeated", [True, False], ids=["repeated", "left to the sweep"])
async def test_an_erasure_that_died_after_any_step_is_done_by_its_repetition_or_the_sweep(
    hands: Hands, store_url: str, repeated: bool
) -> None:
    """Left to the sweep: all that was noted as begun; sessions that still live are nobody's to erase."""
    dead = hands.commands[0]
    for steps in itertools.count():
        scene = hands.scene
        session = await lived(scene, f"laptop {steps}")
        async for schedule in every_merge():
            dead.dies_after = steps
            (answer,) = await hands.race(schedule, one=hands.one.store.erase_user(session.user_id, "root"))
        survived = dead.dies_after
        dead.dies_after = None
        if repeated or await scene.store.user(session.user_id) is not None:
            assert await scene.store.erase_user(session.user_id, "root") is (answer is not True), steps
        scene.clock.advance(2 * MINUTE_MS)
        async with sweeping(store_url, scene.clock) as sweeper:
            for _ in range(2):
                await sweeper.all()
                scene.clock.advance(HOUR_MS)
        assert left(store_url, session) == [], steps
        assert not isinstance(await scene.store.browser_session(cookie(f"laptop {steps}")), BrowserSession)
        if survived:
            break
    assert steps > 6
