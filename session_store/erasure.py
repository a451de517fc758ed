"""Deleting users, and erasing all that is kept on them: ended sessions and events too.

What has begun to be erased is noted before anything is deleted, so that a repetition, or the sweep, does the
rest. A second pass follows later, for what was under way during the first.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from session_store import indexes, keys
from session_store.blocks import Blocks
from session_store.commands import Commands
from session_store.endings import Act, Endings
from session_store.events import PERSON, Events, person_hash
from session_store.ids import SESSION_PREFIX, USER_PREFIX, SessionId, UserId, bare, is_id
from session_store.lua import Command
from session_store.overdue import Overdue
from session_store.records import EndedSession, Milliseconds, UserTag, decode
from session_store.revocation import Revocation
from session_store.telling import tell_of_user

_READ_AT_ONCE = 200
_SECOND_PASS_AFTER_MS = 60_000


_START = "evt_0_0"
_DONE = "-"


@dataclass(frozen=True, slots=True)
class _Begun:
    """An erasure under way: of whom, since when, and how far the events have been read through."""

    user_tag: UserTag
    at: Milliseconds
    position: str


class Erasure:
    """Deletes users, with their traces where that is asked for."""

    def __init__(
        self,
        commands: Commands,
        revocation: Revocation,
        endings: Endings,
        blocks: Blocks,
        overdue: Overdue,
        events: Events,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        self._commands = commands
        self._revocation = revocation
        self._endings = endings
        self._blocks = blocks
        self._overdue = overdue
        self._events = events
        self._now_ms = now_ms

    async def delete(self, user_id: UserId, act: Act) -> bool:
        """See Store.delete_user."""
        async with self._commands.confirmed():
            deleted = await self._revocation.delete_user(user_id, act)
        if deleted:
            await self._tell("user_deleted", act, user_id, {"note": act.note})
        return deleted

    async def erase(self, user_id: UserId, act: Act) -> bool:
        """See Store.erase_user."""
        async with self._commands.confirmed():
            # What time has ended is kept, and tells who somebody was, only once it is noted.
            while await self._overdue.note_some():
                pass
            begun = await self._begun(user_id)
            if begun is None or begun.position == _DONE:
                return False
            user_tag = begun.user_tag
            await self._note(user_id, begun)
            await self._revocation.delete_user(user_id, act)
            await self._commands.run_all(indexes.drop_user_ids([user_id]))
            await self._blocks.lift(user_id, user_tag)
            await self._endings.settled()
            await self._erase_traces(user_id, begun)
            await self._tell("user_erased", act, "", {PERSON: person_hash(user_tag)})
            await self._note(user_id, replace(begun, position=_DONE))
        return True

    async def _begun(self, user_id: UserId) -> "_Begun | None":
        """The erasure of this user as far as it has come, or about to begin; None where there is nobody."""
        if is_id(user_id, USER_PREFIX):
            begun = await self._commands.run("HGET", keys.ERASING, user_id)
            if isinstance(begun, bytes):
                return _read(begun)
            user_tag = await self._tag(user_id)
            if user_tag is not None:
                return _Begun(user_tag, self._now_ms(), _START)
        return None

    async def _note(self, user_id: UserId, begun: "_Begun") -> None:
        await self._commands.run(
            "HSET", keys.ERASING, user_id, f"{begun.user_tag} {begun.at} {begun.position}"
        )

    async def _tag(self, user_id: UserId) -> UserTag | None:
        """Who this is or was, as far as anything that is kept says."""
        *tags, over = await self._commands.run_all(
            [
                ("GET", keys.user_tag_of(user_id)),
                ("HGET", keys.BLOCKS, user_id),
                _ended_of(user_id, 1),
            ]
        )
        for tag in tags:
            if isinstance(tag, bytes):
                return UserTag(tag.decode())
        ids = [_ended_id(member) for member in cast("list[bytes]", over)]
        values = await self._commands.run_all([("GET", keys.ended_session(each)) for each in ids])
        kept = [decode(value, EndedSession) for value in values if isinstance(value, bytes)]
        return kept[0].session.user_tag if kept else None

    async def finish_some(self) -> None:
        """Erase what came after a first pass, or what one that died has left. Raises StoreUnavailable."""
        found = cast("list[bytes]", await self._commands.run("HGETALL", keys.ERASING))
        for entry, value in zip(found[::2], found[1::2], strict=True):
            user_id, begun = UserId(entry.decode()), _read(value)
            if begun.at + _SECOND_PASS_AFTER_MS < self._now_ms():
                await self._erase_traces(user_id, replace(begun, position=_START))
                await self._commands.run("HDEL", keys.ERASING, user_id)

    async def _erase_traces(self, user_id: UserId, begun: "_Begun") -> None:
        """Erase ended sessions and events; how far it has come is noted, so that a repetition goes on."""
        while members := await self._commands.run(*_ended_of(user_id, _READ_AT_ONCE)):
            await self._forget_ended(cast("list[bytes]", members))
        person, position = person_hash(begun.user_tag), begun.position
        while reached := await self._events.erase_some(user_id, person, position):
            position = reached
            await self._note(user_id, replace(begun, position=position))

    async def _forget_ended(self, members: list[bytes]) -> None:
        """Forget ended sessions by what the index of their users has of them."""
        ids = [_ended_id(member) for member in members]
        await self._commands.run_all(
            [
                *(("DEL", keys.ended_session(each)) for each in ids),
                *indexes.leave_ended(ids, members),
            ]
        )

    async def _tell(self, event_type: str, act: Act, user_id: str, details: dict[str, str]) -> None:
        at = self._now_ms()
        await tell_of_user(
            self._events,
            event_type,
            user_id,
            at=at,
            effective_at=at,
            by=act.by,
            operation_id=act.operation_id,
            details=details,
        )


def _read(value: bytes) -> _Begun:
    user_tag, at, position = value.decode().split(" ")
    return _Begun(UserTag(user_tag), int(at), position)


def _ended_of(user_id: UserId, count: int) -> Command:
    """The command that reads some of the user's entries among ended sessions."""
    start, end = b"[%b\0" % bare(user_id), b"(%b\1" % bare(user_id)
    return ("ZRANGE", keys.ENDED_USERS, start, end, "BYLEX", "LIMIT", 0, count)


def _ended_id(member: bytes) -> SessionId:
    return SessionId(SESSION_PREFIX + member.partition(b"\0")[2].decode())
