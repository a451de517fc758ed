"""The path of every check: GETs multiplexed on one connection of our own.

All checks of one event-loop tick leave in one write, and replies come back in order: one writer, one queue. A
reply that cannot be told to belong to its check breaks the connection, and whatever waited on it fails with
StoreUnavailable. Knows no record: it carries keys there and bytes back.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol, cast

import hiredis
import structlog

from session_store import topology
from session_store.address import Address
from session_store.commands import error_word, pack
from session_store.connecting import connect
from session_store.errors import StoreError, StoreUnavailable

_CONNECT_TIMEOUT_S = 1.0
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.2
_TOLD_AT_ONCE = 64
_NOT_YET = object()

log = structlog.get_logger("session_store.fastpath")
_READABLE = frozenset({bytes, type(None), hiredis.ReplyError})


class Asker(Protocol):
    """Who asked for a value; exactly one of these is called, once, and neither may raise."""

    def answered(self, value: bytes | None) -> None:
        """What stands there; None for nothing."""

    def unanswered(self, error: StoreUnavailable) -> None:
        """Nobody knows what stands there."""


class Awaited:
    """An asker to wait for: ``future`` has the value or StoreUnavailable."""

    def __init__(self) -> None:
        self.future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

    def answered(self, value: bytes | None) -> None:
        """Take the value, if it is still waited for."""
        if not self.future.done():
            self.future.set_result(value)

    def unanswered(self, error: StoreUnavailable) -> None:
        """Take the error, if the value is still waited for."""
        if not self.future.done():
            self.future.set_exception(error)


class _Nobody:
    """Stands where somebody waited in vain, so that a late reply is told to nobody else."""

    def answered(self, value: bytes | None) -> None:
        pass

    def unanswered(self, error: StoreUnavailable) -> None:
        pass


_NOBODY = _Nobody()


class FastPath:
    """Keeps one connection to ``address`` for ever and asks over it; ``timeout_s`` is a check's deadline."""

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self._address = address
        self._tls = address.tls()
        self._timeout_s = timeout_s
        self._line: _Line | None = None
        self._hopeless = True
        self._commands: list[bytes] = []
        self._askers: list[Asker] = []
        self._deadline = 0.0
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect, and to reconnect whenever the connection is lost."""
        self._loop = asyncio.get_running_loop()
        self._hopeless = False
        self._keeper = asyncio.create_task(self._keep_connected())

    async def close(self) -> None:
        """Give up the connection; what waits fails."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        self._give_up()

    @property
    def started(self) -> bool:
        """Whether ``start`` was called."""
        return self._keeper is not None

    def get(self, key: bytes, asker: Asker) -> None:
        """Tell ``asker`` the value at ``key``, None where nothing stands, within the deadline from now.

        A check made while the first attempt to reconnect is under way waits for it; once that failed, checks
        fail at once until the store is back.
        """
        if self._hopeless:
            asker.unanswered(StoreUnavailable("the store cannot be reached"))
            return
        if not self._commands:
            self._deadline = self._loop.time() + self._timeout_s
            self._loop.call_soon(self._flush)
        self._commands.append(b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key))
        self._askers.append(asker)

    def begin_anew(self) -> None:
        """Give the connection up and make a new one: its replies are out of step. What waits fails."""
        if self._line is not None:
            self._line.abort("the store answered out of step")

    def _flush(self) -> None:
        line = self._line
        if line is None or line.lost.is_set() or not self._commands:
            return
        commands, askers = self._commands, self._askers
        self._commands, self._askers = [], []
        line.send(b"".join(commands), askers, self._deadline)

    def _give_up(self) -> None:
        """Fail what waits for a connection, and from now on every check, until there is one."""
        self._hopeless = True
        askers = self._askers
        self._commands, self._askers = [], []
        _fail(askers, "the store cannot be reached")

    async def _keep_connected(self) -> None:
        pause_s = 0.0
        while True:
            patience = self._loop.call_later(self._timeout_s, self._give_up)
            try:
                await asyncio.sleep(pause_s)
                pause_s = min(max(pause_s * 2, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
                line = await self._connect()
            except (OSError, StoreError, UnicodeError):
                self._give_up()
                continue
            finally:
                patience.cancel()
            pause_s = _FIRST_PAUSE_S
            await self._use(line)

    async def _use(self, line: "_Line") -> None:
        """Ask over ``line`` until it is lost."""
        self._line, self._hopeless = line, False
        self._flush()
        try:
            await line.lost.wait()
        finally:
            self._line = None
            line.abort("the connection was closed")

    async def _connect(self) -> "_Line":
        """A connection that has signed in, chosen its database, and whose server may be used."""
        address = self._address
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            line = _Line(self._timeout_s)
            await connect(address, self._tls, lambda: line)
            try:
                *_, info = await line.ask(address.greeting())
                topology.verify(info or b"")
            except BaseException:
                line.abort("the greeting failed")
                raise
            return line


class _Line(asyncio.Protocol):
    """One connection: replies in order, to the askers that wait in order; deadlines by batch."""

    def __init__(self, timeout_s: float) -> None:
        self.lost = asyncio.Event()
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=_NOT_YET)
        self._waiting: deque[Asker] = deque()
        self._sent = 0
        self._answered = 0
        self._deadlines: deque[tuple[float, int]] = deque()
        self._watching: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort("the store closed the connection")

    async def ask(self, commands: Sequence[tuple[str, ...]]) -> list[bytes | None]:
        """The replies to ``commands``, for the greeting."""
        askers = [Awaited() for _ in commands]
        self.send(pack(commands), askers, self._loop.time() + self._timeout_s)
        return await asyncio.gather(*(asker.future for asker in askers))

    def send(self, commands: bytes, askers: Sequence[Asker], deadline: float) -> None:
        """Write the commands of one tick; ``askers`` are theirs, in order, and wait until ``deadline``."""
        self._transport.write(commands)
        self._waiting.extend(askers)
        self._sent += len(askers)
        self._deadlines.append((deadline, self._sent))
        if self._watching is None:
            self._watching = self._loop.call_at(deadline, self._watch)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        reader.feed(data)
        replies: list[bytes | hiredis.ReplyError | None] = []
        try:
            while (reply := reader.gets()) is not _NOT_YET:
                if type(reply) not in _READABLE:
                    self.abort("the store answered something that is no value")
                    return
                replies.append(reply)
        except (hiredis.HiredisError, ValueError):
            self.abort("the store answered something that is no reply")
            return
        waiting = self._waiting
        if len(replies) > len(waiting) or (len(replies) == len(waiting) and reader.has_data()):
            self.abort("the store answered more than was asked")
            return
        self._answered += len(replies)
        for asker, reply in zip([waiting.popleft() for _ in replies], replies, strict=True):
            try:
                if isinstance(reply, hiredis.ReplyError):
                    word = error_word(str(reply))
                    asker.unanswered(StoreUnavailable(f"the store refused a check ({word})"))
                else:
                    asker.answered(reply)
            except Exception as error:  # one asker's fault must not take the others' answers with it
                log.error("asker_failed", exc_info=error)

    def abort(self, why: str) -> None:
        """Close at once; what waits fails."""
        if self.lost.is_set():
            return
        self.lost.set()
        if self._watching is not None:
            self._watching.cancel()
        self._transport.abort()
        waiting = list(self._waiting)
        self._waiting.clear()
        _fail(waiting, why)

    def _watch(self) -> None:
        """Fail what is overdue; give the connection up when it has been silent for twice the deadline."""
        now = self._loop.time()
        deadlines = self._deadlines
        while deadlines and deadlines[0][1] <= self._answered:
            deadlines.popleft()
        if not deadlines:
            self._watching = None
            return
        if deadlines[0][0] + self._timeout_s <= now:
            self.abort("the store has stopped answering")
            return
        overdue = self._answered
        following = deadlines[0][0] + self._timeout_s
        for deadline, sent in deadlines:
            if deadline > now:
                following = min(following, deadline)
                break
            overdue = sent
        self._watching = self._loop.call_at(following, self._watch)
        late = [self._waiting.popleft() for _ in range(overdue - self._answered)]
        self._waiting.extendleft([_NOBODY] * len(late))
        _fail(late, "the store did not answer in time")


def _fail(askers: Sequence[Asker], why: str) -> None:
    """Tell ``askers``; many in slices, so that the event loop is never held for long."""
    error = StoreUnavailable(why)
    for asker in askers[:_TOLD_AT_ONCE]:
        try:
            asker.unanswered(error)
        except Exception as fault:  # one asker's fault must not leave the others waiting
            log.error("asker_failed", exc_info=fault)
    if len(askers) > _TOLD_AT_ONCE:
        asyncio.get_running_loop().call_soon(_fail, askers[_TOLD_AT_ONCE:], why)
