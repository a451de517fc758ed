"""Logins against a real store: what they leave behind, what is taken once, what a deletion does to them."""

import asyncio

import pytest

from session_store import BrowserSession, LoginOvertaken, Store, StoreUnavailable, user_tag
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, cookie, person


async def test_a_login_makes_the_user_and_the_browser_session(scene: Scene) -> None:
    browser = await scene.login("ada", "laptop")
    assert await scene.store.browser_session(cookie("laptop")) == browser
    view = await scene.store.user(browser.user_id)
    assert view is not None
    assert view.user.principal == person("ada")
    assert view.user.tag == user_tag("https://id.example.com", "ada") == browser.user_tag
    assert view.user.provider_name == "Corp"
    assert view.user.created_at == view.user.last_login == browser.issued_at
    assert (view.sessions, view.last_active) == (0, browser.issued_at)


async def test_a_second_login_keeps_the_user_and_renews_what_the_provider_says(scene: Scene) -> None:
    first = await scene.login("ada", "laptop")
    scene.clock.advance(HOUR_MS)
    second = await scene.login("ada", "phone")
    assert second.user_id == first.user_id
    view = await scene.store.user(first.user_id)
    assert view is not None
    assert view.user.created_at == first.issued_at
    assert view.user.last_login == second.issued_at


async def test_subjects_that_differ_in_case_are_two_users(scene: Scene) -> None:
    assert (await scene.login("bob", "one")).user_id != (await scene.login("Bob", "two")).user_id


async def test_logins_of_one_person_at_once_make_one_user(scene: Scene) -> None:
    logins = await asyncio.gather(*(scene.login("ada", f"browser {number}") for number in range(20)))
    assert len({browser.user_id for browser in logins}) == 1
    assert [view.user.id for view in (await scene.store.users(limit=100, before=None)).items] == [
        logins[0].user_id
    ]


async def test_a_cookie_in_use_is_never_given_to_another_login(scene: Scene) -> None:
    browser = await scene.login("ada", "laptop")
    with pytest.raises(LoginOvertaken):
        await scene.login("eve", "laptop")
    assert await scene.store.browser_session(cookie("laptop")) == browser


async def test_a_login_begun_before_the_deletion_is_refused_and_one_begun_after_makes_a_new_user(
    scene: Scene,
) -> None:
    old = await scene.login("ada", "laptop")
    begun_at = await scene.store.now()
    assert await scene.store.delete_user(old.user_id, "root")
    with pytest.raises(LoginOvertaken):
        await scene.login("ada", "phone", begun_at=begun_at)
    assert (await scene.store.users(limit=100, before=None)).items == []
    new = await scene.login("ada", "phone")
    assert new.user_id != old.user_id
    assert await scene.store.browser_session(cookie("phone")) == new


@pytest.mark.parametrize("askew_ms", [-10 * HOUR_MS, 10 * HOUR_MS], ids=["behind", "ahead"])
async def test_a_login_and_a_deletion_are_told_apart_whatever_the_clocks_of_their_workers_say(
    scene: Scene, store_url: str, askew_ms: int
) -> None:
    """Each step in a worker whose clock is ten hours off from the others'."""
    standing = await scene.login("ada", "laptop")
    begun_at = await scene.store.now()
    admin = Store.open(store_url, secrets=["secret"], now_ms=lambda: scene.clock() + askew_ms)
    try:
        assert await admin.delete_user(standing.user_id, "root")
    finally:
        await admin.close()
    with pytest.raises(LoginOvertaken):
        await scene.login("ada", "phone", begun_at=begun_at)
    assert (await scene.store.users(limit=100, before=None)).items == []
    anew = await scene.login("ada", "phone")
    assert anew.user_id != standing.user_id
    assert await scene.store.browser_session(cookie("phone")) == anew


async def test_the_stores_time_is_that_of_the_server(scene: Scene, store_url: str) -> None:
    server = RedisServer.looking_at(store_url)
    scene.clock.advance(DAY_MS)
    seconds, microseconds = server.time()
    told = await scene.store.now()
    after_s, after_us = server.time()
    assert seconds * 1_000_000 + microseconds <= told <= after_s * 1_000_000 + after_us


async def test_a_generation_outlives_the_sessions_begun_under_it(scene: Scene, store_url: str) -> None:
    """Else a session begun late under it would seem to be of another, and end without anybody's doing."""
    await scene.store.delete_user((await scene.login()).user_id, "root")
    server = RedisServer.looking_at(store_url)
    generation = server.keys("ow:g:*")[0]
    server.pexpire(generation, HOUR_MS)
    await scene.login("ada", "phone", lasts_ms=30 * DAY_MS)
    assert server.pttl(generation) > 30 * DAY_MS


async def test_what_a_login_needs_is_taken_once(scene: Scene) -> None:
    await scene.store.save_login("state", b"transaction", 600)
    taken = await asyncio.gather(*(scene.store.take_login("state") for _ in range(10)))
    assert sorted(value for value in taken if value is not None) == [b"transaction"]


async def test_what_a_login_needs_is_stored_sealed_and_for_a_time(scene: Scene, store_url: str) -> None:
    await scene.store.save_login("state", b"a verifier and a nonce", 600)
    server = RedisServer.looking_at(store_url)
    (key,) = server.keys("ow:p:*")
    assert b"verifier" not in server.get(key)
    assert 590_000 < server.pttl(key) <= 600_000


async def test_a_login_survives_the_rotation_of_the_secret(scene: Scene, store_url: str) -> None:
    rotated = Store.open(store_url, secrets=["a newer secret", "a secret of the tests, 32 long.."])
    stranger = Store.open(store_url, secrets=["another secret"])
    await scene.store.save_login("state", b"transaction", 600)
    await scene.store.save_login("other", b"transaction", 600)
    try:
        assert await rotated.take_login("state") == b"transaction"
        assert await stranger.take_login("other") is None
    finally:
        await rotated.close()
        await stranger.close()


async def test_a_login_transaction_is_never_a_session(scene: Scene, store_url: str) -> None:
    """COOKIE-16, in the store: not even when its bytes stand where a session should."""
    await scene.store.save_login("state", b"transaction", 600)
    server = RedisServer.looking_at(store_url)
    sealed = server.get(server.keys("ow:p:*")[0])
    await scene.login()
    server.set(server.keys("ow:b:*")[0], sealed)
    with pytest.raises(StoreUnavailable, match="not a BrowserSession of a known format"):
        await scene.store.browser_session(cookie("laptop"))


async def test_failures_are_counted_within_their_window(scene: Scene, store_url: str) -> None:
    counted = [await scene.store.count_failure("192.0.2.1", 60) for _ in range(3)]
    assert counted == [1, 2, 3]
    assert await scene.store.count_failure("192.0.2.2", 60) == 1
    server = RedisServer.looking_at(store_url)
    assert {server.pttl(key) <= 60_000 and server.pttl(key) > 0 for key in server.keys("ow:f:*")} == {True}


async def test_another_sessions_record_is_never_returned(scene: Scene, store_url: str) -> None:
    await scene.login("ada", "laptop")
    await scene.login("eve", "phone")
    server = RedisServer.looking_at(store_url)
    one, two = server.keys("ow:b:*")
    ones, twos = server.get(one), server.get(two)
    server.set(one, twos)
    server.set(two, ones)
    for name in ("laptop", "phone"):
        with pytest.raises(StoreUnavailable, match="another session's record"):
            await scene.store.browser_session(cookie(name))


async def test_an_expired_browser_session_can_be_told_from_an_unknown_one(scene: Scene) -> None:
    browser = await scene.login()
    scene.clock.advance(DAY_MS)
    found = await scene.store.browser_session(cookie("laptop"))
    assert isinstance(found, BrowserSession)
    assert found == browser
    assert found.expires_at <= scene.clock()
    assert await scene.store.browser_session(cookie("made up")) is None
