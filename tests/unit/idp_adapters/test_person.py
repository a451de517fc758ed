"""Claims by name and by path, and groups that are not where they should be."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from idp_adapters import LoginError, OidcSettings
from idp_adapters.oidc.person import groups_are_elsewhere, identity_of, told_by_userinfo
from idp_adapters.oidc.quirks import Quirks

SUB = {"sub": "ada"}


def settings(**changes: Any) -> OidcSettings:
    return OidcSettings(issuer="https://id.example.com", client_id="us", client_secret="s", **changes)


ROLES = settings(groups_claim="realm_access.roles", username_claim="act.as.name")


def groups(claims: dict[str, Any], configured: OidcSettings = ROLES) -> tuple[str, ...]:
    return identity_of(SUB | claims, {}, configured).groups


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"realm_access": {"roles": ["a", "b"]}}, ("a", "b")),
        ({"realm_access.roles": ["literal"], "realm_access": {"roles": ["path"]}}, ("literal",)),
        ({"realm_access.roles": "one"}, ("one",)),
        ({"realm_access": {}}, ()),
        ({"realm_access": {"roles": None}}, ()),
        ({"realm_access": ["roles"]}, ()),
        ({"realm_access": "roles"}, ()),
        ({"realm_access": {"roles": []}}, ()),
        ({"roles": ["elsewhere"]}, ()),
        ({}, ()),
    ],
)
def test_groups_are_found_by_a_path_and_the_literal_name_wins(
    claims: dict[str, Any], found: tuple[str, ...]
) -> None:
    with capture_logs() as logged:
        assert groups(claims) == found
    assert logged == []


@pytest.mark.parametrize("value", [{"a": 1}, {}, 7, True, [{"name": "ops"}], [["ops"]]])
def test_a_path_that_leads_to_no_groups_gives_none_and_a_warning(value: object) -> None:
    with capture_logs() as logged:
        assert groups({"realm_access": {"roles": value}}) == ()
    assert [entry["event"] for entry in logged] == ["groups_dropped"]


def test_a_claim_with_a_namespace_is_a_name_and_not_a_path() -> None:
    named = settings(groups_claim="https://example.com/groups")

    assert groups({"https://example.com/groups": ["ops"]}, named) == ("ops",)
    assert groups({"https://example": {"com/groups": ["path"]}}, named) == ("path",)


def test_a_username_is_found_by_a_path_and_must_be_text() -> None:
    assert identity_of(SUB | {"act": {"as": {"name": "ada"}}}, {}, ROLES).username == "ada"
    for value in (7, ["ada"], {"x": 1}):
        with pytest.raises(LoginError, match="is not a string"):
            identity_of(SUB | {"act": {"as": {"name": value}}}, {}, ROLES)


def test_the_id_token_wins_at_the_end_of_a_path_too() -> None:
    userinfo = {"realm_access": {"roles": ["userinfo"]}}

    assert identity_of(SUB | {"realm_access": {"roles": ["token"]}}, userinfo, ROLES).groups == ("token",)
    assert identity_of(SUB, userinfo, ROLES).groups == ("userinfo",)


NAMES = {
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://evil.example/"}},
}


@pytest.mark.parametrize(
    ("claims", "userinfo", "elsewhere"),
    [
        (NAMES, {}, True),
        ({}, NAMES, True),
        ({"hasgroups": True}, {}, True),
        (NAMES | {"groups": []}, {}, True),
        (NAMES | {"groups": ["ops"]}, {}, False),
        (NAMES, {"groups": ["ops"]}, False),
        ({"hasgroups": "true"}, {}, False),
        ({"hasgroups": False}, {}, False),
        ({"_claim_names": {"email": "src1"}}, {}, False),
        ({"_claim_names": ["groups"]}, {}, False),
        ({"_claim_names": "groups"}, {}, False),
        ({}, {}, False),
    ],
)
def test_groups_that_did_not_fit_are_known_to_be_elsewhere(
    claims: dict[str, Any], userinfo: dict[str, Any], elsewhere: bool
) -> None:
    assert groups_are_elsewhere(claims, userinfo, settings()) is elsewhere


def test_hasgroups_speaks_of_the_claim_groups_alone() -> None:
    assert not groups_are_elsewhere({"hasgroups": True}, {}, settings(groups_claim="roles"))


def test_what_userinfo_tells_is_what_it_speaks_of_and_the_token_does_not() -> None:
    userinfo: dict[str, object] = {"name": "Ada", "groups": [], "email": None, "preferred_username": "ada"}

    assert told_by_userinfo({}, userinfo, settings()) == ("username", "name", "email", "groups")
    assert told_by_userinfo({"name": "Ada", "groups": ["x"]}, userinfo, settings()) == ("username", "email")
    assert told_by_userinfo({}, {}, settings()) == ()


def test_a_preset_names_the_claim_that_verifies_an_email() -> None:
    edov = Quirks(verified_claim="xms_edov")
    for claims, verified in (
        ({"xms_edov": True}, True),
        ({"xms_edov": "1"}, False),
        ({"xms_edov": 1}, False),
        ({"email_verified": True}, False),
        ({}, False),
    ):
        told = SUB | {"email": "ada@example.com"} | claims
        assert identity_of(told, {}, settings(), quirks=edov).email_verified is verified


def test_where_userinfo_alone_tells_of_the_email_the_token_s_is_not_read() -> None:
    quirks = Quirks(email_from_userinfo=True)
    token = SUB | {"email": "token@example.com", "email_verified": "true"}
    userinfo = {"email": "ada@example.com", "email_verified": True}
    identity = identity_of(token, userinfo, settings(), quirks=quirks)

    assert (identity.email, identity.email_verified) == ("ada@example.com", True)
    assert identity_of(token, {}, settings(), quirks=quirks).email == ""
    assert told_by_userinfo(token, userinfo, settings(), quirks) == ("email",)
