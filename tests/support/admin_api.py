"""A running admin API over a real socket, and sessions for it to show."""

import asyncio
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from admin_api import AdminRunner, create_app
from session_store import (
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    Endpoint,
    Principal,
    Store,
    UserAgent,
    endpoint_id,
)

BOOTSTRAP = "bootstrap-" + "b" * 32
AUTHORIZED = f"Host: a\r\nAuthorization: Bearer {BOOTSTRAP}\r\n".encode()

WIKI = Endpoint(id=endpoint_id("wiki"), public_url="https://wiki.example.com", tunnel="wiki")
NOTES = Endpoint(
    id=endpoint_id("apps/notes"),
    public_url="https://apps.example.com/notes",
    tunnel="notes",
    edge="apps",
    path_prefix="/notes",
)
FIREFOX = UserAgent(
    raw="Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    browser_name="Firefox",
    browser_version="133.0",
    device_type="Desktop",
    os_name="Linux",
)

HERE = Context(ip_address="192.0.2.7", user_agent=FIREFOX)


@dataclass(frozen=True)
class Answer:
    """What the API answered, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any

    @property
    def code(self) -> int:
        """The number in ``error_code``."""
        return int(self.json["error_code"].removeprefix("ERR_OUTERWARD_"))


@dataclass(frozen=True)
class RunningApi:
    """The API at ``url``; ``app`` is what serves it."""

    url: str
    port: int
    app: web.Application
    http: aiohttp.ClientSession

    async def call(self, method: str, path: str, token: str | None = BOOTSTRAP, **options: Any) -> Answer:
        """One call; ``path`` goes out as it is."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = path if path.startswith("http") else self.url + path
        async with self.http.request(method, URL(url, encoded=True), headers=headers, **options) as response:
            body = await response.read()
            members = json.loads(body) if response.content_type == "application/json" and body else None
            return Answer(response.status, response.headers, body, members)

    async def get(self, path: str, token: str | None = BOOTSTRAP, **options: Any) -> Answer:
        """A GET."""
        return await self.call("GET", path, token, **options)

    async def delete(self, path: str, token: str | None = BOOTSTRAP, **options: Any) -> Answer:
        """A DELETE."""
        return await self.call("DELETE", path, token, **options)


def seconds() -> Callable[[], float]:
    """A clock that is a second on whenever it is read: under it no failure meets a limit."""
    ticks = count()
    return lambda: float(next(ticks))


@asynccontextmanager
async def running_api(store: Store, **options: Any) -> AsyncIterator[RunningApi]:
    """The API over ``store`` on a free port; ``options`` go to ``create_app``."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    app = create_app(store, **{"public_url": url, "bootstrap_token": BOOTSTRAP, **options})
    runner = AdminRunner(app)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        async with aiohttp.ClientSession() as http:
            yield RunningApi(url, port, app, http)
    finally:
        await runner.cleanup()


@dataclass(frozen=True)
class Raw:
    """What came back for raw bytes; ``interim`` holds the statuses that came before the answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    interim: tuple[int, ...]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def raw(api: RunningApi, data: bytes) -> Raw:
    """The answer to the request in ``data``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    try:
        writer.write(data)
        interim: list[int] = []
        while (head := await _head(reader))[0] < 200:
            interim.append(head[0])
        status, headers = head
        length = 0 if data.startswith(b"HEAD ") else int(headers.get("content-length", "0"))
        return Raw(status, headers, await reader.readexactly(length), tuple(interim))
    finally:
        writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split(" ")[1]), headers


def now_ms() -> int:
    """Unix time."""
    return time.time_ns() // 1_000_000


def principal(subject: str = "ada") -> Principal:
    """A visitor called ``subject``."""
    return Principal(
        provider="corp",
        issuer="https://id.example.com",
        subject=subject,
        username=subject,
        name=subject.title(),
        email=f"{subject}@example.com",
        email_verified=True,
    )


async def sign_in(store: Store, subject: str = "ada") -> BrowserSession:
    """A login of ``subject`` that begins now."""
    return await store.complete_login(
        principal(subject),
        provider_name="Example Corp",
        begun_at=await store.now(),
        scope="example.com",
        cookie_hash=CookieHash(secrets.token_bytes(32)),
        expires_at=now_ms() + 3_600_000,
    )


async def visit(
    store: Store, browser: BrowserSession, endpoint: Endpoint = WIKI, context: Context = HERE
) -> ApplicationSession:
    """The first request of ``browser`` to ``endpoint``."""
    session = await store.start_application_session(
        browser,
        endpoint,
        expires_at=browser.expires_at,
        idle_timeout_s=0,
        context=context,
    )
    assert isinstance(session, ApplicationSession)
    return session


async def session_of(
    store: Store, subject: str = "ada", endpoint: Endpoint = WIKI, context: Context = HERE
) -> ApplicationSession:
    """A login of ``subject`` and its first request to ``endpoint``."""
    return await visit(store, await sign_in(store, subject), endpoint, context)
