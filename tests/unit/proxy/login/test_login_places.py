"""Which address of ours a path leads to."""

import pytest

from proxy import LoginHost, Site
from proxy.login.places import Errand, Place, ProviderPlace, methods_of, place_of, takes_form
from tests.support.control import Stub
from tests.unit.proxy.login.test_login_flow import APP, NOTES, SITE, WIKI, visit, visit_of

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
    assert place_of(visit(path), SITE, PROVIDERS) == place


def test_a_provider_that_is_not_running_has_no_callback() -> None:
    assert place_of(visit("/.outerward/callback/corp"), SITE, {"okta": Stub("okta")}) is None


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
    place = place_of(visit(path, host="apps.example.com"), SITE, PROVIDERS)
    assert place == (ProviderPlace(errand, "okta") if errand else None)


@pytest.mark.parametrize("errand", Errand)
def test_only_what_providers_post_brings_a_form(errand: Errand) -> None:
    posted = errand in {Errand.CALLBACK, Errand.ACS, Errand.SLO, Errand.BACKCHANNEL_LOGOUT}
    assert takes_form(ProviderPlace(errand, "okta"), "POST") == posted
    assert not takes_form(ProviderPlace(errand, "okta"), "GET")
    assert "HEAD" not in methods_of(ProviderPlace(errand, "okta")) or errand is Errand.METADATA


LOGIN_HOST = LoginHost("login.example.com", "https://login.example.com", secure=True)
TOGETHER = Site.of([APP, WIKI, NOTES], LOGIN_HOST)
BY_POST = {"corp": Stub("corp", response_mode="form_post"), "okta": PROVIDERS["okta"]}


@pytest.mark.parametrize(
    ("path", "host", "found"),
    [
        ("callback/corp", "login.example.com", ProviderPlace(Errand.CALLBACK, "corp")),
        ("saml/okta/acs", "login.example.com", ProviderPlace(Errand.ACS, "okta")),
        ("saml/okta/metadata", "login.example.com", ProviderPlace(Errand.METADATA, "okta")),
        ("callback/corp", "app.example.com", None),
        ("callback/corp", "apps.example.com", None),
        ("saml/okta/acs", "apps.example.com", None),
        ("callback/corp/finish", "app.example.com", ProviderPlace(Errand.FINISH, "corp")),
        ("saml/okta/finish", "apps.example.com", ProviderPlace(Errand.FINISH, "okta")),
        ("saml/okta/finish", "app.example.com", None),
        ("saml/okta/slo", "apps.example.com", ProviderPlace(Errand.SLO, "okta")),
        ("backchannel-logout/corp", "app.example.com", ProviderPlace(Errand.BACKCHANNEL_LOGOUT, "corp")),
        ("backchannel-logout/corp", "login.example.com", ProviderPlace(Errand.BACKCHANNEL_LOGOUT, "corp")),
        ("callback/nobody", "login.example.com", None),
    ],
)
def test_where_there_is_a_login_host_answers_come_there_and_nowhere_else(
    path: str, host: str, found: ProviderPlace | None
) -> None:
    asked = visit_of(TOGETHER, f"/.outerward/{path}", "GET", host)

    assert place_of(asked, TOGETHER, PROVIDERS) == found


def test_a_callback_is_posted_to_only_where_the_provider_was_asked_to() -> None:
    asked = place_of(visit("/.outerward/callback/corp"), SITE, BY_POST)
    unasked = place_of(visit("/.outerward/callback/corp"), SITE, PROVIDERS)
    finish = place_of(visit("/.outerward/callback/corp/finish"), SITE, BY_POST)

    assert asked == ProviderPlace(Errand.CALLBACK, "corp", by_post=True)
    assert unasked is not None
    assert finish == ProviderPlace(Errand.FINISH, "corp")
    assert (methods_of(asked), methods_of(unasked)) == (("GET", "POST"), ("GET",))
    assert takes_form(asked, "POST")
    assert not takes_form(asked, "GET")
