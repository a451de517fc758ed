"""What ends what, each row through the whole program: a real login, the API over HTTP, the cookie afterwards.

After every act the cookie is tried where it was good: what is no longer listed opens nothing, and makes no
session by being tried.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.engine.house import (
    APP,
    BRIEF,
    FIRST,
    NOTES,
    SECOND,
    WIKI,
    House,
    People,
    Place,
    Visitor,
    assert_cut,
    assert_not_live,
    assert_over,
    assert_shut,
    eventually,
    open_streams,
)
from tests.support.browser import sign_in, sign_out_at_provider, walk
from tests.support.redis_server import RedisServer


async def assert_in(house: House, visitor: Visitor, *places: Place) -> None:
    """The browser's cookie opens these places, and each is listed."""
    for place in places:
        assert await house.opens(place, visitor.cookie(place))
        assert await visitor.session_at(place)


async def until_later(moment: str) -> None:
    """Wait until the API's clock shows another second than ``moment``."""
    began = datetime.fromisoformat(moment)
    left = began + timedelta(seconds=1) - datetime.now(UTC)
    await asyncio.sleep(max(0.0, left.total_seconds()))


# DELETE application session


@pytest.mark.parametrize(("name", "gone", "kept"), [("ada", WIKI, NOTES), ("bob", FIRST, SECOND)])
async def test_a_deleted_session_is_over_for_good_at_its_place_and_the_others_of_the_browser_go_on(
    house: House, people: People, name: str, gone: Place, kept: Place
) -> None:
    visitor = await people(name)
    await visitor.come_in(gone, kept)
    cookie, session = visitor.cookie(gone), await visitor.session_at(gone)
    assert cookie == visitor.cookie(kept)
    told = await house.api("DELETE", f"/app/sessions/{session}")

    assert (told.status, told.json) == (204, None)
    await assert_shut(house, name, cookie, gone, reason="revoked")
    await assert_in(house, visitor, kept)
    await assert_over(house, name, session, "revoked", by="bootstrap", operation=told.operation)
    notice = await visitor.navigate(gone)
    assert "An administrator ended your session" in notice.text
    await assert_shut(house, name, cookie, gone, reason="revoked")


async def test_a_browser_session_of_which_one_place_is_left_still_opens_places_where_it_never_was(
    house: House, people: People
) -> None:
    visitor = await people("cyd")
    await visitor.come_in(WIKI, NOTES)
    await house.api("DELETE", f"/app/sessions/{await visitor.session_at(NOTES)}")

    await assert_in(house, visitor, WIKI)
    assert await house.opens(BRIEF, visitor.cookie(BRIEF))


@pytest.mark.parametrize(("name", "only", "never"), [("dan", WIKI, NOTES), ("eve", FIRST, SECOND)])
async def test_the_last_session_of_a_browser_takes_the_browser_session_along(
    house: House, people: People, name: str, only: Place, never: Place
) -> None:
    visitor = await people(name)
    await visitor.come_in(only)
    cookie, session = visitor.cookie(only), await visitor.session_at(only)
    told = await house.api("DELETE", f"/app/sessions/{session}")

    await assert_shut(house, name, cookie, only, never, reason="revoked")
    assert await house.live(name) == {}
    await assert_over(house, name, session, "revoked", by="bootstrap", operation=told.operation)


# DELETE user


async def test_a_deleted_user_loses_record_sessions_tokens_and_the_login_under_way(
    house: House, people: People
) -> None:
    visitor, phone, other = await people("fay"), await people("fay"), await people("gil")
    await visitor.come_in(APP, WIKI, FIRST)
    await phone.come_in(APP)
    await other.come_in(APP)
    callback = f"{house.at(NOTES)}.outerward/callback/"
    tab = await people("fay")
    held = await sign_in(tab.client, house.at(NOTES), "fay", until=callback)
    user, sessions = await house.user_id("fay"), await house.live("fay")
    cookies = {place: visitor.cookie(place) for place in (APP, WIKI, FIRST)}
    with RedisServer.looking_at(house.program.store_url) as look:
        kept = len(look.keys("ow:m:*"))
        told = await house.api("DELETE", f"/app/users/{user}")
        assert len(look.keys("ow:m:*")) == kept - 4

    assert (told.status, len(sessions)) == (204, 4)
    assert (await house.api("GET", f"/app/users/{user}")).status == 404
    for place, cookie in cookies.items():
        await assert_shut(house, "fay", cookie, place, reason="revoked")
    await assert_shut(house, "fay", phone.cookie(APP), APP)
    for session in sessions:
        await assert_over(house, "fay", session, "user_deleted", by="bootstrap", operation=told.operation)
    late = await walk(tab.client, held.url)
    assert late.status == 409
    assert await house.user_id("fay") == ""
    await assert_in(house, other, APP)

    await tab.come_in(NOTES)
    assert await house.user_id("fay") not in ("", user)
    await assert_shut(house, "fay", cookies[APP], APP)
    traces = (await house.api("GET", f"/app/users/{user}/export")).json
    assert {each["id"] for each in traces["ended_sessions"]} == sessions.keys()


async def test_a_block_outlives_its_user_and_erasing_leaves_nothing_but_a_hash(
    house: House, people: People
) -> None:
    visitor = await people("hal")
    await visitor.come_in(APP, WIKI)
    user = await house.user_id("hal")
    await house.api("PUT", f"/app/users/{user}/block", {"reason": "left"})
    assert (await house.api("DELETE", f"/app/users/{user}")).status == 204
    refused = await visitor.come_back(APP)
    blocks = (await house.get("/app/blocks"))["blocks"]
    assert refused.status == 403
    assert [each["user_id"] for each in blocks] == [user]
    assert (await eventually(lambda: house.ended("hal"), lambda found: len(found) == 2)).keys()

    told = await house.api("DELETE", f"/app/users/{user}?erase=true")
    assert told.status == 204
    assert await house.ended("hal") == {}
    assert (await house.get("/app/blocks"))["blocks"] == []
    events = (await house.get("/events"))["events"]
    assert "hal@example.com" not in repr(events)
    (left,) = [each for each in events if each["operation_id"] == told.operation]
    assert (left["type"], left["user"], list(left["details"])) == ("user_erased", None, ["person"])
    again = await visitor.come_back(WIKI)
    assert (again.status, again.text) == (200, "hello")
    assert await house.user_id("hal") not in ("", user)


# A new login, a logout


async def test_a_new_login_replaces_the_browsers_old_session_and_other_places_go_on_under_the_new_one(
    house: House, people: People
) -> None:
    visitor = await people("ida")
    await visitor.come_in(WIKI, NOTES)
    cookie, old = visitor.cookie(WIKI), await house.live("ida")
    again = await sign_in(visitor.client, house.at(WIKI, "/.outerward/login"), "ida")

    assert again.status == 200
    assert visitor.cookie(WIKI) != cookie
    await assert_shut(house, "ida", cookie, WIKI, NOTES)
    user = await house.user_id("ida")
    for session in old:
        await assert_over(house, "ida", session, "replaced", by=user)
    await visitor.come_in(NOTES)
    await assert_in(house, visitor, WIKI, NOTES)
    assert (await house.live("ida")).keys().isdisjoint(old)


async def test_a_logout_ends_every_place_of_the_browser_and_no_other_browser(
    house: House, people: People
) -> None:
    visitor, phone = await people("jan"), await people("jan")
    await visitor.come_in(WIKI, NOTES)
    await phone.come_in(APP)
    cookie, phones = visitor.cookie(WIKI), await phone.session_at(APP)
    mine = (await house.live("jan")).keys() - {phones}
    landing = await visitor.navigate(NOTES, "/.outerward/logout")

    assert landing.url == house.at(NOTES, "/.outerward/signed-out")
    await assert_shut(house, "jan", cookie, WIKI, NOTES, BRIEF)
    assert await house.live("jan") == {phones: house.public_url(APP)}
    user = await house.user_id("jan")
    for session in mine:
        await assert_over(house, "jan", session, "logout", by=user)
    await assert_in(house, phone, APP)


async def test_end_this_device_ends_that_browser_from_another_one(house: House, people: People) -> None:
    laptop, phone = await people("kim"), await people("kim")
    await laptop.come_in(APP)
    await phone.come_in(FIRST, SECOND)
    cookie, kept = phone.cookie(FIRST), await laptop.session_at(APP)
    mine = (await house.live("kim")).keys() - {kept}
    others, other = await laptop.own_sessions(APP)
    assert (others, other in mine) == ("others", True)
    await laptop.own_sessions(APP, other)

    await assert_shut(house, "kim", cookie, FIRST, SECOND)
    assert await house.live("kim") == {kept: house.public_url(APP)}
    user = await house.user_id("kim")
    for session in mine:
        await assert_over(house, "kim", session, "logout", by=user)
    await assert_in(house, laptop, APP)


async def test_a_logout_at_the_provider_ends_what_that_login_began_and_no_other_browser(
    house: House, people: People
) -> None:
    visitor, phone = await people("leo"), await people("leo")
    await visitor.come_in(WIKI, NOTES)
    await phone.come_in(APP)
    cookie, phones = visitor.cookie(WIKI), await phone.session_at(APP)
    mine = (await house.live("leo")).keys() - {phones}
    assert house.provider is not None
    await sign_out_at_provider(visitor.client, house.provider.logout_url)

    await assert_shut(house, "leo", cookie, WIKI, NOTES, BRIEF, reason="logged_out")
    assert await house.live("leo") == {phones: house.public_url(APP)}
    for session in mine:
        await assert_over(house, "leo", session, "back_channel", by="provider:nobody")
    await assert_in(house, phone, APP)


# Block


async def test_a_block_ends_everything_cuts_what_is_open_and_refuses_logins_until_it_is_lifted(
    house: House, people: People
) -> None:
    visitor, other = await people("mia"), await people("pia")
    await visitor.come_in(APP, WIKI)
    await other.come_in(APP)
    cookie, sessions, user = visitor.cookie(APP), await house.live("mia"), await house.user_id("mia")
    async with (
        open_streams(house, APP, cookie) as at_app,
        open_streams(house, WIKI, visitor.cookie(WIKI)) as at_wiki,
        open_streams(house, APP, other.cookie(APP)) as others,
    ):
        told = await house.api("PUT", f"/app/users/{user}/block", {"reason": "left the company"})
        await assert_cut(at_app)
        await assert_cut(at_wiki)
        for client in others.values():
            client.write(b"")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.read(), 0.2)

    assert (told.status, told.json["blocked_by"]) == (200, "bootstrap")
    await assert_shut(house, "mia", cookie, APP, reason="blocked")
    for session in sessions:
        await assert_over(house, "mia", session, "blocked", by="bootstrap", operation=told.operation)
    shown = await house.get(f"/app/users/{user}")
    assert (shown["outerward"]["blocked"], shown["outerward"]["sessions"]) == (True, 0)
    for place in (APP, NOTES):
        fresh = await people("mia")
        refused = await sign_in(fresh.client, house.at(place), "mia")
        assert (refused.status, "OUT-2047" in refused.text) == (403, True)
        assert "left the company" not in refused.text
        assert fresh.cookie(place) == ""
    assert await house.live("mia") == {}

    assert (await house.api("DELETE", f"/app/users/{user}/block")).status == 204
    await assert_shut(house, "mia", cookie, APP)
    again = await visitor.come_back(NOTES)
    assert (again.status, again.text) == (200, "hello")
    assert await house.user_id("mia") == user


# Idle


async def test_a_session_that_went_idle_is_over_at_its_place_alone_and_never_begins_again(
    house: House, people: People
) -> None:
    visitor = await people("ned")
    await visitor.come_in(BRIEF, WIKI)
    session, cookie = await visitor.session_at(BRIEF), visitor.cookie(BRIEF)
    shown = await house.get(f"/app/sessions/{session}")
    await until_later(shown["last_active"])
    await eventually(lambda: house.api("GET", f"/app/sessions/{session}"), lambda told: told.status == 404)

    await assert_shut(house, "ned", cookie, BRIEF)
    await assert_not_live(house, "ned", session)
    await assert_in(house, visitor, WIKI)


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_a_session_that_went_idle_stands_among_those_that_are_over(
    house: House, people: People
) -> None:
    """What is younger than a minute may be under way, and is left for the next sweep."""
    visitor = await people("oda")
    await visitor.come_in(BRIEF)
    session = await visitor.session_at(BRIEF)
    await eventually(lambda: house.api("GET", f"/app/sessions/{session}"), lambda told: told.status == 404)

    await assert_over(house, "oda", session, "idle", by="time", within_s=120)
