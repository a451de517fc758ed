"""SAML in a real browser, over plain http on localhost names: its cookies, and a logout from either side."""

import pytest
from playwright.async_api import Browser, Page, Response, expect

from tests.browser.conftest import Demo

pytestmark = pytest.mark.needs("chromium")


class Trail:
    """Every answer that a tab got, in order."""

    def __init__(self, page: Page) -> None:
        self.answers: list[Response] = []
        page.on("response", self._note)

    def _note(self, answer: Response) -> None:
        self.answers.append(answer)

    def only(self, path: str) -> Response:
        """The one answer of an address that ends in ``path``."""
        (answer,) = [each for each in self.answers if each.url.partition("?")[0].endswith(path)]
        return answer


async def sign_in(page: Page, demo: Demo) -> None:
    """From the wiki's door to one of its pages, as Mira."""
    await page.goto(f"{demo.tunnels['wiki']}/radio")
    await page.get_by_role("button", name="Mira Halvorsen").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Radio channels")


async def heading(page: Page, text: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)


async def test_the_answer_comes_from_another_site_without_cookies_and_the_session_after_it(
    demo: Demo, chromium: Browser
) -> None:
    page = await chromium.new_page()
    trail = Trail(page)
    await sign_in(page, demo)
    wiki = demo.tunnels["wiki"]
    assert page.url == f"{wiki}/radio"
    await expect(page.get_by_text("mira@example.com")).to_be_visible()

    posted = trail.only("/acs")
    asked = await posted.request.all_headers()
    assert posted.request.method == "POST"
    assert asked["sec-fetch-site"] == "cross-site"
    assert "cookie" not in asked
    answered = await posted.all_headers()
    assert posted.status == 303
    assert "set-cookie" not in answered

    finished = trail.only("/finish")
    assert answered["location"] in finished.url
    assert finished.request.method == "GET"
    assert "outerward-login-" in (await finished.request.all_headers())["cookie"]
    assert "outerward=" in (await finished.all_headers())["set-cookie"]

    cookies = await page.context.cookies(wiki)
    (session,) = [cookie for cookie in cookies if cookie.get("name") == "outerward"]
    assert (session.get("sameSite"), session.get("httpOnly"), session.get("secure")) == ("Lax", True, False)
    assert [cookie.get("name") for cookie in cookies] == ["outerward"]


async def test_who_signs_out_comes_back_from_the_provider_and_is_asked_again(
    demo: Demo, chromium: Browser
) -> None:
    page = await chromium.new_page()
    await sign_in(page, demo)
    trail = Trail(page)

    await page.get_by_role("link", name="Sign out").click()
    await heading(page, "You are signed out")
    assert page.url == f"{demo.tunnels['wiki']}/.outerward/signed-out"
    steps = [each.url.partition("?")[0].rpartition("/")[2] for each in trail.answers]
    assert steps == ["logout", "slo", "slo", "signed-out"]
    assert await page.context.cookies() == []
    assert demo.own_sessions() == {}

    await page.goto(f"{demo.tunnels['wiki']}/radio")
    await heading(page, "Who are you?")
    await page.get_by_role("button", name="Lena Quist").click()
    await heading(page, "Radio channels")
    await expect(page.get_by_text("lena@example.org")).to_be_visible()


async def test_who_signs_out_at_the_provider_is_signed_out_here(demo: Demo, chromium: Browser) -> None:
    page = await chromium.new_page()
    await sign_in(page, demo)
    await page.goto(demo.issuers["saml"].removesuffix("metadata"))
    await heading(page, "You are Mira Halvorsen")

    await page.get_by_role("button", name="Sign out everywhere").click()
    await heading(page, "Signed out everywhere")
    assert demo.own_sessions() == {}
    await page.get_by_role("link", name="Go to the wiki").click()
    await heading(page, "Your session was ended")
    await page.get_by_role("button", name="Sign in again").click()
    await heading(page, "Who are you?")


async def test_after_a_revocation_the_provider_asks_although_it_knows_the_person(
    demo: Demo, chromium: Browser
) -> None:
    page = await chromium.new_page()
    await sign_in(page, demo)
    assert demo.revoke(demo.own_sessions()[demo.tunnels["wiki"]]["id"]) == 204

    await page.reload()
    await expect(page.get_by_text("An administrator ended your session on")).to_be_visible()
    await page.get_by_role("button", name="Sign in again").click()
    await expect(page.get_by_text("The application asks you to sign in again.")).to_be_visible()
    await page.get_by_role("button", name="Mira Halvorsen").click()
    await heading(page, "Radio channels")


async def test_who_cancels_at_the_provider_is_told_so_and_has_no_session(
    demo: Demo, chromium: Browser
) -> None:
    page = await chromium.new_page()
    await page.goto(demo.tunnels["wiki"])
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.url.startswith(demo.tunnels["wiki"])
    assert demo.own_sessions() == {}
