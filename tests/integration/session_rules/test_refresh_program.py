"""The whole program of two workers and a provider that takes eight seconds: asked once, and nobody is out."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from idp_adapters import OidcProvider
from proxy.person import principal_of
from session_store import BrowserSession, Context, Endpoint, Store, endpoint_id
from tests.support.edge import hash_of
from tests.support.hostile_oidc import HostileProvider
from tests.support.http_client import connected, exchange, request
from tests.support.oidc_login import PARTY, url_of
from tests.support.program import Program, write_configuration
from tests.support.upstreams import Echo

HOST = "held.localhost"
SLOW_S = 8.0
OLD_S = 31
_MORE = """
[provider.corp]
type = "oidc"
issuer = "{issuer}"
client_id = "{client_id}"
client_secret = "{client_secret}"
allow_private_network = true
userinfo_refresh_interval = "30s"
[[tunnel]]
name = "held"
hostname = "held.localhost"
upstream = "http://127.0.0.1:{upstream}"
provider = "corp"
allow = ["group:ops"]
"""


@pytest.fixture
async def hostile() -> AsyncIterator[HostileProvider]:
    """Each of its refresh tokens is worth one refresh; a second use ends all."""
    async with HostileProvider.running() as provider:
        provider.refresh_tokens.given = True
        yield provider


@pytest.fixture
async def program(tmp_path: Path, hostile: HostileProvider) -> AsyncIterator[Program]:
    async with Echo.running() as upstream:
        more = _MORE.format(
            issuer=hostile.issuer,
            client_id=hostile.client_id,
            client_secret=hostile.client_secret,
            upstream=upstream.address.port,
        )
        started = Program.serve(write_configuration(tmp_path / "edge", workers=2, more=more))
        try:
            yield await asyncio.to_thread(started.ready)
        finally:
            await asyncio.to_thread(started.stop)


async def signed_in_a_while_ago(store: Store, hostile: HostileProvider, endpoint: Endpoint) -> str:
    """The cookie of a visitor who was there when what the provider said was still new."""
    oidc = OidcProvider("corp", hostile.settings())
    begun = await oidc.begin(PARTY)
    completed = await oidc.complete(hostile.authorize(url_of(begun)), begun.transaction, PARTY)
    await oidc.close()
    cookie = secrets.token_urlsafe(32)
    browser = await store.complete_login(
        principal_of(completed.identity, "corp"),
        provider_name="Corp",
        begun_at=await store.now(),
        scope=HOST,
        cookie_hash=hash_of(cookie),
        expires_at=time.time_ns() // 1_000_000 + 3_600_000,
        memory=completed.memory,
    )
    await store.start_application_session(
        browser,
        endpoint,
        expires_at=browser.expires_at,
        idle_timeout_s=0,
        context=Context(ip_address="127.0.0.1"),
    )
    return cookie


async def test_o9_fifty_requests_at_two_workers_make_one_refresh_of_eight_seconds_and_all_pass(
    program: Program, hostile: HostileProvider
) -> None:
    port = int(program.edge.rpartition(":")[2])
    store = Store.open(
        program.store_url,
        secrets=[program.store_secret],
        now_ms=lambda: time.time_ns() // 1_000_000 - OLD_S * 1000,
    )
    try:
        endpoint = Endpoint(id=endpoint_id("held"), public_url=f"http://{HOST}:{port}", tunnel="held")
        cookie = await signed_in_a_while_ago(store, hostile, endpoint)
        hostile.refresh_tokens.held = asyncio.Event()
        asked = request(host=HOST, cookie=cookie)
        asking = [asyncio.create_task(exchange(port, asked)) for _ in range(50)]
        await hostile.refresh_tokens.started.wait()
        await asyncio.sleep(SLOW_S)
        hostile.refresh_tokens.held.set()
        answers = [answer for (answer,) in await asyncio.gather(*asking)]

        assert {answer.status for answer in answers} == {200}
        assert hostile.refresh_tokens.used == ["refresh-0.0"]
        async with connected(port) as client:
            for _ in range(10):
                await client.send(asked)
                assert (await client.answer()).status == 200
        assert {(await exchange(port, asked))[0].status for _ in range(10)} == {200}
        assert hostile.refresh_tokens.used == ["refresh-0.0"]
        assert isinstance(await store.browser_session(hash_of(cookie)), BrowserSession)
    finally:
        await store.close()
