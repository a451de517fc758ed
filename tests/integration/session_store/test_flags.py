"""What is new about an access: marked on it and on its session, told once, forgotten in time."""

import pytest

from session_store import ApplicationSession, Context, Retention, StoredEvent, Touch, keys
from session_store.accesses import Accesses
from session_store.address import parse_address
from session_store.commands import Commands
from session_store.events import Events
from tests.support.interleaving import every_merge
from tests.support.races import Hands
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, coming_from

HOME = coming_from("192.0.2.1", "DE")
ABROAD = coming_from("198.51.100.2", "SE")
PHONE = coming_from("192.0.2.1", "DE", browser="Mobile Safari")
MINUTE_MS = 60_000


async def enter(scene: Scene, context: Context, by: str = "laptop") -> ApplicationSession:
    scene.clock.advance(MINUTE_MS)
    session = await scene.visit(await scene.login(by=by), context=context)
    assert isinstance(session, ApplicationSession)
    return session


async def use(scene: Scene, session: ApplicationSession, context: Context) -> None:
    scene.clock.advance(MINUTE_MS)
    await scene.store.touch([scene.touch(session, context=context)])


async def flags(scene: Scene, session: ApplicationSession) -> tuple[str, ...]:
    """The names that the session is marked with."""
    view = await scene.store.session(session.id)
    assert view is not None
    return view.activity.flags


async def told(scene: Scene, *types: str) -> list[StoredEvent]:
    """Events of these types, oldest first."""
    return (await scene.store.events(limit=500, before=None, types=frozenset(types))).items[::-1]


async def test_the_first_device_and_the_first_country_are_not_new(scene: Scene) -> None:
    session = await enter(scene, HOME)
    assert await flags(scene, session) == ()
    assert await told(scene, "new_device", "new_country") == []


@pytest.mark.parametrize("begins", [True, False], ids=["a session begins", "a session goes on"])
async def test_a_new_country_is_marked_with_its_reason_and_told(scene: Scene, begins: bool) -> None:
    session = await enter(scene, HOME)
    if begins:
        session = await enter(scene, ABROAD, by="phone")
    else:
        await use(scene, session, ABROAD)
    reason = "SE is not among this user's countries of the last 30 days: DE"
    accesses = await scene.store.accesses(session.id)
    assert accesses is not None
    assert [(flag.name, flag.reason) for flag in accesses[0].flags] == [("new_country", reason)]
    assert await flags(scene, session) == ("new_country",)
    (event,) = await told(scene, "new_device", "new_country")
    assert (event.event.type, event.event.user_id, event.event.actor, event.event.sessions) == (
        "new_country",
        session.user_id,
        session.user_id,
        (session.id,),
    )
    assert event.event.details == {
        "reason": reason,
        "ip_address": "198.51.100.2",
        "country_code": "SE",
        "device": "Firefox on Linux (desktop)",
        "tunnel": "app",
        "provider": "corp",
    }


async def test_a_new_device_is_marked_and_the_session_keeps_the_mark(scene: Scene) -> None:
    session = await enter(scene, HOME)
    await use(scene, session, PHONE)
    await use(scene, session, HOME)
    assert await flags(scene, session) == ("new_device",)
    latest, earlier = await scene.store.accesses(session.id) or []
    assert (latest.context, latest.flags) == (HOME, ())
    assert [flag.reason for flag in earlier.flags] == [
        (
            "Mobile Safari on Linux (desktop) is not among this user's devices of the last 30 days: "
            "Firefox on Linux (desktop)"
        )
    ]
    await use(scene, session, PHONE)
    back, _ = await scene.store.accesses(session.id) or []
    assert back.flags == earlier.flags
    assert len(await told(scene, "new_device")) == 1


async def test_both_may_be_new_at_once(scene: Scene) -> None:
    session = await enter(scene, HOME)
    await use(scene, session, coming_from("198.51.100.2", "SE", browser="Chrome"))
    assert await flags(scene, session) == ("new_device", "new_country")
    assert [each.event.type for each in await told(scene, "new_device", "new_country")] == [
        "new_device",
        "new_country",
    ]


async def test_what_was_new_is_not_new_in_another_session(scene: Scene) -> None:
    await enter(scene, HOME)
    await enter(scene, ABROAD, by="phone")
    third = await enter(scene, ABROAD, by="tablet")
    await use(scene, third, HOME)
    assert await flags(scene, third) == ()
    assert len(await told(scene, "new_country")) == 1


async def test_users_are_compared_with_themselves_alone(scene: Scene) -> None:
    await enter(scene, HOME)
    eves = await scene.visit(await scene.login("eve", "eve's"), context=ABROAD)
    assert isinstance(eves, ApplicationSession)
    assert await flags(scene, eves) == ()


async def test_a_country_that_is_not_known_is_neither_new_nor_a_country(scene: Scene) -> None:
    session = await enter(scene, coming_from("192.0.2.1"))
    await use(scene, session, HOME)
    await use(scene, session, coming_from("203.0.113.1"))
    assert await flags(scene, session) == ()
    changes = [stored.event.details["changed"] for stored in await told(scene, "access_changed")]
    assert changes == ["ip"]


async def test_what_is_asked_again_about_an_access_is_told_the_same_again(
    scene: Scene, store_url: str
) -> None:
    """As where the answer to the first question was lost on its way."""
    session = await enter(scene, HOME)
    commands = Commands(parse_address(store_url), timeout_s=30)
    accesses = Accesses(commands, Events(commands, DAY_MS), Retention(), scene.clock)
    first, again = [await accesses.flags(session, ABROAD) for _ in range(2)]
    await commands.close()
    assert first == again != ()


async def test_what_was_not_seen_for_as_long_as_history_is_kept_is_new_again(scene: Scene) -> None:
    await enter(scene, HOME)
    await enter(scene, ABROAD, by="phone")
    scene.clock.advance(20 * DAY_MS)
    await enter(scene, HOME, by="a second laptop")
    scene.clock.advance(20 * DAY_MS)
    again = await enter(scene, ABROAD, by="tablet")
    assert await flags(scene, again) == ("new_country",)
    assert len(await told(scene, "new_country")) == 2


async def test_after_a_deletion_nothing_is_known_of_a_user_and_nothing_is_noted(
    scene: Scene, store_url: str
) -> None:
    session = await enter(scene, HOME)
    server = RedisServer.looking_at(store_url)
    assert 0 < server.pttl(keys.known(session.user_tag)) <= 30 * DAY_MS
    browser = await scene.store.browser_session(session.cookie_hash)
    await scene.store.delete_user(session.user_id, "root")
    assert server.keys("ow:w:*") == []
    await use(scene, session, ABROAD)
    await scene.visit(browser, "wiki", context=ABROAD)  # type: ignore[arg-type]
    assert server.keys("ow:w:*") == []
    assert await told(scene, "new_country") == []


async def test_so_many_devices_of_a_user_are_remembered_and_the_oldest_go(
    scene: Scene, store_url: str
) -> None:
    session = await enter(scene, HOME)
    for number in range(60):
        await use(scene, session, coming_from("192.0.2.1", "DE", browser=f"Browser {number}"))
    known = RedisServer.looking_at(store_url).hkeys(keys.known(session.user_tag))
    devices = [name for name in known if name.startswith(b"d:")]
    assert len(devices) == 50
    assert b"d:Firefox on Linux (desktop)" not in devices
    assert b"c:DE" in known


async def test_a_change_of_access_is_told_with_what_changed(scene: Scene) -> None:
    session = await enter(scene, HOME)
    await use(scene, session, coming_from("198.51.100.2", "SE", browser="Chrome"))
    (changed,) = await told(scene, "access_changed")
    assert changed.event.details["changed"] == "ip,country,device"
    assert {name: changed.event.details[name] for name in ("ip_address", "country_code", "device")} == {
        "ip_address": "198.51.100.2",
        "country_code": "SE",
        "device": "Chrome on Linux (desktop)",
    }
    assert {name: text for name, text in changed.event.details.items() if name.endswith("_before")} == {
        "ip_address_before": "192.0.2.1",
        "country_code_before": "DE",
        "device_before": "Firefox on Linux (desktop)",
    }


async def test_another_version_of_the_same_device_is_another_access_and_not_told(scene: Scene) -> None:
    session = await enter(scene, HOME)
    await use(scene, session, coming_from("192.0.2.1", "DE", raw="Firefox, newer"))
    assert len(await scene.store.accesses(session.id) or []) == 2
    assert await told(scene, "access_changed", "new_device", "new_country") == []


async def test_a_session_tells_twenty_changes_in_an_hour_and_marks_them_all(scene: Scene) -> None:
    session = await enter(scene, HOME)
    for number in range(50):
        scene.clock.advance(1000)
        device = coming_from("192.0.2.1", "DE", browser=f"Browser {number}")
        await scene.store.touch([scene.touch(session, context=device)])
    assert len(await told(scene, "access_changed")) == 20
    assert len(await told(scene, "new_device")) == 20
    latest, *_ = await scene.store.accesses(session.id) or []
    assert [flag.name for flag in latest.flags] == ["new_device"]
    scene.clock.advance(HOUR_MS + MINUTE_MS)
    await use(scene, session, ABROAD)
    assert len(await told(scene, "access_changed")) == 21
    assert len(await told(scene, "new_country")) == 1


async def test_of_two_workers_that_see_a_new_country_at_once_one_tells_it_and_no_entry_is_lost(
    hands: Hands,
) -> None:
    """Both orders of all their writes: the session is found by where its record says that it is used."""
    rounds = 0
    async for schedule in every_merge():
        scene, who = hands.scene, f"ada {rounds}"
        session = await scene.visit(await scene.login(who, who), context=HOME)
        assert isinstance(session, ApplicationSession)
        at = scene.clock() + 1000
        before = len(await told(scene, "new_country"))

        async def seen(
            hand: Scene, *places: Context, session: ApplicationSession = session, at: int = at
        ) -> None:
            for later, place in enumerate(places):
                await hand.store.touch([Touch(session=session, at_ms=at + later, requests=1, context=place)])

        assert await hands.race(schedule, one=seen(hands.one, ABROAD, HOME), two=seen(hands.two, ABROAD)) == [
            None,
            None,
        ]
        view = await scene.store.session(session.id)
        assert view is not None
        assert len(await told(scene, "new_country")) == before + 1
        assert view.activity.requests == 3
        rounds += 1
    assert rounds > 2
