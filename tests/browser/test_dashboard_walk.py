"""The product page in a real browser: an administrator and the administered, step by step, in one demo."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Dashboard, Demo, watched

pytestmark = pytest.mark.needs("chromium")

TERMS = ("IP address", "Device", "Browser", "User agent", "Country", "Coordinates")
NEWCOMER_CLICKS = 4
KEEPS_FOCUS = """() => {
  const { activeElement, body } = document;
  return activeElement === body || document.querySelector("dialog").contains(activeElement);
}"""
"""Whether the focus is in the dialog, or at the browser's own controls."""


def searched(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search")


async def heading(page: Page, text: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)


def names(page: Page, table: str) -> Locator:
    """The links to people in a table."""
    return page.get_by_role("table", name=table).locator('a[href^="/dashboard/users/"]')


def term(region: Locator, name: str) -> Locator:
    """What a region says under a term."""
    return region.locator(f'dt:text-is("{name}") + dd')


async def test_users_are_found_by_provider_by_user_and_by_id(dashboard: Dashboard) -> None:
    page = await dashboard.open("users")
    found = names(page, "App users")
    await expect(found).not_to_have_count(0)
    identifier = dashboard.ask("/app/users", query={"q": "kenji"})["application_users"][0]["id"]

    await searched(page).fill("demo-saml")
    await expect(found).to_have_text(["Yusuf Demir", "Hanne Brekke"])
    await searched(page).fill("rafael@")
    await expect(found).to_have_text(["Rafael Montoya"])
    await searched(page).fill(identifier)
    await expect(found).to_have_text(["Kenji Watanabe"])
    await expect(page).to_have_url(f"{dashboard.demo.admin}/dashboard/users?q={identifier}")
    await page.reload()
    await expect(found).to_have_text(["Kenji Watanabe"])
    await searched(page).fill("nobody is called so")
    await expect(page.get_by_role("heading", level=2)).to_contain_text("No user matches")


async def test_a_user_is_opened_and_a_tunnel_tells_address_device_browser_and_place(
    dashboard: Dashboard,
) -> None:
    page = await dashboard.open("users")
    await page.get_by_role("link", name="Rafael Montoya").click()
    await heading(page, "Rafael Montoya")
    places = page.get_by_role("list", name="Tunnels and edges").get_by_role("link")
    await expect(places).to_have_count(2)

    await places.filter(has_text="Windows").click()
    region = page.get_by_role("region", name="Access details")
    await expect(region.get_by_role("heading", name="Access details")).to_be_focused()
    for name in TERMS:
        await expect(term(region, name)).to_have_count(1)
    await expect(term(region, "IP address")).to_contain_text("203.0.113.77")
    await expect(term(region, "Device")).to_contain_text("Windows")
    await expect(term(region, "Browser")).to_contain_text("Chrome 131")
    await expect(term(region, "User agent")).to_contain_text("Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
    await expect(term(region, "Country")).to_contain_text("Chile")
    await expect(term(region, "Coordinates")).to_contain_text("-33.4489, -70.6693")


async def test_who_is_deleted_is_out_at_the_next_click_and_cut_off_and_may_come_back(
    dashboard: Dashboard,
) -> None:
    clock = await dashboard.visitor("clock", "Mira Halvorsen")
    app = await clock.context.new_page()
    await app.goto(dashboard.demo.tunnels["app"])
    await heading(app, "You are mira")
    face = clock.locator("time")
    shown = await face.inner_text()
    await expect(face).not_to_have_text(shown)

    page = await dashboard.open("users")
    await searched(page).fill("mira")
    await page.get_by_role("button", name="Delete Mira Halvorsen").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("All 2 sessions of this user end at once, on every tunnel")
    await dialog.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("Mira Halvorsen is deleted, and every session ended.")).to_be_visible()
    await expect(names(page, "App users")).to_have_count(0)

    # The clock page has sent nothing since: it was told.
    await expect(clock.get_by_role("alert")).to_contain_text("The clock has stopped")
    await expect(clock.get_by_role("alert")).to_have_attribute("data-code", "1008")
    await app.reload()
    await heading(app, "Your session was ended")

    await app.get_by_role("button", name="Sign in again").click()
    await app.get_by_role("button", name="Mira Halvorsen").click()
    await heading(app, "You are mira")
    await expect(names(page, "App users")).to_have_text(["Mira Halvorsen"])


async def test_a_session_comes_in_by_itself_and_many_are_ended_after_they_were_counted(
    dashboard: Dashboard,
) -> None:
    page = await dashboard.open("sessions")
    people = names(page, "Sessions")
    await expect(people.filter(has_text="Rafael Montoya")).to_have_count(2)
    await expect(people.filter(has_text="Tobias Okafor")).to_have_count(0)
    visitor = await dashboard.visitor("app", "Tobias Okafor")
    await expect(people.filter(has_text="Tobias Okafor")).to_have_count(1)
    # Where the pointer has been the list would stand still.
    await page.mouse.move(0, 0)

    await page.get_by_role("checkbox", name="Select the session of Tobias Okafor").check()
    for box in await page.get_by_role("checkbox", name="Select the session of Hanne Brekke").all():
        await box.check()
    await page.get_by_role("button", name="End selected…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("3 sessions")
    await expect(dialog).to_contain_text("3 users")
    assert len(dashboard.demo.own_sessions()) == 1
    await dialog.get_by_role("textbox", name="Reason").fill("a walk")
    await dialog.get_by_role("button", name="End 3 sessions").click()
    await expect(dialog).to_contain_text("3 sessions ended.")
    await dialog.get_by_role("button", name="Close").click()
    assert dashboard.demo.own_sessions() == {}
    await visitor.reload()
    await heading(visitor, "Your session was ended")
    ended = dashboard.ask("/app/sessions", query={"state": "ended", "q": "tobias"})["application_sessions"]
    assert [each["outerward"]["ended_reason"] for each in ended] == ["revoked"]


async def test_the_whole_table_is_used_by_keyboard(dashboard: Dashboard) -> None:
    page = await dashboard.open("users")
    people = names(page, "App users")
    await expect(people.first).to_be_visible()
    press = page.keyboard.press

    await press("/")
    await expect(searched(page)).to_be_focused()
    await page.keyboard.type("demo")
    first, second = people.nth(0), people.nth(1)
    await first.focus()
    await press("ArrowDown")
    await expect(second).to_be_focused()
    await press("End")
    await expect(people.last).to_be_focused()
    await press("Home")
    await expect(first).to_be_focused()
    for _ in range(3):
        await press("Tab")
    button = page.get_by_role("button", name="Delete").first
    await expect(button).to_be_focused()

    await press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    for _ in range(12):
        await press("Tab")
        assert await page.evaluate(KEEPS_FOCUS)
    await press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(button).to_be_focused()

    await first.focus()
    name = await first.inner_text()
    await press("Enter")
    await heading(page, name)


async def test_a_newcomer_comes_from_the_link_to_a_session_that_is_ended_in_four_clicks(
    demo: Demo, chromium: Browser
) -> None:
    clicks: list[str] = []

    def count(text: str) -> None:
        clicks.append(text)

    troubles: list[str] = []
    context = await chromium.new_context()
    await context.expose_function("clicked", count)
    await context.add_init_script(
        "addEventListener('click', (event) => event.isTrusted && clicked(event.target.textContent), true)"
    )
    page = await watched(context, troubles)
    await page.goto(await demo.link())

    await page.get_by_role("link", name="Sessions").click()
    await page.get_by_role("button", name="End session Kenji Watanabe").click()
    await page.get_by_role("dialog").get_by_role("button", name="End session").click()
    await expect(page.get_by_text("The session of Kenji Watanabe on app is over.")).to_be_visible()
    assert 0 < len(clicks) <= NEWCOMER_CLICKS
    assert troubles == []
