"""Follows the stream of events as it grows, on one connection for a process, and hands what comes to many.

The newest events are kept here for all who follow; whoever is further behind reads the stream until it has
caught up. A store that is away is waited for. Knows nothing of what is done with an event.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

import structlog

from session_store import keys
from session_store.commands import Commands
from session_store.errors import StoreError, StoreUnavailable
from session_store.events import Events, StoredEvent, order_of, read_entries, stream_id

_KEPT = 1000
_AT_ONCE = 200
_BLOCK_MS = 2000
TAIL_TIMEOUT_S = 2 * _BLOCK_MS / 1000
"""The deadline that the tail's own ``Commands`` need: reading waits for news."""
_PAUSE_S = 0.1

log = structlog.get_logger("session_store.event_tail")


class FellBehind(StoreError):
    """Whoever follows events has not read for so long that the newest 1,000 have passed; it begins anew."""


class EventTail:
    """The end of the stream, for as many as want to follow it. ``commands`` are its own: they wait for news.

    Nothing is asked of the store before the first subscription.
    """

    def __init__(self, commands: Commands, events: Events) -> None:
        self._commands = commands
        self._events = events
        self._recent: deque[StoredEvent] = deque(maxlen=_KEPT)
        self._told = 0
        self._news = asyncio.Event()
        self._standing = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    async def subscribe(self, after: str | None) -> "Subscription":
        """All events behind the position ``after``, and on; without one, those that come from now on.

        Raises StoreUnavailable where the store is away, which later it may be; ValueError where ``after`` is
        no event's id.
        """
        last = await self._events.last_position()
        gap = after is not None and await self._events.has_gap(after)
        start = last if after is None else min(after, last, key=order_of) if gap else after
        if self._task is None and not self._closed:
            self._task = asyncio.create_task(self._follow_for_ever(), name="event_tail")
        return Subscription(self, self._events, start, gap=gap)

    async def close(self) -> None:
        """Stop; subscriptions end. Closes the tail's commands."""
        self._closed = True
        self._standing.set()
        self._wake()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._commands.close()

    @property
    def closed(self) -> bool:
        """Whether nothing comes any more."""
        return self._closed

    @property
    def told(self) -> int:
        """How many events have come so far."""
        return self._told

    async def standing(self) -> None:
        """Return once everything that is written from now on comes here."""
        await self._standing.wait()

    def keeps(self, number: int) -> bool:
        """Whether all that has come since ``number`` had is kept."""
        return self._told - number <= len(self._recent)

    def since(self, number: int) -> Sequence[StoredEvent]:
        """The events that have come since ``number`` had. Raises FellBehind where they are not kept."""
        if not self.keeps(number):
            raise FellBehind("the newest events have passed unread")
        missing = self._told - number
        return [self._recent[place] for place in range(len(self._recent) - missing, len(self._recent))]

    async def news(self, number: int) -> None:
        """Return once more events than ``number`` have come, or none will."""
        while self._told == number and not self._closed:
            await self._news.wait()

    async def _follow_for_ever(self) -> None:
        position: str | None = None
        while True:
            try:
                if position is None:
                    position = await self._events.last_position()
                    self._standing.set()
                position = await self._read_on(position)
            except StoreError:
                await asyncio.sleep(_PAUSE_S)
            except Exception as error:  # whatever it is, events must come again
                log.error("event_tail_failed", exc_info=error)
                await asyncio.sleep(_PAUSE_S)

    async def _read_on(self, position: str) -> str:
        """Wait a while for what follows ``position``; the position from then on."""
        wait = ("COUNT", _AT_ONCE, "BLOCK", _BLOCK_MS)
        reply = await self._commands.run("XREAD", *wait, "STREAMS", keys.EVENTS, stream_id(position))
        if not isinstance(reply, list) or not isinstance(reply[0], list):
            return position
        came, last = read_entries(reply[0][1])
        self._tell(came)
        return last or position

    def _tell(self, came: Iterable[StoredEvent]) -> None:
        for stored in came:
            self._recent.append(stored)
            self._told += 1
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Subscription:
    """Events in order, each once; an asynchronous iterator, which ends when the tail is closed.

    ``gap``: some that followed the wanted position may be gone. Reading may be given up at any time and gone
    on with. Raises FellBehind to whoever has not read for too long.
    """

    def __init__(self, tail: EventTail, events: Events, position: str, *, gap: bool) -> None:
        self.gap = gap
        self._tail = tail
        self._events = events
        self._position = position
        self._waiting: deque[StoredEvent] = deque()
        self._number: int | None = None

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> StoredEvent:
        while not self._waiting:
            if self._number is None:
                await self._catch_up()
            else:
                await self._keep_up(self._number)
        stored = self._waiting.popleft()
        self._position = stored.id
        return stored

    async def _catch_up(self) -> None:
        """Read the stream; once it holds no more, go on with what comes."""
        await self._tail.standing()
        if self._tail.closed:
            raise StopAsyncIteration
        # What came before this number was in the stream before it is read below.
        number = self._tail.told
        try:
            self._waiting.extend(await self._events.after(self._position, _AT_ONCE))
        except StoreUnavailable:
            await asyncio.sleep(_PAUSE_S)
            return
        if not self._waiting and self._tail.keeps(number):
            self._number = number

    async def _keep_up(self, number: int) -> None:
        await self._tail.news(number)
        if self._tail.closed:
            raise StopAsyncIteration
        came, self._number = self._tail.since(number), self._tail.told
        # Catching up may have read what comes here only now.
        reached = order_of(self._position)
        self._waiting.extend(stored for stored in came if order_of(stored.id) > reached)
