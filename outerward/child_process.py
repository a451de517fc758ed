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

from outerward.control import Assignment, Channel, Drain, EdgeStatus, Listening
from outerward.logs import configure_logging

_ORPHAN_S = 1.0
_ORPHAN_LIMIT_S = 4


class Served(Protocol):
    """What a child runs."""

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections."""

    async def stop(self, timeout_s: float) -> None:
        """Finish what is under way and give everything back."""


Serve = Callable[[Assignment, Callable[[], str]], Served]
"""Builds what is to be served from the assignment and a question for the edge's status."""


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
    configure_logging(assignment.settings.log)
    told = _Told(channel, assignment.settings.edge.drain.total_seconds())
    served = serve(assignment, lambda: told.edge_status)
    await served.start(listeners)
    channel.send(Listening())
    await served.stop(await told.to_stop())
    channel.close()


class _Told:
    """What the supervisor last said; a signal alone says no time, then it is ``drain_s``."""

    def __init__(self, channel: Channel, drain_s: float) -> None:
        self.edge_status = "starting"
        self._channel = channel
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
                    self.edge_status = status
                case None:
                    # Whatever hangs, nothing of ours may outlive the supervisor for long.
                    signal.alarm(_ORPHAN_LIMIT_S)
                    return _ORPHAN_S
