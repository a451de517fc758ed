"""The idle connections to an upstream, and how new ones are made: by address, or to our own login pages."""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web

from proxy.routes import UpstreamAddress
from proxy.timers import Timed, TimerWheel
from proxy.upstream import UpstreamConnection

CONNECT_TIMEOUT_S = 5.0
IDLE_TIMEOUT_S = 15.0
FRESH_FOR_S = 1.0
MOST_IDLE = 128


class UpstreamRefused(Exception):
    """The upstream does not accept connections; the client gets 502."""


class UpstreamSilent(Exception):
    """The upstream did not accept a connection in time; the client gets 504."""


Connector = Callable[[Callable[[], UpstreamConnection]], Awaitable[UpstreamConnection]]


class UpstreamPool(Timed):
    """Idle connections to one upstream, the most recently used first.

    ``internal``: the upstream is our own control application, which may set our cookies.
    """

    def __init__(self, connector: Connector, wheel: TimerWheel, *, internal: bool = False) -> None:
        super().__init__()
        self.internal = internal
        self._connector = connector
        self._wheel = wheel
        self._idle: deque[UpstreamConnection] = deque()
        self._open: set[UpstreamConnection] = set()
        self._loop = asyncio.get_running_loop()

    def take(self, *, fresh: bool) -> UpstreamConnection | None:
        """An idle connection, if there is one.

        ``fresh``: the request could not be repeated, so that a connection which the upstream may be closing
        just now will not do.
        """
        while self._idle:
            if fresh and self._loop.time() - self._idle[-1].idle_since > FRESH_FOR_S:
                return None
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def connect(self) -> UpstreamConnection:
        """A new connection. Raises UpstreamRefused, UpstreamSilent."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await self._connector(lambda: UpstreamConnection(self))
        except TimeoutError as error:
            raise UpstreamSilent from error
        except (OSError, UnicodeError) as error:
            raise UpstreamRefused from error

    def give_back(self, connection: UpstreamConnection) -> None:
        """Keep a clean connection for the next request."""
        if len(self._idle) >= MOST_IDLE:
            self._idle.popleft().abort()
        connection.idle_since = self._loop.time()
        if not self._idle:
            self._wheel.arm(self, IDLE_TIMEOUT_S)
        self._idle.append(connection)

    def on_deadline(self) -> None:
        """Close what has not been used for long; the first is the one that waits longest."""
        oldest = self._loop.time() - IDLE_TIMEOUT_S
        while self._idle and self._idle[0].idle_since <= oldest:
            self._idle.popleft().close()
        if self._idle:
            self._wheel.arm(self, self._idle[0].idle_since - oldest)

    def opened(self, connection: UpstreamConnection) -> None:
        """Called by a connection of this pool."""
        self._open.add(connection)

    def closed(self, connection: UpstreamConnection) -> None:
        """Called by a connection of this pool."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """End every connection."""
        self._wheel.forget(self)
        for connection in list(self._open):
            connection.abort()
        self._idle.clear()


def connector_to(address: UpstreamAddress) -> Connector:
    """How to reach a configured upstream; ``localhost`` names are loopback (RFC 6761 §6.3)."""
    host = address.host
    if host == "localhost" or host.endswith(".localhost"):
        host = "127.0.0.1"
    context = ssl.create_default_context() if address.kind == "https" else None

    async def connect(factory: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        if address.kind == "unix":
            _, connection = await loop.create_unix_connection(factory, address.path)
            return connection
        name = address.host if context is not None else None
        _, connection = await loop.create_connection(
            factory, host, address.port, ssl=context, server_hostname=name
        )
        return connection

    return connect


def connector_to_runner(runner: web.AppRunner) -> Connector:
    """How to reach an aiohttp application of this very process: a socket pair, no path and no port."""

    async def connect(factory: Callable[[], UpstreamConnection]) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        server = cast("Callable[[], asyncio.BaseProtocol]", runner.server)
        await loop.connect_accepted_socket(server, far)
        _, connection = await loop.create_connection(factory, sock=near)
        return connection

    return connect
