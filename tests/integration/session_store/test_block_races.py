"""Blocks against logins, visits and deletions under way: in no order does a live session survive."""

import itertools
from collections import Counter

import pytest

from session_store import (
    ApplicationSession,
    BrowserSession,
    LoginBlocked,
    LoginOvertaken,
    NotConfirmed,
    StoreTime,
    Tombstone,
    UserId,
)
from tests.integration.session_store.keyspace import strays
from tests.support.interleaving import every_merge
from tests.support.races import Hands
from tests.support.scene import HOUR_MS, Scene, cookie


async def block(hand: Scene, user_id: UserId) -> object:
    return await hand.store.block_user(user_id, until=None, reason="", by="root")


async def sign_in(hand: Scene, who: str, by: str, begun_at: StoreTime) -> object:
    return await hand.login(who, by, begun_at=begun_at)


async def sign_in_and_enter(hand: Scene, who: str, by: str, begun_at: StoreTime) -> object:
    return await hand.visit(await hand.login(who, by, begun_at=begun_at))


async def nobody_is_in(scene: Scene, who: str, *cookies: str) -> None:
    for name in cookies:
        assert not isinstance(await scene.store.browser_session(cookie(name)), BrowserSession)
        assert not isinstance(await scene.check(name), ApplicationSession)
    assert await scene.listed() == []
    with pytest.raises(LoginBlocked):
        await scene.login(who, f"{who} later")


@pytest.mark.parametrize("known", [True, False], ids=["a known user", "a deleted user"])
@pytest.mark.parametrize("visits", [False, True], ids=["login", "login and visit"])
async def test_a_login_under_way_never_survives_a_block(
    hands: Hands, store_url: str, known: bool, visits: bool
) -> None:
    """``known``: the user's record stands; else a block of a deleted user is put anew after it ran out."""
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        standing = await scene.login(who, f"{who} at home")
        if not known:
            await block(scene, standing.user_id)
            await scene.store.delete_user(standing.user_id, "root")
        begun_at = await scene.store.now()
        blocked, entered = await hands.race(
            schedule,
            one=block(hands.one, standing.user_id),
            two=(sign_in_and_enter if visits else sign_in)(hands.two, who, f"{who} away", begun_at),
        )
        assert blocked is not None
        assert not isinstance(blocked, Exception), blocked
        refused = isinstance(entered, LoginBlocked | LoginOvertaken | Tombstone)
        assert refused or isinstance(entered, BrowserSession | ApplicationSession), entered
        await nobody_is_in(scene, who, f"{who} at home", f"{who} away")
        assert strays(store_url, scene.clock() + HOUR_MS) == []
        seen[type(entered).__name__] += 1
    assert seen["LoginBlocked"] > 0
    assert not known or len(seen) > 2


async def test_a_first_visit_under_way_never_survives_a_block(hands: Hands) -> None:
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        browser = await scene.login(who, who)
        _, visit = await hands.race(
            schedule, one=block(hands.one, browser.user_id), two=hands.two.visit(browser)
        )
        assert isinstance(visit, ApplicationSession | Tombstone), visit
        await nobody_is_in(scene, who, who)
        seen[type(visit).__name__] += 1
    assert set(seen) == {"ApplicationSession", "Tombstone"}


async def test_a_login_never_survives_a_block_that_died_after_any_step_and_was_repeated(hands: Hands) -> None:
    dead, rounds = hands.commands[0], 0
    for steps in itertools.count():
        async for schedule in every_merge():
            scene, who = hands.scene, f"ada {rounds}"
            standing = await scene.login(who, f"{who} at home")
            begun_at = await scene.store.now()
            dead.dies_after = steps
            blocked, login = await hands.race(
                schedule,
                one=block(hands.one, standing.user_id),
                two=sign_in_and_enter(hands.two, who, f"{who} away", begun_at),
            )
            assert not isinstance(login, Exception) or isinstance(login, LoginBlocked | LoginOvertaken), login
            if isinstance(blocked, NotConfirmed):
                assert await block(scene, standing.user_id) is not None
            await nobody_is_in(scene, who, f"{who} at home", f"{who} away")
            rounds += 1
        if dead.dies_after:
            break
    assert steps > 4


async def test_a_block_stands_and_can_be_ended_whenever_the_user_is_deleted_meanwhile(
    hands: Hands, store_url: str
) -> None:
    seen: Counter[bool] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        standing = await scene.login(who, who)
        blocked, deleted = await hands.race(
            schedule,
            one=block(hands.one, standing.user_id),
            two=hands.two.store.delete_user(standing.user_id, "root"),
        )
        assert deleted is True
        assert not isinstance(blocked, Exception), blocked
        assert await scene.store.user(standing.user_id) is None
        assert strays(store_url, scene.clock() + HOUR_MS) == []
        if blocked is not None:
            await nobody_is_in(scene, who, who)
            assert await scene.store.blocks() == [blocked]
        assert await scene.store.unblock_user(standing.user_id, "root") is (blocked is not None)
        assert isinstance(await scene.login(who, f"{who} anew"), BrowserSession)
        seen[blocked is not None] += 1
    assert seen[True] > 4
    assert seen[False] > 0


async def test_a_login_that_meets_an_unblock_is_let_in_whole_or_refused(hands: Hands) -> None:
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        standing = await scene.login(who, who)
        await block(scene, standing.user_id)
        unblocked, login = await hands.race(
            schedule,
            one=hands.one.store.unblock_user(standing.user_id, "root"),
            two=hands.two.login(who, f"{who} anew"),
        )
        assert unblocked is True
        assert isinstance(login, BrowserSession | LoginBlocked), login
        found = await scene.store.browser_session(cookie(f"{who} anew"))
        assert found == (login if isinstance(login, BrowserSession) else None)
        assert await scene.store.blocks() == []
        seen[type(login).__name__] += 1
    assert set(seen) == {"BrowserSession", "LoginBlocked"}
