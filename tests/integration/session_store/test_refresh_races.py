"""Refreshes against ends, visits, logins and each other under way: every order of commands ends well."""

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from session_store import ApplicationSession, BrowserSession, EndReason, StoreUnavailable, Tombstone, keys
from session_store.records import encode
from tests.integration.session_store.named_logins import sign_in
from tests.support.interleaving import every_merge
from tests.support.races import Hands, nothing_lives
from tests.support.redis_server import RedisServer
from tests.support.scene import Scene, cookie

MINUTE_MS = 60_000


async def groups_seen(scene: Scene, who: str, *where: str) -> set[tuple[str, ...]]:
    """What the live records of this session say: its browser session's and those at ``where``."""
    found = [await scene.store.browser_session(cookie(who)), *[await scene.check(who, at) for at in where]]
    live = [record for record in found if isinstance(record, BrowserSession | ApplicationSession)]
    return {record.principal.groups for record in live}


Act = Callable[[Scene, ApplicationSession], Awaitable[object]]
ENDS: dict[str, Act] = {
    "browser session": lambda s, a: s.store.end_browser_session(a.cookie_hash, EndReason.LOGOUT, "ada"),
    "last application session": lambda s, a: s.store.end_application_session(a.id, EndReason.REVOKED, "root"),
    "user": lambda s, a: s.store.delete_user(a.user_id, "root"),
    "all others": lambda s, a: s.store.end_others(a.user_tag, cookie("another"), EndReason.REVOKED, "root"),
}


@pytest.mark.parametrize("act", ENDS)
async def test_a_session_that_is_being_refreshed_never_survives_its_end(
    hands: Hands, store_url: str, act: str
) -> None:
    seen: Counter[bool] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        browser = await scene.login(who, who, access_token="token", memory=b"token 1")
        app = await scene.visit(browser)
        assert isinstance(app, ApplicationSession)
        ended, refreshed = await hands.race(
            schedule,
            one=ENDS[act](hands.one, app),
            two=hands.two.refresh(browser, "ops", access_token="token", memory=b"token 2"),
        )
        assert ended == 1, ended
        assert isinstance(refreshed, bool), refreshed
        assert isinstance(await scene.check(who), Tombstone), schedule.trace
        assert isinstance(await scene.store.browser_session(cookie(who)), Tombstone), schedule.trace
        assert await scene.store.session_memory(cookie(who)) is None
        assert RedisServer.looking_at(store_url).keys("ow:m:*") == [], schedule.trace
        if act == "user":
            await nothing_lives(scene, who)
        await scene.store.delete_user(browser.user_id, "root")
        seen[refreshed] += 1
    assert set(seen) == {True, False}


async def test_an_application_session_that_ends_meanwhile_stays_ended_and_the_others_are_refreshed(
    hands: Hands,
) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        browser = await scene.login(who, who)
        app, _ = await scene.visit(browser, "app"), await scene.visit(browser, "wiki")
        assert isinstance(app, ApplicationSession)
        ended, refreshed = await hands.race(
            schedule,
            one=hands.one.store.end_application_session(app.id, EndReason.REVOKED, "root"),
            two=hands.two.refresh(browser, "ops"),
        )
        assert (ended, refreshed) == (True, True)
        assert await scene.end_reason(who, "app") is EndReason.REVOKED
        assert await groups_seen(scene, who, "wiki") == {("ops",)}
        rounds += 1
    assert rounds > 5


@pytest.mark.parametrize("visited", [(), ("app",)], ids=["first of all", "second place"])
async def test_a_first_visit_under_way_with_a_refresh_ends_up_with_what_it_said(
    hands: Hands, visited: tuple[str, ...]
) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        browser = await scene.login(who, who)
        for where in visited:
            await scene.visit(browser, where)
        refreshed, visit = await hands.race(
            schedule, one=hands.one.refresh(browser, "ops"), two=hands.two.visit(browser, "wiki")
        )
        assert refreshed is True
        assert isinstance(visit, ApplicationSession)
        assert await groups_seen(scene, who, "wiki", *visited) == {("ops",)}, schedule.trace
        rounds += 1
    assert rounds > 5


async def test_a_refresh_that_dies_after_any_step_leaves_what_catches_up(hands: Hands) -> None:
    """And a visit that came between its steps is told from others by when it was refreshed."""
    dead, behind, rounds = hands.commands[0], 0, 0
    for steps in itertools.count():
        async for schedule in every_merge():
            scene, who = hands.scene, f"ada {rounds}"
            browser = await scene.login(who, who)
            scene.clock.advance(1000)
            dead.dies_after = steps
            refreshed, visit = await hands.race(
                schedule, one=hands.one.refresh(browser, "ops"), two=hands.two.visit(browser, "wiki")
            )
            assert refreshed is True or isinstance(refreshed, StoreUnavailable)
            assert isinstance(visit, ApplicationSession)
            now = await scene.store.browser_session(cookie(who))
            wiki = await scene.check(who, "wiki")
            assert isinstance(now, BrowserSession)
            assert isinstance(wiki, ApplicationSession)
            same = wiki.refreshed_at == now.refreshed_at
            assert same == (wiki.principal == now.principal)
            behind += not same
            rounds += 1
            await scene.store.catch_up(wiki)
            assert await groups_seen(scene, who, "wiki") == {now.principal.groups}
            await scene.store.delete_user(browser.user_id, "root")
        if dead.dies_after:
            break
    assert steps > 4
    assert behind > 0


async def test_of_two_refreshers_at_once_one_has_the_turn(hands: Hands, store_url: str) -> None:
    async def refresh(hand: Scene, who: str, holder: str) -> object:
        turn = await hand.store.begin_refresh(cookie(who), holder, MINUTE_MS)
        if turn != "yours":
            return turn
        browser = await hand.store.browser_session(cookie(who))
        assert isinstance(browser, BrowserSession)
        return await hand.refresh(browser, holder, holder=holder)

    seen: Counter[str] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        await scene.visit(await scene.login(who, who))
        results = await hands.race(
            schedule, one=refresh(hands.one, who, "one"), two=refresh(hands.two, who, "two")
        )
        written = [holder for holder, result in zip(("one", "two"), results, strict=True) if result is True]
        assert set(results) <= {True, "under_way"}, results
        assert await groups_seen(scene, who, "app") <= {(holder,) for holder in written}
        assert len(await groups_seen(scene, who, "app")) == 1
        assert RedisServer.looking_at(store_url).keys("ow:r:*") == []
        seen[" ".join(written)] += 1
    assert set(seen) == {"one", "two", "one two"}


async def test_a_refresher_whose_turn_ran_out_still_writes_unless_another_has(hands: Hands) -> None:
    """What the provider gave in exchange for the old refresh token is lost only to one who has it too."""
    seen: Counter[tuple[object, object]] = Counter()
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {seen.total()}"
        browser = await scene.login(who, who, memory=b"token 1")
        await scene.visit(browser)
        await scene.store.begin_refresh(cookie(who), "two", MINUTE_MS)
        slow, fast = await hands.race(
            schedule,
            one=hands.one.refresh(browser, "slow", holder="one", memory=b"slow"),
            two=hands.two.refresh(browser, "fast", holder="two", memory=b"fast"),
        )
        assert sorted([slow is True, fast is True]) == [False, True]
        said = "slow" if slow else "fast"
        assert await groups_seen(scene, who, "app") == {(said,)}, schedule.trace
        assert await scene.store.session_memory(cookie(who)) == said.encode()
        assert await scene.store.begin_refresh(cookie(who), "three", MINUTE_MS) == "yours"
        seen[slow, fast] += 1
    assert set(seen) == {(True, False), (False, True)}


async def test_a_turn_is_one_holders_whatever_they_do_with_it_at_once(hands: Hands, store_url: str) -> None:
    """One prolongs or puts off what has just run out, while another takes it."""
    place = keys.refresh_turn(cookie("laptop"))
    server = RedisServer.looking_at(store_url)
    for end in ("prolong", "put off"):
        seen: Counter[object] = Counter()
        async for schedule in every_merge():

            async def keep(how: str = end) -> None:
                store = hands.one.store
                await store.begin_refresh(cookie("laptop"), "one", MINUTE_MS)
                if how == "prolong":
                    await store.prolong_refresh(cookie("laptop"), "one", MINUTE_MS)
                else:
                    await store.put_off_refresh(cookie("laptop"), "one", MINUTE_MS)

            server.delete(place)
            _, turn = await hands.race(
                schedule,
                one=keep(),
                two=hands.two.store.begin_refresh(cookie("laptop"), "two", MINUTE_MS),
            )
            holder = server.get(place)
            assert (turn == "yours") == (holder == b"two")
            seen[turn] += 1
        assert set(seen) >= {"yours", "under_way"}


async def test_a_refresh_and_a_login_of_the_same_user_lose_nothing_of_each_other(hands: Hands) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        browser = await scene.login(who, who)
        begun_at = await scene.store.now()
        scene.clock.advance(1000)
        refreshed, login = await hands.race(
            schedule,
            one=hands.one.refresh(browser, "ops"),
            two=sign_in(hands.two, f"{who} away", who=who, begun_at=begun_at),
        )
        assert refreshed is True
        assert isinstance(login, BrowserSession)
        view = await scene.store.user(browser.user_id)
        assert view is not None
        assert view.user.last_login == scene.clock(), schedule.trace
        assert view.user.principal.groups in {("ops",), ("staff",)}
        rounds += 1
    assert rounds > 5


async def left_behind(scene: Scene, who: str, store_url: str) -> tuple[BrowserSession, ApplicationSession]:
    """A session refreshed once, and its application session as it was before, as after a crash."""
    browser = await scene.login(who, who)
    app = await scene.visit(browser)
    assert isinstance(app, ApplicationSession)
    assert await scene.refresh(browser, "first")
    place = keys.application(app.cookie_hash, app.endpoint.id)
    RedisServer.looking_at(store_url).set(place, encode(app), keepttl=True)
    now = await scene.store.browser_session(cookie(who))
    assert isinstance(now, BrowserSession)
    return now, app


async def test_what_catches_up_while_a_refresh_is_under_way_says_what_it_said(
    hands: Hands, store_url: str
) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        browser, app = await left_behind(scene, who, store_url)
        refreshed, caught_up = await hands.race(
            schedule, one=hands.one.refresh(browser, "ops"), two=hands.two.store.catch_up(app)
        )
        assert refreshed is True
        assert isinstance(caught_up, ApplicationSession)
        assert await groups_seen(scene, who, "app") == {("ops",)}, schedule.trace
        rounds += 1
    assert rounds > 3


@pytest.mark.parametrize("act", ENDS)
async def test_what_catches_up_never_survives_its_end(hands: Hands, store_url: str, act: str) -> None:
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        _, app = await left_behind(scene, who, store_url)
        ended, caught_up = await hands.race(
            schedule, one=ENDS[act](hands.one, app), two=hands.two.store.catch_up(app)
        )
        assert ended == 1
        assert isinstance(caught_up, ApplicationSession | Tombstone)
        assert isinstance(await scene.check(who), Tombstone), schedule.trace
        assert await scene.listed() == []
        await scene.store.delete_user(app.user_id, "root")
        rounds += 1
    assert rounds > 2
