"""People who sign in to the dashboard of a whole program through its provider, and what they may do there.

``dashboard_program`` runs the program, each ``administrator`` is a browser in front of it.
"""

import http.client
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from admin_api.admin_cookie import csrf_of
from session_store import Store
from tests.support.browser import Landing, browser, sign_in, walk
from tests.support.program import PATIENCE_S, Program, Reply, write_configuration
from tests.support.program import sign_in as visitor_of

BOOTSTRAP = "bootstrap-of-the-tests-" + "b" * 32
COOKIE = "outerward-admin"


@dataclass(frozen=True)
class Administrator:
    """One browser at the dashboard at ``url``, whose program calls the provider ``provider``."""

    client: aiohttp.ClientSession
    url: str
    provider: str

    @property
    def cookie(self) -> str:
        """The value of the dashboard's cookie; "" where there is none."""
        kept = self.client.cookie_jar.filter_cookies(URL(self.url)).get(COOKIE)
        return "" if kept is None else kept.value

    async def sign_in(self, user: str, page: str = "/dashboard/users") -> Landing:
        """Sign in as ``user`` of the provider, on the way to ``page``."""
        query = f"?provider={self.provider}&redirect_path={quote(page, safe='')}"
        return await sign_in(self.client, f"{self.url}/.outerward/login{query}", user)

    async def press(self, path: str, user: str | None = None, **form: str) -> Landing:
        """Press a button of one of our pages that posts ``form`` to ``path``; ``user`` as in ``sign_in``."""
        page = f"{self.url}/dashboard/users"
        return await walk(self.client, self.url + path, user=user, form=form, page=page)

    async def ask(self, method: str, path: str) -> int:
        """What the API answers a page of the dashboard."""
        headers = {"X-Outerward-CSRF": csrf_of(self.cookie), "Sec-Fetch-Site": "same-origin"}
        async with self.client.request(method, self.url + path, headers=headers) as response:
            return response.status


@asynccontextmanager
async def administrator(url: str, provider: str = "nobody") -> AsyncIterator[Administrator]:
    """A fresh browser."""
    async with browser() as client:
        yield Administrator(client, url, provider)


@dataclass(frozen=True)
class DashboardProgram:
    """A program with a dashboard at ``url``, and the API there, asked with the bootstrap token."""

    program: Program
    url: str

    def call(self, method: str, path: str, body: object = None) -> Reply:
        """One call."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE_S)
        sent = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, sent, {"Authorization": f"Bearer {BOOTSTRAP}"})
            answer = connection.getresponse()
            return Reply(answer.status, answer.read())
        finally:
            connection.close()

    def read(self, path: str) -> Any:
        """What a GET answers."""
        reply = self.call("GET", path)
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    def events(self, *types: str) -> list[dict[str, Any]]:
        """Events of ``types``, the newest first."""
        return [each for each in self.read("/events")["events"] if each["type"] in types]

    def users(self) -> dict[str, str]:
        """The ids of all users, by address."""
        return {each["email"]: each["id"] for each in self.read("/app/users")["application_users"]}

    async def visitor(self, name: str) -> str:
        """The cookie of a visitor of the app who has just signed in there, as a login leaves it."""
        store = Store.open(self.program.store_url, secrets=[self.program.store_secret])
        try:
            return await visitor_of(store, name)
        finally:
            await store.close()


@contextmanager
def dashboard_program(
    folder: Path,
    *,
    roles: str,
    port: int,
    issuer: str = "http://127.0.0.1:9",
    provider: str = "nobody",
    more: str = "",
) -> Iterator[DashboardProgram]:
    """The program with its admin listener at ``port``; ``more`` follows the tunnel of its configuration.

    What an earlier one in ``folder`` kept is there.
    """
    url = f"http://127.0.0.1:{port}"
    lines = f'bootstrap_token = "{BOOTSTRAP}"\nprovider = "{provider}"\nroles = {roles}\n'
    configuration = write_configuration(folder, issuer=issuer, admin=lines, more=more)
    (folder / "ready").unlink(missing_ok=True)
    program = Program.serve(configuration, "--admin-listen", f"127.0.0.1:{port}")
    try:
        yield DashboardProgram(program.ready(), url)
    finally:
        program.stop()
