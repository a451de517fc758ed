"""Logins that a provider or another site begins here (OpenID Connect Core 1.0 §4)."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from session_store import Store
from tests.support.control import Browser, Control, Reply, Stub, route, serving

LOGIN = "/.outerward/login"
CORP = "iss=https%3A%2F%2Fcorp.example"
ORIGIN = "https://app.example.com"
EDGE = "apps.localhost"
ROUTES = (
    route("app.example.com", provider=("corp", "okta")),
    route(EDGE, "/a", origin=f"http://{EDGE}:4180", provider="okta"),
    route(EDGE, "/notes", origin=f"http://{EDGE}:4180", provider="twin"),
)


@pytest.fixture
def twin() -> Stub:
    """Another client at the issuer of corp."""
    twin = Stub("twin")
    twin.issuer = "https://corp.example"
    return twin


@pytest.fixture
async def control(store: Store, corp: Stub, okta: Stub, twin: Stub) -> AsyncIterator[Control]:
    async with serving(ROUTES, store, [corp, okta, twin]) as running:
        yield running


async def sent(visitor: Browser, query: str) -> Reply:
    """What a link on another site leads to."""
    return await visitor.get(f"{LOGIN}?{query}", sec_fetch_site="cross-site")


async def test_c19_an_issuer_of_this_endpoint_begins_a_login_with_its_provider(
    visitor: Browser, corp: Stub, okta: Stub
) -> None:
    begun = await sent(visitor, f"{CORP}&target_link_uri={quote(ORIGIN + '/report?q=1', safe='')}")
    landing = await visitor.answer(begun.parameters["state"], "ada")

    assert begun.status == 302
    assert (len(corp.begun), len(okta.begun)) == (1, 0)
    assert (landing.status, landing.location) == (302, "/report?q=1")


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example",
        "https://corp.example/",
        "HTTPS://corp.example",
        "corp",
        "",
        "https://guests.example",
    ],
)
async def test_c19_any_other_issuer_is_refused_and_nothing_begins(visitor: Browser, issuer: str) -> None:
    reply = await sent(visitor, f"iss={quote(issuer, safe='')}")

    assert (reply.status, reply.code) == (400, "OUT-2004")
    assert visitor.cookies == {}
    assert "Location" not in reply.headers


async def test_c19_the_issuer_decides_also_where_a_provider_is_named(
    visitor: Browser, corp: Stub, okta: Stub
) -> None:
    await sent(visitor, f"{CORP}&provider=okta")

    assert (len(corp.begun), len(okta.begun)) == (1, 0)


async def test_c19_two_clients_at_one_issuer_are_told_apart_by_the_endpoint(
    control: Control, visitor: Browser, corp: Stub, twin: Stub
) -> None:
    edge = control.browser(EDGE)

    assert (await sent(visitor, CORP)).status == 302
    assert (await sent(edge, f"{CORP}&target_link_uri=http%3A%2F%2F{EDGE}:4180%2Fnotes%2F7")).status == 302
    assert (len(corp.begun), len(twin.begun)) == (1, 1)
    assert (await sent(edge, f"{CORP}&target_link_uri=http%3A%2F%2F{EDGE}:4180%2Fa")).code == "OUT-2004"


async def test_c19_without_a_target_the_login_leads_to_an_endpoint_that_has_the_issuer(
    control: Control, twin: Stub
) -> None:
    edge = control.browser(EDGE)
    begun = await sent(edge, CORP)

    assert (await edge.answer(begun.parameters["state"], "ada", "twin")).location == "/notes"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "https://app.example.com.evil.example/",
        "https://app.example.com@evil.example/",
        "https://app.example.com:8443/",
        "http://app.example.com/report",
        "https://app.example.com//evil.example",
        "https://app.example.com/\\evil.example",
        "https://app.example.com/%09/evil.example",
        "https://app.example.com/.outerward/logout",
        "//evil.example",
        "//app.example.com/report",
        "javascript:alert(1)",
        "data:text/html,x",
        "/report",
        "",
    ],
)
async def test_c19_a_target_elsewhere_becomes_the_default_page(visitor: Browser, target: str) -> None:
    begun = await sent(visitor, f"{CORP}&target_link_uri={quote(target, safe='')}")
    landing = await visitor.answer(begun.parameters["state"], "ada")

    assert landing.location == "/"


@pytest.mark.parametrize(
    "doubled",
    [
        f"{CORP}&{CORP}",
        f"{CORP}&iss=https%3A%2F%2Fokta.example",
        f"{CORP}&target_link_uri={ORIGIN}/a&target_link_uri={ORIGIN}/b",
        f"{CORP}&redirect_path=/a&redirect_path=/b",
    ],
    ids=["one issuer twice", "two issuers", "two targets", "two paths"],
)
async def test_c19_a_doubled_parameter_begins_nothing(visitor: Browser, corp: Stub, doubled: str) -> None:
    reply = await sent(visitor, doubled)

    assert (reply.status, reply.code) == (400, "OUT-1000")
    assert corp.begun == []


@pytest.mark.parametrize("times", [1, 2])
async def test_c19_nothing_else_of_the_request_reaches_the_provider(
    visitor: Browser, corp: Stub, times: int
) -> None:
    foreign = {
        "scope": "admin",
        "prompt": "none",
        "redirect_uri": "https://evil.example",
        "login_hint": "eve",
        "client_id": "evil",
        "response_type": "token",
        "response_mode": "fragment",
        "state": "chosen",
        "nonce": "chosen",
        "acr_values": "0",
        "request": "x.y.z",
    }
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in foreign.items())
    begun = await sent(visitor, "&".join([CORP, *[query] * times]))

    assert begun.status == 302
    assert begun.parameters.keys() == {"state", "redirect_uri"}
    assert begun.parameters["redirect_uri"] == f"{ORIGIN}/.outerward/callback/corp"
    assert begun.parameters["state"] != "chosen"
    assert corp.begun[-1][1] == ""


async def test_c19_an_image_or_a_script_begins_no_login(visitor: Browser, corp: Stub) -> None:
    image = await visitor.get(f"{LOGIN}?{CORP}", sec_fetch_mode="no-cors", sec_fetch_site="cross-site")

    assert image.status == 401
    assert corp.begun == []
