"""Facebook and Amazon: e-mail addresses that nobody vouches for, proofs, and tokens that end."""

import pytest

from idp_adapters import LoginError, OAuthProvider, allowed, parse_rule
from idp_adapters.presets import OAuth
from tests.support.preset_logins import Clock, PresetLogins

BOTH = ["amazon", "facebook"]


def clocked(logins: PresetLogins, preset: str) -> tuple[OAuthProvider, Clock]:
    settings, clock = logins.servers.of(preset).settings(), Clock()
    protocol = settings.preset.protocol
    assert isinstance(protocol, OAuth)
    return OAuthProvider(preset, settings, protocol, clock=clock, fetch=logins.servers.fetch()), clock


@pytest.mark.parametrize("preset", BOTH)
async def test_an_email_that_nobody_vouches_for_lets_nobody_pass(logins: PresetLogins, preset: str) -> None:
    identity = await logins.identity(preset)

    assert identity.email == "ada@example.com"
    assert not allowed([parse_rule("@example.com")], identity)


@pytest.mark.parametrize("preset", BOTH)
async def test_the_operator_may_vouch_for_it(logins: PresetLogins, preset: str) -> None:
    identity = await logins.identity(preset, email_verified="assume")

    assert allowed([parse_rule("@example.com")], identity)


@pytest.mark.parametrize("preset", BOTH)
async def test_where_there_is_no_email_there_is_none_to_vouch_for(logins: PresetLogins, preset: str) -> None:
    del logins.servers.of(preset).person["email"]

    identity = await logins.identity(preset, email_verified="assume")

    assert (identity.email, identity.email_verified) == ("", False)


async def test_facebooks_calls_carry_a_proof_that_no_other_secret_makes(logins: PresetLogins) -> None:
    provider = logins.provider("facebook")
    completed = await logins.completed(provider)
    logins.servers.facebook.client_secret = "another"

    with pytest.raises(LoginError):
        await provider.refresh(completed.memory, completed.identity)


async def test_the_secret_goes_in_the_body_of_the_token_request_not_in_its_address(
    logins: PresetLogins,
) -> None:
    await logins.identity("facebook")

    assert "POST graph.facebook.com/v25.0/oauth/access_token" in logins.servers.asked
    assert logins.servers.facebook.forms[0]["client_secret"] == logins.servers.facebook.client_secret


@pytest.mark.parametrize("preset", BOTH)
async def test_a_token_that_is_refused_at_once_is_trouble_and_no_word_about_the_person(
    logins: PresetLogins, preset: str
) -> None:
    logins.servers.of(preset).token_lies["access_token"] = "another"

    assert (await logins.error(preset)).reason == "provider_error"


@pytest.mark.parametrize("preset", BOTH)
async def test_a_token_that_counts_no_longer_ends_the_session(logins: PresetLogins, preset: str) -> None:
    provider = logins.provider(preset)
    completed = await logins.completed(provider)
    logins.servers.of(preset).access_token = "taken-back"

    with pytest.raises(LoginError) as caught:
        await provider.refresh(completed.memory, completed.identity)

    assert caught.value.reason == "denied"


async def test_facebooks_token_that_has_ended_can_no_longer_be_asked_with(logins: PresetLogins) -> None:
    provider, clock = clocked(logins, "facebook")
    completed = await logins.completed(provider)
    clock.now += 3601

    assert await provider.refresh(completed.memory, completed.identity) is None
    await provider.close()


async def test_amazons_refresh_token_stays_when_no_other_is_given(logins: PresetLogins) -> None:
    provider, clock = clocked(logins, "amazon")
    completed = await logins.completed(provider)

    for _ in range(2):
        clock.now += 3601
        again = await provider.refresh(completed.memory, completed.identity)
        assert again is not None
        completed = again

    assert completed.access_token == "Atza|another"
    await provider.close()


@pytest.mark.parametrize("memory", [b"", b"\xc1", b"\x80"])
async def test_a_memory_of_another_kind_is_not_asked_with(logins: PresetLogins, memory: bytes) -> None:
    provider = logins.provider("amazon")
    completed = await logins.completed(provider)

    assert await provider.refresh(memory, completed.identity) is None
