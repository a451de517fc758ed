"""What is remembered of a login, and what a refreshed ID token must agree with, rule by rule."""

import contextlib
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_adapters import LoginError, OidcSettings
from idp_adapters.oidc.client import Client
from idp_adapters.oidc.metadata import Metadata
from idp_adapters.oidc.session import SessionMemory, check_refreshed, read_memory, refresh_request
from idp_adapters.oidc.tokens import read_tokens
from idp_adapters.transport import Answer
from tests.support.hostile_oidc import MISSING, change

NOW = 1_800_000_000
SETTINGS = OidcSettings(issuer="https://id.example", client_id="us:1", client_secret="secret +1")
CLIENT = Client(SETTINGS, lambda: NOW, lambda size: b"r" * size)
MEMORY = SessionMemory(id_token="a.b.c", nonce="n-1", refresh_token="r &1")
METADATA = Metadata(
    issuer="https://id.example",
    authorization_endpoint="https://id.example/authorize",
    token_endpoint="https://id.example/token",
    jwks_uri="https://id.example/keys",
    end_session_endpoint="",
    userinfo_endpoint="",
    announces_issuer=False,
    prompts=None,
)
GOOD: dict[str, Any] = {
    "iss": "https://id.example",
    "sub": "ada",
    "aud": "us:1",
    "azp": "us:1",
    "iat": NOW,
    "exp": NOW + 300,
    "nonce": "n-1",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def check(**changes: Any) -> None:
    check_refreshed(change(**changes)(GOOD), "https://id.example", "us:1", "ada", MEMORY, NOW)


@pytest.mark.parametrize(
    ("broken", "changes"),
    [
        ("iss", {"iss": "https://id.example/"}),
        ("iss", {"iss": MISSING}),
        ("sub", {"sub": "eve"}),
        ("sub", {"sub": "ADA"}),
        ("sub", {"sub": MISSING}),
        ("sub", {"sub": ["ada"]}),
        ("aud", {"aud": "them"}),
        ("aud", {"aud": []}),
        ("aud", {"aud": ["them"]}),
        ("azp", {"azp": "them"}),
        ("azp", {"azp": None}),
        ("azp", {"aud": ["us:1", "them"], "azp": MISSING}),
        ("nonce", {"nonce": "n-2"}),
        ("nonce", {"nonce": ""}),
        ("nonce", {"nonce": None}),
        ("nonce", {"nonce": 1}),
        ("iat", {"iat": MISSING}),
        ("iat", {"iat": str(NOW)}),
        ("iat", {"iat": NOW + 61}),
        ("iat", {"iat": NOW - 601}),
        ("exp", {"exp": MISSING}),
        ("exp", {"exp": "9999999999"}),
        ("exp", {"exp": NOW - 61}),
        ("nbf", {"nbf": NOW + 61}),
        ("nbf", {"nbf": str(NOW)}),
        ("events", {"events": {}}),
        ("events", {"events": None}),
    ],
)
def test_oidc_28_a_refreshed_token_that_breaks_a_rule_is_refused_by_it_alone(
    broken: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(LoginError) as caught:
        check(**changes)
    assert caught.value.reason == "invalid_token"
    assert caught.value.detail == f"refreshed ID token: {broken} does not hold"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"nonce": MISSING},
        {"azp": MISSING},
        {"aud": ["us:1"]},
        {"aud": ["us:1", "them"]},
        {"iat": NOW + 60},
        {"iat": NOW - 600},
        {"exp": NOW - 60},
        {"nbf": NOW + 60},
        {"auth_time": 1, "at_hash": "x"},
    ],
)
def test_a_refreshed_token_of_the_same_person_and_login_passes(changes: dict[str, Any]) -> None:
    check(**changes)


@given(name=st.sampled_from([*GOOD, "events"]), value=JSON)
def test_any_json_in_a_claim_is_judged_without_a_crash(name: str, value: Any) -> None:
    with contextlib.suppress(LoginError):
        check(**{name: value})


def test_a_refusal_tells_no_value() -> None:
    with pytest.raises(LoginError) as caught:
        check(**dict.fromkeys(GOOD, "canary"))
    assert "canary" not in str(caught.value)


def test_a_memory_comes_back_as_it_was_kept() -> None:
    assert read_memory(msgspec.msgpack.encode(MEMORY)) == MEMORY


def test_a_memory_without_a_refresh_token_has_none() -> None:
    kept = msgspec.msgpack.encode({"type": "oidc-session-1", "id_token": "a.b.c", "nonce": "n"})
    found = read_memory(kept)

    assert found is not None
    assert found.refresh_token == ""


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"memory",
        msgspec.msgpack.encode({"type": "saml-session-1", "id_token": "a.b.c", "nonce": "n"}),
        msgspec.msgpack.encode({"type": "oidc-session-1", "id_token": 1, "nonce": "n"}),
        msgspec.msgpack.encode({"type": "oidc-session-1", "nonce": "n"}),
        msgspec.msgpack.encode(MEMORY) + b"\0",
        msgspec.msgpack.encode(MEMORY)[:-1],
        b"\x91" * 100_000,
    ],
    ids=["empty", "text", "saml", "number", "no token", "longer", "shorter", "nested"],
)
def test_what_is_no_memory_of_this_kind_is_none(kept: bytes) -> None:
    assert read_memory(kept) is None


@given(st.binary())
def test_any_bytes_are_read_without_a_crash(kept: bytes) -> None:
    assert read_memory(kept) is None


def test_a_memory_does_not_show_itself() -> None:
    assert repr(MEMORY) == "SessionMemory(...)"


def test_a_refresh_sends_the_token_in_the_body_and_the_clients_own_credentials() -> None:
    request = refresh_request(CLIENT, METADATA, MEMORY.refresh_token)
    scheme, _, encoded = request.headers["Authorization"].partition(" ")

    assert (request.method, request.url) == ("POST", "https://id.example/token")
    assert parse_qsl(request.body.decode("ascii"), strict_parsing=True) == [
        ("grant_type", "refresh_token"),
        ("refresh_token", "r &1"),
    ]
    assert (scheme, b64decode(encoded).decode()) == ("Basic", "us%3A1:secret+%2B1")
    assert "r" not in repr(request).removeprefix("Request(POST https://id.example/token)")


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, b'{"error": "invalid_grant"}', "denied"),
        (400, b'{"error": "invalid_client"}', "provider_error"),
        (400, b'{"error": "Invalid_Grant"}', "provider_error"),
        (400, b'{"error": ["invalid_grant"]}', "provider_error"),
        (400, b"{}", "provider_error"),
        (500, b"oops", "provider_error"),
        (503, b"", "provider_error"),
        (200, b'{"error": "invalid_grant"}', "provider_error"),
        (200, b"[]", "provider_error"),
        (200, b'{"access_token": "t", "token_type": "mac"}', "provider_error"),
        (200, b'{"access_token": "t\\r\\n", "token_type": "Bearer"}', "provider_error"),
        (200, b'{"access_token": "t", "token_type": "Bearer", "id_token": 1}', "provider_error"),
    ],
)
def test_oidc_29_only_invalid_grant_says_that_the_provider_ended_it(
    status: int, body: bytes, reason: str
) -> None:
    with pytest.raises(LoginError) as caught:
        read_tokens(Answer(status, {}, body), refreshed=True)
    assert caught.value.reason == reason


def test_oidc_29_in_a_login_invalid_grant_is_an_error_of_the_provider() -> None:
    with pytest.raises(LoginError) as caught:
        read_tokens(Answer(400, {}, b'{"error": "invalid_grant"}'))
    assert caught.value.reason == "provider_error"


def test_a_refresh_may_bring_no_id_token_and_no_new_refresh_token() -> None:
    body = b'{"access_token": "t", "token_type": "Bearer"}'
    tokens = read_tokens(Answer(200, {}, body), refreshed=True)

    assert (tokens.id_token, tokens.access_token, tokens.refresh_token) == ("", "t", "")
    with pytest.raises(LoginError):
        read_tokens(Answer(200, {}, body))
