"""Ways into the dashboard and out of it in a real browser: the demo's link, a token, a provider."""

import os
import pty
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Dashboard, Demo, watched
from tests.support.program import Program

pytestmark = pytest.mark.needs("chromium")

LINK = re.compile(r"Open the dashboard: (http://127\.0\.0\.1:\d+/dashboard/login\?code=\S+)")


class Terminal:
    """A demo that a person has started in a terminal."""

    def __init__(self, program: Program, keyboard: int) -> None:
        self._program = program
        self._keyboard = keyboard

    def next_link(self) -> str:
        """The next link that it prints."""
        assert self._program.process.stdout is not None
        while line := self._program.process.stdout.readline().decode():
            if found := LINK.fullmatch(line.strip()):
                return found[1]
        raise AssertionError("no link was printed")

    def press_enter(self) -> None:
        os.write(self._keyboard, b"\n")


@contextmanager
def demo_in_a_terminal(folder: Path) -> Iterator[Terminal]:
    keyboard, stdin = pty.openpty()
    program = Program(folder, "demo", "--no-browser", stdin=stdin)
    try:
        yield Terminal(program, keyboard)
    finally:
        program.stop()
        os.close(stdin)
        os.close(keyboard)


async def heading(page: Page, text: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)


async def choose(page: Page, demo: Demo, person: str) -> None:
    """Sign in to the dashboard at the provider, as one of its people."""
    await page.goto(f"{demo.admin}/dashboard/sessions")
    await page.get_by_role("button", name="Sign in with demo").click()
    await page.get_by_role("button", name=person).click()
    await page.wait_for_url(f"{demo.admin}/dashboard/sessions")


async def test_the_demos_link_signs_in_once_and_enter_brings_another(
    tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with demo_in_a_terminal(tmp_path) as terminal:
        link = terminal.next_link()
        first, late = [await (await chromium.new_context()).new_page() for _ in range(2)]
        await first.goto(link)
        await heading(first, "App users")
        assert first.url.endswith("/dashboard/users")

        await late.goto(link)
        await heading(late, "Sign in")
        await expect(late.get_by_role("alert")).to_contain_text("used already")

        terminal.press_enter()
        another = terminal.next_link()
        assert another != link
        await late.goto(another)
        await heading(late, "App users")


async def test_a_wrong_token_is_told_and_the_right_one_leads_to_the_page_that_was_asked_for(
    demo: Demo, chromium: Browser
) -> None:
    page = await chromium.new_page()
    await page.goto(f"{demo.admin}/dashboard/sessions?q=mira")
    await heading(page, "Sign in")
    await page.get_by_label("Token").fill("ow_" + "x" * 40)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("not a valid token")

    await page.get_by_label("Token").fill(demo.admin_token)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await heading(page, "Sessions")
    assert page.url == f"{demo.admin}/dashboard/sessions?q=mira"


async def test_who_has_signed_out_is_out_in_every_tab_and_back_shows_nothing(dashboard: Dashboard) -> None:
    dashboard.expect_trouble("status of 401")
    page = await dashboard.open("users")
    other = await watched(page.context, dashboard.troubles)
    await other.goto(page.url)
    await heading(other, "App users")

    await page.get_by_role("button", name="Sign out of the dashboard").click()
    await heading(page, "Sign in")
    await page.go_back()
    await heading(page, "Sign in")
    await other.get_by_role("searchbox", name="Search").fill("mira")
    await heading(other, "Sign in")


async def test_a_token_that_is_revoked_ends_its_pages_and_a_new_sign_in_goes_on_there(
    dashboard: Dashboard,
) -> None:
    dashboard.expect_trouble("status of 401")
    made = dashboard.ask("/tokens", "POST", {"name": "to be revoked", "scope": "read"})
    page = await watched(await dashboard.chromium.new_context(), dashboard.troubles)
    await page.goto(f"{dashboard.demo.admin}/dashboard/users?q=ana")
    await page.get_by_label("Token").fill(made["token"])
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("searchbox", name="Search")).to_have_value("ana")
    await expect(page.locator("#app")).to_have_attribute("aria-busy", "false")

    dashboard.ask(f"/tokens/{made['id']}", "DELETE")
    await page.get_by_role("searchbox", name="Search").fill("ana l")
    await expect(page.get_by_role("alert")).to_contain_text("Your session is over")
    await page.get_by_label("Token").fill(dashboard.demo.admin_token)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("searchbox", name="Search")).to_have_value("ana l")


@pytest.mark.parametrize(
    ("person", "role", "acts", "tokens"),
    [
        ("Lena Quist", "viewer", 0, 0),
        ("Tobias Okafor", "operator", 1, 0),
        ("Mira Halvorsen", "admin", 1, 1),
    ],
    ids=["viewer", "operator", "admin"],
)
async def test_who_signs_in_through_the_provider_sees_what_the_role_may_do(
    demo: Demo, chromium: Browser, person: str, role: str, acts: int, tokens: int
) -> None:
    troubles: list[str] = []
    page = await watched(await chromium.new_context(), troubles)
    await choose(page, demo, person)
    await expect(page.get_by_text(person).first).to_be_visible()
    await expect(page.locator(".role")).to_have_text(role)

    await page.get_by_role("link", name="App users").click()
    await expect(page.get_by_role("link", name="Kenji Watanabe")).to_be_visible()
    await expect(page.get_by_role("button", name="Delete Kenji Watanabe")).to_have_count(acts)
    await expect(page.get_by_role("link", name="Tokens")).to_have_count(tokens)

    await page.get_by_role("button", name="Sign out of the dashboard").click()
    await heading(page, "You are signed out")
    await page.goto(f"{demo.admin}/dashboard/users")
    await heading(page, "Sign in")
    assert troubles == []


async def test_a_session_of_the_dashboard_opens_no_application_and_none_of_theirs_the_dashboard(
    demo: Demo, chromium: Browser
) -> None:
    page = await (await chromium.new_context()).new_page()
    await page.goto(demo.tunnels["app"])
    await page.get_by_role("button", name="Mira Halvorsen").click()
    await heading(page, "You are mira")
    await page.goto(f"{demo.admin}/dashboard/users")
    await heading(page, "Sign in")

    other = await (await chromium.new_context()).new_page()
    await choose(other, demo, "Mira Halvorsen")
    own = [each for each in await other.context.cookies() if each["name"] == "outerward-admin"]
    assert [each["domain"] for each in own] == ["127.0.0.1"]
    name = demo.tunnels["app"].removeprefix("http://").partition(":")[0]
    await other.context.clear_cookies(domain="localhost")
    await other.context.add_cookies(
        [{"name": "outerward", "value": own[0]["value"], "domain": name, "path": "/"}]
    )
    await other.goto(demo.tunnels["app"])
    await heading(other, "Who are you?")


async def test_before_many_end_an_administrator_is_told_how_many_are_own(
    demo: Demo, chromium: Browser
) -> None:
    visitor = await (await chromium.new_context()).new_page()
    await visitor.goto(demo.tunnels["app"])
    await visitor.get_by_role("button", name="Mira Halvorsen").click()
    await heading(visitor, "You are mira")

    page = await (await chromium.new_context()).new_page()
    await choose(page, demo, "Mira Halvorsen")
    await page.goto(f"{demo.admin}/dashboard/sessions?q=mira")
    await page.get_by_role("checkbox", name="Select all on this page").check()
    await page.get_by_role("button", name="End selected…").click()
    told = re.compile(r"^(\d+) sessions?, 1 user, \1 (is|are) yours$")
    await expect(page.get_by_role("dialog").get_by_text(told)).to_be_visible()


async def test_signing_in_and_out_needs_no_script(demo: Demo, chromium: Browser) -> None:
    page = await (await chromium.new_context(java_script_enabled=False)).new_page()
    await page.goto(f"{demo.admin}/")
    await page.get_by_label("Token").fill(demo.admin_token)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await heading(page, "App users")
    await expect(page.locator("noscript p")).to_be_visible()
    await page.get_by_role("button", name="Sign out of the dashboard").click()
    await heading(page, "Sign in")
