"""Delivers events to one webhook: in order, each at least once, until it is taken or too old.

Of all processes that deliver, one has the turn; how far it came is in the store, so that another goes on from
there. Knows neither the wire nor how an event is shown.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from session_store import StoredEvent, StoreError, Subscription

_LONGEST_AGE_MS = 24 * 3_600_000
_LONGEST_PAUSE_S = 300.0
_STORE_PAUSE_S = 1.0

log = structlog.get_logger("outerward.webhooks")

Render = Callable[[StoredEvent], bytes]
"""An event as the API shows it, in JSON."""


class EventStore(Protocol):
    """What the store does for webhooks; see EventFace there. Any method may raise StoreUnavailable."""

    async def follow_events(self, after: str | None) -> Subscription:
        """All events behind ``after``, and on."""

    async def last_event(self) -> str:
        """The position behind all that has been told."""

    async def take_webhook(self, name: str, holder: str, turn_ms: int) -> str | None:
        """Take the turn: the position to go on from, "" for none yet, None where it is another's."""

    async def keep_webhook(self, name: str, holder: str, turn_ms: int, position: str) -> bool:
        """Note the position and keep the turn, or give it back with 0; False where it was lost."""


class _TurnLostError(Exception):
    """Another process delivers by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things take. ``turn_s``: for how long a turn is taken; ``pause_s``: by attempts, from 0 on."""

    turn_s: float = 30.0
    pause_s: Callable[[int], float]


def back_off_s(attempt: int, random: float) -> float:
    """How long to wait after failed ``attempt`` (from 0): a second to five minutes; ``random`` in [0, 1)."""
    longest = min(_LONGEST_PAUSE_S, 2.0 ** min(attempt, 16))
    return max(1.0, longest * (1 - random / 2))


class Delivery:
    """One webhook's events. ``name`` is what the store has its turn and position under.

    ``shown``: what logs call it. ``send`` carries one event: its id, its body, and the time in Unix seconds;
    "" or why it was not taken.
    """

    def __init__(
        self,
        name: str,
        shown: Mapping[str, str | int],
        *,
        wants: Callable[[str], bool],
        send: Callable[[str, bytes, int], Awaitable[str]],
        store: EventStore,
        render: Render,
        now_ms: Callable[[], int],
        pace: Pace,
    ) -> None:
        self._name = name
        self._log = log.bind(**shown)
        self._wants = wants
        self._send = send
        self._store = store
        self._render = render
        self._now_ms = now_ms
        self._pace = pace
        self._holder = secrets.token_urlsafe(16)
        self._position = ""
        self._keep_at = 0.0
        self._given_up = 0

    async def run(self) -> None:
        """Deliver for ever; gives the turn back when it is cancelled."""
        try:
            while True:
                await self._run_once()
        finally:
            with suppress(StoreError):
                if self._position:
                    await self._store.keep_webhook(self._name, self._holder, 0, self._position)

    async def _run_once(self) -> None:
        try:
            if await self._take_turn():
                await self._deliver()
            await asyncio.sleep(self._step_s)
        except _TurnLostError:
            self._log.info("webhook_turn_lost")
        except StoreError:
            await asyncio.sleep(_STORE_PAUSE_S)
        except Exception as error:  # whatever it is, events must go out again
            self._log.error("webhook_fault", exc_info=error)
            await asyncio.sleep(self._step_s)

    @property
    def _step_s(self) -> float:
        """How long may be waited before the turn must be kept."""
        return self._pace.turn_s / 3

    @property
    def _turn_ms(self) -> int:
        return int(self._pace.turn_s * 1000)

    async def _take_turn(self) -> bool:
        position = await self._store.take_webhook(self._name, self._holder, self._turn_ms)
        if position is None:
            return False
        self._position = position or await self._store.last_event()
        await self._keep_turn()
        return True

    async def _keep_turn(self) -> None:
        if not await self._store.keep_webhook(self._name, self._holder, self._turn_ms, self._position):
            raise _TurnLostError
        self._keep_at = asyncio.get_running_loop().time() + self._step_s

    async def _deliver(self) -> None:
        """Deliver until no more events come. Raises _TurnLostError, and StoreError where it fell behind."""
        coming = await self._store.follow_events(self._position)
        if coming.gap:
            self._log.warning("webhook_events_missing", after=self._position)
        while True:
            if asyncio.get_running_loop().time() >= self._keep_at:
                await self._keep_turn()
            try:
                async with asyncio.timeout(self._step_s):
                    stored = await anext(coming)
            except TimeoutError:
                self._tell_given_up()
                continue
            except StopAsyncIteration:
                return
            wanted = self._wants(stored.event.type)
            if wanted:
                await self._deliver_one(stored)
            self._position = stored.id
            if wanted:
                await self._keep_turn()

    async def _deliver_one(self, stored: StoredEvent) -> None:
        """Return once the event was taken, or is too old."""
        attempt = 0
        while not self._is_too_old(stored):
            self._tell_given_up()
            failure = await self._send(stored.id, self._render(stored), self._now_ms() // 1000)
            if not failure:
                if attempt:
                    self._log.info("webhook_delivered_at_last", id=stored.id, attempts=attempt + 1)
                return
            self._log.warning("webhook_failed", id=stored.id, attempt=attempt + 1, why=failure)
            await self._pause(self._pace.pause_s(attempt))
            attempt += 1
        self._given_up += 1

    async def _pause(self, seconds: float) -> None:
        """Wait, and keep the turn meanwhile."""
        while seconds > 0:
            step = min(seconds, self._step_s)
            await asyncio.sleep(step)
            await self._keep_turn()
            seconds -= step

    def _is_too_old(self, stored: StoredEvent) -> bool:
        return self._now_ms() - stored.written_at > _LONGEST_AGE_MS

    def _tell_given_up(self) -> None:
        if self._given_up:
            self._log.warning("webhook_events_given_up", count=self._given_up, older_than_h=24)
            self._given_up = 0
