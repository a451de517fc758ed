"""Whole programs of two workers behind a real or a lying provider; their application keeps streams open.

``running`` starts one at a port that the provider can know beforehand; ``Door`` is one visitor's connections
to it, each known by the worker that holds it.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from session_store import BrowserSession, Store, Tombstone
from tests.support.edge import hash_of
from tests.support.http_client import Client, connected, request
from tests.support.oidc_provider import OidcServer, RegisteredClient
from tests.support.program import CANARY, HOST, Program, lasting_port, write_configuration
from tests.support.upstreams import Peer, Scripted, ok

WORKERS = 2
AGREED = b"HTTP/1.1 101 Y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
GOODBYE = b"\x88\x02\x03\xf0"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
HANDSHAKE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
)
USERS = {
    name: {"email": f"{name}@example.com", "email_verified": True, "name": name.title()}
    for name in ("ada", "eve")
}


async def application(peer: Peer) -> None:
    """A WebSocket at /socket, an event stream at /events, else a page."""
    while True:
        head = await peer.head()
        if head.target == "/socket":
            await peer.send(AGREED)
            await peer.gone()
            return
        if head.target == "/events":
            await peer.send(EVENTS)
            await peer.gone()
            return
        await peer.send(ok(b"hello"))


@dataclass
class Site:
    """A running program, its application, and its store from behind."""

    program: Program
    store: Store
    upstream: Scripted
    port: int

    @property
    def origin(self) -> str:
        """Where visitors find it."""
        return f"http://{HOST}:{self.port}"

    @property
    def workers(self) -> list[int]:
        """The processes of its workers."""
        return [pid for pid, name in self.program.children().items() if name == "ow-worker"]

    async def session(self, cookie: str) -> BrowserSession | Tombstone | None:
        """What the store has of a session."""
        return await self.store.browser_session(hash_of(cookie))


@dataclass
class Door:
    """Connections of one visitor, by what they are for and the worker that holds them."""

    site: Site
    cookie: str
    stack: AsyncExitStack
    idle: dict[int, Client] = field(default_factory=dict)
    sockets: dict[int, Client] = field(default_factory=dict)
    events: dict[int, Client] = field(default_factory=dict)

    async def open_all(self) -> None:
        """Open each kind on each worker, however many tries that takes."""
        for kind, kept in (("", self.idle), ("socket", self.sockets), ("events", self.events)):
            async with asyncio.timeout(30):
                while len(kept) < WORKERS:
                    await self._open(kind, kept)

    async def _open(self, kind: str, kept: dict[int, Client]) -> None:
        client = await self.stack.enter_async_context(connected(self.site.port))
        await client.send(self.request(kind))
        if kind:
            ends = AGREED[-4:] if kind == "socket" else b"data: 1\n\n\r\n"
            got = b""
            while not got.endswith(ends):
                piece = await client.read()
                assert piece, got
                got += piece
        else:
            assert (await client.answer()).status == 200
        kept.setdefault(worker_of(client, self.site), client)

    def request(self, kind: str = "") -> bytes:
        """A request with the visitor's cookie."""
        return request("GET", f"/{kind}", cookie=self.cookie, headers=HANDSHAKE if kind == "socket" else ())


@asynccontextmanager
async def door(site: Site, cookie: str) -> AsyncIterator[Door]:
    """The connections of the visitor with ``cookie``, open on every worker."""
    async with AsyncExitStack() as stack:
        opened = Door(site, cookie, stack)
        await opened.open_all()
        yield opened


def worker_of(client: Client, site: Site) -> int:
    """The worker that holds the other end of a connection (proc(5): /proc/net/tcp, /proc/PID/fd)."""
    port = client._transport.get_extra_info("sockname")[1]
    pattern = re.compile(rf"0100007F:{site.port:04X} 0100007F:{port:04X} \S+ \S+ \S+ \S+ +\d+ +\d+ (\d+)")
    found = pattern.search(Path("/proc/net/tcp").read_text())
    assert found is not None
    for pid in site.workers:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if os.readlink(entry) == f"socket:[{found[1]}]":
                return pid
    raise AssertionError("no worker holds this connection")


@asynccontextmanager
async def running(folder: Path, issuer: str, port: int) -> AsyncIterator[Site]:
    """A program at ``port`` whose provider, ``nobody``, is the one at ``issuer``."""
    async with Scripted.running(application) as upstream:
        path = write_configuration(
            folder, workers=WORKERS, issuer=issuer, upstream=upstream.address.port or 0
        )
        program = Program.serve(path, "--listen", f"127.0.0.1:{port}")
        try:
            await asyncio.to_thread(program.ready)
            store = Store.open(program.store_url, secrets=[program.store_secret])
            try:
                yield Site(program, store, upstream, port)
            finally:
                await store.close()
        finally:
            await asyncio.to_thread(program.stop)


@pytest.fixture
def port() -> int:
    """Where the program will listen."""
    return lasting_port()


@pytest.fixture
def server(port: int) -> Iterator[OidcServer]:
    """npm's oidc-provider, which knows the program at ``port``."""
    own = f"http://{HOST}:{port}/.outerward"
    client = RegisteredClient(
        "client",
        CANARY,
        (f"{own}/callback/nobody",),
        (f"{own}/signed-out",),
        backchannel_logout_uri=f"{own}/backchannel-logout/nobody",
        backchannel_logout_session_required=True,
    )
    with OidcServer(users=USERS, clients=[client]) as started:
        yield started


@pytest.fixture
async def site(tmp_path: Path, server: OidcServer, port: int) -> AsyncIterator[Site]:
    async with running(tmp_path / "edge", server.issuer, port) as made:
        yield made
