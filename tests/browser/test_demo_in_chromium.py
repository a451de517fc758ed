"""The demo in a real browser: its applications, a revocation by the API, a way back in and out."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import Demo

pytestmark = pytest.mark.needs("chromium")


async def test_two_applications_a_revocation_the_notice_and_a_way_back_in(
    demo: Demo, chromium: Browser
) -> None:
    app, clock = demo.tunnels["app"], demo.tunnels["clock"]
    page = await chromium.new_page()

    await page.goto(f"{app}/hello?x=1")
    await page.get_by_role("button", name="Mira Halvorsen").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are mira")
    assert page.url == f"{app}/hello?x=1"
    await page.goto(clock)
    await expect(page.get_by_role("heading", level=1)).to_have_text("The time on this machine")

    mine = demo.own_sessions()
    assert set(mine) == {app, clock}
    assert mine[app]["id"] != mine[clock]["id"]
    assert mine[app]["application_user"] == mine[clock]["application_user"]

    assert demo.revoke(mine[app]["id"]) == 204
    await page.goto(f"{app}/hello?x=1")
    for _ in range(2):
        await expect(page.get_by_role("heading", level=1)).to_have_text("Your session was ended")
        await expect(page.get_by_text("An administrator ended your session on")).to_be_visible()
        await page.reload()
    await page.goto(clock)
    await expect(page.get_by_role("heading", level=1)).to_have_text("The time on this machine")

    await page.goto(f"{app}/hello?x=1")
    await page.get_by_role("button", name="Sign in again").click()
    await page.get_by_role("button", name="Mira Halvorsen").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are mira")
    assert page.url == f"{app}/hello?x=1"


async def test_who_signs_out_is_signed_out_at_the_provider_too(demo: Demo, chromium: Browser) -> None:
    app = demo.tunnels["app"]
    page = await chromium.new_page()
    await page.goto(app)
    await page.get_by_role("button", name="Tobias Okafor").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are tobias")

    await page.get_by_role("link", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    assert page.url == f"{app}/.outerward/signed-out"
    assert await page.context.cookies() == []
    await page.goto(app)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Who are you?")
