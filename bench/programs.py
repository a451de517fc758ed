"""A program that a bench starts, watches and ends by its process id; its output goes to a file."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 30.0
# What is run is put together in bench/peers.py and bench/session.py, from nothing that comes from outside.
# ruff: noqa: S603

_CHECKOUT = Path(__file__).parents[1]


class NotStarted(Exception):
    """A program did not start; the message has the end of what it wrote."""


class Program:
    """One process and its descendants, with a log in ``folder``."""

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=_CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-1000:]

    def stop(self) -> None:
        """Ask it to end and wait; end it where it does not listen."""
        if self.runs:
            self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def wait_until(holds: Callable[[], bool], program: Program) -> None:
    """Wait until ``holds``. Raises NotStarted when the program ends before, or takes too long."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        if not program.runs or time.monotonic() > until:
            raise NotStarted(f"{program.name} did not start: {program.said}")
        time.sleep(0.02)
