"""A user's page in a real browser, over a real demo: who it is, how sessions are used, what can be done."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Dashboard
from tests.support.sessions_page import crowd

pytestmark = pytest.mark.needs("chromium")

TERMS = ["IP address", "Device", "Browser", "User agent", "Country", "Coordinates"]
NOT_FOUND = "404"


async def open_user(dashboard: Dashboard, name: str, on: Page | None = None) -> dict[str, Any]:
    """Go to the page of the user called ``name``, who is told as the API has them."""
    found = dashboard.ask("/app/users", query={"filter": f"obj.name == {json.dumps(name)}"})
    user: dict[str, Any] = found["application_users"][0]
    page = on or dashboard.page
    await page.goto(f"{dashboard.demo.admin}/dashboard/users/{user['id']}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return user


def tunnels(page: Page) -> Locator:
    return page.get_by_role("list", name="Tunnels and edges")


def details(page: Page) -> Locator:
    return page.get_by_role("region", name="Access details")


def read(path: Path) -> Any:
    """A file of JSON."""
    return json.loads(path.read_text())


async def confirm(page: Page, verb: str) -> None:
    """Press the button that does it, and wait until it is done."""
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name=verb, exact=True).click()
    await expect(dialog).to_have_count(0)


async def test_a_page_is_called_by_the_user_and_says_who_that_is(dashboard: Dashboard) -> None:
    user = await open_user(dashboard, "Chloé Martel")
    page = dashboard.page
    await expect(page).to_have_title("Chloé Martel · Outerward")
    basic = page.get_by_role("region", name="Basic information")
    for text in ("chloe", "chloe@example.org", "Verified", "demo-2005", user["id"]):
        await expect(basic).to_contain_text(text)
    provider = page.get_by_role("region", name="Identity provider")
    await expect(provider).to_contain_text("demo")
    await expect(provider.get_by_role("link", name=user["identity_provider"]["url"])).to_be_visible()
    await expect(provider.get_by_role("link", name="1 live session")).to_be_visible()


async def test_a_tunnel_leads_to_where_from_and_with_what_it_is_used(dashboard: Dashboard) -> None:
    await open_user(dashboard, "Ana Lindqvist")
    page = dashboard.page
    await tunnels(page).get_by_role("link", name="app").click()
    region = details(page)
    await expect(region.get_by_role("heading", name="Access details")).to_be_focused()
    assert await region.get_by_role("term").all_inner_texts() == TERMS
    shown = await region.get_by_role("definition").all_inner_texts()
    assert [text.strip() for text in shown[:3]] == [
        "198.51.100.204",
        "Desktop, Mac OS X 10.15.7",
        "Safari 18.1",
    ]
    assert shown[3].startswith("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)")
    assert shown[4] == "Sweden (SE)"
    assert shown[5].startswith("57.7089, 11.9746 within 20 km")
    outside = region.get_by_role("link", name="Open in OpenStreetMap")
    await expect(outside).to_have_attribute("rel", "noopener noreferrer")
    await expect(outside).to_have_attribute(
        "href", "https://www.openstreetmap.org/?mlat=57.7089&mlon=11.9746#map=10/57.7089/11.9746"
    )
    await expect(region.get_by_role("img", name="Map around Sweden, within 20 km")).to_be_visible()
    history = region.get_by_role("table", name="History of accesses")
    await expect(history.get_by_role("row")).to_have_count(2)
    await expect(history.get_by_role("row").last).to_contain_text("198.51.100.204")


async def test_a_new_device_is_flagged_with_the_reason(dashboard: Dashboard) -> None:
    await open_user(dashboard, "Ana Lindqvist")
    await tunnels(dashboard.page).get_by_role("link", name="clock").click()
    row = details(dashboard.page).get_by_role("table", name="History of accesses").get_by_role("row").last
    await expect(row).to_contain_text("New device")
    await expect(row).to_contain_text("is not among this user's devices of the last 30 days")


async def test_back_goes_through_the_tunnels_that_were_looked_at(dashboard: Dashboard) -> None:
    await open_user(dashboard, "Ana Lindqvist")
    page = dashboard.page
    entries = tunnels(page).get_by_role("link")
    await entries.first.click()
    await expect(entries.first).to_have_attribute("aria-current", "true")
    await entries.last.click()
    await expect(entries.last).to_have_attribute("aria-current", "true")
    await expect(entries.first).not_to_have_attribute("aria-current", "true")
    await expect(details(page)).to_contain_text("2001:db8:2c::19")
    await page.go_back()
    await expect(details(page)).to_contain_text("198.51.100.204")
    await page.go_back()
    await expect(details(page)).to_have_count(0)
    await expect(entries.first).to_be_focused()


async def test_an_address_shows_the_same_to_whoever_opens_it(dashboard: Dashboard) -> None:
    user = await open_user(dashboard, "Ana Lindqvist")
    await tunnels(dashboard.page).get_by_role("link", name="clock").click()
    await expect(details(dashboard.page)).to_be_visible()
    other = await dashboard.signed_in("read")
    await other.goto(dashboard.page.url)
    await expect(details(other)).to_contain_text("2001:db8:2c::19")
    assert user["id"] in other.url


async def test_ending_a_session_says_that_it_is_over_and_keeps_it_below(dashboard: Dashboard) -> None:
    visitor = await dashboard.visitor("app", "Lena Quist")
    await open_user(dashboard, "Lena Quist")
    page = dashboard.page
    await tunnels(page).get_by_role("link", name="app").click()
    await details(page).get_by_role("button", name="End session app").click()
    await confirm(page, "End session")
    await expect(details(page)).to_contain_text("This session is over.")
    await expect(details(page).get_by_role("heading")).to_be_focused()
    await expect(tunnels(page).get_by_role("link")).to_have_count(0)
    await page.get_by_text("1 ended session").click()
    row = page.get_by_role("table", name="Ended sessions").get_by_role("row").last
    await expect(row).to_contain_text("ended by an administrator")
    await expect(row).to_contain_text("app")
    await visitor.reload()
    assert "/.outerward/login" in visitor.url


async def test_what_happens_elsewhere_is_seen_without_a_reload(dashboard: Dashboard) -> None:
    await dashboard.visitor("app", "Tobias Okafor")
    user = await open_user(dashboard, "Tobias Okafor")
    page = dashboard.page
    await expect(tunnels(page).get_by_role("link")).to_have_count(1)
    await dashboard.visitor("clock", "Tobias Okafor")
    await expect(tunnels(page).get_by_role("link")).to_have_count(2)
    dashboard.ask("/app/sessions/revoke", "POST", {"filter": f'obj.application_user_id == "{user["id"]}"'})
    await expect(tunnels(page).get_by_role("link")).to_have_count(0)
    await expect(page.get_by_text("No live session")).to_be_visible()
    events = page.get_by_role("region", name="Latest events")
    await expect(events.get_by_role("listitem").first).to_contain_text("ended 2 sessions of Tobias Okafor")


async def test_a_block_is_shown_with_its_reason_until_it_is_lifted(dashboard: Dashboard) -> None:
    await open_user(dashboard, "Kenji Watanabe")
    page = dashboard.page
    await page.get_by_role("button", name="Block Kenji Watanabe").click()
    await page.get_by_label("Reason").fill("lost the tablet")
    await confirm(page, "Block")
    panel = page.get_by_role("region", name="Blocked")
    await expect(panel).to_contain_text("lost the tablet")
    await expect(panel).to_contain_text("Somebody lifts it")
    await page.get_by_role("button", name="Unblock Kenji Watanabe").click()
    await confirm(page, "Unblock")
    await expect(panel).to_have_count(0)


async def test_deleting_leads_back_to_the_list_which_says_so(dashboard: Dashboard) -> None:
    dashboard.expect_trouble(NOT_FOUND)
    user = await open_user(dashboard, "Yusuf Demir")
    page = dashboard.page
    await page.get_by_role("button", name="Delete Yusuf Demir").click()
    await confirm(page, "Delete")
    await page.wait_for_url("**/dashboard/users")
    await expect(
        page.get_by_role("status").get_by_text("Yusuf Demir is deleted, and every session ended.")
    ).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("table", name="App users")).to_be_visible()
    await expect(page.get_by_text("Yusuf Demir is deleted")).to_have_count(0)
    await dashboard.open(f"users/{user['id']}")
    await expect(page.get_by_role("heading", name="No such user")).to_be_visible()
    await expect(page.get_by_role("region", name="Latest events")).to_contain_text("deleted")


async def test_erasing_asks_for_the_name(dashboard: Dashboard) -> None:
    dashboard.expect_trouble(NOT_FOUND)
    await dashboard.visitor("app", "Mira Halvorsen")
    user = await open_user(dashboard, "Mira Halvorsen")
    page = dashboard.page
    await page.get_by_role("button", name="Erase Mira Halvorsen").click()
    dialog = page.get_by_role("dialog")
    erase = dialog.get_by_role("button", name="Erase", exact=True)
    await expect(erase).to_be_disabled()
    await dialog.get_by_role("textbox").fill("Mira")
    await expect(erase).to_be_disabled()
    await dialog.get_by_role("textbox").fill("Mira Halvorsen")
    await erase.click()
    await page.wait_for_url("**/dashboard/users")
    await expect(page.get_by_text("All that was kept of Mira Halvorsen is erased")).to_be_visible()
    assert dashboard.ask("/events", query={"user": user["id"]})["events"] == []


async def test_all_that_is_kept_can_be_taken_along(dashboard: Dashboard) -> None:
    user = await open_user(dashboard, "Rafael Montoya")
    async with dashboard.page.expect_download() as begun:
        await dashboard.page.get_by_role("button", name="Export all data").click()
    file = await begun.value
    assert file.suggested_filename == f"{user['id']}.json"
    kept = read(await file.path())
    assert kept["application_user"]["id"] == user["id"]
    assert len(kept["application_sessions"]) == 2


async def test_who_may_only_look_has_no_button_that_does_anything(dashboard: Dashboard) -> None:
    page = await dashboard.signed_in("read")
    await open_user(dashboard, "Hanne Brekke", page)
    await tunnels(page).get_by_role("link").first.click()
    await expect(details(page).get_by_role("table")).to_be_visible()
    names = [
        await each.get_attribute("aria-label") or ""
        for each in await page.locator("#main").get_by_role("button").all()
    ]
    assert names
    assert all(name.startswith("Copy ") for name in names)


async def test_who_may_end_sessions_may_not_erase(dashboard: Dashboard) -> None:
    page = await dashboard.signed_in("revoke")
    await open_user(dashboard, "Hanne Brekke", page)
    await expect(page.get_by_role("button", name="Sign out Hanne Brekke")).to_be_visible()
    await expect(page.get_by_role("button", name="Erase")).to_have_count(0)
    await expect(page.get_by_role("button", name="Export all data")).to_have_count(0)


async def test_an_id_that_is_nobody_s_says_so(dashboard: Dashboard) -> None:
    dashboard.expect_trouble(NOT_FOUND)
    page = await dashboard.open("users/edgusr_2pG7vN0bR1kX4sT8wZ3yC6fH9jL")
    await expect(page.get_by_role("heading", name="No such user")).to_be_visible()
    await page.get_by_role("link", name="All app users").click()
    await expect(page.get_by_role("table", name="App users")).to_be_visible()


async def test_where_the_last_of_a_page_is_unblocked_the_page_before_is_shown(dashboard: Dashboard) -> None:
    await crowd(dashboard, 101, "Blocked Crowd")
    newest = dashboard.ask("/app/users", query={"q": "blocked"})["application_users"]
    query = {"q": "blocked", "before_id": newest[-1]["id"]}
    (oldest,) = dashboard.ask("/app/users", query=query)["application_users"]
    for user in (*newest, oldest):
        dashboard.ask(f"/app/users/{user['id']}/block", "PUT", {})

    page = await dashboard.open("users?state=blocked")
    rows = page.get_by_role("table", name="Blocked users").locator("tbody tr")
    await expect(rows).to_have_count(100)
    await page.get_by_role("button", name="Older").click()
    await expect(rows).to_have_count(1)
    await rows.get_by_role("button", name="Unblock Blocked Crowd").click()
    await page.get_by_role("dialog").get_by_role("button", name="Unblock").click()
    await expect(rows).to_have_count(100)
    await expect(page.get_by_role("button", name="Older")).to_have_count(0)
