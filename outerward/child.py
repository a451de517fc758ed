"""A child process: started, told what to serve, started again when it ends, drained when told.

Knows how long a child lived and which module it runs; knows nothing of what that does.
"""

import asyncio
import os
import socket
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

import outerward
from outerward.control import Assignment, Channel, Drain, Listening, Message
from outerward.errors import OuterwardError

log = structlog.get_logger("outerward.child")

_BACK_OFF_S = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
_HEALTHY_S = 5.0
_FIRST_TRIES = 3
_KILL_AFTER_S = 2.0
_STDERR = 2
_PASSED_ON = ("LC_", "PYTHON", "LD_", "DYLD_", "MALLOC_", "FAKETIME")
_PASSED_ON_WHOLE = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TERM", "NO_COLOR", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)


class Child:
    """One place for a child process. It inherits ``sockets``; ``changed`` is called when it is up or down."""

    def __init__(
        self,
        name: str,
        module: str,
        sockets: Sequence[socket.socket],
        assignment: Assignment,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.up = asyncio.Event()
        self._module = module
        self._sockets = sockets
        self._assignment = assignment
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process id while one runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Keep a process in this place until ``drain``. Raises OuterwardError when none ever serves."""
        attempt = failures = 0
        ever_up = False
        while not self._stopping.is_set():
            began = time.monotonic()
            status = await self._live()
            ever_up |= self.up.is_set()
            self._set_up(up=False)
            if self._stopping.is_set():
                return
            log.error("process.ended", process=self.name, status=status)
            failures += 1
            if not ever_up and failures >= _FIRST_TRIES:
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
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.send(Drain(timeout_s=timeout_s))
        try:
            async with asyncio.timeout(timeout_s + _KILL_AFTER_S):
                await process.wait()
        except TimeoutError:
            log.warning("process.killed", process=self.name)
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End the process at once and start no other."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _live(self) -> int:
        """One process from start to end; its exit status."""
        ours, theirs = socket.socketpair()
        with theirs:
            inherited = [each.fileno() for each in (theirs, *self._sockets)]
            self._process = process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", self._module, *map(str, inherited)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=_STDERR,
                pass_fds=inherited,
                start_new_session=True,  # a key pressed in our terminal must reach only us
                env=child_environment(),
            )
        self._channel = await Channel.over(ours)
        if self._stopping.is_set():
            self.kill()
        self._channel.send(self._assignment)
        if isinstance(await self._channel.receive(), Listening):
            self._set_up(up=True)
        try:
            return await process.wait()
        finally:
            self._channel.close()
            self._channel = None

    def _set_up(self, *, up: bool) -> None:
        if up != self.up.is_set():
            (self.up.set if up else self.up.clear)()
            self._changed()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def child_environment() -> dict[str, str]:
    """What a child inherits of our environment: nothing that could be a secret of the configuration."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON_WHOLE or name.startswith(_PASSED_ON)
    }
    root = str(Path(outerward.__file__).parents[1])
    if root not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        passed["PYTHONPATH"] = os.pathsep.join(filter(None, (root, passed.get("PYTHONPATH"))))
    return passed
