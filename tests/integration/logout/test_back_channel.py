"""Back-channel logout reaches every worker of a whole program before the provider hears 200."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from yarl import URL

from session_store import BrowserSession, EndReason, Tombstone
from tests.integration.logout.conftest import GOODBYE, WORKERS, Door, Site, door, running, worker_of
from tests.support.browser import browser, sign_in, sign_out_at_provider
from tests.support.hostile_oidc import HostileProvider, change
from tests.support.hostile_oidc_clients import KnownClient
from tests.support.http_client import Answer, Client, connected, exchange, request, until
from tests.support.logout_tokens import BROWSER, FORM, LogoutToken, code_of, cookies_in, done
from tests.support.oidc_provider import OidcServer
from tests.support.program import CANARY, HOST
from tests.support.redis_server import RedisServer

BACK = "/.outerward/backchannel-logout/nobody"
SESSIONS = 8
CLIENTS = 6


def cookie_in(client: aiohttp.ClientSession, site: Site) -> str:
    """The session cookie that a browser has."""
    return client.cookie_jar.filter_cookies(URL(site.origin))["outerward"].value


async def assert_shut(opened: Door) -> None:
    """The first request on each worker is refused, WebSockets got 1008, event streams broke off."""
    hits = opened.site.upstream.hits
    for client in opened.idle.values():
        await client.send(opened.request())
        answer = await client.answer()
        assert (answer.status, answer.json["details"]["reason"]) == (401, "logged_out")
    assert opened.site.upstream.hits == hits
    for client in opened.sockets.values():
        assert await client.ended() == GOODBYE
    for client in opened.events.values():
        assert not (await client.ended()).endswith(b"0\r\n\r\n"), "it ended like a whole one"


async def test_a_logout_at_a_real_provider_shuts_every_door_on_every_worker(
    site: Site, server: OidcServer
) -> None:
    async with browser() as ada, browser() as eve:
        for client, name in ((ada, "ada"), (eve, "eve")):
            assert (await sign_in(client, f"{site.origin}/", name)).status == 200
        cookie = cookie_in(ada, site)
        async with door(site, cookie) as hers, door(site, cookie_in(eve, site)) as others:
            assert len({*hers.idle, *hers.sockets, *hers.events}) == WORKERS
            landing = await sign_out_at_provider(ada, server.logout_url)
            await assert_shut(hers)
            for line in others.idle.values():
                await line.send(others.request())
                assert (await line.answer()).status == 200

        assert landing.status == 200
        ended = await site.session(cookie)
        assert isinstance(ended, Tombstone)
        assert (ended.reason, ended.ended_by) == (EndReason.BACK_CHANNEL, "provider:nobody")
        page = await sign_in(ada, f"{site.origin}/report", "ada")
        assert (page.status, URL(page.url).path) == (200, "/.outerward/login")
        assert "You signed out elsewhere" in page.text


async def test_the_other_browser_of_the_same_person_stays_signed_in(site: Site, server: OidcServer) -> None:
    async with browser() as laptop, browser() as phone:
        for client in (laptop, phone):
            assert (await sign_in(client, f"{site.origin}/", "ada")).status == 200
        await sign_out_at_provider(laptop, server.logout_url)

        assert isinstance(await site.session(cookie_in(laptop, site)), Tombstone)
        assert isinstance(await site.session(cookie_in(phone, site)), BrowserSession)


async def test_a_login_under_way_when_the_person_signs_out_at_the_provider_makes_no_session(
    site: Site, server: OidcServer
) -> None:
    async with browser() as client:
        assert (await sign_in(client, f"{site.origin}/", "ada")).status == 200
        callback = f"{site.origin}/.outerward/callback/"
        tab = f"{site.origin}/.outerward/login?redirect_path=/tab"
        held = await sign_in(client, tab, "ada", until=callback)
        await sign_out_at_provider(client, server.logout_url)
        before = cookie_in(client, site)
        landing = await sign_in(client, held.url, "ada")

        assert landing.status >= 400, landing
        assert cookie_in(client, site) == before
        assert isinstance(await site.session(before), Tombstone)


async def test_log_02_nothing_of_a_session_is_in_the_programs_log_and_nothing_is_left_in_its_store(
    site: Site, server: OidcServer
) -> None:
    async with browser() as client:
        await sign_in(client, f"{site.origin}/", "ada")
        cookie = cookie_in(client, site)
        with RedisServer.looking_at(site.program.store_url) as look:
            assert len(look.keys("ow:m:*")) == 1
            await sign_out_at_provider(client, server.logout_url)
            assert look.keys("ow:m:*") == []
    log = site.program.log

    assert log.count('"logout_by_provider"') == 1
    assert [secret for secret in (cookie, CANARY, "eyJ", "logout_token") if secret in log] == []


@pytest.fixture
async def hostile() -> AsyncIterator[HostileProvider]:
    """A provider that signs what the test wants, known to the program as a real one."""
    async with HostileProvider.running() as provider:
        provider.client = KnownClient("client", CANARY)
        yield provider


async def begin(site: Site, provider: HostileProvider, sid: str) -> tuple[str, str]:
    """A login that the provider has answered: the callback's address, and the login cookie."""
    away = await ask(site, "/.outerward/login?redirect_path=/")
    ((name, value),) = cookies_in(away).items()
    provider.lies.claims = change(sid=sid)
    answer = provider.authorize(away.header("location"))
    return f"/.outerward/callback/nobody?{urlencode(answer)}", f"{name}={value}"


async def ask(site: Site, target: str, cookie: str = "") -> Answer:
    headers = [*BROWSER, *([("Cookie", cookie)] if cookie else [])]
    (answer,) = await exchange(site.port, request("GET", target, host=f"{HOST}:{site.port}", headers=headers))
    return answer


async def tell(site: Site, token: str) -> Answer:
    body = f"logout_token={quote(token)}".encode()
    (answer,) = await exchange(
        site.port, request("POST", BACK, host=HOST, headers=[("Content-Type", FORM)], body=body), "POST"
    )
    return answer


async def visit(client: Client, cookie: str, passed: list[float]) -> None:
    """Ask again and again until it is refused; when each that was let through began."""
    while True:
        began = time.monotonic()
        await client.send(request(cookie=cookie))
        answer = await client.answer()
        if answer.status != 200:
            assert answer.json["details"]["reason"] == "logged_out"
            return
        passed.append(began)


def _all_passed(passed: list[list[float]]) -> bool:
    return all(len(each) >= 3 for each in passed)


async def test_no_request_that_begins_after_the_200_is_let_through_by_any_worker(
    tmp_path: Path, hostile: HostileProvider, port: int
) -> None:
    async with running(tmp_path / "edge", hostile.issuer, port) as site, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(port)) for _ in range(CLIENTS)]
        for number in range(SESSIONS):
            callback, login = await begin(site, hostile, f"s-{number}")
            cookie = cookies_in(await ask(site, callback, login))["outerward"]
            passed: list[list[float]] = [[] for _ in clients]
            visitors = [
                asyncio.create_task(visit(client, cookie, each))
                for client, each in zip(clients, passed, strict=True)
            ]
            await until(partial(_all_passed, passed))
            assert done(await tell(site, LogoutToken().signed_by(hostile, sid=f"s-{number}")))
            answered = time.monotonic()
            await asyncio.wait_for(asyncio.gather(*visitors), 30)

            assert max(began for each in passed for began in each) < answered
        held = {worker_of(client, site) for client in clients}
        while len(held) < WORKERS:
            client = await stack.enter_async_context(connected(port))
            await client.send(request(cookie=cookie))
            assert (await client.answer()).status == 401
            held.add(worker_of(client, site))


async def test_a_login_that_the_logout_overtook_is_told_so_by_the_worker_that_it_comes_back_to(
    tmp_path: Path, hostile: HostileProvider, port: int
) -> None:
    async with running(tmp_path / "edge", hostile.issuer, port) as site:
        for number in range(4):
            callback, login = await begin(site, hostile, f"s-{number}")
            assert done(await tell(site, LogoutToken().signed_by(hostile, sid=f"s-{number}")))
            landing = await ask(site, callback, login)

            assert (landing.status, code_of(landing)) == (409, 2013)
            assert "outerward" not in cookies_in(landing)
        callback, login = await begin(site, hostile, "s-0")
        assert (await ask(site, callback, login)).status == 302


async def test_a_token_counts_once_among_all_workers(
    tmp_path: Path, hostile: HostileProvider, port: int
) -> None:
    async with running(tmp_path / "edge", hostile.issuer, port) as site:
        token = LogoutToken().signed_by(hostile, sub="ada")
        assert done(await tell(site, token))
        answers = [await tell(site, token) for _ in range(8)]

        assert [(answer.status, code_of(answer)) for answer in answers] == [(400, 2042)] * 8
