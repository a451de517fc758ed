"""IDENT-01 to -03 and -11, further variants: doubled names of every preset, and peers that contradict."""

from collections.abc import AsyncIterator, Callable

import pytest

from proxy import HeaderPreset
from session_store import Store
from tests.support.edge import HOST, Edge, ada, route, running_edge
from tests.support.http_client import Headers
from tests.support.logout_tokens import BROWSER, logout_scene
from tests.support.refreshing import refreshing
from tests.support.upstreams import Echo, received

PRESETS: tuple[HeaderPreset, ...] = ("x-forwarded", "x-auth-request", "remote-user", "ngrok")
FORGED = "root-was-here"
OURS = {
    "X-Forwarded-User": "ada",
    "X-Forwarded-Email": "ada@example.com",
    "X-Forwarded-Preferred-Username": "ada.l",
    "X-Forwarded-Groups": "ops,dev",
    "X-Auth-Request-User": "ada",
    "X-Auth-Request-Email": "ada@example.com",
    "X-Auth-Request-Preferred-Username": "ada.l",
    "X-Auth-Request-Groups": "ops,dev",
    "Remote-User": "ada.l",
    "Remote-Email": "ada@example.com",
    "Remote-Name": "Ada Lovelace",
    "Remote-Groups": "ops,dev",
    "ngrok-auth-user-id": "ada",
    "ngrok-auth-user-email": "ada@example.com",
    "ngrok-auth-user-name": "Ada Lovelace",
}
"""Every header of every preset, and its value for Ada."""

DOUBLED: dict[str, list[str]] = {
    "empty and a value": ["", FORGED],
    "a value and empty": [FORGED, ""],
    "twice": [FORGED, FORGED],
    "empty twice": ["", ""],
    "ours and another": ["ada", FORGED],
    "a list": [f"{FORGED}, ada"],
    "a hundred octets": [FORGED * 8],
}


@pytest.fixture
async def upstream() -> AsyncIterator[Echo]:
    async with Echo.running() as echo:
        yield echo


@pytest.fixture
async def edge(store: Store, upstream: Echo) -> AsyncIterator[Edge]:
    async with running_edge(store, [route(upstream, headers=PRESETS)]) as running:
        yield running


@pytest.mark.parametrize("form", DOUBLED)
async def test_ident_03_of_each_preset_one_value_arrives_and_it_is_ours(edge: Edge, form: str) -> None:
    cookie = await edge.sign_in()
    for spelled in (str, str.lower, str.upper, str.swapcase):
        lines = [(spelled(name), value) for name in OURS for value in DOUBLED[form]]
        for start in range(0, len(lines), 40):
            request = received(await edge.ask(cookie=cookie, headers=lines[start : start + 40]))
            assert {name: request.all(name) for name in OURS} == {
                name: [value] for name, value in OURS.items()
            }
            assert FORGED not in str(request.headers)


async def test_ident_03_a_value_that_looks_like_two_headers_or_two_groups_stays_one(
    store: Store, upstream: Echo
) -> None:
    """What the provider says of somebody is text: commas in a group do not make two."""
    odd = ada(groups=("ops,board", "a b"), name="Ada, root", email="")
    async with running_edge(store, [route(upstream, headers=PRESETS)]) as edge:
        request = received(await edge.ask(cookie=await edge.sign_in(HOST, odd)))

    assert request.all("X-Forwarded-Groups") == ["ops%2Cboard,a b"]
    assert request.all("Remote-Name") == ["Ada, root"]
    assert request.all("X-Forwarded-Email") == []


DISAGREEING: dict[str, tuple[Headers, str, str]] = {
    "Forwarded first": (
        [("Forwarded", "for=6.6.6.6"), ("X-Forwarded-For", "203.0.113.9")],
        "203.0.113.9, 127.0.0.1",
        "203.0.113.9",
    ),
    "Forwarded last": (
        [("X-Forwarded-For", "203.0.113.9"), ("Forwarded", "for=6.6.6.6;host=evil;proto=https")],
        "203.0.113.9, 127.0.0.1",
        "203.0.113.9",
    ),
    "Forwarded alone": ([("Forwarded", "for=6.6.6.6")], "127.0.0.1", "127.0.0.1"),
    "Forwarded twice": (
        [("Forwarded", "for=6.6.6.6"), ("Forwarded", "for=7.7.7.7")],
        "127.0.0.1",
        "127.0.0.1",
    ),
    "a chain": (
        [("X-Forwarded-For", "6.6.6.6, 203.0.113.9"), ("Forwarded", "for=203.0.113.1")],
        "6.6.6.6, 203.0.113.9, 127.0.0.1",
        "203.0.113.9",
    ),
    "two lines": (
        [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.9")],
        "6.6.6.6, 203.0.113.9, 127.0.0.1",
        "203.0.113.9",
    ),
    "an underscore": (
        [("X_Forwarded_For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.9")],
        "203.0.113.9, 127.0.0.1",
        "203.0.113.9",
    ),
    "other names": (
        [("X-Real-Ip", "6.6.6.6"), ("True-Client-Ip", "6.6.6.6"), ("Cf-Connecting-Ip", "6.6.6.6")],
        "127.0.0.1",
        "127.0.0.1",
    ),
}


@pytest.mark.parametrize("name", DISAGREEING)
async def test_ident_11_where_forms_disagree_a_trusted_peer_is_believed_in_the_configured_one_alone(
    store: Store, upstream: Echo, name: str
) -> None:
    headers, sent_on, recorded = DISAGREEING[name]
    async with running_edge(store, [route(upstream)], trusted_proxies=["127.0.0.1"]) as edge:
        request = received(await edge.ask(cookie=await edge.sign_in(), headers=headers))
        await edge.worker.recorder.flush()
        (view,) = (await store.sessions(limit=10, before=None)).items

    assert request.all("X-Forwarded-For") == [sent_on]
    assert request.all("X-Forwarded-Host") == [HOST]
    assert request.all("X-Forwarded-Proto") == ["http"]
    assert not request.names & {"forwarded", "x_forwarded_for"}
    assert view.activity.context.ip_address == recorded


async def test_ident_01_and_12_no_header_tells_the_login_whose_visit_it_is(store: Store) -> None:
    """The edge tells its own login pages who asks, by a header; nobody else may."""
    async with logout_scene(store) as scene:
        plain = await scene.get("/.outerward/login")
        for name in ("X-Outerward-Edge", "x-outerward-edge", "X_Outerward_Edge", "X.Outerward.Edge"):
            for value in ("6.6.6.6 okta.localhost r", "6.6.6.6", "", "6.6.6.6 nobody.example r"):
                forged = [*BROWSER, (name, value), (name, value)]
                away = await scene.get("/.outerward/login", headers=forged)
                assert away.status == 302
                assert away.header("location").partition("?")[0] == plain.header("location").partition("?")[0]
                assert "redirect_uri=http%3A%2F%2Fapp.localhost%2F" in away.header("location")


TOKEN_HEADERS = ("X-Outerward-Jwt", "X-Forwarded-Access-Token", "X-Auth-Request-Access-Token")


@pytest.mark.parametrize(
    "spelled", [str, str.lower, lambda name: name.replace("-", "_")], ids=["as is", "low", "underscore"]
)
async def test_ident_01_beside_the_tokens_that_an_upstream_asked_for_none_of_a_visitor_arrives(
    store_url: str, spelled: Callable[[str], str]
) -> None:
    async with refreshing(store_url, pass_access_token=True, identity_jwt=True) as world:
        forged = [(spelled(name), value) for name in TOKEN_HEADERS for value in (FORGED, "")]
        request = received(await world.ask(await world.sign_in(), headers=forged))

    assert request.all("X-Forwarded-Access-Token") == ["an-access-token"]
    assert len(request.all("X-Outerward-Jwt")) == 1
    assert request.all("X-Outerward-Jwt")[0].count(".") == 2
    assert FORGED not in str(request.headers)
    assert not request.names & {"x-auth-request-access-token", "x_outerward_jwt", "x_forwarded_access_token"}


async def test_ident_01_where_no_token_is_asked_for_none_arrives(edge: Edge) -> None:
    request = received(
        await edge.ask(cookie=await edge.sign_in(), headers=[(n, FORGED) for n in TOKEN_HEADERS])
    )

    assert not request.names & {name.lower() for name in TOKEN_HEADERS}
