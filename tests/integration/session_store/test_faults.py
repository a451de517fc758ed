"""A store that dies, hangs, forgets its scripts or cannot write: fail closed, in time, and recover."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from session_store import (
    ApplicationSession,
    EndReason,
    NotConfirmed,
    Store,
    StoreUnavailable,
    TokenId,
    Tombstone,
)
from tests.integration.session_store.named_logins import end, sign_in
from tests.support.redis_server import RedisServer
from tests.support.scene import HOUR_MS, Scene, cookie, endpoint

RECOVERS_WITHIN_S = 1.0
AMPLE_S = 10.0


@pytest.fixture
async def doomed(store_server: RedisServer) -> AsyncIterator[Scene]:
    """A scene on a server of its own, with short deadlines."""
    store = Store.open(store_server.url, secrets=["secret"], check_timeout_s=0.3, command_timeout_s=0.5)
    try:
        await store.start()
        await store.ping()
        yield Scene(store)
    finally:
        await store.close()


async def seconds_until_it_answers(scene: Scene) -> float:
    began = time.monotonic()
    async with asyncio.timeout(AMPLE_S):
        while True:
            try:
                await scene.check()
                return time.monotonic() - began
            except StoreUnavailable:
                await asyncio.sleep(0.002)


async def test_a_killed_store_fails_checks_and_serves_them_again_soon_after_it_is_back(
    doomed: Scene, store_server: RedisServer
) -> None:
    session = await doomed.enter()
    store_server.kill()
    async with asyncio.timeout(AMPLE_S):
        for _ in range(20):
            with pytest.raises(StoreUnavailable):
                await doomed.check()
    with pytest.raises(StoreUnavailable):
        await doomed.store.browser_session(cookie("laptop"))
    store_server.start()
    assert await seconds_until_it_answers(doomed) <= RECOVERS_WITHIN_S
    assert await doomed.check() == session


async def test_the_first_commands_after_a_restart_are_answered(
    doomed: Scene, store_server: RedisServer
) -> None:
    """Connections that stood idle through the restart are noticed before a command is lost on them."""
    session = await doomed.enter()
    await asyncio.gather(*(doomed.store.session(session.id) for _ in range(16)))
    await asyncio.to_thread(store_server.kill)
    await asyncio.to_thread(store_server.start)
    views = await asyncio.gather(*(doomed.store.session(session.id) for _ in range(16)))
    assert {view.session.id for view in views if view is not None} == {session.id}


async def test_what_was_acknowledged_survives_a_kill(doomed: Scene, store_server: RedisServer) -> None:
    kept = await doomed.enter(by="phone")
    revoked = await doomed.enter(by="laptop")
    await doomed.store.end_application_session(revoked.id, EndReason.REVOKED, "root")
    store_server.kill()
    store_server.start()
    await seconds_until_it_answers(doomed)
    assert await doomed.check("phone") == kept
    assert await doomed.end_reason("laptop") is EndReason.REVOKED


async def test_a_hung_store_fails_checks_within_the_deadline_and_serves_them_when_it_goes_on(
    doomed: Scene, store_server: RedisServer
) -> None:
    session = await doomed.enter()
    store_server.hang()
    try:
        began = time.monotonic()
        found = await asyncio.gather(*(doomed.check() for _ in range(50)), return_exceptions=True)
        assert {type(answer) for answer in found} == {StoreUnavailable}
        assert time.monotonic() - began < 3.0
        with pytest.raises(StoreUnavailable):
            await doomed.store.browser_session(cookie("laptop"))
    finally:
        store_server.go_on()
    assert await seconds_until_it_answers(doomed) <= RECOVERS_WITHIN_S
    assert await doomed.check() == session


@pytest.mark.parametrize("act", ["application session", "browser session", "user", "name", "token"])
async def test_a_revocation_at_a_hung_store_is_not_confirmed_in_time_and_can_be_repeated(
    doomed: Scene, store_server: RedisServer, act: str
) -> None:
    session = await doomed.visit(await sign_in(doomed, "laptop", "sid"))
    assert isinstance(session, ApplicationSession)
    token, secret = await doomed.store.create_token("ci", "admin", None)

    async def revoke() -> bool:
        if act == "application session":
            return await doomed.store.end_application_session(session.id, EndReason.REVOKED, "root")
        if act == "browser session":
            return await doomed.store.end_browser_session(cookie("laptop"), EndReason.REVOKED, "root")
        if act == "user":
            return await doomed.store.delete_user(session.user_id, "root")
        if act == "name":
            return await end(doomed, "sid") > 0
        return await doomed.store.delete_token(TokenId(token.id))

    store_server.hang()
    try:
        began = time.monotonic()
        with pytest.raises(NotConfirmed):
            await revoke()
        assert time.monotonic() - began < 5.0
    finally:
        store_server.go_on()
    await seconds_until_it_answers(doomed)
    await revoke()
    if act == "token":
        assert await doomed.store.token_by_secret(secret) is None
    else:
        assert isinstance(await doomed.check(), Tombstone)
    assert not await revoke()


async def test_a_store_that_cannot_write_is_read_and_confirms_nothing(
    doomed: Scene, store_server: RedisServer
) -> None:
    """M5, M6: disk full, memory full, a replica short: all refuse writes with an error."""
    session = await doomed.enter()
    store_server.client.config_set("min-replicas-to-write", 1)
    assert await doomed.check() == session
    with pytest.raises(NotConfirmed):
        await doomed.store.end_application_session(session.id, EndReason.REVOKED, "root")
    with pytest.raises(NotConfirmed):
        await doomed.store.end_browser_session(cookie("laptop"), EndReason.LOGOUT, "ada")
    with pytest.raises(NotConfirmed):
        await doomed.store.delete_user(session.user_id, "root")
    for name in ("sid", "unknown"):
        with pytest.raises(NotConfirmed):
            await end(doomed, name)
    with pytest.raises(NotConfirmed):
        await doomed.store.settle("key", b"proposal")
    with pytest.raises(StoreUnavailable):
        await doomed.store.use_once("assertion", doomed.clock() + HOUR_MS)
    with pytest.raises(StoreUnavailable):
        await doomed.login(by="phone")
    with pytest.raises(StoreUnavailable):
        await doomed.store.touch([doomed.touch(session)])
    store_server.client.config_set("min-replicas-to-write", 0)
    assert await doomed.store.delete_user(session.user_id, "root")
    assert await doomed.end_reason() is EndReason.USER_DELETED


async def test_a_store_that_is_away_gives_no_answer_that_could_be_taken_for_one(
    doomed: Scene, store_server: RedisServer
) -> None:
    await sign_in(doomed, "laptop", "sid", memory=b"hint")
    store_server.kill()
    store = doomed.store
    asked = [
        store.session_memory(cookie("laptop")),
        store.use_once("assertion", doomed.clock() + HOUR_MS),
        store.failures("192.0.2.1"),
        store.read_login("state"),
        store.settle("key", b"proposal"),
        sign_in(doomed, "phone", "sid"),
    ]
    answers = await asyncio.gather(*asked, end(doomed, "sid"), return_exceptions=True)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers), answers
    assert isinstance(answers[-1], NotConfirmed)


async def test_a_store_without_memory_left_confirms_nothing(doomed: Scene, store_server: RedisServer) -> None:
    session = await doomed.enter()
    store_server.client.config_set("maxmemory", 1)
    with pytest.raises(NotConfirmed):
        await doomed.store.delete_user(session.user_id, "root")
    assert await doomed.check() == session


async def test_scripts_that_the_store_forgot_are_sent_again(doomed: Scene, store_server: RedisServer) -> None:
    session = await doomed.enter()
    other = await doomed.enter(by="phone")
    store_server.client.script_flush()
    await doomed.store.touch([doomed.touch(session), doomed.touch(other), doomed.touch(session)])
    view = await doomed.store.session(session.id)
    assert view is not None
    assert view.activity.requests == 2
    store_server.client.script_flush()
    assert await doomed.store.delete_user(session.user_id, "root")
    assert await doomed.end_reason("phone") is EndReason.USER_DELETED


async def test_a_store_that_comes_late_is_no_error_at_start(store_server: RedisServer) -> None:
    store_server.kill()
    store = Store.open(store_server.url, secrets=["secret"], command_timeout_s=0.5)
    try:
        await store.start()
        with pytest.raises(StoreUnavailable):
            await store.ping()
        store_server.start()
        assert await seconds_until_it_answers(Scene(store)) <= RECOVERS_WITHIN_S
        await store.ping()
    finally:
        await store.close()


async def test_more_commands_at_once_than_connections_are_all_answered(doomed: Scene) -> None:
    session = await doomed.enter()
    views = await asyncio.gather(*(doomed.store.session(session.id) for _ in range(200)))
    assert None not in views


async def test_a_command_given_up_half_way_leaves_no_reply_for_the_next(doomed: Scene) -> None:
    session = await doomed.enter()
    for _ in range(30):
        tasks = [asyncio.create_task(doomed.store.session(session.id)) for _ in range(4)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.wait(tasks)
        assert await doomed.store.take_login("nobody") is None
        found = await doomed.store.browser_session(cookie("laptop"))
        assert found is not None
        assert await doomed.store.check(cookie("laptop"), endpoint("app").id) is not None
