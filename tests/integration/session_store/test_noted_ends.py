"""What is kept and told of an end: once, whole, whoever ended it; if nobody could note it, by the sweep."""

from collections.abc import Awaitable, Callable
from itertools import count

import pytest

from session_store import (
    ApplicationSession,
    EndReason,
    Touch,
)
from tests.integration.session_store.keyspace import strays
from tests.integration.session_store.noting import (
    MINUTE_MS,
    ends_told,
    is_whole,
    over,
    used,
)
from tests.integration.session_store.sweeping import Sweeping, sweeping
from tests.support.interleaving import every_merge
from tests.support.races import Hands
from tests.support.scene import HOUR_MS, Scene, coming_from


@pytest.mark.parametrize("reason", EndReason, ids=lambda reason: reason.value)
@pytest.mark.parametrize("whole", [True, False], ids=["browser session", "application session"])
async def test_an_end_is_kept_and_told_once_with_its_reason_and_author(
    scene: Scene, store_url: str, reason: EndReason, whole: bool
) -> None:
    session = await used(scene)
    for ended in (True, False):
        at = scene.clock()
        act = (
            scene.store.end_browser_session(session.cookie_hash, reason, "root")
            if whole
            else scene.store.end_application_session(session.id, reason, "root")
        )
        assert await act is ended
        if ended:
            await is_whole(scene, store_url, session, reason, "root", at)
        scene.clock.advance(1000)
    assert len(await over(scene)) == len(await ends_told(scene)) == 1


async def test_the_event_of_an_end_names_the_call_and_the_note_that_its_author_left(scene: Scene) -> None:
    session = await used(scene)
    await scene.store.end_application_session(
        session.id, EndReason.REVOKED, "token:owtok_1", operation_id="op_1", note="left the company"
    )
    (told,) = await ends_told(scene)
    assert (told.event.operation_id, told.event.details["note"]) == ("op_1", "left the company")
    assert told.event.sessions == (session.id,)


async def test_an_end_that_is_being_noted_is_left_to_its_author_for_a_minute(
    scene: Scene, store_url: str, monkeypatch: pytest.MonkeyPatch, sweeper: Sweeping
) -> None:
    noted: list[object] = []

    async def slowly(*left: object) -> None:
        noted.append(left)

    session = await used(scene)
    scene.clock.advance(2 * MINUTE_MS)
    monkeypatch.setattr("session_store.endings.Endings.note_left", slowly)
    at = scene.clock()
    await scene.store.end_application_session(session.id, EndReason.REVOKED, "root")
    assert len(noted) == 1
    scene.clock.advance(MINUTE_MS - 1)
    await sweeper.all()
    assert await over(scene) == []
    scene.clock.advance(1)
    await sweeper.due()
    await is_whole(scene, store_url, session, EndReason.REVOKED, "root", at)


async def test_what_had_expired_and_was_noted_is_not_told_again_by_an_end_of_its_browser_session(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await scene.visit(await scene.login(), lasts_ms=HOUR_MS)
    assert isinstance(session, ApplicationSession)
    scene.clock.advance(HOUR_MS)
    await sweeper.due()
    await scene.store.end_browser_session(session.cookie_hash, EndReason.LOGOUT, "ada")
    (view,) = await over(scene)
    assert view.ended is not None
    assert (view.ended.reason, view.ended.at) == (EndReason.EXPIRED, session.expires_at)
    assert [each.event.type for each in await ends_told(scene)] == ["end"]
    assert strays(store_url, scene.clock()) == []


async def test_what_ends_together_is_told_together_user_by_user(scene: Scene) -> None:
    browser = await scene.login()
    sessions = [await scene.visit(browser, where) for where in ("app", "wiki", "docs")]
    other = await scene.enter("eve", "phone")
    await scene.store.end_named(
        [other.id, *(session.id for session in sessions if isinstance(session, ApplicationSession))],
        by="root",
        operation_id="op_1",
    )
    told = {each.event.user_id: set(each.event.sessions) for each in await ends_told(scene)}
    assert told == {
        browser.user_id: {session.id for session in sessions if isinstance(session, ApplicationSession)},
        other.user_id: {other.id},
    }


async def test_an_ended_session_keeps_no_token_of_the_provider(scene: Scene) -> None:
    session = await scene.visit(await scene.login(access_token="the provider's"))
    assert isinstance(session, ApplicationSession)
    assert session.access_token
    await scene.store.end_browser_session(session.cookie_hash, EndReason.LOGOUT, "ada")
    (view,) = await over(scene)
    assert view.session.access_token == b""


async def test_of_all_who_end_a_session_at_once_one_tells_it(hands: Hands) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        session = await scene.enter(who, who)
        results = await hands.race(
            schedule,
            one=hands.one.store.end_application_session(session.id, EndReason.REVOKED, "root"),
            two=hands.two.store.end_browser_session(session.cookie_hash, EndReason.LOGOUT, "ada"),
        )
        assert sorted(map(bool, results)) == [False, True]
        assert [each.event.sessions for each in await ends_told(scene)].count((session.id,)) == 1
        rounds += 1
    assert rounds > 5


Ends = Callable[[Scene, ApplicationSession], Awaitable[object]]
ENDS: dict[str, tuple[Ends, EndReason, str]] = {
    "application session": (
        lambda s, a: s.store.end_application_session(a.id, EndReason.REVOKED, "root"),
        EndReason.REVOKED,
        "root",
    ),
    "browser session": (
        lambda s, a: s.store.end_browser_session(a.cookie_hash, EndReason.LOGOUT, "ada"),
        EndReason.LOGOUT,
        "ada",
    ),
    "user": (lambda s, a: s.store.delete_user(a.user_id, "root"), EndReason.USER_DELETED, "root"),
    "block": (
        lambda s, a: s.store.block_user(a.user_id, until=None, reason="", by="root"),
        EndReason.BLOCKED,
        "root",
    ),
}


@pytest.mark.parametrize("act", ENDS)
async def test_an_end_whose_author_died_after_any_step_is_kept_and_told_all_the_same(
    hands: Hands, store_url: str, act: str
) -> None:
    """By whoever repeats it, or by the sweep; with all that was known."""
    ends, reason, by = ENDS[act]
    dead = hands.commands[0]
    for steps in count():
        scene, who = hands.scene, f"ada {steps}"
        session = await used(scene, who, who)
        at = scene.clock()
        async for schedule in every_merge():
            dead.dies_after = steps
            await hands.race(schedule, one=ends(hands.one, session))
        survived = dead.dies_after
        scene.clock.advance(2 * MINUTE_MS)
        async with sweeping(store_url, scene.clock) as sweeper:
            await sweeper.all()
        if not isinstance(await scene.check(who), ApplicationSession):
            await is_whole(scene, store_url, session, reason, by, at)
        dead.dies_after = None
        if survived:
            break
    assert steps > 1


async def test_an_end_that_nobody_could_note_is_noted_by_the_sweep_with_all_that_was_known(
    scene: Scene, store_url: str, monkeypatch: pytest.MonkeyPatch, sweeper: Sweeping
) -> None:
    """The worker died straight after the tombstone."""

    async def dies(*_: object) -> None:
        """Nothing is noted."""

    sessions = [await used(scene, who, who) for who in ("ada", "eve")]
    at = scene.clock()
    with monkeypatch.context() as context:
        context.setattr("session_store.endings.Endings.note_left", dies)
        await scene.store.end_application_session(sessions[0].id, EndReason.REVOKED, "root")
        await scene.store.end_browser_session(
            sessions[1].cookie_hash, EndReason.BACK_CHANNEL, "provider:corp"
        )
    assert await over(scene) == []
    assert await scene.listed() == []
    scene.clock.advance(2 * MINUTE_MS)
    await sweeper.all()
    await is_whole(scene, store_url, sessions[0], EndReason.REVOKED, "root", at)
    await is_whole(scene, store_url, sessions[1], EndReason.BACK_CHANNEL, "provider:corp", at)
    await sweeper.all()
    assert len(await ends_told(scene)) == 2


async def test_a_touch_that_comes_after_the_end_changes_nothing_that_is_kept(
    scene: Scene, store_url: str
) -> None:
    session = await used(scene)
    at = scene.clock()
    await scene.store.end_application_session(session.id, EndReason.REVOKED, "root")
    late = Touch(session=session, at_ms=at + 1, requests=9, context=coming_from("203.0.113.3", "SE"))
    await scene.store.touch([late])
    await is_whole(scene, store_url, session, EndReason.REVOKED, "root", at)
