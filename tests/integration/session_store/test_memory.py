"""What a login leaves for its session: sealed, told while that lives, gone in the step that ends it."""

from collections.abc import Awaitable, Callable

import pytest

from session_store import ApplicationSession, EndReason, LoginOvertaken, Store, UserId, keys
from session_store.records import encode
from tests.integration.session_store.named_logins import end, sign_in
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, cookie

HINT = b"a hint for the provider \x00\xff"


async def test_a_memory_is_told_while_the_session_lives_and_to_no_other(scene: Scene) -> None:
    await sign_in(scene, "laptop", memory=HINT)
    await sign_in(scene, "phone", memory=b"another")
    assert await scene.store.session_memory(cookie("laptop")) == HINT
    assert await scene.store.session_memory(cookie("laptop")) == HINT
    assert await scene.store.session_memory(cookie("phone")) == b"another"
    assert await scene.store.session_memory(cookie("made up")) is None


async def test_a_memory_cannot_be_read_in_the_store_nor_moved_to_another_session(
    scene: Scene, store_url: str
) -> None:
    await sign_in(scene, "laptop", memory=HINT)
    await sign_in(scene, "phone", memory=b"another")
    server = RedisServer.looking_at(store_url)
    sealed = server.get(keys.memory(cookie("laptop")))
    for key in server.keys("*"):
        assert HINT[:10] not in server.dump(key), key
    server.set(keys.memory(cookie("phone")), sealed)
    assert await scene.store.session_memory(cookie("phone")) is None


async def test_a_memory_is_opened_by_a_later_secret_that_keeps_the_first_and_by_no_stranger(
    scene: Scene, store_url: str
) -> None:
    await sign_in(scene, "laptop", memory=HINT)
    told = []
    for secrets in (["a newer secret", "a secret of the tests, 32 long.."], ["another secret"]):
        store = Store.open(store_url, secrets=secrets)
        try:
            told.append(await store.session_memory(cookie("laptop")))
        finally:
            await store.close()
    assert told == [HINT, None]


async def test_a_memory_lives_no_longer_than_its_session(scene: Scene, store_url: str) -> None:
    await sign_in(scene, "laptop", memory=HINT, lasts_ms=HOUR_MS)
    left = RedisServer.looking_at(store_url).pttl(keys.memory(cookie("laptop")))
    assert HOUR_MS - 60_000 < left <= HOUR_MS


async def test_no_memory_is_written_where_none_is_given(scene: Scene, store_url: str) -> None:
    browser = await sign_in(scene, "laptop")
    assert await scene.store.session_memory(cookie("laptop")) is None
    assert RedisServer.looking_at(store_url).keys("ow:m:*") == []
    assert await scene.store.browser_session(cookie("laptop")) == browser


async def test_a_login_that_came_too_late_leaves_no_memory(scene: Scene, store_url: str) -> None:
    """Neither over a tombstone nor over another's session."""
    await sign_in(scene, "laptop", memory=HINT)
    await sign_in(scene, "phone")
    await scene.store.end_browser_session(cookie("phone"), EndReason.LOGOUT, "ada")
    for by in ("laptop", "phone"):
        with pytest.raises(LoginOvertaken):
            await sign_in(scene, by, who="eve", memory=b"another")
    assert await scene.store.session_memory(cookie("laptop")) == HINT
    assert RedisServer.looking_at(store_url).exists(keys.memory(cookie("phone"))) == 0


async def test_a_session_written_by_an_earlier_version_has_no_memory_and_ends_like_any(
    scene: Scene, store_url: str
) -> None:
    browser = await sign_in(scene, "laptop")
    server = RedisServer.looking_at(store_url)
    server.set(keys.browser(cookie("laptop")), encode(browser), px=DAY_MS)
    assert await scene.store.session_memory(cookie("laptop")) is None
    assert isinstance(await scene.visit(browser), ApplicationSession)
    assert await scene.store.end_browser_session(cookie("laptop"), EndReason.LOGOUT, "ada")


async def test_a_memory_that_an_earlier_version_left_behind_at_an_end_is_not_told(
    scene: Scene, store_url: str
) -> None:
    await sign_in(scene, "laptop", memory=HINT)
    server, place = RedisServer.looking_at(store_url), keys.memory(cookie("laptop"))
    sealed = server.get(place)
    await scene.store.end_browser_session(cookie("laptop"), EndReason.LOGOUT, "ada")
    server.set(place, sealed)
    assert await scene.store.session_memory(cookie("laptop")) is None


End = Callable[[Scene, ApplicationSession], Awaitable[object]]
ENDS: dict[str, End] = {
    "logout": lambda s, a: s.store.end_browser_session(a.cookie_hash, EndReason.LOGOUT, "ada"),
    "last application session": lambda s, a: s.store.end_application_session(a.id, EndReason.REVOKED, "root"),
    "deletion of the user": lambda s, a: s.store.delete_user(UserId(a.user_id), "root"),
    "end by the provider": lambda s, a: end(s, "sid"),
}


@pytest.mark.parametrize("act", ENDS)
async def test_a_memory_goes_with_every_kind_of_end_and_no_other_does(
    scene: Scene, store_url: str, act: str
) -> None:
    session = await scene.visit(await sign_in(scene, "laptop", "sid", memory=HINT))
    assert isinstance(session, ApplicationSession)
    await sign_in(scene, "eve's", "sid 2", who="eve", memory=b"another")
    assert await ENDS[act](scene, session)
    assert await scene.store.session_memory(cookie("laptop")) is None
    assert RedisServer.looking_at(store_url).keys("ow:m:*") == [keys.memory(cookie("eve's"))]


async def test_a_memory_stays_while_another_application_session_lives(scene: Scene) -> None:
    browser = await sign_in(scene, "laptop", memory=HINT)
    app, wiki = await scene.visit(browser, "app"), await scene.visit(browser, "wiki")
    assert isinstance(app, ApplicationSession)
    assert isinstance(wiki, ApplicationSession)
    await scene.store.end_application_session(app.id, EndReason.REVOKED, "root")
    assert await scene.store.session_memory(cookie("laptop")) == HINT
    await scene.store.end_application_session(wiki.id, EndReason.REVOKED, "root")
    assert await scene.store.session_memory(cookie("laptop")) is None
