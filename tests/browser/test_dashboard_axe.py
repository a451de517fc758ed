"""Every page of the dashboard, its dialogs too, by axe-core: light and dark, wide and narrow."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Dashboard, Theme
from tests.support.axe import violations

pytestmark = pytest.mark.needs("chromium")

WIDTHS = (1280, 360)


async def opened(dashboard: Dashboard, page: Page, where: str) -> None:
    """Open a page of the dashboard, and wait until it shows what it has."""
    await page.goto(f"{dashboard.demo.admin}/dashboard/{where}")
    await expect(page.locator("#app")).to_have_attribute("aria-busy", "false")
    await page.wait_for_load_state("load")


def ids(dashboard: Dashboard) -> tuple[str, str]:
    """A user and a session that have all there is to show."""
    listed = dashboard.ask("/app/sessions", query={"q": "ana@example.com"})
    session = listed["application_sessions"][0]
    return session["application_user"]["id"], session["id"]


def pages(dashboard: Dashboard) -> list[str]:
    user, session = ids(dashboard)
    return [
        "overview",
        "users",
        "users?q=nobody-is-called-so",
        f"users/{user}",
        f"users/{user}?access={session}",
        "sessions",
        "sessions?state=ended",
        f"sessions/{session}",
        "tunnels",
        "events",
        "tokens",
    ]


DIALOGS = {
    "sign out": ("users", "Sign out Kenji Watanabe"),
    "block": ("users", "Block Kenji Watanabe"),
    "delete": ("users", "Delete Kenji Watanabe"),
    "end session": ("sessions", "End session Kenji Watanabe"),
    "create token": ("tokens", "Create token"),
}


@pytest.fixture
async def page(dashboard: Dashboard, theme: Theme, width: int) -> Page:
    return await dashboard.signed_in(
        color_scheme=theme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_page_breaks_a_rule(dashboard: Dashboard, page: Page, width: int) -> None:
    found = {}
    for where in pages(dashboard):
        await opened(dashboard, page, where)
        found[where] = await violations(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, where
    assert {where: told for where, told in found.items() if told} == {}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_dialog_breaks_a_rule(dashboard: Dashboard, page: Page) -> None:
    found = {}
    for name, (where, button) in DIALOGS.items():
        await opened(dashboard, page, where)
        await page.get_by_role("button", name=button).first.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        found[name] = await violations(page)
    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_page_without_a_script_breaks_a_rule(dashboard: Dashboard, page: Page) -> None:
    dashboard.expect_trouble("status of 40[14]")
    found = {}
    await page.goto(f"{dashboard.demo.admin}/dashboard/no-such-page")
    found["not found"] = await violations(page)
    await page.context.clear_cookies()
    for where in ("login", "login?code=over"):
        await page.goto(f"{dashboard.demo.admin}/dashboard/{where}")
        found[where] = await violations(page)
    assert {name: told for name, told in found.items() if told} == {}
