"""The login pages in a real browser: its cookies, Origin, CSP and back button, and a small screen."""

import dataclasses
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from idp_adapters import OidcProvider
from proxy import Site, Worker, create_control_app, problems
from proxy.addresses import sign_in_again, switch_account
from proxy.pages import problem_page
from proxy.problems import Problem
from session_store import EndReason, Store
from tests.support.control import route
from tests.support.hostile_oidc import HostileProvider
from tests.support.upstreams import Echo

pytestmark = pytest.mark.needs("chromium")


@dataclass(frozen=True)
class Scene:
    """An edge with one tunnel, its provider, and one tab."""

    origin: str
    store: Store
    provider: HostileProvider
    page: Page

    async def open(self, path: str) -> None:
        """Type an address of the tunnel."""
        await self.page.goto(self.origin + path)

    async def press(self, button: str) -> None:
        """Press a button, and wait for where it leads."""
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=button).click()


@pytest.fixture
async def scene(store: Store, chromium: Browser) -> AsyncIterator[Scene]:
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://app.localhost:{listener.getsockname()[1]}"
    async with Echo.running() as upstream, HostileProvider.running() as hostile:
        provider = OidcProvider("corp", hostile.settings())
        endpoint = route("app.localhost", origin=origin, allow=["@example.com"])
        site = Site.of([dataclasses.replace(endpoint, upstream=upstream.address)])
        worker = Worker(site, store, create_control_app(site, store, {"corp": provider}))
        await worker.start([listener])
        yield Scene(origin, store, hostile, await chromium.new_page())
        await worker.close()
        await provider.close()


async def test_a_visitor_whose_session_was_ended_is_told_and_signs_in_again_by_the_button(
    scene: Scene,
) -> None:
    await scene.open("/report?q=1")
    assert scene.page.url == f"{scene.origin}/report?q=1"
    (view,) = (await scene.store.sessions(limit=10, before=None)).items
    await scene.store.end_application_session(view.session.id, EndReason.REVOKED, "owtok_1")

    for _ in range(2):
        await scene.page.reload()
        await expect(scene.page.get_by_role("heading")).to_have_text("Your session was ended")
        await expect(scene.page.get_by_text("An administrator ended your session on")).to_be_visible()
    await scene.press("Sign in again")
    assert scene.page.url == f"{scene.origin}/report?q=1"


async def test_a_visitor_who_is_refused_signs_in_as_someone_else_and_goes_back_without_harm(
    scene: Scene,
) -> None:
    scene.provider.user["email"] = "eve@elsewhere.example"
    await scene.open("/report")
    await expect(scene.page.get_by_text("eve@elsewhere.example")).to_be_visible()
    scene.provider.user["email"] = "ada@example.com"
    await scene.press("Sign in as someone else")

    assert scene.page.url == f"{scene.origin}/report"
    await scene.page.go_back()
    await expect(scene.page.get_by_role("heading")).to_have_text("You are signed in already")
    await scene.page.get_by_role("link", name="Go on").click()
    assert scene.page.url == f"{scene.origin}/"


async def test_a_link_on_another_site_asks_before_it_signs_out_and_the_address_bar_does_not(
    scene: Scene,
) -> None:
    await scene.open("/report")
    await scene.page.goto(scene.provider.issuer)
    await scene.page.set_content(f"<a href='{scene.origin}/.outerward/logout'>out</a>")
    await scene.page.get_by_role("link", name="out").click()
    await expect(scene.page.get_by_role("heading")).to_have_text("Sign out?")
    assert [cookie.get("name") for cookie in await scene.page.context.cookies()] == ["outerward"]

    await scene.press("Sign out")
    await expect(scene.page.get_by_role("heading")).to_have_text("You are signed out")
    assert await scene.page.context.cookies() == []
    await scene.open("/report")
    await scene.open("/.outerward/logout")
    assert scene.page.url == f"{scene.origin}/.outerward/signed-out"


async def test_a_form_on_another_site_can_neither_sign_out_nor_begin_a_login(scene: Scene) -> None:
    await scene.open("/report")
    begun = scene.provider.hits["/authorize"]
    for path in ("logout", "login", "login?account=other"):
        await scene.page.goto(scene.provider.issuer)
        await scene.page.set_content(
            f"<form method=post action='{scene.origin}/.outerward/{path}'><button>Win</button></form>"
        )
        await scene.press("Win")
        await expect(scene.page.get_by_role("heading")).to_have_text("Not from this site")

    assert scene.provider.hits["/authorize"] == begun
    await scene.open("/report")
    assert scene.provider.hits["/authorize"] == begun


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_a_small_screen_and_its_targets_are_large_enough(
    chromium: Browser, scheme: str
) -> None:
    context = await chromium.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": 360, "height": 640}
    )
    page = await context.new_page()
    for problem in (value for value in vars(problems).values() if isinstance(value, Problem)):
        body = problem_page(
            problem,
            request_id="a" * 64,
            account="a-very-long-name-without-any-blank" * 4,
            hostname="a-very-long-hostname." * 6 + "example.com",
            links=[switch_account(), sign_in_again("/")],
        )
        await page.set_content(body.decode())
        assert await page.evaluate("document.documentElement.scrollWidth") == 360, problem
        for target in await page.get_by_role("button").all():
            box = await target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(17, 21, 20)" if scheme == "dark" else "rgb(243, 244, 240)")
    await page.keyboard.press("Tab")
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    await context.close()
