"""Application sessions against a real store: begun once, touched while alive, idle for good."""

import asyncio
from dataclasses import replace

import pytest

from session_store import (
    ApplicationSession,
    Context,
    Endpoint,
    EndpointId,
    EndReason,
    Location,
    Pins,
    StoreUnavailable,
    Tombstone,
    UserAgent,
    decode,
)
from session_store import keys as store_keys
from tests.support.redis_server import RedisServer
from tests.support.scene import CONTEXT, DAY_MS, HOUR_MS, Scene, cookie, endpoint


async def test_a_first_visit_begins_a_session_that_a_check_finds(scene: Scene) -> None:
    browser = await scene.login()
    assert await scene.check() is None
    session = await scene.visit(browser)
    assert isinstance(session, ApplicationSession)
    assert await scene.check() == session
    assert session.principal == browser.principal
    assert (session.user_id, session.user_tag) == (browser.user_id, browser.user_tag)
    assert session.endpoint == endpoint("app")
    assert session.cookie_hash == cookie("laptop")


async def test_a_session_keeps_from_where_and_with_what_it_began(scene: Scene) -> None:
    agent = UserAgent(browser_name="Firefox", os_name="Linux")
    context = Context(ip_address="192.0.2.7", user_agent=agent, location=Location(country_code="NO"))
    session = await scene.visit(await scene.login(), context=context)
    assert isinstance(session, ApplicationSession)
    assert session.pins == Pins(ip="192.0.2.7", country="NO", device="Firefox/Linux/Other")
    await scene.store.touch([scene.touch(session, context=CONTEXT)])
    assert await scene.check() == session


async def test_a_check_answers_what_redis_py_reads(scene: Scene, store_url: str) -> None:
    await scene.enter()
    server = RedisServer.looking_at(store_url)
    await scene.enter("eve", "phone", "wiki")
    await scene.store.end_browser_session(cookie("phone"), EndReason.LOGOUT, "eve")
    for by, where in (("laptop", "app"), ("phone", "wiki"), ("laptop", "wiki"), ("made up", "app")):
        key = store_keys.application(cookie(by), endpoint(where).id)
        assert await scene.store.check(cookie(by), endpoint(where).id) == server.get(key)


async def test_visits_at_once_begin_one_session_and_leave_no_trace_of_others(
    scene: Scene, store_url: str
) -> None:
    browser = await scene.login()
    found = await asyncio.gather(*(scene.visit(browser) for _ in range(20)))
    assert len({session.id for session in found if isinstance(session, ApplicationSession)}) == 1
    assert len(await scene.listed()) == 1
    server = RedisServer.looking_at(store_url)
    assert server.zcard(store_keys.SESSIONS) == 1
    assert server.zcard(store_keys.user_applications(browser.user_tag)) == 1
    assert len(server.keys("ow:s:*")) == 1


async def test_each_endpoint_has_its_own_session(scene: Scene) -> None:
    browser = await scene.login()
    app, wiki = await scene.visit(browser, "app"), await scene.visit(browser, "wiki")
    assert isinstance(app, ApplicationSession)
    assert isinstance(wiki, ApplicationSession)
    assert app.id != wiki.id
    assert await scene.listed() == [wiki.id, app.id]


async def test_without_a_browser_session_nothing_begins(scene: Scene, store_url: str) -> None:
    browser = await scene.login()
    RedisServer.looking_at(store_url).delete(store_keys.browser(browser.cookie_hash))
    assert await scene.visit(browser) is None
    assert await scene.check() is None
    assert await scene.listed() == []


async def test_a_session_never_outlasts_its_login(scene: Scene) -> None:
    browser = await scene.login(lasts_ms=HOUR_MS)
    session = await scene.visit(browser, lasts_ms=DAY_MS)
    assert isinstance(session, ApplicationSession)
    assert session.expires_at == browser.expires_at


async def test_past_its_end_a_session_is_told_as_expired(scene: Scene) -> None:
    session = await scene.enter()
    browser = await scene.store.browser_session(cookie("laptop"))
    scene.clock.advance(DAY_MS)
    assert await scene.check() == session
    again = await scene.visit(browser)  # type: ignore[arg-type]
    assert isinstance(again, Tombstone)
    assert (again.reason, again.ended_at) == (EndReason.EXPIRED, session.expires_at)
    assert await scene.store.session(session.id) is None
    assert await scene.listed() == []
    assert not await scene.store.end_application_session(session.id, EndReason.REVOKED, "root")


async def test_an_endpoint_that_allows_less_time_than_has_passed_lets_nothing_begin(scene: Scene) -> None:
    browser = await scene.login()
    scene.clock.advance(2 * HOUR_MS)
    found = await scene.visit(browser, lasts_ms=HOUR_MS)
    assert isinstance(found, Tombstone)
    assert (found.reason, found.ended_at) == (EndReason.EXPIRED, browser.issued_at + HOUR_MS)
    assert await scene.check() is None
    assert await scene.listed() == []


async def test_a_session_begun_for_less_time_is_expired_though_the_limit_has_grown(scene: Scene) -> None:
    browser = await scene.login()
    await scene.visit(browser, lasts_ms=HOUR_MS)
    scene.clock.advance(2 * HOUR_MS)
    again = await scene.visit(browser, lasts_ms=3 * HOUR_MS)
    assert isinstance(again, Tombstone)
    assert again.reason is EndReason.EXPIRED


async def test_a_session_that_went_idle_stays_away_for_good(scene: Scene, store_url: str) -> None:
    browser = await scene.login()
    session = await scene.visit(browser, idle_timeout_s=60)
    assert isinstance(session, ApplicationSession)
    server = RedisServer.looking_at(store_url)
    key = store_keys.application(session.cookie_hash, session.endpoint.id)
    assert 0 < server.pttl(key) <= 60_000
    server.pexpire(key, 0)
    scene.clock.advance(70_000)
    await scene.store.touch([scene.touch(session)])
    again = await scene.visit(browser, idle_timeout_s=60)
    assert isinstance(again, Tombstone)
    assert (again.reason, again.endpoint_id) == (EndReason.IDLE, session.endpoint.id)
    assert again.ended_at == session.created_at + 60_000
    assert await scene.check() is None
    assert await scene.store.session(session.id) is None
    assert await scene.listed() == []
    assert isinstance(await scene.visit(browser, "wiki"), ApplicationSession)


async def test_a_touch_prolongs_the_idle_limit_and_never_past_the_end(scene: Scene, store_url: str) -> None:
    session = await scene.enter(idle_timeout_s=600)
    server = RedisServer.looking_at(store_url)
    key = store_keys.application(session.cookie_hash, session.endpoint.id)
    server.pexpire(key, 1000)
    await scene.store.touch([scene.touch(session)])
    assert 590_000 < server.pttl(key) <= 600_000
    scene.clock.advance(DAY_MS + HOUR_MS - 60_000)
    server.pexpire(key, 1000)
    await scene.store.touch([scene.touch(session)])
    assert 50_000 < server.pttl(key) <= 60_000


async def test_a_touch_never_shortens_a_life(scene: Scene, store_url: str) -> None:
    session = await scene.enter(idle_timeout_s=600)
    old = scene.touch(session)
    scene.clock.advance(300_000)
    await scene.store.touch([old])
    server = RedisServer.looking_at(store_url)
    assert server.pttl(store_keys.application(session.cookie_hash, session.endpoint.id)) > 590_000


async def test_a_touch_is_known_at_once(scene: Scene) -> None:
    session = await scene.enter()
    scene.clock.advance(5000)
    elsewhere = Context(ip_address="198.51.100.9", user_agent=UserAgent(raw="curl/8", browser_name="curl"))
    await scene.store.touch([scene.touch(session, requests=3, context=elsewhere)])
    view = await scene.store.session(session.id)
    assert view is not None
    assert view.session == session
    assert (view.activity.last_active, view.activity.requests) == (scene.clock(), 3)
    assert view.activity.context == elsewhere
    user = await scene.store.user(session.user_id)
    assert user is not None
    assert (user.last_active, user.sessions) == (view.activity.last_active, 1)


async def test_touches_add_up_and_an_older_one_does_not_turn_time_back(scene: Scene) -> None:
    session = await scene.enter()
    old = scene.touch(session, requests=2)
    scene.clock.advance(5000)
    new = scene.touch(session, requests=3)
    await scene.store.touch([new])
    await scene.store.touch([old])
    user = await scene.store.user(session.user_id)
    assert user is not None
    assert user.last_active == new.at_ms
    view = await scene.store.session(session.id)
    assert view is not None
    assert (view.activity.last_active, view.activity.requests) == (new.at_ms, 5)
    assert view.activity.context == CONTEXT


async def test_the_latest_context_stays_in_whatever_order_touches_come(scene: Scene) -> None:
    session = await scene.enter()
    earlier, later = (
        Context(ip_address="198.51.100.1"),
        Context(ip_address="198.51.100.2", network="reserved"),
    )
    seen_early = scene.touch(session, context=earlier)
    scene.clock.advance(300)
    seen_late = scene.touch(session, context=later)
    scene.clock.advance(300)
    still_active = replace(seen_early, at_ms=scene.clock(), context_at_ms=seen_early.at_ms)
    await scene.store.touch([seen_late])
    await scene.store.touch([still_active, scene.touch(session)])
    view = await scene.store.session(session.id)
    assert view is not None
    assert (view.activity.context, view.activity.last_active) == (later, scene.clock())


async def test_more_touches_than_a_batch_all_arrive(scene: Scene) -> None:
    session = await scene.enter()
    await scene.store.touch([scene.touch(session) for _ in range(250)])
    view = await scene.store.session(session.id)
    assert view is not None
    assert view.activity.requests == 250


@pytest.mark.parametrize("act", ["browser session", "application session", "user"])
async def test_a_touch_never_revives(scene: Scene, store_url: str, act: str) -> None:
    session = await scene.enter(idle_timeout_s=600)
    if act == "browser session":
        await scene.store.end_browser_session(session.cookie_hash, EndReason.LOGOUT, "ada")
    elif act == "application session":
        await scene.store.end_application_session(session.id, EndReason.REVOKED, "root")
    else:
        await scene.store.delete_user(session.user_id, "root")
    before = await scene.check()
    server = RedisServer.looking_at(store_url)
    standing = {key: server.dump(key) for key in server.keys("*")}
    scene.clock.advance(1000)
    await scene.store.touch([scene.touch(session, context=CONTEXT)])
    assert isinstance(before, Tombstone)
    assert await scene.check() == before
    assert {key: server.dump(key) for key in server.keys("*")} == standing


async def test_a_touch_of_a_deleted_user_leaves_no_trace(scene: Scene, store_url: str) -> None:
    """The record may still stand when the touch reaches it and be gone when the user's turn comes."""
    session = await scene.enter()
    server = RedisServer.looking_at(store_url)
    server.delete(store_keys.user(session.user_tag))
    await scene.store.touch([scene.touch(session)])
    assert server.exists(store_keys.last_active(session.user_tag)) == 0


async def test_a_record_of_an_unknown_format_is_no_verdict(scene: Scene, store_url: str) -> None:
    session = await scene.enter()
    key = store_keys.application(session.cookie_hash, session.endpoint.id)
    server = RedisServer.looking_at(store_url)
    server.set(key, b"A2" + server.get(key)[2:])
    value = await scene.store.check(session.cookie_hash, session.endpoint.id)
    assert value is not None
    with pytest.raises(StoreUnavailable):
        decode(value, ApplicationSession)


async def test_an_endpoint_id_of_another_shape_is_refused(scene: Scene) -> None:
    """A tombstone made by the script must be as long as every other."""
    browser = await scene.login()
    with pytest.raises(ValueError, match="endpoint"):
        await scene.store.start_application_session(
            browser,
            Endpoint(id=EndpointId("app"), public_url="https://app", tunnel="app"),
            expires_at=browser.expires_at,
            idle_timeout_s=0,
            context=CONTEXT,
        )
