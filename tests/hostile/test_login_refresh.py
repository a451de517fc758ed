"""OIDC-28 in its further variants, and lesson 59: a refresh is believed about the same login, or ends it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from session_store import BrowserSession, EndReason, Tombstone
from tests.support.hostile_oidc import MISSING, Lies, change, mac_with
from tests.support.oidc_login import moment
from tests.support.refreshing import OPEN, OPS, World, refreshing
from tests.support.upstreams import received


@pytest.fixture
async def world(store_url: str) -> AsyncIterator[World]:
    async with refreshing(store_url) as made:
        yield made


def lies_of(world: World) -> dict[str, Lies]:
    """Each says that the refreshed ID token is not of this login."""
    us, issuer = world.hostile.client_id, world.hostile.issuer
    return {
        "iss with a slash": Lies(claims=change(iss=issuer + "/")),
        "iss missing": Lies(claims=change(iss=MISSING)),
        "sub in another case": Lies(claims=change(sub="Ada")),
        "sub missing": Lies(claims=change(sub=MISSING)),
        "sub in a list": Lies(claims=change(sub=["ada"])),
        "aud missing": Lies(claims=change(aud=MISSING)),
        "several aud, no azp": Lies(claims=change(aud=[us, "other"])),
        "azp other": Lies(claims=change(azp="other")),
        "another nonce": Lies(claims=change(nonce="n" * 43)),
        "nonce null": Lies(claims=change(nonce=None)),
        "iat missing": Lies(claims=change(iat=MISSING)),
        "iat an hour ago": Lies(claims=change(iat=moment(-3600))),
        "expired": Lies(claims=change(exp=moment(-3600))),
        "exp missing": Lies(claims=change(exp=MISSING)),
        "a logout token": Lies(header=change(typ="logout+jwt")),
        "events": Lies(claims=change(events={})),
        "HS256 by the secret": Lies(
            header=change(alg="HS256"), signature=mac_with(world.hostile.client_secret.encode())
        ),
        "another kid": Lies(header=change(kid="another")),
    }


NAMES = [
    *(
        "iss with a slash",
        "iss missing",
        "sub in another case",
        "sub missing",
        "sub in a list",
        "aud missing",
    ),
    *("several aud, no azp", "azp other", "another nonce", "nonce null", "iat missing", "iat an hour ago"),
    *("expired", "exp missing", "a logout token", "events", "HS256 by the secret", "another kid"),
]


@pytest.mark.parametrize("name", NAMES)
async def test_oidc_28_a_refreshed_token_that_is_not_of_this_login_ends_the_session(
    world: World, name: str
) -> None:
    cookie = await world.enter(OPS, OPEN)
    others = await world.enter(OPEN)
    told = lies_of(world)
    assert sorted(told) == sorted(NAMES)
    world.hostile.lies = told[name]
    world.pass_interval()
    hits = world.upstream.hits

    for target in (OPS, OPEN, OPS):
        assert (await world.ask(cookie, target)).status == 401
    assert world.upstream.hits == hits
    ended = await world.standing(cookie)
    assert isinstance(ended, Tombstone)
    assert ended.reason is EndReason.REFRESH_REFUSED
    world.hostile.lies = Lies()
    assert (await world.ask(others, OPEN)).status == 200


async def test_oidc_28_the_refreshed_token_of_the_same_login_keeps_the_session(world: World) -> None:
    cookie = await world.enter()
    world.pass_interval()

    assert received(await world.ask(cookie)).all("X-Forwarded-User") == ["ada"]
    assert isinstance(await world.standing(cookie), BrowserSession)


async def test_lesson_59_a_person_who_was_deleted_is_not_let_in_by_a_refresh(world: World) -> None:
    cookie = await world.enter()
    (person,) = (await world.store.users(limit=10, before=None)).items
    await world.store.delete_user(person.user.id, "admin")
    world.pass_interval()
    hits = world.upstream.hits

    assert (await world.ask(cookie)).status == 401
    assert world.asked == []
    assert world.upstream.hits == hits


async def test_lesson_59_a_session_that_was_ended_while_its_provider_was_asked_stays_ended(
    world: World,
) -> None:
    cookie = await world.enter()
    browser = await world.standing(cookie)
    assert isinstance(browser, BrowserSession)
    held = world.hostile.refresh_tokens.held = asyncio.Event()
    world.pass_interval()
    asking = asyncio.create_task(world.ask(cookie))
    await world.hostile.refresh_tokens.started.wait()
    await world.store.end_browser_session(browser.cookie_hash, EndReason.REVOKED, "admin")
    held.set()

    assert (await asking).status == 401
    await world.settled()
    ended = await world.standing(cookie)
    assert isinstance(ended, Tombstone)
    assert ended.reason is EndReason.REVOKED
    assert (await world.ask(cookie)).status == 401
