"""All that a store holds, read key by key: entries that lead nowhere, and traces of something."""

from collections.abc import Callable, Iterator
from typing import Any

from session_store import ApplicationSession, SessionId, User, decode, keys
from session_store.ids import made_at_s
from session_store.lookup import read_place
from session_store.records import EndedSession
from tests.support.redis_server import RedisServer

_OF_LIVE_SESSIONS = (
    keys.SESSIONS,
    keys.BY_PROVIDER,
    keys.BY_ENDPOINT,
    keys.BY_IP,
    keys.BY_COUNTRY,
    keys.ACTIVE,
    keys.ENDS,
)
_OF_USERS = (keys.USERS, keys.USERS_ACTIVE, keys.USER_WORDS)
_OF_ENDED = (keys.ENDED_SESSIONS, keys.ENDED_AT, keys.ENDED_USERS)
_LISTS = {keys.EVENTS, keys.ENDPOINTS, keys.TOKENS, keys.BLOCKS, keys.ERASING}
_UNDER_WAY_S = 60


def strays(url: str, now_ms: int) -> list[bytes]:
    """Entries of any index that lead to no record, save those that a write may still be about to need."""
    server = RedisServer.looking_at(url)
    indexes = {*_OF_LIVE_SESSIONS, *_OF_USERS, *_OF_ENDED}
    unknown = {key for key in server.keys("ow:x:*") if key not in indexes | _LISTS}
    assert not unknown, f"an index that nobody looks after: {unknown}"
    has_record: tuple[tuple[tuple[bytes, ...], str, Callable[[str], bool]], ...] = (
        (_OF_LIVE_SESSIONS, "edgses_", lambda one: _lives(server, one, now_ms)),
        (_OF_USERS, "edgusr_", lambda one: _is_user(server, one)),
        (_OF_ENDED, "edgses_", lambda one: _is_kept(server, one)),
    )
    return [
        index + b" " + member
        for some, prefix, leads in has_record
        for index in some
        for member in server.zrange(index, 0, -1)
        if not leads(prefix + member[-27:].decode())
        and made_at_s(member[-27:].decode()) < now_ms // 1000 - _UNDER_WAY_S
    ]


def members(url: str, index: bytes) -> set[bytes]:
    """What is in an index."""
    return set(RedisServer.looking_at(url).zrange(index, 0, -1))


def traces(url: str, *texts: str) -> list[bytes]:
    """Keys that contain, or whose values contain, any of ``texts``."""
    sought = [text.encode() for text in texts]
    return [
        key
        for key, parts in everything(url)
        if any(text.lower() in part.lower() for part in (key, *parts) for text in sought)
    ]


def everything(url: str) -> Iterator[tuple[bytes, list[bytes]]]:
    """Every key with all that it holds."""
    server = RedisServer.looking_at(url)
    for key in server.keys("*"):
        yield key, list(_parts(server, key))


def _parts(server: Any, key: bytes) -> Iterator[bytes]:
    kind = server.type(key)
    if kind == b"string":
        yield server.get(key)
    elif kind == b"hash":
        for name, value in server.hgetall(key).items():
            yield from (name, value)
    elif kind == b"zset":
        yield from server.zrange(key, 0, -1)
    elif kind == b"set":
        yield from server.smembers(key)
    else:
        assert kind == b"stream", kind
        for _, fields in server.xrange(key):
            yield from fields.values()


def _lives(server: Any, session_id: str, now_ms: int) -> bool:
    place = read_place(server.get(keys.session_place(SessionId(session_id))))
    record = server.get(keys.application(*place)) if place is not None else None
    if record is None or record[:1] != b"A":
        return False
    session = decode(record, ApplicationSession)
    return session.id == session_id and session.expires_at > now_ms


def _is_user(server: Any, user_id: str) -> bool:
    tag = server.get(b"ow:n:" + user_id.encode())
    record = server.get(b"ow:u:{%b}" % tag) if tag is not None else None
    return record is not None and decode(record, User).id == user_id


def _is_kept(server: Any, session_id: str) -> bool:
    record = server.get(keys.ended_session(SessionId(session_id)))
    return record is not None and decode(record, EndedSession).session.id == session_id
