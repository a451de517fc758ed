"""A session's page in a real browser, and what the demo has none of: routes, what is unknown, very many."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web
from playwright.async_api import Browser, Locator, Page, expect

from admin_api import Administration, Topology
from dashboard import Dashboard
from session_store import Context, Store, UserAgent
from tests.browser.conftest import sign_in_by_token, watched
from tests.support.admin_api import (
    BOOTSTRAP,
    NOTES,
    WIKI,
    RunningApi,
    running_api,
    session_of,
    sign_in,
    visit,
)
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.needs("chromium")

TOPOLOGY = Topology(tunnels=("wiki", "notes"), endpoints=(WIKI, NOTES))
SECRET = "a secret of this file, 32 long..."
NOBODY = "edgses_2pG7vN0bR1kX4sT8wZ3yC6fH9jL"
NOTHING_KNOWN = Context(
    ip_address="192.0.2.9",
    user_agent=UserAgent(
        raw="", browser_name="Other", browser_version="", device_type="Other", os_name="Other"
    ),
)

_SEEN = """(seen) => {
  Object.defineProperty(document, "hidden", { configurable: true, value: !seen });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""Tells a page whether it is seen, which a browser without a screen never does."""

_OUTSIDE = """() => [...document.querySelectorAll("#main :is(h1, h2, h3, p, a, button, dd, td, li)")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth).map((each) => each.outerHTML)"""
"""What reaches beyond the window, also where it is cut off there."""


@dataclass(frozen=True)
class Scene:
    """The API and the pages over a store, and a page that is signed in."""

    api: RunningApi
    page: Page
    troubles: list[str]

    async def open(self, where: str) -> Page:
        await self.page.goto(f"{self.api.url}/dashboard/{where}")
        await expect(self.page.locator("#app")).to_have_attribute("aria-busy", "false")
        return self.page


@asynccontextmanager
async def opened(store: Store, chromium: Browser) -> AsyncIterator[Scene]:
    troubles: list[str] = []
    async with (
        running_api(store, topology=TOPOLOGY, pages=_add_pages) as api,
        _signed_in(chromium, api, troubles) as page,
    ):
        yield Scene(api, page, troubles)


@pytest.fixture
async def scene(store: Store, chromium: Browser) -> AsyncIterator[Scene]:
    """That a call of the API finds nothing is no trouble: a page asks where a session is."""
    async with opened(store, chromium) as scene:
        yield scene
    assert [each for each in scene.troubles if "404" not in each] == []


def _add_pages(app: web.Application, administration: Administration) -> None:
    Dashboard(administration).add_to(app)


@asynccontextmanager
async def _signed_in(chromium: Browser, api: RunningApi, troubles: list[str]) -> AsyncIterator[Page]:
    context = await chromium.new_context()
    page = await watched(context, troubles)
    await sign_in_by_token(page, api.url, BOOTSTRAP)
    yield page
    await context.close()


def details(page: Page) -> Locator:
    return page.get_by_role("region", name="Access details")


async def test_a_live_session_says_whose_it_is_and_where_it_leads(scene: Scene, store: Store) -> None:
    session = await session_of(store)
    page = await scene.open(f"sessions/{session.id}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Session of Ada")
    await expect(page).to_have_title("Session of Ada · Outerward")
    whose = page.get_by_role("region", name="Who and where")
    await expect(whose.get_by_role("link", name="Ada")).to_have_attribute(
        "href", f"/dashboard/users/{session.user_id}"
    )
    await expect(whose.get_by_role("link", name=WIKI.public_url)).to_have_attribute(
        "rel", "noopener noreferrer"
    )
    await expect(whose).to_contain_text(session.id)
    await expect(page.get_by_role("region", name="When")).to_contain_text("Expires")
    await expect(details(page)).to_contain_text("Firefox 133.0")


async def test_a_session_that_was_ended_says_why_and_by_whom(scene: Scene, store: Store) -> None:
    session = await session_of(store)
    page = await scene.open(f"sessions/{session.id}")
    await details(page).get_by_role("button", name="End session wiki").click()
    await page.get_by_role("dialog").get_by_role("button", name="End session", exact=True).click()
    when = page.get_by_role("region", name="When")
    await expect(when).to_contain_text("ended by an administrator")
    await expect(when).not_to_contain_text("Expires")
    await expect(page.get_by_text("Ended", exact=True).first).to_be_visible()
    await expect(details(page).get_by_role("button", name="End session")).to_have_count(0)
    await expect(details(page).get_by_role("heading", name="Access details")).to_be_focused()
    await page.reload()
    await expect(when).to_contain_text("ended by an administrator")
    await expect(
        details(page).get_by_role("table", name="History of accesses").get_by_role("row")
    ).to_have_count(2)


async def test_a_session_that_ends_elsewhere_ends_here_as_soon_as_that_is_told(
    scene: Scene, store: Store
) -> None:
    session = await session_of(store)
    await scene.page.add_init_script("globalThis.setInterval = () => 0")
    page = await scene.open(f"sessions/{session.id}")
    await expect(details(page).get_by_role("button", name="End session wiki")).to_be_visible()
    assert (await scene.api.delete(f"/app/users/{session.user_id}")).status == 204
    await expect(page.get_by_role("region", name="When")).to_contain_text("the user was deleted")


async def test_a_session_that_nobody_knows_is_not_found(scene: Scene) -> None:
    page = await scene.open(f"sessions/{NOBODY}")
    await expect(page.get_by_role("heading", name="No such session")).to_be_visible()
    await expect(page.get_by_role("link", name="All sessions")).to_have_attribute(
        "href", "/dashboard/sessions"
    )


async def test_what_is_not_known_is_said_in_words(scene: Scene, store: Store) -> None:
    session = await session_of(store, context=NOTHING_KNOWN)
    page = await scene.open(f"sessions/{session.id}")
    shown = await details(page).get_by_role("definition").all_inner_texts()
    assert [text.strip() for text in shown] == ["192.0.2.9", *["Unknown"] * 5]
    await expect(details(page).get_by_role("img")).to_have_count(0)


async def test_a_session_at_a_route_is_called_by_its_edge(scene: Scene, store: Store) -> None:
    browser = await sign_in(store)
    await visit(store, browser, WIKI)
    await visit(store, browser, NOTES)
    page = await scene.open(f"users/{browser.user_id}")
    entries = page.get_by_role("list", name="Tunnels and edges").get_by_role("link")
    await expect(entries).to_have_count(2)
    await expect(entries.first).to_contain_text("apps")
    await expect(entries.first).to_contain_text("to tunnel notes")
    await expect(entries.first).to_contain_text("https://apps.example.com/notes")
    await entries.first.click()
    await expect(details(page).get_by_role("button", name="End session apps")).to_be_visible()


async def test_of_very_many_sessions_the_newest_are_shown_and_the_rest_is_a_link_away(
    scene: Scene, store: Store
) -> None:
    for _ in range(101):
        last = await session_of(store)
    page = await scene.open(f"users/{last.user_id}")
    await expect(page.get_by_role("list", name="Tunnels and edges").get_by_role("link")).to_have_count(100)
    more = page.get_by_role("link", name="These are the newest 100; all sessions of this user")
    await expect(more).to_have_attribute(
        "href", f"/dashboard/sessions?filter=obj.application_user_id+%3D%3D+%22{last.user_id}%22"
    )


async def test_a_page_in_the_background_holds_no_connection_and_goes_on_where_it_was(
    scene: Scene, store: Store
) -> None:
    session = await session_of(store)
    page = scene.page
    async with page.expect_response("**/events/stream*"):
        await scene.open(f"sessions/{session.id}")
    async with page.expect_event("requestfailed", lambda failed: "/events/stream" in failed.url):
        await page.evaluate(_SEEN, False)
    async with page.expect_request("**/events/stream*") as again:
        await page.evaluate(_SEEN, True)
    assert (await (await again.value).all_headers())["last-event-id"].startswith("evt_")


async def test_what_was_seen_stays_while_the_store_is_away_and_goes_on_by_itself(
    store_server: RedisServer, chromium: Browser
) -> None:
    hasty = Store.open(store_server.url, secrets=[SECRET], check_timeout_s=2, command_timeout_s=2)
    await hasty.start()
    browser = await sign_in(hasty)
    await visit(hasty, browser, WIKI)
    async with opened(hasty, chromium) as scene:
        page = await scene.open(f"users/{browser.user_id}")
        entries = page.get_by_role("list", name="Tunnels and edges").get_by_role("link")
        await expect(entries).to_have_count(1)
        store_server.hang()
        await expect(page.get_by_role("alert")).to_contain_text("The session store does not answer.")
        await expect(entries).to_have_count(1)
        store_server.go_on()
        await expect(page.get_by_role("alert").filter(has_text="does not answer")).to_have_count(0)
        await visit(hasty, browser, NOTES)
        await expect(entries).to_have_count(2)
    await hasty.close()
    assert [each for each in scene.troubles if "503" not in each] == []


@pytest.mark.parametrize("width", [320, 360], ids=["two hundred percent of 640", "a phone"])
async def test_on_a_narrow_page_nothing_reaches_beyond_it(scene: Scene, store: Store, width: int) -> None:
    long = Context(
        ip_address="2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        user_agent=UserAgent(raw="Agent" * 400),
        network="public",
    )
    session = await session_of(store, "NameWithoutAnyPlaceToBreakIt" * 6, context=long)
    await scene.page.set_viewport_size({"width": width, "height": 700})
    for where in (f"sessions/{session.id}", f"users/{session.user_id}?access={session.id}"):
        page = await scene.open(where)
        await expect(details(page).get_by_role("table")).to_be_visible()
        assert await page.evaluate(_OUTSIDE) == []
