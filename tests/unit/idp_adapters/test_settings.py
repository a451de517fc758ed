"""Settings of a provider that can never work are refused in words, before anything is asked."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from idp_adapters import OidcSettings
from idp_adapters.settings import REQUEST_PARAMETERS
from tests.support.hostile_oidc import fresh_key

PEM = fresh_key().as_pem(private=True).decode()
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
        ({"client_secret": ""}, "client_secret, client_auth: is required"),
        (
            {"client_auth": "client_secret_post", "client_secret": ""},
            "client_secret, client_auth: is required",
        ),
        ({"client_auth": "client_secret_jwt"}, "client_auth"),
        ({"client_auth": "none"}, "client_secret, client_auth: not used"),
        ({"client_auth": "private_key_jwt", "private_key": PEM}, "client_secret, client_auth: not used"),
        (
            {"client_auth": "private_key_jwt", "client_secret": ""},
            "private_key, client_auth: is required",
        ),
        ({"private_key": PEM}, "private_key, client_auth: only with"),
        ({"client_auth": "none", "client_secret": "", "private_key": PEM}, "private_key, client_auth: only"),
        (
            {"client_auth": "private_key_jwt", "client_secret": "", "private_key": "s3cret"},
            "private_key: not a private key in PEM",
        ),
        ({"response_mode": "fragment"}, "response_mode"),
        ({"acr_values": ("a b",)}, "acr_values: each entry"),
        ({"acr_values": ("a\nb",)}, "acr_values: each entry"),
        ({"acr_values": ("é",)}, "acr_values: each entry"),
        ({"acr_values": ("",)}, "acr_values: an entry is empty"),
        ({"max_age": timedelta(seconds=-1)}, "max_age: must not be negative"),
        ({"prompt": "none"}, "prompt: 'none' would let nobody sign in"),
        ({"prompt": "none login"}, "prompt: 'none' would let nobody sign in"),
        ({"prompt": "Login"}, "prompt: each of"),
        ({"prompt": "login login"}, "prompt: each of"),
        ({"prompt": "login  consent"}, "prompt: each of"),
        ({"prompt": " login"}, "prompt: each of"),
        ({"authz_url_params": {"state": "x"}}, "authz_url_params: 'state' must not"),
        ({"authz_url_params": {"Response_Type": "x"}}, "authz_url_params: 'Response_Type' must not"),
        ({"authz_url_params": {"request": "x"}}, "authz_url_params: 'request' must not"),
        ({"authz_url_params": {"request_uri": "x"}}, "authz_url_params: 'request_uri' must not"),
        ({"authz_url_params": {"max_age": "1"}}, "authz_url_params: 'max_age' must not"),
        ({"authz_url_params": {"": "x"}}, "authz_url_params: a name"),
        ({"authz_url_params": {"a b": "x"}}, "authz_url_params: a name"),
        ({"authz_url_params": {"a\n": "x"}}, "authz_url_params: a name"),
        ({"authz_url_params": {"é": "x"}}, "authz_url_params: a name"),
        ({"authz_url_params": {"a": ""}}, "authz_url_params: the value of 'a'"),
        ({"authz_url_params": {"a": "x\r\ny"}}, "authz_url_params: the value of 'a'"),
        ({"userinfo_refresh_interval": timedelta(seconds=29)}, "userinfo_refresh_interval: must be 0, or"),
        ({"userinfo_refresh_interval": timedelta(days=31)}, "userinfo_refresh_interval: must be 0, or"),
        ({"userinfo_refresh_interval": timedelta(seconds=-60)}, "userinfo_refresh_interval: must be 0, or"),
    ],
)
def test_what_can_never_work_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r".") as caught:
        msgspec.convert(VALUES | {"type": "oidc"} | changes, OidcSettings)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_auth": "client_secret_post"},
        {"client_auth": "none", "client_secret": ""},
        {"client_auth": "private_key_jwt", "client_secret": "", "private_key": PEM},
        {"response_mode": "form_post"},
        {"acr_values": ("urn:mace:incommon:iap:silver", "phr")},
        {"max_age": timedelta(0)},
        {"prompt": "login consent select_account create"},
        {"authz_url_params": {"audience": "https://api.example.com", "domain_hint": "Zürich & Söhne"}},
        {"userinfo_refresh_interval": timedelta(seconds=30)},
        {"userinfo_refresh_interval": timedelta(days=30)},
    ],
    ids=" ".join,
)
def test_what_can_work_is_taken(changes: dict[str, Any]) -> None:
    settings = msgspec.convert(VALUES | {"type": "oidc"} | changes, OidcSettings)
    assert {name: getattr(settings, name) for name in changes} == changes
    assert not any(secret in repr(settings) for secret in ("s3cret", "PRIVATE"))


@pytest.mark.parametrize("name", sorted(REQUEST_PARAMETERS))
def test_no_parameter_of_ours_is_overridden(name: str) -> None:
    with pytest.raises(ValueError, match="authz_url_params"):
        OidcSettings(**VALUES, authz_url_params={name: "x"})


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:4190", "http://localhost:4190", "http://id.corp", "https://10.0.0.1"]
)
def test_a_private_network_may_be_allowed(issuer: str) -> None:
    assert OidcSettings(**(VALUES | {"issuer": issuer, "allow_private_network": True})).issuer == issuer
