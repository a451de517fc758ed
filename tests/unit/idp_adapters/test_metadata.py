"""Metadata as large providers publish them: odd, and usable."""

import json
from typing import Any

import pytest

from idp_adapters import LoginError, OidcSettings
from idp_adapters.oidc.metadata import Metadata, read_metadata
from idp_adapters.transport import Answer

ISSUER = "https://accounts.example.com"
SETTINGS = OidcSettings(issuer=ISSUER, client_id="us", client_secret="s")
ELSEWHERE: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://accounts.example.com/o/oauth2/v2/auth",
    "device_authorization_endpoint": "https://oauth2.example-apis.com/device/code",
    "token_endpoint": "https://oauth2.example-apis.com/token",
    "userinfo_endpoint": "https://openidconnect.example-apis.com/v1/userinfo",
    "jwks_uri": "https://www.example-apis.com/oauth2/v3/certs",
    "response_types_supported": ["code", "token", "id_token", "code token", "none"],
    "id_token_signing_alg_values_supported": ["RS256", "none"],
    "code_challenge_methods_supported": ["plain", "S256"],
    "authorization_response_iss_parameter_supported": True,
    "prompt_values_supported": ["none", "login", "select_account", 7],
}


def read(document: dict[str, Any]) -> Metadata:
    return read_metadata(Answer(200, {}, json.dumps(document).encode()), SETTINGS)


def test_oidc_21_endpoints_on_other_public_hosts_are_used() -> None:
    assert read(ELSEWHERE) == Metadata(
        authorization_endpoint="https://accounts.example.com/o/oauth2/v2/auth",
        token_endpoint="https://oauth2.example-apis.com/token",
        jwks_uri="https://www.example-apis.com/oauth2/v3/certs",
        userinfo_endpoint="https://openidconnect.example-apis.com/v1/userinfo",
        end_session_endpoint="",
        announces_issuer=True,
        prompts=("none", "login", "select_account"),
    )


def test_the_least_that_is_needed_is_enough() -> None:
    needed = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    metadata = read({name: ELSEWHERE[name] for name in needed})
    assert (metadata.userinfo_endpoint, metadata.announces_issuer, metadata.prompts) == ("", False, None)


@pytest.mark.parametrize("value", [False, None, "true", 1])
def test_only_true_announces_the_iss_parameter(value: object) -> None:
    assert not read(ELSEWHERE | {"authorization_response_iss_parameter_supported": value}).announces_issuer


def test_a_refused_endpoint_is_named_and_not_shown() -> None:
    with pytest.raises(LoginError) as caught:
        read(ELSEWHERE | {"token_endpoint": "https://user:pass@10.0.0.1/path"})
    assert "token_endpoint is refused: it has user information" in caught.value.detail
    assert "pass" not in caught.value.detail


@pytest.mark.parametrize("url", ["https://[", "https://[::1", "https://a]b/", "//", "\udcff"])
def test_an_endpoint_that_cannot_be_parsed_is_refused(url: str) -> None:
    with pytest.raises(LoginError, match="provider_misconfigured"):
        read(ELSEWHERE | {"jwks_uri": url})


@pytest.mark.parametrize("status", [429, 500, 503])
def test_not_now_is_an_error_of_the_provider(status: int) -> None:
    with pytest.raises(LoginError, match="provider_error"):
        read_metadata(Answer(status, {}, json.dumps(ELSEWHERE).encode()), SETTINGS)
