"""Which key of a set is the one for a token, and what a token must look like before a key is looked for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from idp_adapters import LoginError
from idp_adapters.oidc.id_token import UnverifiedToken, read_header
from idp_adapters.oidc.keys import read_keys
from idp_adapters.transport import Answer
from tests.support.hostile_oidc import base64url, public_part, usual_key, weak_public_key

RSA = {**public_part(usual_key()), "kid": "rsa"}
EC256 = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "ec256"}
EC384 = {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "ec384"}


def kid_for(keys: list[dict[str, Any]], alg: str, kid: str | None) -> str | None:
    answer = Answer(200, {}, json.dumps({"keys": keys}).encode())
    found = read_keys(answer).fitting(alg, kid)
    return found.kid if found else None


@pytest.mark.parametrize(
    ("alg", "kid", "fitting"),
    [
        ("RS256", "rsa", "rsa"),
        ("PS512", "rsa", "rsa"),
        ("ES256", "ec256", "ec256"),
        ("ES256", "rsa", None),
        ("RS256", "ec256", None),
        ("ES256", "ec384", None),
        ("RS256", "another", None),
        ("RS256", "", None),
        ("RS256", None, "rsa"),
        ("ES256", None, "ec256"),
        ("ES384", None, "ec384"),
        ("ES512", None, None),
    ],
)
def test_c17_a_key_fits_the_algorithm_of_the_token(alg: str, kid: str | None, fitting: str | None) -> None:
    assert kid_for([RSA, EC256, EC384], alg, kid) == fitting


@pytest.mark.parametrize(
    "other",
    [
        {**RSA, "kid": "other", "use": "enc"},
        {**RSA, "kid": "other", "key_ops": ["encrypt"]},
        {**RSA, "kid": "other", "key_ops": "verify"},
        {**RSA, "kid": "other", "alg": "RS512"},
        {**weak_public_key(), "kid": "other"},
    ],
)
def test_c17_a_key_that_is_not_for_this_leaves_no_choice_to_make(other: dict[str, Any]) -> None:
    assert kid_for([other, RSA], "RS256", None) == "rsa"
    assert kid_for([other, RSA], "RS256", "other") is None


def test_oidc_10_two_fitting_keys_are_one_too_many_whatever_their_order() -> None:
    twin = {**RSA, "kid": "twin"}
    assert kid_for([RSA, twin], "RS256", None) is None
    assert kid_for([twin, RSA], "RS256", None) is None
    assert kid_for([RSA, twin], "RS256", "twin") == "twin"
    assert kid_for([RSA, RSA], "RS256", "rsa") is None


def test_a_private_part_that_is_published_is_not_taken_in() -> None:
    private = {**usual_key().as_dict(private=True), "kid": "rsa"}
    answer = Answer(200, {}, json.dumps({"keys": [private]}).encode())
    key = read_keys(answer).fitting("RS256", "rsa")
    assert isinstance(key, RSAKey)
    assert not key.is_private


JUNK = st.none() | st.integers() | st.text() | st.lists(st.text(), max_size=2)
MEMBERS = ("kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y", "d")


@given(st.dictionaries(st.sampled_from(MEMBERS), JUNK), st.sampled_from([RSA, EC256, {}]))
def test_any_junk_in_a_key_leaves_it_out_or_changes_nothing(
    junk: dict[str, Any], key: dict[str, Any]
) -> None:
    answer = Answer(200, {}, json.dumps({"keys": [key | junk, EC384]}).encode())
    assert read_keys(answer).fitting("ES384", "ec384") is not None or junk.get("kid") == "ec384"


def token(header: str, payload: str = "e30", signature: str = "c2ln") -> str:
    return f"{base64url(header.encode())}.{payload}.{signature}"


GOOD = '{"alg": "RS256", "kid": "k"}'


def test_a_token_of_the_right_build_is_taken_apart() -> None:
    assert read_header(token(GOOD), ("RS256",)) == UnverifiedToken(token(GOOD), "RS256", "k")
    assert "e30" not in repr(read_header(token(GOOD), ("RS256",)))


@pytest.mark.parametrize(
    ("compact", "words"),
    [
        ("e30.e30.e30.e30.e30", "encrypted"),
        ("e30.e30", "compact form"),
        ("e30.e30.c2ln.", "compact form"),
        ("", "compact form"),
        (token(GOOD, signature=""), "compact form"),
        (token(GOOD, payload=""), "compact form"),
        (token(GOOD) + "=", "compact form"),
        (token(GOOD) + "\n", "compact form"),
        ("*" + token(GOOD), "compact form"),
        (" " + token(GOOD), "compact form"),
        (token(GOOD, payload="e+0/"), "compact form"),
        (token(GOOD, signature="é"), "compact form"),
        (token("{}"), "signed with"),
        (token('{"alg": "none"}'), "signed with"),
        (token('{"alg": "HS256"}'), "signed with"),
        (token('{"alg": "RS256", "typ": "logout+jwt"}'), "of type"),
        (token('{"alg": "RS256", "typ": 1}'), "of type"),
        (token('{"alg": "RS256", "crit": []}'), "crit"),
        (token('{"alg": "RS256", "zip": "DEF"}'), "zip"),
        (token('{"alg": "RS256", "b64": true}'), "b64"),
        (token('{"alg": "RS256", "kid": 1}'), "key id"),
        (token('{"alg": "RS256", "alg": "RS256"}'), "each member once"),
        (token("[]"), "not a JSON object"),
        (token(GOOD[:-1] + ', "x": "' + "a" * 9000 + '"}'), "larger"),
    ],
)
def test_any_other_token_is_refused_in_words(compact: str, words: str) -> None:
    with pytest.raises(LoginError) as caught:
        read_header(compact, ("RS256",))
    assert caught.value.reason == "invalid_token"
    assert words in caught.value.detail


@given(st.text() | st.lists(st.text(alphabet="abcdeyJ0-_="), min_size=3, max_size=3).map(".".join))
def test_any_text_is_a_token_or_is_refused(compact: str) -> None:
    with pytest.raises(LoginError, match="invalid_token"):
        read_header(compact, ("RS256",))
