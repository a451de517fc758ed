"""A whole login with each preset, its data untouched, against its provider as documented."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idp_adapters import PRESETS, LoginError, LogoutMessage, Redirect
from tests.integration.presets.people import NAMES, PEOPLE
from tests.support.preset_logins import Parameters, PresetLogins, party_of

PLAIN = ["amazon", "facebook", "github"]


@pytest.mark.parametrize("preset", NAMES)
async def test_a_login_tells_who_signed_in(logins: PresetLogins, preset: str) -> None:
    completed = await logins.completed(logins.provider(preset))

    assert completed.identity == PEOPLE[preset]
    assert completed.access_token == logins.servers.of(preset).access_token
    assert completed.memory


@pytest.mark.parametrize("preset", NAMES)
async def test_the_request_carries_a_state_of_its_own_and_the_presets_scopes(
    logins: PresetLogins, preset: str
) -> None:
    provider = logins.provider(preset)
    first, _ = await logins.begun(provider)
    second, _ = await logins.begun(provider)

    request = logins.servers.of(preset).requests[0]
    assert request["scope"].split() == list(PRESETS[preset].scopes)  # type: ignore[index]
    assert request["state"] == first.state
    assert len({first.state, second.state}) == 2
    assert len(first.state) >= 43


@pytest.mark.parametrize("preset", sorted(set(NAMES) - {"linkedin"}))
async def test_the_request_carries_a_challenge_and_the_token_request_its_verifier(
    logins: PresetLogins, preset: str
) -> None:
    await logins.completed(logins.provider(preset))

    played = logins.servers.of(preset)
    assert played.requests[0]["code_challenge_method"] == "S256"
    assert len(played.requests[0]["code_challenge"]) == 43
    assert len(played.forms[0]["code_verifier"]) >= 43


@pytest.mark.parametrize("preset", NAMES)
async def test_an_answer_with_another_state_is_refused_and_its_code_sent_nowhere(
    logins: PresetLogins, preset: str
) -> None:
    def edit(answer: Parameters) -> Parameters:
        return [(name, "another" if name == "state" else value) for name, value in answer]

    with pytest.raises(LoginError) as caught:
        await logins.completed(logins.provider(preset), edit)

    assert caught.value.reason == "invalid_response"
    assert logins.servers.of(preset).forms == []


@pytest.mark.parametrize("preset", NAMES)
async def test_an_answer_at_another_redirect_uri_is_refused(logins: PresetLogins, preset: str) -> None:
    provider = logins.provider(preset)
    begun, answer = await logins.begun(provider)

    with pytest.raises(LoginError) as caught:
        await provider.complete(answer, begun.transaction, party_of("another"))

    assert caught.value.reason == "invalid_response"
    assert logins.servers.of(preset).forms == []


@pytest.mark.parametrize(
    ("preset", "reason"),
    [
        # PKCE tells at the token endpoint; Twitch passes over it, and the nonce in its ID token tells.
        ("amazon", "provider_error"),
        ("facebook", "provider_error"),
        ("github", "provider_error"),
        ("gitlab", "provider_error"),
        ("google", "provider_error"),
        ("microsoft", "provider_error"),
        ("twitch", "invalid_token"),
    ],
)
async def test_the_code_of_another_login_is_worth_nothing(
    logins: PresetLogins, preset: str, reason: str
) -> None:
    provider = logins.provider(preset)
    _, first = await logins.begun(provider)
    begun, second = await logins.begun(provider)
    code = dict(first)["code"]
    stolen = [(name, code if name == "code" else value) for name, value in second]

    with pytest.raises(LoginError) as caught:
        await provider.complete(stolen, begun.transaction, party_of(provider.name))

    assert caught.value.reason == reason


@pytest.mark.parametrize("preset", NAMES)
async def test_an_answer_of_another_issuer_is_refused_before_its_code_goes_out(
    logins: PresetLogins, preset: str
) -> None:
    def edit(answer: Parameters) -> Parameters:
        return [entry for entry in answer if entry[0] != "iss"] + [("iss", "https://evil.example")]

    with pytest.raises(LoginError) as caught:
        await logins.completed(logins.provider(preset), edit)

    assert caught.value.reason == "invalid_response"
    assert logins.servers.of(preset).forms == []


@pytest.mark.parametrize("preset", NAMES)
async def test_a_login_of_one_preset_is_not_finished_by_another(logins: PresetLogins, preset: str) -> None:
    other = logins.provider("google" if preset != "google" else "github")
    begun, answer = await logins.begun(logins.provider(preset))

    with pytest.raises(LoginError) as caught:
        await other.complete(answer, begun.transaction, party_of(preset))

    assert caught.value.reason == "invalid_response"


@pytest.mark.parametrize(
    ("begun_with", "changes"),
    [
        pytest.param("facebook", {}, id="another-preset"),
        pytest.param("github", {"base_url": "https://git.example.com"}, id="another-place"),
    ],
)
async def test_a_login_with_plain_oauth_is_finished_by_the_provider_that_it_was_begun_with(
    logins: PresetLogins, begun_with: str, changes: dict[str, Any]
) -> None:
    begun = await logins.provider(begun_with, **changes).begin(party_of("github"))

    with pytest.raises(LoginError) as caught:
        await logins.provider("github").complete(
            [("code", "a-code"), ("state", begun.state)], begun.transaction, party_of("github")
        )

    assert caught.value.reason == "invalid_response"
    assert logins.servers.github.forms == []


@pytest.mark.parametrize("preset", NAMES)
async def test_a_person_who_says_no_is_not_signed_in(logins: PresetLogins, preset: str) -> None:
    def edit(answer: Parameters) -> Parameters:
        return [("error", "access_denied"), ("state", dict(answer)["state"])]

    with pytest.raises(LoginError) as caught:
        await logins.completed(logins.provider(preset), edit)

    assert caught.value.reason == "denied"


@pytest.mark.parametrize("preset", NAMES)
async def test_no_secret_is_in_the_representation_of_anything(logins: PresetLogins, preset: str) -> None:
    provider = logins.provider(preset)
    begun, answer = await logins.begun(provider)
    completed = await provider.complete(answer, begun.transaction, party_of(provider.name))
    played = logins.servers.of(preset)

    shown = f"{begun!r} {completed!r} {played.settings()!r}"
    for secret in (played.access_token, played.client_secret, begun.state, dict(answer)["code"]):
        assert secret not in shown


@pytest.mark.parametrize(
    ("preset", "parameter", "value"),
    [
        ("google", "prompt", "select_account"),
        ("github", "prompt", "select_account"),
        ("gitlab", "prompt", "login"),
        ("microsoft", "prompt", "login"),
        ("facebook", "auth_type", "reauthenticate"),
    ],
)
async def test_a_new_authentication_is_asked_for_as_each_provider_understands_it(
    logins: PresetLogins, preset: str, parameter: str, value: str
) -> None:
    begun = await logins.provider(preset).begin(party_of(preset), "login")

    assert isinstance(begun.sending, Redirect)
    assert parse_qs(urlsplit(begun.sending.url).query)[parameter] == [value]


@pytest.mark.parametrize("preset", NAMES)
async def test_what_the_operator_adds_goes_with_every_request(logins: PresetLogins, preset: str) -> None:
    provider = logins.provider(preset, authz_url_params={"hd": "example.com", "uri": "a b&c"})
    await logins.begun(provider)

    request = logins.servers.of(preset).requests[0]
    assert (request["hd"], request["uri"]) == ("example.com", "a b&c")


@pytest.mark.parametrize("preset", PLAIN)
async def test_plain_oauth_has_no_logout_and_believes_no_logout_message(
    logins: PresetLogins, preset: str
) -> None:
    provider = logins.provider(preset)
    completed = await logins.completed(provider)
    message = LogoutMessage(channel="front", parameters=[("iss", "https://github.com"), ("sid", "s")])

    with pytest.raises(LoginError) as caught:
        await provider.read_logout(message, party_of(preset))
    assert caught.value.reason == "invalid_response"
    assert await provider.logout(completed.memory, party_of(preset)) is None
    assert await provider.metadata(party_of(preset)) is None
    assert (provider.protocol, provider.issuer, provider.response_mode) == ("oauth", "", "query")


@pytest.mark.parametrize("preset", NAMES)
async def test_an_answer_without_a_login_is_of_nobody(logins: PresetLogins, preset: str) -> None:
    provider = logins.provider(preset)
    begun, answer = await logins.begun(provider)

    assert provider.state_of(answer) == begun.state
    with pytest.raises(LoginError) as caught:
        await provider.complete(answer, None, party_of(preset))
    assert caught.value.reason == "unsolicited"
