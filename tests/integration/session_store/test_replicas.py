"""A primary with a replica: a revocation is confirmed once the replica has it, and not where none answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

import pytest

from session_store import EndReason, NotConfirmed, Store, TokenId, Tombstone, keys
from tests.integration.session_store.named_logins import end, sign_in
from tests.support.redis_server import RedisServer, free_port
from tests.support.scene import Scene, cookie

AMPLE_S = 10.0
MOST_WAITING = 4


class Pair:
    """A primary and its replica, in step."""

    def __init__(self) -> None:
        port = free_port()
        self.primary = RedisServer("unix", f"port {port}", "bind 127.0.0.1", "repl-diskless-sync-delay 0")
        self.replica = RedisServer("unix", f"replicaof 127.0.0.1 {port}")

    def start(self) -> None:
        self.primary.start()
        self.replica.start()
        # The first answer may come before the replica follows writes as they are made.
        for _ in range(2):
            self.primary.client.set("any", "")
            assert self.primary.client.wait(1, int(AMPLE_S * 1000)) == 1

    def until(self, happened: Callable[[dict[str, int]], bool]) -> None:
        """Wait until what the primary says of itself makes ``happened`` true."""
        until = time.monotonic() + AMPLE_S
        while not happened(self.primary.client.info()):
            assert time.monotonic() < until
            time.sleep(0.005)

    def stop(self) -> None:
        self.replica.stop()
        self.primary.stop()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
async def scene(pair: Pair) -> AsyncIterator[Scene]:
    store = Store.open(pair.primary.url, secrets=["secret"], check_timeout_s=AMPLE_S, command_timeout_s=4)
    try:
        await store.start()
        await store.ping()
        yield Scene(store)
    finally:
        await store.close()


async def revocations(scene: Scene) -> dict[str, Callable[[], Awaitable[bool]]]:
    """Every kind of revocation there is, each of somebody's own."""
    sessions = {name: await scene.enter(name, name) for name in ("application session", "browser", "user")}
    await sign_in(scene, "name", "sid", who="name")
    token, _ = await scene.store.create_token("ci", "admin", None)

    async def by_name() -> bool:
        return await end(scene, "sid") > 0

    application, user = sessions["application session"], sessions["user"]
    return {
        "application session": lambda: scene.store.end_application_session(
            application.id, EndReason.REVOKED, "root"
        ),
        "browser": lambda: scene.store.end_browser_session(cookie("browser"), EndReason.LOGOUT, "ada"),
        "user": lambda: scene.store.delete_user(user.user_id, "root"),
        "name": by_name,
        "token": lambda: scene.store.delete_token(TokenId(token.id)),
    }


async def none_is_confirmed(acts: Mapping[str, Callable[[], Awaitable[object]]]) -> None:
    found = await asyncio.gather(*(act() for act in acts.values()), return_exceptions=True)
    assert {type(answer) for answer in found} == {NotConfirmed}
    assert all("no replica" in str(answer) for answer in found)


async def test_what_a_revocation_wrote_is_on_the_replica_when_it_is_confirmed(
    scene: Scene, pair: Pair
) -> None:
    for name, revoke in (await revocations(scene)).items():
        assert await revoke()
        if name != "token":
            assert pair.replica.client.get(keys.browser(cookie(name)))[:1] == b"T"
    assert pair.replica.client.keys("ow:k:*") == []


async def test_no_revocation_is_confirmed_while_the_replica_hangs_and_each_can_be_repeated(
    scene: Scene, pair: Pair
) -> None:
    acts = await revocations(scene)
    pair.replica.hang()
    try:
        await none_is_confirmed(acts)
        for name in ("application session", "browser", "user", "name"):
            assert isinstance(await scene.store.browser_session(cookie(name)), Tombstone)
        await none_is_confirmed(acts)
    finally:
        pair.replica.go_on()
    for revoke in acts.values():
        assert not await revoke()
    for name in ("application session", "browser", "user", "name"):
        assert pair.replica.client.get(keys.browser(cookie(name)))[:1] == b"T"


async def test_an_end_of_nothing_and_a_settlement_are_confirmed_by_a_replica_too(
    scene: Scene, pair: Pair
) -> None:
    """What the end overtakes, and what all workers use from now on, must outlive a fail-over."""
    assert await end(scene, "unknown") == 0
    assert await scene.store.settle("key", b"proposal") == b"proposal"
    assert len(pair.replica.client.keys("ow:oe:*")) == len(pair.replica.client.keys("ow:v:*")) == 1
    pair.replica.hang()
    try:
        await none_is_confirmed(
            {
                "end": lambda: end(scene, "unknown too"),
                "settlement": lambda: scene.store.settle("another key", b"proposal"),
            }
        )
    finally:
        pair.replica.go_on()


async def test_revocations_are_confirmed_by_a_primary_whose_replica_has_left(
    scene: Scene, pair: Pair
) -> None:
    acts = await revocations(scene)
    pair.replica.client.replicaof("NO", "ONE")
    await asyncio.to_thread(pair.until, lambda info: info["connected_slaves"] == 0)
    for revoke in acts.values():
        assert await revoke()


async def test_revocations_that_wait_for_a_replica_leave_connections_to_logins_and_visits(
    scene: Scene, pair: Pair
) -> None:
    cookies = [f"browser {number}" for number in range(3 * MOST_WAITING)]
    for by in cookies:
        await scene.login("ada", by)
    pair.replica.hang()
    try:
        ends = [
            asyncio.create_task(scene.store.end_browser_session(cookie(by), EndReason.LOGOUT, "ada"))
            for by in cookies
        ]
        await asyncio.to_thread(pair.until, lambda info: info["blocked_clients"] > 0)
        await scene.enter("eve", "phone")
        assert pair.primary.client.info("clients")["blocked_clients"] <= MOST_WAITING
        found = await asyncio.gather(*ends, return_exceptions=True)
    finally:
        pair.replica.go_on()
    assert {type(answer) for answer in found} == {NotConfirmed}
