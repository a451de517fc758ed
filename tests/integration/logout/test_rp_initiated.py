"""A visitor signs out: the session here ends first, then a real provider is told and leads the way back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
from yarl import URL

from session_store import BrowserSession, EndReason, Tombstone
from tests.integration.logout.conftest import Site
from tests.integration.logout.test_back_channel import cookie_in
from tests.support.browser import browser, sign_in, walk
from tests.support.edge import hash_of
from tests.support.oidc_provider import OidcServer
from tests.support.program import HOST, request
from tests.support.program import sign_in as write_session
from tests.support.redis_server import RedisServer

LOGOUT, SIGNED_OUT = "/.outerward/logout", "/.outerward/signed-out"
LEAVING = {"Host": HOST, "Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}


@asynccontextmanager
async def signed_in(site: Site) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A browser that Ada is signed in with, and its session cookie."""
    async with browser() as client:
        assert (await sign_in(client, f"{site.origin}/", "ada")).status == 200
        yield client, cookie_in(client, site)


async def at_the_provider(client: aiohttp.ClientSession, site: Site, target: str = LOGOUT) -> URL:
    """Sign out here; the address that leads to the provider, not opened yet."""
    url = URL(site.origin + target, encoded=True)
    async with client.get(url, headers={"Sec-Fetch-Site": "none"}, allow_redirects=False) as answer:
        assert answer.status == 302
        return URL(answer.headers["Location"], encoded=True)


async def test_r1_the_visitor_is_signed_out_here_and_there_and_lands_on_a_clean_address(
    site: Site, server: OidcServer
) -> None:
    async with signed_in(site) as (client, cookie):
        with RedisServer.looking_at(site.program.store_url) as look:
            assert len(look.keys("ow:m:*")) == 1
            landing = await walk(client, f"{site.origin}{LOGOUT}")
            assert look.keys("ow:m:*") == look.keys("ow:p:*") == []

        assert (landing.status, landing.url) == (200, f"{site.origin}{SIGNED_OUT}")
        assert "OUT-2031" in landing.text
        assert "outerward" not in client.cookie_jar.filter_cookies(URL(site.origin))
        ended = await site.session(cookie)
        assert isinstance(ended, Tombstone)
        assert (ended.reason, ended.ended_by[:7]) == (EndReason.LOGOUT, "edgusr_")
        asked = await walk(client, f"{site.origin}/")
        assert asked.url.startswith(f"{server.issuer}/interaction/"), "the provider's session is over too"


async def test_r1_the_session_is_over_before_the_provider_is_asked_which_gets_the_hint(
    site: Site, server: OidcServer
) -> None:
    async with signed_in(site) as (client, cookie):
        away = await at_the_provider(client, site)

        assert isinstance(await site.session(cookie), Tombstone)
        assert await site.store.session_memory(hash_of(cookie)) is None
        assert str(away).startswith(f"{server.issuer}/session/end?")
        assert away.query["post_logout_redirect_uri"] == f"{site.origin}{SIGNED_OUT}"
        assert away.query["client_id"] == "client"
        assert away.query["id_token_hint"].count(".") == 2
        assert len(away.query["state"]) == 43
        landing = await walk(client, str(away))
        assert landing.url == f"{site.origin}{SIGNED_OUT}"


async def test_r2_the_page_that_was_asked_for_comes_after_the_round_trip_and_is_one_of_this_host(
    site: Site,
) -> None:
    found = {}
    for wanted in ("/bye?x=1", "//evil.example", "https://evil.example/", "/\\evil.example", LOGOUT):
        async with signed_in(site) as (client, _):
            away = await at_the_provider(client, site, f"{LOGOUT}?redirect_path={quote(wanted, safe='')}")
            back = await walk(client, str(away), until=f"{site.origin}{SIGNED_OUT}?state=")
            async with client.get(back.url, allow_redirects=False) as answer:
                found[wanted] = answer.headers["Location"]

    assert found.pop("/bye?x=1") == "/bye?x=1"
    assert set(found.values()) == {"/"}


async def test_r2_a_state_that_is_none_of_ours_is_the_plain_page_and_changes_nothing(site: Site) -> None:
    async with signed_in(site) as (other, cookie):
        for state in ("", "another", "x" * 43):
            async with signed_in(site) as (client, _):
                away = await at_the_provider(client, site)
                kept = [(name, value) for name, value in away.query.items() if name != "state"]
                forged = away.with_query([*kept, *([("state", state)] if state else [])])
                landing = await walk(client, str(forged))
            visited = await walk(other, f"{site.origin}{SIGNED_OUT}?state={state}")

            assert (landing.status, landing.url) == (200, f"{site.origin}{SIGNED_OUT}")
            assert visited.status == 200
            assert isinstance(await site.session(cookie), BrowserSession)


async def test_r2_a_state_leads_on_once_and_not_from_another_state_of_the_same_browser(site: Site) -> None:
    async with signed_in(site) as (client, _):
        away = await at_the_provider(client, site)
        address = f"{site.origin}{SIGNED_OUT}?state={away.query['state']}"
        with RedisServer.looking_at(site.program.store_url) as look:
            assert len(look.keys("ow:p:*")) == 1
            first = await walk(client, address)
            assert look.keys("ow:p:*") == []
        second = await walk(client, address)

    assert first.url == second.url == f"{site.origin}{SIGNED_OUT}"


async def test_r1_a_provider_that_is_down_keeps_nobody_signed_in(site: Site, server: OidcServer) -> None:
    server.stop()
    cookie = await write_session(site.store, "ada")
    assert (await asyncio.to_thread(site.program.visit, cookie)).status == 200
    answer = await asyncio.to_thread(
        request, site.program.edge, LOGOUT, LEAVING | {"Cookie": f"outerward={cookie}"}
    )
    refused = await asyncio.to_thread(site.program.visit, cookie)

    assert (answer.status, refused.status) == (302, 401)
    assert isinstance(await site.session(cookie), Tombstone)
    assert '"control_app_failed"' not in site.program.log


async def test_r1_a_provider_that_goes_down_after_the_login_keeps_nobody_signed_in(
    site: Site, server: OidcServer
) -> None:
    async with signed_in(site) as (client, cookie):
        server.stop()
        async with client.get(
            f"{site.origin}{LOGOUT}", headers={"Sec-Fetch-Site": "none"}, allow_redirects=False
        ) as answer:
            location = answer.headers["Location"]

        assert answer.status == 302
        assert location == SIGNED_OUT or location.startswith(f"{server.issuer}/session/end?")
        assert isinstance(await site.session(cookie), Tombstone)
        assert (await asyncio.to_thread(site.program.visit, cookie)).status == 401
