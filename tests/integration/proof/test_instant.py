"""Nothing that begins after a revocation's answer is let through: by session, by user and by logout, on every
worker of every edge, while stores and workers die.

The suite ends some hundred sessions, the long form thousands. Clients and upstream are one more process.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy import UpstreamAddress
from session_store import Asker, Awaited, CookieHash, EndpointId, EndReason, Store, endpoint_id
from tests.support.edge import route, running_edge
from tests.support.program import HOST, Program, serving, until, write_configuration
from tests.support.proof import (
    SECRET,
    TOKEN,
    Hammer,
    Judgement,
    Revoker,
    Session,
    hammering,
    judge,
    live_id,
    sign_in,
)
from tests.support.redis_server import RedisServer

CLIENTS = 200
WORKERS = 4
REVOKERS = 8
SIZES = [198, pytest.param(2001, marks=[pytest.mark.long, pytest.mark.timeout(1200)])]
BOOTSTRAP = f'bootstrap_token = "{TOKEN}"'


class Ending:
    """Ends every session of a run once it was let through, in the order in which clients come to use them.

    Of four sessions one is ended by its id, two are one user's and end with it, one by logout: three
    revocations. ``look`` makes a client of redis-py's on the store.
    """

    def __init__(self, hammer: Hammer, programs: Sequence[Program], look: Callable[[], Any]) -> None:
        self._hammer = hammer
        self._programs = programs
        self._look = look
        self.ended: dict[int, float] = {}
        self.repeated = 0

    def run(self, sessions: Sequence[Session]) -> None:
        """Return when every revocation was answered."""
        fours = [sessions[start : start + 4] for start in range(0, len(sessions), 4)]
        with ThreadPoolExecutor(REVOKERS) as pool:
            for done in [pool.submit(self._end, fours[lane::REVOKERS]) for lane in range(REVOKERS)]:
                done.result()

    def _end(self, fours: Sequence[Sequence[Session]]) -> None:
        with ExitStack() as stack:
            revokers = [
                stack.enter_context(closing(Revoker(program.edge, program.admin)))
                for program in self._programs
            ]
            for four in fours:
                by_id, one, other, by_logout = four
                for session in four:
                    self._hammer.wait_passed(session)
                revoker = revokers[by_id.number // 8 % len(revokers)]
                self.ended[by_id.number] = revoker.end_session(live_id(self._look, by_id))
                self.ended[one.number] = self.ended[other.number] = revoker.end_user(one.user_id)
                self.ended[by_logout.number] = revoker.log_out(by_logout)
            self.repeated += sum(revoker.repeated for revoker in revokers)


async def signed_in(url: str, secret: str, revocations: int) -> list[Session]:
    """The sessions of so many revocations: four for three."""
    store = Store.open(url, secrets=[secret], command_timeout_s=30)
    try:
        users = [f"user-{n}" if n % 4 in (0, 3) else f"pair-{n // 4}" for n in range(revocations // 3 * 4)]
        return [await sign_in(store, number, user) for number, user in enumerate(users)]
    finally:
        await store.close()


@contextmanager
def one_edge(folder: Path, hammer: Hammer) -> Iterator[tuple[list[Program], str, str]]:
    """A program with its embedded store; the store's address and secret."""
    path = write_configuration(folder / "edge", upstream=hammer.port, workers=WORKERS, admin=BOOTSTRAP)
    with serving(path) as program:
        yield [program], program.store_url, program.store_secret


@contextmanager
def two_edges(folder: Path, hammer: Hammer, server: RedisServer) -> Iterator[tuple[list[Program], str, str]]:
    """Two programs on one store; its address and secret."""
    store = f'url = "{server.url}"\nsecret = ["{SECRET}"]'
    with ExitStack() as stack:
        programs = []
        for name in ("one", "two"):
            path = write_configuration(
                folder / name, upstream=hammer.port, workers=WORKERS // 2, admin=BOOTSTRAP, store=store
            )
            programs.append(stack.enter_context(serving(path)))
        yield programs, server.url, SECRET


def run(
    hammer: Hammer, programs: list[Program], url: str, secret: str, revocations: int, faults: Any = None
) -> Judgement:
    """Hammer, end every session, judge."""
    sessions = asyncio.run(signed_in(url, secret, revocations))
    hammer.tell("edges", [int(program.edge.rpartition(":")[2]) for program in programs])
    hammer.use(sessions, CLIENTS)
    ending = Ending(hammer, programs, lambda: RedisServer.looking_at(url))
    began = time.monotonic()
    if faults is None:
        ending.run(sessions)
    else:
        over = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            broken = pool.submit(faults, over)
            try:
                ending.run(sessions)
            finally:
                over.set()
            broken.result()
    took = time.monotonic() - began
    judgement = judge(hammer.records("finish"), ending.ended)
    print(f"{revocations} revocations in {took:.1f} s, {ending.repeated} repeated: {judgement}")
    assert len(ending.ended) == len(sessions)
    return judgement


def pause_s(revocations: int) -> float:
    """Between two faults; in a long run long enough for restarts not to be held back for seconds."""
    return 0.3 if revocations < 1000 else 1.5


def assert_instant(judgement: Judgement) -> None:
    """Nothing was let through after its end; every session was let through before it and tried after it."""
    assert judgement.let_through == []
    assert judgement.mixed == 0
    assert judgement.untried == []
    assert judgement.never_passed == []
    assert judgement.statuses.keys() <= {0, 200, 302, 401, 502, 503}


@pytest.mark.parametrize("revocations", SIZES)
def test_n3_nothing_that_begins_after_a_revocation_is_let_through(tmp_path: Path, revocations: int) -> None:
    with hammering(tmp_path) as hammer, one_edge(tmp_path, hammer) as (programs, url, secret):
        judgement = run(hammer, programs, url, secret, revocations)
    assert_instant(judgement)
    assert judgement.statuses.keys() <= {200, 302, 401, 503}


@pytest.mark.parametrize("revocations", SIZES)
def test_n3_a_revocation_at_one_edge_holds_at_the_other(
    tmp_path: Path, store_server: RedisServer, revocations: int
) -> None:
    with (
        hammering(tmp_path) as hammer,
        two_edges(tmp_path, hammer, store_server) as (programs, url, secret),
    ):
        judgement = run(hammer, programs, url, secret, revocations)
    assert_instant(judgement)


@pytest.mark.parametrize("revocations", SIZES)
def test_n4_it_holds_while_the_store_and_workers_are_killed(tmp_path: Path, revocations: int) -> None:
    with hammering(tmp_path) as hammer, one_edge(tmp_path, hammer) as (programs, url, secret):
        (program,) = programs

        def faults(over: threading.Event) -> None:
            for name in ("valkey-server", "ow-worker", "ow-admin") * (revocations // 60):
                if over.wait(pause_s(revocations)):
                    return
                os.kill(program.child(name), signal.SIGKILL)

        judgement = run(hammer, programs, url, secret, revocations, faults)
        until(lambda: program.visit().status == 401)
    assert_instant(judgement)
    assert judgement.statuses[0] > 0, "no worker died under a request"


@pytest.mark.parametrize("revocations", SIZES)
def test_n4_it_holds_on_two_edges_while_their_store_restarts(
    tmp_path: Path, store_server: RedisServer, revocations: int
) -> None:
    with (
        hammering(tmp_path) as hammer,
        two_edges(tmp_path, hammer, store_server) as (programs, url, secret),
    ):

        def faults(over: threading.Event) -> None:
            for _ in range(revocations // 60):
                if over.wait(pause_s(revocations)):
                    return
                store_server.kill()
                store_server.start()

        judgement = run(hammer, programs, url, secret, revocations, faults)
    assert_instant(judgement)
    assert judgement.statuses[503] > 0, "the store was never away"


class StaleStore(Store):
    """What no gate may have: an answer of the store counts for 200 ms."""

    _kept: dict[tuple[CookieHash, EndpointId], tuple[float, bytes | None]]

    def ask(self, cookie_hash: CookieHash, endpoint_id: EndpointId, asker: Asker) -> None:
        kept = self.__dict__.setdefault("_kept", {})
        at, value = kept.get((cookie_hash, endpoint_id), (0.0, None))
        if value is not None and time.monotonic() - at < 0.2:
            asker.answered(value)
            return
        asked = Awaited()
        asked.future.add_done_callback(lambda done: asker.answered(done.result()))
        asked.future.add_done_callback(
            lambda done: kept.update({(cookie_hash, endpoint_id): (time.monotonic(), done.result())})
        )
        super().ask(cookie_hash, endpoint_id, asked)


@pytest.mark.parametrize(("kind", "finds"), [(StaleStore, True), (Store, False)])
async def test_the_judgement_finds_a_stale_cache_of_sessions(
    tmp_path: Path, store_url: str, kind: type[Store], finds: bool
) -> None:
    with hammering(tmp_path) as hammer:
        async with stale_edge(hammer, store_url, kind) as (port, store):
            sessions = [await sign_in(store, number, f"user-{number}", "corp") for number in range(20)]
            hammer.tell("edges", [port])
            hammer.use(sessions, 20)
            ended = {}

            def look() -> Any:
                return RedisServer.looking_at(store_url)

            for session in sessions:
                await asyncio.to_thread(live_id, look, session, endpoint_id(HOST))
                assert await store.end_browser_session(session.hash, EndReason.REVOKED, by="a test")
                ended[session.number] = time.monotonic()
            records = await asyncio.to_thread(hammer.records, "finish")
    judgement = judge(records, ended)
    print(f"{kind.__name__}: {judgement}")
    assert bool(judgement.let_through) is finds
    assert judgement.untried == []


@asynccontextmanager
async def stale_edge(hammer: Hammer, url: str, kind: type[Store]) -> AsyncIterator[tuple[int, Store]]:
    """An edge of one worker on a store of ``kind``."""
    store = kind.open(url, secrets=[SECRET], check_timeout_s=10, command_timeout_s=30)
    await store.start()
    try:
        address = UpstreamAddress("http", "127.0.0.1", hammer.port)
        async with running_edge(store, [route(address)]) as edge:
            yield edge.port, store
    finally:
        await store.close()
