"""Sessions that were used, what is kept and told of their ends, and a look at whether that is all."""

from session_store import (
    ApplicationSession,
    EndReason,
    SessionView,
    StoredEvent,
    keys,
)
from tests.integration.session_store.keyspace import strays
from tests.support.redis_server import RedisServer
from tests.support.scene import DAY_MS, HOUR_MS, Scene, coming_from

HOME, OFFICE = coming_from("192.0.2.1", "DE"), coming_from("198.51.100.2", "DE")
MINUTE_MS = 60_000
ENDED = (keys.ENDED_SESSIONS, keys.ENDED_AT, keys.ENDED_USERS)
TYPES = {
    EndReason.REVOKED: "revoke",
    EndReason.USER_DELETED: "revoke",
    EndReason.BLOCKED: "revoke",
    EndReason.LOGOUT: "logout",
    EndReason.BACK_CHANNEL: "logout",
    EndReason.FRONT_CHANNEL: "logout",
    EndReason.SAML_LOGOUT: "logout",
}


async def used(
    scene: Scene, who: str = "ada", by: str = "laptop", *, idle_timeout_s: int = 0, lasts_ms: int = DAY_MS
) -> ApplicationSession:
    """A session that came from two places, three requests in all."""
    session = await scene.visit(
        await scene.login(who, by, lasts_ms=lasts_ms),
        context=HOME,
        idle_timeout_s=idle_timeout_s,
        lasts_ms=lasts_ms,
    )
    assert isinstance(session, ApplicationSession)
    for context, requests in ((HOME, 1), (OFFICE, 2)):
        scene.clock.advance(1000)
        await scene.store.touch([scene.touch(session, requests=requests, context=context)])
    return session


async def over(scene: Scene) -> list[SessionView]:
    page = await scene.store.ended_sessions(limit=100, before=None)
    assert not page.more
    return page.items


async def ends_told(scene: Scene) -> list[StoredEvent]:
    """Newest first."""
    types = frozenset({"logout", "revoke", "end"})
    return (await scene.store.events(limit=100, before=None, types=types)).items


async def is_whole(
    scene: Scene, url: str, session: ApplicationSession, reason: EndReason, by: str, at: int
) -> None:
    """The session is kept once with all that was known of it, told once, and in no list of live ones."""
    (view,) = [view for view in await over(scene) if view.session.id == session.id]
    assert view.ended is not None
    assert (view.ended.reason, view.ended.by, view.ended.at) == (reason, by, at)
    assert view.session.principal == session.principal
    assert view.session.endpoint == session.endpoint
    assert (view.activity.requests, view.activity.context) == (3, OFFICE)
    accesses = await scene.store.accesses(session.id)
    assert accesses is not None
    assert [(access.context, access.requests) for access in accesses] == [(OFFICE, 2), (HOME, 1)]
    (told,) = [each.event for each in await ends_told(scene) if session.id in each.event.sessions]
    assert (told.type, told.details["reason"], told.actor) == (TYPES.get(reason, "end"), reason.value, by)
    assert (told.effective_at, told.user_id, told.details["tunnel"]) == (at, session.user_id, "app")
    assert strays(url, scene.clock() + HOUR_MS) == []
    beside = keys.activity(session.cookie_hash, session.endpoint.id)
    assert not RedisServer.looking_at(url).exists(
        beside, keys.history(session.cookie_hash, session.endpoint.id)
    )
