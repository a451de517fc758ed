"""A browser with nothing in it, a demo for it to visit, which the tests of a file share, and its dashboard.

What goes wrong on a page of the dashboard without being seen, in a script or against its policy, fails the
test in the end.
"""

import http.client
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypedDict, Unpack
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

from session_store import Store
from tests.support.program import PATIENCE_S, Program, request

expect.set_options(timeout=15_000)

Scope = Literal["read", "revoke", "admin"]
Theme = Literal["light", "dark"]


class Screen(TypedDict, total=False):
    """How a browser shows things."""

    viewport: ViewportSize
    color_scheme: Theme
    reduced_motion: Literal["reduce"]


@dataclass(frozen=True)
class Demo:
    """A demo that runs, and what it told when it was ready."""

    program: Program
    tunnels: dict[str, str]
    issuers: dict[str, str]
    admin: str
    admin_token: str
    earlier: frozenset[str] = frozenset()

    def now(self) -> "Demo":
        """The same demo, in which whoever was there until now has no sessions of its own."""
        return replace(self, earlier=self.earlier | {each["id"] for each in self._own()})

    def own_sessions(self) -> dict[str, dict[str, Any]]:
        """The sessions that began on this machine, by public URL: none of those that were there before."""
        return {each["public_url"]: each for each in self._own()}

    def _own(self) -> list[dict[str, Any]]:
        listed = json.loads(self.program.ask_admin("/app/sessions", self.admin_token).body)
        return [
            each
            for each in listed["application_sessions"]
            if each["browser_session"]["ip_address"] == "127.0.0.1" and each["id"] not in self.earlier
        ]

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """The demo's own store, to set scenes that no visitor can make."""
        opened = Store.open(self.program.store_url, secrets=[self.program.store_secret])
        try:
            yield opened
        finally:
            await opened.close()

    async def link(self) -> str:
        """A link that signs in to the dashboard once, as the demo prints it."""
        async with self.store() as store:
            code = await store.offer_dashboard_link(self.admin_token)
        return f"{self.admin}/dashboard/login?code={code}"

    def revoke(self, session_id: object) -> int:
        """End a session by the admin API; the status of its answer."""
        credentials = {"Authorization": f"Bearer {self.admin_token}"}
        return request(self.admin, f"/app/sessions/{session_id}", credentials, "DELETE").status


@dataclass(frozen=True)
class Dashboard:
    """The demo's dashboard. ``page`` is signed in with a token of the scope admin, and shows nothing yet.

    ``troubles`` are the errors of scripts and the console on every page that was signed in here.
    """

    demo: Demo
    chromium: Browser
    page: Page
    troubles: list[str] = field(default_factory=list)
    _expected: list[str] = field(default_factory=list)

    async def open(self, where: str = "users") -> Page:
        """As ``show``, with the page that is signed in."""
        await show(self.page, self.demo, where)
        return self.page

    async def signed_in(self, scope: Scope = "admin", **screen: Unpack[Screen]) -> Page:
        """Another browser's page, signed in with a token of ``scope``."""
        context = await self.chromium.new_context(**screen)
        page = await watched(context, self.troubles)
        await sign_in_by_token(page, self.demo.admin, self._token(scope))
        return page

    async def visitor(self, tunnel: str = "app", person: str = "Mira Halvorsen") -> Page:
        """A browser of its own, in which ``person`` has signed in at a tunnel of the OpenID provider."""
        context = await self.chromium.new_context()
        page = await context.new_page()
        await page.goto(self.demo.tunnels[tunnel])
        await page.get_by_role("button", name=person).click()
        await page.wait_for_url(f"{self.demo.tunnels[tunnel]}/**")
        return page

    def ask(
        self, path: str, method: str = "GET", body: object = None, *, query: dict[str, str] | None = None
    ) -> Any:
        """What the API answers to the demo's token; None where it answers nothing."""
        address = f"{path}?{urlencode(query)}" if query else path
        connection = http.client.HTTPConnection(urlsplit(self.demo.admin).netloc, timeout=PATIENCE_S)
        headers = {"Authorization": f"Bearer {self.demo.admin_token}", "Content-Type": "application/json"}
        try:
            connection.request(method, address, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        assert answer.status < 300, f"{answer.status}: {text[:300]!r}"
        return json.loads(text) if text else None

    def expect_trouble(self, pattern: str) -> None:
        """Let errors pass that ``pattern``, a regular expression, is found in."""
        self._expected.append(pattern)

    def unexpected(self) -> list[str]:
        """Troubles that no test has said will come."""
        return [each for each in self.troubles if not any(re.search(p, each) for p in self._expected)]

    def _token(self, scope: Scope) -> str:
        """A token of its own: what one token may read at once is not shared with the page that stands by."""
        made = self.ask("/tokens", "POST", {"name": f"a {scope} of a test", "scope": scope})
        return str(made["token"])


async def watched(context: BrowserContext, troubles: list[str]) -> Page:
    """A page whose errors go to ``troubles``, what its policy forbids among them."""
    page = await context.new_page()
    page.on("pageerror", lambda error: troubles.append(f"{page.url}: {error}"))

    def hear(said: ConsoleMessage) -> None:
        if said.type == "error":
            troubles.append(f"{page.url}: {said.text}")

    page.on("console", hear)
    return page


async def sign_in_by_token(page: Page, admin: str, token: str) -> None:
    """Sign in at ``admin`` as the form of the sign-in page does, without showing any page."""
    form: dict[str, str | float | bool] = {"token": token, "redirect_path": "/dashboard/users"}
    login = f"{admin}/dashboard/login"
    answer = await page.request.post(login, form=form, headers={"Origin": admin}, max_redirects=0)
    assert answer.status == 303, answer.status


async def show(page: Page, demo: Demo, where: str) -> None:
    """Go to ``/dashboard/WHERE``, and wait until each part of the page has its first answer."""
    await page.goto(f"{demo.admin}/dashboard/{where}")
    await expect(page.locator("#app")).to_have_attribute("aria-busy", "false")


@pytest.fixture(scope="module")
def running_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that told that it is ready."""
    folder = tmp_path_factory.mktemp("demo")
    scratch = folder / "t"
    scratch.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DISPLAY", raising=False)
        patch.setenv("TMPDIR", str(scratch))
        program = Program(folder, "demo", "--json", "--no-browser", "--ready-file", str(folder / "ready"))
    try:
        program.ready()
        (program.state,) = scratch.glob("outerward-demo-*")
        assert program.process.stdout is not None
        told = json.loads(program.process.stdout.readline())
        yield Demo(
            program,
            {tunnel["name"]: tunnel["url"] for tunnel in told["tunnels"]},
            {provider["type"]: provider["issuer"] for provider in told["providers"]},
            told["admin"],
            told["admin_token"],
        )
    finally:
        program.stop()


@pytest.fixture
def demo(running_demo: Demo) -> Demo:
    """The file's demo, as it is before a test."""
    return running_demo.now()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """One browser, with nothing in it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def dashboard(demo: Demo, chromium: Browser) -> AsyncIterator[Dashboard]:
    """The demo's dashboard, with somebody in it who may do all."""
    context = await chromium.new_context()
    troubles: list[str] = []
    made = Dashboard(demo, chromium, await watched(context, troubles), troubles)
    await sign_in_by_token(made.page, demo.admin, demo.admin_token)
    yield made
    assert made.unexpected() == []
