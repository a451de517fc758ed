"""A user's ten thousand sessions ended, and fifty thousand by a filter:  python -m bench.revoke

The store is the embedded one, as it is configured; the program runs over it. Meanwhile another process checks
other sessions every two milliseconds. In the middle of the bulk revocation the admin process is killed, and
the revocation goes on from what the last answer told.
"""

import argparse
import asyncio
import http.client
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.administered import Administered, Answer, Line, administered
from bench.checker import Checker, Noted
from bench.load import LoadFailed
from bench.population import DEVOTED, MARKED_AGO_MS

# It prints: that is its work.
# ruff: noqa: T201

GOAL_S = 1.0
GOAL_DELAY_MS = 20.0
_QUIET_S = 5.0
_PATIENCE = 5
_KILLED_AT = 10
_KILLED_AFTER_S = 0.05
_BACK_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Act:
    """Something that was done: how much, how long its calls took, and when it was under way."""

    title: str
    sessions: int
    calls_s: Sequence[float]
    began_s: float
    ended_s: float


def delete_user(line: Line) -> Act:
    """Delete the user who has a tenth of all sessions, again where not confirmed. Raises LoadFailed."""
    (user,) = line.ask(f"/app/users?q={DEVOTED}").json()["application_users"]
    calls: list[float] = []
    began = time.monotonic()
    answer = _until_confirmed(line, calls, f"/app/users/{user['id']}", "DELETE")
    ended = time.monotonic()
    if answer.status != 204:
        raise LoadFailed(f"the deletion was answered {answer.status}: {answer.body[:300]!r}")
    path = "/app/sessions?" + urlencode({"filter": f'obj.application_user_id == "{user["id"]}"'})
    if line.ask(path).json()["application_sessions"]:
        raise LoadFailed("sessions of the deleted user are live")
    count = int(user["outerward"]["sessions"])
    return Act("DELETE of a user", count, calls, began, ended)


def revoke_by_filter(target: Administered) -> Act:
    """End the older half, call by call, with one kill on the way. Raises LoadFailed."""
    moment = datetime.fromtimestamp((target.end - MARKED_AGO_MS) / 1000, UTC)
    text = f'obj.created_at < timestamp("{moment:%Y-%m-%dT%H:%M:%SZ}")'
    body: dict[str, object] | None = {"filter": text, "reason": "a bench"}
    line, revoked, matched, killed = target.line(), 0, 0, False
    calls: list[float] = []
    began = time.monotonic()
    while body is not None:
        if not killed and len(calls) >= _KILLED_AT:
            killed = True
            line = _killed(target, line, body)
        told = _until_confirmed(line, calls, "/app/sessions/revoke", "POST", body).json()
        revoked += len(told["revoked"])
        matched = told["matched"]
        body = {"next": told["next"]} if told["next"] else None
    ended = time.monotonic()
    path = "/app/sessions/count?" + urlencode({"filter": text})
    left = line.ask(path).json()["count"]
    line.close()
    if left:
        raise LoadFailed(f"{left} of {matched} sessions are live at the end")
    return Act("POST /app/sessions/revoke", revoked, calls, began, ended)


def _until_confirmed(
    line: Line, calls: list[float], path: str, method: str, body: dict[str, object] | None = None
) -> Answer:
    """Make a call, again where it was not confirmed, as its answer says; the times go to ``calls``."""
    for _ in range(_PATIENCE):
        answer = line.ask(path, method, body)
        calls.append(answer.ms / 1000)
        if answer.status != 503:
            break
    return answer


def _killed(target: Administered, line: Line, body: dict[str, object]) -> Line:
    """Make a call and kill the admin process in it; a line to the next one, once that answers."""
    pid = target.api_pid()
    threading.Timer(_KILLED_AFTER_S, os.kill, (pid, signal.SIGKILL)).start()
    try:
        answered: Any = line.ask("/app/sessions/revoke", "POST", body).status
    except (OSError, http.client.HTTPException):
        answered = None
    if answered is not None:
        raise LoadFailed(f"the call was answered {answered} before the kill")
    until = time.monotonic() + _BACK_WITHIN_S
    while True:
        fresh = target.line()
        try:
            fresh.ask("/app/sessions?limit=1").json()
            return fresh
        except (OSError, http.client.HTTPException, LoadFailed):
            fresh.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def told(noted: Noted, quiet: tuple[float, float], acts: Sequence[Act]) -> str:
    """The figures, beside the goals."""
    still = noted.between(*quiet)
    lines = [f"Checks every 2 ms, quiet: {_late(still)}"]
    for act in acts:
        during = noted.between(act.began_s, act.ended_s)
        calls = sorted(act.calls_s)
        many = f" in {len(calls)} calls, median {calls[len(calls) // 2]:.2f} s" if len(calls) > 1 else ""
        lines.append(
            f"{act.title}: {act.sessions:,} sessions{many}, longest {calls[-1]:.2f} s (goal: {GOAL_S:.0f} s);"
            f" checks beside it: {_late(during)}, the longest {during[-1] - still[-1]:+.1f} ms"
            f" (goal: {GOAL_DELAY_MS:.0f} ms)"
        )
    return "\n".join(lines)


def _late(took: Sequence[float]) -> str:
    at = [took[len(took) // 2], took[len(took) * 99 // 100], took[-1]]
    return "p50 {:.1f}, p99 {:.1f}, longest {:.1f} ms".format(*at)


async def main(sessions: int) -> None:
    """Measure it all."""
    with tempfile.TemporaryDirectory(prefix="ow-bench-") as name:
        folder = Path(name)
        async with administered(folder / "all", sessions) as target:
            checker = Checker(target.url, sessions, folder)
            line = target.line()
            line.ask("/app/sessions").json()
            began = time.monotonic()
            await asyncio.sleep(_QUIET_S)
            quiet = (began, time.monotonic())
            steps: Sequence[Callable[[], Act]] = (lambda: delete_user(line), lambda: revoke_by_filter(target))
            acts = [await asyncio.to_thread(step) for step in steps]
            noted = checker.stop()
            line.close()
    print(told(noted, quiet, acts))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.revoke", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--sessions", type=int, default=100_000, help="of the population, 100,000 unless told"
    )
    asyncio.run(main(parser.parse_args().sessions))
