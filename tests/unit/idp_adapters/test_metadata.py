"""Metadata as large providers publish them: odd, and usable."""

import json
from typing import Any

import pytest

from idp_adapters import LoginError, OidcSettings
from idp_adapters.oidc.metadata import Metadata, read_metadata
from idp_adapters.oidc.quirks import STANDARD, Quirks
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


def read(document: dict[str, Any], quirks: Quirks = STANDARD, **changes: Any) -> Metadata:
    settings = OidcSettings(**({"issuer": ISSUER, "client_id": "us", "client_secret": "s"} | changes))
    return read_metadata(Answer(200, {}, json.dumps(document).encode()), settings, quirks)


def test_oidc_21_endpoints_on_other_public_hosts_are_used() -> None:
    assert read(ELSEWHERE) == Metadata(
        issuer=ISSUER,
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


METHODS = "token_endpoint_auth_methods_supported"
POST = {"client_auth": "client_secret_post"}
PUBLIC = {"client_auth": "none", "client_secret": ""}
FORM = {"response_mode": "form_post"}


@pytest.mark.parametrize(
    ("offered", "changes"),
    [
        ({METHODS: ["client_secret_post"]}, {}),
        ({METHODS: ["client_secret_basic"]}, POST),
        ({METHODS: []}, {}),
        ({METHODS: "client_secret_basic"}, {}),
        ({"response_modes_supported": ["query", "fragment"]}, FORM),
        ({"response_modes_supported": []}, FORM),
    ],
    ids=["basic", "post", "empty", "text", "no form_post", "no modes"],
)
def test_what_is_configured_and_not_offered_is_misconfigured(
    offered: dict[str, Any], changes: dict[str, Any]
) -> None:
    with pytest.raises(LoginError) as caught:
        read(ELSEWHERE | offered, **changes)
    assert caught.value.reason == "provider_misconfigured"
    assert next(iter(offered)) in caught.value.detail


@pytest.mark.parametrize(
    ("offered", "changes"),
    [
        ({METHODS: ["private_key_jwt", "client_secret_basic"]}, {}),
        ({METHODS: ["client_secret_post"]}, POST),
        ({METHODS: ["client_secret_post"]}, PUBLIC),
        ({}, POST),
        ({}, FORM),
        ({"response_modes_supported": ["form_post"]}, FORM),
        ({"response_modes_supported": ["fragment"]}, {}),
    ],
    ids=["basic", "post", "public", "no methods", "no modes", "form_post", "query"],
)
def test_a_list_that_is_missing_is_no_objection(offered: dict[str, Any], changes: dict[str, Any]) -> None:
    assert read(ELSEWHERE | offered, **changes).token_endpoint == ELSEWHERE["token_endpoint"]


def test_c15_only_a_preset_with_tenants_takes_metadata_that_leave_the_tenant_open() -> None:
    document = ELSEWHERE | {"issuer": ISSUER + "/{tenantid}"}
    common = ISSUER + "/common"
    assert read(document, Quirks(tenant_claim="tid"), issuer=common).issuer == ISSUER + "/{tenantid}"
    with pytest.raises(LoginError, match="provider_misconfigured"):
        read(document, issuer=common)
