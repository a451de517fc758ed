"""The history of a session: accesses as touches begin them, what is new about each, what is told of it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import cast

from session_store import indexes, keys, lua
from session_store.activities import ACCESSES_KEPT, access_key, accesses_of, fields_of
from session_store.commands import Commands
from session_store.errors import StoreUnavailable
from session_store.events import Event, Events
from session_store.familiar import Familiar, country_of, device_of, familiar_of, flags_of, know
from session_store.ids import SESSION_PREFIX, SessionId, UserId, is_id
from session_store.lookup import place_of, tag_of
from session_store.records import (
    Access,
    ApplicationSession,
    Context,
    EndedSession,
    Flag,
    Milliseconds,
    decode,
    encode,
    encode_flags,
)
from session_store.settings import Retention
from session_store.views import Touch

_TOLD_IN_AN_HOUR = 20


class Accesses:
    """Reads and writes what is kept of a session's accesses."""

    def __init__(
        self, commands: Commands, events: Events, retention: Retention, now_ms: Callable[[], Milliseconds]
    ) -> None:
        self._commands = commands
        self._events = events
        self._kept_ms = retention.history
        self._now_ms = now_ms

    async def of_session(self, session_id: SessionId) -> list[Access] | None:
        """See Store.accesses."""
        place = await place_of(self._commands, session_id)
        if place is not None:
            record, activity, history = await self._commands.run_all(
                [
                    ("GET", keys.application(*place)),
                    ("HGETALL", keys.activity(*place)),
                    ("HGETALL", keys.history(*place)),
                ]
            )
            if isinstance(record, bytes) and record[:1] == b"A":
                session = decode(record, ApplicationSession)
                if session.id == session_id and session.expires_at > self._now_ms():
                    fields, rows = (fields_of(cast("list[bytes]", part)) for part in (activity, history))
                    return list(accesses_of(session, fields, rows, self._now_ms() - self._kept_ms))
        if not is_id(session_id, SESSION_PREFIX):
            return None
        ended = await self._commands.run("GET", keys.ended_session(session_id))
        return list(decode(ended, EndedSession).accesses) if isinstance(ended, bytes) else None

    async def familiar(self, user_id: UserId) -> list[Familiar]:
        """See Store.familiar."""
        tag = await tag_of(self._commands, user_id)
        if tag is None:
            return []
        oldest = self._now_ms() - self._kept_ms
        return familiar_of(await self._commands.run("HGETALL", keys.known(tag)), oldest)

    async def flags(
        self, session: ApplicationSession, context: Context, *, alongside: Sequence[lua.Command] = ()
    ) -> tuple[Flag, ...]:
        """What is new about an access, noted in one exchange with ``alongside``. Raises StoreUnavailable."""
        if not self._kept_ms:
            await self._commands.run_all(alongside)
            return ()
        call = know(session.user_tag, session.id, context, now=self._now_ms(), kept_ms=self._kept_ms)
        *_, reply = await self._commands.run_all([*alongside, call])
        return flags_of(reply, context, kept_ms=self._kept_ms)

    async def tell(self, session: ApplicationSession, context: Context, flags: Sequence[Flag]) -> None:
        """Tell what is new about an access; that it could not be told keeps nobody out."""
        await self._tell(self._news(session, context, flags))

    def touch_call(self, touch: Touch) -> lua.Command:
        """The command that notes ``touch``."""
        session, context, life = touch.session, touch.context, 0
        if session.idle_timeout_s:
            life = max(1, session.idle_timeout_s * 1000 - (self._now_ms() - touch.at_ms))
        place = (session.cookie_hash, session.endpoint.id)
        return lua.TOUCH_APPLICATION.call(
            [keys.application(*place), keys.activity(*place), keys.history(*place)],
            touch.at_ms,
            touch.requests,
            life,
            keys.GRACE_MS,
            encode(context) if context is not None else b"",
            touch.context_at_ms or touch.at_ms,
            access_key(context) if context is not None else "",
            ACCESSES_KEPT if self._kept_ms else 0,
            touch.at_ms - self._kept_ms,
            _TOLD_IN_AN_HOUR,
        )

    async def changed(self, touch: Touch, reply: Sequence[bytes | int]) -> None:
        """Follow ``touch`` into the indexes where it changed the access; mark and tell it.

        Raises StoreUnavailable.
        """
        told_before, is_told, is_new = reply
        session, now = touch.session, cast("Context", touch.context)
        before = (
            decode(told_before, Context)
            if isinstance(told_before, bytes) and told_before
            else Context(ip_address="")
        )
        await self._move(session, before, now)
        flags = await self.flags(session, now) if is_new else ()
        if flags:
            await self._commands.run(
                *lua.FLAG_ACCESS.call(
                    [keys.activity(session.cookie_hash, session.endpoint.id)],
                    access_key(now),
                    encode_flags(flags),
                    " ".join(flag.name for flag in flags),
                )
            )
        if is_told:
            await self._tell([*self._news(session, now, flags), *self._change(session, before, now)])

    async def _move(self, session: ApplicationSession, before: Context, now: Context) -> None:
        """Find a session by where it is used from now.

        Of workers that do so in another order than the session moved, the last to take an entry out puts the
        one back that holds.
        """
        place = keys.activity(session.cookie_hash, session.endpoint.id)
        moves = indexes.move_session(session.id, before, now)
        *_, latest = await self._commands.run_all([*moves, ("HGET", place, "context")])
        if isinstance(latest, bytes) and (used := decode(latest, Context)) != now:
            await self._commands.run_all(indexes.enter_where_used(session.id, used))

    def _news(self, session: ApplicationSession, context: Context, flags: Sequence[Flag]) -> list[Event]:
        return [self._event(flag.name, session, context, {"reason": flag.reason}) for flag in flags]

    def _change(self, session: ApplicationSession, before: Context, now: Context) -> list[Event]:
        """The event of a changed access; none where what is another shows nowhere."""
        what = _difference(before, now)
        earlier = {f"{name}_before": value for name, value in _shown(before).items()}
        return [self._event("access_changed", session, now, {"changed": what, **earlier})] if what else []

    def _event(
        self, kind: str, session: ApplicationSession, context: Context, more: Mapping[str, str]
    ) -> Event:
        return Event(
            type=kind,
            at=self._now_ms(),
            actor=session.user_id,
            user_id=session.user_id,
            sessions=(session.id,),
            details={
                "tunnel": session.endpoint.tunnel,
                "provider": session.principal.provider,
                **_shown(context),
                **more,
            },
        )

    async def _tell(self, events: Sequence[Event]) -> None:
        with suppress(StoreUnavailable):
            await self._events.append(events)


def _difference(before: Context, now: Context) -> str:
    """What is another: ``ip``, ``country``, ``device``; an unknown country is not another."""
    countries = {country_of(before), country_of(now)} - {None}
    changes = {
        "ip": before.ip_address != now.ip_address,
        "country": len(countries) > 1,
        "device": device_of(before) != device_of(now),
    }
    return ",".join(name for name, is_another in changes.items() if is_another)


def _shown(context: Context) -> dict[str, str]:
    shown = {"ip_address": context.ip_address, "device": device_of(context)}
    country = country_of(context)
    return {**shown, "country_code": country} if country is not None else shown
