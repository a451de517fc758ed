"""The embedded store's folder: one owner, and a memory of how much it held.

The extent file beside the folder notes how long each append-only file was. With it a folder that lost its
data, or more than its last command, is refused instead of being served as if nothing had ever been there.
Knows the server's files by name and size; starts no server.
"""

import fcntl
import mmap
import os
import shutil
from pathlib import Path

from session_store.append_only_file import End, Tail, examine
from session_store.errors import StoreRefused

_FILES = "appendonlydir"
_MANIFEST = "appendonly.aof.manifest"


class DataFolder:
    """``path`` holds the lock and the server's files; ``extent`` beside it holds their sizes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = path / _FILES
        self.extent = path.with_name(path.name + ".extent")
        self._written: dict[str, int] | None = None

    def make(self) -> None:
        """Create the folder, for its owner alone. Raises StoreRefused."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise StoreRefused(f"the store's folder {self.path} cannot be used: {error.strerror}") from error

    def lock(self) -> int:
        """Take the folder; the descriptor holds it, together with every process that inherits it.

        Raises BlockingIOError while another process has it, StoreRefused when it cannot be taken at all.
        """
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreRefused(f"the store's folder {self.path} cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return descriptor

    def holder_lives(self) -> bool:
        """Whether the process that wrote its id into the lock file still runs."""
        try:
            os.kill(int((self.path / "lock").read_text()), 0)
        except (OSError, ValueError) as error:
            return isinstance(error, PermissionError)
        return True

    def check(self) -> None:
        """Compare what is there with what was. Raises StoreRefused when data vanished."""
        recorded = self._recorded()
        if recorded is None:
            return
        sizes = self._sizes()
        if sizes is None:
            raise StoreRefused(
                f"{self.files} holds no data, but {self.extent} says that it did. {self._way_out('')}"
            )
        for name, before in recorded.items():
            if name in sizes and not self._explained(name, sizes[name], before):
                raise StoreRefused(
                    f"{self.files / name} has {sizes[name]} bytes and once had {before}: more than a last "
                    f"command is missing. {self._way_out(self.keep_aside())}"
                )
        gone = [name for name in recorded if name not in sizes]
        if gone and max(map(_sequence, sizes), default=0) <= max(map(_sequence, gone)):
            raise StoreRefused(f"{self.files / gone[0]} is missing. {self._way_out(self.keep_aside())}")

    def has_data(self) -> bool:
        """Whether a server has ever written here."""
        return self._sizes() is not None

    def cut_command(self) -> int | None:
        """The bytes of a last command that was cut short in the newest file; None where there is none."""
        newest = self._newest()
        if newest is None:
            return None
        tail = _tail(newest)
        return newest.stat().st_size - tail.whole if tail.end is End.CUT else None

    def refusal(self, said: str) -> StoreRefused:
        """The refusal of data that the server could not read; ``said`` is the server's last word."""
        return StoreRefused(f"{self.files} could not be loaded ({said}). {self._way_out(self.keep_aside())}")

    def record(self) -> None:
        """Note the sizes as they are now; written only when they changed."""
        sizes = self._sizes()
        if sizes is None or sizes == self._written:
            return
        fresh = self.extent.with_name(self.extent.name + ".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(f"{name} {size}\n" for name, size in sorted(sizes.items()))
        fresh.replace(self.extent)
        self._written = sizes

    def keep_aside(self) -> str:
        """Copy the server's files, once for each state that they are in; says where, or why not."""
        newest = self._newest()
        mark = str(newest.stat().st_mtime_ns) if newest else "unknown"
        copy = self.path / f"damaged-{mark}"
        try:
            if not copy.exists():
                shutil.copytree(self.files, copy)
        except OSError as error:
            return f"It could not be copied to {copy}: {error}. "
        return f"A copy as it was found is kept in {copy}. "

    def _way_out(self, copy: str) -> str:
        return (
            f"{copy}Put back a backup of {self.path} and {self.extent}; or, to begin anew "
            f"(everybody signs in again), remove {self.files} and {self.extent}"
        )

    def _explained(self, name: str, size: int, before: int) -> bool:
        return size >= before or _tail(self.files / name).explains(size, before)

    def _newest(self) -> Path | None:
        names = self._sizes()
        return self.files / max(names, key=_sequence) if names else None

    def _recorded(self) -> dict[str, int] | None:
        try:
            lines = self.extent.read_text().splitlines()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreRefused(f"{self.extent} cannot be read: {error}") from error
        pairs = (line.rpartition(" ") for line in lines)
        return {name: int(size) for name, _, size in pairs if size.isdigit()}

    def _sizes(self) -> dict[str, int] | None:
        """The incremental files in the manifest, with their sizes; None where there is no manifest."""
        try:
            lines = (self.files / _MANIFEST).read_text().splitlines()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreRefused(f"{self.files / _MANIFEST} cannot be read: {error}") from error
        words = (line.split() for line in lines)
        names = [word[1] for word in words if len(word) >= 6 and word[0] == "file" and word[5] == "i"]
        sizes = {name: _size(self.files / name) for name in names}
        return {name: size for name, size in sizes.items() if size is not None}


def _sequence(name: str) -> int:
    """The number in ``appendonly.aof.7.incr.aof``."""
    return next((int(part) for part in reversed(name.split(".")) if part.isdigit()), 0)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _tail(path: Path) -> Tail:
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return examine(b"")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return examine(data)
