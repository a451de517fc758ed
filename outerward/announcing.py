"""Telling the world that the program is ready: the ready file, and the service manager (sd_notify(3))."""

import os
import socket
from pathlib import Path

import msgspec

from outerward.errors import OuterwardError
from outerward.state_folder import write_private


class Ready(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the ready file says: where the listeners are reached, and the supervisor's process id."""

    edge: str
    admin: str
    pid: int
    metrics: str | None = None


class Announcer:
    """``ready_file`` may be absent; the service manager's socket is the one in ``NOTIFY_SOCKET``."""

    def __init__(self, ready_file: Path | None) -> None:
        self._ready_file = ready_file
        self._written = False

    def forget_last(self) -> None:
        """Remove a ready file that an earlier run left. Raises OuterwardError."""
        try:
            if self._ready_file is not None:
                self._ready_file.unlink(missing_ok=True)
        except OSError as error:
            raise OuterwardError(
                f"the ready file {self._ready_file} cannot be replaced: {error.strerror}"
            ) from error

    def ready(self, ready: Ready) -> None:
        """Say that every listener accepts and the store answers. Raises OuterwardError."""
        try:
            if self._ready_file is not None:
                write_private(self._ready_file, msgspec.json.encode(ready).decode() + "\n")
                self._written = True
        except OSError as error:
            raise OuterwardError(
                f"the ready file {self._ready_file} cannot be written: {error.strerror}"
            ) from error
        _notify(b"READY=1")

    def stopping(self) -> None:
        """Say that nothing more is accepted."""
        if self._ready_file is not None and self._written:
            self._ready_file.unlink(missing_ok=True)
        _notify(b"STOPPING=1")


def _notify(state: bytes) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        try:
            notifier.sendto(state, "\0" + address[1:] if address.startswith("@") else address)
        except OSError:  # a service manager that is gone is told nothing
            return
