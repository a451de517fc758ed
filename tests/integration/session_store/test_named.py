"""Ends by the names that a provider gives: what they end, what they leave, and what they leave behind."""

import pytest

from session_store import (
    ApplicationSession,
    BrowserSession,
    EndReason,
    LoginOvertaken,
    Store,
    StoreTime,
    Tombstone,
    keys,
)
from session_store.named import END_REMEMBERED_MS
from session_store.notices import read_notice
from session_store.records import name_tag
from tests.integration.session_store.named_logins import OTHER_PROVIDER, PROVIDER, end, lives, sign_in
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, cookie, endpoint

ANY_NAMES = {
    "nothing": "",
    "zero byte": "\x00",
    "line end": "a\r\nb",
    "braces": "}{H}:",
    "beyond the base plane": "\U0001f511 ключ",
    "half a surrogate pair": "\ud800",
    "long": "x" * 100_000,
}


async def test_an_end_by_a_name_ends_all_that_has_it_and_nothing_else(scene: Scene) -> None:
    laptop = await sign_in(scene, "laptop", "sid 1", "sub ada")
    phone = await sign_in(scene, "phone", "sid 2", "sub ada")
    for browser in (laptop, phone):
        for where in ("app", "wiki"):
            await scene.visit(browser, where)
    other = await scene.visit(await sign_in(scene, "eve's", "sid 3", "sub eve", who="eve"))
    assert await end(scene, "sid 1") == 1
    assert not await lives(scene, "laptop", "app", "wiki")
    assert await lives(scene, "phone")
    assert await end(scene, "sub ada") == 1
    assert not await lives(scene, "phone", "app", "wiki")
    assert isinstance(other, ApplicationSession)
    assert await scene.listed() == [other.id]


async def test_an_end_by_a_name_says_why_and_who(scene: Scene) -> None:
    browser = await sign_in(scene, "laptop", "sid")
    await scene.visit(browser)
    await scene.store.end_provider_sessions(PROVIDER, ["sid"], EndReason.SAML_LOGOUT, "corp")
    for found in (await scene.check(), await scene.store.browser_session(cookie("laptop"))):
        assert isinstance(found, Tombstone)
        assert (found.reason, found.ended_by, found.ended_at) == (
            EndReason.SAML_LOGOUT,
            "corp",
            scene.clock(),
        )
    assert isinstance(await scene.visit(browser), Tombstone)


async def test_an_end_by_several_names_ends_what_has_any_and_counts_each_session_once(scene: Scene) -> None:
    await sign_in(scene, "laptop", "sid 1", "sub")
    await sign_in(scene, "phone", "sid 2", "sub")
    await sign_in(scene, "tablet", "sid 3")
    assert await end(scene, "sid 1", "sub", "sub", "sid 3", "unknown") == 3
    for by in ("laptop", "phone", "tablet"):
        assert not await lives(scene, by)


async def test_an_end_can_be_repeated_and_counts_what_was_live(scene: Scene) -> None:
    await sign_in(scene, "laptop", "sid", "sub")
    assert [await end(scene, "sid"), await end(scene, "sid"), await end(scene, "sub")] == [1, 0, 0]


async def test_the_first_end_stands(scene: Scene) -> None:
    await scene.visit(await sign_in(scene, "laptop", "sid"))
    await scene.store.end_browser_session(cookie("laptop"), EndReason.LOGOUT, "ada")
    assert await end(scene, "sid") == 0
    assert await scene.end_reason() is EndReason.LOGOUT


async def test_no_names_end_nothing(scene: Scene, store_url: str) -> None:
    await sign_in(scene, "laptop", "sid")
    before = RedisServer.looking_at(store_url).keys("*")
    assert await end(scene) == 0
    assert await lives(scene, "laptop")
    assert sorted(RedisServer.looking_at(store_url).keys("*")) == sorted(before)


async def test_two_providers_with_the_same_name_do_not_meet(scene: Scene) -> None:
    await sign_in(scene, "laptop", "sid")
    begun_at = await scene.store.now()
    assert await end(scene, "sid", provider=OTHER_PROVIDER) == 0
    assert await lives(scene, "laptop")
    await sign_in(scene, "phone", "sid", begun_at=begun_at)
    with pytest.raises(LoginOvertaken):
        await sign_in(scene, "eve's", "sid", begun_at=begun_at, provider=OTHER_PROVIDER)


@pytest.mark.parametrize("name", ANY_NAMES.values(), ids=ANY_NAMES.keys())
async def test_a_name_is_any_text(scene: Scene, name: str) -> None:
    await sign_in(scene, "laptop", name)
    await sign_in(scene, "phone", name + " ")
    assert await end(scene, name) == 1
    assert not await lives(scene, "laptop")
    assert await lives(scene, "phone")


async def test_a_login_begun_before_an_end_is_refused_whole_and_one_begun_after_is_let_in(
    scene: Scene, store_url: str
) -> None:
    begun_at = await scene.store.now()
    assert await end(scene, "sid") == 0
    for names in (["sid"], ["other", "sid"], ["sid", "other"]):
        with pytest.raises(LoginOvertaken, match="the provider ended this session"):
            await sign_in(scene, "laptop", *names, begun_at=begun_at, memory=b"hint")
    assert (await scene.store.users(limit=100, before=None)).items == []
    kinds = {key.split(b":")[1] for key in RedisServer.looking_at(store_url).keys("*")}
    assert kinds <= {b"o", b"oe"}
    await sign_in(scene, "phone", "sid")
    assert await lives(scene, "phone")


async def test_a_login_begun_in_the_microsecond_of_an_end_is_refused(scene: Scene, store_url: str) -> None:
    await end(scene, "sid")
    at = StoreTime(int(RedisServer.looking_at(store_url).get(keys.named_end(name_tag(PROVIDER, "sid")))))
    with pytest.raises(LoginOvertaken):
        await sign_in(scene, "laptop", "sid", begun_at=at)
    await sign_in(scene, "laptop", "sid", begun_at=StoreTime(at + 1))


async def test_a_login_under_other_names_or_none_is_not_concerned(scene: Scene) -> None:
    begun_at = await scene.store.now()
    await end(scene, "sid")
    await sign_in(scene, "laptop", "another sid", begun_at=begun_at)
    await sign_in(scene, "phone", begun_at=begun_at)


async def test_an_end_is_remembered_for_as_long_as_a_login_can_take(scene: Scene, store_url: str) -> None:
    """And a login that takes longer is refused, though nobody remembers an end."""
    await end(scene, "sid")
    left = RedisServer.looking_at(store_url).pttl(keys.named_end(name_tag(PROVIDER, "sid")))
    assert END_REMEMBERED_MS - 60_000 < left <= END_REMEMBERED_MS
    now = await scene.store.now()
    late = StoreTime(now - END_REMEMBERED_MS * 1000)
    with pytest.raises(LoginOvertaken):
        await sign_in(scene, "laptop", "a sid that nobody ended", begun_at=late)
    await sign_in(scene, "laptop", "a sid that nobody ended", begun_at=StoreTime(late + 60_000_000))
    await sign_in(scene, "phone", begun_at=late)


async def test_an_end_is_never_noted_earlier_than_it_was(scene: Scene, store_url: str) -> None:
    """A store whose clock was set back forgets no end."""
    later = await scene.store.now() + 3_600_000_000
    server, place = RedisServer.looking_at(store_url), keys.named_end(name_tag(PROVIDER, "sid"))
    server.set(place, later)
    await end(scene, "sid")
    assert int(server.get(place)) == later
    assert server.pttl(place) > 0


@pytest.mark.parametrize("askew_ms", [-10 * HOUR_MS, 10 * HOUR_MS], ids=["behind", "ahead"])
async def test_a_login_and_an_end_are_told_apart_whatever_the_clocks_of_their_workers_say(
    scene: Scene, store_url: str, askew_ms: int
) -> None:
    await scene.visit(await sign_in(scene, "laptop", "sid"))
    begun_at = await scene.store.now()
    other = Store.open(store_url, secrets=["secret"], now_ms=lambda: scene.clock() + askew_ms)
    try:
        assert await end(Scene(other), "sid") == 1
    finally:
        await other.close()
    assert not await lives(scene, "laptop")
    with pytest.raises(LoginOvertaken):
        await sign_in(scene, "phone", "sid", begun_at=begun_at)
    await sign_in(scene, "phone", "sid")


@pytest.mark.parametrize("read_at_once", [70, 230, 1000])
async def test_an_end_by_a_name_of_more_sessions_than_a_batch_ends_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, read_at_once: int
) -> None:
    monkeypatch.setattr("session_store.named._READ_AT_ONCE", read_at_once)
    browsers = [await sign_in(scene, f"browser {number}", "sub") for number in range(230)]
    for browser in browsers[::10]:
        await scene.visit(browser)
    assert await end(scene, "sub") == 230
    for browser in browsers:
        assert isinstance(await scene.store.browser_session(browser.cookie_hash), Tombstone)
    for browser in browsers[::10]:
        found = await scene.store.check(browser.cookie_hash, endpoint("app").id)
        assert (found or b"")[:1] == b"T"
    assert await scene.listed() == []


async def test_a_login_entered_and_not_yet_written_is_ended_before_it_comes(
    scene: Scene, store_url: str
) -> None:
    """As after a crash between the two: the tombstone stands where the record would come."""
    index = keys.named_browsers(name_tag(PROVIDER, "sid"))
    entry = {keys.tag(cookie("laptop")): scene.clock() + DAY_MS}
    RedisServer.looking_at(store_url).zadd(index, entry)
    assert await end(scene, "sid") == 0
    assert isinstance(await scene.store.browser_session(cookie("laptop")), Tombstone)
    with pytest.raises(LoginOvertaken):
        await sign_in(scene, "laptop", "sid")


async def test_a_session_that_this_version_cannot_read_is_ended_all_the_same(
    scene: Scene, store_url: str
) -> None:
    await sign_in(scene, "laptop", "sid")
    RedisServer.looking_at(store_url).set(keys.browser(cookie("laptop")), b"B9\xff", keepttl=True)
    assert await end(scene, "sid") == 1
    assert isinstance(await scene.store.browser_session(cookie("laptop")), Tombstone)


async def test_whoever_listens_is_told_of_an_end_by_a_name(scene: Scene, store_url: str) -> None:
    await sign_in(scene, "laptop", "sid")
    with RedisServer.looking_at(store_url).pubsub() as heard:
        heard.subscribe(keys.ENDED)
        assert heard.get_message(timeout=10)["type"] == "subscribe"
        await end(scene, "sid")
        message = heard.get_message(timeout=10)
    told = read_notice(message["data"])
    assert told is not None
    assert (told.cookie_hash, told.endpoint_id, told.ended_at) == (cookie("laptop"), None, scene.clock())


async def test_an_end_by_a_name_takes_what_it_ended_out_of_every_index(scene: Scene, store_url: str) -> None:
    ended = await sign_in(scene, "laptop", "sid", "sub")
    await scene.visit(ended)
    kept = await scene.visit(await sign_in(scene, "phone", "sid 2", "sub"))
    assert isinstance(kept, ApplicationSession)
    await end(scene, "sid")
    server = RedisServer.looking_at(store_url)
    assert server.exists(keys.named_browsers(name_tag(PROVIDER, "sid"))) == 0
    assert server.zrange(keys.user_browsers(ended.user_tag), 0, -1) == [keys.tag(cookie("phone"))]
    assert server.zrange(keys.user_applications(ended.user_tag), 0, -1) == [kept.id.encode()]
    assert server.zrange(keys.SESSIONS, 0, -1) == [kept.id.encode()]


async def test_an_index_of_names_outlives_its_longest_session_and_no_more(
    scene: Scene, store_url: str
) -> None:
    server, index = RedisServer.looking_at(store_url), keys.named_browsers(name_tag(PROVIDER, "sub"))
    for by, lasts_ms in (("laptop", DAY_MS), ("phone", 2 * DAY_MS), ("tablet", HOUR_MS)):
        await sign_in(scene, by, "sub", lasts_ms=lasts_ms)
    assert 2 * DAY_MS < server.pttl(index) <= 2 * DAY_MS + keys.GRACE_MS
    assert server.pttl(index) >= server.pttl(keys.browser(cookie("phone"))) - 60_000


async def test_entries_that_are_over_go_at_the_next_login_under_the_name(
    scene: Scene, store_url: str
) -> None:
    server, index = RedisServer.looking_at(store_url), keys.named_browsers(name_tag(PROVIDER, "sub"))
    await sign_in(scene, "laptop", "sub")
    server.zadd(index, {keys.tag(cookie("laptop")): scene.clock() - HOUR_MS})
    await sign_in(scene, "phone", "sub")
    assert server.zrange(index, 0, -1) == [keys.tag(cookie("phone"))]


async def test_a_login_without_names_enters_nothing(scene: Scene, store_url: str) -> None:
    browser = await sign_in(scene, "laptop")
    assert isinstance(browser, BrowserSession)
    assert RedisServer.looking_at(store_url).keys("ow:o*") == []
