"""What administrators read: users and application sessions, live or over, by their ids.

An index is a hint, the record decides. An entry of a user's own without a record is passed over at once, and
dropped when it is older than any write under way, since indexes are written before records. Nothing else is
written here.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from session_store import keys, lua
from session_store.activities import SHOWN, shown_activity
from session_store.commands import Commands, Reply
from session_store.errors import StoreUnavailable
from session_store.ids import (
    SESSION_PREFIX,
    USER_PREFIX,
    EndpointId,
    SessionId,
    UserId,
    is_id,
    may_be_under_way,
)
from session_store.lookup import Place, read_place, read_tag
from session_store.records import (
    ApplicationSession,
    Block,
    EndedSession,
    Milliseconds,
    User,
    UserTag,
    decode,
    is_tombstone,
)
from session_store.views import EndedHow, SessionView, UserView

_COUNTED_AT_MOST = 50
"""A user's sessions that are counted on their records; of more the index knows the number well enough."""

_OF_A_USER_AT_MOST = 500


class Directory:
    """Reads users and sessions by their public ids."""

    def __init__(self, commands: Commands, now_ms: Callable[[], Milliseconds]) -> None:
        self._commands = commands
        self._now_ms = now_ms

    async def user(self, user_id: UserId) -> UserView | None:
        """See Store.user."""
        return (await self.user_views([user_id]))[0] if is_id(user_id, USER_PREFIX) else None

    async def session(self, session_id: SessionId) -> SessionView | None:
        """See Store.session."""
        return (await self.session_views([session_id]))[0] if is_id(session_id, SESSION_PREFIX) else None

    async def user_sessions(self, tag: UserTag) -> list[SessionView]:
        """See Store.user_sessions."""
        found = cast("list[bytes]", await self._commands.run("ZRANGE", keys.user_applications(tag), 0, -1))
        ids = sorted((entry.decode() for entry in found), reverse=True)
        views: list[SessionView] = []
        for first in range(0, len(ids), _OF_A_USER_AT_MOST):
            some = await self.session_views(ids[first : first + _OF_A_USER_AT_MOST])
            views.extend(view for view in some if view is not None and view.session.user_tag == tag)
            if len(views) >= _OF_A_USER_AT_MOST:
                break
        return views[:_OF_A_USER_AT_MOST]

    async def count_at(self, ids: Sequence[EndpointId]) -> list[int]:
        """See Store.sessions_at."""
        leads = [each.encode() for each in ids]
        counts = await self._commands.run_many(
            [("ZLEXCOUNT", keys.BY_ENDPOINT, b"[%b\0" % lead, b"(%b\1" % lead) for lead in leads]
        )
        return cast("list[int]", counts)

    async def live_at(self, ids: list[str], endpoint_id: EndpointId) -> list[ApplicationSession]:
        """The records of those that are live at this endpoint; one that cannot be read hides no other."""
        return await self._readable(ids, endpoint_id)

    async def readable(self, ids: list[str]) -> list[ApplicationSession]:
        """The records of those that are live; one that cannot be read hides no other."""
        return await self._readable(ids, None)

    async def _readable(self, ids: list[str], at: EndpointId | None) -> list[ApplicationSession]:
        values, now = await self._values(ids, at), self._now_ms()
        live: list[ApplicationSession] = []
        for session_id, value in zip(ids, values, strict=True):
            with suppress(StoreUnavailable):
                record = _live_record(value, session_id, now)
                live += [record] if record is not None else []
        return live

    async def user_views(self, ids: list[str]) -> list[UserView | None]:
        """Users by their whole ids; None for each who is not there."""
        tags = [
            read_tag(reply)
            for reply in await self._commands.run_many(
                [("GET", keys.user_tag_of(UserId(user_id))) for user_id in ids]
            )
        ]
        known = [tag for tag in tags if tag is not None]
        replies = await self._commands.run_many([command for tag in known for command in _of_user(tag)])
        counts = await self._counts(known, cast("list[list[bytes]]", replies[1::2]))
        by_tag = {
            tag: _user_view(cast("list[Reply]", values), count)
            for tag, values, count in zip(known, replies[::2], counts, strict=True)
        }
        views = [by_tag.get(tag) if tag is not None else None for tag in tags]
        return [
            view if view is not None and view.user.id == user_id else None
            for user_id, view in zip(ids, views, strict=True)
        ]

    async def _counts(self, tags: list[UserTag], entries: list[list[bytes]]) -> list[int]:
        """How many live application sessions each user has: on the records, of very many by the index.

        ``entries``: those of each user's index, or more than are counted on their records.
        """
        few = [
            [entry.decode() for entry in some] if len(some) <= _COUNTED_AT_MOST else [] for some in entries
        ]
        indexes = [keys.user_applications(tag) for tag in tags]
        many = [index for index, some in zip(indexes, entries, strict=True) if len(some) > _COUNTED_AT_MOST]
        by_index = iter(await self._commands.run_many([("ZCARD", index) for index in many]))
        live = iter(await self._live([entry for some in few for entry in some]))
        stale: list[lua.Command] = []
        counts: list[int] = []
        for index, some, ids in zip(indexes, entries, few, strict=True):
            gone = [entry for entry in ids if next(live) is None]
            stale += self._dropped(index, gone)
            is_few = len(some) <= _COUNTED_AT_MOST
            counts.append(len(ids) - len(gone) if is_few else cast("int", next(by_index)))
        with suppress(StoreUnavailable):
            await self._commands.run_all(stale)
        return counts

    async def session_views(self, ids: list[str]) -> list[SessionView | None]:
        """Application sessions by their whole ids; None for each that is not live."""
        places = await self._places(ids)
        replies = iter(
            await self._commands.run_many(
                [command for place in places if place is not None for command in _of_session(place)]
            )
        )
        now = self._now_ms()
        views: list[SessionView | None] = []
        for session_id, place in zip(ids, places, strict=True):
            value, activity = (next(replies), next(replies)) if place is not None else (None, None)
            record = _live_record(value, session_id, now)
            views.append(_session_view(record, activity) if record is not None else None)
        return views

    async def ended_views(self, ids: list[str]) -> list[SessionView | None]:
        """Sessions that are over by their whole ids; None for each that is not kept any more."""
        values = await self._commands.run_many(
            [("GET", keys.ended_session(SessionId(session_id))) for session_id in ids]
        )
        return [_ended_view(value) for value in values]

    async def _live(self, ids: list[str]) -> list[ApplicationSession | None]:
        """The records of those that are live, by what stands at their keys now."""
        values, now = await self._values(ids), self._now_ms()
        return [_live_record(value, session_id, now) for session_id, value in zip(ids, values, strict=True)]

    async def _values(self, ids: list[str], at: EndpointId | None = None) -> list[Reply]:
        """What stands where each session's place says, if it has one (``at`` this endpoint)."""
        places = await self._places(ids)
        if at is not None:
            places = [place if place is not None and place[1] == at else None for place in places]
        values = iter(
            await self._commands.run_many(
                [("GET", keys.application(*place)) for place in places if place is not None]
            )
        )
        return [next(values) if place is not None else None for place in places]

    async def _places(self, ids: list[str]) -> list[Place | None]:
        """Where each session stands, as far as that is known."""
        asked: list[lua.Command] = [("GET", keys.session_place(SessionId(session_id))) for session_id in ids]
        return [read_place(reply) for reply in await self._commands.run_many(asked)]

    def _dropped(self, index: bytes, ids: Sequence[str]) -> list[lua.Command]:
        """What takes entries without a record out of ``index``, unless their record may be on its way."""
        now = self._now_ms()
        stale = [entry for entry in ids if not may_be_under_way(entry, now)]
        return [("ZREM", index, *stale)] if stale else []


def _of_user(tag: UserTag) -> list[lua.Command]:
    """What a view of a user needs: record, last activity, block, and sessions, one more than are counted."""
    return [
        ("MGET", keys.user(tag), keys.last_active(tag), keys.block(tag)),
        ("ZRANGE", keys.user_applications(tag), 0, _COUNTED_AT_MOST),
    ]


def _of_session(place: Place) -> list[lua.Command]:
    return [("GET", keys.application(*place)), ("HMGET", keys.activity(*place), *SHOWN)]


def _session_view(record: ApplicationSession, activity: Reply) -> SessionView:
    return SessionView(record, shown_activity(record, cast("list[bytes | None]", activity)))


def _live_record(value: Reply, session_id: str, now: Milliseconds) -> ApplicationSession | None:
    if not isinstance(value, bytes) or is_tombstone(value):
        return None
    record = decode(value, ApplicationSession)
    return record if record.id == session_id and record.expires_at > now else None


def _ended_view(value: Reply) -> SessionView | None:
    if not isinstance(value, bytes):
        return None
    ended = decode(value, EndedSession)
    return SessionView(ended.session, ended.activity, EndedHow(ended.reason, ended.by, ended.at))


def _user_view(values: Sequence[Reply], sessions: int) -> UserView | None:
    record, last_active, block = values
    if not isinstance(record, bytes):
        return None
    user = decode(record, User)
    last_request = int(last_active) if isinstance(last_active, bytes) else 0
    stands = decode(block, Block) if isinstance(block, bytes) else None
    return UserView(user, max(user.last_login, last_request), sessions, stands)
