"""Many SAML messages at once at a worker alone in its process, and what visitors of another tunnel notice.

    async with saml_edge(folder, store_url) as target:
        quiet = await p99_ms(target)
        flooded = await flood(target, "foreign", seconds=3, per_second=1000)
    pauses = target.edge.stop()

Requests go over connections that stay open. The messages are made before the clock runs.
"""

import asyncio
import contextlib
import time
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from session_store import Store
from tests.support.lone_edge import BytesUpstream
from tests.support.program import HOST, sign_in, write_configuration
from tests.support.proof import SECRET
from tests.support.saml_messages import Response, SamlIdentityProvider, foreign_key, sent_to
from tests.support.watched_edge import WatchedEdge, watched_edge

Kind = Literal["unknown", "known", "foreign"]
KINDS: tuple[Kind, ...] = ("unknown", "known", "foreign")
"""Answers to no login of ours; unsigned answers to logins under way; ones that another key has signed."""

SAML_HOST = "wiki.localhost"
ORIGIN = f"http://{SAML_HOST}"
ACS = "/.outerward/saml/corp/acs"
GOOD = replace(Response(), **sent_to(f"{ORIGIN}/.outerward/saml/corp"))
TRIES = 9
"""Bad answers to one login that do not give it up yet."""
_SENDERS = 32
_VISITORS = 4
_PATIENCE_S = 60.0
_PROVIDER = """
[provider.corp]
type = "saml"
idp_metadata = "idp.xml"
[[tunnel]]
name = "wiki"
hostname = "{host}"
public_url = "{origin}"
upstream = "http://127.0.0.1:{upstream}"
provider = "corp"
allow = ["*"]
"""


@dataclass
class SamlEdge:
    """The worker, a visitor's cookie at its other tunnel, and the provider whose answers are good."""

    edge: WatchedEdge
    cookie: str
    upstream: BytesUpstream
    idp: SamlIdentityProvider = field(default_factory=SamlIdentityProvider)


@dataclass(frozen=True)
class Login:
    """A login under way."""

    state: str
    request_id: str


@dataclass(frozen=True)
class Flooded:
    """What came of a flood: how many messages and answers by status, and what visitors waited meanwhile."""

    sent: int
    seconds: float
    statuses: Counter[int]
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Messages answered in a second."""
        return self.sent / self.seconds


class Line:
    """A connection that stays open as long as the edge lets it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        """Status and head of the answer to ``data``, a whole request."""
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
            self._streams = (reader, writer)
            writer.write(data)
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = next((int(each[15:]) for each in lines if each.startswith(b"content-length:")), 0)
            await reader.readexactly(length)
        if b"connection: close" in lines:
            self.close()
        return int(head[9:12]), head

    def close(self) -> None:
        """Close it; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@asynccontextmanager
async def saml_edge(folder: Path, store_url: str) -> AsyncIterator[SamlEdge]:
    """One for the length of the block."""
    upstream = BytesUpstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, backlog=4096)
    direct = Store.open(store_url, secrets=[SECRET], command_timeout_s=30)
    try:
        port = server.sockets[0].getsockname()[1]
        configuration = write_configuration(
            folder,
            upstream=port,
            store=f'url = "{store_url}"\nsecret = ["{SECRET}"]\ncheck_timeout = "10s"',
            more=_PROVIDER.format(host=SAML_HOST, origin=ORIGIN, upstream=port),
        )
        (folder / "idp.xml").write_bytes(SamlIdentityProvider().metadata())
        cookie = await sign_in(direct, "ada")
        with watched_edge(configuration) as edge:
            yield SamlEdge(edge, cookie, upstream)
    finally:
        await direct.close()
        server.close()
        upstream.hang_up()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*upstream.tasks, return_exceptions=True), _PATIENCE_S)


async def logins(target: SamlEdge, count: int) -> list[Login]:
    """Begin so many logins."""
    head = f"GET /.outerward/login HTTP/1.1\r\nHost: {SAML_HOST}\r\nAccept: text/html\r\n\r\n".encode()

    async def begin(share: int) -> list[Login]:
        line = Line(target.edge.port)
        found = []
        for _ in range(share):
            status, answer = await line.ask(head)
            assert status == 302, answer
            location = answer.partition(b"ocation: ")[2].partition(b"\r\n")[0].decode()
            state = parse_qs(urlsplit(location).query)["RelayState"][0]
            found.append(Login(state, f"_{state}"))
        line.close()
        return found

    shares = await asyncio.gather(*(begin(count // 8 + 1) for _ in range(8)))
    return [login for share in shares for login in share][:count]


def good_answers(target: SamlEdge, begun: Sequence[Login]) -> list[bytes]:
    """The provider's answer to each login, as whole requests."""
    return [_posted(target.idp, login, number) for number, login in enumerate(begun)]


def hostile_answers(kind: Kind, begun: Sequence[Login], count: int) -> list[bytes]:
    """So many bad ones of ``kind``, as whole requests; no login of ``begun`` is given up for them."""
    stranger = SamlIdentityProvider(key=foreign_key())
    if kind == "unknown":
        lost = Login("A" * 43, "_" + "A" * 43)
        return [_posted(stranger, lost, 0)] * count
    sign: Literal["assertion", "neither"] = "assertion" if kind == "foreign" else "neither"
    made = [_posted(stranger, login, 0, replace(GOOD, sign=sign)) for login in begun]
    return [made[number // TRIES % len(made)] for number in range(count)]


async def post_all(
    target: SamlEdge, requests: Sequence[bytes], *, senders: int = 8
) -> tuple[float, Counter[int]]:
    """Post ``requests`` as fast as they are answered; in how many seconds, and with which statuses."""
    left = list(reversed(requests))
    statuses: Counter[int] = Counter()

    async def send() -> None:
        line = Line(target.edge.port)
        while left:
            statuses[(await line.ask(left.pop()))[0]] += 1
        line.close()

    began = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(senders)))
    return time.perf_counter() - began, statuses


async def p99_ms(target: SamlEdge, seconds: float) -> float:
    """What 99 of 100 requests of the visitors take at most, each on a connection of its own that stays."""
    data = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nCookie: outerward={target.cookie}\r\n\r\n".encode()
    took: list[float] = []

    async def visit() -> None:
        line = Line(target.edge.port)
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            began = time.perf_counter()
            status, head = await line.ask(data)
            took.append(time.perf_counter() - began)
            assert status == 200, head
            await asyncio.sleep(0.005)
        line.close()

    await asyncio.gather(*(visit() for _ in range(_VISITORS)))
    return sorted(took)[len(took) * 99 // 100] * 1000


async def flood(target: SamlEdge, requests: Sequence[bytes], *, seconds: float, per_second: int) -> Flooded:
    """Post ``requests`` over and over at ``per_second``, or as fast as they are answered, beside visitors."""
    statuses: Counter[int] = Counter()
    began = time.perf_counter()
    until = began + seconds

    async def send(number: int) -> None:
        line = Line(target.edge.port)
        turn = number
        while (now := time.perf_counter()) < until:
            due = began + turn / per_second
            if due > now:
                await asyncio.sleep(due - now)
            statuses[(await line.ask(requests[turn % len(requests)]))[0]] += 1
            turn += _SENDERS
        line.close()

    senders = [asyncio.create_task(send(number)) for number in range(_SENDERS)]
    waited = await p99_ms(target, seconds)
    await asyncio.gather(*senders)
    return Flooded(sum(statuses.values()), time.perf_counter() - began, statuses, waited)


def _posted(idp: SamlIdentityProvider, login: Login, number: int, options: Response = GOOD) -> bytes:
    message = idp.response(
        replace(
            options,
            now=time.time(),
            request_id=login.request_id,
            id=f"_response-{number}",
            assertion_id=f"_assertion-{login.state}-{number}",
        )
    )
    body = urlencode({"SAMLResponse": b64encode(message).decode(), "RelayState": login.state}).encode()
    head = (
        f"POST {ACS} HTTP/1.1\r\nHost: {SAML_HOST}\r\nAccept: text/html\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
