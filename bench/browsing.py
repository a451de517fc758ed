"""A browser that is signed in to the dashboard of a running program, for pictures and figures."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.async_api import Browser, BrowserContext, Page, StorageState, async_playwright

from bench.administered import Administered, Line

Theme = Literal["light", "dark"]
_CHROMIUM = "/usr/bin/chromium"
_FILLED = """() => document.getElementById("app").getAttribute("aria-busy") === "false" """
"""Whether a page shows what it was asked for."""


@dataclass(frozen=True, slots=True)
class Browsing:
    """``browser`` opens pages of the dashboard at ``admin``, as the administrator of ``state``."""

    browser: Browser
    admin: str
    state: StorageState

    async def context(
        self, *, theme: Theme = "light", width: int = 1280, height: int = 800
    ) -> BrowserContext:
        """A window with nothing remembered but who is signed in."""
        return await self.browser.new_context(
            storage_state=self.state,
            color_scheme=theme,
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )

    async def show(self, page: Page, where: str) -> None:
        """Go to ``/dashboard/WHERE``, and wait until it shows what it has."""
        await page.goto(f"{self.admin}/dashboard/{where}")
        await page.wait_for_function(_FILLED)


@asynccontextmanager
async def browsing(target: Administered) -> AsyncIterator[Browsing]:
    """A browser for the dashboard of ``target``."""
    admin = target.program.admin
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        try:
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(f"{admin}/dashboard/login")
            await page.get_by_label("Token").fill(target.token)
            await page.get_by_role("button", name="Sign in", exact=True).click()
            await page.wait_for_url(f"{admin}/dashboard/users")
            state = await context.storage_state()
            await context.close()
            yield Browsing(browser, admin, state)
        finally:
            await browser.close()


def addresses(line: Line) -> dict[str, str]:
    """Every page of the dashboard, by a name for it; those of a user and of a session where there is one."""
    pages = {name: name for name in ("overview", "users", "sessions", "tunnels", "events", "tokens")}
    pages |= {"ended": "sessions?state=ended", "blocked": "users?state=blocked"}
    listed = json.loads(line.ask("/app/sessions?limit=1").body)["application_sessions"]
    for session in listed:
        user = session["application_user"]["id"]
        pages |= {
            "user": f"users/{user}",
            "access": f"users/{user}?access={session['id']}",
            "session": f"sessions/{session['id']}",
        }
    return pages
