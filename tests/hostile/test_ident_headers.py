"""Forged identities (IDENT-01 to IDENT-12): the upstream hears from us alone who is asking."""

import itertools
from collections.abc import AsyncIterator

import pytest

from proxy import HeaderPreset
from session_store import Store
from tests.support.edge import HOST, Edge, ada, route, running_edge
from tests.support.http_client import Headers
from tests.support.upstreams import Echo, Received, received

PRESETS: tuple[HeaderPreset, ...] = ("x-forwarded", "x-auth-request", "remote-user", "ngrok")
NAMES = [
    *("X-Forwarded-" + end for end in ("User", "Email", "Groups", "Preferred-Username", "Access-Token")),
    *("X-Auth-Request-" + end for end in ("User", "Email", "Groups", "Preferred-Username", "Access-Token")),
    *("Remote-" + end for end in ("User", "Email", "Name", "Groups")),
    *("ngrok-auth-user-" + end for end in ("id", "email", "name")),
    *("X-Outerward-" + end for end in ("Session", "Jwt", "Edge", "User")),
]
FORGED = "root-was-here"


@pytest.fixture
async def upstream() -> AsyncIterator[Echo]:
    async with Echo.running() as echo:
        yield echo


@pytest.fixture
async def edge(store: Store, upstream: Echo) -> AsyncIterator[Edge]:
    async with running_edge(store, [route(upstream)]) as running:
        yield running


def spellings(name: str) -> list[str]:
    """A name as other servers could take it for the same."""
    separators = ["-", "_", ".", "!", "~", "0", "|"]
    cases = [name, name.lower(), name.upper(), name.swapcase()]
    swapped = {each.replace("-", separator) for each, separator in itertools.product(cases, separators)}
    return sorted({*swapped, name.replace("-", "_", 1)})


def heard(request: Received) -> str:
    return str(request.headers)


@pytest.mark.parametrize("name", NAMES)
async def test_ident_01_and_02_no_spelling_of_a_name_of_ours_passes(edge: Edge, name: str) -> None:
    cookie = await edge.sign_in()
    for spelling in spellings(name):
        request = received(await edge.ask(cookie=cookie, headers=[(spelling, FORGED)]))
        assert FORGED not in heard(request)
        assert request.all("X-Forwarded-User") == ["ada"]


@pytest.mark.parametrize("preset", PRESETS)
async def test_ident_01_under_no_preset_a_name_of_another_passes(
    store: Store, upstream: Echo, preset: HeaderPreset
) -> None:
    async with running_edge(store, [route(upstream, headers=(preset,))]) as edge:
        cookie = await edge.sign_in()
        request = received(await edge.ask(cookie=cookie, headers=[(name, FORGED) for name in NAMES]))

    assert FORGED not in heard(request)
    assert len(request.names & {name.lower() for name in NAMES}) == {"ngrok": 3}.get(preset, 4) + 1


async def test_ident_01_a_value_that_the_session_lacks_cannot_be_filled_in(
    store: Store, upstream: Echo
) -> None:
    async with running_edge(store, [route(upstream, headers=PRESETS)]) as edge:
        nameless = ada(username="", name="", email="", email_verified=False, groups=())
        cookie = await edge.sign_in(HOST, nameless)
        request = received(await edge.ask(cookie=cookie, headers=[(name, FORGED) for name in NAMES]))

    assert FORGED not in heard(request)
    ours = request.names & {name.lower() for name in NAMES}
    assert ours == {"x-forwarded-user", "x-auth-request-user", "ngrok-auth-user-id", "x-outerward-session"}


@pytest.mark.parametrize("name", ["X-Forwarded-User", "X-Forwarded-Email"])
@pytest.mark.parametrize(
    "values", [["", FORGED], [FORGED, ""], [FORGED, FORGED], ["", ""], [f"{FORGED}, ada"]]
)
async def test_ident_03_of_doubled_lines_only_ours_arrives(edge: Edge, name: str, values: list[str]) -> None:
    cookie = await edge.sign_in()
    request = received(await edge.ask(cookie=cookie, headers=[(name, value) for value in values]))

    assert len(request.all(name)) == 1
    assert FORGED not in heard(request)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
async def test_ident_01_no_method_brings_a_forged_name_through(
    edge: Edge, upstream: Echo, method: str
) -> None:
    preflight: Headers = [("Origin", "http://evil"), ("Access-Control-Request-Method", "GET")]
    forged: Headers = [(name, FORGED) for name in NAMES]
    cookie = await edge.sign_in()
    answer = await edge.ask(method=method, cookie=cookie, headers=[*preflight, *forged])

    assert answer.status == 200
    assert FORGED not in answer.body.decode()
    assert (await edge.ask(method=method, headers=[*preflight, *forged])).status == 401
    assert upstream.hits == 1


@pytest.mark.parametrize(
    "email",
    [
        "a@good.com@evil.com",
        "a@evil.com@good.com",
        "a@evil.com,good.com",
        "a@evil.com, b@good.com",
        "@good.com",
        "a b@good.com",
        "a@good.com.",
        "a@xgood.com",
        "a@good.com.evil",
    ],
)
async def test_ident_07_an_address_that_is_none_passes_no_domain_rule(
    store: Store, upstream: Echo, email: str
) -> None:
    async with running_edge(store, [route(upstream, allow=["@good.com"])]) as edge:
        cookie = await edge.sign_in(HOST, ada(email=email))
        assert (await edge.ask(cookie=cookie)).problem == (403, "2001")
        proper = await edge.sign_in(HOST, ada(email="a@GOOD.com"))
        assert (await edge.ask(cookie=proper)).status == 200
    assert upstream.hits == 1


SPOOFS: list[tuple[str, str]] = [
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Forwarded-For", "6.6.6.6, 127.0.0.1"),
    ("X_Forwarded_For", "6.6.6.6"),
    ("Forwarded", "for=6.6.6.6;host=evil;proto=https"),
    ("X-Forwarded-Host", "evil"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Port", "443"),
    ("X-Forwarded-Server", "evil"),
    ("X-Request-Id", FORGED),
    ("X_Request_Id", FORGED),
]


@pytest.mark.parametrize(("name", "value"), SPOOFS)
async def test_ident_09_and_12_an_untrusted_peer_says_nothing_about_where_it_is(
    edge: Edge, name: str, value: str
) -> None:
    cookie = await edge.sign_in()
    request = received(await edge.ask(cookie=cookie, headers=[(name, value), (name, value)]))
    await edge.worker.recorder.flush()
    (view,) = (await edge.store.sessions(limit=10, before=None)).items

    assert request.all("X-Forwarded-For") == ["127.0.0.1"]
    assert request.all("X-Forwarded-Host") == [HOST]
    assert request.all("X-Forwarded-Proto") == ["http"]
    assert not request.names & {"forwarded", "x-forwarded-port", "x-forwarded-server", "x_forwarded_for"}
    assert FORGED not in heard(request)
    assert view.activity.context.ip_address == "127.0.0.1"


async def test_ident_11_from_a_trusted_peer_only_the_configured_form_is_read(
    store: Store, upstream: Echo
) -> None:
    async with running_edge(store, [route(upstream)], trusted_proxies=["127.0.0.1"]) as edge:
        cookie = await edge.sign_in()
        headers = [
            ("Forwarded", "for=6.6.6.6"),
            ("X-Forwarded-For", "203.0.113.9"),
            ("X-Forwarded-User", FORGED),
        ]
        request = received(await edge.ask(cookie=cookie, headers=headers))
        await edge.worker.recorder.flush()
        (view,) = (await store.sessions(limit=10, before=None)).items

    assert request.all("X-Forwarded-For") == ["203.0.113.9, 127.0.0.1"]
    assert "forwarded" not in request.names
    assert FORGED not in heard(request)
    assert view.activity.context.ip_address == "203.0.113.9"


@pytest.mark.parametrize("forwarded_for", ["unknown", "", "1.2.3.4.5", "\xff", "[::1", "6.6.6.6,unknown"])
async def test_ident_11_a_trusted_peer_that_talks_nonsense_is_taken_for_the_client(
    store: Store, upstream: Echo, forwarded_for: str
) -> None:
    async with running_edge(store, [route(upstream)], trusted_proxies=["127.0.0.1"]) as edge:
        cookie = await edge.sign_in()
        assert (await edge.ask(cookie=cookie, headers=[("X-Forwarded-For", forwarded_for)])).status == 200
        await edge.worker.recorder.flush()
        (view,) = (await store.sessions(limit=10, before=None)).items

    assert view.activity.context.ip_address == "127.0.0.1"


@pytest.mark.parametrize("headers", [[("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil")]])
async def test_ident_12_a_login_is_not_redirected_where_a_header_says(edge: Edge, headers: Headers) -> None:
    answer = await edge.ask("/x", headers=[*headers, ("Sec-Fetch-Mode", "navigate")])

    assert answer.header("location") == "/.outerward/login?redirect_path=/x"
