"""The admin listener with the login flow on it, a provider without network, and browsers in front."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp
from aiohttp import web

from admin_api import Administration, Person, RoleSettings
from admin_api.admin_cookie import csrf_of
from idp_adapters import SamlProvider
from outerward.administrators import Administrators, Roles
from proxy import Contexts, Places, Route, Site, add_dashboard_login
from session_store import CookieHash, Store
from tests.support.admin_api import RunningApi, now_ms, running_api
from tests.support.control import Browser, Stub, route

COOKIE = "outerward-admin"
ROLES = RoleSettings(viewer=("@example.com",), admin=("ada@example.com",))


def dashboard_route(url: str) -> Route:
    """The dashboard at ``url``, which lets in who is at example.com."""
    hostname = url.removeprefix("http://")
    return replace(route(hostname, origin=url, allow=("@example.com",)), is_dashboard=True)


@dataclass(frozen=True)
class Rim:
    """The listener that runs, and its parts."""

    api: RunningApi
    administration: Administration
    provider: Stub

    def browser(self) -> Browser:
        """A fresh browser. It sends what only an edge may say, too: nobody believes it here."""
        url = self.api.url
        return Browser(self.api.http, url, "edge.example.com", url, address="203.0.113.9")

    async def ask(self, browser: Browser, path: str = "/app/users", cookie: str = "") -> int:
        """What the API answers to a page with this browser's cookie, or another one."""
        value = cookie or browser.cookies.get(COOKIE, "")
        sent = {"Cookie": f"{COOKIE}={value}", "X-Outerward-CSRF": csrf_of(value)}
        return (await self.api.get(path, None, headers=sent)).status


@asynccontextmanager
async def running_rim(store: Store, *, provider: SamlProvider | None = None) -> AsyncIterator[Rim]:
    """The listener over ``store`` on a free port; ``provider`` is in place of the stub."""
    stub = Stub("corp")
    made: list[tuple[Administration, Administrators]] = []

    async def find_person(cookie_hash: CookieHash) -> Person | None:
        return await made[0][1].find(cookie_hash)

    def add_pages(app: web.Application, administration: Administration) -> None:
        dashboard = dashboard_route(administration.public_url)
        made.append((administration, Administrators(store, dashboard, Roles.of(ROLES), now_ms)))
        add_dashboard_login(
            app,
            Site.of([dashboard]),
            store,
            {"corp": provider or stub},
            contexts=Contexts(Places(())),
            is_own_host=administration.is_own_host,
        )

    async with running_api(store, pages=add_pages, find_person=find_person) as api:
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            yield Rim(replace(api, http=http), made[0][0], stub)
