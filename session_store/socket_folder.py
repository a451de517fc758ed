"""A short private folder for the embedded store's socket: a socket's path holds about a hundred bytes.

The data folder links to it, so that a folder left behind by a killed process is found and removed.
"""

import os
import tempfile
from pathlib import Path

from session_store.errors import StoreRefused

_PREFIX = "outerward-"
_SOCKET = "store.sock"
_LONGEST = 103


def make_socket_path(link: Path) -> Path:
    """The path for a socket in a new folder that only its owner can enter; ``link`` leads to that folder.

    Raises StoreRefused when no temporary folder has a path that is short enough.
    """
    remove_socket_folder(link)
    for base in filter(None, (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp")):  # noqa: S108
        try:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        except OSError:
            continue
        if len(os.fsencode(folder / _SOCKET)) <= _LONGEST:
            link.symlink_to(folder)
            return folder / _SOCKET
        folder.rmdir()
    raise StoreRefused(
        f"no temporary folder can hold a socket in {_LONGEST} bytes of path; set TMPDIR to a short one"
    )


def remove_socket_folder(link: Path) -> None:
    """Remove the folder that ``link`` leads to, and ``link``; nothing happens where there is none."""
    if not link.is_symlink():
        return
    folder = link.readlink()
    if folder.name.startswith(_PREFIX):
        (folder / _SOCKET).unlink(missing_ok=True)
        if folder.is_dir():
            folder.rmdir()
    link.unlink()
