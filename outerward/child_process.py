"""The life of a child process, seen from inside: take the assignment, serve, drain when told, end.

It ends when the supervisor says so, when it is told by SIGTERM, and when the supervisor is gone.
"""

import asyncio
import resource
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

import uvloop

from outerward.control import Asked, Assignment, Channel, Drain, EdgeStatus, Listening, Told
from outerward.log_writer import LogWriter
from outerward.logs import configure_logging
from outerward.process_metrics import ProcessMetrics
from proxy import Counted

TELL_EVERY_S = 1.0
ASK_TIMEOUT_S = 1.0
_ORPHAN_S = 1.0
_ORPHAN_LIMIT_S = 4


class Served(Protocol):
    """What a child runs."""

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections."""

    async def stop(self, timeout_s: float) -> None:
        """Finish what is under way and give everything back."""

    def counted(self) -> Counted:
        """What was counted since the last call."""


class Surroundings:
    """What a child's process has for what it serves: the log, and the supervisor behind ``channel``."""

    def __init__(self, channel: Channel, writer: LogWriter | None) -> None:
        self.edge_status = "starting"
        self._channel = channel
        self._writer = writer
        self._waiting: list[asyncio.Future[Counted]] = []

    def write_traffic(self, lines: bytes) -> None:
        """Have lines about single requests written, without waiting."""
        if self._writer is not None:
            self._writer.write_traffic(lines)

    def log_lines_dropped(self) -> int:
        """How many lines of this process were lost so far."""
        return 0 if self._writer is None else self._writer.dropped

    async def all_counted(self) -> Counted:
        """What all processes counted. Raises TimeoutError when the supervisor does not say."""
        answer: asyncio.Future[Counted] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self._channel.send(Asked())
        async with asyncio.timeout(ASK_TIMEOUT_S):
            return await answer

    def told(self, counted: Counted) -> None:
        """The supervisor has said what was asked for."""
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            if not answer.done():
                answer.set_result(counted)


Serve = Callable[[Assignment, Surroundings], Served]
"""Builds what is to be served."""


def run_child(serve: Serve, descriptors: Sequence[int]) -> None:
    """Run a child process to its end; ``descriptors`` are the control channel, then its listeners.

    It may open as many files as it is allowed to: each visitor takes two.
    """
    if sys.platform == "linux":
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    control, *listeners = (socket.socket(fileno=number) for number in descriptors)
    uvloop.run(_run(serve, control, listeners))


async def _run(serve: Serve, control: socket.socket, listeners: Sequence[socket.socket]) -> None:
    channel = await Channel.over(control)
    assignment = await channel.receive()
    if not isinstance(assignment, Assignment):
        return
    surroundings = Surroundings(channel, configure_logging(assignment.settings.log))
    orders = _Orders(channel, surroundings, assignment.settings.edge.drain.total_seconds())
    served = serve(assignment, surroundings)
    await served.start(listeners)
    channel.send(Listening())
    if assignment.settings.metrics.listen is None:
        await served.stop(await orders.to_stop())
    else:
        process = ProcessMetrics(assignment.process, surroundings.log_lines_dropped)
        telling = asyncio.create_task(_tell_counts(channel, served, process))
        await served.stop(await orders.to_stop())
        telling.cancel()
        _tell(channel, served, process)
    channel.close()


async def _tell_counts(channel: Channel, served: Served, process: ProcessMetrics) -> None:
    while True:
        _tell(channel, served, process)
        await asyncio.sleep(TELL_EVERY_S)


def _tell(channel: Channel, served: Served, process: ProcessMetrics) -> None:
    here, of_process = served.counted(), process.take()
    added, gauges = (*here.added, *of_process.added), (*here.gauges, *of_process.gauges)
    channel.send(Told(counted=Counted(added, gauges)))


class _Orders:
    """What the supervisor last said; a signal alone says no time, then it is ``drain_s``."""

    def __init__(self, channel: Channel, surroundings: Surroundings, drain_s: float) -> None:
        self._channel = channel
        self._surroundings = surroundings
        self._drain_s = drain_s
        self._terminated = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._terminated.set)

    async def to_stop(self) -> float:
        """Wait for the order to stop; how many seconds the rest may take."""
        listening = asyncio.ensure_future(self._listen())
        terminated = asyncio.ensure_future(self._terminated.wait())
        await asyncio.wait([listening, terminated], return_when=asyncio.FIRST_COMPLETED)
        terminated.cancel()
        if listening.done():
            return listening.result()
        listening.cancel()
        return self._drain_s

    async def _listen(self) -> float:
        while True:
            match await self._channel.receive():
                case Drain(timeout_s=timeout_s):
                    return timeout_s
                case EdgeStatus(status=status):
                    self._surroundings.edge_status = status
                case Told(counted=counted):
                    self._surroundings.told(counted)
                case None:
                    # Whatever hangs, nothing of ours may outlive the supervisor for long.
                    signal.alarm(_ORPHAN_LIMIT_S)
                    return _ORPHAN_S
