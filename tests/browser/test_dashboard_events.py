"""The page of events in a real browser, over a real demo: in words, narrowed, live, and further back."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from session_store import Event, UserId
from tests.browser.conftest import Dashboard
from tests.support.sessions_page import store_away

pytestmark = pytest.mark.needs("chromium")

_LIST = re.compile(r":\d+/events\?")
_NAME = "<img src=x onerror=alert(1)> & Co."


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Events").locator("tbody tr")


def user_called(dashboard: Dashboard, name: str) -> str:
    found = dashboard.ask("/app/users", query={"filter": f"obj.name == {json.dumps(name)}"})
    return str(found["application_users"][0]["id"])


def make_token(dashboard: Dashboard, name: str) -> str:
    """Something that happens; the token's id."""
    return str(dashboard.ask("/tokens", "POST", {"name": name, "scope": "read"})["id"])


async def is_live(page: Page) -> None:
    """Wait until what happens is followed."""
    await expect(page.get_by_role("group", name="Following").get_by_role("status")).to_have_text("Live")


async def test_what_happened_is_told_in_words_with_names(dashboard: Dashboard) -> None:
    user = user_called(dashboard, "Hanne Brekke")
    dashboard.ask(f"/app/users/{user}/block", "PUT", {"reason": _NAME})
    dashboard.ask(f"/app/users/{user}/block", "DELETE")
    page = await dashboard.open("events")
    lifted = rows(page).filter(has_text="lifted the block of Hanne Brekke").first
    await expect(lifted).to_contain_text("Token “first admin token” lifted the block of Hanne Brekke")
    blocked = rows(page).filter(has_text="blocked Hanne Brekke").first
    await expect(blocked).to_contain_text(f"Reason given: {_NAME}")
    ended = rows(page).filter(has_text="ended a session of Hanne Brekke").first
    await expect(ended).to_contain_text("Token “first admin token” ended a session of Hanne Brekke")
    await ended.get_by_role("link", name="Hanne Brekke").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Hanne Brekke")


async def test_who_is_gone_keeps_the_name_in_what_happened_and_the_way_to_what_is_left(
    dashboard: Dashboard,
) -> None:
    user = user_called(dashboard, "Kenji Watanabe")
    dashboard.ask(f"/app/users/{user}", "DELETE")
    page = await dashboard.open("events")
    deleted = rows(page).filter(has_text="deleted Kenji Watanabe")
    await expect(deleted).to_have_count(1)
    await expect(rows(page).filter(has_text="edgusr_")).to_have_count(0)
    dashboard.expect_trouble("404")
    await deleted.get_by_role("link", name="Kenji Watanabe").click()
    await expect(page.get_by_role("heading", name="No such user")).to_be_visible()
    await expect(page.get_by_role("region", name="Ended sessions")).to_be_visible()


async def test_somebody_of_whom_nothing_is_kept_is_called_a_deleted_user(dashboard: Dashboard) -> None:
    async with dashboard.demo.store() as store:
        at = time.time_ns() // 1_000_000
        nobody = UserId(f"edgusr_{'0' * 27}")
        await store.record_events(
            [
                Event(type=each, at=at, actor=actor, user_id=nobody)
                for each, actor in (("login", nobody), ("block", "bootstrap"))
            ]
        )
    page = await dashboard.open("events?type=login,block")
    await expect(rows(page).filter(has_text="A deleted user signed in through")).to_have_count(1)
    blocked = rows(page).filter(has_text="The bootstrap token blocked a deleted user")
    await expect(blocked.get_by_role("link", name="a deleted user")).to_have_attribute("title", nobody)


async def test_all_that_is_told_of_an_event_is_folded_under_it(dashboard: Dashboard) -> None:
    token = make_token(dashboard, "folded")
    dashboard.ask(f"/tokens/{token}", "DELETE")
    [event, *_] = dashboard.ask("/events", query={"type": "token_revoked"})["events"]
    page = await dashboard.open("events?type=token_revoked")
    row = rows(page).first
    await expect(row).to_contain_text("Token “first admin token” revoked the token “folded”")
    await expect(row.get_by_text(event["operation_id"])).not_to_be_visible()
    await row.get_by_text("Details").click()
    await expect(row.get_by_text(event["operation_id"])).to_be_visible()
    await expect(row.get_by_text(event["id"])).to_be_visible()


async def test_the_sessions_of_an_event_are_links(dashboard: Dashboard) -> None:
    [event, *_] = dashboard.ask("/events", query={"type": "new_device"})["events"]
    page = await dashboard.open("events?type=new_device")
    row = rows(page).first
    await row.get_by_text("Details").click()
    link = row.locator(f'a[href="/dashboard/sessions/{event["sessions"][0]}"]')
    await expect(link).to_be_visible()


async def test_who_may_not_see_tokens_reads_the_names_that_events_tell_and_no_ids(
    dashboard: Dashboard,
) -> None:
    token = make_token(dashboard, "the quiet one")
    async with dashboard.demo.store() as store:
        at = time.time_ns() // 1_000_000
        erasure = Event(type="user_erased", at=at, actor=f"token:{token}", details={"person": "0a"})
        await store.record_events([erasure])
    page = await dashboard.signed_in("read")
    await page.goto(f"{dashboard.demo.admin}/dashboard/events?type=user_erased")
    erased = rows(page).filter(has_text="erased")
    await expect(erased).to_contain_text("A token erased")
    await expect(erased.get_by_title(token)).to_be_visible()
    await page.goto(f"{dashboard.demo.admin}/dashboard/events?type=user_erased,token_created")
    await expect(erased).to_contain_text("Token “the quiet one” erased")


async def test_a_new_event_comes_by_itself_and_waits_while_the_pointer_rests_on_the_list(
    dashboard: Dashboard,
) -> None:
    old = make_token(dashboard, "of no concern")
    page = await dashboard.open("events?type=token_created")
    await is_live(page)
    dashboard.ask(f"/tokens/{old}", "DELETE")
    make_token(dashboard, "the first")
    await expect(rows(page).first).to_contain_text("the first")
    await expect(rows(page).filter(has_text="revoked the token")).to_have_count(0)

    await rows(page).first.hover()
    make_token(dashboard, "the second")
    waiting = page.get_by_role("button", name="1 new event")
    await expect(waiting).to_be_visible()
    await expect(rows(page).first).to_contain_text("the first")
    make_token(dashboard, "the third")
    await page.get_by_role("button", name="2 new events").click()
    await expect(rows(page).first).to_contain_text("the third")
    await expect(rows(page).nth(1)).to_contain_text("the second")
    await expect(page.get_by_role("button", name="new event")).to_have_count(0)


async def test_nothing_moves_under_the_focus_nor_while_it_is_paused(dashboard: Dashboard) -> None:
    make_token(dashboard, "before")
    page = await dashboard.open("events?type=token_created")
    await is_live(page)
    pause = page.get_by_role("button", name="Pause")
    await pause.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Paused")).to_be_visible()
    make_token(dashboard, "while paused")
    await expect(page.get_by_role("button", name="1 new event")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(rows(page).first).to_contain_text("while paused")

    await rows(page).first.locator("summary").focus()
    make_token(dashboard, "while focused")
    await expect(page.get_by_role("button", name="1 new event")).to_be_visible()
    await expect(rows(page).first).to_contain_text("while paused")


async def test_types_are_chosen_by_keyboard_and_stand_in_the_address(dashboard: Dashboard) -> None:
    dashboard.ask(f"/tokens/{make_token(dashboard, 'chosen')}", "DELETE")
    page = await dashboard.open("events")
    types = page.get_by_role("button", name="All types")
    await types.focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("checkbox", name="Revoked token").focus()
    await page.keyboard.press("Space")
    await expect(page).to_have_url(f"{dashboard.demo.admin}/dashboard/events?type=token_revoked")
    await page.keyboard.press("Escape")
    chosen = page.get_by_role("button", name="1 type")
    await expect(chosen).to_be_focused()
    await expect(chosen).to_have_attribute("aria-expanded", "false")
    await expect(rows(page).filter(has_not_text="revoked the token")).to_have_count(0)
    await expect(rows(page).first).to_contain_text("revoked the token “chosen”")
    await page.go_back()
    await expect(page.get_by_role("button", name="All types")).to_be_visible()
    await expect(rows(page).filter(has_text="made the token").first).to_be_visible()


async def test_the_events_of_one_user_can_be_left_for_those_of_all(dashboard: Dashboard) -> None:
    user = user_called(dashboard, "Ana Lindqvist")
    page = await dashboard.open(f"events?user={user}")
    await expect(rows(page).first).to_contain_text("Ana Lindqvist")
    await expect(rows(page).filter(has_not_text="Ana Lindqvist")).to_have_count(0)
    await page.get_by_role("button", name="Show events of everybody").click()
    await expect(page).to_have_url(f"{dashboard.demo.admin}/dashboard/events")
    await expect(rows(page).filter(has_text="Rafael Montoya").first).to_be_visible()


async def test_older_events_are_a_page_further_and_newer_ones_back(dashboard: Dashboard) -> None:
    async with dashboard.demo.store() as store:
        at = time.time_ns() // 1_000_000
        names = [f"number {number}" for number in range(60)]
        await store.record_events(
            [Event(type="token_created", at=at, actor="bootstrap", details={"name": name}) for name in names]
        )
    page = await dashboard.open("events?type=token_created")
    await expect(rows(page)).to_have_count(50)
    await expect(rows(page).first).to_contain_text("The bootstrap token made the token “number 59”")
    await page.get_by_role("button", name="Older").click()
    await expect(rows(page).first).to_contain_text("number 9")
    await expect(page.get_by_role("group", name="Following")).to_have_count(0)
    await page.get_by_role("button", name="Newer").click()
    await expect(rows(page).first).to_contain_text("number 59")
    await is_live(page)


async def test_answers_without_events_are_read_past_until_one_has_some(dashboard: Dashboard) -> None:
    page = dashboard.page
    asked: list[str] = []
    # Positions of a future far away: behind each of them is all that has happened.
    first, second = f"evt_{2**52 + 1}_0", f"evt_{2**52}_0"

    async def answer(route: Route) -> None:
        asked.append(route.request.url)
        there = await route.fetch()
        told: dict[str, Any] = await there.json()
        if second not in route.request.url:
            following = second if first in route.request.url else first
            told = {
                "events": [],
                "uri": told["uri"],
                "next_page_uri": f"{told['uri']}?before_id={following}",
            }
        await route.fulfill(json=told)

    await page.route(_LIST, answer)
    make_token(dashboard, "far behind")
    await dashboard.open("events?type=token_created")
    await expect(rows(page).first).to_contain_text("far behind")
    assert f"before_id={second}" in asked[-1]
    assert f"before_id={first}" in asked[-2]


async def test_a_type_that_there_is_not_is_said_and_not_shown_as_nothing(dashboard: Dashboard) -> None:
    dashboard.expect_trouble("400")
    page = await dashboard.open("events?type=earthquake")
    await expect(page.get_by_role("alert").filter(has_text="This could not be shown")).to_be_visible()


async def test_a_type_that_the_page_does_not_know_is_told_by_its_name(dashboard: Dashboard) -> None:
    page = dashboard.page
    shown: dict[str, Any] = {
        "id": "evt_1_0", "type": "earthquake<b>", "at": "2026-01-31T12:00:00Z", "actor": "time",
        "operation_id": "", "object": {"kind": "none", "id": ""}, "user": None, "sessions": [],
        "effective_at": None, "details": {"tremor": "<i>7</i>"},
    }  # fmt: skip
    listed = {"events": [shown], "uri": "http://127.0.0.1/events", "next_page_uri": None}
    await page.route(_LIST, lambda route: route.fulfill(json=listed))
    await dashboard.open("events?user=edgusr_3MmflC8T6c244aPGuInRhDP8bbQ")
    await expect(rows(page).first).to_contain_text("Time: earthquake<b>")
    await rows(page).first.get_by_text("Details").click()
    await expect(rows(page).first).to_contain_text("<i>7</i>")


async def test_what_was_asked_for_is_saved_as_json(dashboard: Dashboard, tmp_path: Path) -> None:
    make_token(dashboard, "saved")
    page = await dashboard.open("events?type=token_created")
    async with page.expect_download() as begun:
        await page.get_by_role("button", name="Export as JSON").click()
    file = tmp_path / "events.json"
    await (await begun.value).save_as(file)
    events = json.loads(file.read_text())["events"]
    assert {event["type"] for event in events} == {"token_created"}
    assert "saved" in {event["details"]["name"] for event in events}


async def test_a_page_that_asks_for_nothing_tells_too_that_the_store_is_away(dashboard: Dashboard) -> None:
    page = await dashboard.open("events")
    await is_live(page)
    shown = await rows(page).count()
    dashboard.expect_trouble("status of 503")
    async with store_away(dashboard, 10_000):
        await expect(page.get_by_role("alert")).to_contain_text("The session store does not answer.")
        await expect(rows(page)).to_have_count(shown)
    await expect(page.get_by_role("alert").first).to_be_empty()
