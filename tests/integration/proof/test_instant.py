"""Nothing that begins after a revocation's answer is let through: by session, by user and by logout, on every
worker of every edge, while stores and workers die.

The suite ends some hundred sessions, the long form thousands. Clients and upstream are one more process.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy import UpstreamAddress
from session_store import Asker, Awaited, CookieHash, EndpointId, EndReason, Store, endpoint_id
from tests.support.edge import route, running_edge
from tests.support.ending import Ending, one_edge, signed_in, two_edges
from tests.support.program import HOST, Program, until
from tests.support.proof import (
    SECRET,
    Hammer,
    Judgement,
    hammering,
    judge,
    live_id,
    sign_in,
)
from tests.support.redis_server import RedisServer

CLIENTS = 200
SIZES = [198, pytest.param(2001, marks=[pytest.mark.long, pytest.mark.timeout(1200)])]


def run(
    hammer: Hammer, programs: list[Program], url: str, secret: str, revocations: int, faults: Any = None
) -> Judgement:
    """Hammer, end every session, judge."""
    sessions = asyncio.run(signed_in(url, secret, revocations))
    hammer.tell("edges", [int(program.edge.rpartition(":")[2]) for program in programs])
    hammer.use(sessions, CLIENTS)
    ending = Ending(hammer.wait_passed, programs, lambda: RedisServer.looking_at(url))
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
    with hammering(tmp_path) as hammer, one_edge(tmp_path, hammer.port) as (programs, url, secret):
        judgement = run(hammer, programs, url, secret, revocations)
    assert_instant(judgement)
    assert judgement.statuses.keys() <= {200, 302, 401, 503}


@pytest.mark.parametrize("revocations", SIZES)
def test_n3_a_revocation_at_one_edge_holds_at_the_other(
    tmp_path: Path, store_server: RedisServer, revocations: int
) -> None:
    with (
        hammering(tmp_path) as hammer,
        two_edges(tmp_path, hammer.port, store_server.url) as (programs, url, secret),
    ):
        judgement = run(hammer, programs, url, secret, revocations)
    assert_instant(judgement)


@pytest.mark.parametrize("revocations", SIZES)
def test_n4_it_holds_while_the_store_and_workers_are_killed(tmp_path: Path, revocations: int) -> None:
    with hammering(tmp_path) as hammer, one_edge(tmp_path, hammer.port) as (programs, url, secret):
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
        two_edges(tmp_path, hammer.port, store_server.url) as (programs, url, secret),
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
