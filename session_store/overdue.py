"""Sessions that time has ended, or whose end a crash left unnoted: found, and noted as every end is.

Some at a time. Every answer of an index is checked on the record. What a write under way may still need is
left alone; what an index has without any session is ``strays``'.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from session_store import indexes, keys
from session_store.activities import fields_of
from session_store.commands import Commands, Reply
from session_store.directory import Directory
from session_store.endings import Act, Endings, Left, ended_of
from session_store.errors import StoreUnavailable
from session_store.ids import WRITE_UNDER_WAY_S, SessionId, made_at_s, may_be_under_way
from session_store.lifecycle import EndReason
from session_store.lookup import Place, read_place
from session_store.lua import Command
from session_store.records import (
    ApplicationSession,
    BrowserSession,
    EndedSession,
    Endpoint,
    Milliseconds,
    Tombstone,
    decode,
    encode,
    is_tombstone,
)
from session_store.settings import Retention
from session_store.tombstones import TIME

_AT_ONCE = 100
_AGAIN_IN_MS = 3_600_000
_BY_TIME = Act(reason=EndReason.EXPIRED, by=TIME)


@dataclass(frozen=True, slots=True)
class _Found:
    """What is stored of a session that the lists still have."""

    session_id: str
    place: Place
    started: Reply
    application: Reply
    browser: Reply
    activity: Sequence[bytes]
    history: Sequence[bytes]
    due: Milliseconds


class Overdue:
    """Notes what is over."""

    def __init__(
        self,
        commands: Commands,
        directory: Directory,
        endings: Endings,
        retention: Retention,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        self._commands = commands
        self._directory = directory
        self._endings = endings
        self._retention = retention
        self._now_ms = now_ms

    async def note_some(self) -> bool:
        """Note some of the sessions whose time is over; whether there may be more.

        Raises StoreUnavailable.
        """
        found = await self._commands.run(
            "ZRANGE", keys.ENDS, "-inf", self._now_ms(), "BYSCORE", "LIMIT", 0, _AT_ONCE
        )
        ids = [entry.decode() for entry in cast("list[bytes]", found)]
        await self._note(ids)
        return len(ids) == _AT_ONCE

    async def note_listed(self, after: str) -> str | None:
        """Note those that are over of some listed sessions behind the position ``after``, "" at the start.

        The position reached, None at the end. Raises StoreUnavailable.
        """
        found = await self._commands.run(*indexes.some_behind(keys.SESSIONS, after, _AT_ONCE))
        ids = [entry.decode() for entry in cast("list[bytes]", found)]
        await self._note(await self._over(ids))
        return ids[-1] if len(ids) == _AT_ONCE else None

    async def _over(self, ids: list[str]) -> list[str]:
        """Those without a live record; one that cannot be read hides no other."""
        live = {record.id for record in await self._directory.readable(ids)}
        return [each for each in ids if each not in live]

    async def _note(self, ids: Sequence[str]) -> None:
        """Note those of ``ids`` that are over; what is live yet is due later."""
        if not ids:
            return
        found, without_place = await self._stored(ids)
        endpoints = await self._endpoints({each.place[1] for each in found})
        gone = without_place
        over: defaultdict[Act, list[EndedSession]] = defaultdict(list)
        later: list[str | int] = []
        for each in found:
            try:
                ended = self._ended(each, endpoints)
            except StoreUnavailable:
                later += (self._now_ms() + _AGAIN_IN_MS, each.session_id)
                continue
            if isinstance(ended, int):
                later += (ended, each.session_id)
            elif ended is not None:
                session, act = ended
                over[act].append(session)
            else:
                gone.append(each.session_id)
        for act, some in over.items():
            await self._endings.note(some, act)
        now = self._now_ms()
        under_way = [each for each in gone if may_be_under_way(each, now)]
        gone = [each for each in gone if each not in under_way]
        for each_id in under_way:
            later += (now + WRITE_UNDER_WAY_S * 1000, each_id)
        commands: list[Command] = [("ZADD", keys.ENDS, "XX", *later)] if later else []
        await self._commands.run_all([*commands, *(indexes.drop_session_ids(gone) if gone else [])])

    def _ended(
        self, found: _Found, endpoints: dict[str, Endpoint]
    ) -> tuple[EndedSession, Act] | Milliseconds | None:
        """The session as it ended; when it is due, where it is live; None where too little is left of it.

        Raises StoreUnavailable where the record cannot be read.
        """
        now, history = self._now_ms(), self._retention.history
        if found.started not in {None, found.session_id.encode()}:
            return None
        if isinstance(found.application, bytes) and not is_tombstone(found.application):
            session = decode(found.application, ApplicationSession)
            if session.expires_at > now:
                active = int(fields_of(found.activity).get(b"last_active", session.created_at))
                return max(indexes.over_at(session, active), now + 1000)
            left = cast("Left", (found.application, found.activity, found.history))
            return ended_of(left, _BY_TIME, now, history), _BY_TIME
        fields = fields_of(found.activity)
        if isinstance(found.application, bytes):
            record = fields.get(b"record")
            if record is None:
                return None
            stands = decode(found.application, Tombstone)
            noted_by = stands.ended_at + WRITE_UNDER_WAY_S * 1000
            if noted_by > now:
                return noted_by
            act = Act(reason=stands.reason, by=stands.ended_by)
            left = cast("Left", (record, found.activity, found.history))
            return ended_of(left, act, stands.ended_at, history), act
        return self._idle(found, fields, endpoints.get(found.place[1]))

    def _idle(
        self, found: _Found, fields: dict[bytes, bytes], endpoint: Endpoint | None
    ) -> tuple[EndedSession, Act] | None:
        """A session whose record has gone by itself, put together from what stands around it."""
        ends, stands = int(fields.get(b"ends", 0)), found.browser
        if isinstance(stands, bytes) and is_tombstone(stands):
            stands = fields.get(b"browser")
        if (
            # Its record may have come between two of the reads.
            may_be_under_way(found.session_id, self._now_ms())
            or not isinstance(stands, bytes)
            or not ends
            or endpoint is None
        ):
            return None
        browser = decode(stands, BrowserSession)
        session = ApplicationSession(
            id=SessionId(found.session_id),
            cookie_hash=browser.cookie_hash,
            endpoint=endpoint,
            user_id=browser.user_id,
            user_tag=browser.user_tag,
            principal=browser.principal,
            created_at=made_at_s(found.session_id) * 1000,
            expires_at=ends,
            idle_timeout_s=0,
            provider_name=browser.provider_name,
        )
        act = Act(reason=EndReason.IDLE, by=TIME)
        at = min(found.due or int(fields.get(b"last_active", ends)), self._now_ms())
        left = cast("Left", (encode(session), found.activity, found.history))
        return ended_of(left, act, at, self._retention.history), act

    async def _stored(self, ids: Sequence[str]) -> tuple[list[_Found], list[str]]:
        """What is stored of each, and the ids that lead nowhere."""
        commands: list[Command] = [("GET", keys.session_place(SessionId(each))) for each in ids]
        *replies, scores = await self._commands.run_all([*commands, ("ZMSCORE", keys.ENDS, *ids)])
        places = [read_place(reply) for reply in replies]
        known = [(each, place) for each, place in zip(ids, places, strict=True) if place is not None]
        due = {
            each: int(float(score)) if isinstance(score, bytes) else 0
            for each, score in zip(ids, cast("list[Reply]", scores), strict=True)
        }
        parts = await self._commands.run_all([command for _, place in known for command in _reads(place)])
        found = []
        for number, (each, place) in enumerate(known):
            started, application, browser, *hashes = parts[5 * number : 5 * number + 5]
            activity, history = cast("list[list[bytes]]", hashes)
            found.append(_Found(each, place, started, application, browser, activity, history, due[each]))
        return found, [each for each, place in zip(ids, places, strict=True) if place is None]

    async def _endpoints(self, ids: set[str]) -> dict[str, Endpoint]:
        if not ids:
            return {}
        wanted = sorted(ids)
        values = cast("list[Reply]", await self._commands.run("HMGET", keys.ENDPOINTS, *wanted))
        known: dict[str, Endpoint] = {}
        for each, value in zip(wanted, values, strict=True):
            with suppress(StoreUnavailable):
                if isinstance(value, bytes):
                    known[each] = decode(value, Endpoint)
        return known


def _reads(place: Place) -> list[Command]:
    return [
        ("HGET", keys.endpoints(place[0]), place[1]),
        ("GET", keys.application(*place)),
        ("GET", keys.browser(place[0])),
        ("HGETALL", keys.activity(*place)),
        ("HGETALL", keys.history(*place)),
    ]
