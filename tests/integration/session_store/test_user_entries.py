"""By what a user is found: words follow what the provider says, and go with the user, who goes in time."""

from collections import Counter

import msgspec
import pytest

from session_store import (
    EndReason,
    IdSource,
    LoginOvertaken,
    Principal,
    Retention,
    Search,
    Wanted,
    keys,
)
from tests.integration.session_store.keyspace import members, strays, traces
from tests.integration.session_store.sweeping import Sweeping, sweeping
from tests.support.interleaving import every_merge
from tests.support.races import Hands
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, person

MINUTE_MS = 60_000
ADA = msgspec.structs.replace(
    person("1815"), name="Augusta Ada King", username="ada", email="ada@old.example"
)
RENAMED = msgspec.structs.replace(ADA, name="Augusta Ada Lovelace", email="ada@new.example")


def words(url: str) -> set[str]:
    """The words that find anybody."""
    return {member.rpartition(b"\0")[0].decode() for member in members(url, keys.USER_WORDS)}


def words_of(principal: Principal) -> set[str]:
    """Those that find Ada, or whoever she is called now."""
    named = principal.name.casefold()
    return {"\1corp", "1815", principal.username, principal.email, named, *named.split()[1:]}


async def found(scene: Scene, text: str) -> int:
    return len((await scene.store.users(limit=9, before=None, wanted=Wanted(search=Search(text)))).items)


async def test_after_a_login_that_tells_a_new_name_the_old_one_finds_nobody(
    scene: Scene, store_url: str
) -> None:
    await scene.login(told=ADA)
    assert words(store_url) == words_of(ADA)
    assert (await found(scene, "king"), await found(scene, "ada@old")) == (1, 1)
    await scene.login(by="phone", told=RENAMED)
    assert words(store_url) == words_of(RENAMED)
    assert (await found(scene, "king"), await found(scene, "lovel"), await found(scene, "ada@old")) == (
        0,
        1,
        0,
    )


async def test_after_a_refresh_that_tells_a_new_name_the_old_one_finds_nobody(
    scene: Scene, store_url: str
) -> None:
    browser = await scene.login(told=ADA)
    assert await scene.store.finish_refresh(
        browser,
        "holder",
        principal=RENAMED,
        refreshed_at=scene.clock(),
        access_token="",
        memory=b"",
    )
    assert words(store_url) == words_of(RENAMED)
    assert await found(scene, "lovel") == 1


async def test_after_a_deletion_no_word_finds_anybody(scene: Scene, store_url: str) -> None:
    browser = await scene.login(told=ADA)
    other = await scene.login("eve", "eve's")
    await scene.store.delete_user(browser.user_id, "root")
    assert words(store_url) == {"\1corp", "eve", "eve@example.com"}
    assert members(store_url, keys.USERS) == members(store_url, keys.USERS_ACTIVE) == {other.user_id.encode()}


async def test_a_login_under_way_leaves_no_entry_of_whom_a_deletion_reached(
    hands: Hands, store_url: str
) -> None:
    """It tells a new name."""
    seen: Counter[str] = Counter()
    server = RedisServer.looking_at(store_url)
    async for schedule in every_merge():
        scene = hands.scene
        server.flushdb()
        standing = await scene.login(told=ADA)
        begun_at = await scene.store.now()
        deleted, login = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=hands.two.login(by="phone", told=RENAMED, begun_at=begun_at),
        )
        assert deleted is True
        assert words(store_url) == set()
        assert server.keys("ow:n:*") == server.keys("ow:x:users*") == []
        seen[type(login).__name__] += 1
    assert set(seen) == {"BrowserSession", LoginOvertaken.__name__}


async def test_a_refresh_under_way_leaves_no_entry_of_whom_a_deletion_reached(
    hands: Hands, store_url: str
) -> None:
    rounds = 0
    server = RedisServer.looking_at(store_url)
    async for schedule in every_merge():
        scene = hands.scene
        server.flushdb()
        standing = await scene.login(told=ADA)
        deleted, _ = await hands.race(
            schedule,
            one=hands.one.store.delete_user(standing.user_id, "root"),
            two=hands.two.store.finish_refresh(
                standing,
                "holder",
                principal=RENAMED,
                refreshed_at=scene.clock(),
                access_token="",
                memory=b"",
            ),
        )
        assert deleted is True
        assert words(store_url) == set()
        assert server.keys("ow:n:*") == server.keys("ow:x:users*") == []
        rounds += 1
    assert rounds > 20


async def test_what_a_login_that_died_has_entered_goes_with_the_sweep(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    """It entered a user, and a new name of another, and wrote neither."""
    ids = IdSource(now_s=lambda: scene.clock() / 1000)
    await scene.login(told=ADA)
    user_id = ids.user()
    server = RedisServer.looking_at(store_url)
    server.set(keys.user_tag_of(user_id), "a tag without a record")
    for index in (keys.USERS, keys.USERS_ACTIVE):
        server.zadd(index, {user_id: 0})
    server.zadd(keys.USER_WORDS, {b"nobody\0" + user_id[-27:].encode(): 0})
    await sweeper.all()
    assert "nobody" in words(store_url)
    assert user_id.encode() in members(store_url, keys.USERS)
    scene.clock.advance(2 * MINUTE_MS)
    await sweeper.all()
    assert words(store_url) == words_of(ADA)
    assert strays(store_url, scene.clock()) == []
    assert traces(store_url, user_id, "nobody") == []


async def test_a_user_whose_record_cannot_be_read_stays_listed_and_the_others_are_swept(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    unreadable, gone = await scene.login(), await scene.login("eve", "eve's")
    server = RedisServer.looking_at(store_url)
    server.set(keys.user(unreadable.user_tag), b"U2 of a newer version")
    server.delete(keys.user(gone.user_tag))
    scene.clock.advance(2 * MINUTE_MS)
    await sweeper.all()
    assert members(store_url, keys.USERS) == {unreadable.user_id.encode()}
    assert server.exists(keys.user_tag_of(unreadable.user_id))


async def test_a_user_who_was_not_seen_for_as_long_as_is_said_is_deleted(
    scene: Scene, store_url: str
) -> None:
    gone = await scene.login(told=ADA)
    scene.clock.advance(HOUR_MS)
    seen = await scene.login("eve", "eve's")
    async with sweeping(store_url, scene.clock, Retention(user=7 * DAY_MS)) as sweeper:
        scene.clock.advance(7 * DAY_MS - HOUR_MS)
        await sweeper.all()
        assert await scene.store.user(gone.user_id) is not None
        scene.clock.advance(1)
        await sweeper.all()
    assert await scene.store.user(gone.user_id) is None
    assert await scene.store.user(seen.user_id) is not None
    assert words(store_url) == {"\1corp", "eve", "eve@example.com"}
    (told,) = (await scene.store.events(limit=9, before=None, types=frozenset({"user_deleted"}))).items
    assert (told.event.actor, told.event.user_id) == ("time", gone.user_id)
    assert told.event.details == {"note": "not seen for store.user_retention"}


@pytest.mark.parametrize("seen_by", ["a request", "a login", "a session that lives"])
async def test_a_user_who_was_seen_or_has_a_session_stays(
    scene: Scene, store_url: str, sweeper: Sweeping, seen_by: str
) -> None:
    browser = await scene.login(lasts_ms=200 * DAY_MS)
    session = await scene.visit(browser, lasts_ms=(200 if seen_by == "a session that lives" else 60) * DAY_MS)
    scene.clock.advance(50 * DAY_MS)
    if seen_by == "a request":
        await scene.store.touch([scene.touch(session)])  # type: ignore[arg-type]
    elif seen_by == "a login":
        await scene.login(by="phone")
    scene.clock.advance(80 * DAY_MS)
    for _ in range(2):
        await sweeper.all()
    assert await scene.store.user(browser.user_id) is not None
    if seen_by == "a session that lives":
        await scene.store.end_browser_session(browser.cookie_hash, EndReason.LOGOUT, "ada")
    scene.clock.advance(91 * DAY_MS)
    await sweeper.all()
    assert await scene.store.user(browser.user_id) is None


async def test_a_user_stays_whose_last_login_the_list_has_missed(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    browser = await scene.login()
    RedisServer.looking_at(store_url).zadd(keys.USERS_ACTIVE, {browser.user_id: 1})
    await sweeper.all()
    assert await scene.store.user(browser.user_id) is not None


async def test_any_number_of_users_who_were_not_seen_go_in_one_sweep(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    """More than are looked at at once, with as many who have sessions and stay."""
    for number in range(110):
        await scene.login(f"gone {number}", f"gone {number}", lasts_ms=DAY_MS)
        browser = await scene.login(f"here {number}", f"here {number}", lasts_ms=200 * DAY_MS)
        await scene.visit(browser, lasts_ms=200 * DAY_MS)
    scene.clock.advance(100 * DAY_MS)
    await sweeper.all()
    assert len(members(store_url, keys.USERS)) == 110
    assert not [word for word in words(store_url) if word.startswith("gone")]


async def test_a_block_stays_when_its_user_was_not_seen_for_long(scene: Scene, sweeper: Sweeping) -> None:
    browser = await scene.login()
    stands = await scene.store.block_user(browser.user_id, until=None, reason="", by="root")
    scene.clock.advance(100 * DAY_MS)
    await sweeper.all()
    assert await scene.store.user(browser.user_id) is None
    assert await scene.store.blocks() == [stands]
