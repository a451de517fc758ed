"""GitHub: errors with the status 200, the verified e-mail, organisations and teams, tokens that end."""

from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from idp_adapters import LoginError, OAuthProvider, allowed, parse_rule
from idp_adapters.presets import OAuth
from tests.support.preset_logins import Clock, Parameters, PresetLogins, party_of

ORGS, TEAMS = "api.github.com/user/orgs", "api.github.com/user/teams"


def answered(status: int, body: object = None, **headers: str) -> Any:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(
            body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    return answer


async def test_a_name_that_github_may_give_itself_in_its_answer_is_taken_or_may_be_missing(
    logins: PresetLogins,
) -> None:
    def without_issuer(answer: Parameters) -> Parameters:
        return [entry for entry in answer if entry[0] != "iss"]

    provider = logins.provider("github")
    begun, answer = await logins.begun(provider)
    assert ("iss", "https://github.com/login/oauth") in answer

    assert (
        await provider.complete(answer, begun.transaction, party_of("github"))
    ).identity.subject == "583231"
    assert (await logins.completed(provider, without_issuer)).identity.subject == "583231"


async def test_an_error_is_one_though_the_status_says_200(logins: PresetLogins) -> None:
    error = await logins.error("github", client_secret="another")

    assert error.reason == "provider_error"
    assert "incorrect_client_credentials" in error.detail


async def test_an_error_beside_a_token_is_still_an_error(logins: PresetLogins) -> None:
    logins.servers.github.token_lies["error"] = "redirect_uri_mismatch"

    assert (await logins.error("github")).reason == "provider_error"


@pytest.mark.parametrize(
    ("entries", "email", "verified"),
    [
        pytest.param(
            [{"email": "ada@example.com", "primary": True, "verified": False}],
            "ada@example.com",
            False,
            id="unverified",
        ),
        pytest.param(
            [{"email": "ada@example.com", "primary": True, "verified": "true"}],
            "ada@example.com",
            False,
            id="text",
        ),
        pytest.param(
            [{"email": "ada@example.com", "primary": False, "verified": True}], "", False, id="not-primary"
        ),
        pytest.param([{"email": "ada@example.com", "primary": True}], "ada@example.com", False, id="unsaid"),
        pytest.param([], "", False, id="none"),
    ],
)
@pytest.mark.parametrize("setting", ["required", "assume"])
async def test_only_the_primary_address_counts_and_only_when_github_verified_it(
    logins: PresetLogins, entries: list[dict[str, Any]], email: str, verified: bool, setting: str
) -> None:
    logins.servers.github.emails = entries

    identity = await logins.identity("github", email_verified=setting)

    assert (identity.email, identity.email_verified) == (email, verified)


async def test_the_address_of_the_public_profile_is_not_believed(logins: PresetLogins) -> None:
    logins.servers.github.person["email"] = "root@example.com"

    assert (await logins.identity("github")).email == "ada@example.com"


async def test_organisations_and_teams_come_whole_however_many_pages_they_take(logins: PresetLogins) -> None:
    played = logins.servers.github
    played.orgs = [f"org-{number}" for number in range(201)]
    played.teams = [("Acme", f"team-{number}") for number in range(250)]

    identity = await logins.identity("github")

    assert len(identity.groups) == 451
    assert len(identity.teams) == 250
    assert allowed([parse_rule("github-team:ACME/Team-249")], identity)
    assert allowed([parse_rule("group:org-200")], identity)
    assert not allowed([parse_rule("github-team:acme/team-250")], identity)


async def test_a_list_of_too_many_pages_ends_the_login_instead_of_being_cut(logins: PresetLogins) -> None:
    logins.servers.github.orgs = [f"org-{number}" for number in range(2001)]

    error = await logins.error("github")

    assert error.reason == "provider_error"
    assert "more than 20 pages" in error.detail
    assert sum(ORGS in asked for asked in logins.servers.asked) == 20


async def test_more_groups_than_are_kept_end_the_login(logins: PresetLogins) -> None:
    logins.servers.github.orgs = [f"org-{number}" for number in range(501)]

    assert (await logins.error("github")).reason == "invalid_claims"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/user/orgs?page=2",
        "http://api.github.com/user/orgs?page=2",
        "https://api.github.com/user/orgs/../keys?page=2",
        "https://api.github.com:444/user/orgs?page=2",
        "https://api.github.com@evil.example/user/orgs?page=2",
        "https://api.github.com/user/orgs?page=2#x",
        "//[",
    ],
)
async def test_a_next_page_elsewhere_is_not_asked_for(logins: PresetLogins, target: str) -> None:
    logins.servers.answers[ORGS] = answered(200, [], Link=f'<{target}>; rel="next"')

    assert (await logins.error("github")).reason == "provider_error"
    assert sum("evil" in asked or "keys" in asked for asked in logins.servers.asked) == 0


async def test_a_next_page_that_never_ends_is_given_up(logins: PresetLogins) -> None:
    link = '<https://api.github.com/user/orgs?page=2>; rel="next"'
    logins.servers.answers[ORGS] = answered(200, [], Link=link)

    assert (await logins.error("github")).reason == "provider_error"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(answered(403, {}, X_GitHub_SSO="required; url=https://x"), "single sign-on", id="sso"),
        pytest.param(answered(403, {"message": "no"}), "the scope", id="scope"),
        pytest.param(answered(404, {}), "the scope", id="hidden"),
        pytest.param(answered(403, {}, X_RateLimit_Remaining="0"), "too often", id="rate"),
        pytest.param(answered(429, {}, X_RateLimit_Remaining="0"), "too often", id="rate-429"),
        pytest.param(answered(500, {}), "answered 500", id="broken"),
        pytest.param(answered(200, {"login": "acme"}), "not a list", id="object"),
        pytest.param(answered(200, ["acme"]), "not a list of objects", id="names"),
        pytest.param(answered(200, [{"login": 1}]), "no login", id="number"),
        pytest.param(answered(200, [{"login": "a/b"}]), "no login", id="slash"),
        pytest.param(answered(200, None), "not a list", id="null"),
    ],
)
async def test_organisations_that_cannot_be_had_end_the_login_in_words(
    logins: PresetLogins, answer: Any, words: str
) -> None:
    logins.servers.answers[ORGS] = answer

    error = await logins.error("github")

    assert error.reason == "provider_error"
    assert words in error.detail


async def test_organisations_that_github_withholds_for_their_single_sign_on_are_reported(
    logins: PresetLogins,
) -> None:
    part = "partial-results; organizations=21955855,20582480"
    logins.servers.answers[ORGS] = answered(200, [{"login": "acme"}], X_GitHub_SSO=part)

    with capture_logs() as logs:
        identity = await logins.identity("github")

    assert "acme" in identity.groups
    assert [entry["event"] for entry in logs] == ["memberships_withheld"]


async def test_a_team_without_its_organisation_ends_the_login(logins: PresetLogins) -> None:
    logins.servers.answers[TEAMS] = answered(200, [{"slug": "ops", "organization": None}])

    assert (await logins.error("github")).reason == "provider_error"


async def test_without_the_scope_nothing_is_asked_of_organisations(logins: PresetLogins) -> None:
    identity = await logins.identity("github", scopes=("user:email",))

    assert (identity.groups, identity.teams) == ((), ())
    assert not any(place in asked for asked in logins.servers.asked for place in (ORGS, TEAMS))


@pytest.mark.parametrize(
    ("base_url", "api"),
    [
        pytest.param("https://git.example.com", "git.example.com/api/v3", id="server"),
        pytest.param("https://acme.ghe.com", "api.acme.ghe.com", id="data-residency"),
    ],
)
async def test_github_enterprise_is_an_issuer_of_its_own(
    logins: PresetLogins, base_url: str, api: str
) -> None:
    played = logins.servers.github
    played.site, played.api = base_url.removeprefix("https://"), api

    identity = await logins.identity("github", base_url=base_url)

    assert (identity.issuer, identity.subject) == (base_url, "583231")
    assert not any(" github.com" in asked for asked in logins.servers.asked)


# Asked again


async def test_a_lost_team_is_noticed_when_github_is_asked_again(logins: PresetLogins) -> None:
    provider = logins.provider("github")
    completed = await logins.completed(provider)
    logins.servers.github.teams = []

    again = await provider.refresh(completed.memory, completed.identity)

    assert again is not None
    assert again.identity.teams == ()
    assert again.identity.groups == ("Acme", "example")


@pytest.mark.parametrize("place", ["api.github.com/user", ORGS, TEAMS, "api.github.com/user/emails"])
async def test_a_token_that_counts_no_longer_ends_the_session(logins: PresetLogins, place: str) -> None:
    provider = logins.provider("github")
    completed = await logins.completed(provider)
    logins.servers.answers[place] = answered(401, {"message": "Bad credentials"})

    with pytest.raises(LoginError) as caught:
        await provider.refresh(completed.memory, completed.identity)

    assert caught.value.reason == "denied"


async def test_trouble_at_github_does_not_end_a_session(logins: PresetLogins) -> None:
    provider = logins.provider("github")
    completed = await logins.completed(provider)
    logins.servers.answers["api.github.com/user"] = answered(503, {})

    with pytest.raises(LoginError) as caught:
        await provider.refresh(completed.memory, completed.identity)

    assert caught.value.reason == "provider_error"


async def test_the_token_of_another_person_ends_the_session(logins: PresetLogins) -> None:
    provider = logins.provider("github")
    completed = await logins.completed(provider)
    logins.servers.github.person["id"] = 583232

    with pytest.raises(LoginError) as caught:
        await provider.refresh(completed.memory, completed.identity)

    assert caught.value.reason == "invalid_token"


def clocked(logins: PresetLogins) -> tuple[OAuthProvider, Clock]:
    """A provider for a GitHub App whose tokens end, at a time that a test moves."""
    logins.servers.github.expiring = True
    settings, clock = logins.servers.github.settings(), Clock()
    protocol = settings.preset.protocol
    assert isinstance(protocol, OAuth)
    return OAuthProvider("github", settings, protocol, clock=clock, fetch=logins.servers.fetch()), clock


async def test_a_token_that_has_ended_is_replaced_by_the_refresh_token_and_both_are_kept(
    logins: PresetLogins,
) -> None:
    provider, clock = clocked(logins)
    completed = await logins.completed(provider)
    tokens = [completed.access_token]

    for _ in range(2):
        clock.now += 28801
        again = await provider.refresh(completed.memory, completed.identity)
        assert again is not None
        completed = again
        tokens.append(completed.access_token)

    assert tokens == ["an-access-token", "ghu_1", "ghu_2"]
    await provider.close()


async def test_a_refresh_token_that_github_refuses_ends_the_session(logins: PresetLogins) -> None:
    provider, clock = clocked(logins)
    completed = await logins.completed(provider)
    logins.servers.github.refresh_token = "ghr_7"
    clock.now += 28801

    with pytest.raises(LoginError) as caught:
        await provider.refresh(completed.memory, completed.identity)

    assert caught.value.reason == "denied"
    await provider.close()


async def test_another_person_behind_the_new_tokens_ends_the_session(logins: PresetLogins) -> None:
    provider, clock = clocked(logins)
    completed = await logins.completed(provider)
    logins.servers.github.person["id"] = 583232
    clock.now += 28801

    with pytest.raises(LoginError) as caught:
        await provider.refresh(completed.memory, completed.identity)

    assert caught.value.reason == "invalid_token"
    await provider.close()


async def test_the_new_tokens_are_kept_though_the_profile_cannot_be_had_just_now(
    logins: PresetLogins,
) -> None:
    provider, clock = clocked(logins)
    completed = await logins.completed(provider)
    clock.now += 28801
    logins.servers.answers["api.github.com/user"] = answered(503, {})

    again = await provider.refresh(completed.memory, completed.identity)

    assert again is not None
    assert (again.identity, again.access_token) == (completed.identity, "ghu_1")
    del logins.servers.answers["api.github.com/user"]
    assert await provider.refresh(again.memory, again.identity) is not None
    await provider.close()
