"""The command line against a real admin API, and against a server that answers as a test tells it to."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog

from outerward.cli import main
from session_store import Store
from tests.support.admin_api import BOOTSTRAP, RunningApi, running_api


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


_HANGS_FOR_S = 60.0

Run = Callable[..., Awaitable[Outcome]]


@pytest.fixture(autouse=True)
def _no_log_on_stdout() -> Iterator[None]:
    """What the API logs in this process must not look like the command's output."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command beside the event loop, in a folder without configuration."""
    monkeypatch.chdir(tmp_path)

    async def run_command(*arguments: str) -> Outcome:
        code = await asyncio.to_thread(main, list(arguments))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_command


@pytest.fixture
async def api(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunningApi]:
    """A running API; the environment names it and holds its bootstrap token."""
    async with running_api(store) as running:
        monkeypatch.setenv("OUTERWARD_ADMIN_URL", running.url)
        monkeypatch.setenv("OUTERWARD_ADMIN_TOKEN", BOOTSTRAP)
        yield running


@dataclass
class Script:
    """A server that answers each request with the next of ``answers``, the last of them for ever.

    Behind an answer with a header ``X-Hang`` the connection stays open until the end of the test.
    """

    port: int = 0
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    positions: list[str | None] = field(default_factory=list)
    hangs_on: threading.Event = field(default_factory=threading.Event)

    def will_answer(self, status: int, body: object = b"", **headers: str) -> None:
        """Append an answer; a ``body`` that is not bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, {"Content-Length": str(len(content)), **headers}, content))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A scripted server on loopback; the environment names it and holds a token."""
    told = Script()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            told.requests.append((self.path, self.headers["Authorization"]))
            told.positions.append(self.headers["Last-Event-ID"])
            if length := int(self.headers.get("Content-Length", "0")):
                told.bodies.append(json.loads(self.rfile.read(length)))
            status, headers, content = told.answers[0] if len(told.answers) == 1 else told.answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            if "X-Hang" in headers:
                told.hangs_on.wait(_HANGS_FOR_S)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - a name of http.server
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    monkeypatch.setenv("OUTERWARD_ADMIN_URL", told.url)
    monkeypatch.setenv("OUTERWARD_ADMIN_TOKEN", "a-token")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    told.hangs_on.set()
    server.shutdown()
    thread.join()
    server.server_close()
