"""Sessions are ended from the list: one by its row, chosen ones, and all that match."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Dashboard
from tests.support.sessions_page import crowd, found, row, rows, store_away, where

pytestmark = pytest.mark.needs("chromium")

EDGE_OF_PAGE = 100


async def test_a_session_ends_by_its_row_which_stays_and_keeps_the_focus(dashboard: Dashboard) -> None:
    visitor = await dashboard.visitor("app", "Lena Quist")
    (session,) = dashboard.demo.own_sessions().values()
    page = await where(dashboard, {"filter": f'obj.id == "{session["id"]}"'})
    button = page.get_by_role("button", name="End session Lena Quist")
    await button.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("End this session of Lena Quist?")
    await dialog.get_by_role("button", name="Cancel").click()
    assert len(found(dashboard, "Lena Quist")) >= 1
    await button.click()
    await dialog.get_by_role("button", name="End session", exact=True).click()
    await expect(rows(page).first).to_have_class("over")
    await expect(button).to_be_focused()
    await expect(button).to_have_attribute("aria-disabled", "true")
    assert dashboard.demo.own_sessions() == {}
    await visitor.reload()
    await expect(visitor.get_by_role("heading", level=1)).to_have_text("Your session was ended")


async def test_selected_sessions_are_counted_before_they_end_and_the_reason_is_kept(
    dashboard: Dashboard,
) -> None:
    await crowd(dashboard, 5, "Chosen Few")
    page = await where(dashboard, {"q": "chosen"})
    boxes = page.get_by_role("checkbox", name="Select the session of Chosen Few")
    for number in range(3):
        await boxes.nth(number).check()
    whole = page.get_by_role("checkbox", name="Select all on this page")
    assert await whole.evaluate("box => box.indeterminate")
    await page.get_by_role("button", name="End selected…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("3 sessions, 3 users", exact=True)).to_be_visible()
    assert len(found(dashboard, "Chosen Few")) == 5
    await dialog.get_by_label("Reason").fill("lost laptop")
    await dialog.locator("summary").click()
    await expect(dialog.get_by_text("outerward sessions revoke edgses_")).to_contain_text(
        "--reason 'lost laptop'"
    )
    await dialog.get_by_role("button", name="End 3 sessions").click()
    await expect(dialog.get_by_role("status")).to_contain_text("3 sessions ended.")
    await expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    await dialog.get_by_role("button", name="Close").click()
    assert len(found(dashboard, "Chosen Few")) == 2
    (event, *_) = dashboard.ask("/events", query={"type": "revoke"})["events"]
    assert event["details"]["note"] == "lost laptop"


async def test_all_that_match_end_though_the_page_shows_but_some(dashboard: Dashboard) -> None:
    await crowd(dashboard, 130, "One Of Many", country="FO")
    await crowd(dashboard, 1, "Another One", country="GL")
    page = await where(dashboard, {"filter": 'obj.country_code == "FO"'})
    await expect(rows(page)).to_have_count(EDGE_OF_PAGE)
    await page.get_by_role("checkbox", name="Select all on this page").check()
    await expect(page.get_by_text("100 selected")).to_be_visible()
    await page.get_by_role("button", name="Select all 130 that match").click()
    await expect(page.get_by_text("130 selected")).to_be_visible()
    await page.get_by_role("button", name="End selected…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("p").first).to_have_text(
        "This is about every session that matches: Country is Faroe Islands (FO)."
    )
    await expect(dialog.get_by_text("130 sessions, 130 users", exact=True)).to_be_visible()
    await dialog.locator("summary").click()
    await expect(
        dialog.get_by_text("outerward sessions revoke --filter 'obj.country_code == \"FO\"'")
    ).to_be_visible()
    await dialog.get_by_role("button", name="End 130 sessions").click()
    await expect(dialog.get_by_role("status")).to_contain_text("130 sessions ended.")
    assert (len(found(dashboard, "One Of Many")), len(found(dashboard, "Another One"))) == (0, 1)


@pytest.mark.parametrize(
    ("given", "about"),
    [
        ("", "every session there is: no filter is set."),
        (
            'obj.country_code == "FO" && !(obj.tunnel == "wiki")',
            'every session that matches: Country is Faroe Islands (FO) and !(obj.tunnel == "wiki").',
        ),
    ],
    ids=["no filter", "more than plain conditions"],
)
async def test_before_many_end_the_question_says_which_they_are(
    dashboard: Dashboard, given: str, about: str
) -> None:
    await crowd(dashboard, 101, "Told Of", country="FO")
    page = await where(dashboard, {"filter": given})
    await page.get_by_role("checkbox", name="Select all on this page").check()
    await page.get_by_role("button", name="Select all").click()
    await page.get_by_role("button", name="End selected…").click()
    await expect(page.get_by_role("dialog").locator("p").first).to_have_text(f"This is about {about}")


async def test_a_search_selects_no_further_than_the_page(dashboard: Dashboard) -> None:
    await crowd(dashboard, 101, "Searched For", country="FO")
    page = await where(dashboard, {"q": "searched"})
    await expect(rows(page)).to_have_count(EDGE_OF_PAGE)
    await page.get_by_role("checkbox", name="Select all on this page").check()
    await expect(page.get_by_text("A search selects no further than this page.")).to_be_visible()
    await expect(page.get_by_role("button", name="Select all")).to_have_count(0)
    await page.get_by_role("button", name="Older").click()
    await expect(rows(page)).to_have_count(1)
    await expect(page.get_by_role("button", name="End selected…")).to_have_count(0)


async def test_many_end_part_by_part_and_cancel_lets_the_call_under_way_finish_and_sends_no_other(
    dashboard: Dashboard,
) -> None:
    await crowd(dashboard, 2, "Very Many", country="AX")
    page = await where(dashboard, {"filter": 'obj.country_code == "AX"'})
    await page.get_by_role("checkbox", name="Select all on this page").check()
    sent: list[dict[str, object]] = []
    held, let_go = asyncio.Event(), asyncio.Event()

    async def in_parts(route: Route) -> None:
        """What the API answers, as the first parts of something larger."""
        body = route.request.post_data_json or {}
        if body.get("dry_run"):
            await route.fulfill(json=await (await route.fetch()).json() | {"matched": 4000})
            return
        sent.append(body)
        if len(sent) == 1:
            await route.fulfill(json=await (await route.fetch()).json() | {"next": "the second"})
            return
        held.set()
        await let_go.wait()
        ended = {
            "matched": 3,
            "users": 1,
            "yours": 0,
            "revoked": ["edgses_x"],
            "failed": [],
            "next": "the third",
        }
        await route.fulfill(json=ended)

    await page.route("**/app/sessions/revoke", in_parts)
    await page.get_by_role("button", name="End selected…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="End 4,000 sessions").click()
    await held.wait()
    await expect(dialog.get_by_role("progressbar")).to_have_attribute("value", "2")
    await expect(dialog.get_by_text("2 of 4,000", exact=True).last).to_be_visible()
    await dialog.get_by_role("button", name="Cancel").click()
    let_go.set()
    told = "Stopped: 3 of 4,000 sessions are ended, the others go on."
    await expect(dialog.get_by_role("status")).to_contain_text(told)
    assert [body.get("next") for body in sent] == [None, "the second"]
    assert found(dashboard, "Very Many") == []


async def test_what_the_store_could_not_confirm_is_tried_again_from_there(dashboard: Dashboard) -> None:
    dashboard.expect_trouble("status of 503")
    await crowd(dashboard, 2, "Not Confirmed")
    page = await where(dashboard, {"q": "not confirmed"})
    await page.get_by_role("checkbox", name="Select all on this page").check()
    await page.get_by_role("button", name="End selected…").click()
    dialog = page.get_by_role("dialog")
    verb = dialog.get_by_role("button", name="End 2 sessions")
    await expect(verb).to_be_visible()
    async with store_away(dashboard):
        await verb.click()
        again = dialog.get_by_role("button", name="Try again")
        await expect(again).to_be_visible()
        await expect(dialog.get_by_role("alert")).not_to_be_empty()
    await again.click()
    await expect(dialog.get_by_role("button", name="Close")).to_be_visible()
    assert len(found(dashboard, "Not Confirmed")) == 0


async def test_who_may_only_read_sees_no_button_that_ends(dashboard: Dashboard) -> None:
    await crowd(dashboard, 1, "Only Looked At")
    page = await where(dashboard, {"q": "looked"}, await dashboard.signed_in("read"))
    await expect(row(page, "Only Looked At")).to_have_count(1)
    await expect(page.get_by_role("checkbox")).to_have_count(0)
    await expect(page.get_by_role("button", name="End")).to_have_count(0)
