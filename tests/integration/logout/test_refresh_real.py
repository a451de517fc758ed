"""Asking a real provider again: refresh tokens that rotate, until the person signs out there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from idp_adapters import LoginCompleted, LoginError, OidcProvider, OidcSettings, Redirect
from idp_adapters.oidc.session import read_memory
from tests.support.browser import browser, sign_in, sign_out_at_provider, walk
from tests.support.oidc_login import CALLBACK, PARTY, url_of
from tests.support.oidc_provider import OidcServer, RegisteredClient

USERS = {"ada": {"email": "ada@example.com", "email_verified": True, "groups": ["ops"]}}


@dataclass
class Session:
    """A login at a real provider, and the browser that is signed in there."""

    server: OidcServer
    oidc: OidcProvider
    client: aiohttp.ClientSession
    first: LoginCompleted

    async def refresh(self, memory: bytes) -> LoginCompleted:
        """Refresh, which must go well."""
        completed = await self.oidc.refresh(memory, self.first.identity)
        assert completed is not None
        return completed

    async def refused(self, memory: bytes) -> str:
        """Refresh, which must fail: why."""
        with pytest.raises(LoginError) as caught:
            await self.oidc.refresh(memory, self.first.identity)
        return caught.value.reason


@asynccontextmanager
async def logged_in(*, refreshes: bool = True) -> AsyncIterator[Session]:
    """Ada, signed in."""
    known = RegisteredClient("us:1", "se+cret", (CALLBACK,), (PARTY.signed_out,), refreshes=refreshes)
    with OidcServer(users=USERS, clients=[known], address="127.0.0.5") as server:
        settings = OidcSettings(
            issuer=server.issuer, client_id="us:1", client_secret="se+cret", allow_private_network=True
        )
        oidc = OidcProvider("corp", settings)
        async with browser() as client:
            begun = await oidc.begin(PARTY)
            landing = await sign_in(client, url_of(begun), "ada", until=CALLBACK)
            first = await oidc.complete(landing.parameters, begun.transaction, PARTY)
            yield Session(server, oidc, client, first)
        await oidc.close()


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    async with logged_in() as made:
        yield made


async def test_each_refresh_brings_the_next_token_and_the_same_person(session: Session) -> None:
    tokens, memory = [], session.first.memory
    for _ in range(4):
        kept = read_memory(memory)
        assert kept is not None
        tokens.append(kept.refresh_token)
        completed = await session.refresh(memory)
        memory = completed.memory
        assert completed.identity == session.first.identity
        assert completed.names == session.first.names

    assert len(set(tokens)) == 4
    assert "" not in tokens


async def test_o9_a_token_that_was_used_is_denied_and_takes_those_after_it_along(session: Session) -> None:
    second = await session.refresh(session.first.memory)

    assert await session.refused(session.first.memory) == "denied"
    assert await session.refused(second.memory) == "denied"


async def test_oidc_29_a_person_who_signed_out_there_is_denied(session: Session) -> None:
    second = await session.refresh(session.first.memory)
    await sign_out_at_provider(session.client, session.server.logout_url)

    assert await session.refused(second.memory) == "denied"


async def test_oidc_29_a_provider_that_is_down_has_ended_nothing(session: Session) -> None:
    session.server.stop()

    assert await session.refused(session.first.memory) == "provider_unreachable"


async def test_a_refreshed_session_still_signs_out_there_and_is_denied_from_then_on(session: Session) -> None:
    second = await session.refresh(session.first.memory)
    begun = await session.oidc.logout(second.memory, PARTY)
    assert begun is not None
    assert isinstance(begun.sending, Redirect)
    landing = await walk(session.client, begun.sending.url, until=PARTY.signed_out)

    assert landing.parameters == [("state", begun.state)]
    assert await session.refused(second.memory) == "denied"


async def test_a_client_without_refresh_tokens_asks_as_long_as_its_access_token_is_good() -> None:
    async with logged_in(refreshes=False) as session:
        second = await session.refresh(session.first.memory)
        assert (second.identity, second.access_token) == (session.first.identity, session.first.access_token)
        await sign_out_at_provider(session.client, session.server.logout_url)
        assert await session.oidc.refresh(second.memory, second.identity) is None
