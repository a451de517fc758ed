"""The dashboard as a place to sign in at: addresses, return paths, cookie, and what it shares with nobody."""

import pytest

from admin_api.admin_cookie import AdminCookie
from proxy import Host, Route, SessionCookie, Site
from proxy.login.flow import (
    Accepted,
    Claim,
    Opening,
    accept_answer,
    home_at,
    home_of,
    is_open_here,
    open_login,
    own_path,
)
from proxy.login.places import Errand, Place, ProviderPlace, place_of
from proxy.login.return_path import DASHBOARD_HOME
from proxy.login.transaction import Transaction, digest_of
from proxy.problems import LOGIN_UNKNOWN, UNKNOWN_PROVIDER
from session_store import BrowserSession, CookieHash, Principal, StoreTime, UserId, UserTag
from tests.support.control import Stub, route
from tests.unit.proxy.login.test_login_flow import visit_of

AUTHORITY = "admin.example.com:443"
PROVIDERS = {"corp": Stub("corp"), "okta": Stub("okta", protocol="saml")}
SECRET = "c" * 43


def dashboard(hostname: str = AUTHORITY, origin: str = "https://admin.example.com") -> Route:
    return route(hostname, origin=origin, provider=("corp", "okta"), is_dashboard=True)


SITE = Site.of([dashboard()])


def host() -> Host:
    return SITE.hosts[AUTHORITY]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/.outerward/login", Place.LOGIN),
        ("/.outerward/logout", Place.LOGOUT),
        ("/.outerward/signed-out", Place.SIGNED_OUT),
        ("/.outerward/sessions", None),
        ("/.outerward/jwks.json", None),
        ("/.outerward/auth", None),
        ("/.outerward/callback/corp", ProviderPlace(Errand.CALLBACK, "corp")),
        ("/.outerward/callback/other", None),
        ("/.outerward/backchannel-logout/corp", ProviderPlace(Errand.BACKCHANNEL_LOGOUT, "corp")),
        ("/.outerward/frontchannel-logout/corp", ProviderPlace(Errand.FRONTCHANNEL_LOGOUT, "corp")),
        ("/.outerward/saml/okta/metadata", ProviderPlace(Errand.METADATA, "okta")),
        ("/.outerward/saml/okta/acs", ProviderPlace(Errand.ACS, "okta")),
        ("/.outerward/saml/okta/slo", ProviderPlace(Errand.SLO, "okta")),
        ("/.outerward/saml/okta/finish", ProviderPlace(Errand.FINISH, "okta")),
    ],
)
def test_only_what_a_sign_in_and_its_end_need_is_there(
    path: str, place: Place | ProviderPlace | None
) -> None:
    assert place_of(visit_of(SITE, path, "GET", AUTHORITY), SITE, PROVIDERS) == place


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/dashboard", "/dashboard"),
        ("/dashboard/", "/dashboard/"),
        ("/dashboard?x=1", "/dashboard?x=1"),
        ("/dashboard/users/edgusr_1?q=a%20b#there", "/dashboard/users/edgusr_1?q=a%20b"),
        ("", DASHBOARD_HOME),
        ("/", DASHBOARD_HOME),
        ("/app/users", DASHBOARD_HOME),
        ("/dashboards", DASHBOARD_HOME),
        ("/Dashboard/users", DASHBOARD_HOME),
        ("/%64ashboard/users", DASHBOARD_HOME),
        ("//dashboard/users", DASHBOARD_HOME),
        ("/dashboard/../app/users", DASHBOARD_HOME),
        ("/dashboard/%2e%2e/app/users", DASHBOARD_HOME),
        ("/dashboard\\..\\app", DASHBOARD_HOME),
        ("/dashboard/%0d%0ax", DASHBOARD_HOME),
        ("/.outerward/sessions", DASHBOARD_HOME),
        ("/.outerward/logout", DASHBOARD_HOME),
        ("https://evil.example/dashboard/users", DASHBOARD_HOME),
        ("dashboard/users", DASHBOARD_HOME),
    ],
)
def test_only_pages_of_the_dashboard_are_returned_to(wanted: str, path: str) -> None:
    assert own_path(host(), wanted) == path


def test_a_sign_in_that_asks_for_no_page_leads_to_the_users() -> None:
    asked = open_login(visit_of(SITE, "/.outerward/login?provider=corp", "GET", AUTHORITY), {})

    assert isinstance(asked, Opening)
    assert asked.return_path == home_of(host()) == home_at(host(), "okta") == DASHBOARD_HOME


def test_only_the_provider_of_the_dashboard_may_be_asked_for() -> None:
    asked = open_login(visit_of(SITE, "/.outerward/login?provider=hub", "GET", AUTHORITY), {})

    assert asked is UNKNOWN_PROVIDER


def test_a_return_path_that_was_kept_is_held_against_the_pages_again() -> None:
    kept = transaction(AUTHORITY, return_path="/app/users")
    (accepted,) = (accept(SITE, AUTHORITY, kept),)

    assert isinstance(accepted, Accepted)
    assert accepted.return_path == DASHBOARD_HOME


def test_a_login_that_was_begun_at_an_app_of_the_same_hostname_is_unknown_at_the_dashboard() -> None:
    """Cookies ignore ports, so that the browser brings this login's cookie to both."""
    local = Site.of([dashboard("127.0.0.1:4040", "http://127.0.0.1:4040")])

    assert accept(local, "127.0.0.1:4040", transaction("127.0.0.1")) is LOGIN_UNKNOWN
    assert accept(local, "127.0.0.1:4040", transaction("127.0.0.1:4040")) is not LOGIN_UNKNOWN


def transaction(hostname: str, return_path: str = DASHBOARD_HOME) -> Transaction:
    return Transaction(
        provider="corp",
        memory=b"",
        hostname=hostname,
        return_path=return_path,
        begun_at=StoreTime(1),
        cookie_digest=digest_of(SECRET),
    )


def accept(site: Site, hostname: str, kept: Transaction) -> object:
    name = "__Host-outerward-login-00001234" if site is SITE else "outerward-login-00001234"
    visit = visit_of(site, "/.outerward/callback/corp", "GET", hostname, Cookie=f"{name}={SECRET}")
    return accept_answer(visit, "corp", Claim("s", visit.logins), kept, StoreTime(2))


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_is_called_like_that_of_tokens_and_has_its_attributes(secure: bool) -> None:
    own, of_tokens = SessionCookie.of_dashboard(AUTHORITY, secure=secure), AdminCookie(secure=secure)

    assert own.name == of_tokens.name
    assert sorted(own.setting("v").split("; ")) == sorted(of_tokens.setting("v").split("; "))
    assert sorted(own.clearings[0].split("; ")) == sorted(of_tokens.clearing.split("; "))


@pytest.mark.parametrize("scope", ["admin.example.com", AUTHORITY, ".example.com", ".admin.example.com"])
def test_cookie_16_a_session_of_a_host_or_domain_is_none_at_the_dashboard(scope: str) -> None:
    visit = visit_of(SITE, "/.outerward/logout", "GET", AUTHORITY)

    assert not is_open_here(session(scope), visit, 1)
    assert is_open_here(session(host().cookie.scope), visit, 1)


def session(scope: str) -> BrowserSession:
    return BrowserSession(
        cookie_hash=CookieHash(bytes(32)),
        user_id=UserId("edgusr_1"),
        user_tag=UserTag("tag"),
        generation=0,
        scope=scope,
        principal=Principal(provider="corp", issuer="https://corp.example", subject="ada"),
        issued_at=0,
        expires_at=10,
    )
