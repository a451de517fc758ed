"""A child process: made by the nursery, told what to serve, made anew when it ends, drained when told.

Its control channel tells all: that it serves, and, by its end, that the process is gone. Knows nothing of
what is served.
"""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence

import structlog

from outerward.control import Assignment, Channel, Drain, Listening, Message
from outerward.errors import OuterwardError
from outerward.nursery import Kind, Nursery

log = structlog.get_logger("outerward.child")

_BACK_OFF_S = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
_HEALTHY_S = 2.0
_FIRST_TRIES = 3
_KILL_AFTER_S = 2.0


class Child:
    """One place for a child process, which inherits ``sockets``.

    ``changed`` is called when it is up or down, ``heard`` with what else it says.
    """

    def __init__(
        self,
        name: str,
        kind: Kind,
        sockets: Sequence[socket.socket],
        assignment: Assignment,
        nursery: Nursery,
        changed: Callable[["Child"], None],
        heard: Callable[["Child", Message], None],
    ) -> None:
        self.name = name
        self.up = asyncio.Event()
        self._kind = kind
        self._sockets = sockets
        self._assignment = assignment
        self._nursery = nursery
        self._changed = changed
        self._heard = heard
        self._pid: int | None = None
        self._channel: Channel | None = None
        self._gone = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Keep a process in this place until ``drain``. Raises OuterwardError when none ever serves."""
        attempt = failures = 0
        ever_up = False
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                await self._live()
            except OSError as error:
                log.error("process.not_started", process=self.name, error=str(error))
            else:
                if not self._stopping.is_set():
                    log.error("process.ended", process=self.name)
            ever_up |= self.up.is_set()
            self._set_up(up=False)
            failures += 1
            if not ever_up and failures >= _FIRST_TRIES and not self._stopping.is_set():
                raise OuterwardError(f"the {self.name} process cannot start; its errors are above")
            attempt = 0 if time.monotonic() - began > _HEALTHY_S else min(attempt + 1, len(_BACK_OFF_S) - 1)
            await self._pause(_BACK_OFF_S[attempt])

    def send(self, message: Message) -> None:
        """Tell the process something, if one runs."""
        if self._channel is not None:
            self._channel.send(message)

    async def drain(self, timeout_s: float) -> None:
        """Let the process finish what is under way; end it when that takes longer than ``timeout_s``."""
        self._stopping.set()
        if self._pid is None:
            return
        self.send(Drain(timeout_s=timeout_s))
        try:
            async with asyncio.timeout(timeout_s + _KILL_AFTER_S):
                await self._gone.wait()
        except TimeoutError:
            log.warning("process.killed", process=self.name)
            self.kill()
            await self._gone.wait()

    def kill(self) -> None:
        """End the process at once and start no other."""
        self._stopping.set()
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    async def _live(self) -> None:
        """One process from start to end. Raises OSError when none could be made."""
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            inherited = [each.fileno() for each in (theirs, *self._sockets)]
            self._pid = await self._nursery.spawn(self._kind, inherited)
            undo.pop_all()
        self._gone.clear()
        try:
            await self._converse(await Channel.over(ours))
        finally:
            self._pid = None
            self._gone.set()

    async def _converse(self, channel: Channel) -> None:
        """Say what to serve, then listen until the process is gone."""
        self._channel = channel
        try:
            if self._stopping.is_set():
                self.kill()
            channel.send(self._assignment)
            while (message := await channel.receive()) is not None:
                if isinstance(message, Listening):
                    self._set_up(up=True)
                else:
                    self._heard(self, message)
        finally:
            self._channel = None
            channel.close()

    def _set_up(self, *, up: bool) -> None:
        if up != self.up.is_set():
            (self.up.set if up else self.up.clear)()
            self._changed(self)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
