"""An edge that runs in the test's own event loop, and the way to be signed in at it without a provider.

    async with Echo.running() as upstream, running_edge(store, [route(upstream)]) as edge:
        cookie = await edge.sign_in("app.localhost")
        answer = await edge.ask(cookie=cookie)

A trivial control app stands in for the login pages and keeps what it was asked. When the block ends, the
edge must not have logged an error, and nothing may have been left to the event loop's exception handler.
"""

import asyncio
import hashlib
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog
from aiohttp import web
from structlog.typing import EventDict

from idp_adapters import parse_rule
from proxy import (
    Contexts,
    HeaderPreset,
    IdentityKey,
    Journal,
    Limits,
    Places,
    PublicPaths,
    Route,
    Site,
    UpstreamAddress,
    Worker,
)
from proxy.credentials import Credentials
from proxy.gate import Gate
from session_store import BrowserSession, CookieHash, Endpoint, Principal, Store, edge_id, endpoint_id
from tests.support.http_client import Answer, Headers, exchange, request

PROVIDER = "corp"
ISSUER = "https://corp.example"
HOST = "app.localhost"


class HasAddress(Protocol):
    """Any upstream of ``tests.support.upstreams``."""

    address: UpstreamAddress


def route(
    upstream: HasAddress | UpstreamAddress,
    hostname: str = HOST,
    prefix: str = "",
    *,
    provider: str | tuple[str, ...] = PROVIDER,
    allow: Sequence[str] = ("*",),
    headers: tuple[HeaderPreset, ...] = ("x-forwarded",),
    secure: bool = False,
    max_session_s: int = 3600,
    idle_timeout_s: int = 0,
    request_timeout_s: float = 60.0,
    max_body: int | None = None,
    public_paths: Sequence[str] = (),
    allow_cors_preflight: bool = False,
    **rules: Any,
) -> Route:
    """An endpoint that leads to ``upstream``; with a ``prefix``, a route of an edge.

    ``rules`` are further fields of Route.
    """
    origin = f"{'https' if secure else 'http'}://{hostname}"
    endpoint = Endpoint(
        id=endpoint_id(hostname + prefix),
        public_url=origin + prefix,
        tunnel=hostname + prefix,
        edge=edge_id(hostname) if prefix else None,
        path_prefix=prefix or None,
    )
    return Route(
        endpoint=endpoint,
        hostname=hostname,
        path_prefix=prefix,
        origin=origin,
        secure=secure,
        providers=(provider,) if isinstance(provider, str) else provider,
        rules=tuple(parse_rule(text) for text in allow),
        upstream=upstream if isinstance(upstream, UpstreamAddress) else upstream.address,
        headers=headers,
        max_session_s=max_session_s,
        idle_timeout_s=idle_timeout_s,
        request_timeout_s=request_timeout_s,
        max_body=max_body,
        public=PublicPaths.of(public_paths),
        allow_cors_preflight=allow_cors_preflight,
        **rules,
    )


def plain_gate() -> Gate:
    """A gate for routes that hand no token to their upstream."""
    return Gate(Credentials(lambda _: None, IdentityKey(lambda _, proposal: _settled(proposal))))


async def _settled(proposal: bytes) -> bytes:
    return proposal


def ada(**changes: Any) -> Principal:
    """Somebody whom the provider vouches for."""
    values = {
        "provider": PROVIDER,
        "issuer": ISSUER,
        "subject": "ada",
        "username": "ada.l",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "email_verified": True,
        "groups": ("ops", "dev"),
    }
    return Principal(**{**values, **changes})


def hash_of(cookie: str) -> CookieHash:
    """What the store knows a cookie by."""
    return CookieHash(hashlib.sha256(cookie.encode()).digest())


@dataclass
class Clock:
    """Unix time that a test may move; shared by edge and store only where the test says so."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms


@dataclass
class Edge:
    """A running edge."""

    worker: Worker
    store: Store
    port: int
    control_requests: list[dict[str, Any]]
    logged: list[EventDict]
    unhandled: list[dict[str, Any]] = field(default_factory=list)

    async def sign_in(
        self,
        hostname: str = HOST,
        principal: Principal | None = None,
        *,
        lasts_s: float = 3600,
        cookie: str | None = None,
    ) -> str:
        """The session cookie's value after a login."""
        cookie = cookie or secrets.token_urlsafe(32)
        await self.login(cookie, hostname, principal or ada(), lasts_s=lasts_s)
        return cookie

    async def login(
        self, cookie: str, hostname: str, principal: Principal, *, lasts_s: float
    ) -> BrowserSession:
        """Write the browser session that a login leaves."""
        now = time.time_ns() // 1_000_000
        return await self.store.complete_login(
            principal,
            provider_name="Corp",
            begun_at=await self.store.now(),
            scope=hostname,
            cookie_hash=hash_of(cookie),
            expires_at=now + int(lasts_s * 1000),
        )

    async def ask(
        self,
        target: str = "/",
        *,
        method: str = "GET",
        host: str = HOST,
        cookie: str = "",
        headers: Headers = (),
        body: bytes = b"",
    ) -> Answer:
        """One request on a connection of its own."""
        data = request(method, target, host=host, cookie=cookie, headers=headers, body=body)
        (answer,) = await exchange(self.port, data, method)
        return answer

    @property
    def errors(self) -> list[EventDict]:
        """What was logged as an error."""
        return [entry for entry in self.logged if entry["log_level"] in ("error", "critical")]


def control_app(seen: list[dict[str, Any]]) -> web.Application:
    """Stands in for the login pages: answers with the headers that reached it."""

    async def answer(request: web.Request) -> web.Response:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        body = await request.read()
        seen.append({"target": request.raw_path, "headers": headers, "body": len(body)})
        response = web.Response(text=json.dumps(seen[-1]), content_type="application/json")
        response.set_cookie("outerward-login-a", "b")
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app


@asynccontextmanager
async def running_edge(
    store: Store,
    routes: Sequence[Route],
    *,
    limits: Limits | None = None,
    trusted_proxies: Sequence[str] = (),
    geoip_databases: Sequence[Path] = (),
    journal: Journal | None = None,
    now_ms: Callable[[], int] | None = None,
    control: web.Application | None = None,
) -> AsyncIterator[Edge]:
    """An edge for ``routes`` on a free loopback port; ``control`` answers its reserved paths."""
    loop = asyncio.get_running_loop()
    seen: list[dict[str, Any]] = []
    now_ms = now_ms or Clock()
    with structlog.testing.capture_logs() as logged:
        worker = Worker(
            Site.of(routes),
            store,
            control or control_app(seen),
            limits=limits or Limits(),
            trusted_proxies=trusted_proxies,
            contexts=Contexts(Places(geoip_databases)),
            journal=journal,
            now_ms=now_ms,
        )
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        edge = Edge(worker, store, listener.getsockname()[1], seen, logged)
        loop.set_exception_handler(lambda _, context: edge.unhandled.append(context))
        await worker.start([listener])
        try:
            yield edge
        finally:
            await worker.close()
            await asyncio.sleep(0)
            loop.set_exception_handler(None)
    assert edge.errors == []
    assert edge.unhandled == []
