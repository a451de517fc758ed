"""One worker as the program wires it, in a process of its own whose event loop is watched for pauses.

Run as ``python -m tests.support.watched_edge CONFIGURATION FILE``: it says its port, answers each line of
stdin with its tasks, open files and bytes of memory, and when stdin ends writes to FILE how its loop kept a
task waiting. Nothing but the worker and that task runs there.
"""

import asyncio
import gc
import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import uvloop

from outerward.config import load_settings
from outerward.logs import configure_logging
from outerward.wiring import Edge
from proxy import warm_up
from tests.support.program import PATIENCE_S, REPOSITORY

BEAT_S = 0.005
_WORTH_NOTING_S = 0.01


class Pause(NamedTuple):
    """For how long a task was kept waiting; for how long its thread worked in that time or waited for a core.

    The rest it was blocked in a call. Where the system does not tell, it never waited for a core.
    """

    waited_s: float
    worked_s: float
    queued_s: float

    def __str__(self) -> str:
        told = (self.waited_s, self.worked_s, self.queued_s)
        return "{:.0f} ms ({:.0f} of work, {:.0f} without a core)".format(*(each * 1000 for each in told))


class Held(NamedTuple):
    """What the process holds now: asyncio tasks, open files, bytes of resident memory."""

    tasks: int
    files: int
    resident: int


class WatchedEdge:
    """The process, from outside. ``pauses`` are there once it was stopped."""

    def __init__(self, configuration: Path) -> None:
        self._pauses_file = configuration.with_suffix(".pauses")
        self._log_file = configuration.with_suffix(".log")
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.watched_edge", configuration, self._pauses_file],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def held(self) -> Held:
        """What it holds now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return Held(*json.loads(self._process.stdout.readline()))

    def stop(self) -> list[Pause]:
        """End it as an orderly stop does; its pauses."""
        self._process.communicate(timeout=PATIENCE_S)
        assert self._process.returncode == 0
        return [Pause(*row) for row in json.loads(self._pauses_file.read_text())]

    def logged(self) -> Counter[str]:
        """How many lines of each level it has logged."""
        with self._log_file.open(encoding="utf-8") as lines:
            return Counter(json.loads(line)["level"] for line in lines)

    def close(self) -> None:
        """End it if it runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@contextmanager
def watched_edge(configuration: Path) -> Iterator[WatchedEdge]:
    """A watched edge for the length of the block."""
    edge = WatchedEdge(configuration)
    try:
        yield edge
    finally:
        edge.close()


async def _beat(pauses: list[Pause]) -> None:
    while True:
        worked, queued = time.thread_time(), _queued_s()
        due = time.monotonic() + BEAT_S
        await asyncio.sleep(BEAT_S)
        waited = time.monotonic() - due
        if waited > _WORTH_NOTING_S:
            pauses.append(Pause(waited, time.thread_time() - worked, _queued_s() - queued))


def _queued_s() -> float:
    """For how long this thread has been ready to run and did not (the kernel's sched-stats)."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def _held() -> Held:
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return Held(len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")), resident)


async def _serve(configuration: Path) -> list[Pause]:
    """Serve until stdin ends; the pauses."""
    settings = load_settings(configuration, os.environ).settings
    writer = configure_logging(settings.log)
    assert writer is not None
    pauses: list[Pause] = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    edge = Edge(settings, listener.getsockname()[1], writer.write_traffic, lambda: None)
    await edge.start([listener])
    beating = asyncio.create_task(_beat(pauses))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while await reader.readline():
        sys.stdout.write(json.dumps(_held()) + "\n")
        sys.stdout.flush()
    beating.cancel()
    await edge.stop(0)
    return pauses


if __name__ == "__main__":
    warm_up()
    gc.freeze()
    sys.setswitchinterval(0.0005)
    Path(sys.argv[2]).write_text(json.dumps(uvloop.run(_serve(Path(sys.argv[1])))))
