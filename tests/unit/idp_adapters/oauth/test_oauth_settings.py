"""Settings of a preset: what is filled in, and what can never work is refused in words."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from idp_adapters import PRESETS, OAuthSettings, OidcProvider, OidcSettings, provider_of

VALUES: dict[str, Any] = {"provider": "github", "client_id": "us", "client_secret": "s3cret"}
TENANT = "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0"


def settings(**changes: Any) -> OAuthSettings:
    return OAuthSettings(**(VALUES | changes))


def test_it_stands_beside_the_other_kinds_by_its_type() -> None:
    read = msgspec.convert(VALUES | {"type": "oauth"}, OidcSettings | OAuthSettings)

    assert read == settings()


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_the_least_that_is_needed_is_enough_for_each(preset: str) -> None:
    provider = provider_of("mine", settings(provider=preset))

    assert (provider.name, provider.display_name) == ("mine", PRESETS[preset].display_name)  # type: ignore[index]
    assert provider.protocol == ("oidc" if isinstance(provider, OidcProvider) else "oauth")
    assert provider.response_mode == "query"


def test_the_operators_name_for_people_is_shown() -> None:
    for preset in ("google", "github"):
        assert provider_of("mine", settings(provider=preset, display_name="Work")).display_name == "Work"


def test_values_that_are_given_reach_openid_connect() -> None:
    given = settings(
        provider="gitlab",
        scopes=("openid",),
        groups_claim="groups_direct",
        username_claim="nickname",
        prompt="consent",
        authz_url_params={"hd": "example.com"},
        userinfo_refresh_interval=timedelta(minutes=5),
        email_verified="assume",
    ).as_openid()

    assert (given.scopes, given.groups_claim, given.username_claim) == (
        ("openid",),
        "groups_direct",
        "nickname",
    )
    assert (given.prompt, given.authz_url_params) == ("consent", {"hd": "example.com"})
    assert given.userinfo_refresh_interval == timedelta(minutes=5)
    assert given.email_verified == "assume"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provider": "myspace"}, "myspace"),
        ({"client_secret": ""}, "client_secret"),
        ({"provider": "google", "base_url": "https://id.example.com"}, "base_url: Google lives in one place"),
        ({"provider": "facebook", "base_url": "https://id.example.com"}, "base_url: Facebook"),
        ({"base_url": "http://git.example.com"}, "base_url: it is not https"),
        ({"base_url": "git.example.com"}, "base_url: it names no host"),
        ({"base_url": "https://10.0.0.1"}, "base_url: it names a private address"),
        ({"base_url": "https://git.example.com/"}, "base_url: without a query"),
        ({"base_url": "https://git.example.com?a=b"}, "base_url: without a query"),
        ({"base_url": "https://u:p@git.example.com"}, "base_url: it has user information"),
        ({"allow_private_network": True}, "allow_private_network, base_url"),
        ({"scopes": ("a b",)}, "scopes: each entry"),
        ({"scopes": ("",)}, "scopes: each entry"),
        ({"provider": "google", "scopes": ("email",)}, "scopes: 'openid'"),
        ({"groups_claim": "groups"}, "groups_claim, username_claim, prompt: GitHub"),
        ({"username_claim": "login"}, "groups_claim, username_claim, prompt: GitHub"),
        ({"prompt": "login"}, "groups_claim, username_claim, prompt: GitHub"),
        ({"provider": "google", "prompt": "none"}, "prompt: 'none'"),
        ({"authz_url_params": {"state": "x"}}, "authz_url_params"),
        ({"userinfo_refresh_interval": 1}, "userinfo_refresh_interval"),
        ({"provider": "microsoft", "email_verified": "assume"}, "email_verified, base_url: any Microsoft"),
        (
            {
                "provider": "microsoft",
                "email_verified": "assume",
                "base_url": "https://login.microsoftonline.com/organizations/v2.0",
            },
            "email_verified, base_url: any Microsoft",
        ),
        (
            {
                "provider": "microsoft",
                "email_verified": "assume",
                "base_url": "https://login.microsoftonline.com/Common/v2.0",
            },
            "email_verified, base_url: any Microsoft",
        ),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_can_never_work_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(VALUES | {"type": "oauth"} | changes, OAuthSettings)

    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_one_tenant_of_microsoft_may_be_vouched_for() -> None:
    assert settings(provider="microsoft", email_verified="assume", base_url=TENANT).issuer == TENANT


@pytest.mark.parametrize(
    "base_url", ["http://git.localhost:8080", "http://127.0.0.1:8080", "https://10.0.0.1"]
)
def test_ones_own_place_may_be_on_a_private_network(base_url: str) -> None:
    assert settings(base_url=base_url, allow_private_network=True).issuer == base_url


def test_settings_do_not_show_their_secrets() -> None:
    assert repr(settings()) == "OAuthSettings(provider='github', ...)"
