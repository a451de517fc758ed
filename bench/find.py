"""Pages of sessions and users at the admin API, small stores beside large ones:  python -m bench.find

The store is the embedded one, as it is configured; the program runs over it, and one administrator asks over
one kept connection on loopback. Prints how long a page takes, and how many bytes a session costs.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import held
from bench.administered import Administered, Line, administered
from bench.load import LoadFailed
from bench.population import DEVOTED, MARKED_COUNTRY
from bench.questions import Question, devoted, questions, questions_on_ended
from bench.report import table

# It prints: that is its work.
# ruff: noqa: T201

GOAL_MS = 10.0
GOAL_BYTES = 2500
_WARM = 20


@dataclass(frozen=True, slots=True)
class Measured:
    """One question in one store: rows on the page, times, and processor time of API and store together."""

    question: Question
    rows: int
    p50_ms: float
    p99_ms: float
    cpu_ms: float


def middle_and_late(times: Sequence[float]) -> tuple[float, float]:
    """The median, and what 99 of 100 did not exceed."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)]


def measure(target: Administered, line: Line, question: Question, calls: int) -> Measured:
    """Ask ``question`` so many times, after some that warm up."""
    page: dict[str, list[object]] = {}
    for _ in range(_WARM):
        page = line.ask(question.path).json()
    before = target.cpu_s()
    answers = [line.ask(question.path) for _ in range(calls)]
    cpu_ms = (target.cpu_s() - before) / calls * 1000
    if refused := [answer for answer in answers if answer.status != 200]:
        raise LoadFailed(f"{question.title}: {len(refused)} answers were {refused[0].status}")
    rows = len(page.get("application_sessions") or page.get("application_users") or [])
    return Measured(question, rows, *middle_and_late([answer.ms for answer in answers]), cpu_ms)


def measure_all(target: Administered, calls: int) -> list[Measured]:
    """Every question of one store; those on ended sessions last, once some have been ended."""
    line = target.line()
    (one,) = line.ask("/app/sessions?q=user-marked-50@").json()["application_sessions"]
    (heavy,) = line.ask(f"/app/users?q={DEVOTED}").json()["application_users"]
    user = one["application_user"]["id"]
    asked = [*questions(target.end, {"user": user, "session": one["id"]}), devoted(heavy["id"])]
    measured = [measure(target, line, question, calls) for question in asked]
    body = {"filter": f'obj.country_code == "{MARKED_COUNTRY}"'}
    line.ask("/app/sessions/revoke", "POST", body).json()
    measured += [measure(target, line, question, calls) for question in questions_on_ended(user)]
    line.close()
    return measured


def told(sizes: Sequence[int], measured: Sequence[Sequence[Measured]]) -> str:
    """A table of times beside each other: questions with as many answers in each size, then the others."""
    head = [f"{size:,}: p50, p99, CPU ms" for size in sizes]
    lines = []
    for same, title in ((True, "as many match in each"), (False, "more match in more")):
        rows = [[title, "rows", *head]]
        for row in zip(*measured, strict=True):
            if row[0].question.same is same:
                times = [f"{each.p50_ms:.1f}, {each.p99_ms:.1f}, {each.cpu_ms:.1f}" for each in row]
                found = "/".join(dict.fromkeys(str(each.rows) for each in row))
                rows.append([row[0].question.title, found, *times])
        lines += [table(rows), ""]
    every = [each for some in measured for each in some]
    late = [each for each in every if each.p99_ms >= GOAL_MS]
    missed = {each.question.title: None for each in late}
    lines.append(f"p99 under {GOAL_MS:.0f} ms: {len(every) - len(late)} of {len(every)}.")
    if missed:
        lines.append(f"Not: {', '.join(missed)}.")
    return "\n".join(lines)


async def main(sizes: Sequence[int], calls: int) -> None:
    """Measure every size."""
    measured = []
    memory = []
    with tempfile.TemporaryDirectory(prefix="ow-bench-") as name:
        for size in sizes:
            async with administered(Path(name) / str(size), size) as target:
                memory.append(await held.measure(target.url, size))
                measured.append(measure_all(target, calls))
                print(f"bench: {size} measured", file=sys.stderr, flush=True)
    print(told(sizes, measured))
    for each in memory:
        print(f"\n{held.told(each, GOAL_BYTES)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.find", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000], help="sessions")
    parser.add_argument("--calls", type=int, default=200, help="of each question, 200 unless told")
    options = parser.parse_args()
    asyncio.run(main(options.sizes, options.calls))
