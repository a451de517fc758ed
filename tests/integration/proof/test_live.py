"""What is open ends with its session: WebSockets, event streams, downloads, uploads, on every worker of every
edge, under load of requests; and nothing that begins after a revocation's answer is let through.

The suite ends some hundred sessions, the long form thousands, 2,000 by each way.
"""

import asyncio
import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ending import WORKERS, Ending, edge_on, one_edge, signed_in, two_edges
from tests.support.hammer import Records
from tests.support.live import STREAMS_EACH, Ends, OpenStreams, holding, judge_streams
from tests.support.open_streams import CLOSED
from tests.support.program import Program
from tests.support.proof import SECRET, Hammer, Judgement, Revoker, Session, hammering, judge
from tests.support.redis_server import RedisServer

CLIENTS = 200
WINDOW = 240
BOUND_S = 10.0
HEARD_S = 0.3
LONG = (6000, 200_000)
SIZES = [
    pytest.param(198, 20_000, id="short"),
    pytest.param(*LONG, id="long", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
]
FAULTY_SIZES = [
    pytest.param(99, 10_000, id="short"),
    pytest.param(*LONG, id="long", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
]


@dataclass(frozen=True)
class Load:
    """Who asks and who holds streams."""

    hammer: Hammer
    streams: OpenStreams


@contextmanager
def load(folder: Path) -> Iterator[Load]:
    with hammering(folder) as hammer, holding(folder) as streams:
        yield Load(hammer, streams)


class Pace:
    """Lets sessions end as the requests come in, so that the last of both come at about the same time."""

    def __init__(self, load: Load, sessions: int, requests: int) -> None:
        self._load = load
        self._each = requests / sessions
        self._lock = threading.Lock()
        self._asked = 0
        self._due = 0.0

    def use(self, session: Session) -> None:
        """Return when ``session`` was let through, has all its streams, and it is its turn."""
        self._load.hammer.wait_passed(session)
        self._load.streams.wait_open(session)
        with self._lock:
            self._due += self._each
            due = self._due
        while True:
            with self._lock:
                if self._asked < due:
                    self._asked = self._load.hammer.asked()
                if self._asked >= due:
                    return
            time.sleep(0.02)


def run(
    load: Load,
    edges: tuple[list[Program], str, str],
    revocations: int,
    requests: int,
    faults: Callable[[threading.Event], None] | None = None,
) -> tuple[Judgement, Ends]:
    """Ask, hold streams open, end every session, judge."""
    programs, url, secret = edges
    sessions = asyncio.run(signed_in(url, secret, revocations))
    for process in (load.hammer, load.streams):
        process.tell("edges", [int(program.edge.rpartition(":")[2]) for program in programs])
    load.hammer.use(sessions, CLIENTS)
    load.streams.use(sessions, WINDOW)
    pace = Pace(load, len(sessions), requests)
    ending = Ending(pace.use, programs, lambda: RedisServer.looking_at(url))
    began = time.monotonic()
    over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        broken = pool.submit(faults, over) if faults is not None else None
        try:
            ending.run(sessions)
        finally:
            over.set()
        if broken is not None:
            broken.result()
    took = time.monotonic() - began
    asked = load.hammer.records("finish").asked
    kept = load.streams.records()
    judgement = judge(Records(asked, kept.hits), ending.ended)
    ends = judge_streams(kept, ending.asked, ending.ended)
    print(f"{revocations} revocations in {took:.1f} s, {ending.repeated} repeated: {judgement}\n  {ends}")
    assert len(ending.ended) == len(sessions)
    assert judgement.requests >= requests
    return judgement, ends


def assert_ended(judgement: Judgement, ends: Ends, besides: frozenset[str] = frozenset()) -> None:
    """Everything ended, in time and as it must or as ``besides`` allows; nothing was let through after."""
    assert judgement.let_through == []
    assert judgement.mixed == 0
    assert judgement.untried == []
    assert judgement.never_passed == []
    assert judgement.statuses.keys() <= {0, 200, 302, 401, 502, 503}
    assert ends.let_through == []
    assert ends.untried == []
    assert {one.how for one in ends.unclean} <= besides
    assert ends.after_the_end == []
    assert statistics.median(ends.seconds) < HEARD_S, "ends are not heard"
    assert max(ends.seconds) < BOUND_S
    assert max(ends.at_upstream) < BOUND_S


@pytest.mark.parametrize(("revocations", "requests"), SIZES)
def test_what_is_open_ends_with_its_session_on_four_workers(
    tmp_path: Path, revocations: int, requests: int
) -> None:
    with load(tmp_path) as clients, one_edge(tmp_path, clients.streams.port) as edges:
        judgement, ends = run(clients, edges, revocations, requests)
    assert_ended(judgement, ends)
    assert ends.before == []


@pytest.mark.parametrize(("revocations", "requests"), FAULTY_SIZES)
def test_what_is_open_at_one_edge_ends_by_a_revocation_at_the_other(
    tmp_path: Path, store_server: RedisServer, revocations: int, requests: int
) -> None:
    with (
        load(tmp_path) as clients,
        two_edges(tmp_path, clients.streams.port, store_server.url) as edges,
    ):
        judgement, ends = run(clients, edges, revocations, requests)
    assert_ended(judgement, ends)
    assert ends.before == []


@pytest.mark.parametrize(("revocations", "requests"), FAULTY_SIZES)
def test_what_is_open_ends_with_its_session_while_workers_are_killed(
    tmp_path: Path, revocations: int, requests: int
) -> None:
    with load(tmp_path) as clients, one_edge(tmp_path, clients.streams.port) as edges:
        ((program,), _, _) = edges

        def faults(over: threading.Event) -> None:
            # The oldest of four: each lives for longer than what the supervisor takes for a crash at start.
            while not over.wait(0.7 if revocations < 1000 else 1.5):
                workers = [pid for pid, name in program.children().items() if name == "ow-worker"]
                if workers:
                    os.kill(min(workers), signal.SIGKILL)

        judgement, ends = run(clients, edges, revocations, requests, faults)
    assert_ended(judgement, ends, besides=frozenset({CLOSED}))
    assert ends.before != [], "no worker died that held a stream"


@pytest.mark.parametrize(
    "revocations",
    [
        pytest.param(99, id="short"),
        pytest.param(750, id="long", marks=[pytest.mark.long, pytest.mark.timeout(600)]),
    ],
)
def test_streams_that_are_all_open_at_once_end_each_with_its_session(
    tmp_path: Path, revocations: int
) -> None:
    """In the long form 2,000, with nobody asking besides."""
    with holding(tmp_path) as streams, one_edge(tmp_path, streams.port) as (programs, url, secret):
        sessions = asyncio.run(signed_in(url, secret, revocations))
        streams.tell("edges", [int(program.edge.rpartition(":")[2]) for program in programs])
        streams.use(sessions, len(sessions))
        for session in sessions:
            streams.wait_open(session)
        ending = Ending(streams.wait_open, programs, lambda: RedisServer.looking_at(url))
        ending.run(sessions)
        ends = judge_streams(streams.records(), ending.asked, ending.ended)
    print(ends)
    assert len(ends.seconds) == STREAMS_EACH * len(sessions)
    assert ends.let_through == ends.unclean == ends.before == ends.after_the_end == []
    assert ends.untried == []
    assert statistics.median(ends.seconds) < HEARD_S, "ends are not heard"
    assert max(ends.seconds) < BOUND_S


def test_where_no_end_can_be_heard_streams_end_by_asking(tmp_path: Path, store_server: RedisServer) -> None:
    """The control: the same measure finds the time that hearing saves."""
    store_server.client.execute_command("ACL", "SETUSER", "default", "resetchannels")
    with (
        holding(tmp_path) as streams,
        edge_on(tmp_path / "edge", streams.port, store_server.url, WORKERS) as program,
    ):
        sessions = asyncio.run(signed_in(store_server.url, SECRET, 6))
        streams.tell("edges", [int(program.edge.rpartition(":")[2])])
        streams.use(sessions, len(sessions))
        asked, ended = {}, {}
        with closing(Revoker(program.edge, program.admin)) as revoker:
            for session in sessions:
                streams.wait_open(session)
                asked[session.number] = time.monotonic()
                ended[session.number] = revoker.log_out(session)
                streams.wait_ended(session)
        ends = judge_streams(streams.records(), asked, ended)
    print(ends)
    assert ends.let_through == ends.unclean == ends.before == []
    assert statistics.median(ends.seconds) > 0.1
    assert max(ends.seconds) < BOUND_S
