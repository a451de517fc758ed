"""Tunnels & edges in a real browser: over a real demo, and over a program with routes, or with nothing."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from outerward.config import load_settings
from tests.browser.conftest import Dashboard, watched
from tests.support.program import Program, write_configuration

pytestmark = pytest.mark.needs("chromium")

_SECRET = "the-bootstrap-token-of-a-program-with-edges"
_ROUTES = """
[[tunnel]]
name = "wiki"
upstream = "http://127.0.0.1:9"
[[tunnel]]
name = "lonely"
upstream = "http://127.0.0.1:9"
[[edge_route]]
edge = "apps"
hostname = "apps.localhost"
path_prefix = "/wiki"
tunnel = "wiki"
provider = "nobody"
allow = ["*"]
[[edge_route]]
edge = "apps"
hostname = "apps.localhost"
path_prefix = "/"
tunnel = "app"
provider = "nobody"
allow = ["*"]
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A program with a tunnel of its own host, an edge of two routes, and a tunnel that nothing leads to."""
    folder = tmp_path_factory.mktemp("edges")
    bootstrap = f'bootstrap_token = "{_SECRET}"'
    program = Program.serve(write_configuration(folder, admin=bootstrap, more=_ROUTES))
    try:
        yield program.ready()
    finally:
        program.stop()


@pytest.fixture
async def page(program: Program, chromium: Browser) -> AsyncIterator[Page]:
    """That program's page *Tunnels & edges*."""
    troubles: list[str] = []
    page = await watched(await chromium.new_context(), troubles)
    await page.goto(f"{program.admin}/dashboard/login?redirect_path=/dashboard/tunnels")
    await page.get_by_label("Token").fill(_SECRET)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url("**/dashboard/tunnels")
    yield page
    assert troubles == []


def row(page: Page, table: str, name: str) -> Locator:
    called = page.get_by_text(name, exact=True)
    return page.get_by_role("table", name=table).locator("tbody tr").filter(has=called)


async def test_a_tunnel_has_its_addresses_and_its_sessions(dashboard: Dashboard) -> None:
    page = await dashboard.open("tunnels")
    [clock] = [each for each in dashboard.ask("/tunnels")["tunnels"] if each["name"] == "clock"]
    shown = row(page, "Tunnels", "clock")
    link = shown.get_by_role("link", name=dashboard.demo.tunnels["clock"])
    await expect(link).to_have_attribute("href", dashboard.demo.tunnels["clock"])
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await shown.get_by_role("link", name=f"{clock['sessions']} sessions").click()
    sessions = page.get_by_role("table", name="Sessions").locator("tbody tr")
    await expect(sessions).to_have_count(clock["sessions"])
    await expect(sessions.filter(has_not_text="clock")).to_have_count(0)


async def test_what_is_counted_follows_what_happens(dashboard: Dashboard) -> None:
    page = await dashboard.open("tunnels")
    [app] = [each for each in dashboard.ask("/tunnels")["tunnels"] if each["name"] == "app"]
    await expect(row(page, "Tunnels", "app")).to_contain_text(f"{app['sessions']} sessions")
    visitor = await dashboard.visitor()
    await expect(row(page, "Tunnels", "app")).to_contain_text(f"{app['sessions'] + 1} sessions")
    await visitor.context.close()


async def test_an_edge_has_a_table_of_its_routes(page: Page) -> None:
    routes = page.get_by_role("table", name="Routes of apps")
    await expect(routes.locator("tbody tr")).to_have_count(2)
    wiki = row(page, "Routes of apps", "/wiki")
    await expect(wiki.get_by_role("link", name="apps.localhost")).to_be_visible()
    await expect(wiki.get_by_role("cell").nth(2)).to_have_text("wiki")
    href = await wiki.get_by_role("link", name="0 sessions").get_attribute("href")
    assert href is not None
    assert href.startswith("/dashboard/sessions?filter=obj.endpoint.id+%3D%3D+%22ep_")


async def test_a_tunnel_lists_its_routes_and_one_without_any_says_so(page: Page) -> None:
    await expect(row(page, "Tunnels", "app").get_by_role("link", name="http")).to_have_count(2)
    await expect(row(page, "Tunnels", "lonely")).to_contain_text("no route leads here")


async def test_a_route_leads_to_its_sessions(page: Page) -> None:
    await row(page, "Routes of apps", "/wiki").get_by_role("link", name="0 sessions").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sessions")
    await expect(page.get_by_role("alert").filter(has_text="could not")).to_have_count(0)


async def test_without_any_tunnel_the_lines_to_add_are_shown(dashboard: Dashboard, tmp_path: Path) -> None:
    page = dashboard.page

    async def nothing(member: str, route: Route) -> None:
        uri = f"{dashboard.demo.admin}/{member}"
        await route.fulfill(json={member: [], "uri": uri, "next_page_uri": None})

    for member in ("tunnels", "edges", "endpoints"):
        await page.route(f"{dashboard.demo.admin}/{member}", partial(nothing, member))
    await dashboard.open("tunnels")
    await expect(page.get_by_role("heading", name="No tunnel is configured")).to_be_visible()
    lines = await page.locator("pre").inner_text()
    configuration = tmp_path / "outerward.toml"
    configuration.write_text(lines)
    assert load_settings(configuration, {"CORP_SECRET": "0123456789"}).settings.tunnel[0].name == "grafana"
