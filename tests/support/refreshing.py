"""Workers in the test's own event loop whose sessions a lying provider is asked about again.

    async with refreshing(store_url) as world:
        cookie = await world.sign_in()
        world.pass_interval()
        answer = await world.ask(cookie)

All workers share one clock, which a test moves, and each has a store of its own, as processes have. Two
routes of one host lead to one upstream: ``/ops`` is for the group of that name, ``/open`` for everybody.
"""

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from idp_adapters import OidcProvider
from proxy import Site, Worker, create_control_app
from proxy.person import principal_of
from session_store import BrowserSession, Store, Tombstone
from tests.support.edge import HOST, Clock, Edge, hash_of, route
from tests.support.hostile_oidc import HostileProvider
from tests.support.http_client import Answer, Headers
from tests.support.oidc_login import PARTY, url_of
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Peer, Scripted, ok

OPS, OPEN = "/ops", "/open"
INTERVAL_S = 60
SECRETS = ["a secret of the tests, 32 long.."]
NAVIGATION: Headers = [("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")]
HANDSHAKE: Headers = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
]
SWITCHED = b"HTTP/1.1 101 Y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"


async def application(peer: Peer) -> None:
    """A WebSocket at /socket, an event stream at /events, else what was received."""
    while True:
        got = await peer.request()
        if got.target.endswith(("/socket", "/events")):
            await peer.send(SWITCHED if got.target.endswith("/socket") else EVENTS)
            await peer.gone()
            return
        told = {"method": got.method, "target": got.target, "headers": got.headers}
        await peer.send(ok(json.dumps({**told, "body": got.body.decode()}).encode()))


@dataclass
class World:
    """See the module."""

    hostile: HostileProvider
    oidc: OidcProvider
    upstream: Scripted
    clock: Clock
    edges: list[Edge] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """The store of the first worker."""
        return self.edges[0].store

    @property
    def asked(self) -> list[str]:
        """The refresh tokens that the provider was sent."""
        return self.hostile.refresh_tokens.used

    async def sign_in(self) -> str:
        """The cookie of a visitor who has just signed in at the provider."""
        begun = await self.oidc.begin(PARTY)
        answer = self.hostile.authorize(url_of(begun))
        completed = await self.oidc.complete(answer, begun.transaction, PARTY)
        cookie = secrets.token_urlsafe(32)
        await self.store.complete_login(
            principal_of(completed.identity, "corp"),
            provider_name="Corp",
            begun_at=await self.store.now(),
            scope=HOST,
            cookie_hash=hash_of(cookie),
            expires_at=self.clock() + 3_600_000,
            memory=completed.memory,
            access_token=completed.access_token,
        )
        return cookie

    async def enter(self, *targets: str) -> str:
        """The cookie of a visitor who has been at ``targets``, by default at the operators' route."""
        cookie = await self.sign_in()
        for target in targets or (OPS,):
            assert (await self.ask(cookie, target)).status == 200
        return cookie

    async def ask(self, cookie: str, target: str = OPS, *, worker: int = 0, headers: Headers = ()) -> Answer:
        """One request on a connection of its own."""
        return await self.edges[worker].ask(target, cookie=cookie, headers=headers)

    def pass_time(self, seconds: float) -> None:
        """Let time pass for the workers; the store's keys live on."""
        self.clock.ahead_ms += int(seconds * 1000)

    def pass_interval(self) -> None:
        """Let what the provider said last hold no more."""
        self.pass_time(INTERVAL_S + 1)

    async def settled(self) -> None:
        """Wait until no worker asks the provider."""
        for edge in self.edges:
            running = list(edge.worker.refresher._running.values())
            if running:
                await asyncio.wait(running, timeout=20)

    async def standing(self, cookie: str) -> BrowserSession | Tombstone | None:
        """What the store has of a session."""
        return await self.store.browser_session(hash_of(cookie))


def turn_over(store_url: str, at_most_ms: int) -> None:
    """Let the time pass for which the store has promised one worker, or nobody, the turn to ask."""
    client = RedisServer.looking_at(store_url)
    (turn,) = [key for key in client.scan_iter() if key.startswith(b"ow:r:")]
    assert at_most_ms / 2 < client.pttl(turn) <= at_most_ms
    client.delete(turn)
    client.close()


def turn_given_back(store_url: str) -> None:
    """Let the millisecond pass that is left of a turn whose holder needs it no more."""
    client = RedisServer.looking_at(store_url)
    for key in client.scan_iter(match="ow:r:*"):
        assert client.pttl(key) <= 1
        client.delete(key)
    client.close()


@asynccontextmanager
async def refreshing(
    store_url: str,
    *,
    workers: int = 1,
    check_timeout_s: float = 10,
    command_timeout_s: float = 30,
    **rules: Any,
) -> AsyncIterator[World]:
    """See the module; ``rules`` are further fields of both routes."""
    async with AsyncExitStack() as stack:
        hostile = await stack.enter_async_context(HostileProvider.running())
        hostile.refresh_tokens.given = True
        upstream = await stack.enter_async_context(Scripted.running(application))
        oidc = OidcProvider("corp", hostile.settings())
        stack.push_async_callback(oidc.close)
        world = World(hostile, oidc, upstream, Clock())
        common = {"refresh_after_s": {"corp": INTERVAL_S}, **rules}
        site = Site.of(
            [
                route(upstream.address, prefix=OPS, allow=("group:ops",), **common),
                route(upstream.address, prefix=OPEN, **common),
            ]
        )
        for _ in range(workers):
            store = Store.open(
                store_url,
                secrets=SECRETS,
                check_timeout_s=check_timeout_s,
                command_timeout_s=command_timeout_s,
            )
            stack.push_async_callback(store.close)
            await store.start()
            await store.ping()
            world.edges.append(await stack.enter_async_context(_running(site, store, world)))
        yield world


@asynccontextmanager
async def _running(site: Site, store: Store, world: World) -> AsyncIterator[Edge]:
    providers = {"corp": world.oidc}
    with structlog.testing.capture_logs() as logged:
        worker = Worker(
            site,
            store,
            create_control_app(site, store, providers, now_ms=world.clock),
            providers=providers,
            trusted_proxies=(),
            now_ms=world.clock,
        )
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        edge = Edge(worker, store, listener.getsockname()[1], [], logged)
        await worker.start([listener])
        try:
            yield edge
        finally:
            await worker.close()
    assert edge.errors == []
