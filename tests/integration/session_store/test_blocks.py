"""Blocks: who is blocked has no session and gets none, by whatever name the user goes, until that is over."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from session_store import (
    ApplicationSession,
    Block,
    BrowserSession,
    EndReason,
    LoginBlocked,
    StoredEvent,
    Tombstone,
    UserId,
    UserTag,
    keys,
    lua,
)
from tests.integration.session_store.keyspace import strays
from tests.integration.session_store.sweeping import Sweeping
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, person

AMPLE_S = 10.0


async def block(scene: Scene, user_id: UserId, *, until: int | None = None, reason: str = "") -> Block | None:
    return await scene.store.block_user(user_id, until=until, reason=reason, by="root", operation_id="op_1")


async def told(scene: Scene, *types: str) -> list[StoredEvent]:
    """Oldest first."""
    return (await scene.store.events(limit=100, before=None, types=frozenset(types))).items[::-1]


async def test_a_block_ends_everything_and_refuses_every_login(scene: Scene, store_url: str) -> None:
    laptop = await scene.login(by="laptop")
    for where in ("app", "wiki"):
        await scene.visit(laptop, where)
    await scene.enter(by="phone")
    bystander = await scene.enter("eve", "eve's")
    stands = await block(scene, laptop.user_id, reason="left the company")
    assert stands == Block(
        user_id=laptop.user_id,
        provider_name="Corp",
        principal=person("ada"),
        reason="left the company",
        by="root",
        at=scene.clock(),
    )
    for by, where in (("laptop", "app"), ("laptop", "wiki"), ("phone", "app")):
        found = await scene.check(by, where)
        assert isinstance(found, Tombstone)
        assert (found.reason, found.ended_by) == (EndReason.BLOCKED, "root")
    for by in ("laptop", "phone", "a new one"):
        with pytest.raises(LoginBlocked) as refused:
            await scene.login(by=f"{by}, again")
        assert refused.value.until_ms is None
    assert isinstance(await scene.login("eve", "eve's phone"), BrowserSession)
    assert await scene.check("eve's") == bystander
    assert strays(store_url, scene.clock() + HOUR_MS) == []


async def test_who_is_blocked_is_shown_so_and_listed_newest_user_first(scene: Scene) -> None:
    users = [(await scene.login(who, who)).user_id for who in ("ada", "eve", "bob")]
    for user_id in users[:2]:
        await block(scene, user_id, until=scene.clock() + DAY_MS)
    listed = await scene.store.blocks()
    assert [each.user_id for each in listed] == [users[1], users[0]]
    assert [await scene.store.block(each) for each in users] == [listed[1], listed[0], None]
    for user_id, until in ((users[0], scene.clock() + DAY_MS), (users[2], None)):
        view = await scene.store.user(user_id)
        assert view is not None
        assert (view.block.until if view.block else None) == until


async def test_a_block_and_its_end_are_told_with_author_and_note(scene: Scene) -> None:
    user_id = (await scene.enter()).user_id
    until = scene.clock() + DAY_MS
    await block(scene, user_id, until=until, reason="a lost phone")
    assert await scene.store.unblock_user(user_id, "boss", operation_id="op_2")
    revoked, begun, ended = [each.event for each in await told(scene, "block", "unblock", "revoke")]
    assert (revoked.details["reason"], revoked.details["note"], revoked.operation_id) == (
        "blocked",
        "a lost phone",
        "op_1",
    )
    assert (begun.type, begun.actor, begun.operation_id, begun.user_id) == ("block", "root", "op_1", user_id)
    assert begun.details == {"note": "a lost phone", "until_ms": str(until)}
    assert (ended.type, ended.actor, ended.operation_id, ended.user_id) == (
        "unblock",
        "boss",
        "op_2",
        user_id,
    )


async def test_who_is_unblocked_signs_in_as_the_same_user(scene: Scene) -> None:
    user_id = (await scene.login()).user_id
    await block(scene, user_id)
    assert await scene.store.unblock_user(user_id, "root")
    assert (await scene.login(by="phone")).user_id == user_id
    assert await scene.store.blocks() == []
    assert await scene.store.block(user_id) is None
    view = await scene.store.user(user_id)
    assert view is not None
    assert view.block is None
    assert not await scene.store.unblock_user(user_id, "root")


async def test_a_block_outlives_the_user_and_is_ended_by_the_old_id(scene: Scene, store_url: str) -> None:
    user_id = (await scene.login()).user_id
    await block(scene, user_id)
    assert await scene.store.delete_user(user_id, "root")
    with pytest.raises(LoginBlocked):
        await scene.login(by="phone")
    assert await scene.store.user(user_id) is None
    assert (await scene.store.users(limit=9, before=None)).items == []
    assert [each.user_id for each in await scene.store.blocks()] == [user_id]
    assert strays(store_url, scene.clock() + HOUR_MS) == []
    assert await scene.store.unblock_user(user_id, "root")
    again = await scene.login(by="phone")
    assert again.user_id != user_id
    assert RedisServer.looking_at(store_url).keys(f"*{user_id}*") == []


async def test_the_block_of_a_deleted_user_can_be_put_anew_by_the_old_id(scene: Scene) -> None:
    user_id = (await scene.login()).user_id
    await block(scene, user_id)
    await scene.store.delete_user(user_id, "root")
    until = scene.clock() + DAY_MS
    anew = await block(scene, user_id, until=until, reason="for a day")
    assert anew is not None
    assert (anew.until, anew.reason, anew.principal) == (until, "for a day", person("ada"))
    assert await scene.store.blocks() == [anew]
    assert await scene.store.block(user_id) == anew


async def test_a_block_of_who_is_blocked_replaces_the_one_that_stands(scene: Scene, store_url: str) -> None:
    user_id = (await scene.login()).user_id
    await block(scene, user_id, until=scene.clock() + DAY_MS, reason="for a day")
    scene.clock.advance(1000)
    for_good = await block(scene, user_id, reason="for good")
    assert await scene.store.blocks() == [for_good]
    tag = (await scene.store.user(user_id)).user.tag  # type: ignore[union-attr]
    assert RedisServer.looking_at(store_url).pttl(keys.block(tag)) == -1
    with pytest.raises(LoginBlocked) as refused:
        await scene.login(by="phone")
    assert refused.value.until_ms is None


async def test_a_block_runs_out_by_the_stores_clock_and_leaves_the_list(scene: Scene, store_url: str) -> None:
    user_id = (await scene.login()).user_id
    until = scene.clock() + DAY_MS
    await block(scene, user_id, until=until)
    server = RedisServer.looking_at(store_url)
    view = await scene.store.user(user_id)
    assert view is not None
    place = keys.block(view.user.tag)
    assert DAY_MS - 60_000 < server.pttl(place) <= DAY_MS
    scene.clock.advance(2 * DAY_MS)
    with pytest.raises(LoginBlocked) as refused:
        await scene.login(by="phone")
    assert refused.value.until_ms == until
    server.pexpireat(place, int(time.time() * 1000) + 1)
    await asyncio.to_thread(_until_gone, server, place)
    assert (await scene.login(by="phone")).user_id == user_id
    assert await scene.store.blocks() == []
    assert not server.exists(keys.BLOCKS)
    assert not await scene.store.unblock_user(user_id, "root")


def _until_gone(server: Any, place: bytes) -> None:
    until = time.monotonic() + AMPLE_S
    while server.exists(place):
        assert time.monotonic() < until


async def test_a_block_until_a_time_that_is_past_ends_sessions_and_refuses_nobody(scene: Scene) -> None:
    session = await scene.enter()
    assert await block(scene, session.user_id, until=scene.clock() - DAY_MS)
    assert await scene.end_reason() is EndReason.BLOCKED
    assert isinstance(await scene.login(by="phone"), BrowserSession)
    assert await scene.store.blocks() == []


async def test_the_id_that_a_person_had_before_a_deletion_says_nothing_of_the_user_of_today(
    scene: Scene, store_url: str
) -> None:
    """A block that ran out, a deletion, a login as a new user: the old id neither blocks nor unblocks."""
    old = await scene.login()
    await block(scene, old.user_id, until=scene.clock() + DAY_MS)
    await scene.store.delete_user(old.user_id, "root")
    RedisServer.looking_at(store_url).delete(keys.block(old.user_tag))
    new = await scene.login(by="phone")
    stands = await block(scene, new.user_id)
    assert await block(scene, old.user_id) is None
    assert not await scene.store.unblock_user(old.user_id, "root")
    assert await scene.store.block(old.user_id) is None
    assert await scene.store.block(new.user_id) == stands
    assert await scene.store.blocks() == [stands]
    with pytest.raises(LoginBlocked):
        await scene.login(by="tablet")


async def test_a_login_that_is_refused_leaves_nothing_in_any_list(
    scene: Scene, store_url: str, sweeper: Sweeping
) -> None:
    user_id = (await scene.login()).user_id
    await block(scene, user_id)
    renamed = msgspec.structs.replace(person("ada"), username="countess", email="new@example.com")
    server = RedisServer.looking_at(store_url)
    before = {key: server.dump(key) for key in server.keys("ow:x:users*")}
    with pytest.raises(LoginBlocked):
        await scene.login(by="phone", told=renamed)
    assert {key: server.dump(key) for key in server.keys("ow:x:users*")} == before
    await scene.store.delete_user(user_id, "root")
    with pytest.raises(LoginBlocked):
        await scene.login(by="phone", told=renamed)
    assert server.keys("ow:x:users*") == server.keys("ow:n:*") == []


async def test_a_list_read_while_a_block_is_put_anew_does_not_lose_it(
    scene: Scene, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list finds the block over, and before it says so, another stands."""
    user_id = (await scene.login()).user_id
    await block(scene, user_id, until=scene.clock() + DAY_MS)
    tag = (await scene.store.user(user_id)).user.tag  # type: ignore[union-attr]
    RedisServer.looking_at(store_url).delete(keys.block(tag))
    blocks = scene.store._blocks
    unlist = blocks._unlist
    anew: list[Block | None] = []

    async def later(over: Sequence[tuple[UserId, UserTag]]) -> None:
        if not anew:
            anew.append(await block(scene, user_id))
        await unlist(over)

    monkeypatch.setattr(blocks, "_unlist", later)
    assert await scene.store.blocks() == []
    assert await scene.store.blocks() == anew


@pytest.mark.parametrize("wrong", ["", "edgusr_", "edgses_" + "0" * 27, "edgusr_" + "0" * 27, "x" * 10_000])
async def test_an_id_of_nobody_is_neither_blocked_nor_unblocked(scene: Scene, wrong: str) -> None:
    session = await scene.enter()
    assert await block(scene, UserId(wrong)) is None
    assert not await scene.store.unblock_user(UserId(wrong), "root")
    assert await scene.store.block(UserId(wrong)) is None
    assert await scene.store.blocks() == []
    assert isinstance(await scene.check(), ApplicationSession)
    assert await scene.check() == session


async def test_a_block_that_was_written_anew_meanwhile_is_not_ended(scene: Scene, store_url: str) -> None:
    """Who reads a block and is slow to end it finds another by then."""
    session = await scene.enter()
    await scene.store.block_user(session.user_id, until=None, reason="", by="root")
    server, place = RedisServer.looking_at(store_url), keys.block(session.user_tag)
    read = server.get(place)
    scene.clock.advance(1000)
    anew = await scene.store.block_user(session.user_id, until=None, reason="again", by="root")
    assert server.eval(lua.LIFT_BLOCK.text, 1, place, read) == 0
    assert await scene.store.blocks() == [anew]
