"""One browser at two tunnels of the whole program, from two addresses, with several user agents: what the API
shows of each session follows its latest request. The login is a real one, at a provider of the test's.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.support.oidc_provider import OidcServer, RegisteredClient, browser, sign_in
from tests.support.places import nested, write
from tests.support.program import CANARY, Program, lasting_port, upstream, write_configuration
from tests.support.proof import TOKEN

HOSTS = ("app.localhost", "wiki.localhost")
BOUND_S = 20.0
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
CURL = "curl/8.5.0"
BERGEN, OSAKA = "203.0.113.7", "2001:db8::7"
AGENTS = {
    CHROME: ("Desktop", "Chrome", "Windows"),
    IPAD: ("Tablet", "Mobile Safari", "iOS"),
    CURL: ("Script", "curl", "Other"),
}
PLACES = {BERGEN: ("NO", 60.39, 5.32), OSAKA: ("JP", 34.69, 135.5)}
VISITS = [
    ((BERGEN, CHROME), (OSAKA, IPAD)),
    ((OSAKA, CURL), (BERGEN, CURL)),
    ((OSAKA, IPAD), (BERGEN, CHROME)),
    ((BERGEN, IPAD), (OSAKA, CHROME)),
]
PREFETCHES = ({"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"})
MORE = """
[[tunnel]]
name = "wiki"
hostname = "wiki.localhost"
upstream = "http://127.0.0.1:{upstream}"
provider = "nobody"
allow = ["*"]
[geoip]
databases = ["{city}", "{city6}"]
"""


@dataclass(frozen=True)
class Shown:
    """What the API tells of one application session."""

    agent: tuple[str, ...]
    address: str
    place: tuple[str, float, float] | None
    requests: int
    last_active: str


def context(shown: Shown) -> object:
    """From where and with what."""
    return shown.address, shown.agent, shown.place


def requests(shown: Shown) -> object:
    """How many were let through."""
    return shown.requests


def expected(address: str, agent: str) -> object:
    """The context of a request from ``address`` with ``agent``."""
    return address, AGENTS[agent], PLACES[address]


class Visits:
    """The browser's visits, and what the API shows of them."""

    def __init__(self, client: aiohttp.ClientSession, program: Program) -> None:
        self._client = client
        self._program = program
        self.slowest_s = 0.0

    async def go(self, host: str, address: str, agent: str, **headers: str) -> None:
        """One request that is let through, as a trusted proxy passes it on."""
        url = f"http://{host}:{urlsplit(self._program.edge).port}/page"
        told = {"X-Forwarded-For": f"198.51.100.99, {address}", "User-Agent": agent, **headers}
        async with self._client.get(url, headers=told, allow_redirects=False) as answer:
            assert answer.status == 200

    async def settled(
        self, read: Callable[[Shown], object], wanted: Mapping[str, object]
    ) -> dict[str, Shown]:
        """What is shown, by hostname, once ``read`` finds what is ``wanted`` in it."""
        began = time.monotonic()
        async with asyncio.timeout(BOUND_S):
            while True:
                shown = await asyncio.to_thread(self._shown)
                if {host: read(one) for host, one in shown.items()} == wanted:
                    break
                await asyncio.sleep(0.01)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        return shown

    def _shown(self) -> dict[str, Shown]:
        reply = self._program.ask_admin("/app/sessions", TOKEN)
        assert reply.status == 200
        sessions = json.loads(reply.body)["application_sessions"]
        return {urlsplit(each["public_url"]).hostname or "": shown_of(each) for each in sessions}


def shown_of(session: dict[str, Any]) -> Shown:
    """Read a session as the API gives it."""
    seen = session["browser_session"]
    agent, place = seen["user_agent"], seen["location"]
    return Shown(
        agent=(agent["device_type"], agent["browser_name"], agent["os_name"]),
        address=seen["ip_address"],
        place=place and (place["country_code"], place["latitude"], place["longitude"]),
        requests=session["outerward"]["requests"],
        last_active=session["last_active"],
    )


@contextmanager
def serving_two_tunnels(folder: Path) -> Iterator[Program]:
    """The program behind a trusted proxy, with a provider where ada can sign in for both tunnels."""
    port = lasting_port()
    callbacks = tuple(f"http://{host}:{port}/.outerward/callback/nobody" for host in HOSTS)
    people = {"ada": {"email": "ada@example.com", "email_verified": True}}
    city = write(folder / "city.mmdb", {"203.0.113.0/24": nested(*PLACES[BERGEN])})
    city6 = write(folder / "city6.mmdb", {"2001:db8::/32": nested(*PLACES[OSAKA])}, ip_version=6)
    with (
        upstream() as app,
        OidcServer(users=people, clients=[RegisteredClient("client", CANARY, callbacks)]) as provider,
    ):
        configuration = write_configuration(
            folder,
            upstream=app.port,
            workers=2,
            issuer=provider.issuer,
            edge='trusted_proxies = ["127.0.0.0/8"]',
            admin=f'bootstrap_token = "{TOKEN}"',
            more=MORE.format(upstream=app.port, city=city, city6=city6),
        )
        program = Program.serve(configuration, "--listen", f"127.0.0.1:{port}")
        try:
            yield program.ready()
        finally:
            program.stop()


async def test_each_session_shows_who_asks_from_where_and_a_prefetch_changes_nothing(tmp_path: Path) -> None:
    with serving_two_tunnels(tmp_path) as program:
        async with browser() as client:
            for host in HOSTS:
                landing = await sign_in(client, f"http://{host}:{urlsplit(program.edge).port}/", "ada")
                assert landing.status == 200
            visits = Visits(client, program)
            for both in VISITS:
                for host, (address, agent) in zip(HOSTS, both, strict=True):
                    await visits.go(host, address, agent)
                wanted = {host: expected(*visit) for host, visit in zip(HOSTS, both, strict=True)}
                await visits.settled(context, wanted)
            print(f"shown {visits.slowest_s:.2f} s after the answer at most (goal 2 s)")

            visited, other = HOSTS
            counted = 1 + len(VISITS)
            before = await visits.settled(requests, dict.fromkeys(HOSTS, counted))
            for more, hint in enumerate(PREFETCHES, start=1):
                await visits.go(visited, OSAKA, CURL, **hint)
                after = await visits.settled(requests, {visited: counted + more, other: counted})
                assert context(after[visited]) == context(before[visited])
                assert after[visited].last_active > before[visited].last_active
                assert after[other] == before[other]
                before = after
