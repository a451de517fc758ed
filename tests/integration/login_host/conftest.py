"""Whole edges for logins that concern more than one host: a real socket, a real provider, browsers' cookies.

``apps`` runs one at a port that the provider can know beforehand; a visitor is ``tests.support.browser``'s.
"""

import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp
import pytest
from structlog.testing import capture_logs

from idp_adapters import Provider
from proxy import LoginHost, Route, Site, UpstreamAddress, Worker, create_control_app
from session_store import Store
from tests.support.control import route
from tests.support.program import lasting_port
from tests.support.upstreams import Echo

USERS = {
    name: {"email": f"{name}@example.com", "email_verified": True, "name": name.title()}
    for name in ("ada", "bob")
}
HOSTS = ("one.localhost", "two.localhost", "three.localhost")
LOGIN = "login.localhost"


def origin_of(host: str, port: int) -> str:
    """Where a browser finds ``host``."""
    return f"http://{host}:{port}"


def app(host: str, port: int, prefix: str = "", **rules: object) -> Route:
    """One application of this edge, as ``tests.support.control`` makes it."""
    return route(host, prefix, origin=origin_of(host, port), **rules)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Apps:
    """A running edge and its one upstream, which every application leads to."""

    port: int
    upstream: Echo

    def at(self, host: str, path: str = "/report") -> str:
        """An address of ``host``."""
        return origin_of(host, self.port) + path

    async def is_in(self, client: aiohttp.ClientSession, host: str) -> bool:
        """Whether the browser reaches the upstream of ``host`` without going anywhere else."""
        before = self.upstream.hits
        async with client.get(self.at(host), allow_redirects=False) as answer:
            assert (answer.status == 200) == (self.upstream.hits == before + 1)
            return answer.status == 200


@asynccontextmanager
async def running(
    store: Store,
    port: int,
    routes: Sequence[Route],
    providers: Sequence[Provider],
    login: LoginHost | None = None,
    *,
    upstream: UpstreamAddress | None = None,
) -> AsyncIterator[Apps]:
    """An edge at ``port``, before an echo or ``upstream``; at its end it must not have logged an error."""
    with capture_logs() as logged:
        async with Echo.running() as echo, contextlib.AsyncExitStack() as stack:
            address = upstream or echo.address
            site = Site.of([replace(each, upstream=address) for each in routes], login)
            control = create_control_app(site, store, {each.name: each for each in providers})
            worker = Worker(site, store, control)
            await worker.start([socket.create_server(("127.0.0.1", port))])
            stack.push_async_callback(worker.close)
            yield Apps(port, echo)
    assert [entry for entry in logged if entry["log_level"] in ("error", "critical")] == []


@pytest.fixture(scope="module")
def port() -> int:
    """Where the edges of this module listen."""
    return lasting_port()
