"""Attacks on the dashboard's sign-in: who ends a session unseen, and what a link is worth to a second one."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from session_store import Event, Store
from tests.support.admin_api import BOOTSTRAP
from tests.support.dashboard_pages import Browser, running_pages
from tests.support.dashboard_rim import COOKIE, Rim, running_rim


@pytest.fixture
async def rim(store: Store) -> AsyncIterator[Rim]:
    async with running_rim(store) as running:
        yield running


async def left(store: Store) -> list[Event]:
    """What is told of those who are out of the dashboard, the newest first."""
    page = await store.events(limit=10, before=None)
    return [each.event for each in page.items if each.event.type == "dashboard_logout"]


@pytest.mark.parametrize("way", ["signing in through a provider", "signing out"])
@pytest.mark.parametrize("by", ["a token of the store", "the bootstrap token"])
async def test_admin_whoever_ends_a_tokens_session_by_the_login_flow_is_told_of_it(
    rim: Rim, store: Store, way: str, by: str
) -> None:
    token, secret = await store.create_token("laptop", "admin", None)
    is_kept = by == "a token of the store"
    line = await rim.administration.sign_in(secret if is_kept else BOOTSTRAP, "127.0.0.1")
    browser = rim.browser()
    browser.cookies[COOKIE] = line.partition(";")[0].partition("=")[2]
    reply = await (browser.post("/.outerward/logout") if way == "signing out" else browser.sign_in())
    assert reply.status in (302, 303)

    (event,) = await left(store)
    if is_kept:
        assert (event.actor, event.token_id) == (f"token:{token.id}", token.id)
        assert event.details == {"name": "laptop"}
    else:
        assert (event.actor, event.token_id) == ("bootstrap", "")
        assert event.details == {"name": "bootstrap token"}


async def test_admin_signing_out_with_nothing_to_end_tells_nothing(rim: Rim, store: Store) -> None:
    browser = rim.browser()
    for value in ("A" * 43, "x"):
        browser.cookies[COOKIE] = value
        await browser.post("/.outerward/logout")
    assert await left(store) == []


async def test_admin_of_many_who_open_one_link_at_once_one_is_signed_in(store: Store) -> None:
    _, secret = await store.create_token("laptop", "admin", None)
    code = await store.offer_dashboard_link(secret)
    async with running_pages(store) as browser:
        opened = [Browser(browser.api).get(f"/dashboard/login?code={code}") for _ in range(8)]
        pages = await asyncio.gather(*opened)

    assert sorted(page.status for page in pages) == [303, *[401] * 7]
    assert sum("Set-Cookie" in page.headers for page in pages) == 1
