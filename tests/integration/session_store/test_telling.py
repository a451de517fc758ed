"""What is done to a user is told once it is done, and is done also where it cannot be told."""

from session_store import StoredEvent, keys
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, Scene


async def told(scene: Scene, event_type: str) -> StoredEvent:
    """The one event of this type."""
    (event,) = (await scene.store.events(limit=9, before=None, types=frozenset({event_type}))).items
    return event


async def test_what_cannot_be_told_is_done_all_the_same(scene: Scene, store_url: str) -> None:
    user_id = (await scene.login()).user_id
    RedisServer.looking_at(store_url).set(keys.EVENTS, "no stream")
    assert await scene.store.block_user(user_id, until=None, reason="", by="root") is not None
    assert await scene.store.block(user_id) is not None
    assert await scene.store.unblock_user(user_id, "root")
    assert await scene.store.block(user_id) is None
    assert await scene.store.delete_user(user_id, "root")
    assert await scene.store.user(user_id) is None


async def test_a_deletion_and_an_erasure_are_told_with_the_time_they_took_effect(scene: Scene) -> None:
    for who, end, event_type in (
        ("ada", scene.store.delete_user, "user_deleted"),
        ("eve", scene.store.erase_user, "user_erased"),
    ):
        user_id = (await scene.login(who, who)).user_id
        scene.clock.advance(DAY_MS)
        assert await end(user_id, "root", operation_id="op_1")
        event = (await told(scene, event_type)).event
        assert (event.actor, event.operation_id) == ("root", "op_1")
        assert (event.at, event.effective_at) == (scene.clock(), scene.clock())


async def test_what_nobody_said_is_no_detail_of_what_is_told(scene: Scene) -> None:
    user_id = (await scene.login()).user_id
    await scene.store.block_user(user_id, until=None, reason="", by="root")
    await scene.store.unblock_user(user_id, "root")
    await scene.store.delete_user(user_id, "root")
    for event_type in ("block", "unblock", "user_deleted"):
        event = (await told(scene, event_type)).event
        assert (event.user_id, event.details) == (user_id, {})
