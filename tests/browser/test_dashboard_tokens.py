"""The page of tokens in a real browser, over a real demo: made, shown once, revoked."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Dashboard, sign_in_by_token
from tests.support.program import request

pytestmark = pytest.mark.needs("chromium")

_KEPT = (
    "JSON.stringify([document.documentElement.outerHTML, location.href, history.state,"
    " {...localStorage}, {...sessionStorage}])"
)


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name="Tokens").locator("tbody tr").filter(has_text=name)


async def fill(page: Page, name: str, scope: str, expires: str) -> Locator:
    """Ask for a token; the dialog."""
    await page.get_by_role("button", name="Create token").click()
    dialog = page.get_by_role("dialog", name="Create token")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("radio", name=re.compile(f"^{scope} ")).check()
    await dialog.get_by_label("Expires").select_option(label=expires)
    return dialog


async def create(page: Page, name: str, scope: str = "Read", expires: str = "In 90 days") -> str:
    """Make a token; its secret, whose dialog stays open."""
    dialog = await fill(page, name, scope, expires)
    await dialog.get_by_role("button", name="Create token").click()
    shown = page.get_by_role("dialog", name=f"The token {name} is made").locator("code")
    return str(await shown.inner_text())


def told(dashboard: Dashboard, name: str) -> dict[str, Any]:
    found = [token for token in dashboard.ask("/tokens")["tokens"] if token["name"] == name]
    assert len(found) == 1
    return dict(found[0])


def status(dashboard: Dashboard, secret: str) -> int:
    """What the API answers to the token."""
    return request(dashboard.demo.admin, "/app/users", {"Authorization": f"Bearer {secret}"}).status


async def test_a_made_token_works_and_its_secret_is_shown_this_once(dashboard: Dashboard) -> None:
    page = await dashboard.open("tokens")
    secret = await create(page, "monitoring <b>", "Revoke", "In 30 days")
    await expect(page.get_by_role("dialog")).to_contain_text("it is shown this once")
    await page.get_by_role("button", name="I have copied it").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)

    shown = row(page, "monitoring <b>")
    await expect(shown.get_by_role("cell").nth(1)).to_have_text("Revoke")
    await expect(shown).to_contain_text("Never")
    assert status(dashboard, secret) == 200
    token = told(dashboard, "monitoring <b>")
    assert token["scope"] == "revoke"
    assert token["expires_at"] is not None
    assert secret not in await page.evaluate(_KEPT)
    await expect(page.get_by_role("button", name="Create token")).to_be_focused()


async def test_a_secret_can_be_copied(dashboard: Dashboard) -> None:
    page = await dashboard.open("tokens")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    secret = await create(page, "copied")
    await page.get_by_role("dialog").get_by_role("button", name="Copy the secret of the token").click()
    assert await page.evaluate("navigator.clipboard.readText()") == secret


async def test_a_token_without_an_end_is_one_that_never_expires(dashboard: Dashboard) -> None:
    page = await dashboard.open("tokens")
    await create(page, "for ever", expires="Never")
    assert told(dashboard, "for ever")["expires_at"] is None


async def test_the_same_in_a_terminal_is_what_was_asked_for(dashboard: Dashboard) -> None:
    page = await dashboard.open("tokens")
    dialog = await fill(page, "it's for ci", "Admin", "In 365 days")
    await dialog.get_by_text("In a terminal").click()
    await expect(dialog).to_contain_text(
        r"outerward tokens create --name 'it'\''s for ci' --scope admin --expires 365d"
    )
    await expect(dialog).to_contain_text(f"{dashboard.demo.admin}/tokens")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(row(page, "it's for ci")).to_have_count(0)


async def test_a_name_that_the_api_refuses_is_said_in_the_dialog(dashboard: Dashboard) -> None:
    dashboard.expect_trouble("400")
    page = await dashboard.open("tokens")
    dialog = await fill(page, "turned \u202e round", "Read", "Never")
    await dialog.get_by_role("button", name="Create token").click()
    await expect(dialog.get_by_role("alert")).not_to_be_empty()
    await dialog.get_by_label("Name").fill("")
    await expect(dialog.get_by_role("button", name="Create token")).to_be_disabled()


async def test_a_revoked_token_is_refused_at_once(dashboard: Dashboard) -> None:
    page = await dashboard.open("tokens")
    secret = await create(page, "short-lived")
    await page.keyboard.press("Escape")
    await row(page, "short-lived").get_by_role("button", name="Revoke short-lived").click()
    dialog = page.get_by_role("dialog", name="Revoke the token short-lived?")
    await dialog.get_by_role("button", name="Cancel").click()
    assert status(dashboard, secret) == 200
    await row(page, "short-lived").get_by_role("button", name="Revoke short-lived").click()
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(row(page, "short-lived")).to_have_count(0)
    assert status(dashboard, secret) == 401


async def test_who_revokes_the_token_in_use_is_told_so_and_out(dashboard: Dashboard) -> None:
    dashboard.expect_trouble("401")
    made = dashboard.ask("/tokens", "POST", {"name": "one's own", "scope": "admin"})
    page = dashboard.page
    await page.context.clear_cookies()
    await sign_in_by_token(page, dashboard.demo.admin, made["token"])
    await dashboard.open("tokens")
    await expect(row(page, "first admin token")).not_to_contain_text("In use here")
    mine = row(page, "one's own")
    await expect(mine).to_contain_text("In use here")
    await mine.get_by_role("button", name="Revoke one's own").click()
    dialog = page.get_by_role("dialog", name="Revoke the token one's own?")
    await expect(dialog).to_contain_text("you will be out, too")
    await dialog.get_by_role("button", name="Revoke").click()
    await page.wait_for_url("**/dashboard/login?**")


async def test_who_is_no_administrator_is_told_that_tokens_are_not_theirs(dashboard: Dashboard) -> None:
    dashboard.expect_trouble("403")
    page = await dashboard.signed_in("revoke")
    await expect(page.get_by_role("navigation").get_by_role("link", name="Tokens")).to_have_count(0)
    await page.goto(f"{dashboard.demo.admin}/dashboard/tokens")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Not with your role")
