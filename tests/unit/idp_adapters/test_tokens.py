"""The token request as the standards write it."""

from base64 import b64decode
from urllib.parse import parse_qsl

import pytest

from idp_adapters import LoginError, OidcSettings
from idp_adapters.oidc.authorization import LoginTransaction
from idp_adapters.oidc.client import Client
from idp_adapters.oidc.metadata import Metadata, metadata_request
from idp_adapters.oidc.quirks import Quirks
from idp_adapters.oidc.tokens import Tokens, read_tokens, token_request
from idp_adapters.oidc.userinfo import userinfo_request
from idp_adapters.transport import Answer

METADATA = Metadata(
    issuer="https://id.example.com",
    authorization_endpoint="https://id.example.com/authorize",
    token_endpoint="https://id.example.com/token",
    jwks_uri="https://id.example.com/keys",
    end_session_endpoint="",
    userinfo_endpoint="https://id.example.com/userinfo",
    announces_issuer=True,
    prompts=None,
)
TRANSACTION = LoginTransaction(
    state="s",
    nonce="n",
    verifier="the-verifier",
    issuer="https://id.example.com",
    redirect_uri="https://a/cb?x=1",
)


def client(settings: OidcSettings) -> Client:
    return Client(settings, lambda: 1_800_000_000, lambda size: b"r" * size)


@pytest.mark.parametrize(
    ("client_id", "client_secret", "pair"),
    [
        ("us", "secret", "us:secret"),
        ("a:b", "c:d", "a%3Ab:c%3Ad"),
        ("a b", "c+d&e=f%", "a+b:c%2Bd%26e%3Df%25"),
        ("é", "~-._", "%C3%A9:~-._"),
    ],
)
def test_id_and_secret_are_form_encoded_before_they_are_joined(
    client_id: str, client_secret: str, pair: str
) -> None:
    """RFC 6749 §2.3.1 and appendix B."""
    settings = OidcSettings(issuer="https://id.example.com", client_id=client_id, client_secret=client_secret)
    request = token_request(client(settings), METADATA, TRANSACTION, "the code&1")
    scheme, _, encoded = request.headers["Authorization"].partition(" ")
    assert (scheme, b64decode(encoded).decode("ascii")) == ("Basic", pair)


def test_the_body_redeems_the_code_with_its_verifier() -> None:
    settings = OidcSettings(issuer="https://id.example.com", client_id="us", client_secret="secret")
    request = token_request(client(settings), METADATA, TRANSACTION, "the code&1")
    assert (request.method, request.url) == ("POST", "https://id.example.com/token")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(request.body.decode("ascii"), strict_parsing=True) == [
        ("grant_type", "authorization_code"),
        ("redirect_uri", "https://a/cb?x=1"),
        ("code", "the code&1"),
        ("code_verifier", "the-verifier"),
    ]
    assert "secret" not in repr(request)


def test_o2_only_a_preset_without_pkce_is_sent_no_verifier() -> None:
    settings = OidcSettings(issuer="https://id.example.com", client_id="us", client_secret="secret")
    request = token_request(client(settings), METADATA, TRANSACTION, "c", Quirks(omits_pkce=True))
    assert "code_verifier" not in dict(parse_qsl(request.body.decode("ascii"), strict_parsing=True))


def test_the_access_token_goes_into_the_header_alone() -> None:
    request = userinfo_request(METADATA, "an-access-token")
    assert (request.method, request.url, request.body) == ("GET", "https://id.example.com/userinfo", b"")
    assert request.headers == {"Authorization": "Bearer an-access-token"}
    assert "an-access-token" not in repr(request)


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://id.example.com", "https://id.example.com/.well-known/openid-configuration"),
        ("https://id.example.com/", "https://id.example.com/.well-known/openid-configuration"),
        ("https://id.example.com/realm", "https://id.example.com/realm/.well-known/openid-configuration"),
    ],
)
def test_the_metadata_lie_under_the_issuer(issuer: str, url: str) -> None:
    assert metadata_request(issuer).url == url


def test_tokens_do_not_show_themselves() -> None:
    tokens = read_tokens(
        Answer(200, {}, b'{"id_token": "a.b.c", "access_token": "t-1", "token_type": "Bearer"}')
    )
    assert tokens == Tokens("a.b.c", "t-1")
    assert repr(tokens) == "Tokens(...)"


@pytest.mark.parametrize("status", [201, 302, 400, 500])
def test_tokens_under_another_status_are_none(status: int) -> None:
    body = b'{"id_token": "a.b.c", "access_token": "t-1", "token_type": "Bearer"}'
    with pytest.raises(LoginError, match=f"answered {status}") as caught:
        read_tokens(Answer(status, {}, body))
    assert caught.value.reason == "provider_error"


def test_an_error_answer_is_quoted_short_and_escaped() -> None:
    body = b'{"error": "' + b"\\n<x>" * 1000 + b'", "id_token": "a.b.c", "access_token": "t"}'
    with pytest.raises(LoginError) as caught:
        read_tokens(Answer(400, {}, body))
    assert caught.value.reason == "provider_error"
    assert caught.value.detail.isprintable()
    assert len(str(caught.value)) < 250


def test_an_access_token_is_bounded_since_every_check_of_its_session_reads_it() -> None:
    def answer(length: int) -> Answer:
        body = b'{"id_token": "a.b.c", "access_token": "%b", "token_type": "Bearer"}'
        return Answer(200, {}, body % (b"t" * length))

    assert len(read_tokens(answer(16_384)).access_token) == 16_384
    with pytest.raises(LoginError, match="no header can carry"):
        read_tokens(answer(16_385))
