"""The overview in a real browser, over a real demo: how many, where, whether all is well, what was last."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import Dashboard
from tests.support.sessions_page import store_away

pytestmark = pytest.mark.needs("chromium")


def figure(page: Page, name: str) -> Locator:
    """The number under a name."""
    return page.get_by_role("link", name=name).locator("span").last


def countries(page: Page) -> Locator:
    return page.get_by_role("table", name="Sessions by country").locator("tbody tr")


def latest(page: Page) -> Locator:
    return page.get_by_role("region", name="Latest events").get_by_role("listitem")


async def test_figures_are_those_of_the_api_and_follow_what_happens(dashboard: Dashboard) -> None:
    sessions = dashboard.ask("/app/sessions/count")["count"]
    users = dashboard.ask("/app/users/count")["count"]
    logins = len(dashboard.ask("/events", query={"type": "login"})["events"])
    page = await dashboard.open("overview")
    await expect(figure(page, "Sessions now")).to_have_text(str(sessions))
    await expect(figure(page, "App users")).to_have_text(str(users))
    await expect(figure(page, "Sign-ins")).to_have_text(str(logins))
    await expect(figure(page, "New device or country")).to_have_text("2")
    await expect(figure(page, "Blocked people")).to_have_text("0")

    visitor = await dashboard.visitor(person="Lena Quist")
    await expect(figure(page, "Sessions now")).to_have_text(str(sessions + 1))
    await expect(figure(page, "Sign-ins")).to_have_text(str(logins + 1))
    await expect(latest(page).first).to_contain_text("Lena Quist signed in through demo")
    await visitor.context.close()


async def test_who_is_blocked_is_counted_and_listed_also_once_deleted_and_let_in_again_there(
    dashboard: Dashboard,
) -> None:
    page = await dashboard.open("overview")
    await expect(figure(page, "Blocked people")).to_have_text("0")
    visitor = await dashboard.visitor(person="Lena Quist")
    await visitor.context.close()
    (user,) = dashboard.ask("/app/users", query={"q": "lena"})["application_users"]
    dashboard.ask(f"/app/users/{user['id']}/block", "PUT", {"reason": "left the company"})
    dashboard.ask(f"/app/users/{user['id']}", "DELETE")
    await expect(figure(page, "Blocked people")).to_have_text("1")

    await page.get_by_role("link", name="Blocked people").click()
    row = page.get_by_role("table", name="Blocked users").locator("tbody tr")
    await expect(row).to_contain_text("Lena Quist")
    await expect(row).to_contain_text("left the company")
    looking = await dashboard.signed_in("read")
    await looking.goto(page.url)
    await expect(looking.get_by_role("table", name="Blocked users")).to_contain_text("Lena Quist")
    await expect(looking.get_by_role("button", name="Unblock")).to_have_count(0)
    await row.get_by_role("button", name="Unblock Lena Quist").click()
    await page.get_by_role("dialog").get_by_role("button", name="Unblock").click()
    await expect(page.get_by_role("heading", name="Nobody is blocked")).to_be_visible()
    await page.get_by_role("link", name="Everybody").click()
    await expect(page.get_by_role("table", name="App users")).to_be_visible()


async def test_a_figure_leads_to_what_it_counts(dashboard: Dashboard) -> None:
    page = await dashboard.open("overview")
    await page.get_by_role("link", name="New device or country").click()
    await expect(page).to_have_url(f"{dashboard.demo.admin}/dashboard/events?type=new_device,new_country")
    table = page.get_by_role("table", name="Events")
    await expect(table.locator("tbody tr").first).to_contain_text("came with a new device")


async def test_the_table_beside_the_map_says_what_the_map_shows(dashboard: Dashboard) -> None:
    page = await dashboard.open("overview")
    await expect(countries(page).filter(has_text="Chile")).to_contain_text("2 sessions")
    await expect(page.get_by_role("img", name="Map of the world")).to_be_visible()
    await countries(page).filter(has_text="Norway").get_by_role("link").click()
    sessions = page.get_by_role("table", name="Sessions").locator("tbody tr")
    await expect(sessions.first).to_contain_text("Norway")
    await expect(sessions.filter(has_not_text="Norway")).to_have_count(0)


async def test_sessions_whose_country_is_not_known_are_counted_and_found(dashboard: Dashboard) -> None:
    visitor = await dashboard.visitor("clock", "Tobias Okafor")
    page = await dashboard.open("overview")
    await countries(page).filter(has_text="Unknown").get_by_role("link").click()
    sessions = page.get_by_role("table", name="Sessions").locator("tbody tr")
    await expect(sessions.filter(has_text="Tobias Okafor")).not_to_have_count(0)
    await expect(sessions.filter(has_text="Sweden")).to_have_count(0)
    await visitor.context.close()


async def test_health_is_said_in_words_and_changes_with_what_is_missing(dashboard: Dashboard) -> None:
    dashboard.expect_trouble("503")
    page = await dashboard.open("overview")
    health = page.get_by_role("region", name="Health")
    await expect(health).to_contain_text("Serves visitors")
    await expect(health).to_contain_text("Answers")
    await expect(health).to_contain_text("ms")

    await page.route("**/readyz", lambda route: route.fulfill(status=503, json={"store": "down"}))
    await expect(health).to_contain_text("Does not answer")
    await expect(health).to_contain_text("Serves visitors")
    await page.route("**/readyz", lambda route: route.fulfill(status=503, json={"edge": "draining"}))
    await expect(health).to_contain_text("Is stopping")
    await page.route("**/readyz", lambda route: route.abort())
    dashboard.expect_trouble("ERR_FAILED")
    await expect(health).to_contain_text("did not answer in time")


async def test_health_says_what_the_banner_says_while_the_store_is_away(dashboard: Dashboard) -> None:
    page = await dashboard.open("overview")
    health = page.get_by_role("region", name="Health")
    await expect(health).to_contain_text("Answers")
    dashboard.expect_trouble("status of 503")
    async with store_away(dashboard, 12_000):
        await expect(page.get_by_role("alert").first).to_contain_text("The session store does not answer.")
        await expect(health).to_contain_text("Does not answer")
        await expect(health).not_to_contain_text("in time")
    await expect(health).to_contain_text("Answers")


@pytest.mark.parametrize(
    ("place", "words"),
    [("nobody", "Nobody is signed in now."), ("unknown", "Where these sessions come from is not known")],
)
async def test_the_map_stays_where_it_has_nothing_to_show(
    dashboard: Dashboard, place: str, words: str
) -> None:
    page = dashboard.page

    async def answer(route: Route) -> None:
        there = await route.fetch()
        told: dict[str, Any] = await there.json()
        for session in told["application_sessions"]:
            session["browser_session"]["location"] = None
        rows = [] if place == "nobody" else told["application_sessions"]
        await route.fulfill(json={**told, "application_sessions": rows})

    await page.route(re.compile(r"/app/sessions(\?|$)"), answer)
    await dashboard.open("overview")
    where = page.get_by_role("region", name="Where the sessions are")
    await expect(where).to_contain_text(words)
    await expect(where.get_by_role("img", name="with no session on it")).to_be_visible()
    await expect(countries(page)).to_have_count(0 if place == "nobody" else 1)


async def test_more_than_was_read_is_said_to_be_at_least_so_many(dashboard: Dashboard) -> None:
    page = dashboard.page

    async def answer(route: Route) -> None:
        there = await route.fetch()
        told: dict[str, Any] = await there.json()
        await route.fulfill(json={**told, "next_page_uri": f"{told['uri']}?before_id=evt_{2**52}_0"})

    await page.route("**/events?type=new_device**", answer)
    await dashboard.open("overview")
    await expect(figure(page, "New device or country")).to_have_text("at least 2")


async def test_where_nobody_has_signed_in_the_first_steps_are_told(dashboard: Dashboard) -> None:
    page = dashboard.page
    await page.route("**/count", lambda route: route.fulfill(json={"count": 0, "exact": True}))
    await dashboard.open("overview")
    await expect(page.get_by_role("heading", name="Nobody has signed in yet")).to_be_visible()
    await expect(page.get_by_role("img", name="Map of the world")).to_have_count(0)


async def test_what_cannot_be_shown_says_why_and_can_be_tried_again(dashboard: Dashboard) -> None:
    dashboard.expect_trouble("500")
    page = dashboard.page
    refusal = {
        "error_code": "ERR_OUTERWARD_4000",
        "status_code": 500,
        "msg": "It broke.",
        "details": {"operation_id": "op_0"},
    }
    await page.route("**/app/sessions/count", lambda route: route.fulfill(status=500, json=refusal))
    await dashboard.open("overview")
    told = page.get_by_role("alert").filter(has_text="It broke.")
    await expect(told).to_contain_text("op_0")
    await page.unroute("**/app/sessions/count")
    await told.get_by_role("button", name="Try again").click()
    await expect(figure(page, "Sessions now")).to_be_visible()


async def test_the_page_does_not_scroll_sideways_at_360_pixels(dashboard: Dashboard) -> None:
    page = await dashboard.signed_in(viewport={"width": 360, "height": 740})
    for where in ("overview", "tunnels", "events", "tokens"):
        await page.goto(f"{dashboard.demo.admin}/dashboard/{where}")
        await expect(page.locator("#app table").first).to_be_visible()
        for folded in await page.locator("#app details.more summary").all():
            await folded.click()
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(wide) == 0, where
