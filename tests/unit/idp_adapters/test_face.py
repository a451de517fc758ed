"""What other packages see of idp_adapters."""

import idp_adapters
from idp_adapters import LoginError, OidcProvider, OidcSettings, Provider


def test_an_openid_provider_is_a_provider_and_asks_for_nothing_before_a_login() -> None:
    settings = OidcSettings(issuer="https://id.example.com", client_id="us", client_secret="s")
    provider: Provider = OidcProvider("corp", settings)
    assert (provider.name, provider.display_name, provider.protocol) == ("corp", "corp", "oidc")


def test_the_name_for_people_is_the_configured_one() -> None:
    settings = OidcSettings(
        issuer="https://id.example.com", client_id="us", client_secret="s", display_name="Corp"
    )
    assert OidcProvider("corp", settings).display_name == "Corp"


def test_every_name_of_the_face_is_there() -> None:
    assert [name for name in idp_adapters.__all__ if not hasattr(idp_adapters, name)] == []


def test_the_detail_of_an_error_is_cut_wherever_it_is_shown() -> None:
    error = LoginError("provider_error", "a" * 10_000)
    assert error.detail == "a" * 200
    assert str(error) == "provider_error: " + "a" * 200
    assert len(repr(error)) < 250
    assert str(LoginError("denied")) == "denied"
