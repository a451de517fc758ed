"""With ``privacy.ip = "truncated"`` a visitor's whole address is in nothing that is stored or logged.

A visitor behind a trusted proxy does all that leaves a trace; then everything that was ever written to the
store, and every line of the log, is searched.
"""

import ipaddress
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from structlog.typing import EventDict

from proxy import (
    AccessLog,
    Contexts,
    Journal,
    Places,
    Privacy,
    Site,
    Worker,
    create_control_app,
    keep_for,
    wall_clock_ms,
)
from session_store import Store
from tests.support.control import Stub
from tests.support.edge import HOST, route
from tests.support.http_client import Answer, Headers, exchange, request
from tests.support.places import nested, write
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Echo, received

V4, V6 = "203.0.113.77", "2001:db8:1:2::77"
KEPT = {V4: "203.0.113.0", V6: "2001:db8:1::"}
NAVIGATION: Headers = [
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Accept", "text/html"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"),
]


@dataclass
class Scene:
    """An edge with its real login pages, and a browser at ``address`` behind a proxy that it trusts."""

    port: int
    store: Store
    address: str
    logged: list[EventDict]
    lines: bytearray
    cookies: dict[str, str] = field(default_factory=dict)

    async def ask(self, target: str, method: str = "GET", body: bytes = b"", headers: Headers = ()) -> Answer:
        lines = [("X-Forwarded-For", self.address), *NAVIGATION, *headers]
        if self.cookies:
            lines.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        (answer,) = await exchange(self.port, request(method, target, headers=lines, body=body), method)
        for line in answer.all("set-cookie"):
            name, _, rest = line.partition("=")
            self.cookies.pop(name, None)
            if "Max-Age=0" not in line:
                self.cookies[name] = rest.partition(";")[0]
        return answer

    async def sign_in(self, person: str) -> Answer:
        begun = await self.ask("/.outerward/login?redirect_path=/page")
        state = parse_qs(urlsplit(begun.header("location")).query)["state"][0]
        return await self.ask(f"/.outerward/callback/corp?code={person}&state={state}")


@asynccontextmanager
async def scene_of(
    server: RedisServer, privacy: Privacy, address: str, database: Path
) -> AsyncIterator[Scene]:
    """An edge that allows ``ada``; in its database what is kept of the address is in another country."""
    bits = ipaddress.ip_address(address).max_prefixlen
    networks = {
        f"{address}/{bits}": nested("NO", 60.39, 5.32),
        f"{KEPT[address]}/{bits}": nested("CL", -33.45, -70.67),
    }
    write(database, networks, 6 if bits == 128 else 4)
    contexts = Contexts(Places([database]), keep_for(privacy))
    lines, corp = bytearray(), Stub("corp")
    store = Store.open(server.url, secrets=["a secret of the tests, 32 long.."], check_timeout_s=10)
    await store.start()
    with structlog.testing.capture_logs() as logged:
        async with Echo.running() as upstream:
            site = Site.of([route(upstream, allow=["ada@example.com"], pins=("ip", "country"))])
            worker = Worker(
                site,
                store,
                create_control_app(site, store, {"corp": corp}, contexts=contexts),
                contexts=contexts,
                trusted_proxies=["127.0.0.1"],
                journal=Journal(None, AccessLog("json", lines.extend, wall_clock_ms, contexts.kept)),
            )
            listener = socket.create_server(("127.0.0.1", 0))
            await worker.start([listener])
            try:
                yield Scene(listener.getsockname()[1], store, address, logged, lines)
            finally:
                await worker.close()
                await store.close()


async def leave_every_trace(scene: Scene) -> None:
    """A login, requests, the list of sessions, refusals and failures of all kinds, a logout."""
    assert (await scene.sign_in("ada")).status == 302
    answer = await scene.ask("/page")
    assert received(answer).all("X-Forwarded-For") == [f"{scene.address}, 127.0.0.1"]
    assert (await scene.ask("/.outerward/sessions")).status == 200
    form = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", f"http://{HOST}")]
    assert (await scene.ask("/.outerward/sessions", "POST", b"end=others", form)).status == 303
    assert (await scene.ask("/.outerward/logout")).status == 302
    assert (await scene.sign_in("eve")).status == 403
    for _ in range(11):
        last = await scene.ask("/.outerward/callback/corp?code=ada&state=made-up")
    assert last.status == 429
    assert (await scene.sign_in("eve")).status == 403
    assert (await scene.ask("/.outerward/frontchannel-logout/corp?sid=1")).status == 400


def stored(server: RedisServer) -> bytes:
    """Everything that was ever written: the append-only file."""
    folder = Path(server.client.config_get("dir")["dir"])
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*.aof")))


def spellings(address: str) -> list[bytes]:
    """How an address may be written."""
    parsed = ipaddress.ip_address(address)
    return [
        address.encode(),
        parsed.exploded.encode(),
        parsed.packed,
        parsed.packed.hex().encode(),
        str(int(parsed)).encode(),
    ]


@pytest.mark.parametrize("address", [V4, V6], ids=["v4", "v6"])
async def test_the_whole_address_is_nowhere_in_the_store_and_in_no_line_of_the_log(
    store_server: RedisServer, tmp_path: Path, address: str
) -> None:
    async with scene_of(store_server, "truncated", address, tmp_path / "city.mmdb") as scene:
        await leave_every_trace(scene)
    written, told = stored(store_server), json.dumps(scene.logged, default=repr).encode()

    for spelling in spellings(address):
        assert spelling not in written
        assert spelling not in told
        assert spelling not in scene.lines
    kept = KEPT[address].encode()
    assert kept in written
    assert kept in told
    assert b'"client":"%b"' % kept in scene.lines
    kinds = {entry.get("type") or entry["event"] for entry in scene.logged}
    assert kinds >= {"login", "login_denied", "login_failed"}
    assert kinds >= {"logout", "own_sessions_ended", "logout_refused"}
    countries = {entry["details"]["country_code"] for entry in scene.logged if entry.get("type") == "login"}
    assert countries == {"NO"}


@pytest.mark.parametrize("address", [V4, V6], ids=["v4", "v6"])
async def test_without_the_setting_it_is_in_all_of_them(
    store_server: RedisServer, tmp_path: Path, address: str
) -> None:
    async with scene_of(store_server, "full", address, tmp_path / "city.mmdb") as scene:
        await leave_every_trace(scene)

    assert address.encode() in stored(store_server)
    assert address in json.dumps(scene.logged, default=repr)
    assert b'"client":"%b"' % address.encode() in scene.lines


async def test_the_place_is_that_of_the_whole_address_and_another_one_in_the_network_is_no_change(
    store_server: RedisServer, tmp_path: Path
) -> None:
    async with scene_of(store_server, "truncated", V4, tmp_path / "city.mmdb") as scene:
        await scene.sign_in("ada")
        await scene.ask("/page")
        (view,) = (await scene.store.sessions(limit=10, before=None)).items
        scene.address = "203.0.113.78"
        near = await scene.ask("/page")
        scene.address = "203.0.114.77"
        far = await scene.ask("/page")

    location = view.activity.context.location
    assert view.activity.context.ip_address == "203.0.113.0"
    assert location is not None
    assert location.country_code == "NO"
    assert (near.status, far.status) == (200, 302)
