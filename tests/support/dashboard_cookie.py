"""A running API whose dashboard somebody is signed in to, and what a page of it sends."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from admin_api import Administration
from admin_api.admin_cookie import csrf_of
from session_store import Store
from tests.support.admin_api import BOOTSTRAP, Answer, RunningApi, running_api

ADDRESS = "192.0.2.9"


@dataclass(frozen=True)
class Signed:
    """A browser that is signed in: the cookie as it is sent, its value, and what pages were given."""

    cookie: str

    @property
    def value(self) -> str:
        """The cookie's value."""
        return self.cookie.partition("=")[2]

    @property
    def csrf(self) -> str:
        """What the page has in its ``meta``."""
        return csrf_of(self.value)


@dataclass(frozen=True)
class Dashboard:
    """The API and who is signed in to its dashboard; ``/who`` tells what a page sees of that."""

    api: RunningApi
    administration: Administration

    async def sign_in(self, token: str = BOOTSTRAP) -> Signed:
        """A sign-in with ``token``."""
        return signed(await self.administration.sign_in(token, ADDRESS))

    async def call(self, by: Signed, method: str = "GET", path: str = "/app/users", **options: Any) -> Answer:
        """A call as a page of ours makes it; ``headers`` come over what it sends, None takes one away."""
        sent = {
            "Cookie": by.cookie,
            "X-Outerward-CSRF": by.csrf,
            "Origin": self.api.url,
            "Sec-Fetch-Site": "same-origin",
        }
        headers = {**sent, **options.pop("headers", {})}
        kept = {name: value for name, value in headers.items() if value is not None}
        return await self.api.call(method, path, None, headers=kept, **options)

    async def who(self, cookie: str) -> Any:
        """What ``Administration.who`` says of a request with the ``Cookie`` line ``cookie``."""
        answer = await self.api.get("/who", None, headers={"Cookie": cookie})
        assert answer.status == 200, answer.status
        return json.loads(answer.body)


def signed(set_cookie: str) -> Signed:
    """What a browser sends that was told ``set_cookie``."""
    return Signed(set_cookie.partition(";")[0])


@asynccontextmanager
async def running_dashboard(store: Store, **options: Any) -> AsyncIterator[Dashboard]:
    """The API over ``store`` with its dashboard's sign-in; ``options`` go to ``create_app``."""
    given: list[Administration] = []

    def pages(app: web.Application, administration: Administration) -> None:
        given.append(administration)
        app.router.add_get("/who", who)
        app.router.add_post("/out", out)
        app.router.add_post("/again", again)
        app.router.add_route("*", "/from", is_from)

    async def who(request: web.Request) -> web.Response:
        found = await given[0].who(request)
        if found is None:
            return web.json_response(None)
        shown = {"actor": found.caller.actor, "scope": found.caller.scope.value, "name": found.name}
        return web.json_response({**shown, "by_provider": found.by_provider, "csrf": found.csrf})

    async def out(request: web.Request) -> web.Response:
        return web.Response(headers={"Set-Cookie": await given[0].sign_out(request)})

    async def again(request: web.Request) -> web.Response:
        line = await given[0].sign_in(await request.text(), ADDRESS, replacing=request)
        return web.Response(headers={"Set-Cookie": line})

    async def is_from(request: web.Request) -> web.Response:
        return web.json_response([given[0].is_own_host(request), given[0].is_from_own_page(request)])

    async with running_api(store, pages=pages, **options) as api:
        yield Dashboard(api, given[0])
