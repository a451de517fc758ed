"""Which address of ours a path leads to."""

import pytest

from proxy.login.places import Errand, Place, ProviderPlace, methods_of, place_of, takes_form
from tests.support.control import Stub
from tests.unit.proxy.login.test_login_flow import visit

PROVIDERS = {"corp": Stub("corp"), "okta": Stub("okta", protocol="saml")}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/.outerward/login", Place.LOGIN),
        ("/ngrok/login", Place.LOGIN),
        ("/.outerward/logout", Place.LOGOUT),
        ("/ngrok/logout", Place.LOGOUT),
        ("/.outerward/signed-out", Place.SIGNED_OUT),
        ("/.outerward/callback/corp", ProviderPlace(Errand.CALLBACK, "corp")),
        ("/.outerward/callback/okta", None),
        ("/.outerward/callback/gone", None),
        ("/.outerward/backchannel-logout/corp", ProviderPlace(Errand.BACKCHANNEL_LOGOUT, "corp")),
        ("/.outerward/frontchannel-logout/corp", ProviderPlace(Errand.FRONTCHANNEL_LOGOUT, "corp")),
        ("/.outerward/saml/corp/acs", None),
        ("/.outerward/callback/corp/", None),
        ("/.outerward/callback/%63orp", None),
        ("/.outerward/Login", None),
        ("/.outerward/login/", None),
        ("/.outerward/%6cogin", None),
        ("/.outerward//login", None),
        ("/.outerward/", None),
        ("*", None),
    ],
)
def test_only_exact_spellings_and_providers_of_this_host_lead_anywhere(
    path: str, place: Place | ProviderPlace | None
) -> None:
    assert place_of(visit(path), PROVIDERS) == place


def test_a_provider_that_is_not_running_has_no_callback() -> None:
    assert place_of(visit("/.outerward/callback/corp"), {"okta": Stub("okta")}) is None


def test_a_callback_takes_get_alone() -> None:
    assert methods_of(ProviderPlace(Errand.CALLBACK, "corp")) == ("GET",)
    assert methods_of(Place.LOGIN) == ("GET", "HEAD", "POST")


@pytest.mark.parametrize(
    ("path", "errand"),
    [
        ("/.outerward/saml/okta/metadata", Errand.METADATA),
        ("/.outerward/saml/okta/acs", Errand.ACS),
        ("/.outerward/saml/okta/slo", Errand.SLO),
        ("/.outerward/saml/okta/finish", Errand.FINISH),
        ("/.outerward/saml/okta/ACS", None),
        ("/.outerward/saml/okta/acs/", None),
        ("/.outerward/saml/okta", None),
        ("/.outerward/callback/okta", None),
        ("/.outerward/backchannel-logout/okta", None),
    ],
)
def test_each_protocol_has_addresses_of_its_own(path: str, errand: Errand | None) -> None:
    place = place_of(visit(path, host="apps.example.com"), PROVIDERS)
    assert place == (ProviderPlace(errand, "okta") if errand else None)


@pytest.mark.parametrize("errand", Errand)
def test_only_what_providers_post_brings_a_form(errand: Errand) -> None:
    posted = errand in {Errand.ACS, Errand.SLO, Errand.BACKCHANNEL_LOGOUT}
    assert takes_form(ProviderPlace(errand, "okta"), "POST") == posted
    assert not takes_form(ProviderPlace(errand, "okta"), "GET")
    assert "HEAD" not in methods_of(ProviderPlace(errand, "okta")) or errand is Errand.METADATA
