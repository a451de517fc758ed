"""Which issuers count as one provider's: exactly one, but for spellings and tenants that a preset names."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_adapters import LoginError
from idp_adapters.oidc.issuer import Issuers, is_document_of
from idp_adapters.oidc.quirks import STANDARD, Quirks

COMMON = "https://login.example.com/common/v2.0"
TEMPLATE = "https://login.example.com/{tenantid}/v2.0"
TID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
TENANTS = Quirks(tenant_claim="tid")
MANY = Issuers(COMMON, TEMPLATE, TENANTS)
SPELLED = Issuers("https://id.example.com", "https://id.example.com", Quirks(issuers=("id.example.com",)))
PLAIN = Issuers("https://id.example.com", "https://id.example.com", STANDARD)


def test_a_plain_provider_has_the_issuer_that_is_configured() -> None:
    for claims in ({}, {"iss": "id.example.com"}, {"iss": "https://id.example.com/"}, {"tid": TID}):
        assert PLAIN.expected(claims) == PLAIN.of_person(claims) == "https://id.example.com"
    assert PLAIN.may_answer("https://id.example.com")
    assert not PLAIN.may_answer("id.example.com")


def test_another_spelling_is_expected_where_it_is_used_and_is_the_same_person() -> None:
    assert SPELLED.expected({"iss": "id.example.com"}) == "id.example.com"
    assert SPELLED.expected({"iss": "https://evil.example"}) == "https://id.example.com"
    assert SPELLED.expected({"iss": ["id.example.com"]}) == "https://id.example.com"
    assert SPELLED.of_person({"iss": "id.example.com"}) == "https://id.example.com"
    assert SPELLED.may_answer("id.example.com")
    assert not SPELLED.may_answer("evil.example")


def test_a_tenant_has_an_issuer_of_its_own_and_so_have_its_people() -> None:
    theirs = f"https://login.example.com/{TID}/v2.0"

    assert MANY.expected({"tid": TID}) == MANY.of_person({"tid": TID}) == theirs
    assert MANY.expected({"tid": TID, "iss": COMMON}) == theirs
    assert MANY.may_answer(theirs)


@pytest.mark.parametrize(
    "tid",
    [None, "", 7, [TID], TID.upper(), TID + "\n", "common", "../x", f"{TID}/x", "{tenantid}", TID[:-1]],
    ids=["none", "empty", "number", "list", "upper", "line", "name", "path", "longer", "template", "shorter"],
)
def test_what_is_no_tenant_has_no_issuer(tid: object) -> None:
    with pytest.raises(LoginError, match="tid names no tenant") as caught:
        MANY.expected({"tid": tid, "iss": TEMPLATE})
    assert caught.value.reason == "invalid_token"


@pytest.mark.parametrize(
    "issuer",
    [
        COMMON,
        TEMPLATE,
        "",
        TID,
        f"{TID}/v2.0",
        f"https://login.example.com/{TID}",
        f"https://evil.example/{TID}/v2.0",
        f"https://login.example.com/{TID}/v2.0/",
    ],
)
def test_an_answer_of_nobody_s_tenant_is_not_the_provider_s(issuer: str) -> None:
    assert not MANY.may_answer(issuer)


def test_one_tenant_that_is_configured_is_a_plain_provider() -> None:
    own = f"https://login.example.com/{TID}/v2.0"
    one = Issuers(own, own, TENANTS)

    assert one.expected({"tid": "0f1e2d3c-4b5a-6978-8796-000000000000"}) == own


@pytest.mark.parametrize(
    ("named", "configured", "quirks", "fits"),
    [
        (COMMON, COMMON, STANDARD, True),
        (COMMON + "/", COMMON, STANDARD, False),
        (TEMPLATE, COMMON, TENANTS, True),
        (TEMPLATE, COMMON, STANDARD, False),
        (TEMPLATE, "https://other.example.com/common/v2.0", TENANTS, False),
        (TEMPLATE, "https://login.example.com/common/v1.0", TENANTS, False),
        (TEMPLATE, "https://login.example.com/a/b/v2.0", TENANTS, False),
        (TEMPLATE, COMMON + "/", TENANTS, False),
        (TEMPLATE + "/", COMMON, TENANTS, False),
        ("https://{tenantid}/common/v2.0", COMMON, TENANTS, False),
        ("{tenantid}//login.example.com/common/v2.0", COMMON, TENANTS, False),
        ("https://login.example.com/x{tenantid}/v2.0", COMMON, TENANTS, False),
        ("https://login.example.com/{tenantid}/{tenantid}", COMMON, TENANTS, False),
        (f"https://login.example.com/{TID}/v2.0", COMMON, TENANTS, False),
        (TEMPLATE, f"https://login.example.com/{TID}/v2.0", TENANTS, False),
        (None, COMMON, TENANTS, False),
        ([TEMPLATE], COMMON, TENANTS, False),
    ],
)
def test_c15_metadata_are_those_of_the_issuer_or_leave_its_tenant_open(
    named: object, configured: str, quirks: Quirks, fits: bool
) -> None:
    assert is_document_of(named, configured, quirks) is fits


@given(st.text() | st.none() | st.integers() | st.lists(st.text()))
def test_any_tenant_is_a_guid_or_refused(tid: Any) -> None:
    with pytest.raises(LoginError):
        MANY.expected({"tid": tid})
