"""The whole program as its users run it: a process of its own, a configuration file, a ready file.

The embedded store's data are reached through the state folder, to set scenes: a signed-in visitor without a
provider. Whoever starts a program ends it.
"""

import asyncio
import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from session_store import CookieHash, Principal, Store

PATIENCE_S = 60.0
REPOSITORY = Path(__file__).parents[2]
HOST = "app.localhost"
CANARY = "canary-in-the-configuration"
_COMMAND = "import sys; from outerward.cli import main; sys.exit(main())"
_CONFIGURATION = """
state = "state"
[edge]
listen = "127.0.0.1:0"
workers = {workers}
{edge}
[admin]
listen = "127.0.0.1:0"
{admin}
[store]
{store}
[provider.nobody]
type = "oidc"
issuer = "{issuer}"
client_id = "client"
client_secret = "{canary}"
allow_private_network = true
[[tunnel]]
name = "app"
hostname = "{host}"
upstream = "http://127.0.0.1:{upstream}"
provider = "nobody"
allow = ["*"]
{more}
"""


def write_configuration(
    folder: Path,
    *,
    upstream: int = 9,
    workers: int = 1,
    issuer: str = "http://127.0.0.1:9",
    edge: str = "",
    store: str = "",
    admin: str = "",
    more: str = "",
) -> Path:
    """One tunnel to a port on loopback; ``edge``, ``store`` and ``admin`` are lines of those sections.

    The tunnel's provider, ``nobody``, has a client called ``client`` whose secret is CANARY. ``more`` is
    what follows the tunnel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "outerward.toml"
    path.write_text(
        _CONFIGURATION.format(
            workers=workers,
            edge=edge,
            admin=admin,
            store=store,
            issuer=issuer,
            canary=CANARY,
            host=HOST,
            upstream=upstream,
            more=more,
        )
    )
    return path


@dataclass(frozen=True)
class Reply:
    """What a listener answered; status 0 when it did not."""

    status: int
    body: bytes = b""


class Program:
    """``outerward`` with ``arguments``, started in ``folder``; logs go to a file, or to ``stderr``."""

    def __init__(
        self, folder: Path, *arguments: str, stderr: int | None = None, stdin: int = subprocess.DEVNULL
    ) -> None:
        self.state = folder / "state"
        self.ready_file = folder / "ready"
        self.edge = self.admin = ""
        self._log = folder / f"log-{secrets.token_hex(4)}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND, *arguments],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=log if stderr is None else stderr,
                start_new_session=True,
            )

    @classmethod
    def serve(cls, configuration: Path, *arguments: str, stderr: int | None = None) -> "Program":
        """``serve`` with a ready file."""
        folder = configuration.parent
        always = ("serve", "-c", str(configuration), "--ready-file", str(folder / "ready"))
        return cls(folder, *always, *arguments, stderr=stderr)

    def ready(self) -> "Program":
        """Wait for the ready file."""
        until(lambda: self.ready_file.exists() or self.process.poll() is not None)
        if not self.ready_file.exists():
            raise AssertionError(self.end())
        told = json.loads(self.ready_file.read_text())
        self.edge, self.admin = told["edge"], told["admin"]
        return self

    @property
    def log(self) -> str:
        """What it has written to stderr."""
        return self._log.read_text()

    def end(self) -> str:
        """Wait for its end; what it wrote to stderr."""
        self.process.communicate(timeout=PATIENCE_S)
        return self.log

    def stop(self) -> None:
        """End it if it runs."""
        if self.process.poll() is None:
            self.process.terminate()
        self.end()

    def children(self) -> dict[int, str]:
        """What descends from it and lives, with the name of each: ``ow-worker``, ``ow-admin``, …"""
        parents = {pid: _parent_of(pid) for pid in _processes()}
        found = {self.process.pid}
        while grown := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= grown
        return {pid: _name_of(pid) for pid in found - {self.process.pid} if lives(pid)}

    def child(self, name: str) -> int:
        """The first descendant called ``name``, once there is one."""
        until(lambda: name in self.children().values())
        return next(pid for pid, called in self.children().items() if called == name)

    def kill_child(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send ``number`` to a child and wait until it is gone; its process id."""
        pid = self.child(name)
        os.kill(pid, number)
        until(lambda: not lives(pid))
        return pid

    @property
    def store_url(self) -> str:
        """Where the embedded store listens."""
        return f"unix://{(self.state / 'store' / 'run').readlink()}/store.sock"

    @property
    def store_secret(self) -> str:
        """The secret of the embedded store."""
        return (self.state / "secret").read_text().strip()

    def sign_in(self, name: str = "ada") -> str:
        """A cookie value with a browser session in the embedded store."""

        async def signed_in() -> str:
            store = Store.open(self.store_url, secrets=[self.store_secret])
            try:
                return await sign_in(store, name)
            finally:
                await store.close()

        return asyncio.run(signed_in())

    def visit(self, cookie: str = "", path: str = "/") -> Reply:
        """One request at the edge, on a connection of its own."""
        return request(
            self.edge, path, {"Host": HOST} | ({"Cookie": f"outerward={cookie}"} if cookie else {})
        )

    def ask_admin(self, path: str, token: str = "") -> Reply:
        """One request at the admin API."""
        return request(self.admin, path, {"Authorization": f"Bearer {token}"} if token else {})


async def sign_in(store: Store, name: str) -> str:
    """A cookie value with a browser session in ``store``, as a login leaves it."""
    value = secrets.token_urlsafe(32)
    now_ms = time.time_ns() // 1_000_000
    await store.complete_login(
        Principal(provider="nobody", issuer="http://127.0.0.1:9", subject=name, email=f"{name}@example.com"),
        provider_name="nobody",
        begun_at=await store.now(),
        scope=HOST,
        cookie_hash=CookieHash(hashlib.sha256(value.encode()).digest()),
        expires_at=now_ms + 3600_000,
    )
    return value


@contextmanager
def serving(configuration: Path) -> Iterator[Program]:
    """``serve``, ready; it is gone with all that belongs to it when the block ends."""
    program = Program.serve(configuration)
    try:
        yield program.ready()
    finally:
        program.stop()


def request(base: str, path: str, headers: dict[str, str], method: str = "GET") -> Reply:
    """One request on a new connection."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=PATIENCE_S)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return Reply(answer.status, answer.read())
    except (OSError, http.client.HTTPException):
        return Reply(0)
    finally:
        connection.close()


class Upstream:
    """An application on loopback. ``/held`` waits until ``release`` is set, ``/stuck`` until the end."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.release = threading.Event()
        self._closed = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.paths.append(self.path)
                if self.path == "/held":
                    outer.release.wait(PATIENCE_S)
                elif self.path == "/stuck":
                    outer._closed.wait(PATIENCE_S)
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"hello")

            def log_message(self, *_: object) -> None:
                """Nothing is logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Answer nothing more."""
        self.release.set()
        self._closed.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def upstream() -> Iterator[Upstream]:
    """An upstream for the length of the block."""
    made = Upstream()
    try:
        yield made
    finally:
        made.close()


def lasting_port() -> int:
    """A free port that the system gives nobody by itself, so that it is free again for a next start."""
    while True:
        port = secrets.randbelow(10_000) + 20_000
        with closing(socket.socket()) as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def until(holds: Callable[[], bool], within_s: float = PATIENCE_S) -> float:
    """Wait until ``holds``; how many seconds it took. Raises TimeoutError."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within_s:
            raise TimeoutError
        time.sleep(0.01)
    return time.monotonic() - began


def lives(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
