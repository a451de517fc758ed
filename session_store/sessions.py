"""Browser and application sessions: reading, starting, touching. Ends are revocation.py's.

Records live until their absolute end and a grace, so that a reader can tell *expired* from *unknown*; an idle
limit is the application record's own shorter life, which a touch prolongs only where the record stands.
"""

from collections.abc import Callable, Sequence
from typing import cast

from session_store import indexes, keys, lua
from session_store.accesses import Accesses
from session_store.activities import access_key
from session_store.commands import Commands
from session_store.endings import Act
from session_store.errors import StoreUnavailable
from session_store.ids import ENDPOINT_PREFIX, IdSource, UserId, is_id
from session_store.lifecycle import EndReason
from session_store.limits import Limits
from session_store.lookup import write_place
from session_store.pins import pins_of
from session_store.records import (
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    Endpoint,
    Flag,
    Milliseconds,
    Tombstone,
    UserTag,
    decode,
    encode,
    encode_flags,
    is_tombstone,
)
from session_store.refreshes import caught_up
from session_store.revocation import Revocation
from session_store.tombstones import TIME, tombstone
from session_store.views import Touch

_TOUCHES_AT_ONCE = 100
_ATTEMPTS = 5


class Sessions:
    """What the gate and the recorder ask for beside the check itself."""

    def __init__(
        self,
        commands: Commands,
        revocation: Revocation,
        limits: Limits,
        accesses: Accesses,
        ids: IdSource,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        self._commands = commands
        self._revocation = revocation
        self._limits = limits
        self._accesses = accesses
        self._ids = ids
        self._now_ms = now_ms

    async def browser_session(self, cookie_hash: CookieHash) -> BrowserSession | Tombstone | None:
        """See Store.browser_session."""
        value = await self._commands.run("GET", keys.browser(cookie_hash))
        if not isinstance(value, bytes):
            return None
        record: BrowserSession | Tombstone
        record = decode(value, Tombstone) if is_tombstone(value) else decode(value, BrowserSession)
        if record.cookie_hash != cookie_hash:
            raise StoreUnavailable("the store answered with another session's record")
        return record

    async def start(
        self,
        browser: BrowserSession,
        endpoint: Endpoint,
        *,
        expires_at: Milliseconds,
        idle_timeout_s: int,
        context: Context,
        session_limit: int,
    ) -> ApplicationSession | Tombstone | None:
        """See Store.start_application_session."""
        if not is_id(endpoint.id, ENDPOINT_PREFIX):
            raise ValueError("not an endpoint id")
        now = self._now_ms()
        expires_at = min(expires_at, browser.expires_at)
        if expires_at <= now:
            return tombstone(browser.cookie_hash, endpoint.id, EndReason.EXPIRED, TIME, expires_at)
        session = ApplicationSession(
            id=self._ids.session(),
            cookie_hash=browser.cookie_hash,
            endpoint=endpoint,
            user_id=browser.user_id,
            user_tag=browser.user_tag,
            principal=browser.principal,
            created_at=now,
            expires_at=expires_at,
            idle_timeout_s=idle_timeout_s,
            refreshed_at=browser.refreshed_at,
            access_token=browser.access_token,
            pins=pins_of(context),
            provider_name=browser.provider_name,
        )
        flags = await self._index(session, context)
        session, outcome, value = await self._write(session, browser, context, flags)
        if outcome != b"started":
            await self._unindex(session, context)
            return _standing(outcome, value, session)
        await self._accesses.tell(session, context, flags)
        kept = await self._keep_or_take_back(session, browser)
        if session_limit and isinstance(kept, ApplicationSession):
            await self._limits.make_place(kept, session_limit)
        return kept

    async def touch(self, touches: Sequence[Touch]) -> None:
        """See Store.touch."""
        for first in range(0, len(touches), _TOUCHES_AT_ONCE):
            batch = touches[first : first + _TOUCHES_AT_ONCE]
            replies = await self._commands.run_all([self._accesses.touch_call(touch) for touch in batch])
            told = [cast("list[bytes | int]", reply) for reply in replies]
            alive = [touch for touch, (was_alive, *_) in zip(batch, told, strict=True) if was_alive]
            if alive:
                await self._commands.run_all(_active(alive))
            for touch, (_, *changed) in zip(batch, told, strict=True):
                if changed:
                    await self._accesses.changed(touch, changed)

    async def _index(self, session: ApplicationSession, context: Context) -> tuple[Flag, ...]:
        """Make the session findable before it exists: what can be let through can be listed and ended.

        What is new about its first access.
        """
        life = session.expires_at + keys.GRACE_MS - session.created_at
        place = write_place(session.cookie_hash, session.endpoint.id)
        entries: list[lua.Command] = [
            ("SET", keys.session_place(session.id), place, "PX", life),
            *indexes.enter_session(session, context),
            indexes.enter_of_user(session, life),
        ]
        return await self._accesses.flags(session, context, alongside=entries)

    async def _unindex(self, session: ApplicationSession, context: Context) -> None:
        await self._commands.run_all(
            [*indexes.leave_session([(session, context)]), ("DEL", keys.session_place(session.id))]
        )

    async def _write(
        self,
        session: ApplicationSession,
        browser: BrowserSession,
        context: Context,
        flags: tuple[Flag, ...],
    ) -> tuple[ApplicationSession, bytes, list[bytes]]:
        """Write the session as its browser session's record has it in that step: it, and what came of it."""
        read = encode(browser)
        for _ in range(_ATTEMPTS):
            start = _start(session, read, context, flags)
            outcome, *value = cast("list[bytes]", await self._commands.run(*start))
            if outcome != b"changed":
                return session, outcome, value
            (read,) = value
            session = caught_up(session, decode(read, BrowserSession))
        raise StoreUnavailable("the browser session kept changing")

    async def _keep_or_take_back(
        self, session: ApplicationSession, browser: BrowserSession
    ) -> ApplicationSession | Tombstone:
        """The session; its tombstone, and the end of all, where the user was revoked since the login."""
        generation, by = cast(
            "list[bytes | None]",
            await self._commands.run("HMGET", keys.generation(browser.user_tag), "generation", "by"),
        )
        if int(generation or 0) == browser.generation:
            return session
        reason, author = EndReason.USER_DELETED, (by or b"").decode()
        act = Act(reason=reason, by=author)
        await self._revocation.end(browser.cookie_hash, browser.user_tag, act)
        return tombstone(browser.cookie_hash, session.endpoint.id, reason, author, self._now_ms())


def _active(touches: Sequence[Touch]) -> list[lua.Command]:
    """What notes activity in the indexes of sessions and users; nothing comes back into one."""
    latest: dict[UserTag, tuple[UserId, Milliseconds]] = {}
    active: list[str | int] = []
    ends: list[str | int] = []
    for touch in touches:
        session = touch.session
        _, known = latest.get(session.user_tag, ("", 0))
        latest[session.user_tag] = (session.user_id, max(touch.at_ms, known))
        active += (touch.at_ms, session.id)
        if session.idle_timeout_s:
            ends += (indexes.over_at(session, touch.at_ms), session.id)
    users = [part for user_id, at_ms in latest.values() for part in (at_ms, user_id)]
    return [
        ("ZADD", keys.ACTIVE, "XX", "GT", *active),
        *([("ZADD", keys.ENDS, "XX", "GT", *ends)] if ends else []),
        ("ZADD", keys.USERS_ACTIVE, "XX", "GT", *users),
        *(
            lua.TOUCH_USER.call([keys.user(user_tag), keys.last_active(user_tag)], at_ms)
            for user_tag, (_, at_ms) in latest.items()
        ),
    ]


def _start(
    session: ApplicationSession, read: bytes, context: Context, flags: tuple[Flag, ...]
) -> lua.Command:
    """The command that writes ``session`` while its browser session's record is the one ``read``."""
    life = session.expires_at + keys.GRACE_MS - session.created_at
    if session.idle_timeout_s:
        life = min(life, session.idle_timeout_s * 1000)
    place = (session.cookie_hash, session.endpoint.id)
    return lua.START_APPLICATION.call(
        [
            keys.browser(session.cookie_hash),
            keys.application(*place),
            keys.endpoints(session.cookie_hash),
            keys.activity(*place),
        ],
        session.endpoint.id,
        session.id,
        encode(session),
        life,
        session.created_at,
        session.expires_at,
        encode(context),
        read,
        access_key(context),
        encode_flags(flags) if flags else b"",
        " ".join(flag.name for flag in flags),
    )


def _standing(
    outcome: bytes, value: list[bytes], session: ApplicationSession
) -> ApplicationSession | Tombstone | None:
    """What the script found in the way of ``session``."""
    if outcome == b"none":
        return None
    if outcome == b"idle":
        idle_since = min(int(value[0]) + session.idle_timeout_s * 1000, session.created_at)
        return tombstone(session.cookie_hash, session.endpoint.id, EndReason.IDLE, TIME, idle_since)
    if is_tombstone(value[0]):
        return decode(value[0], Tombstone)
    record = decode(value[0], ApplicationSession)
    if record.expires_at <= session.created_at:
        return tombstone(record.cookie_hash, record.endpoint.id, EndReason.EXPIRED, TIME, record.expires_at)
    return record
