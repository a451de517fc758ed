"""The dashboard's list of sessions: people in it, what it shows, a store that is away."""

import asyncio
import http.client
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.async_api import Locator, Page, expect

from proxy import describe
from session_store import Context, CookieHash, Endpoint, Location, Principal, Store, endpoint_id
from tests.browser.conftest import Dashboard
from tests.support.embedded import Connection

_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
_AT_ONCE = 250
_AWAY_MS = 4000


async def crowd(dashboard: Dashboard, count: int, name: str, country: str = "IS") -> None:
    """``count`` sessions of as many people, who are all called ``name``, at the tunnel *app*."""
    origin = dashboard.demo.tunnels["app"]
    endpoint = Endpoint(id=endpoint_id("app"), public_url=origin, tunnel="app")
    context = Context(
        ip_address="198.51.100.99",
        user_agent=describe(_FIREFOX),
        location=Location(country_code=country, latitude=64.1, longitude=-21.9, radius_km=5),
    )

    async def one(store: Store) -> None:
        expires_at = time.time_ns() // 1_000_000 + 3_600_000
        subject = secrets.token_hex(8)
        principal = Principal(provider="demo", issuer="https://crowd.example.com", subject=subject, name=name)
        browser = await store.complete_login(
            principal,
            provider_name="demo",
            begun_at=await store.now(),
            scope="app.localhost",
            cookie_hash=CookieHash(secrets.token_bytes(32)),
            expires_at=expires_at,
        )
        await store.start_application_session(
            browser, endpoint, expires_at=expires_at, idle_timeout_s=0, context=context
        )

    async with dashboard.demo.store() as store:
        for begin in range(0, count, _AT_ONCE):
            await asyncio.gather(*(one(store) for _ in range(min(_AT_ONCE, count - begin))))


@asynccontextmanager
async def store_away(dashboard: Dashboard, away_ms: int = _AWAY_MS) -> AsyncIterator[None]:
    """The store answers nobody for ``away_ms``, and answers when the block has ended."""
    path = dashboard.demo.program.store_url.removeprefix("unix://")
    connection = Connection(*await asyncio.open_unix_connection(path))
    assert await connection.ask("CLIENT", "PAUSE", str(away_ms), "ALL") == "+OK"
    try:
        yield
        assert await connection.ask("PING") == "+PONG"
    finally:
        connection.close()


def rows(page: Page) -> Locator:
    """The rows that are shown."""
    return page.get_by_role("table", name="Sessions").locator("tbody tr")


def row(page: Page, name: str) -> Locator:
    """Those that ``name`` stands in."""
    return rows(page).filter(has_text=name)


def headings(page: Page) -> Locator:
    """The heads of the columns."""
    return page.get_by_role("table", name="Sessions").get_by_role("columnheader")


@cache
def _another_token(admin: str, token: str) -> str:
    """A token of its own: the page's costly reads leave no room for others by the same one."""
    connection = http.client.HTTPConnection(urlsplit(admin).netloc)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", "/tokens", json.dumps({"name": "a test", "scope": "read"}), headers)
    made = json.loads(connection.getresponse().read())
    connection.close()
    return str(made["token"])


def found(dashboard: Dashboard, name: str) -> list[str]:
    """The ids of the live sessions of ``name``, at most a hundred, as the API has them."""
    demo = dashboard.demo
    query = urlencode({"filter": f"obj.name == {json.dumps(name)}"})
    answer = demo.program.ask_admin(f"/app/sessions?{query}", _another_token(demo.admin, demo.admin_token))
    return [each["id"] for each in json.loads(answer.body)["application_sessions"]]


async def where(dashboard: Dashboard, query: dict[str, str], page: Page | None = None) -> Page:
    """The list of what ``query`` asks for, once it shows something."""
    page = page or dashboard.page
    await page.goto(f"{dashboard.demo.admin}/dashboard/sessions?{urlencode(query)}")
    await expect(page.locator("#app")).to_have_attribute("aria-busy", "false")
    return page


def asked(page: Page) -> dict[str, list[str]]:
    """What the page's address asks for."""
    return parse_qs(urlsplit(page.url).query)


async def hover(page: Page, over: Locator) -> None:
    """Put the pointer over a row, where the list knows of it."""
    await over.hover()
    await expect(page.locator("section.moving:hover")).to_have_count(1)


async def step_back(page: Page) -> None:
    """Take the pointer off the list."""
    await page.mouse.move(1, 1)
    await expect(page.locator("section.moving:hover")).to_have_count(0)
