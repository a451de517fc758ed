"""The modules of oidcc-client-refreshtoken-test-plan: a session whose provider is asked again in time."""

from collections.abc import AsyncIterator

import pytest

from session_store import EndReason, Tombstone
from tests.support.hostile_oidc import change
from tests.support.refreshing import World, refreshing
from tests.support.upstreams import received


@pytest.fixture
async def world(store_url: str) -> AsyncIterator[World]:
    """An edge that asks again, and hands the access token to its application."""
    async with refreshing(store_url, pass_access_token=True) as made:
        yield made


async def assert_it_ends(world: World, cookie: str) -> None:
    """The next request that asks the provider again is the session's end."""
    world.pass_interval()
    hits = world.upstream.hits
    assert (await world.ask(cookie)).status == 401
    ended = await world.standing(cookie)
    assert isinstance(ended, Tombstone)
    assert ended.reason is EndReason.REFRESH_REFUSED
    assert world.upstream.hits == hits


async def test_oidcc_client_test_refresh_token(world: World) -> None:
    """The refresh token brings a new access token, and userinfo is asked with that one."""
    cookie = await world.enter()
    first = received(await world.ask(cookie)).all("X-Forwarded-Access-Token")
    world.hostile.access_tokens.clear()
    world.pass_interval()
    second = received(await world.ask(cookie)).all("X-Forwarded-Access-Token")

    assert (first, second) == (["an-access-token"], ["an-access-token-1"])
    assert world.asked == ["refresh-0.0"]
    assert world.hostile.hits["/userinfo"] == 2


async def test_oidcc_client_test_refresh_token_invalid_issuer(world: World) -> None:
    """The refreshed ID token is of another issuer than the login's: the session ends."""
    cookie = await world.enter()
    world.hostile.lies.claims = change(iss="https://other.example")

    await assert_it_ends(world, cookie)


async def test_oidcc_client_test_refresh_token_invalid_sub(world: World) -> None:
    """The refreshed ID token is of another subject than the login's: the session ends."""
    cookie = await world.enter()
    world.hostile.lies.claims = change(sub="another")

    await assert_it_ends(world, cookie)
