"""An endpoint with several providers: the visitor picks on a page, and nothing asked for is lost by it."""

from collections.abc import AsyncIterator, Sequence

import pytest

from idp_adapters import Provider
from session_store import EndReason, Store
from tests.integration.login.test_login_notices import assert_notice, hash_of
from tests.support.control import Browser, Control, Stub, route, serving
from tests.support.edge import ada, running_edge
from tests.support.edge import route as edge_route
from tests.support.upstreams import Echo

LOGIN = "/.outerward/login?redirect_path=/report%3Fq%3D1"
ROUTES = (
    route("app.example.com", provider=("corp", "okta")),
    route("other.example.com", provider="guests"),
)


@pytest.fixture
def providers(corp: Stub, okta: Stub) -> Sequence[Provider]:
    okta.display_name = "Okta <& friends>"
    return corp, okta, Stub("guests")


@pytest.fixture
async def control(store: Store, providers: Sequence[Provider]) -> AsyncIterator[Control]:
    async with serving(ROUTES, store, providers) as running:
        yield running


async def test_the_page_offers_each_provider_by_its_display_name_as_a_link(
    visitor: Browser, corp: Stub, okta: Stub
) -> None:
    page = await visitor.get(LOGIN)

    assert (page.status, page.code) == (200, "OUT-2046")
    assert "Okta &lt;&amp; friends&gt;" in page.text
    assert "guests" not in page.text.lower()
    assert page.set_cookies == []
    assert page.headers["Cache-Control"] == "no-store"
    for provider in (corp, okta):
        begun = await visitor.get(page.link(f"Sign in with {provider.display_name}"))
        assert begun.status == 302
        assert begun.location.startswith(provider.issuer + "/authorize?")
    assert [prompt for _, prompt in corp.begun + okta.begun] == ["", ""]
    landing = await visitor.answer(begun.parameters["state"], "ada", "okta")
    assert (landing.status, landing.location) == (302, "/report?q=1")


@pytest.mark.parametrize("name", ["guests", "nobody", "", "Corp", "corp,okta"])
async def test_a_provider_that_the_endpoint_does_not_have_is_refused(visitor: Browser, name: str) -> None:
    reply = await visitor.get(f"{LOGIN}&provider={name}")

    assert (reply.status, reply.code) == (400, "OUT-2004")
    assert visitor.cookies == {}


async def test_two_choices_at_once_are_none(visitor: Browser, corp: Stub) -> None:
    assert (await visitor.get(f"{LOGIN}&provider=corp&provider=okta")).status == 400
    assert corp.begun == []


async def test_sign_in_again_after_a_notice_still_asks_anew_once_the_provider_is_chosen(
    store: Store, visitor: Browser, okta: Stub
) -> None:
    begun = await visitor.get(f"{LOGIN}&provider=okta")
    await visitor.answer(begun.parameters["state"], "ada", "okta")
    await store.end_browser_session(hash_of(visitor), EndReason.REVOKED, "owtok_1")
    notice = await visitor.get(LOGIN)
    assert_notice(notice)
    assert_notice(await visitor.get(f"{LOGIN}&provider=okta"))

    page = await visitor.post(notice.form("Sign in again"))
    assert (page.status, page.code) == (200, "OUT-2046")
    begun = await visitor.post(page.form("Sign in with Okta <& friends>"))
    assert (begun.status, okta.begun[-1][1]) == (303, "login")
    landing = await visitor.answer(begun.parameters["state"], "ada", "okta")
    assert landing.location == "/report?q=1"


async def test_the_choice_after_sign_in_again_is_no_link_that_another_site_could_make(
    visitor: Browser, corp: Stub
) -> None:
    page = await visitor.post(LOGIN)
    chosen = page.form("Sign in with Corp")
    refused = await visitor.post(chosen, origin="https://evil.example", sec_fetch_site="cross-site")

    assert (refused.status, refused.code) == (403, "OUT-2003")
    assert corp.begun == []


async def test_someone_else_stays_someone_else_through_the_choice_and_the_session_ends_with_it(
    visitor: Browser, corp: Stub
) -> None:
    begun = await visitor.get(f"{LOGIN}&provider=corp")
    await visitor.answer(begun.parameters["state"], "ada")
    page = await visitor.post(f"{LOGIN}&account=other")
    kept = visitor.session
    begun = await visitor.post(page.form("Sign in with Corp"))

    assert (page.status, page.code) == (200, "OUT-2046")
    assert kept is not None
    assert corp.begun[-1][1] == "select_account"
    assert visitor.session is None
    assert (await visitor.answer(begun.parameters["state"], "bob")).location == "/report?q=1"


async def test_one_that_is_refused_by_the_rules_is_offered_every_account_again(
    store: Store, corp: Stub, okta: Stub
) -> None:
    routes = [route("app.example.com", provider=("corp", "okta"), allow=["bob@example.com"])]
    async with serving(routes, store, [corp, okta]) as control:
        visitor = control.browser("app.example.com")
        begun = await visitor.get(f"{LOGIN}&provider=corp")
        refused = await visitor.answer(begun.parameters["state"], "ada")
        page = await visitor.post(refused.form("Sign in as someone else"))
        begun = await visitor.post(page.form("Sign in with Okta"))
        landing = await visitor.answer(begun.parameters["state"], "bob", "okta")

    assert (refused.status, refused.code) == (403, "OUT-2001")
    assert okta.begun[-1][1] == "select_account"
    assert landing.location == "/report?q=1"


async def test_an_answer_of_one_provider_at_the_callback_of_the_other_is_refused(visitor: Browser) -> None:
    begun = await visitor.get(f"{LOGIN}&provider=corp")
    state = begun.parameters["state"]

    assert (await visitor.answer(state, "ada", "okta")).code == "OUT-2011"
    assert (await visitor.answer(state, "ada", "corp")).status == 302


async def test_a_session_counts_where_its_provider_is_one_of_several_and_nowhere_else(store: Store) -> None:
    async with Echo.running() as upstream:
        routes = [
            edge_route(upstream, prefix="/both", provider=("corp", "okta")),
            edge_route(upstream, prefix="/okta", provider="okta"),
            edge_route(upstream, prefix="/corp", provider="corp"),
        ]
        async with running_edge(store, routes) as edge:
            for provider in ("corp", "okta"):
                cookie = await edge.sign_in(principal=ada(provider=provider))
                answers = [await edge.ask(each.path_prefix, cookie=cookie) for each in routes]
                expected = [200, 200, 401] if provider == "okta" else [200, 401, 200]
                assert [answer.status for answer in answers] == expected
    assert upstream.hits == 4
