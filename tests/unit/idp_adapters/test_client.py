"""How a client proves itself at the token endpoint, each way as the standards write it."""

import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from idp_adapters import OidcSettings
from idp_adapters.client_key import ClientKey, read_client_key
from idp_adapters.oidc.client import ASSERTION_LIFE_S, Client
from tests.support.hostile_oidc import fresh_key

NOW = 1_800_000_000
TOKEN = "https://id.example.com/token"
KEY = fresh_key()
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def pem(key: RSAKey | ECKey) -> str:
    return key.as_pem(private=True).decode()


def written(key: Any, hidden: KeySerializationEncryption | None = None) -> str:
    raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden or NoEncryption())
    return str(raw.decode())


def counted() -> Callable[[int], bytes]:
    numbers = count(1)
    return lambda size: bytes([next(numbers)]) * size


def client(**changes: Any) -> Client:
    values = {"issuer": "https://id.example.com", "client_id": "us:1"} | changes
    return Client(OidcSettings(**values), lambda: NOW, counted())


def form(made: Client) -> tuple[dict[str, str], str]:
    """The fields of a request, each once, and its Authorization."""
    request = made.request(TOKEN, "grant_type=x")
    fields = parse_qsl(request.body.decode("ascii"), strict_parsing=True)
    assert len(dict(fields)) == len(fields)
    assert (request.method, request.url) == ("POST", TOKEN)
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    return dict(fields), request.headers.get("Authorization", "")


def test_client_secret_basic_is_in_the_header_alone() -> None:
    fields, authorization = form(client(client_secret="se+cret &"))

    assert fields == {"grant_type": "x"}
    assert b64decode(authorization.removeprefix("Basic ")).decode() == "us%3A1:se%2Bcret+%26"


def test_client_secret_post_is_in_the_body_alone() -> None:
    fields, authorization = form(client(client_auth="client_secret_post", client_secret="se+cret &"))

    assert fields == {"grant_type": "x", "client_id": "us:1", "client_secret": "se+cret &"}
    assert authorization == ""


def test_a_public_client_tells_its_id_and_nothing_else() -> None:
    assert form(client(client_auth="none")) == ({"grant_type": "x", "client_id": "us:1"}, "")


def test_o11_private_key_jwt_is_an_assertion_of_a_minute_for_this_endpoint() -> None:
    fields, authorization = form(client(client_auth="private_key_jwt", private_key=pem(KEY)))
    token = jwt.decode(fields.pop("client_assertion"), KEY, algorithms=["RS256"])

    assert authorization == ""
    assert fields == {
        "grant_type": "x",
        "client_id": "us:1",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert token.header == {"typ": "JWT", "alg": "RS256", "kid": KEY.thumbprint()}
    assert len(token.claims.pop("jti")) >= 32
    assert token.claims == {
        "iss": "us:1",
        "sub": "us:1",
        "aud": TOKEN,
        "iat": NOW,
        "exp": NOW + ASSERTION_LIFE_S,
    }
    assert ASSERTION_LIFE_S <= 60


def test_each_request_has_an_assertion_of_its_own() -> None:
    made = client(client_auth="private_key_jwt", private_key=pem(KEY))
    payloads = [form(made)[0]["client_assertion"].split(".")[1] for _ in range(3)]

    assert len({json.loads(urlsafe_b64decode(each + "=="))["jti"] for each in payloads}) == 3


@pytest.mark.parametrize("alg", CURVES)
def test_an_elliptic_key_signs_with_the_algorithm_of_its_curve(alg: str) -> None:
    key = ECKey.generate_key(CURVES[alg], private=True)
    fields, _ = form(client(client_auth="private_key_jwt", private_key=pem(key)))
    token = jwt.decode(fields["client_assertion"], key, algorithms=[alg])

    assert (token.header["alg"], token.header["kid"]) == (alg, key.thumbprint())


def test_neither_secret_nor_key_nor_assertion_shows_itself() -> None:
    for made in (
        client(client_secret="canary"),
        client(client_auth="client_secret_post", client_secret="canary"),
        client(client_auth="private_key_jwt", private_key=pem(KEY)),
    ):
        shown = f"{made.request(TOKEN, 'a=b')!r}{made!r}{read_client_key(pem(KEY))!r}"
        assert not any(secret in shown for secret in ("canary", "eyJ", "PRIVATE", "us:1"))


def test_a_key_is_named_by_its_thumbprint() -> None:
    read = read_client_key(pem(KEY))

    assert isinstance(read, ClientKey)
    assert (read.alg, read.kid) == ("RS256", KEY.thumbprint())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a private key in PEM"),
        ("canary", "not a private key in PEM"),
        (KEY.as_pem(private=False).decode(), "not a private key in PEM"),
        (written(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505  the point of it
        (written(ec.generate_private_key(ec.SECP256K1())), "neither an RSA key nor"),
        (written(ed25519.Ed25519PrivateKey.generate()), "neither an RSA key nor"),
        (written(KEY.private_key, BestAvailableEncryption(b"x")), "without a passphrase"),
    ],
    ids=["empty", "text", "public", "weak", "curve", "ed25519", "passphrase"],
)
def test_what_is_no_key_to_sign_with_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read_client_key(text)
    assert "canary" not in str(caught.value)
