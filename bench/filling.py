"""Puts a population into a store through the store's own face: what stands there is what logins leave.

The exchanges of many logins at once leave in one write, and the server writes to disk when it likes until all
is there: a hundred thousand sessions would take far longer otherwise. Time is told by a clock that is moved
from wave to wave; a record lives up to a day longer than it should, since the store counts its life from when
it is written.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice

from bench.population import MARKED_AGO_MS, Login, logins
from session_store import ApplicationSession, CookieHash, IdSource, Store, Touch, parse_address
from session_store.address import Address
from session_store.commands import Commands, Reply
from session_store.fastpath import FastPath
from session_store.lua import Command
from session_store.records import Milliseconds
from session_store.sealing import Sealer
from session_store.settings import FOR_A_MONTH

LIFE_MS: Milliseconds = 3 * 86_400_000
_AT_ONCE = 250
_PATIENCE_S = 60.0


def wall_clock_ms() -> Milliseconds:
    """The time."""
    return time.time_ns() // 1_000_000


def cookie_hash(number: int) -> CookieHash:
    """The cookie hash of the login with this number, counted from 0."""
    return CookieHash(hashlib.sha256(b"population:%d" % number).digest())


async def fill(url: str, secret: str, sessions: int, users: int) -> Milliseconds:
    """Fill the empty store at ``url``; the time at which the story of the population ends."""
    return await tell(url, secret, logins(sessions, users))


async def tell(url: str, secret: str, story: Iterable[Login]) -> Milliseconds:
    """Let the logins of ``story`` have happened, oldest first; the time at which it ends."""
    end = wall_clock_ms()
    clock = _Clock(end)
    commands = Batched(parse_address(url))
    store = _store(commands, url, secret, clock)
    try:
        await commands.run("CONFIG", "SET", "appendfsync", "no")
        number = 0
        for wave in _waves(story):
            clock.now = end - wave[-1].ago_ms
            told = await asyncio.gather(
                *(_sign_in(store, login, cookie_hash(number + at), end) for at, login in enumerate(wave))
            )
            number += len(wave)
            touches = [touch for some in told for touch in some]
            await asyncio.gather(*(store.touch(some) for some in _split(touches)))
        await commands.run("CONFIG", "SET", "appendfsync", "always")
    finally:
        await store.close()
    return end


def _waves(story: Iterable[Login]) -> Iterator[list[Login]]:
    """Logins that come at once; the marked ones among themselves, so that their time is theirs alone."""
    for _, alike in groupby(story, lambda login: login.ago_ms == MARKED_AGO_MS):
        while wave := list(islice(alike, _AT_ONCE)):
            yield wave


class _Clock:
    def __init__(self, now: Milliseconds) -> None:
        self.now = now

    def __call__(self) -> Milliseconds:
        return self.now


class Batched(Commands):
    """Commands of which all that are asked for in one tick leave in one write."""

    def __init__(self, address: Address) -> None:
        super().__init__(address, timeout_s=_PATIENCE_S)
        self._asked: list[tuple[Sequence[Command], asyncio.Future[list[Reply]]]] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def run_all(self, commands: Sequence[Command]) -> list[Reply]:
        """See Commands.run_all; an error is everybody's who asked in that tick."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Reply]] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._begin)
        self._asked.append((commands, future))
        return await future

    def _begin(self) -> None:
        task = asyncio.get_running_loop().create_task(self._send())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self) -> None:
        asked, self._asked = self._asked, []
        try:
            replies = iter(await super().run_all([command for commands, _ in asked for command in commands]))
        except Exception as error:
            for _, future in asked:
                future.set_exception(error)
            return
        for commands, future in asked:
            future.set_result([next(replies) for _ in commands])


def _store(commands: Commands, url: str, secret: str, clock: _Clock) -> Store:
    address = parse_address(url)
    return Store(
        address,
        commands,
        FastPath(address, timeout_s=_PATIENCE_S),
        Sealer([secret]),
        IdSource(now_s=lambda: clock() / 1000),
        FOR_A_MONTH,
        clock,
    )


async def _sign_in(store: Store, login: Login, cookie: CookieHash, end: Milliseconds) -> list[Touch]:
    at = end - login.ago_ms
    visitor = login.visitor
    browser = await store.complete_login(
        visitor.principal,
        provider_name=visitor.provider_name,
        begun_at=await store.now(),
        scope=login.visits[0].endpoint.public_url.removeprefix("https://"),
        cookie_hash=cookie,
        expires_at=at + LIFE_MS,
    )
    touches = []
    for visit in login.visits:
        session = await store.start_application_session(
            browser, visit.endpoint, expires_at=at + LIFE_MS, idle_timeout_s=0, context=visit.context
        )
        if not isinstance(session, ApplicationSession):
            raise TypeError(f"no session came of a visit: {session}")
        touches.append(
            Touch(
                session=session,
                at_ms=end - visit.idle_ms,
                requests=visit.requests,
                context=visit.context,
                context_at_ms=at,
            )
        )
    return touches


def _split(touches: Sequence[Touch]) -> Iterator[Sequence[Touch]]:
    return (touches[first : first + 100] for first in range(0, len(touches), 100))
