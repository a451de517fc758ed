"""Revocations against logins, visits and touches under way: in no order of commands does one survive."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from session_store import (
    ApplicationSession,
    BrowserSession,
    EndReason,
    IdSource,
    LoginOvertaken,
    Store,
    Tombstone,
    UserId,
)
from session_store.address import parse_address
from session_store.fastpath import FastPath
from session_store.sealing import Sealer
from tests.support.interleaving import Schedule, Stepped, every_merge
from tests.support.scene import Scene, cookie


@dataclass
class Hands:
    """Two workers, each with commands that a schedule steps, over the store of ``scene``."""

    scene: Scene
    one: Scene
    two: Scene
    commands: tuple[Stepped, Stepped]

    async def race(
        self, schedule: Schedule, *, one: Awaitable[object], two: Awaitable[object]
    ) -> list[object]:
        """Run both under ``schedule``; the result or exception of each."""
        for commands in self.commands:
            commands.schedule = schedule
        try:
            return await schedule.run(one=one, two=two)
        finally:
            for commands in self.commands:
                commands.schedule = None


@pytest.fixture
async def hands(store_url: str, scene: Scene) -> AsyncIterator[Hands]:
    address = parse_address(store_url)
    commands = Stepped(address, "one"), Stepped(address, "two")
    scenes = []
    for stepped in commands:
        fastpath = FastPath(address, timeout_s=10)
        ids = IdSource(now_s=lambda: scene.clock() / 1000)
        scenes.append(Scene(Store(stepped, fastpath, Sealer(["secret"]), ids, scene.clock), scene.clock))
    yield Hands(scene, scenes[0], scenes[1], commands)
    for one in scenes:
        await one.store.close()


async def nothing_lives(scene: Scene, *cookies: str, where: tuple[str, ...] = ("app",)) -> None:
    for name in cookies:
        assert not isinstance(await scene.store.browser_session(cookie(name)), BrowserSession)
        for endpoint_name in where:
            assert not isinstance(await scene.check(name, endpoint_name), ApplicationSession)
    assert await scene.listed() == []
    assert (await scene.store.users(limit=100, before=None)).items == []


async def test_a_login_under_way_never_survives_the_deletion_of_its_user(hands: Hands) -> None:
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {len(seen)}/{seen.total()}"
        standing = await scene.enter(who, f"{who} at home")
        deleted, login = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=hands.two.login(who, f"{who} away"),
        )
        assert deleted is True
        await nothing_lives(scene, f"{who} at home", f"{who} away")
        began_before = schedule.before_the_end("two", "one", "BEGIN_REVOCATION")
        assert isinstance(login, LoginOvertaken if began_before else BrowserSession), schedule.trace
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
        if schedule.before_the_end("two", "one", "BEGIN_REVOCATION"):
            assert isinstance(visit, Tombstone), schedule.trace
            assert (visit.reason, visit.ended_by) == (EndReason.USER_DELETED, "root")
        else:
            assert isinstance(visit, ApplicationSession), schedule.trace
        seen[type(visit).__name__] += 1
    assert seen["Tombstone"] > 100
    assert seen["ApplicationSession"] > 0


async def test_a_login_and_its_first_visit_never_survive_the_deletion_of_the_user(hands: Hands) -> None:
    async def sign_in_and_enter(who: str, by: str) -> object:
        return await hands.two.visit(await hands.two.login(who, by))

    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        standing = await scene.login(who, f"{who} at home")
        deleted, entered = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=sign_in_and_enter(who, f"{who} away"),
        )
        assert deleted is True
        assert isinstance(entered, ApplicationSession | Tombstone | LoginOvertaken), entered
        await nothing_lives(scene, f"{who} at home", f"{who} away")
        seen[type(entered).__name__] += 1
    assert set(seen) == {"ApplicationSession", "Tombstone", "LoginOvertaken"}


async def test_a_login_begun_after_the_deletion_leaves_all_or_nothing(hands: Hands) -> None:
    """It may come before the deletion's end and be ended with the rest, or make a new user; never half."""
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        standing = await scene.login(who, f"{who} at home")
        deleted, login = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=hands.two.login(who, f"{who} away", begun_at=scene.clock() + 1),
        )
        assert deleted is True
        found = await scene.store.browser_session(cookie(f"{who} away"))
        users = [view.user.id for view in (await scene.store.users(limit=100, before=None)).items]
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


@pytest.mark.parametrize("whole", [True, pytest.param(False, marks=pytest.mark.long)])
async def test_two_deletions_of_one_user_spare_who_signs_in_after_the_first(
    hands: Hands, whole: bool
) -> None:
    """``whole``: the second deletion comes as a whole between two steps of the first, else step by step."""

    async def delete_and_sign_in_anew(user_id: UserId, who: str) -> object:
        hand = hands.two
        if whole:
            await hand.store.failures("a step to begin at")
            hand = hands.scene
        deleted = await hand.store.delete_user(user_id, "root")
        return deleted and await hands.scene.login(who, f"{who} anew", begun_at=hands.scene.clock() + 1)

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
        await hands.two.store.failures("a step to begin at")
        if not await hands.scene.store.delete_user(user_id, "root"):
            return None
        anew = await hands.scene.login(who, f"{who} anew", begun_at=hands.scene.clock() + 1)
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


@pytest.mark.parametrize("where", ["app", "wiki"])
async def test_a_visit_never_survives_the_end_of_its_browser_session(hands: Hands, where: str) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        browser = await scene.login(who, who)
        await scene.visit(browser, "app")
        ended, visit = await hands.race(
            schedule,
            one=hands.one.store.end_browser_session(cookie(who), EndReason.LOGOUT, "ada"),
            two=hands.two.visit(browser, where),
        )
        assert ended is True
        assert isinstance(visit, ApplicationSession | Tombstone)
        assert isinstance(await scene.store.browser_session(cookie(who)), Tombstone)
        assert not isinstance(await scene.check(who, where), ApplicationSession)
        assert await scene.listed() == []
        rounds += 1
    assert rounds > 5


async def test_a_visit_elsewhere_lives_on_whole_or_ends_with_the_last_one(hands: Hands) -> None:
    """Whether the ended one was the last is decided in one step: no session without its browser session."""
    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        browser = await scene.login(who, who)
        app = await scene.visit(browser, "app")
        assert isinstance(app, ApplicationSession)
        ended, _ = await hands.race(
            schedule,
            one=hands.one.store.end_application_session(app.id, EndReason.REVOKED, "root"),
            two=hands.two.visit(browser, "wiki"),
        )
        assert ended is True
        assert await scene.end_reason(who, "app") is EndReason.REVOKED
        wiki = await scene.check(who, "wiki")
        found = await scene.store.browser_session(cookie(who))
        assert isinstance(found, BrowserSession) == isinstance(wiki, ApplicationSession)
        assert await scene.listed() == ([wiki.id] if isinstance(wiki, ApplicationSession) else [])
        await scene.store.end_browser_session(cookie(who), EndReason.LOGOUT, "ada")
        seen[type(found).__name__] += 1
    assert set(seen) == {"BrowserSession", "Tombstone"}


Act = Callable[[Scene, ApplicationSession], Awaitable[object]]
ACTS: dict[str, Act] = {
    "application session": lambda s, a: s.store.end_application_session(a.id, EndReason.REVOKED, "root"),
    "browser session": lambda s, a: s.store.end_browser_session(a.cookie_hash, EndReason.LOGOUT, "ada"),
    "user": lambda s, a: s.store.delete_user(a.user_id, "root"),
}


@pytest.mark.parametrize("act", ACTS)
async def test_a_touch_under_way_never_revives(hands: Hands, act: str) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        session = await scene.enter(who, who, idle_timeout_s=600)
        ended, touched = await hands.race(
            schedule,
            one=ACTS[act](hands.one, session),
            two=hands.two.store.touch([scene.touch(session)]),
        )
        assert (ended, touched) == (True, None)
        assert isinstance(await scene.check(who), Tombstone)
        assert await scene.listed() == []
        rounds += 1
    assert rounds > 2


async def test_of_two_ends_at_once_one_is_told_that_it_ended_the_session(hands: Hands) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        session = await scene.enter(who, who)
        results = await hands.race(
            schedule,
            one=hands.one.store.end_application_session(session.id, EndReason.REVOKED, "root"),
            two=hands.two.store.end_application_session(session.id, EndReason.LOGOUT, "ada"),
        )
        assert sorted(map(bool, results)) == [False, True]
        assert isinstance(await scene.check(who), Tombstone)
        rounds += 1
    assert rounds > 5


async def test_a_list_read_meanwhile_never_loses_a_session(hands: Hands) -> None:
    """A list that drops stale entries must not drop those whose records are about to be written."""

    async def read(scene: Scene) -> None:
        await scene.store.sessions(limit=10, before=None)
        await scene.store.users(limit=10, before=None)

    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"

        async def enter(who: str = who) -> object:
            return await hands.two.visit(await hands.two.login(who, who))

        _, session = await hands.race(schedule, one=read(hands.one), two=enter())
        assert isinstance(session, ApplicationSession)
        assert await scene.listed() == [session.id]
        view = await scene.store.user(session.user_id)
        assert view is not None
        assert view.sessions == 1
        await scene.store.delete_user(session.user_id, "root")
        rounds += 1
    assert rounds > 20
