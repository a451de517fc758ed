"""The decisions of a login, one by one."""

import pytest

from idp_adapters import LoginError, LoginErrorReason
from proxy import Site
from proxy.context import kept_whole
from proxy.login.cookies import login_cookie_name
from proxy.login.flow import (
    Accepted,
    Claim,
    Opening,
    accept_answer,
    home_of,
    logout_step,
    open_login,
    read_claim,
    relying_party,
)
from proxy.login.notices import block_of, failure_of, notice_of
from proxy.login.transaction import Transaction, digest_of
from proxy.login.visit import Visit, read_visit
from proxy.person import principal_of
from proxy.problems import (
    ACCOUNT_BLOCKED,
    BAD_REQUEST,
    CALLBACK_MALFORMED,
    FOREIGN_ORIGIN,
    LOGIN_REFUSED,
    LOGIN_REQUIRED,
    LOGIN_TOO_OLD,
    LOGIN_UNKNOWN,
    NO_ROUTE,
    PROVIDER_ERROR,
    UNKNOWN_PROVIDER,
    Problem,
)
from session_store import NOTICE_REASONS, CookieHash, EndReason, StoreTime, Tombstone
from tests.support.control import person, route

WIKI = route("apps.example.com", "/wiki", provider="okta")
NOTES = route("apps.example.com", "/notes/deep")
APP = route("app.example.com")
SITE = Site.of([APP, WIKI, NOTES])
NOW = 1_800_000_000_000
BEGUN_AT = StoreTime(1_800_000_000_000_000)
SECRET = "c" * 43
OWN = {"Sec-Fetch-Site": "same-origin"}


def visit(
    target: str = "/.outerward/login", method: str = "GET", host: str = "app.example.com", **headers: str
) -> Visit:
    return visit_of(SITE, target, method, host, **headers)


def visit_of(site: Site, target: str, method: str, host: str, **headers: str) -> Visit:
    named = {"Sec-Fetch-Mode": "navigate", **{n.replace("_", "-"): v for n, v in headers.items()}}
    lines = [(name.encode(), value.encode()) for name, value in named.items() if value]
    edge = (b"X-Outerward-Edge", f"192.0.2.1 {host} req_1".encode())
    read = read_visit(site, method, target, [edge, *lines], kept_whole)
    assert isinstance(read, Visit)
    return read


def opening(target: str, host: str = "apps.example.com") -> Opening | Problem:
    return open_login(visit("/.outerward/login" + target, host=host), {})


def test_the_endpoint_that_the_return_path_leads_to_decides() -> None:
    wiki = opening("?redirect_path=%2Fwiki%2Fpage%3Fq%3D1")
    notes = opening("?redirect_path=/notes/deep")

    assert isinstance(wiki, Opening)
    assert isinstance(notes, Opening)
    assert (wiki.route, wiki.return_path, wiki.prompt) == (WIKI, "/wiki/page?q=1", "")
    assert (notes.route, notes.return_path) == (NOTES, "/notes/deep")


def test_without_a_return_path_a_host_without_a_home_leads_to_its_shortest_prefix() -> None:
    host = opening("")

    assert isinstance(host, Opening)
    assert (host.route, host.return_path) == (WIKI, "/wiki")
    assert home_of(SITE.hosts["app.example.com"]) == "/"


def test_a_return_path_that_leads_nowhere_is_not_found() -> None:
    assert opening("?redirect_path=/nowhere") is NO_ROUTE
    assert opening("?redirect_path=/wikipedia") is NO_ROUTE
    assert opening("?redirect_path=/wiki/%25zz") is NO_ROUTE


def test_only_a_provider_that_the_endpoint_has_may_be_asked_for() -> None:
    assert isinstance(opening("?redirect_path=/wiki&provider=okta"), Opening)
    assert opening("?redirect_path=/wiki&provider=corp") is UNKNOWN_PROVIDER
    assert opening("?redirect_path=/wiki&provider=") is UNKNOWN_PROVIDER


@pytest.mark.parametrize("doubled", ["redirect_path", "provider", "account", "iss", "target_link_uri"])
def test_lesson_39_a_doubled_parameter_begins_no_login(doubled: str) -> None:
    value = "okta" if doubled == "provider" else "/wiki"

    assert opening(f"?{doubled}={value}&{doubled}={value}") is BAD_REQUEST


def test_lesson_39_nothing_else_of_the_address_reaches_the_provider() -> None:
    plain = opening("?redirect_path=/wiki")

    assert opening("?redirect_path=/wiki&scope=admin&prompt=none&login_hint=x&client_id=y") == plain


def test_a_login_is_begun_by_a_navigation_alone() -> None:
    assert open_login(visit(Sec_Fetch_Mode="cors"), {}) is LOGIN_REQUIRED
    assert open_login(visit(Sec_Fetch_Mode="", Accept="*/*"), {}) is LOGIN_REQUIRED
    assert open_login(visit(method="HEAD"), {}) is LOGIN_REQUIRED


def test_a_button_of_ours_asks_the_provider_anew_and_skips_the_notice() -> None:
    again = open_login(visit("/.outerward/login", "POST", Sec_Fetch_Site="same-origin"), {})
    other = open_login(visit("/.outerward/login?account=other", "POST", Sec_Fetch_Site="same-origin"), {})

    assert isinstance(again, Opening)
    assert isinstance(other, Opening)
    assert (again.prompt, again.asked, again.leaves) == ("login", True, False)
    assert (other.prompt, other.asked, other.leaves) == ("select_account", True, True)


def test_a_get_with_the_buttons_parameters_is_a_plain_login() -> None:
    plain = open_login(visit("/.outerward/login?account=other", Sec_Fetch_Site="cross-site"), {})

    assert isinstance(plain, Opening)
    assert (plain.prompt, plain.asked, plain.leaves) == ("", False, False)


def test_a_button_on_a_foreign_page_is_refused() -> None:
    for site in ("cross-site", "same-site", "none"):
        assert open_login(visit(method="POST", Sec_Fetch_Site=site), {}) is FOREIGN_ORIGIN
    assert open_login(visit(method="POST", Origin="https://evil.example"), {}) is FOREIGN_ORIGIN
    assert open_login(visit(method="POST"), {}) is FOREIGN_ORIGIN


def callback(query: str, **headers: str) -> Visit:
    return visit(f"/.outerward/callback/corp{query}", **headers)


def claim_of(asked: Visit) -> Claim | Problem:
    return read_claim(asked, asked.parameter("state") or "")


def with_cookie(state: str, value: str = SECRET) -> str:
    return f"{login_cookie_name(state, NOW // 1000, secure=True)}={value}"


def test_a_claim_names_the_cookies_that_may_belong_to_its_state() -> None:
    claim = claim_of(callback("?state=s1&code=c", Cookie=f"{with_cookie('s1')}; {with_cookie('s2')}"))

    assert isinstance(claim, Claim)
    assert [cookie.value for cookie in claim.candidates] == [SECRET]
    assert claim_of(callback("?state=s3&code=c", Cookie=with_cookie("s1"))) == Claim("s3", ())


@pytest.mark.parametrize("query", ["", "?code=c", "?state=&code=c"])
def test_oidc_01_a_callback_without_state_claims_nothing(query: str) -> None:
    assert claim_of(callback(query)) is CALLBACK_MALFORMED


@pytest.mark.parametrize("name", ["state", "code", "iss", "error", "error_description", "id_token", "scope"])
def test_a_doubled_protocol_parameter_is_nobodys_answer(name: str) -> None:
    assert claim_of(callback(f"?state=s&code=c&{name}=x&{name}=x")) is CALLBACK_MALFORMED
    assert isinstance(claim_of(callback("?state=s&code=c&extra=1&extra=2")), Claim)


KEPT = Transaction(
    provider="corp",
    memory=b"m",
    hostname="app.example.com",
    return_path="/report",
    begun_at=BEGUN_AT,
    cookie_digest=digest_of(SECRET),
)


def judge(kept: Transaction, *, value: str = SECRET, provider: str = "corp", age_us: int = 0) -> object:
    asked = callback("?state=s&code=c", Cookie=with_cookie("s", value))
    claim = claim_of(asked)
    assert isinstance(claim, Claim)
    return accept_answer(asked, provider, claim, kept, StoreTime(BEGUN_AT + age_us))


def test_the_browser_that_began_a_login_is_let_on() -> None:
    accepted = judge(KEPT)

    assert isinstance(accepted, Accepted)
    assert (accepted.route, accepted.return_path) == (APP, "/report")
    assert accepted.cookie_name == login_cookie_name("s", NOW // 1000, secure=True)


def test_an_answer_of_another_login_is_refused() -> None:
    assert judge(KEPT, value="d" * 43) is LOGIN_UNKNOWN
    assert judge(KEPT, provider="okta") is LOGIN_UNKNOWN
    assert judge(replace_in(KEPT, provider="okta")) is LOGIN_UNKNOWN
    assert judge(replace_in(KEPT, hostname="apps.example.com")) is LOGIN_UNKNOWN
    assert judge(KEPT, age_us=600_000_000) is LOGIN_TOO_OLD
    assert isinstance(judge(KEPT, age_us=599_999_999), Accepted)


def test_a_login_whose_endpoint_has_another_provider_by_now_is_refused() -> None:
    assert judge(replace_in(KEPT, provider="okta"), provider="okta") is LOGIN_UNKNOWN


def test_the_return_path_is_checked_again_at_use() -> None:
    accepted = judge(replace_in(KEPT, return_path="//evil.example"))

    assert isinstance(accepted, Accepted)
    assert accepted.return_path == "/"


def replace_in(kept: Transaction, **changes: str) -> Transaction:
    values = {name: getattr(kept, name) for name in kept.__struct_fields__}
    return Transaction(**{**values, **changes})


@pytest.mark.parametrize(
    ("method", "headers", "step"),
    [
        ("GET", {"Sec_Fetch_Site": "same-origin"}, "leave"),
        ("GET", {"Sec_Fetch_Site": "none"}, "leave"),
        ("GET", {"Sec_Fetch_Site": "none", "Sec_Purpose": "prefetch;prerender"}, "ask"),
        ("GET", {"Sec_Fetch_Site": "same-site"}, "ask"),
        ("GET", {"Sec_Fetch_Site": "cross-site"}, "ask"),
        ("GET", {}, "ask"),
        ("HEAD", {"Sec_Fetch_Site": "same-origin"}, "ask"),
        ("POST", {"Sec_Fetch_Site": "same-origin"}, "leave"),
        ("POST", {"Origin": "https://app.example.com"}, "leave"),
        ("POST", {"Origin": "https://evil.example"}, FOREIGN_ORIGIN),
        ("POST", {"Sec_Fetch_Site": "none"}, FOREIGN_ORIGIN),
        ("POST", {}, FOREIGN_ORIGIN),
    ],
)
def test_a_logout_happens_at_once_only_where_the_visitor_plainly_asked(
    method: str, headers: dict[str, str], step: object
) -> None:
    assert logout_step(visit("/.outerward/logout", method, **headers)) == step


def test_ident_12_the_redirect_uri_is_the_configured_origin_with_the_provider_and_no_prefix() -> None:
    callback = relying_party(WIKI.origin, "okta", "oidc").answer
    assert callback == "https://apps.example.com/.outerward/callback/okta"
    assert relying_party(APP.origin, "a b/ü", "oidc").answer.endswith("/callback/a%20b%2F%C3%BC")


def test_our_addresses_for_a_saml_provider_are_of_the_configured_origin() -> None:
    party = relying_party(WIKI.origin, "okta", "saml")
    assert party.answer == "https://apps.example.com/.outerward/saml/okta/acs"
    assert party.logout == "https://apps.example.com/.outerward/saml/okta/slo"
    assert party.metadata == "https://apps.example.com/.outerward/saml/okta/metadata"
    assert party.signed_out == "https://apps.example.com/.outerward/signed-out"


def test_the_principal_carries_all_that_the_identity_says() -> None:
    principal = principal_of(person("ada"), "corp")

    assert (principal.provider, principal.issuer, principal.subject) == (
        "corp",
        "https://corp.example",
        "ada",
    )
    assert (principal.email, principal.email_verified, principal.name) == ("ada@example.com", True, "Ada")


@pytest.mark.parametrize("reason", EndReason)
def test_a_notice_tells_of_an_end_that_the_visitor_did_not_ask_for_with_its_time(reason: EndReason) -> None:
    tombstone = Tombstone(
        cookie_hash=CookieHash(b"h" * 32),
        endpoint_id=None,
        reason=reason,
        ended_by="owtok_1",
        ended_at=1_795_541_040_000,
    )
    notice = notice_of(tombstone)

    assert (notice is not None) == (reason in NOTICE_REASONS)
    if notice is not None:
        assert "on 24 November 2026 at 17:24 UTC" in notice.sentence
        assert notice.number == 2002
    if notice is not None and reason in {EndReason.REVOKED, EndReason.BLOCKED, EndReason.USER_DELETED}:
        assert notice.sentence.startswith("An administrator")


@pytest.mark.parametrize("reason", LoginErrorReason.__args__)  # type: ignore[attr-defined]
def test_every_failure_of_a_provider_has_its_page(reason: LoginErrorReason) -> None:
    assert 400 <= failure_of(LoginError(reason)).status < 600


def test_a_page_about_clocks_names_the_side_and_the_seconds() -> None:
    assert "90 seconds ahead of ours" in failure_of(LoginError("clock_skew", skew_s=90.2)).sentence
    assert "3600 seconds behind ours" in failure_of(LoginError("clock_skew", skew_s=-3600)).sentence


def test_a_page_about_a_weak_signature_names_the_method_and_what_to_change() -> None:
    page = failure_of(LoginError("weak_signature", "signed with RSA with SHA-1"))
    assert "RSA with SHA-1" in page.sentence
    assert "SHA-256" in page.advice


def test_an_error_in_the_callback_is_an_answer_and_elsewhere_an_outage() -> None:
    assert failure_of(LoginError("provider_error")) is PROVIDER_ERROR
    assert failure_of(LoginError("provider_error"), in_callback=True) is LOGIN_REFUSED


def test_a_block_without_an_end_names_none_and_another_names_its_minute_rounded_up() -> None:
    assert block_of(None) is ACCOUNT_BLOCKED
    assert block_of(NOW).sentence == (
        "An administrator has blocked this account until 15 January 2027 at 08:00 UTC."
    )
    assert "at 08:01 UTC" in block_of(NOW + 1).sentence
    assert (block_of(NOW).number, block_of(NOW).status) == (2047, 403)
