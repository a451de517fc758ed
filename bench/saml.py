"""SAML logins of one worker, and floods of bad answers beside ordinary requests:  python -m bench.saml

Prints good answers in a second, the longest pause of the event loop, and what 99 of 100 ordinary requests
take, quiet and under each flood. The messages are made, and sent, by this process: on two cores it has one.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import processes, session
from bench.load import LoadFailed
from idp_adapters import Threads
from idp_adapters.saml.response import verify_response
from tests.support import saml_flood
from tests.support.saml_flood import KINDS, TRIES, Kind, SamlEdge
from tests.support.saml_messages import SamlIdentityProvider, expected
from tests.support.watched_edge import Pause

# It prints: that is its work.
# ruff: noqa: T201

GOAL_PER_S = 300
GOAL_PAUSE_MS = 20
GOAL_RATIO = 2
_GOOD = 1000
_BEAT_S = 0.005


@dataclass(frozen=True)
class Rate:
    """Good answers: how many in a second, and in a second of the worker's own processor time."""

    per_second: float
    per_cpu_second: float
    pauses: Sequence[Pause]


@dataclass(frozen=True)
class Flood:
    """One flood beside visitors; times in milliseconds."""

    kind: Kind
    per_second: float
    per_cpu_second: float
    statuses: dict[int, int]
    quiet_ms: float
    flooded_ms: float
    pauses: Sequence[Pause]


async def measure_good(folder: Path) -> Rate:
    """Answers that are verified and taken, as fast as one worker does."""
    others = set(processes.family(os.getpid()))
    async with saml_flood.saml_edge(folder, session.store_url(folder.parent)) as target:
        worker = list(set(processes.family(os.getpid())) - others)
        begun = await saml_flood.logins(target, _GOOD + 50)
        requests = saml_flood.good_answers(target, begun)
        await saml_flood.post_all(target, requests[_GOOD:])
        before = processes.cpu_s(worker)
        seconds, statuses = await saml_flood.post_all(target, requests[:_GOOD])
        used = processes.cpu_s(worker) - before
        if statuses != {303: _GOOD}:
            raise LoadFailed(f"good answers were answered {dict(statuses)}")
        return Rate(_GOOD / seconds, _GOOD / used, target.edge.stop())


async def measure_verified(seconds: float) -> tuple[float, float]:
    """How many good answers a second are verified in their thread; how late the loop was beside it, in ms."""
    idp, threads, verified, late_ms = SamlIdentityProvider(), Threads(lambda: None), 0, 0.0
    octets, rules = idp.response(), expected(idp)
    until = time.perf_counter() + seconds

    async def verify() -> None:
        nonlocal verified
        while time.perf_counter() < until:
            await threads.run(lambda: verify_response(octets, rules))
            verified += 1

    verifying = [asyncio.create_task(verify()) for _ in range(4)]
    began = time.perf_counter()
    while time.perf_counter() < until:
        due = time.perf_counter() + _BEAT_S
        await asyncio.sleep(_BEAT_S)
        late_ms = max(late_ms, (time.perf_counter() - due) * 1000)
    await asyncio.gather(*verifying)
    threads.close()
    return verified / (time.perf_counter() - began), late_ms


async def measure_flood(folder: Path, kind: Kind, seconds: float, per_second: int) -> Flood:
    """A flood of ``kind`` at ``per_second``."""
    count = int(seconds * per_second)
    others = set(processes.family(os.getpid()))
    async with saml_flood.saml_edge(folder, session.store_url(folder.parent)) as target:
        worker = list(set(processes.family(os.getpid())) - others)
        requests = await _bad(target, kind, count)
        quiet = await saml_flood.p99_ms(target, seconds)
        before = processes.cpu_s(worker)
        flooded = await saml_flood.flood(target, requests, seconds=seconds, per_second=per_second)
        each_cpu_s = flooded.sent / (processes.cpu_s(worker) - before)
        pauses = target.edge.stop()
    return Flood(kind, flooded.per_second, each_cpu_s, dict(flooded.statuses), quiet, flooded.p99_ms, pauses)


def told(verified: tuple[float, float], rate: Rate, floods: Sequence[Flood]) -> str:
    """The figures, beside the goals."""
    alone = (
        f"Verified in one process: {verified[0]:.0f}/s (goal: {GOAL_PER_S}); the loop beside it was at most"
        f" {verified[1]:.1f} ms late (goal: {GOAL_PAUSE_MS} ms)"
    )
    whole = (
        f"The same with its request, its answer and five visits to the store: {rate.per_second:.0f}/s by one"
        f" worker, {rate.per_cpu_second:.0f} in a second of its processor time; longest pause of its loop"
        f" {_longest(rate.pauses)}"
    )
    lines = [alone, whole]
    for each in floods:
        statuses = ", ".join(f"{count} x {status}" for status, count in sorted(each.statuses.items()))
        lines.append(
            f"Flood '{each.kind}': {each.per_second:.0f} answered/s, {each.per_cpu_second:.0f} in a second of"
            f" processor time, visitors' requests beside them ({statuses}); longest pause"
            f" {_longest(each.pauses)} (goal: {GOAL_PAUSE_MS} ms); p99 of ordinary requests"
            f" {each.quiet_ms:.1f} ms quiet, {each.flooded_ms:.1f} ms flooded:"
            f" {each.flooded_ms / each.quiet_ms:.1f}x (goal: {GOAL_RATIO}x)"
        )
    return "\n".join(lines)


async def main(seconds: float, per_second: int) -> None:
    """Measure it all."""
    sys.setswitchinterval(0.0005)
    with tempfile.TemporaryDirectory(prefix="ow-bench-") as name:
        folder = Path(name)
        store = session.start_store(folder)
        try:
            verified = await measure_verified(seconds)
            rate = await measure_good(folder / "good")
            floods = [await measure_flood(folder / kind, kind, seconds, per_second) for kind in KINDS]
        finally:
            store.stop()
    print(told(verified, rate, floods))


async def _bad(target: SamlEdge, kind: Kind, count: int) -> list[bytes]:
    begun = await saml_flood.logins(target, count // TRIES + 1 if kind != "unknown" else 1)
    return saml_flood.hostile_answers(kind, begun, count)


def _longest(pauses: Sequence[Pause]) -> str:
    return str(max(pauses)) if pauses else "under 10 ms"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.saml", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each flood, 5 unless told")
    parser.add_argument("--rate", type=int, default=1000, help="messages a second, 1000 unless told")
    options = parser.parse_args()
    asyncio.run(main(options.seconds, options.rate))
