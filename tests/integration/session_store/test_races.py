"""Ends against visits, touches, lists and each other under way: in no order of commands does one survive."""

from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from session_store import ApplicationSession, BrowserSession, EndReason, Tombstone
from tests.support.interleaving import every_merge
from tests.support.races import Hands
from tests.support.scene import Scene, cookie


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
