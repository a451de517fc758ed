"""The history of a session: with what and from where it was used; and how the lists follow it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from session_store import Access, ApplicationSession, Context, Location, Retention, Store, Touch, keys
from session_store import parse_filter as parse
from session_store.accesses import Accesses
from session_store.address import parse_address
from session_store.commands import Commands
from session_store.events import Events
from session_store.query import Wanted
from tests.integration.session_store.keyspace import members, strays
from tests.integration.session_store.sweeping import SECRET, Sweeping
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, coming_from

HOME, OFFICE = coming_from("192.0.2.1"), coming_from("198.51.100.2")
MINUTE_MS = 60_000


async def enter(scene: Scene, context: Context = HOME, by: str = "laptop") -> ApplicationSession:
    session = await scene.visit(await scene.login(by=by), context=context)
    assert isinstance(session, ApplicationSession)
    return session


async def use(scene: Scene, session: ApplicationSession, context: Context, requests: int = 1) -> None:
    """A minute later ``requests`` come from there."""
    scene.clock.advance(MINUTE_MS)
    await scene.store.touch([scene.touch(session, requests=requests, context=context)])


async def history(scene: Scene, session: ApplicationSession) -> list[Access]:
    found = await scene.store.accesses(session.id)
    assert found is not None
    return found


def addresses(accesses: list[Access]) -> list[str]:
    return [access.context.ip_address for access in accesses]


@asynccontextmanager
async def keeping(url: str, scene: Scene, retention: Retention) -> AsyncIterator[Scene]:
    """The scene by a store that keeps for as long as ``retention`` says."""
    store = Store.open(
        url,
        secrets=[SECRET],
        now_ms=scene.clock,
        command_timeout_s=30,
        check_timeout_s=10,
        retention=retention,
    )
    await store.start()
    try:
        yield Scene(store, scene.clock)
    finally:
        await store.close()


async def test_a_session_begins_with_one_access_that_has_no_request_yet(scene: Scene) -> None:
    session = await enter(scene)
    (only,) = await history(scene, session)
    assert only == Access(context=HOME, first_seen=scene.clock(), last_seen=scene.clock(), requests=0)


@pytest.mark.parametrize(
    "elsewhere",
    [OFFICE, coming_from("192.0.2.1", browser="Chrome"), coming_from("192.0.2.1", raw="Firefox, newer")],
    ids=["another address", "another browser", "another version"],
)
async def test_what_comes_from_elsewhere_or_with_another_device_begins_an_access(
    scene: Scene, elsewhere: Context
) -> None:
    session = await enter(scene)
    began = scene.clock()
    await use(scene, session, HOME, requests=2)
    at_home = scene.clock()
    await use(scene, session, elsewhere, requests=3)
    first, second = await history(scene, session)
    assert (first.context, first.first_seen, first.last_seen, first.requests) == (
        elsewhere,
        scene.clock(),
        scene.clock(),
        3,
    )
    assert (second.context, second.first_seen, second.last_seen, second.requests) == (HOME, began, at_home, 2)


async def test_the_same_again_continues_its_access_whatever_came_between(scene: Scene) -> None:
    session = await enter(scene)
    began = scene.clock()
    for place, requests in ((HOME, 1), (OFFICE, 2), (HOME, 4), (HOME, 8), (OFFICE, 16)):
        await use(scene, session, place, requests)
    office, home = await history(scene, session)
    assert (office.context, office.requests, office.first_seen) == (OFFICE, 18, began + 2 * MINUTE_MS)
    assert (home.context, home.requests, home.first_seen) == (HOME, 13, began)
    assert (office.last_seen, home.last_seen) == (scene.clock(), began + 4 * MINUTE_MS)


async def test_what_a_newer_database_says_of_an_address_is_no_other_access(scene: Scene) -> None:
    session = await enter(scene)
    located = Context(
        ip_address=HOME.ip_address, user_agent=HOME.user_agent, location=Location(country_code="DE")
    )
    await use(scene, session, located)
    (only,) = await history(scene, session)
    assert only.context == located


async def test_the_requests_of_all_accesses_are_the_sessions(scene: Scene) -> None:
    session = await enter(scene)
    for number in range(12):
        context = None if number % 4 == 3 else coming_from(f"192.0.2.{number % 5}")
        await scene.store.touch([scene.touch(session, requests=number, context=context)])
        scene.clock.advance(1000)
    view = await scene.store.session(session.id)
    assert view is not None
    accesses = await history(scene, session)
    assert sum(access.requests for access in accesses) == view.activity.requests == sum(range(12))


async def test_the_latest_accesses_are_kept_and_those_seen_longest_ago_go(scene: Scene) -> None:
    session = await enter(scene)
    for number in range(30):
        await use(scene, session, coming_from(f"192.0.2.{100 + number}"))
    assert addresses(await history(scene, session)) == [f"192.0.2.{129 - number}" for number in range(20)]


async def test_an_access_that_came_again_outlives_those_that_did_not(scene: Scene) -> None:
    session = await enter(scene)
    for number in range(30):
        await use(scene, session, coming_from(f"192.0.2.{100 + number}"))
        await use(scene, session, HOME)
    found = await history(scene, session)
    assert len(found) == 20
    assert (found[0].context, found[0].requests) == (HOME, 30)


async def test_accesses_are_forgotten_when_the_time_that_history_is_kept_is_over(
    scene: Scene, store_url: str
) -> None:
    session = await scene.visit(await scene.login(lasts_ms=60 * DAY_MS), context=HOME, lasts_ms=60 * DAY_MS)
    assert isinstance(session, ApplicationSession)
    scene.clock.advance(HOUR_MS)
    await use(scene, session, OFFICE)
    scene.clock.advance(30 * DAY_MS)
    assert addresses(await history(scene, session)) == [OFFICE.ip_address]
    await use(scene, session, coming_from("203.0.113.3"))
    assert addresses(await history(scene, session)) == ["203.0.113.3"]
    place = keys.history(session.cookie_hash, session.endpoint.id)
    assert not RedisServer.looking_at(store_url).exists(place)


async def test_without_history_only_the_latest_access_is_kept(scene: Scene, store_url: str) -> None:
    async with keeping(store_url, scene, Retention(history=0)) as forgetful:
        session = await enter(forgetful)
        for place in (OFFICE, HOME, coming_from("203.0.113.3", "SE")):
            await use(forgetful, session, place)
        assert addresses(await history(forgetful, session)) == ["203.0.113.3"]
        view = await forgetful.store.session(session.id)
    assert view is not None
    assert (view.activity.requests, view.activity.flags) == (3, ())
    server = RedisServer.looking_at(store_url)
    assert server.keys("ow:h:*") == server.keys("ow:w:*") == []


async def test_two_workers_that_see_one_session_in_turns_keep_two_accesses(
    scene: Scene, store_url: str
) -> None:
    session = await enter(scene)
    async with keeping(store_url, scene, Retention()) as other:
        for _ in range(5):
            await use(scene, session, HOME, requests=2)
            await use(other, session, OFFICE, requests=3)
    assert [(access.context, access.requests) for access in await history(scene, session)] == [
        (OFFICE, 15),
        (HOME, 10),
    ]


async def test_a_touch_that_comes_late_counts_and_takes_no_access_back(scene: Scene) -> None:
    session = await enter(scene)
    early = Touch(session=session, at_ms=scene.clock() + 1, requests=5, context=OFFICE)
    await use(scene, session, coming_from("203.0.113.3"), requests=1)
    await scene.store.touch([early])
    assert [(access.context.ip_address, access.requests) for access in await history(scene, session)] == [
        ("203.0.113.3", 6),
        ("192.0.2.1", 0),
    ]
    view = await scene.store.session(session.id)
    assert view is not None
    assert view.activity.context.ip_address == "203.0.113.3"


async def test_the_history_of_an_unknown_session_is_unknown(scene: Scene) -> None:
    session = await enter(scene)
    for wrong in ("", "edgses_", session.id[:-1], session.user_id, "edgses_" + "0" * 27):
        assert await scene.store.accesses(wrong) is None  # type: ignore[arg-type]


async def found_at(scene: Scene, text: str) -> list[str]:
    page = await scene.store.sessions(limit=9, before=None, wanted=Wanted(parse(text, "sessions")))
    return [view.session.id for view in page.items]


async def test_a_session_is_found_where_it_is_used_and_no_more_where_it_was(
    scene: Scene, store_url: str
) -> None:
    session = await enter(scene, coming_from("192.0.2.1", "DE"))
    await use(scene, session, coming_from("2001:db8::1", "SE"))
    assert await found_at(scene, 'obj.ip_address == "2001:db8::1"') == [session.id]
    assert await found_at(scene, 'obj.country_code == "SE"') == [session.id]
    assert await found_at(scene, 'obj.ip_address == "192.0.2.1"') == []
    assert await found_at(scene, 'obj.country_code == "DE"') == []
    await use(scene, session, coming_from("2001:db8::1"))
    await use(scene, session, coming_from("::ffff:192.0.2.9"))
    bare = session.id[-27:].encode()
    assert members(store_url, keys.BY_IP) == {b"4c0000209\0" + bare}
    assert members(store_url, keys.BY_COUNTRY) == set()


async def test_a_session_stays_findable_where_it_is_used_in_whatever_order_workers_follow_its_moves(
    scene: Scene, store_url: str
) -> None:
    session = await enter(scene)
    commands = Commands(parse_address(store_url), timeout_s=30)
    slow = Accesses(commands, Events(commands, DAY_MS), Retention(), scene.clock)
    away = Touch(session=session, at_ms=scene.clock() + 1, requests=1, context=OFFICE)
    _, *changed = await commands.run(*slow.touch_call(away))  # type: ignore[misc]
    await use(scene, session, HOME)
    await slow.changed(away, changed)  # type: ignore[arg-type]
    assert await found_at(scene, f'obj.ip_address == "{HOME.ip_address}"') == [session.id]
    assert await found_at(scene, f'obj.ip_address == "{OFFICE.ip_address}"') == []
    await commands.close()


async def test_a_session_that_ended_is_found_nowhere_that_it_was_used(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    session = await enter(scene, coming_from("192.0.2.1", "DE"))
    for number in range(3):
        await use(scene, session, coming_from(f"192.0.2.{number}", "SE"))
    await scene.store.delete_user(session.user_id, "root")
    await use(scene, session, coming_from("192.0.2.9", "FR"))
    scene.clock.advance(HOUR_MS)
    assert strays(store_url, scene.clock()) == []
    await sweeper.all()
    assert members(store_url, keys.BY_IP) == members(store_url, keys.BY_COUNTRY) == set()
