"""Ends: of one application session, of one browser session, of a user with all of them.

Each end is a tombstone, written by one script in the slot of what it ends; indexes follow. How a user's end
wins against logins and new application sessions under way: docs/decisions/keys.md.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from session_store import keys, lua
from session_store.commands import Commands
from session_store.errors import StoreUnavailable
from session_store.ids import SessionId, UserId
from session_store.lifecycle import EndReason
from session_store.lookup import place_of, tag_of
from session_store.notices import notice
from session_store.records import (
    ApplicationSession,
    BrowserSession,
    CookieHash,
    Milliseconds,
    UserTag,
    decode,
    encode,
)
from session_store.tombstones import halves, tombstone

GENERATION_LIFE_MS = 32 * 86_400_000
"""A generation outlives every session that was begun under it: the longest lives 30 days."""

_READ_AT_ONCE = 1000
_ENDED_AT_ONCE = 100


class Revocation:
    """Ends sessions and users. What it could not confirm in time is NotConfirmed: repeating it is safe."""

    def __init__(self, commands: Commands, now_ms: Callable[[], Milliseconds]) -> None:
        self._commands = commands
        self._now_ms = now_ms

    async def end_browser_session(self, cookie_hash: CookieHash, reason: EndReason, by: str) -> bool:
        """See Store.end_browser_session."""
        async with self._commands.confirmed():
            standing = await self._commands.run("GET", keys.browser(cookie_hash))
            if not isinstance(standing, bytes) or standing[:1] != b"B":
                return False
            browser = decode(standing, BrowserSession)
            return await self.end(cookie_hash, browser.user_tag, reason, by)

    async def end(self, cookie_hash: CookieHash, user_tag: UserTag, reason: EndReason, by: str) -> bool:
        """End a browser session of ``user_tag``; False where none was live."""
        reply = await self._commands.run(*self._end_call(cookie_hash, 0, reason, by))
        was_live, *session_ids = cast("list[bytes | int]", reply)
        with suppress(StoreUnavailable):
            await self.drop(user_tag, [keys.tag(cookie_hash)], session_ids)
        return was_live == 1

    async def end_application_session(self, session_id: SessionId, reason: EndReason, by: str) -> bool:
        """See Store.end_application_session."""
        async with self._commands.confirmed():
            place = await place_of(self._commands, session_id)
            if place is None:
                return False
            cookie_hash, endpoint_id = place
            standing = await self._commands.run("GET", keys.application(*place))
            if not isinstance(standing, bytes) or standing[:1] != b"A":
                return False
            session = decode(standing, ApplicationSession)
            now = self._now_ms()
            if session.id != session_id or session.expires_at <= now:
                return False
            ended = await self._commands.run(
                *lua.END_APPLICATION.call(
                    [
                        keys.browser(cookie_hash),
                        keys.application(*place),
                        keys.endpoints(cookie_hash),
                        keys.applications(cookie_hash),
                        keys.activities(cookie_hash),
                        keys.memory(cookie_hash),
                    ],
                    encode(tombstone(cookie_hash, endpoint_id, reason, by, now)),
                    encode(tombstone(cookie_hash, None, reason, by, now)),
                    now,
                    keys.ENDED,
                    notice(cookie_hash, endpoint_id, now),
                )
            )
            with suppress(StoreUnavailable):
                browsers = [keys.tag(cookie_hash)] if ended == 2 else []
                await self.drop(session.user_tag, browsers, [session_id.encode()] if ended else [])
            return ended != 0

    async def end_others(self, user_tag: UserTag, keep: CookieHash, reason: EndReason, by: str) -> int:
        """See Store.end_others."""
        kept, index, ended = keys.tag(keep), keys.user_browsers(user_tag), 0
        async with self._commands.confirmed():
            while True:
                some = await self._commands.run("ZRANGE", index, 0, _READ_AT_ONCE, "WITHSCORES")
                found = cast("list[bytes]", some)
                pairs = [pair for pair in zip(found[::2], found[1::2], strict=True) if pair[0] != kept]
                others = [part for pair in pairs for part in pair]
                ended += await self._end_all(user_tag, others, reason, by)
                if len(found) <= 2 * _READ_AT_ONCE:
                    return ended

    async def delete_user(self, user_id: UserId, by: str) -> bool:
        """See Store.delete_user."""
        async with self._commands.confirmed():
            user_tag = await tag_of(self._commands, user_id)
            if user_tag is None:
                return False
            found = await self._some_browsers(user_tag, user_id)
            if found is None:
                return False
            while found is not None:
                if found:
                    await self._end_all(user_tag, found, EndReason.USER_DELETED, by)
                elif await self._finish(user_tag, user_id, by):
                    break
                found = await self._some_browsers(user_tag, user_id)
            with suppress(StoreUnavailable):
                await self._commands.run_all(
                    [("ZREM", keys.USERS, user_id), ("DEL", keys.user_tag_of(user_id))]
                )
            return True

    async def _some_browsers(self, user_tag: UserTag, user_id: UserId) -> list[bytes] | None:
        """Some of the user's browser sessions, tag and end in turn; None where the user's record is gone."""
        read = lua.USER_SESSIONS.call(
            [keys.user(user_tag), keys.user_browsers(user_tag)], user_id, _READ_AT_ONCE
        )
        return cast("list[bytes] | None", await self._commands.run(*read))

    async def _end_all(self, user_tag: UserTag, found: Sequence[bytes], reason: EndReason, by: str) -> int:
        """End ``found``, and take it out of the user's indexes; how many were live."""
        ended = await self.end_indexed(found, reason, by)
        await self.drop(user_tag, found[::2], [session_id for _, *ids in ended for session_id in ids])
        return sum(1 for was_live, *_ in ended if was_live == 1)

    async def end_indexed(
        self, found: Sequence[bytes], reason: EndReason, by: str
    ) -> list[list[bytes | int]]:
        """End the browser sessions in ``found``, tag and end of the record in turn, also unwritten ones.

        For each: whether it was live (1 or 0), then the ids of the application sessions that were.
        """
        calls = [
            self._end_call(keys.cookie_hash_of(tag), int(float(ends)), reason, by)
            for tag, ends in zip(found[::2], found[1::2], strict=True)
        ]
        ended: list[list[bytes | int]] = []
        for first in range(0, len(calls), _ENDED_AT_ONCE):
            replies = await self._commands.run_all(calls[first : first + _ENDED_AT_ONCE])
            ended.extend(cast("list[list[bytes | int]]", replies))
        return ended

    async def _finish(self, user_tag: UserTag, user_id: UserId, by: str) -> bool:
        """Delete the record if no browser session is indexed any more; False where one is."""
        finish = lua.FINISH_REVOCATION.call(
            [
                keys.user(user_tag),
                keys.generation(user_tag),
                keys.user_browsers(user_tag),
                keys.user_applications(user_tag),
                keys.last_active(user_tag),
                keys.user_order(user_tag),
            ],
            user_id,
            by,
            GENERATION_LIFE_MS,
        )
        return await self._commands.run(*finish) == 1

    def _end_call(self, cookie_hash: CookieHash, ends_at: int, reason: EndReason, by: str) -> lua.Command:
        now = self._now_ms()
        head, tail = halves(cookie_hash, reason, by, now)
        return lua.END_BROWSER.call(
            [
                keys.browser(cookie_hash),
                keys.endpoints(cookie_hash),
                keys.applications(cookie_hash),
                keys.memory(cookie_hash),
            ],
            encode(tombstone(cookie_hash, None, reason, by, now)),
            head,
            tail,
            ends_at,
            keys.ENDED,
            notice(cookie_hash, None, now),
        )

    async def drop(
        self, user_tag: UserTag, browser_tags: Sequence[bytes], session_ids: Sequence[bytes | int]
    ) -> None:
        """Take what was ended out of the indexes."""
        commands: list[lua.Command] = []
        if session_ids:
            commands.append(("ZREM", keys.user_applications(user_tag), *session_ids))
            commands.append(("ZREM", keys.SESSIONS, *session_ids))
        if browser_tags:
            commands.append(("ZREM", keys.user_browsers(user_tag), *browser_tags))
        await self._commands.run_all(commands)
