"""The list of sessions in a real browser: what it shows, finding some, by keyboard and on small screens."""

import json
from collections.abc import Sequence

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Dashboard, Theme
from tests.support.axe import violations
from tests.support.sessions_page import asked, crowd, found, headings, row, rows, where

pytestmark = pytest.mark.needs("chromium")


async def test_the_columns_are_the_viewers_choice_and_stay_so(dashboard: Dashboard) -> None:
    page = await dashboard.open("sessions")
    await expect(headings(page)).to_contain_text(
        ["User", "Tunnel", "IP address", "Country", "Browser", "Last active", "Flags", "ID", "Actions"]
    )
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert await page.locator(".table").evaluate("box => box.scrollWidth - box.clientWidth") == 0

    await page.get_by_role("button", name="Columns").click()
    shown = page.get_by_role("group", name="Columns that are shown")
    for column in ("Device", "Created", "Expires", "Requests", "IdP"):
        await shown.get_by_role("checkbox", name=column).check()
    await shown.get_by_role("checkbox", name="Country").uncheck()
    await page.reload()
    await expect(headings(page).filter(has_text="Country")).to_have_count(0)
    kenji = row(page, "Kenji Watanabe")
    for text in ("2001:db8:51::a7", "Tablet, iOS", "58", "demo"):
        await expect(kenji).to_contain_text(text)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1280


async def test_a_row_leads_to_its_session_and_its_user(dashboard: Dashboard) -> None:
    session = dashboard.ask("/app/sessions", query={"q": "kenji"})["application_sessions"][0]
    page = await dashboard.open("sessions")
    kenji = row(page, "Kenji Watanabe")
    await expect(kenji.get_by_role("link", name="Kenji Watanabe")).to_have_attribute(
        "href", f"/dashboard/users/{session['application_user']['id']}"
    )
    await kenji.locator('a[href^="/dashboard/sessions/"]').click()
    await page.wait_for_url(f"**/dashboard/sessions/{session['id']}")


async def test_a_search_and_filters_hold_together_and_stand_in_the_address(dashboard: Dashboard) -> None:
    page = await dashboard.open("sessions")
    await page.get_by_role("searchbox", name="Search").fill("ana")
    await expect(rows(page)).to_have_count(2)
    await page.get_by_role("button", name="Add filter").click()
    await page.get_by_label("Field").select_option("Tunnel")
    await page.get_by_label("Value", exact=True).fill("app")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("list", name="Filters").get_by_text("Tunnel is app")).to_be_visible()
    await expect(rows(page)).to_have_count(1)
    await expect(page.locator(".count")).to_contain_text("1 session (newest first)")
    assert asked(page) == {"q": ["ana"], "filter": ['obj.tunnel == "app"']}

    await page.reload()
    await expect(rows(page)).to_have_count(1)
    await page.get_by_role("button", name="Remove filter: Tunnel is app").click()
    await expect(rows(page)).to_have_count(2)
    await page.go_back()
    await expect(rows(page)).to_have_count(1)


@pytest.mark.parametrize(
    ("field", "operator", "value", "written", "people"),
    [
        (
            "IP address",
            "is in the network",
            "198.51.100.0/24",
            'inCidr(obj.ip_address, "198.51.100.0/24")',
            3,
        ),
        ("Country", "is", "no", 'obj.country_code == "NO"', 2),
        ("Name", "contains", "Brek", 'obj.name.contains("Brek")', 2),
        ("Browser", "begins with", "Fire", 'obj.browser_name.startsWith("Fire")', 3),
        ("Kind of device", "is not", "Desktop", 'obj.device_type != "Desktop"', 4),
    ],
    ids=["network", "country", "part of a name", "beginning", "not"],
)
async def test_a_filter_is_put_together_without_knowing_the_language(
    dashboard: Dashboard, field: str, operator: str, value: str, written: str, people: int
) -> None:
    page = await where(dashboard, {"filter": 'obj.tunnel in ["app", "wiki", "clock"]'})
    await page.get_by_role("button", name="Add filter").click()
    await page.get_by_label("Field").select_option(field)
    await page.get_by_label("Condition").select_option(operator)
    await page.get_by_label("Value", exact=True).fill(value)
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(rows(page)).to_have_count(people)
    assert asked(page)["filter"] == [f'obj.tunnel in ["app", "wiki", "clock"] && {written}']


async def test_how_long_ago_is_asked_for_in_words(dashboard: Dashboard) -> None:
    page = await dashboard.open("sessions")
    await page.get_by_role("button", name="Add filter").click()
    await page.get_by_label("Field").select_option("Last active")
    await page.get_by_label("Condition").select_option("longer ago than")
    await page.get_by_label("How many").fill("4")
    await page.get_by_label("Of what").select_option("hours")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(rows(page)).to_have_count(1)
    await expect(row(page, "Kenji Watanabe")).to_have_count(1)
    assert asked(page)["filter"][0].startswith('obj.last_active < timestamp("')


async def test_a_filter_that_is_wrong_is_told_at_its_place_and_mended_there(dashboard: Dashboard) -> None:
    dashboard.expect_trouble("status of 400")
    page = await dashboard.open("sessions")
    await page.get_by_role("button", name="Edit as text").click()
    text = page.get_by_label("Filter as the API")
    await text.fill('obj.country_code = "SE"')
    await page.get_by_role("button", name="Apply").click()
    told = page.get_by_role("alert").filter(has_text="Character 18")
    await expect(told).to_contain_text('Write "==" to compare.')
    await expect(told.locator("mark")).to_have_text("=")
    await expect(rows(page)).to_have_count(0)
    await expect(text).to_have_attribute("aria-invalid", "true")

    await text.fill('obj.country_code == "SE" || obj.country_code == "NO"')
    await page.get_by_role("button", name="Apply").click()
    await expect(rows(page)).to_have_count(4)
    await expect(told).to_have_count(0)


async def test_what_is_not_found_is_said(dashboard: Dashboard) -> None:
    page = await where(dashboard, {"q": "nobody is called so"})
    await expect(page.get_by_role("heading", level=2)).to_have_text("No session matches")


async def test_the_list_and_its_terminal_twin_ask_for_the_same(dashboard: Dashboard) -> None:
    page = await where(dashboard, {"q": "ana", "filter": 'obj.tunnel == "app"'})
    await page.locator("summary", has_text="In a terminal").click()
    await expect(
        page.get_by_text("outerward sessions ls -q ana --filter 'obj.tunnel == \"app\"'")
    ).to_be_visible()
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Export as CSV").click()
    text = (await (await saved.value).path()).read_text()
    assert ["Ana Lindqvist" in line for line in text.splitlines()] == [False, True]
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Export as JSON").click()
    written = json.loads((await (await saved.value).path()).read_text())
    assert [each["outerward"]["user"]["name"] for each in written["application_sessions"]] == [
        "Ana Lindqvist"
    ]


async def test_sessions_that_are_over_tell_why_and_by_whom(dashboard: Dashboard) -> None:
    await dashboard.visitor("app", "Lena Quist")
    (session,) = dashboard.demo.own_sessions().values()
    assert dashboard.demo.revoke(session["id"]) == 204
    page = await dashboard.open("sessions")
    await page.get_by_role("link", name="Ended").click()
    over = row(page, "Lena Quist").first
    await expect(over).to_contain_text("ended by an administrator")
    await expect(over).to_contain_text("Token")
    await expect(page.get_by_role("checkbox")).to_have_count(0)
    await expect(page.get_by_role("button", name="End session")).to_have_count(0)
    await expect(page.get_by_role("link", name="Ended")).to_have_attribute("aria-current", "page")
    assert asked(page) == {"state": ["ended"]}


async def pressed(page: Page, keys: Sequence[str]) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_rows_are_selected_and_ended_by_keyboard_alone(dashboard: Dashboard) -> None:
    await crowd(dashboard, 3, "By Keyboard")
    page = await where(dashboard, {"filter": 'obj.name == "By Keyboard"'})
    boxes = page.get_by_role("checkbox", name="Select the session of By Keyboard")
    await expect(boxes).to_have_count(3)
    await boxes.first.focus()
    await pressed(page, ["Space", "ArrowDown", "ArrowDown", "Space", "Home"])
    await expect(boxes.nth(0)).to_be_focused()
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await expect(boxes.nth(1)).not_to_be_checked()
    await pressed(page, ["Shift+Tab", "Shift+Tab"])
    await expect(page.get_by_role("button", name="End selected…")).to_be_focused()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="End 2 sessions")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="End selected…")).to_be_focused()
    assert len(found(dashboard, "By Keyboard")) == 3


async def test_on_a_small_screen_rows_are_cards_and_what_is_selected_stands_below(
    dashboard: Dashboard,
) -> None:
    page = await where(
        dashboard, {"q": "kenji"}, await dashboard.signed_in(viewport={"width": 360, "height": 640})
    )
    await page.get_by_role("checkbox", name="Select the session of Kenji Watanabe").check()
    bar = await page.get_by_role("group", name="Selected sessions").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] == pytest.approx(640, abs=1)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.get_by_role("checkbox", name="Select all on this page").check()
    await page.get_by_role("button", name="Select none").click()
    await expect(page.get_by_role("button", name="End selected…")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
async def test_nothing_that_unfolds_breaks_a_rule(dashboard: Dashboard, theme: Theme, width: int) -> None:
    dashboard.expect_trouble("status of 400")
    screen = await dashboard.signed_in(
        viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce"
    )
    page = await where(dashboard, {"filter": 'obj.tunnel == "app" && !(obj.name == "x")'}, screen)
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_role("button", name="Add filter").click()
    await page.get_by_role("checkbox", name="Select all on this page").check()
    broken = {"form": await violations(page)}
    await page.get_by_role("button", name="End selected…").click()
    await expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_visible()
    broken["question"] = await violations(page)
    await where(dashboard, {"filter": "obj.country_code = 1"}, page)
    await expect(page.get_by_role("alert").filter(has_text="Character 18")).to_be_visible()
    broken["wrong"] = await violations(page)
    assert {state: told for state, told in broken.items() if told} == {}
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
