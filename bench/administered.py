"""An embedded store with a population in it, the program over it, and a kept line to its admin API."""

import http.client
import json
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from bench import processes
from bench.filling import tell
from bench.load import LoadFailed
from bench.population import Login, logins
from bench.session import STORE_SECRET
from session_store import EmbeddedStore
from session_store.records import Milliseconds
from tests.support.program import Program, serving, write_configuration

_TOKEN = secrets.token_urlsafe(32)
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered, and how long it took until the last byte was read."""

    status: int
    body: bytes
    ms: float

    def json(self) -> Any:
        """The body. Raises LoadFailed where the answer is a refusal."""
        if self.status != 200:
            raise LoadFailed(f"the API answered {self.status}: {self.body[:300].decode(errors='replace')}")
        return json.loads(self.body)


class Line:
    """One kept connection of an administrator."""

    def __init__(self, base: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=_PATIENCE_S)

    def ask(self, path: str, method: str = "GET", body: Mapping[str, object] | None = None) -> Answer:
        """One call."""
        content = None if body is None else json.dumps(body)
        began = time.perf_counter()
        self._connection.request(method, path, content, {"Authorization": f"Bearer {_TOKEN}"})
        response = self._connection.getresponse()
        told = response.read()
        return Answer(response.status, told, (time.perf_counter() - began) * 1000)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Administered:
    """All that runs; ``end`` is when the story of the population ends."""

    program: Program
    url: str
    end: Milliseconds
    store_pid: int
    token: str = field(default=_TOKEN, repr=False)

    def line(self) -> Line:
        """A new connection to the admin API."""
        return Line(self.program.admin)

    def api_pid(self) -> int:
        """The admin process."""
        return self.program.child("ow-admin")

    def cpu_s(self) -> float:
        """The processor time that the admin process and the store have used, in seconds."""
        return processes.cpu_s([self.api_pid(), self.store_pid])


@asynccontextmanager
async def store_with(
    folder: Path, story: Iterable[Login]
) -> AsyncIterator[tuple[EmbeddedStore, Milliseconds]]:
    """An embedded store, as it is configured, in which the logins of ``story`` have happened."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    store = EmbeddedStore(folder / "store", server=None, log=structlog.get_logger())
    await store.start()
    try:
        yield store, await tell(store.url, STORE_SECRET, story)
    finally:
        await store.stop()


@asynccontextmanager
async def administered(
    folder: Path, sessions: int, *, story: Iterable[Login] | None = None, more: str = ""
) -> AsyncIterator[Administered]:
    """The program over a store with so many sessions, of a fifth as many users; or with those of ``story``.

    ``more`` is what follows the one tunnel in its configuration.
    """
    told = logins(sessions, sessions // 5) if story is None else story
    async with store_with(folder, told) as (store, end):
        configuration = write_configuration(
            folder / "program",
            store=f'url = "{store.url}"\nsecret = ["{STORE_SECRET}"]',
            admin=f'bootstrap_token = "{_TOKEN}"',
            more=more,
        )
        with serving(configuration) as program:
            yield Administered(program, store.url, end, store.pid or 0)
