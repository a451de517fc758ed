"""What happens once among all workers: uses, settlements; and looks that change nothing."""

import asyncio

import pytest

from session_store import Store, StoreRefused, keys
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene

ANY_TEXTS = {"nothing": "", "braces": "}{:", "half a surrogate pair": "\ud800", "long": "x" * 100_000}


async def test_what_is_used_once_is_used_by_one(scene: Scene) -> None:
    until = scene.clock() + HOUR_MS
    used = await asyncio.gather(*(scene.store.use_once("assertion", until) for _ in range(20)))
    assert sorted(used) == [False] * 19 + [True]
    assert await scene.store.use_once("another", until)
    assert not await scene.store.use_once("assertion", until + HOUR_MS)


@pytest.mark.parametrize("key", ANY_TEXTS.values(), ids=ANY_TEXTS.keys())
async def test_what_is_used_once_has_any_text_for_a_name(scene: Scene, store_url: str, key: str) -> None:
    until = scene.clock() + HOUR_MS
    assert [await scene.store.use_once(key, until), await scene.store.use_once(key, until)] == [True, False]
    (stands,) = RedisServer.looking_at(store_url).keys("*")
    assert len(stands) == len("ow:q:") + 22


async def test_a_use_is_remembered_until_the_time_that_was_said(scene: Scene, store_url: str) -> None:
    await scene.store.use_once("assertion", scene.clock() + HOUR_MS)
    left = RedisServer.looking_at(store_url).pttl(keys.used("assertion"))
    assert HOUR_MS - 60_000 < left <= HOUR_MS


@pytest.mark.parametrize("askew_ms", [-10 * HOUR_MS, 10 * HOUR_MS], ids=["behind", "ahead"])
async def test_a_workers_wrong_clock_neither_shortens_the_memory_of_a_use_nor_lets_a_late_one_pass(
    scene: Scene, store_url: str, askew_ms: int
) -> None:
    now = scene.clock()
    other = Store.open(store_url, secrets=["secret"], now_ms=lambda: now + askew_ms)
    try:
        assert await other.use_once("assertion", now + HOUR_MS)
        left = RedisServer.looking_at(store_url).pttl(keys.used("assertion"))
        assert HOUR_MS - 60_000 < left <= HOUR_MS
        assert not await other.use_once("late", now - HOUR_MS)
        assert not await scene.store.use_once("late", now - HOUR_MS)
    finally:
        await other.close()


async def test_failures_are_read_without_counting(scene: Scene) -> None:
    assert await scene.store.failures("192.0.2.1") == 0
    for _ in range(3):
        await scene.store.count_failure("192.0.2.1", 60)
    read = [await scene.store.failures(key) for key in ("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    assert read == [3, 3, 0]
    assert await scene.store.count_failure("192.0.2.1", 60) == 4


async def test_a_login_is_read_any_number_of_times_and_then_taken_once(scene: Scene, store_url: str) -> None:
    await scene.store.save_login("state", b"transaction", 600)
    assert [(await scene.store.read_login("state"))[0] for _ in range(2)] == [b"transaction"] * 2
    left = RedisServer.looking_at(store_url).pttl(keys.login("state"))
    assert 540_000 < left <= 600_000
    assert await scene.store.take_login("state") == b"transaction"
    assert (await scene.store.read_login("state"))[0] is None


async def test_a_login_sealed_by_a_stranger_is_not_read(scene: Scene, store_url: str) -> None:
    await scene.store.save_login("state", b"transaction", 600)
    stranger = Store.open(store_url, secrets=["another secret"])
    try:
        assert (await stranger.read_login("state"))[0] is None
    finally:
        await stranger.close()


async def test_what_was_settled_first_is_settled_for_all(scene: Scene) -> None:
    proposals = [b"key %d" % number for number in range(20)]
    settled = await asyncio.gather(*(scene.store.settle("sp key", proposal) for proposal in proposals))
    assert len(set(settled)) == 1
    assert settled[0] in proposals
    assert await scene.store.settle("sp key", b"late") == settled[0]
    assert await scene.store.settle("another key", b"late") == b"late"


async def test_what_is_settled_stands_for_good_and_sealed(scene: Scene, store_url: str) -> None:
    await scene.store.settle("sp key", b"-----BEGIN PRIVATE KEY-----")
    server, place = RedisServer.looking_at(store_url), keys.settled("sp key")
    scene.clock.advance(100 * DAY_MS)
    assert server.pttl(place) == -1
    assert b"PRIVATE" not in server.get(place)
    server.set(keys.settled("moved"), server.get(place))
    with pytest.raises(StoreRefused):
        await scene.store.settle("moved", b"late")


async def test_what_no_secret_opens_is_refused_in_words_and_never_replaced(
    scene: Scene, store_url: str
) -> None:
    await scene.store.settle("sp key", b"the first")
    stranger = Store.open(store_url, secrets=["another secret"])
    rotated = Store.open(store_url, secrets=["another secret", "a secret of the tests, 32 long.."])
    try:
        for _ in range(2):
            with pytest.raises(StoreRefused, match=r"^store\.secret: none .* opens .*'sp key'"):
                await stranger.settle("sp key", b"a stranger's")
        assert await rotated.settle("sp key", b"late") == b"the first"
    finally:
        await stranger.close()
        await rotated.close()
    assert await scene.store.settle("sp key", b"late") == b"the first"


async def test_what_is_settled_is_read_from_a_store_that_cannot_write(scene: Scene, store_url: str) -> None:
    await scene.store.settle("sp key", b"the first")
    server = RedisServer.looking_at(store_url)
    server.config_set("min-replicas-to-write", 1)
    try:
        assert await scene.store.settle("sp key", b"late") == b"the first"
    finally:
        server.config_set("min-replicas-to-write", 0)
