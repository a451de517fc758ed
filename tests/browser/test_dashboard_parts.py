"""What all pages are made of: answers that break off, a search that goes on, dialogs that close."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Dashboard
from tests.support.sessions_page import crowd, where

pytestmark = pytest.mark.needs("chromium")

BREAK_OFF_WHAT_IS_MADE = """() => {
  const whole = Response.prototype.json;
  Response.prototype.json = function () {
    return this.status === 201 ? Promise.reject(new TypeError("network error")) : whole.call(this);
  };
}"""
TYPE_ON_AS_THE_ADDRESS_CHANGES = """(field) => {
  const replace = history.replaceState.bind(history);
  history.replaceState = (...given) => {
    history.replaceState = replace;
    replace(...given);
    field.value += "b";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
}"""
AFTER_TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


async def test_an_answer_that_breaks_off_is_told_and_the_act_can_be_tried_again(dashboard: Dashboard) -> None:
    page = await dashboard.open("tokens")
    await page.evaluate(BREAK_OFF_WHAT_IS_MADE)
    await page.get_by_role("button", name="Create token").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("lost on the way")
    create = dialog.get_by_role("button", name="Create token")
    await create.click()
    await expect(dialog.get_by_role("alert")).not_to_be_empty()
    await expect(create).to_be_enabled()


async def test_what_is_typed_while_a_search_begins_is_kept(dashboard: Dashboard) -> None:
    page = await dashboard.open("users")
    field = page.get_by_role("searchbox", name="Search")
    await field.evaluate(TYPE_ON_AS_THE_ADDRESS_CHANGES)
    await field.press_sequentially("a")
    await page.wait_for_url("**/dashboard/users?q=ab")
    await expect(field).to_have_value("ab")


async def test_a_dialog_closes_once(dashboard: Dashboard) -> None:
    await crowd(dashboard, 1, "Closed Once")
    page = await where(dashboard, {"q": "closed once"})
    await page.get_by_role("checkbox", name="Select the session of Closed Once").check()
    await page.get_by_role("button", name="End selected…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="End 1 session").click()
    await dialog.get_by_role("button", name="Close").click()
    notes = page.get_by_text("1 session ended.", exact=True)
    await expect(notes.first).to_be_visible()
    await page.evaluate(AFTER_TWO_FRAMES)
    await expect(notes).to_have_count(1)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": 204}, "Kenji Watanabe is deleted, and every session ended."),
        (
            {"status": 400, "json": {"error_code": "X", "msg": "No such thing.", "details": {}}},
            "“Delete Kenji Watanabe?” was not done: No such thing.",
        ),
    ],
    ids=["done", "not done"],
)
async def test_what_comes_of_an_act_is_told_though_its_question_is_closed_and_closes_no_other(
    dashboard: Dashboard, answer: dict[str, Any], told: str
) -> None:
    dashboard.expect_trouble("status of 400")
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def held(route: Route) -> None:
        begun.set()
        await let_go.wait()
        await route.fulfill(**answer)

    page = await dashboard.open("users")
    await page.route("**/app/users/edgusr_*", held)
    await page.get_by_role("button", name="Delete Kenji Watanabe").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await begun.wait()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Sign out Kenji Watanabe").click()
    let_go.set()
    await expect(page.get_by_text(told)).to_be_visible()
    await page.evaluate(AFTER_TWO_FRAMES)
    await expect(page.get_by_role("dialog", name="Sign Kenji Watanabe out?")).to_be_visible()


async def test_what_ends_nothing_does_not_say_that_all_of_none_end(dashboard: Dashboard) -> None:
    dashboard.ask("/app/sessions/revoke", "POST", {"filter": 'obj.name == "Rafael Montoya"'})
    page = await dashboard.open("users")
    for name in ("Delete", "Sign out", "Block"):
        await page.get_by_role("button", name=f"{name} Rafael Montoya").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("This user has no live session, so none ends.")
        await expect(dialog).not_to_contain_text("All 0")
        await dialog.get_by_role("button", name="Cancel").click()


async def test_a_terminal_is_told_where_the_api_is_and_which_variable_holds_the_token(
    dashboard: Dashboard,
) -> None:
    page = await dashboard.open("users")
    await page.locator("summary", has_text="In a terminal").click()
    await expect(page.get_by_text("OUTERWARD_ADMIN_TOKEN holds an API token")).to_be_visible()
    where = dashboard.demo.admin
    # Where it looks by itself it need not be told.
    command = "outerward users ls" + ("" if where == "http://127.0.0.1:4040" else f" --admin {where}")
    await expect(page.get_by_text(command, exact=True)).to_be_visible()
