"""What administrators read: users and live application sessions, one by one and in pages.

An index is a hint, the record decides. An entry without a record is passed over at once, and dropped when it
is older than any write under way, since indexes are written before records. Nothing else is written here.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar, cast

from session_store import keys, lua
from session_store.commands import Commands, Reply
from session_store.errors import StoreUnavailable
from session_store.ids import EndpointId, SessionId, UserId, is_id, made_at_s
from session_store.lookup import read_place, read_tag
from session_store.records import (
    Activity,
    ApplicationSession,
    Context,
    Milliseconds,
    User,
    UserTag,
    decode,
    is_tombstone,
)
from session_store.views import Page, SessionView, UserView

_WRITE_UNDER_WAY_S = 60
_READ_AT_LEAST = 100
_COMMANDS_AT_ONCE = 500
_OF_A_USER_AT_MOST = 500

V = TypeVar("V")
Read = Callable[[list[str]], Awaitable[list[V | None]]]


class Directory:
    """Reads users and sessions by their public ids."""

    def __init__(self, commands: Commands, now_ms: Callable[[], Milliseconds]) -> None:
        self._commands = commands
        self._now_ms = now_ms

    async def users(self, *, limit: int, before: str | None) -> Page[UserView]:
        """See Store.users."""
        return await self._page(keys.USERS, self._user_views, limit, before)

    async def user(self, user_id: UserId) -> UserView | None:
        """See Store.user."""
        return (await self._user_views([user_id]))[0] if is_id(user_id, "edgusr_") else None

    async def sessions(self, *, limit: int, before: str | None) -> Page[SessionView]:
        """See Store.sessions."""
        return await self._page(keys.SESSIONS, self._session_views, limit, before)

    async def session(self, session_id: SessionId) -> SessionView | None:
        """See Store.session."""
        return (await self._session_views([session_id]))[0] if is_id(session_id, "edgses_") else None

    async def user_sessions(self, tag: UserTag) -> list[SessionView]:
        """See Store.user_sessions."""
        found = cast("list[bytes]", await self._commands.run("ZRANGE", keys.user_applications(tag), 0, -1))
        ids = sorted((entry.decode() for entry in found), reverse=True)
        views: list[SessionView] = []
        for first in range(0, len(ids), _OF_A_USER_AT_MOST):
            some = await self._session_views(ids[first : first + _OF_A_USER_AT_MOST])
            views.extend(view for view in some if view is not None and view.session.user_tag == tag)
            if len(views) >= _OF_A_USER_AT_MOST:
                break
        return views[:_OF_A_USER_AT_MOST]

    async def live_at(self, ids: list[str], endpoint_id: EndpointId) -> list[ApplicationSession]:
        """The records of those that are live at this endpoint; one that cannot be read hides no other."""
        values, now = await self._values(ids, endpoint_id), self._now_ms()
        live: list[ApplicationSession] = []
        for session_id, value in zip(ids, values, strict=True):
            with suppress(StoreUnavailable):
                record = _live_record(value, session_id, now)
                live += [record] if record is not None else []
        return live

    async def drop_some_sessions(self, after: str) -> str | None:
        """Drop what is over among the next hundred entries of the list of all sessions, oldest first.

        They follow ``after``, or are the first where it is ""; returns the last of them, or None at the end.
        """
        start = f"({after}" if after else "-"
        found = await self._commands.run(
            "ZRANGE", keys.SESSIONS, start, "+", "BYLEX", "LIMIT", 0, _READ_AT_LEAST
        )
        ids = [entry.decode() for entry in cast("list[bytes]", found)]
        values, now = await self._values(ids), self._now_ms()
        over = [entry for entry, value in zip(ids, values, strict=True) if _is_over(value, entry, now)]
        await self._drop(keys.SESSIONS, over)
        return ids[-1] if len(ids) == _READ_AT_LEAST else None

    async def _page(self, index: bytes, read: Read[V], limit: int, before: str | None) -> Page[V]:
        """Read on from ``before`` until there is one row more than asked for, or no more entry."""
        wanted = max(limit + 1, _READ_AT_LEAST)
        rows: list[V] = []
        start = "+" if before is None else f"({before}"
        while True:
            found = await self._commands.run("ZRANGE", index, start, "-", "BYLEX", "REV", "LIMIT", 0, wanted)
            ids = [entry.decode() for entry in cast("list[bytes]", found)]
            views = await read(ids)
            rows.extend(view for view in views if view is not None)
            await self._drop(index, [entry for entry, view in zip(ids, views, strict=True) if view is None])
            if len(rows) > limit or len(ids) < wanted:
                return Page(rows[:limit], more=len(rows) > limit)
            start = f"({ids[-1]}"

    async def _user_views(self, ids: list[str]) -> list[UserView | None]:
        tags = [
            read_tag(reply)
            for reply in await self._all([("GET", keys.user_tag_of(UserId(user_id))) for user_id in ids])
        ]
        known = [tag for tag in tags if tag is not None]
        records = await self._all([("GET", keys.user(tag)) for tag in known])
        times = await self._all([("GET", keys.last_active(tag)) for tag in known])
        counts = await self._counts(known)
        by_tag = {
            tag: _user_view(record, time, count)
            for tag, record, time, count in zip(known, records, times, counts, strict=True)
        }
        views = [by_tag.get(tag) if tag is not None else None for tag in tags]
        return [
            view if view is not None and view.user.id == user_id else None
            for user_id, view in zip(ids, views, strict=True)
        ]

    async def _counts(self, tags: list[UserTag]) -> list[int]:
        """How many live application sessions each user has, counted on the records."""
        indexed = cast(
            "list[list[bytes]]",
            await self._all([("ZRANGE", keys.user_applications(tag), 0, -1) for tag in tags]),
        )
        ids = [[entry.decode() for entry in entries] for entries in indexed]
        live = iter(await self._live([session_id for of_user in ids for session_id in of_user]))
        counts = []
        for tag, of_user in zip(tags, ids, strict=True):
            records = [next(live) for _ in of_user]
            gone = [entry for entry, record in zip(of_user, records, strict=True) if record is None]
            await self._drop(keys.user_applications(tag), gone)
            counts.append(len(of_user) - len(gone))
        return counts

    async def _session_views(self, ids: list[str]) -> list[SessionView | None]:
        records = await self._live(ids)
        live = [record for record in records if record is not None]
        activities = await self._all(
            [
                (
                    "HMGET",
                    keys.activity(record.cookie_hash, record.endpoint.id),
                    "last_active",
                    "requests",
                    "context",
                )
                for record in live
            ]
        )
        by_id = {
            record.id: SessionView(record, _activity(record, cast("list[bytes | None]", reply)))
            for record, reply in zip(live, activities, strict=True)
        }
        return [by_id.get(SessionId(session_id)) for session_id in ids]

    async def _live(self, ids: list[str]) -> list[ApplicationSession | None]:
        """The records of those that are live, by what stands at their keys now."""
        values, now = await self._values(ids), self._now_ms()
        return [_live_record(value, session_id, now) for session_id, value in zip(ids, values, strict=True)]

    async def _values(self, ids: list[str], at: EndpointId | None = None) -> list[Reply]:
        """What stands where each session's place says, if it has one (``at`` this endpoint)."""
        places = [
            read_place(reply)
            for reply in await self._all(
                [("GET", keys.session_place(SessionId(session_id))) for session_id in ids]
            )
        ]
        if at is not None:
            places = [place if place is not None and place[1] == at else None for place in places]
        values = iter(
            await self._all([("GET", keys.application(*place)) for place in places if place is not None])
        )
        return [next(values) if place is not None else None for place in places]

    async def _drop(self, index: bytes, ids: Sequence[str]) -> None:
        """Take entries without a record out of ``index``, unless their record may still be on its way."""
        oldest_s = self._now_ms() // 1000 - _WRITE_UNDER_WAY_S
        stale = [entry for entry in ids if made_at_s(entry) < oldest_s]
        if stale:
            with suppress(StoreUnavailable):
                await self._commands.run("ZREM", index, *stale)

    async def _all(self, commands: list[lua.Command]) -> list[Reply]:
        replies: list[Reply] = []
        for first in range(0, len(commands), _COMMANDS_AT_ONCE):
            replies.extend(await self._commands.run_all(commands[first : first + _COMMANDS_AT_ONCE]))
        return replies


def _live_record(value: Reply, session_id: str, now: Milliseconds) -> ApplicationSession | None:
    if not isinstance(value, bytes) or is_tombstone(value):
        return None
    record = decode(value, ApplicationSession)
    return record if record.id == session_id and record.expires_at > now else None


def _is_over(value: Reply, session_id: str, now: Milliseconds) -> bool:
    """Whether no live record of this session stands there; one that cannot be read may be live to others."""
    try:
        return _live_record(value, session_id, now) is None
    except StoreUnavailable:
        return False


def _user_view(record: Reply, last_active: Reply, sessions: int) -> UserView | None:
    if not isinstance(record, bytes):
        return None
    user = decode(record, User)
    last_request = int(last_active) if isinstance(last_active, bytes) else 0
    return UserView(user, max(user.last_login, last_request), sessions)


def _activity(record: ApplicationSession, reply: list[bytes | None]) -> Activity:
    last_active, requests, context = reply
    return Activity(
        last_active=int(last_active or record.created_at),
        requests=int(requests or 0),
        context=decode(context, Context) if context is not None else Context(ip_address=""),
    )
