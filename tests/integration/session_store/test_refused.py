"""Stores that must not be used: refused in words, and no check is answered from them meanwhile."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Iterator

import pytest

from session_store import Store, StoreRefused, StoreUnavailable
from tests.support.fake_store import FakeStore
from tests.support.redis_server import RedisServer
from tests.support.scene import Scene, cookie, endpoint

PASSWORD = "correct horse"


@pytest.fixture
async def fake() -> AsyncIterator[FakeStore]:
    server = FakeStore()
    await server.start()
    yield server
    await server.close()


async def refusal(store: Store) -> str:
    """The words of the refusal; no check is answered and no command obeyed meanwhile."""
    try:
        await store.start()
        with pytest.raises(StoreRefused) as refused:
            await store.ping()
        with pytest.raises(StoreUnavailable):
            await store.check(cookie("laptop"), endpoint("app").id)
        with pytest.raises(StoreUnavailable):
            await store.browser_session(cookie("laptop"))
    finally:
        await store.close()
    return str(refused.value)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"redis_version": "6.0.16"}, "Redis 6.0; Redis 6.2 or newer is needed"),
        ({"redis_version": "7.2.4", "valkey_version": "7.1.9"}, "Valkey 7.1; Valkey 7.2 or newer is needed"),
        ({"redis_version": ""}, "does not tell its version"),
        ({"redis_version": "new.est"}, "does not tell its version"),
        ({"maxmemory_policy": "allkeys-lru"}, "maxmemory-policy is allkeys-lru; it must be noeviction"),
        ({"maxmemory_policy": "volatile-ttl"}, "maxmemory-policy is volatile-ttl; it must be noeviction"),
    ],
)
async def test_an_unfit_store_is_refused_in_words(fake: FakeStore, info: dict[str, str], words: str) -> None:
    fake.info.update(info)
    assert words in await refusal(Store.open(fake.url, secrets=["secret"]))


async def test_a_store_that_does_not_tell_whether_it_evicts_is_refused(fake: FakeStore) -> None:
    del fake.info["maxmemory_policy"]
    assert "does not tell its maxmemory-policy" in await refusal(Store.open(fake.url, secrets=["secret"]))


@pytest.mark.parametrize("info", [{"loading": "1"}, {"role": "slave"}])
async def test_a_store_that_loads_or_is_a_replica_is_unavailable_until_that_is_over(
    fake: FakeStore, info: dict[str, str]
) -> None:
    fit = dict(fake.info)
    fake.info.update(info)
    store = Store.open(fake.url, secrets=["secret"])
    try:
        await store.start()
        with pytest.raises(StoreUnavailable):
            await store.ping()
        with pytest.raises(StoreUnavailable):
            await store.check(cookie("laptop"), endpoint("app").id)
        fake.info = fit
        async with asyncio.timeout(10):
            while True:
                try:
                    await store.ping()
                    break
                except StoreUnavailable:
                    await asyncio.sleep(0.01)
        assert await store.check(cookie("laptop"), endpoint("app").id) is None
    finally:
        await store.close()


@pytest.fixture
def guarded() -> Iterator[RedisServer]:
    server = RedisServer("unix")
    server.start()
    server.client.config_set("requirepass", PASSWORD)
    server.client.execute_command("AUTH", PASSWORD)
    server.client.execute_command("ACL", "SETUSER", "worker", "on", ">w0rk", "~ow:*", "+@all")
    yield server
    server.stop()


def signed_in(server: RedisServer, user_info: str) -> str:
    return server.url.replace("unix://", f"unix://{user_info}@")


@pytest.mark.parametrize("user_info", ["", ":wrong", "worker:wrong", "nobody:w0rk"])
async def test_a_wrong_or_missing_password_is_refused_in_words_that_do_not_repeat_it(
    guarded: RedisServer, user_info: str
) -> None:
    url = signed_in(guarded, user_info) if user_info else guarded.url
    words = await refusal(Store.open(url, secrets=["secret"]))
    assert words == "the store refuses the user or password in store.url"


async def test_a_server_that_quotes_the_password_does_not_bring_it_into_a_traceback(fake: FakeStore) -> None:
    fake.anything_else = b"-ERR unknown command 'AUTH', with args beginning with: 'hunter2'\r\n"
    store = Store.open(fake.url.replace("unix://", "unix://:hunter2@"), secrets=["secret"])
    try:
        await store.start()
        for failing in (store.ping(), store.browser_session(cookie("laptop"))):
            with pytest.raises(StoreUnavailable) as refused:
                await failing
            assert "hunter2" not in "".join(traceback.format_exception(refused.value))
        with pytest.raises(StoreUnavailable) as unchecked:
            await store.check(cookie("laptop"), endpoint("app").id)
        assert "hunter2" not in "".join(traceback.format_exception(unchecked.value))
    finally:
        await store.close()


@pytest.mark.parametrize("user_info", [":correct%20horse", "worker:w0rk"])
async def test_the_right_password_is_enough(guarded: RedisServer, user_info: str) -> None:
    store = Store.open(signed_in(guarded, user_info), secrets=["secret"])
    try:
        await store.start()
        await store.ping()
        scene = Scene(store)
        assert await scene.check("laptop") is None
        assert await scene.check("laptop") != await scene.enter()
        assert await scene.store.delete_user((await scene.login(by="phone")).user_id, "root")
    finally:
        await store.close()


async def test_a_real_server_that_evicts_is_refused(store_server: RedisServer) -> None:
    store_server.client.config_set("maxmemory-policy", "allkeys-lru")
    words = await refusal(Store.open(store_server.url, secrets=["secret"]))
    assert words == "the store's maxmemory-policy is allkeys-lru; it must be noeviction"


async def test_another_database_is_another_store(store_server: RedisServer) -> None:
    first, second = (Store.open(f"{store_server.url}?db={number}", secrets=["secret"]) for number in (0, 5))
    try:
        await first.start()
        await second.start()
        session = await Scene(second).enter()
        assert await Scene(second).check() == session
        assert await Scene(first).check() is None
        assert await Scene(first).listed() == []
    finally:
        await first.close()
        await second.close()
