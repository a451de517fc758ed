"""Without a check nobody passes: the store dead, hung, slow, answering errors, garbage, too little, too much,
while clients go on. The edge is one process, clients and upstream another; here is the relay that stands
before the edge's real store, so that the pauses measured are the edge's own.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop

from session_store import Store
from tests.support.hammer import Records
from tests.support.program import PATIENCE_S, write_configuration
from tests.support.proof import SECRET, Hammer, Session, hammering, judge, sign_in
from tests.support.relay import Fault, Relay
from tests.support.watched_edge import Pause, WatchedEdge, watched_edge

CHECK_TIMEOUT_S = 0.1
RECOVERY_GOAL_S = 1.0
PAUSE_GOAL_S = 0.05
LONG = [pytest.mark.long, pytest.mark.timeout(900)]
SIZES = [
    pytest.param(18, 24, id="few"),
    pytest.param(306, 24, id="300-incidents", marks=LONG),
    pytest.param(54, 400, id="400-clients", marks=LONG),
]
NOTHING_PASSES = (Fault.DEAD, Fault.HUNG, Fault.SWALLOWED, Fault.SLOW, Fault.ERRORS, Fault.GARBAGE, Fault.CUT)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


@dataclass(frozen=True)
class Incident:
    """From when to when the relay ill-treated replies, and how soon after somebody was let through."""

    fault: Fault
    began: float
    ended: float
    recovered_s: float


@asynccontextmanager
async def edge_behind_a_relay(
    folder: Path, hammer: Hammer, server: str, clients: int
) -> AsyncIterator[tuple[WatchedEdge, Relay, list[Session]]]:
    """An edge whose store is reached through a relay, and a session for each client."""
    relay = Relay(Path(server.removeprefix("unix://")), slow_s=3 * CHECK_TIMEOUT_S)
    await relay.start()
    store = f'url = "{relay.url}"\nsecret = ["{SECRET}"]\ncheck_timeout = "{CHECK_TIMEOUT_S * 1000:.0f}ms"'
    direct = Store.open(server, secrets=[SECRET], command_timeout_s=30)
    try:
        configuration = write_configuration(folder, upstream=hammer.port, store=store)
        sessions = [await sign_in(direct, n, f"user-{n % 2}") for n in range(clients)]
        with watched_edge(configuration) as edge:
            hammer.tell("edges", [edge.port])
            hammer.use(sessions, clients)
            yield edge, relay, sessions
    finally:
        await direct.close()
        await relay.close()


async def passes(port: int, session: Session) -> bool:
    """Whether a new client with ``session`` is let through."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        cookie = session.cookie
        writer.write(
            f"GET /0/0 HTTP/1.1\r\nHost: app.localhost\r\nCookie: outerward={cookie}\r\n\r\n".encode()
        )
        return (await asyncio.wait_for(reader.readline(), PATIENCE_S)).startswith(b"HTTP/1.1 200")
    finally:
        writer.close()


async def recovered(port: int, session: Session) -> float:
    """How many seconds it takes from now until somebody is let through."""
    since = time.monotonic()
    while not await passes(port, session):
        assert time.monotonic() - since < 10 * RECOVERY_GOAL_S
        await asyncio.sleep(0.005)
    return time.monotonic() - since


async def answered(hammer: Hammer, clients: int) -> None:
    """Wait until twice as many requests as there are clients began from now on and were answered.

    Each client has one request under way at most: so many of the answers from now on may be to older ones.
    """
    until = await asyncio.to_thread(hammer.asked) + 3 * clients
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await asyncio.to_thread(hammer.asked) >= until:
                return
            await asyncio.sleep(0.005)


async def incident(
    fault: Fault, relay: Relay, hammer: Hammer, port: int, sessions: Sequence[Session]
) -> Incident:
    """One fault, for as long as it takes to answer enough requests under it, and its end."""
    relay.break_by(fault)
    began = time.monotonic()
    await answered(hammer, len(sessions))
    ended = time.monotonic()
    relay.mend()
    return Incident(fault, began, ended, await recovered(port, sessions[0]))


def assert_closed(records: Records, one: Incident) -> int:
    """What was asked and answered in the incident was refused, and the upstream saw nothing of it."""
    inside = [ask for ask in records.asked if one.began < ask.begin and ask.end < one.ended]
    asked = {(ask.session, ask.number) for ask in records.asked if ask.begin > one.began}
    seen = [hit for hit in records.hits if hit.at < one.ended and (hit.session, hit.number) in asked]
    if one.fault in NOTHING_PASSES:
        assert seen == [], one
        assert {(ask.status, ask.retry_after) for ask in inside} == {(503, True)}, one
    return len(inside)


def refused_and_passed_on(records: Records) -> set[tuple[int, int]]:
    """Requests answered 503 that reached the upstream, if only later."""
    refused = {(one.session, one.number) for one in records.asked if one.status == 503}
    return refused & {(hit.session, hit.number) for hit in records.hits}


def told(pauses: Sequence[Pause]) -> str:
    """The longest pauses in words."""
    ordered = sorted(pauses, key=lambda pause: pause.waited_s, reverse=True)
    over = sum(pause.waited_s > PAUSE_GOAL_S for pause in pauses)
    return f"{over} pauses over {PAUSE_GOAL_S * 1000:.0f} ms; the longest {', '.join(map(str, ordered[:5]))}"


@pytest.mark.parametrize(("incidents", "clients"), SIZES)
async def test_n6_without_a_check_nobody_passes(
    tmp_path: Path, store_url: str, incidents: int, clients: int
) -> None:
    with hammering(tmp_path) as hammer:
        async with edge_behind_a_relay(tmp_path, hammer, store_url, clients) as (edge, relay, sessions):
            await recovered(edge.port, sessions[0])
            happened = [
                await incident(fault, relay, hammer, edge.port, sessions)
                for fault in itertools.islice(itertools.cycle(Fault), incidents)
            ]
            records = await asyncio.to_thread(hammer.records, "stop")
            pauses = await asyncio.to_thread(edge.stop)
    judgement = judge(records, {})
    within: Counter[str] = Counter()
    for one in happened:
        inside = assert_closed(records, one)
        assert inside >= 2 * clients, one
        within[one.fault.name] += inside
    slow = sorted(((one.recovered_s, one.fault.name) for one in happened), reverse=True)[:3]
    print(
        f"{incidents} incidents, {clients} clients: {judgement}; answered within an incident: "
        f"{dict(within)}; slowest recoveries in s: {slow}; {told(pauses)}"
    )
    assert refused_and_passed_on(records) == set()
    assert judgement.mixed == 0
    assert judgement.statuses.keys() <= {200, 503}
    assert max((pause.worked_s for pause in pauses), default=0.0) < 10 * PAUSE_GOAL_S
    assert edge.logged().keys() <= {"info", "warning"}
