"""The real OpenID provider of the tests ends sessions: for an application, for a person, by back channel."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web

from tests.support.browser import browser, sign_in, sign_out_at_provider, walk
from tests.support.oidc_provider import OidcServer, RegisteredClient

CALLBACK = "http://app.localhost:1/callback"
SIGNED_OUT = "http://app.localhost:1/signed-out"


@dataclass
class BackChannel:
    """An address that logout tokens are sent to, and the claims of those that came."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.told.append(claims(str((await request.post())["logout_token"])))
        return web.Response()


@pytest.fixture
async def back_channel() -> AsyncIterator[BackChannel]:
    channel = BackChannel()
    app = web.Application()
    app.router.add_post("/logout", channel.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    channel.url = f"http://app.localhost:{runner.addresses[0][1]}/logout"
    yield channel
    await runner.cleanup()


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    told: dict[str, Any] = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return told


async def id_token(client: aiohttp.ClientSession, server: OidcServer) -> str:
    """Sign ``ada`` in by the code flow."""
    verifier = secrets.token_urlsafe(32)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {"response_type": "code", "client_id": "client", "redirect_uri": CALLBACK, "scope": "openid"}
    asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    landing = await sign_in(client, f"{server.issuer}/auth?{urlencode(asked)}", "ada", until=CALLBACK)
    code = dict(landing.parameters)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    form |= {"code_verifier": verifier}
    secret = {"Authorization": aiohttp.encode_basic_auth("client", "secret")}
    async with client.post(f"{server.issuer}/token", data=form, headers=secret) as response:
        return str((await response.json())["id_token"])


@asynccontextmanager
async def signed_in(
    channel: str, *, sid: bool = True
) -> AsyncIterator[tuple[aiohttp.ClientSession, Any, str]]:
    known = RegisteredClient("client", "secret", (CALLBACK,), (SIGNED_OUT,), channel, sid)
    with OidcServer(users={"ada": {}}, clients=[known], address="127.0.0.4") as server:
        async with browser() as client:
            yield client, server, await id_token(client, server)


async def test_a_logout_of_the_application_ends_the_session_and_comes_back(back_channel: BackChannel) -> None:
    async with signed_in(back_channel.url) as (client, server, token):
        asked = {"id_token_hint": token, "post_logout_redirect_uri": SIGNED_OUT, "state": "s"}
        url = f"{server.issuer}/session/end?{urlencode(asked)}"
        landing = await walk(client, url, until=SIGNED_OUT)

    assert landing.parameters == [("state", "s")]
    (told,) = back_channel.told
    assert told["sid"] == claims(token)["sid"]
    assert told["aud"] == "client"
    assert told["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}


async def test_a_logout_at_the_provider_is_told_by_back_channel(back_channel: BackChannel) -> None:
    async with signed_in(back_channel.url) as (client, server, token):
        landing = await sign_out_at_provider(client, server.logout_url)

    assert landing.status == 200
    assert [each["sid"] for each in back_channel.told] == [claims(token)["sid"]]


async def test_a_client_that_wants_no_sid_gets_none(back_channel: BackChannel) -> None:
    async with signed_in(back_channel.url, sid=False) as (client, server, token):
        await sign_out_at_provider(client, server.logout_url)

    assert "sid" not in claims(token)
    assert [each["sub"] for each in back_channel.told] == ["ada"]


async def test_an_address_that_is_not_registered_is_not_gone_back_to() -> None:
    async with signed_in("") as (client, server, token):
        asked = {"id_token_hint": token, "post_logout_redirect_uri": "http://evil.localhost:1/"}
        landing = await walk(client, f"{server.issuer}/session/end?{urlencode(asked)}")

    assert landing.status == 400
    assert landing.url.startswith(server.issuer)
