"""How a new connection to an upstream is made: over TCP, TLS or a unix socket, or to our own login pages.

Names are looked up anew for each connection and every address is tried. What keeps a connection from being
made is an OSError, told in words by ``why_not``.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, zip_longest
from typing import Any, TypedDict, cast

from aiohttp import web

from proxy.routes import UpstreamAddress
from proxy.upstream import UpstreamConnection

LOOKUP_TIMEOUT_S = 3.0
NEXT_ADDRESS_AFTER_S = 0.25
TLS_GOODBYE_S = 1.0
_LOOPBACK = ("127.0.0.1", "::1")

Factory = Callable[[], UpstreamConnection]
Connector = Callable[[Factory], Awaitable[UpstreamConnection]]
Place = tuple[int, tuple[Any, ...]]
"""Address family, and the address as a socket takes it."""


class _Tls(TypedDict, total=False):
    """What ``create_connection`` is told of TLS; nothing for a connection without it."""

    ssl: ssl.SSLContext
    server_hostname: str
    ssl_shutdown_timeout: float


def connector_to(address: UpstreamAddress) -> Connector:
    """How to reach a configured upstream; ``localhost`` names are loopback (RFC 6761 §6.3)."""
    if address.kind == "unix":
        return _to_socket_file(address.path)
    tls: _Tls = {}
    if address.kind == "https":
        tls = {
            "ssl": _RememberingContext.to(address.ca),
            "server_hostname": address.host,
            "ssl_shutdown_timeout": TLS_GOODBYE_S,
        }
    lookup = _Lookup(address.host, address.port)

    async def connect(factory: Factory) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        connected = await first_to_connect(await lookup.places())
        try:
            _, connection = await loop.create_connection(factory, sock=connected, **tls)
        except BaseException:
            connected.close()
            raise
        return connection

    return connect


def connector_to_runner(runner: web.AppRunner) -> Connector:
    """How to reach an aiohttp application of this very process: a socket pair, no path and no port."""

    async def make(factory: Factory) -> UpstreamConnection:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        server = cast("Callable[[], asyncio.BaseProtocol]", runner.server)
        await loop.connect_accepted_socket(server, far)
        _, connection = await loop.create_connection(factory, sock=near)
        return connection

    async def connect(factory: Factory) -> UpstreamConnection:
        making = asyncio.create_task(make(factory))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            # Half of a pair would leave the other half waiting for ever.
            making.add_done_callback(_give_up)
            raise

    return connect


def _give_up(making: asyncio.Task[UpstreamConnection]) -> None:
    if not making.cancelled() and making.exception() is None:
        making.result().abort()


def why_not(error: OSError | UnicodeError) -> str:
    """Why a connection was not made, for the log."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection: {(error.reason or 'broken off').replace('_', ' ').lower()}"
    if isinstance(error, socket.gaierror):
        return f"its name is not found: {error.strerror}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or "the connection broke off"


def _to_socket_file(path: str) -> Connector:
    async def connect(factory: Factory) -> UpstreamConnection:
        _, connection = await asyncio.get_running_loop().create_unix_connection(factory, path)
        return connection

    return connect


class _RememberingContext(ssl.SSLContext):
    """A context that offers the last TLS session to the one server it is for (RFC 8446 §2.2).

    What a resumed session rests on was verified when it began, against the same name and authorities.
    """

    _newest: ssl.SSLObject | None = None
    _session: ssl.SSLSession | None = None

    @classmethod
    def to(cls, ca: str | None) -> "_RememberingContext":
        """One that verifies certificate and name; ``ca`` as in UpstreamAddress."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        if ca is None:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            context.load_verify_locations(cadata=ca)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As it is, with the newest session that the server has given a ticket for."""
        newest = self._newest.session if self._newest is not None else None
        if newest is not None and newest.has_ticket:
            self._session = newest
        made = super().wrap_bio(incoming, outgoing, server_side, server_hostname, session or self._session)
        self._newest = made
        return made


class _Lookup:
    """Where a host is now. One lookup at a time: a resolver that hangs holds one thread, and no more."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._fixed = _fixed_places(host, port)
        self._running: asyncio.Task[Sequence[Place]] | None = None

    async def places(self) -> Sequence[Place]:
        """Every address, in the order to try them. Raises OSError."""
        if self._fixed:
            return self._fixed
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._look_up())
            self._running.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                return await asyncio.shield(self._running)
        except TimeoutError:
            raise OSError("its name is not found: the resolver does not answer") from None

    async def _look_up(self) -> Sequence[Place]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        return interleaved([(family, address) for family, *_, address in found])

    def _ended(self, task: "asyncio.Task[Sequence[Place]]") -> None:
        self._running = None
        if not task.cancelled():
            task.exception()  # nobody may be waiting for it any more


def _fixed_places(host: str, port: int) -> list[Place]:
    """The places of a host that needs no lookup; none for any other."""
    hosts = _LOOPBACK if host == "localhost" or host.endswith(".localhost") else (host,)
    try:
        addresses = [ipaddress.ip_address(each) for each in hosts]
    except ValueError:
        return []
    families = {4: socket.AF_INET, 6: socket.AF_INET6}
    return [(families[each.version], (str(each), port)) for each in addresses]


def interleaved(places: Sequence[Place]) -> list[Place]:
    """The places with their families by turns, beginning with the first one's (RFC 8305 §4)."""
    first = [place for place in places if place[0] == places[0][0]]
    other = [place for place in places if place[0] != places[0][0]]
    return [place for place in chain(*zip_longest(first, other)) if place is not None]


async def first_to_connect(places: Sequence[Place]) -> socket.socket:
    """A socket connected to the first place that answers (RFC 8305 §5). Raises the first place's OSError.

    The next place is tried when one has failed, and beside it when it is silent for a moment.
    """
    if len(places) == 1:
        return await _connected(places[0])
    trying: set[asyncio.Task[socket.socket]] = set()
    errors: list[BaseException] = []
    left = list(reversed(places))
    try:
        while left or trying:
            if left:
                trying.add(asyncio.ensure_future(_connected(left.pop())))
            patience = NEXT_ADDRESS_AFTER_S if left else None
            done, _ = await asyncio.wait(trying, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                trying.discard(task)
                error = task.exception()
                if error is None:
                    trying |= done - {task}
                    return task.result()
                errors.append(error)
    finally:
        for task in trying:
            task.cancel()
            task.add_done_callback(_close)
    raise errors[0] if errors else OSError("its name has no address")


async def _connected(place: Place) -> socket.socket:
    family, address = place
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made


def _close(task: "asyncio.Task[socket.socket]") -> None:
    """Close what a try that is no longer wanted has connected to after all."""
    with contextlib.suppress(asyncio.CancelledError, OSError):
        task.result().close()
