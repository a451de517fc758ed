"""One program with every way in which sessions can hang together, its visitors and its administrator.

Places: a tunnel, three tunnels under one cookie domain of which one goes idle, two routes of one edge.
Visitors sign in at a real provider, the administrator speaks to the API. Nothing here looks into the store.
"""

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from tests.support.browser import Landing, browser, forms, sign_in, walk
from tests.support.http_client import Answer, Client, connected, exchange, request
from tests.support.oidc_provider import OidcServer
from tests.support.program import Program
from tests.support.proof import TOKEN

T = TypeVar("T")

GUARD_S = 30.0
DOMAIN = "suite.localhost"
IDLE_S = 1
MORE = """
[[tunnel]]
name = "wiki"
hostname = "wiki.suite.localhost"
upstream = "http://127.0.0.1:{port}"
provider = "nobody"
allow = ["*"]
auth_cookie_domain = "suite.localhost"
[[tunnel]]
name = "notes"
hostname = "notes.suite.localhost"
upstream = "http://127.0.0.1:{port}"
provider = "nobody"
allow = ["*"]
auth_cookie_domain = "suite.localhost"
[[tunnel]]
name = "brief"
hostname = "brief.suite.localhost"
upstream = "http://127.0.0.1:{port}"
provider = "nobody"
allow = ["*"]
auth_cookie_domain = "suite.localhost"
idle_session_timeout = "{idle}s"
[[tunnel]]
name = "first"
upstream = "http://127.0.0.1:{port}"
[[tunnel]]
name = "second"
upstream = "http://127.0.0.1:{port}"
[[edge_route]]
edge = "apps"
hostname = "apps.localhost"
path_prefix = "/first"
tunnel = "first"
provider = "nobody"
allow = ["*"]
[[edge_route]]
edge = "apps"
hostname = "apps.localhost"
path_prefix = "/second"
tunnel = "second"
provider = "nobody"
allow = ["*"]
"""
HANDSHAKE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
)
CLOSE_1008 = b"\x88\x02\x03\xf0"


@dataclass(frozen=True)
class Place:
    """An endpoint: its host and the path that leads there."""

    host: str
    path: str = "/"


APP = Place("app.localhost")
WIKI, NOTES, BRIEF = (Place(f"{name}.{DOMAIN}") for name in ("wiki", "notes", "brief"))
FIRST, SECOND = Place("apps.localhost", "/first"), Place("apps.localhost", "/second")
HOSTS = tuple(dict.fromkeys(place.host for place in (APP, WIKI, NOTES, BRIEF, FIRST)))


class Application:
    """What every place leads to: a WebSocket at …/socket, an event stream at …/events, else a page.

    ``seen`` has the path of each request.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.seen.append(self.path)
                if self.path.endswith("/socket"):
                    self._held(b"HTTP/1.1 101 Y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                elif self.path.endswith("/events"):
                    self._held(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
                else:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

            def _held(self, head: bytes) -> None:
                self.wfile.write(head)
                self.close_connection = True
                while self.connection.recv(4096):
                    pass

            def log_message(self, *_: object) -> None:
                """Nothing is logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        """Answer nothing more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def application() -> Iterator[Application]:
    """One for the length of the block."""
    made = Application()
    try:
        yield made
    finally:
        made.close()


@dataclass(frozen=True)
class Told:
    """An answer of the API; ``operation`` is what it says that it was called."""

    status: int
    json: Any
    operation: str


@dataclass(frozen=True)
class House:
    """The running program, from outside."""

    program: Program
    application: Application
    port: int
    provider: OidcServer | None = None

    def at(self, place: Place, path: str = "") -> str:
        """An address of a place."""
        return f"http://{place.host}:{self.port}{path or place.path}"

    def public_url(self, place: Place) -> str:
        """What the API calls a place."""
        return self.at(place).rstrip("/")

    async def api(self, method: str, path: str, body: object = None, token: str = TOKEN) -> Told:
        """A call of the API."""
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, URL(self.program.admin + path, encoded=True), json=body) as answer,
        ):
            text = await answer.text()
            return Told(answer.status, json.loads(text) if text else None, answer.headers["X-Operation-Id"])

    async def get(self, path: str) -> Any:
        """What the API has at a path."""
        told = await self.api("GET", path)
        assert told.status == 200, told
        return told.json

    async def user_id(self, name: str) -> str:
        """The user called ``name``; "" where there is none."""
        found = await self.get(f"/app/users?{wanted(name)}")
        return next((user["id"] for user in found["application_users"]), "")

    async def live(self, name: str) -> dict[str, str]:
        """The live sessions of ``name``: id to public URL."""
        found = await self.get(f"/app/sessions?{wanted(name)}")
        return {each["id"]: each["public_url"] for each in found["application_sessions"]}

    async def ended(self, name: str) -> dict[str, Any]:
        """The ended sessions of ``name``: id to the object."""
        found = await self.get(f"/app/sessions?state=ended&{wanted(name)}")
        return {each["id"]: each for each in found["application_sessions"]}

    async def session_at(self, place: Place, name: str) -> str:
        """The id of the one live session of ``name`` at a place."""
        urls = await self.live(name)
        (found,) = [each for each, url in urls.items() if url == self.public_url(place)]
        return found

    async def ask(self, place: Place, cookie: str, path: str = "") -> Answer:
        """A script's request, on a connection of its own."""
        data = request(
            "GET", path or place.path, host=f"{place.host}:{self.port}", headers=[("Cookie", cookie)]
        )
        (answer,) = await exchange(self.port, data)
        return answer

    async def opens(self, place: Place, cookie: str) -> bool:
        """Whether a cookie opens a place; the answer and what the application saw must agree."""
        before = len(self.application.seen)
        answer = await self.ask(place, cookie)
        assert answer.status in (200, 401), answer
        assert (answer.status == 200) == (len(self.application.seen) == before + 1)
        return answer.status == 200


def wanted(name: str) -> str:
    """The parameter of lists that asks for the user called ``name``."""
    return "filter=" + quote(f'obj.email == "{name}@example.com"')


@dataclass(frozen=True)
class Visitor:
    """Somebody's browser."""

    house: House
    name: str
    client: aiohttp.ClientSession

    async def come_in(self, *places: Place) -> None:
        """Sign in where that is asked for, and be at every place once."""
        for place in places:
            landing = await sign_in(self.client, self.house.at(place), self.name)
            assert (landing.status, landing.text) == (200, "hello"), landing.text[-500:]

    def cookie(self, place: Place) -> str:
        """What the browser sends there, as a ``Cookie`` header."""
        jar = self.client.cookie_jar.filter_cookies(URL(self.house.at(place)))
        return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items() if "login" not in name)

    async def navigate(self, place: Place, path: str = "") -> Landing:
        """Open an address as a person who does nothing at the provider."""
        return await walk(self.client, self.house.at(place, path))

    async def come_back(self, place: Place) -> Landing:
        """Press *Sign in again* on the page that says that the session was ended, and sign in."""
        notice = await self.navigate(place)
        assert "OUT-2002" in notice.text, notice.text[-500:]
        (form,) = [each for each in forms(notice.text) if "/.outerward/login" in each.action]
        url = self.house.at(place, form.action)
        return await walk(self.client, url, form={}, page=notice.url, user=self.name)

    async def session_at(self, place: Place) -> str:
        """The id of the browser's session at a place, which is its user's only one there."""
        return await self.house.session_at(place, self.name)

    async def own_sessions(self, place: Place, *ends: str) -> list[str]:
        """The values of the buttons on the page of own sessions, after pressing those of ``ends``."""
        headers = [
            ("Cookie", self.cookie(place)),
            ("Accept", "text/html"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", f"http://{place.host}:{self.house.port}"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        method, body = (
            ("POST", urlencode([("end", each) for each in ends]).encode()) if ends else ("GET", b"")
        )
        host = f"{place.host}:{self.house.port}"
        data = request(method, "/.outerward/sessions", host=host, headers=headers, body=body)
        (answer,) = await exchange(self.house.port, data, method)
        assert answer.status in (200, 303), answer
        return re.findall(r'name="end" value="([^"]*)"', answer.body.decode())


People = Callable[[str], Awaitable[Visitor]]
"""Gives a new browser of the person so called."""


@asynccontextmanager
async def visiting(house: House, name: str) -> AsyncIterator[Visitor]:
    """A browser of ``name``."""
    async with browser() as client:
        yield Visitor(house, name, client)


@asynccontextmanager
async def open_streams(house: House, place: Place, cookie: str) -> AsyncIterator[Mapping[str, Client]]:
    """A WebSocket and an event stream at a place, both open."""
    base = place.path.rstrip("/")
    async with connected(house.port) as socket, connected(house.port) as events:
        opened = {"socket": socket, "events": events}
        for kind, client in opened.items():
            headers = [("Cookie", cookie), *(HANDSHAKE if kind == "socket" else ())]
            host = f"{place.host}:{house.port}"
            await client.send(request("GET", f"{base}/{kind}", host=host, headers=headers))
            got = b""
            while not got.endswith(b"\r\n\r\n" if kind == "socket" else b"data: 1\n\n\r\n"):
                piece = await client.read()
                assert piece, got
                got += piece
            assert got.startswith(b"HTTP/1.1 101" if kind == "socket" else b"HTTP/1.1 200"), got
        yield opened


async def assert_cut(streams: Mapping[str, Client]) -> None:
    """The WebSocket was closed by 1008, the event stream broke off and does not look whole."""
    assert await streams["socket"].ended() == CLOSE_1008
    assert not (await streams["events"].ended()).endswith(b"0\r\n\r\n")


async def assert_shut(house: House, name: str, cookie: str, *places: Place, reason: str = "") -> None:
    """A cookie opens none of these places, however often it is tried, and trying makes no session."""
    before = await house.live(name)
    for place in places:
        for _ in range(4):
            answer = await house.ask(place, cookie)
            assert answer.status == 401, answer
            assert reason in ("", answer.json["details"]["reason"])
    assert await house.live(name) == before


async def assert_not_live(house: House, name: str, session_id: str) -> None:
    """A session is nowhere among the live ones."""
    assert (await house.api("GET", f"/app/sessions/{session_id}")).status == 404
    assert (await house.api("DELETE", f"/app/sessions/{session_id}")).status == 404
    assert session_id not in await house.live(name)


async def assert_over(
    house: House,
    name: str,
    session_id: str,
    reason: str,
    *,
    by: str,
    operation: str = "",
    within_s: float = GUARD_S,
) -> None:
    """A session is not live, is among those that are over, and its end was told once."""
    await assert_not_live(house, name, session_id)
    found = await eventually(lambda: house.ended(name), lambda ended: session_id in ended, within_s)
    ended = found[session_id]["outerward"]
    assert (ended["ended_reason"], ended["ended_by"]) == (reason, by)
    assert ended["ended_at"].endswith("Z")
    told = (await house.get("/events?type=logout,revoke,end"))["events"]
    (event,) = [each for each in told if session_id in each["sessions"]]
    assert (event["details"]["reason"], event["actor"]) == (reason, by)
    assert event["effective_at"] is not None
    assert event["operation_id"] == operation


async def eventually(
    look: Callable[[], Awaitable[T]], holds: Callable[[T], bool], within_s: float = GUARD_S
) -> T:
    """What ``look`` finds, once it ``holds``."""
    async with asyncio.timeout(within_s):
        while True:
            if holds(found := await look()):
                return found
            await asyncio.sleep(0.02)
