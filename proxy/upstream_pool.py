"""The connections to one upstream: the idle ones to use again, how many there may be, and who waits for one.

How one is made is its connector's to know. The pool counts what streams hold too, so its limit is far above
what requests need: it bounds what an upstream that hangs can pile up.
"""

import asyncio
import errno
from collections import OrderedDict, deque

import structlog

from proxy.connectors import Connector, why_not
from proxy.timers import Timed, TimerWheel
from proxy.upstream import UpstreamConnection

CONNECT_TIMEOUT_S = 5.0
IDLE_TIMEOUT_S = 15.0
FRESH_FOR_S = 1.0
MOST_AGE_S = 300.0
MOST_IDLE = 128
MOST_OPEN = 8192
MOST_WAITING = 1024
WAIT_TIMEOUT_S = 5.0
_COMPLAIN_EVERY_S = 1.0
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})

log = structlog.get_logger("proxy.upstream")


class UpstreamRefused(Exception):
    """The upstream does not accept connections, or is not the one it should be; the client gets 502."""


class UpstreamSilent(Exception):
    """The upstream did not accept a connection in time; the client gets 504."""


class UpstreamBusy(Exception):
    """There are as many connections as there may be, and none was free in time; the client gets 503."""


class UpstreamPool(Timed):
    """Idle connections to one upstream, the most recently used first.

    ``name``: the upstream's, for the log. ``internal``: it is our own control application, which may set our
    cookies. ``our_cookies``: as in ``read_answer``.
    """

    def __init__(
        self,
        connector: Connector,
        wheel: TimerWheel,
        *,
        name: str = "",
        internal: bool = False,
        our_cookies: frozenset[bytes] = frozenset(),
    ) -> None:
        super().__init__()
        self.internal = internal
        self.our_cookies = our_cookies
        self._name = name
        self._connector = connector
        self._wheel = wheel
        self._idle: deque[UpstreamConnection] = deque()
        self._open: dict[UpstreamConnection, float] = {}
        self._aged: set[UpstreamConnection] = set()
        self._reserved = 0
        self._waiting: OrderedDict[asyncio.Future[UpstreamConnection | None], None] = OrderedDict()
        self._silent_until = 0.0
        self._loop = asyncio.get_running_loop()

    def take(self, *, fresh: bool) -> UpstreamConnection | None:
        """An idle connection, if there is one.

        ``fresh``: the request could not be repeated, so that a connection which the upstream may be closing
        just now will not do.
        """
        while self._idle:
            if fresh and self._loop.time() - self._idle[-1].idle_since > FRESH_FOR_S:
                return None
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def connect(self) -> UpstreamConnection:
        """A new connection, or in its turn one that becomes free; whoever is cancelled gives his turn on.

        Raises UpstreamRefused, UpstreamSilent, UpstreamBusy.
        """
        until = self._loop.time() + WAIT_TIMEOUT_S
        if self._full:
            self._make_room()
        else:
            self._reserved += 1
            try:
                return await self._connect()
            except _OutOfFiles:
                self._make_room()
        while True:
            connection = await self._turn(until)
            if connection is None:
                try:
                    return await self._connect()
                except _OutOfFiles:
                    continue
            if connection.usable:
                return connection

    async def _connect(self) -> UpstreamConnection:
        """A new connection in the place reserved for it."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                connection = await self._connector(lambda: UpstreamConnection(self))
        except BaseException as error:
            self._reserved -= 1
            if isinstance(error, OSError) and error.errno in _OUT_OF_FILES:
                self._complain("no file descriptor is left")
                raise _OutOfFiles from error
            self._call_next()
            if isinstance(error, TimeoutError):
                self._complain("it does not accept a connection in time")
                raise UpstreamSilent from error
            if isinstance(error, OSError | UnicodeError):
                self._complain(why_not(error))
                raise UpstreamRefused from error
            raise
        self._reserved -= 1
        self._call_next()
        if not connection.usable:
            self._complain("it closed the connection at once")
            raise UpstreamRefused
        return connection

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep a clean connection for the next request."""
        if self._aged and connection in self._aged:
            connection.close()
            return
        if self._waiting and self._hand_over(connection):
            return
        if len(self._idle) >= MOST_IDLE:
            self._idle.popleft().abort()
        connection.idle_since = self._loop.time()
        self._idle.append(connection)

    def on_deadline(self) -> None:
        """Close what has not been used for long, and what is old as soon as it is free."""
        now = self._loop.time()
        while self._idle and self._idle[0].idle_since + IDLE_TIMEOUT_S <= now:
            self._idle.popleft().close()
        self._aged.update(each for each, opened_at in self._open.items() if opened_at + MOST_AGE_S <= now)
        for connection in [each for each in self._idle if each in self._aged]:
            self._idle.remove(connection)
            connection.close()
        if self._open:
            waited = now - self._idle[0].idle_since if self._idle else 0.0
            self._wheel.arm(self, IDLE_TIMEOUT_S - waited)

    def opened(self, connection: UpstreamConnection) -> None:
        """Called by a connection of this pool."""
        if not self._open:
            self._wheel.arm(self, IDLE_TIMEOUT_S)
        self._open[connection] = self._loop.time()

    def closed(self, connection: UpstreamConnection) -> None:
        """Called by a connection of this pool."""
        self._open.pop(connection, None)
        self._aged.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._call_next()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._open)

    @property
    def idle(self) -> int:
        """How many of them wait for a request."""
        return len(self._idle)

    def close(self) -> None:
        """End every connection."""
        self._wheel.forget(self)
        for connection in list(self._open):
            connection.abort()
        self._idle.clear()

    # Turns, where all connections are in use.

    @property
    def _full(self) -> bool:
        return len(self._open) + self._reserved >= MOST_OPEN

    def _make_room(self) -> None:
        """Give up the connection that has been idle longest: nobody who waits can use it."""
        if self._idle:
            self._idle.popleft().abort()

    async def _turn(self, until: float) -> UpstreamConnection | None:
        """A free connection, or None where a place for a new one is reserved. Raises UpstreamBusy."""
        if len(self._waiting) >= MOST_WAITING or not (self._open or self._reserved):
            raise UpstreamBusy
        turn: asyncio.Future[UpstreamConnection | None] = self._loop.create_future()
        timer = self._loop.call_at(until, _out_of_time, turn)
        self._waiting[turn] = None
        try:
            return await turn
        except asyncio.CancelledError:
            self._give_on(turn)
            raise
        finally:
            timer.cancel()
            self._waiting.pop(turn, None)

    def _give_on(self, turn: asyncio.Future[UpstreamConnection | None]) -> None:
        """What was meant for one who is gone is the next one's."""
        if turn.cancelled() or turn.exception() is not None:
            return
        connection = turn.result()
        if connection is None:
            self._reserved -= 1
            self._call_next()
        elif connection.usable:
            self.give_back(connection)

    def _hand_over(self, connection: UpstreamConnection) -> bool:
        turn = self._next_turn()
        if turn is None:
            return False
        turn.set_result(connection)
        return True

    def _call_next(self) -> None:
        """A place is free: whoever has waited longest makes a connection."""
        turn = self._next_turn() if not self._full else None
        if turn is not None:
            self._reserved += 1
            turn.set_result(None)

    def _next_turn(self) -> asyncio.Future[UpstreamConnection | None] | None:
        while self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():
                return turn
        return None

    def _complain(self, reason: str) -> None:
        """Say what is wrong, at most once in a while: the requests that suffer from it may be many."""
        now = self._loop.time()
        if now >= self._silent_until:
            self._silent_until = now + _COMPLAIN_EVERY_S
            log.warning("upstream_not_reached", upstream=self._name, reason=reason)


class _OutOfFiles(Exception):
    """The process may not open more files."""


def _out_of_time(turn: "asyncio.Future[UpstreamConnection | None]") -> None:
    if not turn.done():
        turn.set_exception(UpstreamBusy())
