"""The wire to a provider: one request, one capped answer, to addresses that were judged first.

Owns a client session of aiohttp, name resolution, deadlines and size limits. Knows nothing of OpenID; never
logs or quotes what it carries.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, Protocol

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from idp_adapters.destinations import Destinations, UrlError, is_localhost_name
from idp_adapters.provider import LoginError

KEPT_S = 1.0
"""How long a connection waits for the next request: a login makes several, and handshakes are dear.

Shorter than servers wait, so that none is used just as it is closed.
"""
DEADLINE_S = 5.0
MAX_ANSWER = 1024 * 1024
MAX_CONNECTIONS = 100
"""At once, to one provider; a login beyond that waits for its turn, within its deadline."""
MOST_INTERIM = 10
"""Interim answers (1xx, RFC 9110 §15.2) before the one that counts; whoever sends more is not heard out."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, as literals; the port is only a hint. Raises OSError when there are none."""


class Request(msgspec.Struct, frozen=True):
    """A call that protocol logic wants to have made. Headers and body may hold secrets: neither is shown.

    ``patience_s`` is for how long the answer is waited for; None leaves that to whoever carries it out.
    """

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    patience_s: float | None = None

    def __repr__(self) -> str:
        return f"Request({self.method} {shown(self.url)})"


class Answer(msgspec.Struct, frozen=True):
    """What came back, whole: ``headers`` by lower-case name, the last of doubled ones."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"


def shown(url: str) -> str:
    """``url`` as a log may have it: without its query, where a proof or the mark of a page may stand."""
    return url.partition("?")[0]


class Fetch(Protocol):
    """How a request becomes an answer."""

    async def __call__(self, request: Request) -> Answer:
        """Carry out ``request`` once.

        Raises LoginError: *provider_unreachable* when nothing (whole) came in time, *provider_misconfigured*
        when the URL or the answer is one that is refused.
        """

    async def close(self) -> None:
        """Give back what is open."""


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class Transport:
    """A Fetch over aiohttp for one provider.

    A session of its own for each provider: a connection opened under one provider's permission never serves
    another's request. It is kept for a second alone, so that a POST that carries a code hardly ever meets one
    which the other side has just closed.
    """

    def __init__(
        self,
        destinations: Destinations,
        *,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._destinations = destinations
        self._resolve = resolve
        self._tls = tls
        self._deadline_s = deadline_s
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, request: Request) -> Answer:
        """Carry out ``request`` once. See Fetch."""
        patience_s = self._deadline_s if request.patience_s is None else request.patience_s
        try:
            self._destinations.check_url(request.url)
            async with asyncio.timeout(patience_s):
                return await self._exchange(request)
        except UrlError as error:
            raise LoginError("provider_misconfigured", f"{shown(request.url)}: {error}") from None
        except TimeoutError:
            detail = f"{shown(request.url)}: no answer within {patience_s:g} s"
            raise LoginError("provider_unreachable", detail) from None
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            raise LoginError(
                "provider_misconfigured", f"{shown(request.url)}: TLS: {failure_words(error)}"
            ) from None
        except aiohttp.InvalidURL:
            raise LoginError("provider_misconfigured", f"{shown(request.url)}: not a usable URL") from None
        except (aiohttp.ClientError, OSError) as error:
            raise LoginError(
                "provider_unreachable", f"{shown(request.url)}: {failure_words(error)}"
            ) from None

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, request: Request) -> Answer:
        async with self._open_session().request(
            request.method,
            URL(request.url, encoded=True),
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **request.headers},
            data=request.body or None,
            allow_redirects=False,
        ) as response:
            _refuse_unwanted(shown(request.url), response)
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MAX_ANSWER:
                    detail = f"{shown(request.url)}: the answer is larger than {MAX_ANSWER} bytes"
                    raise LoginError("provider_misconfigured", detail)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, bytes(body))

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = judging_session(self._destinations, resolve=self._resolve, tls=self._tls)
        return self._session


def judging_session(
    destinations: Destinations, *, resolve: Resolve = system_resolve, tls: ssl.SSLContext | None = None
) -> aiohttp.ClientSession:
    """A client session that connects only to addresses which ``destinations`` admits, and keeps no cookie.

    Literal addresses in URLs are not resolved: ``Destinations.check_url`` judges these.
    """
    connector = _BoundedConnector(
        resolver=_JudgingResolver(destinations, resolve),
        limit=MAX_CONNECTIONS,
        use_dns_cache=False,
        keepalive_timeout=KEPT_S,
        ssl=tls if tls is not None else True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": "outerward"},
    )


class _EndlessHeads(aiohttp.ClientError):
    """The other side sends head after head, as 1xx may be sent, and never comes to its answer."""

    strerror = f"more than {MOST_INTERIM} interim answers"


class _BoundedConnector(aiohttp.TCPConnector):
    """Connections on which a request is followed by so many heads at most.

    aiohttp keeps every head that comes and skips 1xx without letting others have their turn: a server that
    never stops sending them would have the whole process to itself.
    """

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        if connection.protocol is not None:
            _bound_heads(connection.protocol)
        return connection


def _bound_heads(protocol: ResponseHandler) -> None:
    """Count anew the heads that ``protocol`` takes, and break off when they are too many.

    It counts where they come in: what a flood brings in one turn of the loop is dropped before anybody reads.
    """
    heads = 0

    def feed_data(head: object, size: int = 0) -> None:
        nonlocal heads
        heads += 1
        if heads <= MOST_INTERIM + 1:
            ResponseHandler.feed_data(protocol, head, size)  # type: ignore[arg-type]
        elif heads == MOST_INTERIM + 2:
            protocol.abort()
            protocol.set_exception(_EndlessHeads())

    protocol.feed_data = feed_data  # type: ignore[method-assign, assignment]


class _JudgingResolver(AbstractResolver):
    """Names to addresses that Destinations admits; aiohttp connects to these and to nothing else."""

    def __init__(self, destinations: Destinations, resolve: Resolve) -> None:
        self._destinations = destinations
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loopback = is_localhost_name(host)
        found = ["127.0.0.1", "::1"] if loopback else await self._resolve(host, port)
        admitted = [text for text in found if self._admits(host, text)]
        if not admitted:
            raise UrlError("its host has a private address, or none")
        return [_resolved(host, port, text) for text in admitted]

    async def close(self) -> None:
        """Nothing is open between two questions."""

    def _admits(self, host: str, text: str) -> bool:
        return self._destinations.admits(host, ipaddress.ip_address(text))


def _resolved(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)


def _refuse_unwanted(url: str, response: aiohttp.ClientResponse) -> None:
    if 300 <= response.status < 400:
        raise LoginError("provider_misconfigured", f"{url}: answered with a redirect, which is not followed")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise LoginError("provider_misconfigured", f"{url}: answered compressed, unasked")


def failure_words(error: Exception) -> str:
    """What the machine says of a failed connection; nothing of what the other side said."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        error = error.certificate_error
    said = getattr(error, "verify_message", None) or getattr(error, "strerror", None)
    return said if isinstance(said, str) else type(error).__name__
