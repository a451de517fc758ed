"""The list of sessions follows what happens, and nothing in it moves under a hand."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Dashboard
from tests.support.sessions_page import crowd, found, hover, row, rows, step_back, store_away, where

pytestmark = pytest.mark.needs("chromium")


async def test_a_session_that_begins_comes_in_by_itself_where_no_hand_is_on_the_list(
    dashboard: Dashboard,
) -> None:
    # Without the reading that comes every ten seconds: events alone tell of it.
    await dashboard.page.add_init_script("window.setInterval = () => 0")
    page = await dashboard.open("sessions")
    await step_back(page)
    await expect(rows(page).first).to_be_visible()
    await expect(page.get_by_role("group", name="Following").get_by_role("status")).to_have_text("Live")
    await dashboard.visitor("clock", "Tobias Okafor")
    await expect(rows(page).first).to_contain_text("Tobias Okafor")


async def test_no_row_moves_under_the_pointer_new_ones_wait_and_ended_ones_stay(dashboard: Dashboard) -> None:
    await crowd(dashboard, 1, "Soon Over")
    page = await dashboard.open("sessions")
    over = row(page, "Soon Over")
    await hover(page, row(page, "Kenji Watanabe"))
    before = await rows(page).locator("a[href^='/dashboard/sessions/']").all_inner_texts()
    places = [await each.bounding_box() for each in await rows(page).all()]

    await dashboard.visitor("app", "Tobias Okafor")
    button = page.get_by_role("button", name="1 new session")
    await expect(button).to_be_visible()
    (session,) = found(dashboard, "Soon Over")
    assert dashboard.demo.revoke(session) == 204
    await expect(over).to_contain_text("Ended")
    await expect(over).to_have_class("over")
    assert await rows(page).locator("a[href^='/dashboard/sessions/']").all_inner_texts() == before
    assert [await each.bounding_box() for each in await rows(page).all()] == places

    await button.click()
    await expect(rows(page).first).to_contain_text("Tobias Okafor")
    await expect(over).to_have_count(0)


async def test_a_paused_list_stands_still_and_goes_on_from_where_things_are(dashboard: Dashboard) -> None:
    await dashboard.page.clock.install()
    page = await dashboard.open("sessions")
    await step_back(page)
    await expect(rows(page).first).to_be_visible()
    pause = page.get_by_role("button", name="Pause")
    await pause.click()
    await step_back(page)
    await expect(pause).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    requests: list[str] = []
    page.on("request", lambda sent: requests.append(urlsplit(sent.url).path))
    await crowd(dashboard, 1, "Came Meanwhile")
    await page.clock.run_for(60_000)
    await expect(row(page, "Came Meanwhile")).to_have_count(0)
    assert set(requests) <= {"/readyz"}

    await pause.click()
    await step_back(page)
    await expect(row(page, "Came Meanwhile")).to_have_count(1)


async def test_a_session_that_goes_on_and_matches_no_more_is_not_called_ended(dashboard: Dashboard) -> None:
    await dashboard.visitor("app", "Lena Quist")
    (session,) = dashboard.demo.own_sessions().values()
    page = await where(dashboard, {"filter": f'obj.id == "{session["id"]}" && obj.outerward.requests < 1000'})
    await hover(page, rows(page).first)
    # Another filter than the page's own would find it still, so the API is asked about it by its id.
    await page.route(
        lambda url: "requests" in url and "/count" not in url,
        lambda route: route.fulfill(
            json={"application_sessions": [], "uri": "http://127.0.0.1/app/sessions", "next_page_uri": None}
        ),
    )
    await expect(page.get_by_role("group", name="Following").get_by_role("status")).to_have_text("Live")
    await dashboard.visitor("clock", "Tobias Okafor")
    await expect(rows(page).first).to_contain_text("No longer matches")
    await expect(rows(page).first).not_to_have_class("over")


async def test_while_the_store_is_away_the_rows_stay_and_the_page_goes_on_by_itself(
    dashboard: Dashboard,
) -> None:
    dashboard.expect_trouble("status of 503")
    page = await dashboard.open("sessions")
    await expect(row(page, "Kenji Watanabe")).to_have_count(1)
    await step_back(page)
    async with store_away(dashboard):
        await page.get_by_role("searchbox", name="Search").fill("ana")
        await expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
        await expect(page.get_by_text("Waiting for the store", exact=True)).to_be_visible()
        await expect(row(page, "Kenji Watanabe")).to_have_count(1)
    await expect(rows(page)).to_have_count(2)
    await expect(page.get_by_role("alert").filter(has_text="does not answer")).to_have_count(0)
