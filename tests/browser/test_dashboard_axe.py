"""Every page of the dashboard, its dialogs too, by axe-core: light and dark, wide and narrow."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Dashboard, Theme
from tests.support.axe import violations

pytestmark = pytest.mark.needs("chromium")

WIDTHS = (1280, 360)
BOTH = pytest.mark.parametrize(("theme", "width"), [("dark", 1280), ("light", 360)])
"""Each theme and each width, once: for what looks alike at every width."""


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
        "users?state=blocked",
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
    "unblock": ("users/{user}", "Unblock"),
    "unblock in the list": ("users?state=blocked", "Unblock"),
    "erase": ("users/{user}", "Erase"),
    "end session": ("sessions", "End session Kenji Watanabe"),
    "create token": ("tokens", "Create token"),
    "revoke token": ("tokens", "Revoke a"),
}
"""Pages and the buttons that open a dialog there; the user is one who is blocked."""
PANELS = ["Add filter", "Edit as text", "Columns"]


@pytest.fixture
async def page(dashboard: Dashboard, theme: Theme) -> Page:
    return await dashboard.signed_in(color_scheme=theme, reduced_motion="reduce")


async def at(page: Page, width: int) -> list[str]:
    """What breaks a rule in a window so wide; a page that is wider than that breaks one too."""
    await page.set_viewport_size({"width": width, "height": 800})
    found = await violations(page)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    return [*found, *([f"{wide} pixels wide"] if wide > width else [])]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.usefixtures("blocked")
async def test_no_page_breaks_a_rule(dashboard: Dashboard, page: Page) -> None:
    found: dict[tuple[str, int], list[str]] = {}
    for where in pages(dashboard):
        await opened(dashboard, page, where)
        found |= {(where, width): await at(page, width) for width in WIDTHS}
    assert {where: told for where, told in found.items() if told} == {}


@pytest.fixture
async def blocked(dashboard: Dashboard) -> AsyncIterator[str]:
    """A user who is blocked as long as a test goes on."""
    visitor = await dashboard.visitor(person="Lena Quist")
    await visitor.context.close()
    (user,) = dashboard.ask("/app/users", query={"q": "lena"})["application_users"]
    dashboard.ask(f"/app/users/{user['id']}/block", "PUT", {})
    yield user["id"]
    dashboard.ask(f"/app/users/{user['id']}/block", "DELETE")


@BOTH
async def test_no_dialog_breaks_a_rule(dashboard: Dashboard, page: Page, blocked: str, width: int) -> None:
    found = {}
    for name, (where, button) in DIALOGS.items():
        await opened(dashboard, page, where.format(user=blocked))
        await page.get_by_role("button", name=button).first.click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        found[name] = await at(page, width)
    assert {name: told for name, told in found.items() if told} == {}


@BOTH
async def test_nothing_that_opens_over_the_sessions_breaks_a_rule(
    dashboard: Dashboard, page: Page, width: int
) -> None:
    found = {}
    await opened(dashboard, page, "sessions")
    for name in PANELS:
        await page.get_by_role("button", name=name).click()
        await expect(page.get_by_role("button", name=name)).to_have_attribute("aria-expanded", "true")
        found[name] = await at(page, width)
    await page.get_by_role("checkbox", name="Select all on this page").check()
    found["selection"] = await at(page, width)
    await page.get_by_role("button", name="End selected…").click()
    await expect(page.get_by_role("dialog").get_by_role("button", name="End ")).to_be_enabled()
    found["end many"] = await at(page, width)
    assert {name: told for name, told in found.items() if told} == {}


@BOTH
async def test_no_page_without_a_script_breaks_a_rule(dashboard: Dashboard, page: Page, width: int) -> None:
    dashboard.expect_trouble("status of 40[14]")
    found = {}
    await page.goto(f"{dashboard.demo.admin}/dashboard/no-such-page")
    found["not found"] = await at(page, width)
    await page.context.clear_cookies()
    for where in ("login", "login?code=over"):
        await page.goto(f"{dashboard.demo.admin}/dashboard/{where}")
        found[where] = await at(page, width)
    assert {name: told for name, told in found.items() if told} == {}
