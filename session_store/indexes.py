"""The entries that lead to sessions and users: written before what they lead to, removed after it.

Every one is a hint: the record decides. Pure: makes commands, runs none.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from session_store import keys, lua
from session_store.ids import SessionId, UserId, bare
from session_store.lua import Command
from session_store.query.words import ip_key, provider_of, words_of
from session_store.records import ApplicationSession, Context, Milliseconds, User, encode

Entries = list[tuple[bytes, bytes]]


def over_at(session: ApplicationSession, last_active: Milliseconds) -> Milliseconds:
    """When the session is over if nothing more happens."""
    if not session.idle_timeout_s:
        return session.expires_at
    return min(session.expires_at, last_active + session.idle_timeout_s * 1000)


def some_behind(index: bytes, position: str, count: int) -> Command:
    """The command that reads ``count`` entries behind a member, in latin-1, "" at the start; in order."""
    start = b"(" + position.encode("latin-1") if position else b"-"
    return ("ZRANGE", index, start, "+", "BYLEX", "LIMIT", 0, count)


def enter_session(session: ApplicationSession, context: Context) -> list[Command]:
    """Make a session that is about to be written findable in every list but its user's."""
    created = session.created_at
    return [
        ("ZADD", keys.SESSIONS, 0, session.id),
        ("ZADD", keys.ACTIVE, created, session.id),
        ("ZADD", keys.ENDS, over_at(session, created), session.id),
        ("HSET", keys.ENDPOINTS, session.endpoint.id, encode(session.endpoint)),
        *(("ZADD", index, 0, member) for index, member in _fixed(session) + _moving(session.id, context)),
    ]


def leave_session(ended: Iterable[tuple[ApplicationSession, Context]]) -> list[Command]:
    """Take sessions that are over out of every list of live ones, their users' too."""
    members: defaultdict[bytes, list[bytes | str]] = defaultdict(list)
    for session, context in ended:
        for index in (keys.SESSIONS, keys.ACTIVE, keys.ENDS, keys.user_applications(session.user_tag)):
            members[index].append(session.id)
        for index, member in _fixed(session) + _moving(session.id, context):
            members[index].append(member)
    return [("ZREM", index, *some) for index, some in members.items()]


def move_session(session_id: SessionId, before: Context, now: Context) -> list[Command]:
    """Find a session by where it is used from now, and no more by where it was."""
    old, new = _moving(session_id, before), _moving(session_id, now)
    return [
        *(("ZADD", index, 0, member) for index, member in new if (index, member) not in old),
        *(("ZREM", index, member) for index, member in old if (index, member) not in new),
    ]


def enter_where_used(session_id: SessionId, context: Context) -> list[Command]:
    """Find a session by where it is used."""
    return [("ZADD", index, 0, member) for index, member in _moving(session_id, context)]


def drop_session_ids(session_ids: Sequence[str]) -> list[Command]:
    """Take out of the lists of live sessions what left no record to tell the rest."""
    return [("ZREM", index, *session_ids) for index in (keys.SESSIONS, keys.ACTIVE, keys.ENDS)]


def enter_user(user: User) -> list[Command]:
    """Make a user whose record is about to be written findable."""
    return [
        ("SET", keys.user_tag_of(user.id), user.tag),
        ("ZADD", keys.USERS, 0, user.id),
        ("ZADD", keys.USERS_ACTIVE, "GT", user.last_login, user.id),
        _add_all(keys.USER_WORDS, _words(user)),
    ]


def leave_words(before: User, now: User) -> list[Command]:
    """Take out the words that no longer find a user."""
    kept = set(_words(now))
    gone = [word for word in _words(before) if word not in kept]
    return [("ZREM", keys.USER_WORDS, *gone)] if gone else []


def leave_user(user: User) -> list[Command]:
    """Take a user who is gone out of every list."""
    return [("ZREM", keys.USER_WORDS, *_words(user)), *drop_user_ids([user.id])]


def drop_user_ids(user_ids: Sequence[UserId]) -> list[Command]:
    """Take out of the lists users who left no record to tell the rest."""
    return [
        *(("DEL", keys.user_tag_of(user_id)) for user_id in user_ids),
        ("ZREM", keys.USERS_ACTIVE, *user_ids),
        ("ZREM", keys.USERS, *user_ids),
    ]


def enter_ended(ended: Iterable[tuple[SessionId, UserId, Milliseconds]]) -> list[Command]:
    """Make sessions that are over findable among those."""
    found = list(ended)
    times: list[bytes | str | int] = []
    for session_id, _, at in found:
        times += (at, session_id)
    return [
        _add_all(keys.ENDED_SESSIONS, [session_id.encode() for session_id, _, _ in found]),
        ("ZADD", keys.ENDED_AT, *times),
        _add_all(keys.ENDED_USERS, [_member(bare(user_id), session_id) for session_id, user_id, _ in found]),
    ]


def leave_ended(session_ids: Sequence[SessionId], of_users: Sequence[bytes] = ()) -> list[Command]:
    """Take sessions that are kept no more out of the lists of those that are over.

    ``of_users``: their entries in the index of users, where these are known; the sweep drops others.
    """
    commands: list[Command] = [
        ("ZREM", keys.ENDED_SESSIONS, *session_ids),
        ("ZREM", keys.ENDED_AT, *session_ids),
    ]
    return [*commands, ("ZREM", keys.ENDED_USERS, *of_users)] if of_users else commands


def enter_of_user(session: ApplicationSession, life: Milliseconds) -> Command:
    """Enter a session that is about to be written among its user's."""
    return lua.INDEX_APPLICATION.call([keys.user_applications(session.user_tag)], session.id, life)


def _add_all(index: bytes, members: Sequence[bytes]) -> Command:
    scored: list[bytes | str | int] = []
    for member in members:
        scored += (0, member)
    return ("ZADD", index, *scored)


def _fixed(session: ApplicationSession) -> Entries:
    name = provider_of(session).encode(errors="surrogatepass")
    return [
        (keys.BY_PROVIDER, _member(name, session.id)),
        (keys.BY_ENDPOINT, _member(session.endpoint.id.encode(), session.id)),
    ]


def _moving(session_id: SessionId, context: Context) -> Entries:
    entries: Entries = []
    address = ip_key(context.ip_address)
    if address is not None:
        entries.append((keys.BY_IP, _member(address, session_id)))
    if context.location is not None and context.location.country_code is not None:
        entries.append((keys.BY_COUNTRY, _member(context.location.country_code.encode(), session_id)))
    return entries


def _words(user: User) -> list[bytes]:
    return [_member(word, user.id) for word in words_of(user)]


def _member(value: bytes, public_id: str) -> bytes:
    return b"%b\0%b" % (value, bare(public_id))
