"""Ends: of application sessions, of browser sessions, of all that a user has, of the user.

Each end is a tombstone, written by one script in the slot of what it ends; indexes and what is told follow
(endings.py). How a user's end wins against logins and new application sessions under way:
docs/decisions/keys.md.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import cast

from session_store import indexes, keys, lua
from session_store.commands import Commands, Reply
from session_store.endings import Act, Endings, Left
from session_store.errors import StoreUnavailable
from session_store.ids import SessionId, UserId
from session_store.lookup import place_of, tag_of
from session_store.notices import notice
from session_store.records import (
    ApplicationSession,
    BrowserSession,
    CookieHash,
    Milliseconds,
    User,
    UserTag,
    decode,
    encode,
)
from session_store.side_by_side import in_batches
from session_store.tombstones import halves, tombstone

GENERATION_LIFE_MS = 32 * 86_400_000
"""A generation outlives every session that was begun under it: the longest lives 30 days."""

_READ_AT_ONCE = 1000
_ENDED_AT_ONCE = 50
_BATCHES_AT_ONCE = 6
_NOTED_AT_ONCE = 2
"""Batches side by side: of ends alone, and of ends that are noted at once, which hold the server longer."""

_NOTED_FIRST = 100
"""So many are noted before the answer; of more the answer says that they are ended."""

Note = Callable[[Sequence[Left], Act, Milliseconds], Awaitable[None]]


class Revocation:
    """Ends sessions and users. What it could not confirm in time is NotConfirmed: repeating it is safe."""

    def __init__(self, commands: Commands, endings: Endings, now_ms: Callable[[], Milliseconds]) -> None:
        self._commands = commands
        self._endings = endings
        self._now_ms = now_ms

    async def end_browser_session(self, cookie_hash: CookieHash, act: Act) -> bool:
        """See Store.end_browser_session."""
        async with self._commands.confirmed():
            standing = await self._commands.run("GET", keys.browser(cookie_hash))
            if not isinstance(standing, bytes) or standing[:1] != b"B":
                return False
            browser = decode(standing, BrowserSession)
            return await self.end(cookie_hash, browser.user_tag, act)

    async def end(self, cookie_hash: CookieHash, user_tag: UserTag, act: Act) -> bool:
        """End a browser session of ``user_tag``; False where none was live."""
        tag = keys.tag(cookie_hash)
        live = await self.end_indexed([tag, b"0"], act)
        with suppress(StoreUnavailable):
            await self.drop(user_tag, [tag])
        return live == [True]

    async def end_application_session(self, session_id: SessionId, act: Act) -> bool:
        """See Store.end_application_session."""
        async with self._commands.confirmed():
            place = await place_of(self._commands, session_id)
            if place is None:
                return False
            standing = await self._commands.run("GET", keys.application(*place))
            if not isinstance(standing, bytes) or standing[:1] != b"A":
                return False
            session = decode(standing, ApplicationSession)
            if session.id != session_id or session.expires_at <= self._now_ms():
                return False
            return await self.end_applications([session], act) == [True]

    async def end_applications(self, sessions: Sequence[ApplicationSession], act: Act) -> list[bool]:
        """End application sessions, each where its record says; whether it was live.

        Not confirmed by itself.
        """
        return await in_batches(
            sessions, _NOTED_FIRST, lambda some: self._end_some(some, act), at_once=_NOTED_AT_ONCE
        )

    async def _end_some(self, some: Sequence[ApplicationSession], act: Act) -> list[bool]:
        at = self._now_ms()
        replies = await self._commands.run_all([_application_call(each, act, at) for each in some])
        ended = [cast("list[int | Reply]", reply) for reply in replies]
        with suppress(StoreUnavailable):
            over = [each for each, (how, *_) in zip(some, ended, strict=True) if how == 2]
            await self._commands.run_all(
                [("ZREM", keys.user_browsers(each.user_tag), keys.tag(each.cookie_hash)) for each in over]
            )
            await self._endings.note_left([cast("Left", rest) for how, *rest in ended if how], act, at)
        return [how != 0 for how, *_ in ended]

    async def end_others(self, user_tag: UserTag, keep: CookieHash, act: Act) -> int:
        """See Store.end_others."""
        async with self._commands.confirmed():
            return await self.end_all_of(user_tag, act, keep=keys.tag(keep))

    async def end_all_of(self, user_tag: UserTag, act: Act, *, keep: bytes = b"") -> int:
        """End all browser sessions of a user but that with the tag ``keep``; how many were live.

        Those of logins that are entered when this begins. Not confirmed by itself.
        """
        index, ended = keys.user_browsers(user_tag), 0
        while True:
            some = await self._commands.run("ZRANGE", index, 0, _READ_AT_ONCE, "WITHSCORES")
            found = cast("list[bytes]", some)
            pairs = [pair for pair in zip(found[::2], found[1::2], strict=True) if pair[0] != keep]
            ended += await self._end_all(user_tag, [part for pair in pairs for part in pair], act)
            if len(found) <= 2 * _READ_AT_ONCE:
                return ended

    async def delete_user(self, user_id: UserId, act: Act) -> bool:
        """End all that a user has and remove the record; see Store.delete_user. Not confirmed by itself."""
        user_tag = await tag_of(self._commands, user_id)
        if user_tag is None:
            return False
        found = await self._some_browsers(user_tag, user_id)
        if found is None:
            return False
        while found is not None:
            if found:
                await self._end_all(user_tag, found, act)
            elif (record := await self._finish(user_tag, user_id, act.by)) != 0:
                await self._unlist(record)
                break
            found = await self._some_browsers(user_tag, user_id)
        return True

    async def _unlist(self, record: Reply) -> None:
        """Take the user with the deleted ``record`` out of the lists; what is left there the sweep drops."""
        with suppress(StoreUnavailable):
            if isinstance(record, bytes):
                await self._commands.run_all(indexes.leave_user(decode(record, User)))

    async def _some_browsers(self, user_tag: UserTag, user_id: UserId) -> list[bytes] | None:
        """Some of the user's browser sessions, tag and end in turn; None where the user's record is gone."""
        read = lua.USER_SESSIONS.call(
            [keys.user(user_tag), keys.user_browsers(user_tag)], user_id, _READ_AT_ONCE
        )
        return cast("list[bytes] | None", await self._commands.run(*read))

    async def _end_all(self, user_tag: UserTag, found: Sequence[bytes], act: Act) -> int:
        """End ``found``, and take it out of the user's index; how many were live."""
        were_live = await self.end_indexed(found, act)
        await self.drop(user_tag, found[::2])
        return sum(were_live)

    async def end_indexed(self, found: Sequence[bytes], act: Act) -> list[bool]:
        """End the browser sessions in ``found``, tag and end of the record in turn, also unwritten ones.

        For each: whether it was live.
        """
        pairs, at = list(zip(found[::2], found[1::2], strict=True)), self._now_ms()
        if len(pairs) <= _NOTED_FIRST:
            return await self._end_some_indexed(pairs, act, at, self._endings.note_left)
        note = self._endings.note_behind
        return await in_batches(
            pairs,
            _ENDED_AT_ONCE,
            lambda some: self._end_some_indexed(some, act, at, note),
            at_once=_BATCHES_AT_ONCE,
        )

    async def _end_some_indexed(
        self, some: Sequence[tuple[bytes, bytes]], act: Act, at: Milliseconds, note: Note
    ) -> list[bool]:
        calls = [_browser_call(keys.cookie_hash_of(tag), int(float(ends)), act, at) for tag, ends in some]
        ended = [cast("list[Reply]", reply) for reply in await self._commands.run_all(calls)]
        with suppress(StoreUnavailable):
            await note([cast("Left", each) for _, *of_one in ended for each in of_one], act, at)
        return [was_live == 1 for was_live, *_ in ended]

    async def _finish(self, user_tag: UserTag, user_id: UserId, by: str) -> Reply:
        """Delete the record if no browser session is indexed any more, and tell it.

        0 where one is, 1 where another deletion was faster.
        """
        finish = lua.FINISH_REVOCATION.call(
            [
                keys.user(user_tag),
                keys.generation(user_tag),
                keys.user_browsers(user_tag),
                keys.user_applications(user_tag),
                keys.last_active(user_tag),
                keys.user_order(user_tag),
                keys.known(user_tag),
            ],
            user_id,
            by,
            GENERATION_LIFE_MS,
        )
        return await self._commands.run(*finish)

    async def drop(self, user_tag: UserTag, browser_tags: Sequence[bytes]) -> None:
        """Take browser sessions that were ended out of their user's index."""
        if browser_tags:
            await self._commands.run("ZREM", keys.user_browsers(user_tag), *browser_tags)


def _application_call(session: ApplicationSession, act: Act, at: Milliseconds) -> lua.Command:
    cookie_hash, endpoint_id = session.cookie_hash, session.endpoint.id
    return lua.END_APPLICATION.call(
        [
            keys.browser(cookie_hash),
            keys.application(cookie_hash, endpoint_id),
            keys.endpoints(cookie_hash),
            keys.applications(cookie_hash),
            keys.activities(cookie_hash),
            keys.memory(cookie_hash),
            keys.activity(cookie_hash, endpoint_id),
            keys.history(cookie_hash, endpoint_id),
        ],
        encode(tombstone(cookie_hash, endpoint_id, act.reason, act.by, at)),
        encode(tombstone(cookie_hash, None, act.reason, act.by, at)),
        at,
        keys.ENDED,
        notice(cookie_hash, endpoint_id, at),
    )


def _browser_call(cookie_hash: CookieHash, ends_at: int, act: Act, at: Milliseconds) -> lua.Command:
    head, tail = halves(cookie_hash, act.reason, act.by, at)
    return lua.END_BROWSER.call(
        [
            keys.browser(cookie_hash),
            keys.endpoints(cookie_hash),
            keys.applications(cookie_hash),
            keys.memory(cookie_hash),
            keys.activities(cookie_hash),
            keys.histories(cookie_hash),
        ],
        encode(tombstone(cookie_hash, None, act.reason, act.by, at)),
        head,
        tail,
        ends_at,
        keys.ENDED,
        notice(cookie_hash, None, at),
    )
