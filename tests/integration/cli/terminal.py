"""``outerward`` on a terminal of its own, or in a pipe, while the test's loop serves the API."""

import asyncio
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE_S = 40.0
_INTERRUPTS = 4
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


class Started:
    """A command that runs. What it wrote is ``shown``: on a terminal all of it, in a pipe stdout."""

    def __init__(self, process: "subprocess.Popen[bytes]", reading: int, writing: int) -> None:
        self.process = process
        self.shown = ""
        self._reading = reading
        self._writing = writing

    async def shows(self, text: str) -> None:
        """Wait until ``text`` was shown."""
        await asyncio.to_thread(self._read_until, text)

    def take(self) -> None:
        """Take what was shown meanwhile."""
        while select.select([self._reading], [], [], 0)[0] and self._read():
            pass

    async def types(self, text: str) -> None:
        """Type ``text``."""
        os.write(self._writing, text.encode())

    async def interrupted(self) -> int:
        """^C, and again where one came just as it began to wait for a line; the exit code."""
        for _ in range(_INTERRUPTS):
            self.process.send_signal(signal.SIGINT)
            with suppress(TimeoutError):
                await asyncio.to_thread(self._read_until, None, PATIENCE_S / _INTERRUPTS)
                break
        return await self.ended()

    async def ended(self) -> int:
        """Wait for its end; the exit code."""
        await asyncio.to_thread(self._read_until, None)
        return await asyncio.to_thread(self.process.wait, PATIENCE_S)

    def _read_until(self, text: str | None, patience_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + patience_s
        while text is None or text not in self.shown:
            left_s = max(0.0, deadline - time.monotonic())
            if not select.select([self._reading], [], [], left_s)[0]:
                raise TimeoutError(f"not shown: {text}\n{self.shown}")
            if not self._read():
                assert text is None, self.shown
                return

    def _read(self) -> bool:
        # A terminal whose other side is gone says so by EIO.
        part = b""
        with suppress(OSError):
            part = os.read(self._reading, 65536)
        self.shown += _CONTROL.sub("", part.decode())
        return bool(part)


@contextmanager
def on_a_terminal(*arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Started]:
    """``outerward`` on a wide terminal; it is killed in the end if it still runs."""
    ours, its = pty.openpty()
    wide = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "xterm", **(environ or {})}
    process = _started(arguments, wide, stdin=its, stdout=its, stderr=its)
    os.close(its)
    try:
        yield Started(process, ours, ours)
    finally:
        _end(process)
        os.close(ours)


@contextmanager
def in_a_pipe(*arguments: str) -> Iterator[Started]:
    """``outerward`` with nobody there to type; what it says on stderr is dropped."""
    reading, its = os.pipe()
    process = _started(arguments, {}, stdin=subprocess.DEVNULL, stdout=its, stderr=subprocess.DEVNULL)
    os.close(its)
    try:
        yield Started(process, reading, -1)
    finally:
        _end(process)
        os.close(reading)


def _started(
    arguments: tuple[str, ...], environ: Mapping[str, str], *, stdin: int, stdout: int, stderr: int
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "outerward", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
