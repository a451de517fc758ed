"""The visitor's own sessions in a real browser without scripts, on small and large screens."""

import dataclasses
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from idp_adapters import OidcProvider
from proxy import Site, Worker, create_control_app
from proxy.addresses import sign_in_with
from proxy.pages import Device, problem_page, sessions_page
from proxy.problems import CHOOSE_PROVIDER
from session_store import Store
from tests.support.control import route
from tests.support.hostile_oidc import HostileProvider
from tests.support.upstreams import Echo

pytestmark = pytest.mark.needs("chromium")

SESSIONS = "/.outerward/sessions"
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LONG = "NameWithoutAnyPlaceToBreakIt" * 6


_OUTSIDE = """() => {
  const main = document.querySelector("main").getBoundingClientRect();
  const out = (box) => box.left < main.left || box.right > main.right;
  const all = [...document.querySelectorAll("main a, main button, main h2, main dd")];
  return all.filter((each) => out(each.getBoundingClientRect())).map((each) => each.textContent);
}"""
"""The texts of what reaches beyond the sheet."""


@dataclass(frozen=True)
class Scene:
    """An edge with one tunnel and its provider; browsers have no scripts."""

    origin: str
    chromium: Browser

    async def browser(self, agent: str) -> Page:
        """A fresh browser that has signed in."""
        context: BrowserContext = await self.chromium.new_context(java_script_enabled=False, user_agent=agent)
        page = await context.new_page()
        await page.goto(self.origin + "/")
        assert page.url == self.origin + "/"
        return page


@pytest.fixture
async def scene(store: Store, chromium: Browser) -> AsyncIterator[Scene]:
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://app.localhost:{listener.getsockname()[1]}"
    async with Echo.running() as upstream, HostileProvider.running() as hostile:
        provider = OidcProvider("corp", hostile.settings())
        endpoint = dataclasses.replace(route("app.localhost", origin=origin), upstream=upstream.address)
        site = Site.of([endpoint])
        worker = Worker(site, store, create_control_app(site, store, {"corp": provider}))
        await worker.start([listener])
        yield Scene(origin, chromium)
        await worker.close()
        await provider.close()


async def press(page: Page, button: str) -> None:
    """Press a button, and wait for where it leads."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=button, exact=True).click()


async def test_a_visitor_sees_every_browser_signs_one_out_then_all_others(scene: Scene) -> None:
    laptop = await scene.browser(FIREFOX)
    tablets = [await scene.browser(IPAD) for _ in range(3)]
    await laptop.goto(scene.origin + SESSIONS)
    devices = laptop.get_by_role("listitem")
    await expect(devices).to_have_count(4)
    await expect(devices.first).to_contain_text("This browser")
    await expect(devices.first.get_by_role("heading")).to_contain_text("Firefox on Linux")
    await expect(laptop.get_by_text("This browser")).to_have_count(1)

    async with laptop.expect_navigation():
        await laptop.get_by_role("button", name="Sign out Mobile Safari on iOS").first.click()
    assert laptop.url == scene.origin + SESSIONS
    await expect(devices).to_have_count(3)
    await press(laptop, "Sign out all others")
    await expect(devices).to_have_count(1)
    await expect(laptop.get_by_role("button", name="Sign out all others")).to_have_count(0)
    for tablet in tablets:
        await tablet.reload()
        await expect(tablet.get_by_role("heading")).to_have_text("Your session was ended")
        await expect(tablet.get_by_text("You signed out elsewhere")).to_be_visible()
    await press(tablets[0], "Sign in again")
    assert tablets[0].url == scene.origin + "/"

    await press(laptop, "Sign out this browser")
    await expect(laptop.get_by_role("heading")).to_have_text("You are signed out")
    await laptop.goto(scene.origin + SESSIONS)
    assert laptop.url == scene.origin + SESSIONS
    await expect(laptop.get_by_role("listitem")).to_have_count(2)


def device(number: int) -> Device:
    """One whose every text is too long, or too short."""
    text = LONG if number % 2 else "x"
    return Device(text, text, text, text, (text, f"https://{text}.example.com"), "edgses_1", number == 0)


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_list_and_the_choice_of_providers_fit_whatever_stands_in_them(
    chromium: Browser, width: int
) -> None:
    context = await chromium.new_context(viewport={"width": width, "height": 640})
    page = await context.new_page()
    links = [sign_in_with("corp", name, "/", anew=False, other=False) for name in (LONG, "Corp", LONG)]
    about = {"account": LONG, "hostname": LONG, "request_id": "a" * 64}
    bodies = [sessions_page([device(number) for number in range(count)], **about) for count in (1, 3, 20)]
    bodies += [problem_page(CHOOSE_PROVIDER, links=links[:count], **about) for count in (1, 2, 3)]
    for body in bodies:
        await page.set_content(body.decode())
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        assert await page.evaluate(_OUTSIDE) == []
    await context.close()
