"""The supervisor's side of the nursery: orders child processes there, and keeps the nursery running."""

import asyncio
import os
import socket
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import structlog

import outerward

log = structlog.get_logger("outerward.nursery")

KIND_BYTES = 8
PID_BYTES = 4
MOST_DESCRIPTORS = 64

_STDERR = 2
_BACK_OFF_S = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
_HEALTHY_S = 5.0
_PASSED_ON = ("LC_", "PYTHON", "LD_", "DYLD_", "MALLOC_", "FAKETIME")
_PASSED_ON_WHOLE = frozenset(
    {"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TERM", "NO_COLOR", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)

Kind = Literal["worker", "admin"]


class Nursery:
    """One nursery process, started again when it ends; the children that it made live on."""

    def __init__(self) -> None:
        self._orders: socket.socket | None = None
        self._there = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> None:
        """Keep a nursery running until ``stop``."""
        loop = asyncio.get_running_loop()
        attempt = 0
        while not self._stopping.is_set():
            began = loop.time()
            status = await self._live()
            if self._stopping.is_set():
                return
            log.error("process.ended", process="nursery", status=status)
            attempt = 0 if loop.time() - began > _HEALTHY_S else min(attempt + 1, len(_BACK_OFF_S) - 1)
            await asyncio.sleep(_BACK_OFF_S[attempt])

    async def spawn(self, kind: Kind, descriptors: Sequence[int]) -> int:
        """Have a child of ``kind`` made that inherits ``descriptors``; its process id.

        Raises OSError when the nursery ends before it answers.
        """
        await self._there.wait()
        async with self._one_at_a_time:
            orders = self._orders
            if orders is None:
                raise OSError("the nursery is gone")
            socket.send_fds(orders, [kind.encode().ljust(KIND_BYTES)], descriptors)
            answer = await asyncio.get_running_loop().sock_recv(orders, PID_BYTES)
            if len(answer) != PID_BYTES:
                raise OSError("the nursery ended")
            return int.from_bytes(answer, "big")

    async def stop(self) -> None:
        """End the nursery; it holds nothing that could be lost."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _live(self) -> int | None:
        """One nursery from start to end; its exit status, None where none could be started."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with ours, theirs:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "outerward.nursery_process", str(theirs.fileno())),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=_STDERR,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # a key pressed in our terminal must reach only us
                    env=child_environment(),
                )
            except OSError as error:
                log.error("process.not_started", process="nursery", error=error.strerror)
                return None
            theirs.close()
            if self._stopping.is_set():
                self._process.kill()
            self._orders = ours
            self._there.set()
            status = await self._process.wait()
            self._there.clear()
            async with self._one_at_a_time:  # whoever waits for an answer hears of the end first
                self._orders = None
            return status


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
