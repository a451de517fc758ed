"""Deletions of a user against logins and visits under way: in no order of commands does one survive."""

import itertools
from collections import Counter

import pytest

from session_store import (
    ApplicationSession,
    BrowserSession,
    EndReason,
    LoginOvertaken,
    NotConfirmed,
    StoreTime,
    Tombstone,
    UserId,
)
from tests.support.interleaving import every_merge
from tests.support.races import Hands, nothing_lives
from tests.support.scene import Scene, cookie


async def sign_in(hand: Scene, who: str, by: str, begun_at: StoreTime) -> object:
    return await hand.login(who, by, begun_at=begun_at)


async def sign_in_and_enter(hand: Scene, who: str, by: str, begun_at: StoreTime) -> object:
    return await hand.visit(await hand.login(who, by, begun_at=begun_at))


async def test_a_login_under_way_never_survives_the_deletion_of_its_user(hands: Hands) -> None:
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {len(seen)}/{seen.total()}"
        standing = await scene.enter(who, f"{who} at home")
        begun_at = await scene.store.now()
        deleted, login = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=hands.two.login(who, f"{who} away", begun_at=begun_at),
        )
        assert deleted is True
        await nothing_lives(scene, f"{who} at home", f"{who} away")
        assert isinstance(login, LoginOvertaken | BrowserSession), login
        if schedule.before_the_end("two", "one", "FINISH_REVOCATION"):
            assert isinstance(login, LoginOvertaken), schedule.trace
        seen[type(login).__name__] += 1
    assert seen["LoginOvertaken"] > 20
    assert seen["BrowserSession"] > 0


async def test_a_first_visit_under_way_never_survives_the_deletion_of_its_user(hands: Hands) -> None:
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        browser = await scene.login(who, who)
        deleted, visit = await hands.race(
            schedule,
            one=hands.one.store.delete_user(browser.user_id, "root"),
            two=hands.two.visit(browser),
        )
        assert deleted is True
        await nothing_lives(scene, who)
        if isinstance(visit, Tombstone):
            assert (visit.reason, visit.ended_by) == (EndReason.USER_DELETED, "root")
        else:
            assert isinstance(visit, ApplicationSession), visit
            assert not schedule.before_the_end("two", "one", "FINISH_REVOCATION"), schedule.trace
        seen[type(visit).__name__] += 1
    assert seen["Tombstone"] > 10
    assert seen["ApplicationSession"] > 0


async def test_a_login_and_its_first_visit_never_survive_the_deletion_of_the_user(hands: Hands) -> None:
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        standing = await scene.login(who, f"{who} at home")
        begun_at = await scene.store.now()
        deleted, entered = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=sign_in_and_enter(hands.two, who, f"{who} away", begun_at),
        )
        assert deleted is True
        assert isinstance(entered, ApplicationSession | Tombstone | LoginOvertaken), entered
        await nothing_lives(scene, f"{who} at home", f"{who} away")
        seen[type(entered).__name__] += 1
    assert set(seen) == {"ApplicationSession", "Tombstone", "LoginOvertaken"}


async def test_a_login_begun_at_any_moment_of_a_deletion_leaves_all_or_nothing(hands: Hands) -> None:
    """It may come before the deletion's end and be ended with the rest, or make a new user; never half."""
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        standing = await scene.login(who, f"{who} at home")
        deleted, login = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=hands.two.login(who, f"{who} away"),
        )
        assert deleted is True
        names = [step.name for step in schedule.trace]
        began_after = names.index("FINISH_REVOCATION") < names.index("TIME")
        found = await scene.store.browser_session(cookie(f"{who} away"))
        users = [view.user.id for view in (await scene.store.users(limit=100, before=None)).items]
        assert isinstance(found, BrowserSession) == began_after, schedule.trace
        if isinstance(found, BrowserSession):
            assert found == login
            assert found.user_id != standing.user_id
            assert users == [found.user_id]
            assert await scene.store.delete_user(found.user_id, "root")
        else:
            assert users == []
        seen[type(found).__name__] += 1
    assert seen["BrowserSession"] > 0
    assert seen["Tombstone"] > 0
    assert seen["NoneType"] > 0


async def test_a_deletion_that_dies_after_any_step_acts_no_later(hands: Hands) -> None:
    """What it has not ended by then goes on as if nothing had been: visits, and logins under way."""
    dead, untouched = hands.commands[0], 0
    for steps in itertools.count():
        scene, who = hands.scene, f"ada {steps}"
        cookies = [f"{who} {number}" for number in range(2)]
        standing = [await scene.enter(who, by) for by in cookies]
        begun_at = await scene.store.now()
        async for schedule in every_merge():
            dead.dies_after = steps
            (deleted,) = await hands.race(
                schedule, one=hands.one.store.delete_user(standing[0].user_id, "root")
            )
        if deleted is True:
            break
        assert isinstance(deleted, NotConfirmed)
        for by in cookies:
            browser = await scene.store.browser_session(cookie(by))
            lives = isinstance(browser, BrowserSession)
            assert isinstance(await scene.check(by), ApplicationSession) == lives
            if isinstance(browser, BrowserSession):
                assert isinstance(await scene.visit(browser, "wiki"), ApplicationSession)
                untouched += 1
        await scene.login(who, f"{who} away", begun_at=begun_at)
        assert await scene.store.delete_user(standing[0].user_id, "root")
        await nothing_lives(scene, *cookies, f"{who} away", where=("app", "wiki"))
    assert steps > 6
    assert untouched > 4


@pytest.mark.parametrize("visits", [False, True], ids=["login", "visit"])
async def test_a_login_never_survives_a_deletion_that_died_after_any_step_and_was_repeated(
    hands: Hands, visits: bool
) -> None:
    """``visits``: with its first visit, else alone."""
    dead, rounds = hands.commands[0], 0
    for steps in itertools.count():
        async for schedule in every_merge():
            scene, who = hands.scene, f"ada {rounds}"
            standing = await scene.login(who, f"{who} at home")
            begun_at = await scene.store.now()
            dead.dies_after = steps
            deleted, login = await hands.race(
                schedule,
                one=hands.one.store.delete_user(standing.user_id, "root"),
                two=(sign_in_and_enter if visits else sign_in)(hands.two, who, f"{who} away", begun_at),
            )
            assert not isinstance(login, Exception) or isinstance(login, LoginOvertaken), login
            assert deleted is True or await scene.store.delete_user(standing.user_id, "root")
            await nothing_lives(scene, f"{who} at home", f"{who} away")
            rounds += 1
        if dead.dies_after:
            break
    assert steps > 6


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "step by step"])
async def test_two_deletions_of_one_user_spare_who_signs_in_after_the_first(
    hands: Hands, whole: bool
) -> None:
    """``whole``: the second deletion comes as a whole between two steps of the first, else step by step."""

    async def delete_and_sign_in_anew(user_id: UserId, who: str) -> object:
        hand = hands.two
        if whole:
            await hand.store.take_login("a step to begin at")
            hand = hands.scene
        deleted = await hand.store.delete_user(user_id, "root")
        return deleted and await hands.scene.login(who, f"{who} anew")

    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        standing = await scene.login(who, who)
        slow, anew = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=delete_and_sign_in_anew(standing.user_id, who),
        )
        assert slow in {True, False}
        assert isinstance(await scene.store.browser_session(cookie(who)), Tombstone)
        found = await scene.store.browser_session(cookie(f"{who} anew"))
        if isinstance(anew, BrowserSession):
            assert found == anew, schedule.trace
            assert await scene.store.user(anew.user_id) is not None
            assert isinstance(await scene.visit(anew), ApplicationSession)
            await scene.store.delete_user(anew.user_id, "root")
        else:
            assert anew is False
        seen[type(anew).__name__] += 1
    assert seen["BrowserSession"] > 4
    assert seen["bool"] > 0


async def test_a_slow_deletion_spares_who_signed_in_and_out_after_a_faster_one(hands: Hands) -> None:
    async def delete_sign_in_and_out(user_id: UserId, who: str) -> BrowserSession | None:
        await hands.two.store.take_login("a step to begin at")
        if not await hands.scene.store.delete_user(user_id, "root"):
            return None
        anew = await hands.scene.login(who, f"{who} anew")
        await hands.scene.store.end_browser_session(anew.cookie_hash, EndReason.LOGOUT, who)
        return anew

    seen: Counter[bool] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        standing = await scene.login(who, who)
        _, anew = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=delete_sign_in_and_out(standing.user_id, who),
        )
        if anew is not None:
            assert isinstance(anew, BrowserSession)
            assert await scene.store.user(anew.user_id) is not None
        seen[anew is not None] += 1
    assert seen[True] > 4
