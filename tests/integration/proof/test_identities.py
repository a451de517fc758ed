"""Two people at once, with logins, touches and revocations between their checks on one store: the upstream is
always told of the one who asks, and a store whose replies are out of step makes checks *unavailable*.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop

from proxy import UpstreamAddress
from session_store import EndReason, Store
from tests.support.edge import Edge, route, running_edge
from tests.support.proof import SECRET, Hammer, Session, hammering, judge, sign_in
from tests.support.relay import Fault, Relay

USERS = ("ada", "bob")
CLIENTS = 32
RECOVERED_WITHIN_S = 2.0
"""Ten times what it takes to be in step with the store again."""
STANDING = 2 * CLIENTS
SIZES = [(500, 8_000), pytest.param((10_000, 200_000), marks=[pytest.mark.long, pytest.mark.timeout(1200)])]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


@asynccontextmanager
async def edge_on(url: str, hammer: Hammer) -> AsyncIterator[Edge]:
    """An edge of one worker, on a store of its own at ``url``."""
    store = Store.open(url, secrets=[SECRET], check_timeout_s=0.5, command_timeout_s=30)
    await store.start()
    try:
        await store.ping()
        async with running_edge(store, [route(UpstreamAddress("http", "127.0.0.1", hammer.port))]) as edge:
            hammer.tell("edges", [edge.port])
            yield edge
    finally:
        await store.close()


async def asked(hammer: Hammer, least: float) -> None:
    """Wait until so many requests were answered."""
    while await asyncio.to_thread(hammer.asked) < least:
        pass


@pytest.mark.parametrize("size", SIZES)
async def test_lesson_48_two_people_are_never_mixed_up(
    tmp_path: Path, store_url: str, size: tuple[int, int]
) -> None:
    logins, requests = size
    standing: deque[Session] = deque()
    with hammering(tmp_path) as hammer:
        async with edge_on(store_url, hammer) as edge:

            async def sign_in_one(number: int) -> None:
                session = await sign_in(edge.store, number, USERS[number % 2], "corp")
                standing.append(session)
                hammer.use([session], CLIENTS)

            async def end_one() -> None:
                if len(standing) > STANDING:
                    ended = standing.popleft()
                    assert await edge.store.end_browser_session(ended.hash, EndReason.REVOKED, by="a test")

            for number in range(logins):
                await asyncio.gather(sign_in_one(number), end_one(), edge.worker.recorder.flush())
                if number % 50 == 49:
                    await asked(hammer, number * requests / logins)
            await asked(hammer, requests)
            records = await asyncio.to_thread(hammer.records, "stop")
    judgement = judge(records, {})
    print(f"{logins} logins: {judgement}")
    assert judgement.mixed == 0
    assert judgement.passed > judgement.requests / 2
    assert judgement.statuses.keys() <= {200, 302, 503}


@pytest.mark.parametrize("fault", [Fault.TOO_FEW, Fault.TOO_MANY])
async def test_replies_out_of_step_make_checks_unavailable_and_swap_nobody(
    tmp_path: Path, store_url: str, fault: Fault
) -> None:
    relay = Relay(Path(store_url.removeprefix("unix://")), slow_s=0)
    await relay.start()
    try:
        with hammering(tmp_path) as hammer:
            async with edge_on(relay.url, hammer) as edge:
                hammer.use(
                    [await sign_in(edge.store, n, USERS[n % 2], "corp") for n in range(CLIENTS)], CLIENTS
                )
                await asked(hammer, 500)
                relay.break_by(fault)
                await asked(hammer, await asyncio.to_thread(hammer.asked) + 500)
                relay.mend()
                # What is refused is refused fast: only time tells that it is over.
                await asyncio.sleep(RECOVERED_WITHIN_S)
                await asked(hammer, await asyncio.to_thread(hammer.asked) + 1000)
                records = await asyncio.to_thread(hammer.records, "stop")
    finally:
        await relay.close()
    judgement = judge(records, {})
    last = [one.status for one in sorted(records.asked, key=lambda one: one.end)[-500:]]
    print(f"{fault.name}: {judgement}")
    assert judgement.mixed == 0
    assert judgement.statuses[503] > 0
    assert last.count(200) > 400, "in step again while clients go on"
