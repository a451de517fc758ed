"""One host that all logins run at: what is spoken there, what at the applications' hosts, and who gets in.

The control app alone, with a provider without network; the real ones are in ``test_login_host_apps``.
"""

from collections.abc import AsyncIterator

import msgspec
import pytest

from idp_adapters import OidcProvider
from proxy import LoginHost
from proxy.login.transaction import Transaction, decode, encode, key_of
from session_store import Store, StoreTime
from tests.support.control import Browser, Control, Reply, Stub, minute_passes, person, route, serving
from tests.support.hostile_oidc import HostileProvider, Lies

HOST = LoginHost("login.example.com", "https://login.example.com", secure=True)
CALLBACK, SIGNED_OUT = "/.outerward/callback/corp", "/.outerward/signed-out"
FINISH = f"{CALLBACK}/finish"
ROUTES = (
    route("app.example.com", allow=("@example.com",)),
    route("other.example.com"),
    route("plain.localhost", origin="http://plain.localhost:4180", provider=("corp", "okta")),
)


@pytest.fixture
def corp() -> Stub:
    stub = Stub("corp")
    stub.leads_on = True
    return stub


@pytest.fixture
async def control(store: Store, corp: Stub) -> AsyncIterator[Control]:
    async with serving(ROUTES, store, [corp, Stub("okta", protocol="saml")], HOST) as running:
        yield running


@pytest.fixture
def visitor(control: Control) -> Browser:
    """A fresh browser at one of the applications."""
    return control.browser("app.example.com")


@pytest.fixture
def login(control: Control) -> Browser:
    """The same browser at the login host, where it has no cookies of the application."""
    return control.browser("login.example.com")


async def arrived(visitor: Browser, login: Browser, code: str = "ada") -> str:
    """Begin, and let the provider's answer come to the login host: the path that it leads to."""
    begun = await visitor.begin("/report")
    reply = await login.answer(begun["state"], code)
    assert reply.status == 302, reply.text
    assert reply.set_cookies == []
    assert reply.location.startswith(visitor.origin + FINISH)
    return reply.location.removeprefix(visitor.origin)


async def test_a_login_goes_by_the_login_host_and_ends_where_it_began(
    visitor: Browser, login: Browser, corp: Stub
) -> None:
    landing = await visitor.get(await arrived(visitor, login), sec_fetch_site="cross-site")

    assert corp.begun == [(f"{HOST.origin}{CALLBACK}", "")]
    assert (landing.status, landing.location) == (302, "/report")
    assert visitor.session is not None
    assert visitor.logins == []
    assert login.cookies == {}


async def test_an_application_on_http_is_gone_back_to_on_http(control: Control, login: Browser) -> None:
    visitor = control.browser("plain.localhost")
    begun = (await visitor.get("/.outerward/login?provider=corp")).parameters
    reply = await login.answer(begun["state"], "ada")

    assert reply.location.startswith(f"http://plain.localhost:4180{FINISH}?state=")
    assert (await visitor.get(reply.location.removeprefix(visitor.origin))).status == 302


async def test_the_result_is_worth_something_at_its_own_host_alone(
    control: Control, store: Store, visitor: Browser, login: Browser
) -> None:
    path = await arrived(visitor, login)
    other = control.browser("other.example.com")
    other.cookies = dict(visitor.cookies)
    login.cookies = dict(visitor.cookies)

    for browser in (other, login):
        refused = await browser.get(path)
        assert (refused.status, refused.code) == (400, "OUT-2011")
    assert (await store.users(limit=10, before=None)).items == []
    assert (await visitor.get(path)).location == "/report"


async def test_the_result_is_worth_nothing_in_another_browser(
    control: Control, store: Store, visitor: Browser, login: Browser
) -> None:
    path = await arrived(visitor, login)
    other = control.browser("app.example.com")
    await other.begin()

    assert (await other.get(path)).code == "OUT-2011"
    assert other.session is None
    assert (await store.users(limit=10, before=None)).items == []


async def test_the_result_works_once(visitor: Browser, login: Browser) -> None:
    path = await arrived(visitor, login)
    cookies = dict(visitor.cookies)
    await visitor.get(path)
    visitor.cookies = cookies

    assert (await visitor.get(path)).code == "OUT-2011"


async def test_after_a_minute_the_result_is_gone(
    store: Store, store_url: str, visitor: Browser, login: Browser
) -> None:
    path = await arrived(visitor, login)
    minute_passes(store_url, path.partition("state=")[2])
    late = await visitor.get(path)

    assert (late.status, late.code) == (400, "OUT-2011")
    assert late.link("Sign in") == "/.outerward/login?redirect_path=/"
    assert (await store.users(limit=10, before=None)).items == []


async def test_oidc_03_an_answer_that_comes_twice_makes_no_second_call(
    visitor: Browser, login: Browser, corp: Stub
) -> None:
    begun = await visitor.begin()
    first = await login.answer(begun["state"], "ada")
    again = await login.answer(begun["state"], "ada")

    assert (first.status, again.status, again.code) == (302, 400, "OUT-2011")
    assert corp.completed == ["ada"]


@pytest.mark.parametrize(
    "path", [CALLBACK, f"{CALLBACK}?state=x&code=y", "/.outerward/saml/okta/acs", "/.outerward/callback/okta"]
)
async def test_callback_and_acs_are_not_found_on_an_applications_host(control: Control, path: str) -> None:
    visitor = control.browser("plain.localhost")
    for method in ("GET", "POST"):
        reply = await visitor.send(method, path)
        assert (reply.status, reply.code) == (404, "OUT-1006")


async def test_a_login_is_not_used_up_by_an_answer_at_the_applications_host(
    visitor: Browser, login: Browser
) -> None:
    begun = await visitor.begin("/report")
    assert (await visitor.answer(begun["state"], "ada")).status == 404

    assert (await login.answer(begun["state"], "ada")).status == 302


async def test_the_login_hosts_own_pages_are_sensible_and_none_of_them_begins_anything(
    login: Browser, corp: Stub
) -> None:
    expected = {
        "/.outerward/login": (404, "OUT-1002"),
        "/.outerward/login?redirect_path=/report&provider=corp": (404, "OUT-1002"),
        "/.outerward/login?iss=https%3A%2F%2Fcorp.example": (404, "OUT-1002"),
        "/.outerward/logout": (200, "OUT-2030"),
        SIGNED_OUT: (200, "OUT-2031"),
        f"{SIGNED_OUT}?partly": (200, "OUT-2032"),
        CALLBACK: (400, "OUT-2010"),
        f"{CALLBACK}?state=unknown&code=x": (400, "OUT-2011"),
        f"{CALLBACK}?state=unknown&error=access_denied": (400, "OUT-2011"),
        f"{FINISH}?state=unknown": (400, "OUT-2011"),
        FINISH: (400, "OUT-2010"),
        "/.outerward/callback/okta": (404, "OUT-1006"),
        "/.outerward/callback/nobody": (404, "OUT-1006"),
        "/.outerward/session": (404, "OUT-1006"),
        "/.outerward/": (404, "OUT-1006"),
    }
    found = {path: await login.get(path) for path in expected}

    assert {path: (reply.status, reply.code) for path, reply in found.items()} == expected
    assert [path for path, reply in found.items() if "<a" in reply.text] == []
    assert corp.begun == []
    assert login.cookies == {}


async def test_signing_out_at_the_login_host_leads_to_its_own_page(login: Browser) -> None:
    login.cookies["__Host-outerward"] = "x" * 43
    reply = await login.get("/.outerward/logout?redirect_path=/x", sec_fetch_site="none")
    button = await login.post((await login.get("/.outerward/logout")).form("Sign out"))

    assert (reply.status, reply.location) == (302, "/x")
    assert (button.status, button.location) == (303, SIGNED_OUT)
    assert login.cookies == {}
    assert "<a" not in (await login.get(SIGNED_OUT)).text


async def test_the_callback_at_the_login_host_takes_get_alone_unless_form_post_was_asked_for(
    store: Store, visitor: Browser, login: Browser
) -> None:
    refused = await login.deliver(CALLBACK, {"state": "x"})
    assert (refused.status, refused.headers["Allow"]) == (405, "GET")

    async with serving(ROUTES, store, [Stub("corp", response_mode="form_post")], HOST) as control:
        app, there = control.browser("app.example.com"), control.browser("login.example.com")
        begun = await app.begin("/report")
        posted = await there.deliver(CALLBACK, {"state": begun["state"], "code": "ada"})
        assert (posted.status, posted.location[: len(app.origin)]) == (303, app.origin)
        assert (await app.get(posted.location.removeprefix(app.origin))).location == "/report"


def assert_leads_back(reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.code) == (status, code)
    assert reply.link("Sign in") == "https://app.example.com/.outerward/login?redirect_path=/report"


async def test_a_failure_at_the_login_host_leads_back_to_the_application(
    visitor: Browser, login: Browser, corp: Stub
) -> None:
    begun = await visitor.begin("/report")
    declined = await login.get(f"{CALLBACK}?error=access_denied&state={begun['state']}")
    begun = await visitor.begin("/report")
    corp.fails = "invalid_token"
    invalid = await login.answer(begun["state"], "ada")

    assert_leads_back(declined, 403, "OUT-2023")
    assert_leads_back(invalid, 403, "OUT-2025")


async def test_an_answer_that_comes_too_late_leads_back_to_the_application(
    store: Store, visitor: Browser, login: Browser, corp: Stub
) -> None:
    begun = await visitor.begin("/report")
    kept, _ = await store.read_login(key_of("login", begun["state"]))
    began = decode(kept, Transaction)
    assert began is not None
    aged = msgspec.structs.replace(began, begun_at=StoreTime(began.begun_at - 600_000_000))
    await store.save_login(key_of("login", begun["state"]), encode(aged), 60)

    assert_leads_back(await login.answer(begun["state"], "ada"), 400, "OUT-2036")
    assert corp.completed == []


async def test_a_person_whom_the_rules_refuse_is_told_so_at_the_application(
    visitor: Browser, login: Browser, corp: Stub
) -> None:
    corp.people["eve"] = msgspec.structs.replace(person("eve"), email="eve@elsewhere.example")
    refused = await visitor.get(await arrived(visitor, login, "eve"))

    assert (refused.status, refused.code) == (403, "OUT-2001")
    assert (await visitor.post(refused.form("Sign in as someone else"))).status == 303
    assert corp.begun[-1] == (f"{HOST.origin}{CALLBACK}", "select_account")


async def test_a_provider_that_fails_after_a_good_answer_is_no_refusal_of_the_person(store: Store) -> None:
    async with HostileProvider.running() as hostile:
        provider = OidcProvider("corp", hostile.settings())
        hostile.lies = Lies(tokens=lambda _: {"error": "temporarily_unavailable"})
        async with serving([route("app.example.com")], store, [provider], HOST) as control:
            begun = await control.browser("app.example.com").get("/.outerward/login")
            query = "&".join(f"{name}={value}" for name, value in hostile.authorize(begun.location))
            reply = await control.browser("login.example.com").get(f"{CALLBACK}?{query}")
        await provider.close()

    assert (reply.status, reply.code) == (502, "OUT-2022")
    assert reply.link("Sign in").startswith("https://app.example.com/")


async def test_made_up_answers_are_limited_at_the_login_host_and_good_ones_are_not(
    visitor: Browser, login: Browser
) -> None:
    for _ in range(10):
        assert (await login.get(f"{CALLBACK}?state=unknown&code=x")).status == 400
    assert (await login.get(f"{CALLBACK}?state=unknown&code=x")).status == 429

    assert (await visitor.get(await arrived(visitor, login))).location == "/report"


@pytest.mark.parametrize("wanted", ["", "?redirect_path=/bye", "?redirect_path=//evil.example"])
async def test_a_logout_comes_back_by_the_login_host_to_the_application(
    visitor: Browser, login: Browser, wanted: str
) -> None:
    await visitor.get(await arrived(visitor, login))
    to_provider = await visitor.get(f"/.outerward/logout{wanted}", sec_fetch_site="none")
    back = await login.get(f"{SIGNED_OUT}?state={to_provider.parameters['state']}")
    page = {"": SIGNED_OUT, "?redirect_path=/bye": "/bye"}.get(wanted, "/")

    assert to_provider.parameters["back"] == f"{HOST.origin}{SIGNED_OUT}"
    assert visitor.session is None
    assert (back.status, back.location) == (302, f"https://app.example.com{page}")


async def test_a_made_up_state_of_a_logout_leads_nowhere_else(visitor: Browser, login: Browser) -> None:
    await visitor.get(await arrived(visitor, login))
    to_provider = await visitor.get("/.outerward/logout", sec_fetch_site="none")
    state = to_provider.parameters["state"]

    assert (await login.get(f"{SIGNED_OUT}?state=unknown")).location == SIGNED_OUT
    assert (await login.get(f"{SIGNED_OUT}?state={state}")).location == f"{visitor.origin}{SIGNED_OUT}"
    assert (await login.get(f"{SIGNED_OUT}?state={state}")).location == SIGNED_OUT


async def test_the_login_host_may_be_an_applications_host_too(store: Store, corp: Stub) -> None:
    routes = (*ROUTES[:2], route("login.example.com"))
    async with serving(routes, store, [corp], HOST) as control:
        own, other = control.browser("login.example.com"), control.browser("other.example.com")
        reply = await own.answer((await own.begin("/home"))["state"], "ada")
        theirs = await own.answer((await other.begin("/page"))["state"], "bob")
        own_landing, their_landing = (
            await own.get(reply.location),
            await other.get(theirs.location.removeprefix(other.origin)),
        )

    assert reply.location.startswith(f"{FINISH}?state=")
    assert (own_landing.location, their_landing.location) == ("/home", "/page")
    assert own.session is not None
    assert other.session is not None
