"""Ends by a provider against logins and visits under way: in no order of commands does one survive."""

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
)
from tests.integration.session_store.named_logins import end, lives, sign_in
from tests.support.interleaving import every_merge
from tests.support.races import Hands
from tests.support.redis_server import RedisServer
from tests.support.scene import Scene, cookie

NAMES = {
    "its only name": (("sid",), ("sid",)),
    "one of its names": (("sid", "sub"), ("sub",)),
    "the other one": (("sid", "sub"), ("sid",)),
    "all of its names": (("sid", "sub"), ("sub", "sid")),
}


def of(who: str, names: tuple[str, ...]) -> list[str]:
    """``names`` as they are ``who``'s alone: rounds must not meet."""
    return [f"{name} of {who}" for name in names]


async def sign_in_and_visit(hand: Scene, by: str, names: list[str], begun_at: StoreTime) -> object:
    return await hand.visit(await sign_in(hand, by, *names, begun_at=begun_at))


@pytest.mark.parametrize("read_at_once", [1, 1000])
@pytest.mark.parametrize("case", NAMES)
async def test_a_login_under_way_never_survives_the_end_by_a_name(
    hands: Hands, store_url: str, monkeypatch: pytest.MonkeyPatch, case: str, read_at_once: int
) -> None:
    """``read_at_once``: the end reads its index in parts, or whole in the step that notes it."""
    monkeypatch.setattr("session_store.named._READ_AT_ONCE", read_at_once)
    entered, ended_by = NAMES[case]
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        home, away = f"{who} at home", f"{who} away"
        await scene.visit(await sign_in(scene, home, *of(who, entered), memory=b"hint"))
        begun_at = await scene.store.now()
        ended, login = await hands.race(
            schedule,
            one=end(hands.one, *of(who, ended_by)),
            two=sign_in(hands.two, away, *of(who, entered), memory=b"hint", begun_at=begun_at),
        )
        assert not await lives(scene, home), schedule.trace
        assert not await lives(scene, away), schedule.trace
        assert RedisServer.looking_at(store_url).keys("ow:m:*") == []
        assert isinstance(login, LoginOvertaken | BrowserSession), login
        assert ended == 1 + isinstance(login, BrowserSession), schedule.trace
        seen[type(login).__name__] += 1
    assert seen["LoginOvertaken"] > 4
    assert seen["BrowserSession"] > 0


async def test_a_login_and_its_first_visit_never_survive_the_end_by_a_name(hands: Hands) -> None:
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        begun_at = await scene.store.now()
        ended, entered = await hands.race(
            schedule,
            one=end(hands.one, who),
            two=sign_in_and_visit(hands.two, who, [who], begun_at),
        )
        assert ended in {0, 1}
        assert isinstance(entered, ApplicationSession | Tombstone | LoginOvertaken), entered
        assert not await lives(scene, who), schedule.trace
        assert await scene.listed() == []
        seen[type(entered).__name__] += 1
    assert set(seen) == {"ApplicationSession", "Tombstone", "LoginOvertaken"}


async def test_a_login_begun_at_any_moment_of_an_end_is_ended_or_began_after_it(hands: Hands) -> None:
    """Who signs in anew while an end goes on is spared: the end reads what was entered when it is noted."""
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        await sign_in(scene, f"{who} at home", who)
        ended, login = await hands.race(
            schedule, one=end(hands.one, who), two=sign_in(hands.two, f"{who} away", who)
        )
        names = [step.name for step in schedule.trace]
        began_after = names.index("END_NAME") < names.index("TIME")
        assert not await lives(scene, f"{who} at home")
        found = await scene.store.browser_session(cookie(f"{who} away"))
        assert isinstance(found, BrowserSession) == began_after, schedule.trace
        if began_after:
            assert (ended, found) == (1, login)
        seen[type(found).__name__] += 1
    assert set(seen) == {"BrowserSession", "Tombstone", "NoneType"}


@pytest.mark.parametrize("visits", [False, True], ids=["login", "visit"])
async def test_a_login_never_survives_an_end_that_died_after_any_step_and_was_repeated(
    hands: Hands, visits: bool
) -> None:
    """``visits``: with its first visit, else alone."""
    dead, rounds = hands.commands[0], 0
    for steps in itertools.count():
        async for schedule in every_merge():
            scene, who = hands.scene, f"ada {rounds}"
            names = of(who, ("sid", "sub"))
            await sign_in(scene, f"{who} at home", *names)
            begun_at = await scene.store.now()
            dead.dies_after = steps
            ended, login = await hands.race(
                schedule,
                one=end(hands.one, *names),
                two=sign_in_and_visit(hands.two, f"{who} away", names, begun_at)
                if visits
                else sign_in(hands.two, f"{who} away", *names, begun_at=begun_at),
            )
            assert not isinstance(login, Exception) or isinstance(login, LoginOvertaken), login
            if not isinstance(ended, int):
                assert isinstance(ended, NotConfirmed)
                await end(scene, *names)
            assert not await lives(scene, f"{who} at home")
            assert not await lives(scene, f"{who} away"), schedule.trace
            rounds += 1
        if dead.dies_after:
            break
    assert steps > 5


async def test_of_two_ends_at_once_each_session_is_counted_by_one(hands: Hands) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        names = of(who, ("sid", "sub"))
        for by in ("laptop", "phone"):
            await sign_in(scene, f"{who}'s {by}", *names)
        counts = await hands.race(schedule, one=end(hands.one, names[0]), two=end(hands.two, names[1]))
        assert all(isinstance(count, int) for count in counts), counts
        assert sum(count for count in counts if isinstance(count, int)) == 2
        for by in ("laptop", "phone"):
            assert not await lives(scene, f"{who}'s {by}")
        rounds += 1
    assert rounds > 20


@pytest.mark.parametrize("where", ["app", "wiki"])
async def test_a_visit_never_survives_the_end_by_a_name(hands: Hands, where: str) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        browser = await sign_in(scene, who, who)
        await scene.visit(browser, "app")
        ended, visit = await hands.race(
            schedule, one=end(hands.one, who), two=hands.two.visit(browser, where)
        )
        assert ended == 1
        assert isinstance(visit, ApplicationSession | Tombstone)
        assert not await lives(scene, who, "app", "wiki")
        rounds += 1
    assert rounds > 5


async def test_no_memory_is_left_by_an_end_of_any_kind_under_way_with_the_login(
    hands: Hands, store_url: str
) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        standing = await scene.login(who, f"{who} at home")
        begun_at = await scene.store.now()
        await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=sign_in(hands.two, f"{who} away", who=who, memory=b"hint", begun_at=begun_at),
        )
        assert RedisServer.looking_at(store_url).keys("ow:m:*") == [], schedule.trace
        rounds += 1
    assert rounds > 20


async def test_no_memory_is_left_by_the_end_of_the_last_application_session(
    hands: Hands, store_url: str
) -> None:
    """A visit elsewhere keeps the browser session with its memory, or comes after both are gone."""
    seen: Counter[bool] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        browser = await sign_in(scene, who, memory=b"hint")
        app = await scene.visit(browser, "app")
        assert isinstance(app, ApplicationSession)
        await hands.race(
            schedule,
            one=hands.one.store.end_application_session(app.id, EndReason.REVOKED, "root"),
            two=hands.two.visit(browser, "wiki"),
        )
        kept = isinstance(await scene.store.browser_session(cookie(who)), BrowserSession)
        assert await scene.store.session_memory(cookie(who)) == (b"hint" if kept else None)
        assert len(RedisServer.looking_at(store_url).keys("ow:m:*")) == kept
        await scene.store.end_browser_session(cookie(who), EndReason.LOGOUT, "ada")
        seen[kept] += 1
    assert set(seen) == {True, False}
