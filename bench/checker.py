"""Checks sessions at a steady rate, as a gate does, and notes how long each answer took.

Runs beside bench.revoke, as a process of its own, until it is asked to end; then it writes what it noted:
``python -m bench.checker URL SESSIONS FILE``. Only newer sessions are checked, of users who are let be.
"""

import asyncio
import json
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from bench.filling import cookie_hash
from bench.population import MARKED_AGO_MS, logins
from bench.programs import Program, wait_until
from session_store import CookieHash, EndpointId, Store

CHECKED_AGO_MS = MARKED_AGO_MS * 9 // 10
"""What is checked began later than so long before the end of the story."""

_EVERY_S = 0.002
_CHECKED = 500


@dataclass(frozen=True, slots=True)
class Noted:
    """Checks: when each was answered, by the clock of time.monotonic, and how long that took."""

    at_s: Sequence[float]
    took_ms: Sequence[float]

    def between(self, from_s: float, to_s: float) -> list[float]:
        """How long the answers between two moments took, the shortest first."""
        found = zip(self.at_s, self.took_ms, strict=True)
        return sorted(took for at, took in found if from_s <= at - took / 1000 and at <= to_s)


class Checker:
    """The process that checks."""

    def __init__(self, url: str, sessions: int, folder: Path) -> None:
        self._file = folder / "checks.json"
        command = [sys.executable, "-m", "bench.checker", url, str(sessions), str(self._file)]
        self._program = Program("checker", command, folder)
        wait_until(self._file.exists, self._program)

    def stop(self) -> Noted:
        """End it; what it has noted."""
        self._program.stop()
        return Noted(**json.loads(self._file.read_text()))


async def check(url: str, sessions: int, file: Path) -> None:
    """Check until asked to end. Raises LookupError where a session is not live."""
    places = [
        (cookie_hash(number), login.visits[0].endpoint.id)
        for number, login in enumerate(logins(sessions, sessions // 5))
        if login.ago_ms < CHECKED_AGO_MS and login.visitor.principal.subject.isdigit()
    ][:: max(1, sessions // 3 // _CHECKED)]
    store = Store.open(url, secrets=[secrets.token_urlsafe(32)])
    await store.start()
    await store.ping()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await asyncio.to_thread(file.write_text, "")
    noted = await _check_all(store, places, ended)
    await store.close()
    await asyncio.to_thread(file.write_text, json.dumps({"at_s": noted.at_s, "took_ms": noted.took_ms}))


async def _check_all(
    store: Store, places: Sequence[tuple[CookieHash, EndpointId]], ended: asyncio.Event
) -> Noted:
    at_s, took_ms = [], []
    due = time.monotonic()
    for place in cycle(places):
        due = max(due + _EVERY_S, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
        began = time.monotonic()
        value = await store.check(*place)
        at_s.append(time.monotonic())
        took_ms.append((at_s[-1] - began) * 1000)
        if value is None or value[:1] != b"A":
            raise LookupError("a session that nobody ended is not live")
        if ended.is_set():
            break
    return Noted(at_s, took_ms)


if __name__ == "__main__":
    asyncio.run(check(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
