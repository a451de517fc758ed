"""The demo in a real browser: two applications, a revocation by the API, the notice, and a way back in."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.support.program import Program, request

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """A demo that told that it is ready."""
    monkeypatch.delenv("DISPLAY", raising=False)
    program = Program(tmp_path, "demo", "--json", "--no-browser", "--ready-file", str(tmp_path / "ready"))
    try:
        yield program.ready()
    finally:
        program.stop()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        await browser.close()


async def test_two_applications_a_revocation_the_notice_and_a_way_back_in(
    demo: Program, chromium: Browser
) -> None:
    assert demo.process.stdout is not None
    told = json.loads(demo.process.stdout.readline())
    app, clock = (tunnel["url"] for tunnel in told["tunnels"])
    page = await chromium.new_page()

    await page.goto(f"{app}/hello?x=1")
    await page.get_by_role("button", name="Mira Halvorsen").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are mira")
    assert page.url == f"{app}/hello?x=1"
    await page.goto(clock)
    await expect(page.get_by_role("heading", level=1)).to_have_text("The time on this machine")

    listed = json.loads(demo.ask_admin("/app/sessions", told["admin_token"]).body)["application_sessions"]
    mine = {
        each["public_url"]: each for each in listed if each["browser_session"]["ip_address"] == "127.0.0.1"
    }
    assert set(mine) == {app, clock}
    assert mine[app]["id"] != mine[clock]["id"]
    assert mine[app]["application_user"] == mine[clock]["application_user"]

    credentials = {"Authorization": f"Bearer {told['admin_token']}"}
    deleted = request(told["admin"], f"/app/sessions/{mine[app]['id']}", credentials, "DELETE")
    assert deleted.status == 204
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
