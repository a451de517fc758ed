"""Endpoints, tunnels, edges and routes: what is configured, and the live sessions at each."""

from collections.abc import AsyncIterator

import pytest

from admin_api import Topology
from session_store import Endpoint, IdSource, Store, edge_id, endpoint_id, route_id, tunnel_id
from tests.support.admin_api import NOTES, WIKI, RunningApi, running_api, session_of, sign_in, visit

WHOLE = Endpoint(
    id=endpoint_id("apps/"),
    public_url="https://apps.example.com",
    tunnel="wiki",
    edge="apps",
    path_prefix="/",
)
CONFIGURED = Topology(tunnels=("wiki", "notes", "spare"), endpoints=(WIKI, NOTES, WHOLE))
EDGE, ROUTE = edge_id("apps"), route_id("apps", "/notes")
COLLECTIONS = {"/endpoints": 3, "/tunnels": 3, "/edges": 1}


@pytest.fixture
async def api(store: Store) -> AsyncIterator[RunningApi]:
    """The API with something configured."""
    async with running_api(store, topology=CONFIGURED) as running:
        yield running


def ref(api: RunningApi, thing_id: str, *path: str) -> dict[str, str]:
    return {"id": thing_id, "uri": "/".join((api.url, *path, thing_id))}


async def test_an_endpoint_of_a_tunnel_has_exactly_the_documented_members(
    api: RunningApi, store: Store
) -> None:
    await session_of(store)
    assert (await api.get(f"/endpoints/{WIKI.id}")).json == {
        **ref(api, WIKI.id, "endpoints"),
        "public_url": "https://wiki.example.com",
        "tunnel": ref(api, tunnel_id("wiki"), "tunnels"),
        "edge": None,
        "route": None,
        "path_prefix": None,
        "sessions": 1,
    }


async def test_an_endpoint_that_is_a_route_refers_to_it(api: RunningApi) -> None:
    shown = (await api.get(f"/endpoints/{NOTES.id}")).json
    assert shown["edge"] == ref(api, EDGE, "edges")
    assert shown["route"] == ref(api, ROUTE, "edges", EDGE, "routes")
    assert (shown["path_prefix"], shown["sessions"]) == ("/notes", 0)


async def test_a_tunnel_counts_the_sessions_of_all_its_endpoints(api: RunningApi, store: Store) -> None:
    for endpoint in (WIKI, WIKI, WHOLE, NOTES):
        await session_of(store, endpoint=endpoint)
    assert (await api.get(f"/tunnels/{tunnel_id('wiki')}")).json == {
        **ref(api, tunnel_id("wiki"), "tunnels"),
        "name": "wiki",
        "endpoints": [ref(api, WIKI.id, "endpoints"), ref(api, WHOLE.id, "endpoints")],
        "sessions": 3,
    }


async def test_a_tunnel_without_endpoints_is_there_too(api: RunningApi) -> None:
    shown = (await api.get(f"/tunnels/{tunnel_id('spare')}")).json
    assert (shown["name"], shown["endpoints"], shown["sessions"]) == ("spare", [], 0)


async def test_an_edge_shows_its_routes_and_each_route_itself(api: RunningApi, store: Store) -> None:
    browser = await sign_in(store)
    await visit(store, browser, NOTES)
    await visit(store, browser, WHOLE)
    route = {
        **ref(api, ROUTE, "edges", EDGE, "routes"),
        "public_url": "https://apps.example.com/notes",
        "path_prefix": "/notes",
        "endpoint": ref(api, NOTES.id, "endpoints"),
        "tunnel": ref(api, tunnel_id("notes"), "tunnels"),
        "sessions": 1,
    }
    edge = (await api.get(f"/edges/{EDGE}")).json
    assert edge == {
        **ref(api, EDGE, "edges"),
        "name": "apps",
        "routes": [route, edge["routes"][1]],
        "sessions": 2,
    }
    assert [each["path_prefix"] for each in edge["routes"]] == ["/notes", "/"]
    assert (await api.get(f"/edges/{EDGE}/routes/{ROUTE}")).json == route


async def test_every_address_in_a_session_leads_to_what_it_names(api: RunningApi, store: Store) -> None:
    session = await session_of(store, endpoint=NOTES)
    shown = (await api.get(f"/app/sessions/{session.id}")).json
    for name in ("endpoint", "edge", "route", "application_user"):
        answer = await api.get(shown[name]["uri"])
        assert (answer.status, answer.json["id"], answer.json["uri"]) == (200, *shown[name].values())


async def test_a_session_that_is_over_is_not_counted_any_more(api: RunningApi, store: Store) -> None:
    kept, ended = await session_of(store), await session_of(store)
    assert (await api.get(f"/endpoints/{WIKI.id}")).json["sessions"] == 2
    assert (await api.delete(f"/app/sessions/{ended.id}")).status == 204
    assert (await api.get(f"/endpoints/{WIKI.id}")).json["sessions"] == 1
    assert (await api.delete(f"/app/users/{kept.user_id}")).status == 204
    assert (await api.get(f"/endpoints/{WIKI.id}")).json["sessions"] == 0


@pytest.mark.parametrize("path", COLLECTIONS)
@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_lists_hold_everything_page_by_page(api: RunningApi, path: str, limit: int) -> None:
    member, seen = path.removeprefix("/"), []
    following: str | None = f"{path}?limit={limit}"
    while following is not None:
        page = (await api.get(following)).json
        assert set(page) == {member, "uri", "next_page_uri"}
        assert page["uri"] == api.url + path
        assert 1 <= len(page[member]) <= limit
        seen += [each["id"] for each in page[member]]
        following = page["next_page_uri"]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == COLLECTIONS[path]


async def test_a_listed_thing_is_what_is_at_its_address(api: RunningApi, store: Store) -> None:
    await session_of(store, endpoint=NOTES)
    for path in COLLECTIONS:
        for listed in (await api.get(path)).json[path.removeprefix("/")]:
            assert (await api.get(listed["uri"])).json == listed


@pytest.mark.parametrize(
    "path",
    [
        f"/endpoints/{endpoint_id('other')}",
        f"/endpoints/{tunnel_id('wiki')}",
        f"/endpoints/{'ep_' + '0' * 26}",
        f"/tunnels/{tunnel_id('other')}",
        "/tunnels/wiki",
        f"/edges/{edge_id('other')}",
        f"/edges/{edge_id('other')}/routes/{ROUTE}",
        f"/edges/x/routes/{ROUTE}",
        f"/edges/{EDGE}/routes/{route_id('other', '/notes')}",
        f"/edges/{EDGE}/routes/{route_id('apps', '/other')}",
        f"/edges/{EDGE}/routes",
    ],
    ids=[
        "unknown endpoint",
        "another kind's id",
        "id too short",
        "unknown tunnel",
        "name in place of an id",
        "unknown edge",
        "route of an unknown edge",
        "route of no edge",
        "route of another edge",
        "unknown route",
        "no list of routes",
    ],
)
async def test_what_is_not_configured_is_404(api: RunningApi, path: str) -> None:
    assert (await api.get(path)).status == 404


@pytest.mark.parametrize("path", COLLECTIONS)
@pytest.mark.parametrize(
    ("query", "code"),
    [("limit=0", 3021), ("before_id=x", 3022), (f"before_id={IdSource().user()}", 3022), ("filter=x", 3020)],
    ids=["limit", "position", "another kind's position", "filter"],
)
async def test_what_is_not_documented_is_400(api: RunningApi, path: str, query: str, code: int) -> None:
    answer = await api.get(f"{path}?{query}")
    assert (answer.status, answer.code) == (400, code)


async def test_an_endpoint_that_is_configured_no_more_is_404_while_its_sessions_are_listed(
    store: Store,
) -> None:
    await session_of(store)
    async with running_api(store) as api:
        (shown,) = (await api.get("/app/sessions")).json["application_sessions"]
        assert (await api.get(shown["endpoint"]["uri"])).status == 404
        assert (await api.get("/endpoints")).json["endpoints"] == []
