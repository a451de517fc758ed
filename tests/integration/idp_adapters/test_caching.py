"""How long metadata and keys of a provider are believed, and when they are asked for again."""

import asyncio
import json

import pytest
from aiohttp import web

from tests.support.hostile_oidc import MISSING, HostileProvider, change, fresh_key, public_part
from tests.support.oidc_login import Login, answer, opened, url_of

WELL_KNOWN = "/.well-known/openid-configuration"


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


async def test_c16_new_keys_are_fetched_when_a_token_names_one(login: Login) -> None:
    await login.run()
    login.hostile.key = fresh_key()
    assert (await login.run()).subject == "ada"
    assert login.hostile.hits["/keys"] == 2


async def test_c16_a_new_key_without_a_name_is_found_too(login: Login) -> None:
    login.hostile.lies.header = change(kid=MISSING)
    login.hostile.lies.key_set = lambda key_set: {"keys": [change(kid=MISSING)(key_set["keys"][0])]}
    await login.run()
    login.hostile.key = fresh_key()
    assert (await login.run()).subject == "ada"


async def test_c16_unknown_keys_cause_one_fetch_in_30_s(hostile: HostileProvider) -> None:
    clock = Clock()
    async with opened(hostile, monotonic=clock) as login:
        await login.run()
        hostile.lies.header = change(kid="unknown")
        for _ in range(3):
            assert (await login.refused()).reason == "invalid_token"
        assert hostile.hits["/keys"] == 2
        clock.now_s += 29.9
        await login.refused()
        assert hostile.hits["/keys"] == 2
        clock.now_s += 0.2
        await login.refused()
        assert hostile.hits["/keys"] == 3


async def test_c16_m15_old_keys_stay_when_new_ones_cannot_be_had(hostile: HostileProvider) -> None:
    clock = Clock()
    async with opened(hostile, monotonic=clock) as login:
        await login.run()
        hostile.lies.answers["/keys"] = answer(b"{}", status=500)
        hostile.lies.header = change(kid="unknown")
        assert (await login.refused()).reason == "invalid_token"
        hostile.lies.header = change()
        clock.now_s += 7200.0
        assert (await login.run()).subject == "ada"


@pytest.mark.parametrize(
    ("cache_control", "fresh_s"),
    [
        ("", 3600),
        ("max-age=120", 120),
        ("public, Max-Age=7200", 7200),
        ("max-age=9999999999", 86400),
        ("max-age=1", 30),
        ("no-store", 30),
        ("max-age=7200, no-cache", 30),
    ],
)
async def test_c16_cache_control_of_the_keys_is_honoured(
    cache_control: str, fresh_s: int, hostile: HostileProvider
) -> None:
    clock = Clock()
    body = json.dumps({"keys": [public_part(hostile.key)]}).encode()
    hostile.lies.answers["/keys"] = answer(body, Cache_Control=cache_control)
    async with opened(hostile, monotonic=clock) as login:
        await login.run()
        clock.now_s += fresh_s - 1
        await login.run()
        assert hostile.hits["/keys"] == 1
        clock.now_s += 2
        await login.run()
        assert hostile.hits["/keys"] == 2


async def test_keys_of_an_hour_ago_are_not_believed_when_new_ones_are_there(hostile: HostileProvider) -> None:
    clock = Clock()
    async with opened(hostile, monotonic=clock) as login:
        await login.run()
        hostile.lies.key_set = lambda _: {"keys": [public_part(fresh_key())]}
        clock.now_s += 3601
        assert (await login.refused()).reason == "invalid_token"


async def test_metadata_is_asked_for_once_an_hour_and_the_old_kept_when_the_new_is_bad(
    hostile: HostileProvider,
) -> None:
    clock = Clock()
    async with opened(hostile, monotonic=clock) as login:
        await login.run()
        await login.run()
        assert hostile.hits[WELL_KNOWN] == 1
        clock.now_s += 3601.0
        hostile.lies.metadata = change(issuer="https://other.example")
        assert (await login.run()).subject == "ada"
        assert hostile.hits[WELL_KNOWN] == 2


async def test_metadata_that_moved_is_followed_after_an_hour(hostile: HostileProvider) -> None:
    clock = Clock()
    async with opened(hostile, monotonic=clock) as login:
        await login.begin()
        hostile.lies.metadata = lambda m: m | {"authorization_endpoint": m["issuer"] + "/moved"}
        clock.now_s += 3601.0
        assert "/moved?" in url_of(await login.begin())


async def test_m13_a_provider_that_comes_back_is_used_at_once(login: Login) -> None:
    login.hostile.lies.answers[WELL_KNOWN] = answer(status=503)
    assert (await login.refused()).reason == "provider_error"
    del login.hostile.lies.answers[WELL_KNOWN]
    assert (await login.run()).subject == "ada"


async def test_many_logins_at_once_ask_for_metadata_once(login: Login) -> None:
    hold = asyncio.Event()
    arrived = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        arrived.set()
        await hold.wait()
        del login.hostile.lies.answers[WELL_KNOWN]
        return web.json_response(login.hostile.metadata())

    login.hostile.lies.answers[WELL_KNOWN] = slow
    begun = [asyncio.create_task(login.begin()) for _ in range(20)]
    await arrived.wait()
    begun[0].cancel()
    hold.set()
    assert len([await task for task in begun[1:]]) == 19
    assert login.hostile.hits[WELL_KNOWN] == 1
