"""Where the presets of OpenID Connect depart from the standard, and what is believed all the same."""

import pytest

from idp_adapters import LoginError
from tests.support.preset_logins import PresetLogins, party_of

OTHER_TENANT = "ffffeeee-9999-dddd-8888-cccc7777bbbb"
TENANT_ISSUER = "https://login.microsoftonline.com/{}/v2.0"


@pytest.mark.parametrize("preset", ["gitlab", "google", "linkedin", "twitch"])
async def test_an_email_that_is_not_verified_says_so(logins: PresetLogins, preset: str) -> None:
    logins.servers.of(preset).person["email_verified"] = False

    identity = await logins.identity(preset)

    assert (identity.email, identity.email_verified) == ("ada@example.com", False)


@pytest.mark.parametrize("preset", ["google", "linkedin", "microsoft"])
async def test_a_person_without_an_email_is_signed_in_without_one(logins: PresetLogins, preset: str) -> None:
    del logins.servers.of(preset).person["email"]

    identity = await logins.identity(preset)

    assert (identity.email, identity.email_verified) == ("", False)


async def test_google_may_leave_the_scheme_out_of_its_name(logins: PresetLogins) -> None:
    logins.servers.google.claim_lies["iss"] = "accounts.google.com"

    identity = await logins.identity("google")

    assert identity.issuer == "https://accounts.google.com"


async def test_another_issuer_than_googles_two_names_is_refused(logins: PresetLogins) -> None:
    logins.servers.google.claim_lies["iss"] = "accounts.google.com.example"

    assert (await logins.error("google")).reason == "invalid_token"


async def test_gitlabs_groups_are_those_of_userinfo_not_the_direct_ones_of_the_token(
    logins: PresetLogins,
) -> None:
    assert (await logins.identity("gitlab")).groups == ("acme", "acme/ops")
    assert (await logins.identity("gitlab", groups_claim="groups_direct")).groups == ("acme",)


async def test_microsofts_email_is_verified_where_the_owner_of_its_domain_was(logins: PresetLogins) -> None:
    logins.servers.microsoft.claim_lies["xms_edov"] = True

    assert (await logins.identity("microsoft")).email_verified


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"email_verified": True}, id="email_verified"),
        pytest.param({"xms_edov": False}, id="edov-false"),
        pytest.param({"xms_edov": "true"}, id="edov-text"),
        pytest.param({"xms_edov": 1}, id="edov-number"),
    ],
)
async def test_nothing_else_verifies_microsofts_email(
    logins: PresetLogins, claims: dict[str, object]
) -> None:
    logins.servers.microsoft.claim_lies.update(claims)

    assert not (await logins.identity("microsoft")).email_verified


async def test_people_of_two_microsoft_tenants_are_of_two_issuers(logins: PresetLogins) -> None:
    played = logins.servers.microsoft
    first = await logins.identity("microsoft")
    played.tenant = OTHER_TENANT
    second = await logins.identity("microsoft")

    assert first.issuer != second.issuer == TENANT_ISSUER.format(OTHER_TENANT)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"iss": TENANT_ISSUER.format(OTHER_TENANT)}, id="another-tenant"),
        pytest.param({"iss": TENANT_ISSUER.format("{tenantid}")}, id="the-template-itself"),
        pytest.param({"tid": None}, id="no-tenant"),
        pytest.param({"tid": "x", "iss": TENANT_ISSUER.format("x")}, id="no-guid"),
        pytest.param(
            {"tid": f"{OTHER_TENANT}/v2.0?", "iss": TENANT_ISSUER.format(f"{OTHER_TENANT}/v2.0?")}, id="more"
        ),
    ],
)
async def test_a_microsoft_token_must_be_of_the_tenant_that_it_names(
    logins: PresetLogins, claims: dict[str, object]
) -> None:
    logins.servers.microsoft.claim_lies.update(claims)

    assert (await logins.error("microsoft")).reason == "invalid_token"


async def test_microsoft_groups_that_did_not_fit_are_read_from_graph_page_by_page(
    logins: PresetLogins,
) -> None:
    played = logins.servers.microsoft
    played.group_ids = [f"group-{number}" for number in range(5)]
    played.claim_lies |= {
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": "https://evil.example/groups"}},
    }

    identity = await logins.identity("microsoft")

    assert identity.groups == tuple(played.group_ids)
    assert not any("evil" in asked for asked in logins.servers.asked)


async def test_linkedin_is_sent_no_challenge_and_no_verifier_since_it_refuses_them(
    logins: PresetLogins,
) -> None:
    await logins.identity("linkedin")

    played = logins.servers.linkedin
    assert "code_challenge" not in played.requests[0]
    assert "code_verifier" not in played.forms[0]


async def test_linkedins_token_may_lack_the_nonce_but_have_no_wrong_one(logins: PresetLogins) -> None:
    assert logins.servers.linkedin.claim_lies == {}
    await logins.identity("linkedin")
    logins.servers.linkedin.claim_lies["nonce"] = "another"

    assert (await logins.error("linkedin")).reason == "invalid_token"


async def test_linkedins_older_name_is_still_its_own(logins: PresetLogins) -> None:
    logins.servers.linkedin.claim_lies["iss"] = "https://www.linkedin.com"

    assert (await logins.identity("linkedin")).issuer == "https://www.linkedin.com/oauth"


async def test_linkedins_verified_as_a_text_in_userinfo_too_verifies_nothing(logins: PresetLogins) -> None:
    logins.servers.linkedin.userinfo_lies["email_verified"] = "true"

    assert not (await logins.identity("linkedin")).email_verified


@pytest.mark.parametrize("preset", ["gitlab", "google", "microsoft", "twitch"])
async def test_every_other_token_needs_the_nonce(logins: PresetLogins, preset: str) -> None:
    logins.servers.of(preset).claim_lies["nonce"] = None  # type: ignore[attr-defined]

    assert (await logins.error(preset)).reason == "invalid_token"


async def test_twitch_tells_the_email_because_it_is_asked_by_the_claims_parameter(
    logins: PresetLogins,
) -> None:
    identity = await logins.identity("twitch")

    assert '"email_verified":null' in logins.servers.twitch.requests[0]["claims"]
    assert identity.email_verified


async def test_without_its_scope_twitch_tells_no_email(logins: PresetLogins) -> None:
    identity = await logins.identity("twitch", scopes=("openid",))

    assert (identity.username, identity.email) == ("AdaPlays", "")


@pytest.mark.parametrize(
    ("base_url", "issuer_place"),
    [
        pytest.param("https://gitlab.example.com/git", "gitlab.example.com/git", id="under-a-path"),
        pytest.param("https://gitlab.example.com", "gitlab.example.com", id="host"),
    ],
)
async def test_ones_own_gitlab_is_an_issuer_of_its_own(
    logins: PresetLogins, base_url: str, issuer_place: str
) -> None:
    played = logins.servers.gitlab
    played.issuer = base_url
    played.metadata = {  # type: ignore[misc]
        name: value.replace("https://gitlab.com", base_url) if isinstance(value, str) else value
        for name, value in played.metadata.items()
    }

    identity = await logins.identity("gitlab", base_url=base_url)

    assert identity.issuer == base_url
    assert f"GET {issuer_place}/.well-known/openid-configuration" in logins.servers.asked


async def test_a_microsoft_tenant_of_ones_own_takes_no_other(logins: PresetLogins) -> None:
    played = logins.servers.microsoft
    played.issuer = played.metadata_issuer = TENANT_ISSUER.format(played.tenant)
    assert (await logins.identity("microsoft", base_url=played.issuer)).issuer == played.issuer

    played.claim_lies = {"tid": OTHER_TENANT, "iss": TENANT_ISSUER.format(OTHER_TENANT)}
    assert (await logins.error("microsoft", base_url=played.issuer)).reason == "invalid_token"


async def test_a_refused_client_is_told_as_an_error_of_the_provider(logins: PresetLogins) -> None:
    provider = logins.provider("google", client_secret="another")
    begun, answer = await logins.begun(provider)

    with pytest.raises(LoginError) as caught:
        await provider.complete(answer, begun.transaction, party_of("google"))

    assert caught.value.reason == "provider_error"
    assert "another" not in str(caught.value)
