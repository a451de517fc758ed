"""Logout messages of OpenID Connect: each rule refuses what it is for, and no other rule would have."""

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp_adapters import LoginError, LogoutDemand, Redirect
from idp_adapters.oidc import logout
from idp_adapters.oidc.claims import CHECKS, Expected
from idp_adapters.oidc.id_token import read_header
from idp_adapters.oidc.logout import (
    EVENT,
    LOGOUT_TYPES,
    begin_logout,
    logout_token_in,
    names_of,
    read_front_channel,
    read_logout_claims,
)
from idp_adapters.oidc.session import SessionMemory
from tests.support.hostile_oidc import MISSING, base64url, change

NOW = 1_800_000_000
ISSUER = "https://id.example"
GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "us",
    "iat": NOW,
    "exp": NOW + 120,
    "jti": "j-1",
    "events": {EVENT: {}},
    "sub": "ada",
    "sid": "s-1",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def read(now: float = NOW, **changes: Any) -> LogoutDemand:
    return read_logout_claims(change(**changes)(GOOD), ISSUER, "us", now)


@dataclasses.dataclass(frozen=True)
class Broken:
    """Claims that one rule alone refuses, in words that hold ``says``."""

    check: Callable[..., str]
    says: str
    changes: dict[str, Any]


BROKEN = [
    Broken(logout._issuer, "iss is another", {"iss": ISSUER + "/"}),
    Broken(logout._issuer, "iss is another", {"iss": MISSING}),
    Broken(logout._audience, "aud does not name", {"aud": "them"}),
    Broken(logout._audience, "aud does not name", {"aud": ["u", "s"]}),
    Broken(logout._audience, "aud does not name", {"aud": MISSING}),
    Broken(logout._issued, "iat is missing", {"iat": MISSING}),
    Broken(logout._issued, "iat is missing", {"iat": "1800000000"}),
    Broken(logout._issued, "61 s ahead", {"iat": NOW + 61}),
    Broken(logout._issued, "601 s ago", {"iat": NOW - 601}),
    Broken(logout._expiry, "exp is missing", {"exp": MISSING}),
    Broken(logout._expiry, "exp is missing", {"exp": True}),
    Broken(logout._expiry, "it has expired", {"exp": NOW - 61}),
    Broken(logout._identifier, "jti is missing", {"jti": MISSING}),
    Broken(logout._identifier, "jti is missing", {"jti": 1}),
    Broken(logout._identifier, "jti is missing", {"jti": ""}),
    Broken(logout._identifier, "jti is missing", {"jti": "j" * 1001}),
    Broken(logout._event, "events does not hold", {"events": MISSING}),
    Broken(logout._event, "events does not hold", {"events": [EVENT]}),
    Broken(logout._event, "events does not hold", {"events": {}}),
    Broken(logout._event, "events does not hold", {"events": {EVENT: True}}),
    Broken(logout._no_nonce, "it has a nonce", {"nonce": None}),
    Broken(logout._whose, "neither sub nor sid", {"sub": MISSING, "sid": MISSING}),
    Broken(logout._whose, "neither sub nor sid", {"sub": "", "sid": None}),
    Broken(logout._whose, "sub is not a usable", {"sub": 1}),
    Broken(logout._whose, "sub is not a usable", {"sub": ""}),
    Broken(logout._whose, "sub is not a usable", {"sub": "a" * 256}),
    Broken(logout._whose, "sid is not a usable", {"sid": ["s-1"]}),
    Broken(logout._whose, "sid is not a usable", {"sid": "s" * 1001}),
]
NAMES = [f"{case.check.__name__} {number}" for number, case in enumerate(BROKEN)]


@pytest.mark.parametrize("case", BROKEN, ids=NAMES)
def test_claims_that_break_a_rule_are_refused_by_it(case: Broken) -> None:
    with pytest.raises(LoginError, match=case.says) as caught:
        read(**case.changes)
    assert caught.value.reason == "invalid_token"
    assert caught.value.detail.startswith("logout token: ")


def test_every_rule_has_claims_that_show_it() -> None:
    assert {case.check for case in BROKEN} == {check for _, check in logout._CHECKS}


@pytest.mark.parametrize(
    "case", [case for case in BROKEN if case.changes.get("jti") is not MISSING], ids=lambda case: case.says
)
def test_without_its_rule_its_claims_would_pass(case: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tuple(row for row in logout._CHECKS if row[1] is not case.check)
    monkeypatch.setattr(logout, "_CHECKS", left)
    read(**case.changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["us"]},
        {"aud": ["us", "them"]},
        {"iat": NOW + 60},
        {"iat": NOW - 600},
        {"iat": NOW - 0.5},
        {"exp": NOW - 60},
        {"events": {EVENT: {"x": 1}, "https://more.example": []}},
        {"jti": "j" * 1000},
        {"sub": "a" * 255},
        {"sid": "s" * 1000},
        {"toe": 1, "trace_id": "x"},
    ],
)
def test_claims_that_keep_every_rule_to_its_edge_are_taken(changes: dict[str, Any]) -> None:
    assert read(**changes).names


@pytest.mark.parametrize(
    ("claimed", "login", "ends"),
    [
        ({}, ("ada", "s-1"), True),
        ({}, ("ada", "s-2"), False),
        ({}, ("eve", "s-1"), False),
        ({"sid": MISSING}, ("ada", "s-2"), True),
        ({"sid": MISSING}, ("ada", ""), True),
        ({"sid": None}, ("eve", "s-1"), False),
        ({"sub": MISSING}, ("eve", "s-1"), True),
        ({"sub": None}, ("ada", "s-2"), False),
        ({"sub": MISSING}, ("s-1", ""), False),
        ({"sid": MISSING}, ("eve", "ada"), False),
        ({}, ("ada", ""), False),
    ],
)
def test_a_token_ends_the_logins_that_it_names(
    claimed: dict[str, Any], login: tuple[str, str], ends: bool
) -> None:
    demand = read(**claimed)

    assert (len(demand.names), bool(set(demand.names) & set(names_of(*login)))) == (1, ends)
    assert demand.reply == b""


@given(*[st.tuples(st.text(min_size=1), st.text())] * 2)
def test_two_logins_share_a_name_only_where_they_share_what_it_stands_for(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    shared = set(names_of(*one)) & set(names_of(*other))
    same = [one[0] == other[0], bool(one[1]) and one[1] == other[1]]

    assert len(shared) == (3 if all(same) else sum(same))


@example(one=("a a", "a"), other=("a", "a a"))
@given(
    one=st.tuples(st.text("a 12", min_size=1), st.text("a 12", min_size=1)),
    other=st.tuples(st.text("a 12", min_size=1), st.text("a 12", min_size=1)),
)
def test_a_subject_and_session_that_look_like_others_together_are_not_taken_for_them(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert (names_of(*one)[2] == names_of(*other)[2]) is (one == other)


@given(iat=st.integers(NOW - 600, NOW + 60), exp=st.integers(NOW - 60, NOW + 100_000))
def test_a_token_counts_once_for_as_long_as_it_would_be_taken(iat: int, exp: int) -> None:
    replay = read(iat=iat, exp=exp).replay

    assert replay is not None
    assert NOW < replay.until <= NOW + 1200
    with pytest.raises(LoginError):
        read(now=replay.until, iat=iat, exp=exp)


def test_what_counts_once_is_the_issuers_jti() -> None:
    keys = {
        read_logout_claims(GOOD | {"iss": issuer, "jti": jti}, issuer, "us", NOW).replay
        for issuer, jti in ((ISSUER, "j-1"), (ISSUER, "j-2"), ("https://other.example", "j-1"))
    }
    same = read(sub="eve", sid=MISSING).replay, read(exp=NOW + 120, iat=NOW - 5).replay

    assert len(keys) == 3
    assert same[0] == same[1] == read().replay


@given(name=st.sampled_from([*GOOD, "nonce"]), value=JSON)
def test_any_json_in_a_claim_is_judged_without_a_crash(name: str, value: Any) -> None:
    with contextlib.suppress(LoginError):
        read(**{name: value})


@given(st.dictionaries(st.sampled_from([*GOOD, "nonce"]) | st.text(), JSON))
def test_any_claims_are_judged_without_a_crash(claims: dict[str, Any]) -> None:
    with pytest.raises(LoginError):
        read_logout_claims(claims, ISSUER, "us", NOW)


def test_a_refusal_tells_no_value_of_the_token() -> None:
    for case in BROKEN:
        hostile: dict[str, Any] = {"nonce": "canary"} | dict.fromkeys(case.changes, "canary")
        with pytest.raises(LoginError) as caught:
            read(**hostile)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("typ", ["logout+jwt", "LOGOUT+JWT", "JWT", "jwt", MISSING])
def test_a_token_may_be_of_the_types_of_a_logout_token(typ: Any) -> None:
    header = change(typ=typ)({"alg": "RS256", "typ": "x"})
    compact = f"{base64url(msgspec.json.encode(header))}.e30.e30"

    assert read_header(compact, ("RS256",), LOGOUT_TYPES).alg == "RS256"


@pytest.mark.parametrize("typ", ["at+jwt", "secevent+jwt", "", "logout", "logout+jwt ", None, 1, ["JWT"]])
def test_a_token_of_another_type_is_none(typ: Any) -> None:
    compact = f"{base64url(msgspec.json.encode({'alg': 'RS256', 'typ': typ}))}.e30.e30"

    with pytest.raises(LoginError, match="type"):
        read_header(compact, ("RS256",), LOGOUT_TYPES)


def test_a_logout_token_is_no_id_token_by_its_type_and_by_its_events() -> None:
    compact = base64url(b'{"alg":"RS256","typ":"logout+jwt"}') + ".e30.e30"
    expected = Expected(
        issuer=ISSUER, client_id="us", nonce="n", code="c", access_token="t", alg="RS256", now=NOW
    )
    broken = [check.rule for check in CHECKS if check.problem(GOOD | {"nonce": "n"}, expected)]

    with pytest.raises(LoginError, match="type"):
        read_header(compact, ("RS256",))
    assert broken == ["OpenID Back-Channel Logout §2.4"]


@pytest.mark.parametrize("values", [(), ("a", "a"), ("a", "b"), ("", "")])
def test_a_form_without_exactly_one_token_has_none(values: tuple[str, ...]) -> None:
    with pytest.raises(LoginError) as caught:
        logout_token_in([("x", "y"), *(("logout_token", value) for value in values)])
    assert caught.value.reason == "invalid_response"


def test_the_one_token_of_a_form_is_found_among_other_fields() -> None:
    assert logout_token_in([("x", "1"), ("logout_token", "a.b.c"), ("x", "2")]) == "a.b.c"


@pytest.mark.parametrize(
    "parameters",
    [
        [("sid", "s")],
        [("iss", ISSUER)],
        [("iss", ISSUER + "/"), ("sid", "s")],
        [("iss", ""), ("sid", "s")],
        [("iss", ISSUER), ("iss", ISSUER), ("sid", "s")],
        [("iss", ISSUER), ("sid", "s"), ("sid", "s")],
        [("iss", ISSUER), ("sid", "")],
        [("iss", ISSUER), ("sid", "s" * 1001)],
        [("Iss", ISSUER), ("sid", "s")],
    ],
)
def test_a_front_channel_request_without_one_iss_and_one_sid_that_fit_is_none(
    parameters: list[tuple[str, str]],
) -> None:
    with pytest.raises(LoginError) as caught:
        read_front_channel(parameters, ISSUER)
    assert caught.value.reason == "invalid_response"


def test_a_front_channel_request_names_the_session_of_its_sid() -> None:
    demand = read_front_channel([("iss", ISSUER), ("sid", "s" * 1000), ("x", "y"), ("x", "z")], ISSUER)

    assert demand.names == (names_of("anybody", "s" * 1000)[1],)
    assert (demand.replay, demand.reply) == (None, b"")


@given(st.lists(st.tuples(st.sampled_from(["iss", "sid", "logout_token"]) | st.text(), st.text())))
def test_any_parameters_are_judged_without_a_crash(parameters: list[tuple[str, str]]) -> None:
    with contextlib.suppress(LoginError):
        assert read_front_channel(parameters, ISSUER).names
    with contextlib.suppress(LoginError):
        assert ("logout_token", logout_token_in(parameters)) in parameters


def begun(memory: bytes, endpoint: str = "https://id.example/end") -> tuple[str, dict[str, str], str]:
    """The address, its parameters and the state of a logout of ours."""
    found = begin_logout(endpoint, memory, "us &1", "https://app/out?x", lambda count: bytes(range(count)))
    assert isinstance(found.sending, Redirect)
    url = urlsplit(found.sending.url)
    pairs = parse_qsl(url.query, strict_parsing=True)
    assert len(pairs) == len(dict(pairs))
    return url.path, dict(pairs), found.state


def test_a_logout_of_ours_says_who_whence_and_which_session() -> None:
    memory = msgspec.msgpack.encode(SessionMemory(id_token="a.b.c", nonce="n", refresh_token="r"))
    path, parameters, state = begun(memory)

    assert path == "/end"
    assert parameters == {
        "client_id": "us &1",
        "post_logout_redirect_uri": "https://app/out?x",
        "state": state,
        "id_token_hint": "a.b.c",
    }
    assert len(state) == 43


def test_an_endpoint_with_a_query_keeps_it() -> None:
    _, parameters, state = begun(b"", "https://id.example/end?p=1")

    assert (parameters["p"], parameters["state"]) == ("1", state)


@given(st.binary())
def test_a_memory_that_cannot_be_read_only_leaves_out_the_hint(memory: bytes) -> None:
    assert begun(memory)[1].keys() == {"client_id", "post_logout_redirect_uri", "state"}
