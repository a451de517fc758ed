"""Settings of a provider that can never work are refused in words, before anything is asked."""

from typing import Any

import msgspec
import pytest

from idp_adapters import OidcSettings

VALUES: dict[str, Any] = {
    "issuer": "https://id.example.com/realm",
    "client_id": "us",
    "client_secret": "s3cret",
}


def test_the_least_that_is_needed_is_enough() -> None:
    settings = msgspec.convert(VALUES | {"type": "oidc"}, OidcSettings)
    assert settings.scopes == ("openid", "email", "profile")
    assert (settings.id_token_algs, settings.email_verified) == (("RS256",), "required")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issuer": "http://id.example.com"}, "issuer: it is not https"),
        ({"issuer": "id.example.com"}, "issuer: it names no host"),
        ({"issuer": "https://["}, "issuer: it cannot be parsed"),
        ({"issuer": "https://id.example.com?a=b"}, "issuer: it has a query"),
        ({"issuer": "https://id.example.com?"}, "issuer: it has a query"),
        ({"issuer": "https://id.example.com#a"}, "issuer: it has user information or a fragment"),
        ({"issuer": "https://u:p@id.example.com"}, "issuer: it has user information"),
        ({"issuer": "https://127.0.0.1"}, "allow_private_network"),
        ({"issuer": "https://10.0.0.1"}, "allow_private_network"),
        ({"scopes": ("email",)}, "scopes: 'openid'"),
        ({"scopes": ("openid email",)}, "scopes: 'openid'"),
        ({"scopes": ("openid", "a b")}, "scopes: each entry"),
        ({"id_token_algs": ()}, "id_token_algs"),
        ({"id_token_algs": ("none",)}, "id_token_algs"),
        ({"id_token_algs": ("RS256", "HS256")}, "id_token_algs"),
        ({"email_verified": "never"}, "email_verified"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_can_never_work_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r".") as caught:
        msgspec.convert(VALUES | {"type": "oidc"} | changes, OidcSettings)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:4190", "http://localhost:4190", "http://id.corp", "https://10.0.0.1"]
)
def test_a_private_network_may_be_allowed(issuer: str) -> None:
    assert OidcSettings(**(VALUES | {"issuer": issuer, "allow_private_network": True})).issuer == issuer
