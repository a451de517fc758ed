"""What a crash has left in the indexes: entries that lead to nothing, dropped some at a time.

Every answer of an index is checked on the record. An entry that a write under way may still need is left
alone. Sessions that are over and nobody has noted are ``overdue``'s.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from session_store import indexes, keys
from session_store.commands import Commands, Reply
from session_store.errors import StoreUnavailable
from session_store.ids import SESSION_PREFIX, USER_PREFIX, UserId, may_be_under_way
from session_store.lookup import read_tag
from session_store.records import Milliseconds, User, decode

_AT_ONCE = 100

Step = Callable[[str], Awaitable[str | None]]
"""Looks after some entries behind a position; the position reached, None at the end."""


class Strays:
    """Drops what leads nowhere."""

    def __init__(self, commands: Commands, now_ms: Callable[[], Milliseconds]) -> None:
        self._commands = commands
        self._now_ms = now_ms

    def steps(self) -> list[Step]:
        """A step for every index that is gone through whole. Each raises StoreUnavailable."""
        of_live = (keys.BY_PROVIDER, keys.BY_ENDPOINT, keys.BY_IP, keys.BY_COUNTRY)
        return [
            self._users,
            *(partial(self._strays, index, keys.SESSIONS, SESSION_PREFIX) for index in of_live),
            partial(self._strays, keys.USER_WORDS, keys.USERS, USER_PREFIX),
            partial(self._strays, keys.ENDED_USERS, keys.ENDED_SESSIONS, SESSION_PREFIX),
        ]

    async def _users(self, after: str) -> str | None:
        found = await self._commands.run(*indexes.some_behind(keys.USERS, after, _AT_ONCE))
        ids = [UserId(entry.decode()) for entry in cast("list[bytes]", found)]
        tags = [
            read_tag(reply)
            for reply in await self._commands.run_all([("GET", keys.user_tag_of(each)) for each in ids])
        ]
        records = iter(
            await self._commands.run_all([("GET", keys.user(tag)) for tag in tags if tag is not None])
        )
        now = self._now_ms()
        standing = [None if tag is None else next(records) for tag in tags]
        gone = [
            each
            for each, record in zip(ids, standing, strict=True)
            if not _is_of(each, record) and not may_be_under_way(each, now)
        ]
        await self._commands.run_all(indexes.drop_user_ids(gone) if gone else [])
        return ids[-1] if len(ids) == _AT_ONCE else None

    async def _strays(self, index: bytes, owner: bytes, prefix: str, after: str) -> str | None:
        """Drop entries of ``index`` whose id the list ``owner`` does not have."""
        found = await self._commands.run(*indexes.some_behind(index, after, _AT_ONCE))
        members = cast("list[bytes]", found)
        if not members:
            return None
        ids = [prefix + member.rpartition(b"\0")[2].decode() for member in members]
        scores = cast("list[Reply]", await self._commands.run("ZMSCORE", owner, *ids))
        now = self._now_ms()
        strays = [
            member
            for member, each, score in zip(members, ids, scores, strict=True)
            if score is None and not may_be_under_way(each, now)
        ]
        if strays:
            await self._commands.run("ZREM", index, *strays)
        return members[-1].decode("latin-1") if len(members) == _AT_ONCE else None


def _is_of(user_id: UserId, record: Reply) -> bool:
    """Whether ``record`` is that of the user; one that cannot be read may be."""
    try:
        return isinstance(record, bytes) and decode(record, User).id == user_id
    except StoreUnavailable:
        return True
