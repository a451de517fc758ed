"""How a person signed in, where an operator cares, and how the answer comes back."""

import time
from datetime import timedelta

import pytest

from tests.support.browser import browser, walk
from tests.support.hostile_oidc import MISSING, HostileProvider, change
from tests.support.oidc_login import CALLBACK, PARTY, moment, opened, url_of

STRONG = {"acr_values": ("phr", "gold")}
ACRS = ["missing", "null", "empty", "zero", "capitals", "both", "list", "number"]
LATELY = {"max_age": timedelta(minutes=10)}


@pytest.mark.parametrize("acr", ["phr", "gold"])
async def test_c9_a_login_in_one_of_the_ways_that_were_asked_for_completes(
    acr: str, hostile: HostileProvider
) -> None:
    hostile.lies.claims = change(acr=acr)
    async with opened(hostile, STRONG) as login:
        assert (await login.run()).subject == "ada"


@pytest.mark.parametrize("acr", [MISSING, None, "", "0", "PHR", "phr gold", ["phr"], 1], ids=ACRS)
async def test_c9_a_login_in_another_way_is_refused(acr: object, hostile: HostileProvider) -> None:
    hostile.lies.claims = change(acr=acr)
    async with opened(hostile, STRONG) as login:
        error = await login.refused()
    assert (error.reason, "acr is" in error.detail) == ("invalid_token", True)


async def test_c10_who_signed_in_within_max_age_is_let_in(hostile: HostileProvider) -> None:
    hostile.signed_in_at = moment(-599)
    async with opened(hostile, LATELY) as login:
        assert (await login.run()).subject == "ada"


@pytest.mark.parametrize(
    "auth_time",
    [MISSING, None, "1", True, -1, 1e300, 10**400, 0],
    ids=["missing", "null", "text", "true", "negative", "huge", "digits", "1970"],
)
async def test_c10_without_a_time_that_fits_nobody_signed_in_lately(
    auth_time: object, hostile: HostileProvider
) -> None:
    hostile.lies.claims = change(auth_time=auth_time)
    async with opened(hostile, LATELY) as login:
        assert (await login.refused()).reason == "not_anew"


async def test_c10_who_signed_in_longer_ago_is_not_let_in(hostile: HostileProvider) -> None:
    hostile.signed_in_at = moment(-664)
    async with opened(hostile, LATELY) as login:
        error = await login.refused()
    assert (error.reason, "too long ago" in error.detail) == ("not_anew", True)


async def test_c10_time_that_a_person_takes_to_sign_in_does_not_count(hostile: HostileProvider) -> None:
    now = [time.time()]
    async with opened(hostile, {"max_age": timedelta(0)}, clock=lambda: now[0]) as login:
        begun = await login.begin()
        hostile.signed_in_at = now[0] + 1
        now[0] += 300
        hostile.lies.claims = change(iat=int(now[0]), exp=int(now[0]) + 300)
        assert (await login.complete(begun)).subject == "ada"


async def test_c10_a_prompt_of_one_login_alone_asks_for_no_time(hostile: HostileProvider) -> None:
    hostile.lies.claims = change(auth_time=1)
    async with opened(hostile) as login:
        begun = await login.oidc.begin(PARTY, "login")
        assert (await login.complete(begun)).subject == "ada"


async def test_an_answer_by_form_post_completes_a_login(hostile: HostileProvider) -> None:
    async with opened(hostile, {"response_mode": "form_post"}) as login, browser() as client:
        assert login.oidc.response_mode == "form_post"
        begun = await login.begin()
        landing = await walk(client, url_of(begun), until=CALLBACK)
        parameters = list(landing.fields.items())
        completed = await login.oidc.complete(parameters, begun.transaction, PARTY)
    assert landing.parameters == []
    assert completed.identity.subject == "ada"


async def test_form_post_that_a_provider_does_not_offer_is_told_before_anybody_signs_in(
    hostile: HostileProvider,
) -> None:
    hostile.lies.metadata = change(response_modes_supported=["query", "fragment"])
    async with opened(hostile, {"response_mode": "form_post"}) as login:
        error = await login.refused()
    assert (error.reason, hostile.codes_sent) == ("provider_misconfigured", [])


async def test_a_provider_tells_its_issuer_and_how_answers_come(hostile: HostileProvider) -> None:
    async with opened(hostile) as login:
        assert (login.oidc.issuer, login.oidc.response_mode) == (hostile.issuer, "query")


async def test_a_login_hands_out_its_access_token_and_does_not_show_it(hostile: HostileProvider) -> None:
    async with opened(hostile) as login:
        completed = await login.completed()
    assert completed.access_token == "an-access-token"
    assert "an-access-token" not in repr(completed)
