"""What follows an end: the session is kept among those that are over, leaves the lists of live ones, and is
told.

The tombstone came first and is the truth. What is lost here by a crash the sweep makes up for, from what the
end left beside the activity. An end is told before it is kept, so that none goes untold; what time ended is
kept first, since several may find it, and one is to tell it.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import msgspec

from session_store import indexes, keys
from session_store.activities import accesses_of, activity_of, fields_of
from session_store.commands import Commands
from session_store.errors import StoreUnavailable
from session_store.events import Event, Events
from session_store.ids import UserId
from session_store.lifecycle import EndReason
from session_store.lua import Command
from session_store.records import ApplicationSession, EndedSession, Milliseconds, decode, encode
from session_store.settings import Retention
from session_store.tombstones import TIME

_LOGOUTS = frozenset(
    {EndReason.LOGOUT, EndReason.BACK_CHANNEL, EndReason.FRONT_CHANNEL, EndReason.SAML_LOGOUT}
)
_REVOCATIONS = frozenset({EndReason.REVOKED, EndReason.USER_DELETED, EndReason.BLOCKED})
_SHORTEST_KEPT_MS = 60_000
_NOTED_AT_ONCE = 100
_BEHIND_S = 0.5

Left = Sequence[bytes | Sequence[bytes]]
"""What an ending script leaves of a session: its record, its activity and its history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What ends sessions: why, by whom, in which call of the API, and what the author says about it."""

    reason: EndReason
    by: str
    operation_id: str = ""
    note: str = ""


def event_type(reason: EndReason) -> str:
    """The type of the event that tells an end."""
    if reason in _LOGOUTS:
        return "logout"
    return "revoke" if reason in _REVOCATIONS else "end"


def ended_of(left: Left, act: Act, at: Milliseconds, history_ms: Milliseconds) -> EndedSession:
    """The ended session that a script left.

    What had run out by ``at`` ended by that. Raises StoreUnavailable.
    """
    record, activity, history = left
    session = decode(cast("bytes", record), ApplicationSession)
    fields = fields_of(cast("Sequence[bytes]", activity))
    expired = session.expires_at <= at
    return EndedSession(
        session=msgspec.structs.replace(session, access_token=b""),
        activity=activity_of(session, fields),
        reason=EndReason.EXPIRED if expired else act.reason,
        by=TIME if expired else act.by,
        at=session.expires_at if expired else at,
        accesses=accesses_of(session, fields, fields_of(cast("Sequence[bytes]", history)), at - history_ms),
    )


class Endings:
    """Notes sessions that are over."""

    def __init__(self, commands: Commands, events: Events, retention: Retention) -> None:
        self._commands = commands
        self._events = events
        self._retention = retention
        self._behind: deque[tuple[Left, Act, Milliseconds]] = deque()
        self._noting: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    async def note_behind(self, left: Sequence[Left], act: Act, at: Milliseconds) -> None:
        """Note ``left`` within seconds, once whoever ends so many at once has its answer."""
        self._behind.extend((each, act, at) for each in left)
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note_what_is_behind())

    async def settled(self) -> None:
        """Return once all is noted that was left for behind, or could not be, which is left to the sweep."""
        self._hurry.set()
        if self._noting is not None:
            await asyncio.wait([self._noting])
        self._hurry.clear()

    async def _note_what_is_behind(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_BEHIND_S):
                await self._hurry.wait()
        while self._behind:
            _, act, at = self._behind[0]
            some: list[Left] = []
            while self._behind and len(some) < _NOTED_AT_ONCE and self._behind[0][1:] == (act, at):
                some.append(self._behind.popleft()[0])
            with suppress(StoreUnavailable):
                await self.note_left(some, act, at)

    async def note_left(self, left: Iterable[Left], act: Act, at: Milliseconds) -> None:
        """Note what ending scripts left; a record that cannot be read is left to time.

        Raises StoreUnavailable.
        """
        ended: list[EndedSession] = []
        for each in left:
            with suppress(StoreUnavailable):
                ended.append(ended_of(each, act, at, self._retention.history))
        await self.note([each for each in ended if each.reason is EndReason.EXPIRED], act)
        # A script leaves what is live to one caller once.
        acted = [each for each in ended if each.reason is not EndReason.EXPIRED]
        for some in _batches(acted):
            await self._events.append(_events_of(some, act))
            await self._keep(some)

    async def note(self, ended: Sequence[EndedSession], act: Act) -> None:
        """Note ``ended``, of which others may know, and tell what nobody noted before.

        Raises StoreUnavailable.
        """
        for some in _batches(ended):
            await self._events.append(_events_of(await self._keep(some), act))

    async def _keep(self, ended: Sequence[EndedSession]) -> list[EndedSession]:
        """Keep ``ended`` among the sessions that are over, not among the others: those not kept before."""
        life = max(self._retention.ended, _SHORTEST_KEPT_MS)
        kept = [
            ("SET", keys.ended_session(each.session.id), encode(each), "NX", "PX", life) for each in ended
        ]
        commands: list[Command] = [
            *kept,
            *indexes.enter_ended((each.session.id, each.session.user_id, each.at) for each in ended),
            *(_drop_what_is_beside(each.session) for each in ended),
            *indexes.leave_session((each.session, each.activity.context) for each in ended),
        ]
        replies = await self._commands.run_all(commands)
        return [each for each, reply in zip(ended, replies, strict=False) if reply is not None]


def _batches(ended: Sequence[EndedSession]) -> Iterator[Sequence[EndedSession]]:
    for first in range(0, len(ended), _NOTED_AT_ONCE):
        yield ended[first : first + _NOTED_AT_ONCE]


def _drop_what_is_beside(session: ApplicationSession) -> Command:
    place = (session.cookie_hash, session.endpoint.id)
    return ("UNLINK", keys.activity(*place), keys.history(*place))


def _events_of(ended: Sequence[EndedSession], act: Act) -> list[Event]:
    """One event for those of one user that ended in the same way."""
    groups: defaultdict[tuple[UserId, EndReason, str], list[EndedSession]] = defaultdict(list)
    for each in ended:
        groups[(each.session.user_id, each.reason, each.by)].append(each)
    return [_event_of(user_id, some, act) for (user_id, _, _), some in groups.items()]


def _event_of(user_id: UserId, ended: Sequence[EndedSession], act: Act) -> Event:
    latest = ended[0]
    details = {"reason": latest.reason.value}
    tunnels = {each.session.endpoint.tunnel for each in ended}
    if len(tunnels) == 1:
        details["tunnel"] = tunnels.pop()
    if act.note:
        details["note"] = act.note
    return Event(
        type=event_type(latest.reason),
        at=max(each.at for each in ended),
        actor=latest.by,
        user_id=user_id,
        sessions=tuple(each.session.id for each in ended),
        operation_id=act.operation_id,
        effective_at=max(each.at for each in ended),
        details=details,
    )
