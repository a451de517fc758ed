"""The table of claim checks: each row refuses what it is for, and no other row would have."""

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from authlib.oidc.core.util import create_half_hash
from hypothesis import given
from hypothesis import strategies as st

from idp_adapters import LoginError
from idp_adapters.oidc import claims
from idp_adapters.oidc.claims import CHECKS, Expected, check_claims
from idp_adapters.oidc.id_token import SignedClaims
from idp_adapters.settings import SIGNATURE_ALGORITHMS
from tests.support.hostile_oidc import MISSING, change, half_hash

NOW = 1_800_000_000
EXPECTED = Expected(
    issuer="https://id.example",
    client_id="us",
    nonce="n-1",
    code="c-1",
    access_token="t-1",
    alg="RS256",
    now=NOW,
    acr_values=("gold", "silver"),
    signed_in_after=NOW - 3600,
)
GOOD: dict[str, Any] = {
    "iss": "https://id.example",
    "sub": "ada",
    "aud": "us",
    "azp": "us",
    "exp": NOW + 300,
    "iat": NOW,
    "nbf": NOW,
    "nonce": "n-1",
    "at_hash": half_hash("t-1"),
    "c_hash": half_hash("c-1"),
    "acr": "silver",
    "auth_time": NOW - 1800,
}


@dataclasses.dataclass(frozen=True)
class Broken:
    """Claims that one row alone refuses."""

    check: Callable[..., str]
    changes: dict[str, Any]


BROKEN = [
    Broken(claims._issuer, {"iss": "https://id.example/"}),
    Broken(claims._subject, {"sub": ""}),
    Broken(claims._subject, {"sub": "a" * 256}),
    Broken(claims._audience, {"aud": "them"}),
    Broken(claims._authorized_party, {"aud": ["us", "them"], "azp": MISSING}),
    Broken(claims._authorized_party, {"azp": "them"}),
    Broken(claims._expiry_given, {"exp": "9999999999"}),
    Broken(claims._not_expired, {"exp": NOW - 61}),
    Broken(claims._issue_given, {"iat": None}),
    Broken(claims._issued_before_now, {"iat": NOW + 61}),
    Broken(claims._issued_just_now, {"iat": NOW - 601}),
    Broken(claims._start_is_a_time, {"nbf": True}),
    Broken(claims._started, {"nbf": NOW + 61}),
    Broken(claims._nonce, {"nonce": MISSING}),
    Broken(claims._context, {"acr": "bronze"}),
    Broken(claims._context, {"acr": MISSING}),
    Broken(claims._context, {"acr": ["gold"]}),
    Broken(claims._signed_in_given, {"auth_time": MISSING}),
    Broken(claims._signed_in_given, {"auth_time": str(NOW)}),
    Broken(claims._signed_in_lately, {"auth_time": NOW - 3661}),
    Broken(claims._signed_in_lately, {"auth_time": NOW + 61}),
    Broken(claims._access_token_hash, {"at_hash": half_hash("t-2")}),
    Broken(claims._code_hash, {"c_hash": half_hash("c-2")}),
    Broken(claims._no_events, {"events": {}}),
]


GIVEN = (claims._expiry_given, claims._issue_given, claims._signed_in_given)
"""Rows whose claims another row refuses too: without a time it would be taken for 1970."""


def problems(changes: dict[str, Any]) -> dict[Callable[..., str], str]:
    told = change(**changes)(GOOD)
    return {check.problem: text for check in CHECKS if (text := check.problem(told, EXPECTED))}


def test_good_claims_pass_every_row() -> None:
    assert problems({}) == {}
    check_claims(SignedClaims(GOOD, "RS256"), EXPECTED)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check.__name__)
def test_a_row_refuses_what_it_is_for(case: Broken) -> None:
    assert case.check in problems(case.changes)


def test_every_row_has_claims_that_show_it() -> None:
    assert {case.check for case in BROKEN} == {check.problem for check in CHECKS}


@pytest.mark.parametrize(
    "case",
    [case for case in BROKEN if case.check not in GIVEN],
    ids=lambda case: case.check.__name__,
)
def test_without_a_row_its_claims_would_pass(case: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = SignedClaims(change(**case.changes)(GOOD), "RS256")
    with pytest.raises(LoginError):
        check_claims(signed, EXPECTED)
    rest = tuple(check for check in CHECKS if check.problem is not case.check)
    monkeypatch.setattr(claims, "CHECKS", rest)
    check_claims(signed, EXPECTED)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 60},
        {"iat": NOW + 60},
        {"iat": NOW - 600},
        {"nbf": NOW + 60},
        {"nbf": MISSING},
        {"azp": MISSING},
        {"aud": ["us"], "azp": MISSING},
        {"aud": ["them", "us"]},
        {"at_hash": MISSING},
        {"c_hash": MISSING},
        {"acr": "gold"},
        {"auth_time": NOW - 3660},
        {"auth_time": NOW + 60},
        {"exp": NOW + 0.5},
        {"sub": "a" * 255},
    ],
)
def test_the_edge_of_what_is_allowed_passes(changes: dict[str, Any]) -> None:
    assert problems(changes) == {}


def test_c8_a_nonce_may_be_missing_where_a_provider_omits_it_and_never_wrong() -> None:
    without = msgspec.structs.replace(EXPECTED, nonce_required=False)
    check_claims(SignedClaims(change(nonce=MISSING)(GOOD), "RS256"), without)
    for nonce in ("another", "", None, 1):
        with pytest.raises(LoginError, match="nonce"):
            check_claims(SignedClaims(change(nonce=nonce)(GOOD), "RS256"), without)


def test_c9_c10_what_was_not_asked_for_is_not_looked_at() -> None:
    careless = msgspec.structs.replace(EXPECTED, acr_values=(), signed_in_after=None)
    check_claims(SignedClaims(change(acr=7, auth_time="never")(GOOD), "RS256"), careless)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"acr": "bronze"}, "invalid_token"),
        ({"auth_time": MISSING}, "not_anew"),
        ({"auth_time": 1}, "not_anew"),
    ],
    ids=["acr", "auth_time missing", "auth_time old"],
)
def test_c9_c10_a_login_in_another_way_than_asked_for_is_told_apart(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(LoginError) as caught:
        check_claims(SignedClaims(change(**changes)(GOOD), "RS256"), EXPECTED)
    assert caught.value.reason == reason


def test_c11_at_hash_of_the_standard_s_example_holds() -> None:
    """OpenID Connect Core 1.0 appendix A.3."""
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    expected = msgspec.structs.replace(EXPECTED, access_token=token)
    assert claims._access_token_hash({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, expected) == ""


@pytest.mark.parametrize("alg", SIGNATURE_ALGORITHMS)
def test_c11_at_hash_is_half_of_the_hash_that_signs(alg: str) -> None:
    """With another implementation as the second opinion."""
    token = "an-access-token"
    hashed = create_half_hash(token, alg).decode()
    expected = msgspec.structs.replace(EXPECTED, alg=alg, access_token=token)
    assert claims._access_token_hash({"at_hash": hashed}, expected) == ""
    assert claims._access_token_hash({"at_hash": hashed[:-1] + "A"}, expected) != ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(name=st.sampled_from(sorted(GOOD)), value=JSON)
def test_any_json_in_a_claim_is_judged_without_a_crash(name: str, value: Any) -> None:
    with contextlib.suppress(LoginError):
        check_claims(SignedClaims(GOOD | {name: value}, "RS256"), EXPECTED)


def test_what_a_login_expects_is_not_shown() -> None:
    assert repr(EXPECTED) == "Expected(issuer='https://id.example', ...)"
