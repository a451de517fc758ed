"""Hostile paths (PATH-01 to PATH-13): between routes that differ in who may pass, nothing slips.

``/open`` lets anybody in who can sign in, ``/admin`` only people who are not here.
"""

from collections.abc import AsyncIterator

import pytest

from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import Answer, exchange, refused, request
from tests.support.upstreams import Echo, received

Scene = tuple[Edge, Echo, str]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    async with Echo.running() as upstream:
        routes = [route(upstream, prefix="/open"), route(upstream, prefix="/admin", allow=["group:board"])]
        async with running_edge(store, routes) as edge:
            cookie = await edge.sign_in()
            assert (await edge.ask("/open", cookie=cookie)).status == 200
            assert (await edge.ask("/admin", cookie=cookie)).status == 403
            upstream.hits = 0
            upstream.targets.clear()
            yield edge, upstream, cookie


async def ask(edge: Edge, target: str, cookie: str) -> Answer:
    (answer,) = await exchange(edge.port, request(target=target, cookie=cookie))
    return answer


AMBIGUOUS = {
    "PATH-01": ["/open/../admin", "/open/./../admin", "/open/x/../../admin", "/../admin"],
    "PATH-02": [
        "/open/%2e%2e/admin",
        "/open/.%2e/admin",
        "/open/%2E./admin",
        "/open/..%2fadmin",
        "/open%2f..%2fadmin",
        "/open/%252e%252e/admin",
        "/open/%25%32%65%25%32%65/admin",
        "/open/..;/admin",
        "/open/..;x=y/admin",
        "/open/..%3b/admin",
        "/open;/../admin",
    ],
    "PATH-05": [
        "/open\\..\\admin",
        "/open%5c..%5cadmin",
        "/open/..\\admin",
        "/open/..%5cadmin",
        "/open/a\\b",
    ],
    "PATH-06": ["/admin#/open", "/open#/admin", "/open/#", "/open/x?y#z"],
    "PATH-08": ["//admin", "/./admin", "/open//x", "/open/", "//open", "/open/."],
    "PATH-09": [
        "/admin%00.png",
        "/open/%00",
        "/open/%c0%ae%c0%ae/admin",
        "/open/%c0%af..",
        "/open/%e0%80%ae",
        "/open/%zz",
        "/open/%",
        "/open/%2",
        "/open/%u002e",
        "/open/%0d%0aX:y",
        "/open/%7f",
        "/open/%ff",
        "/open/%ed%a0%80",
    ],
}
HARMLESS = {"/open/"}


@pytest.mark.parametrize(
    ("row", "target"), [(row, target) for row, targets in AMBIGUOUS.items() for target in targets]
)
async def test_path_01_to_09_a_path_that_could_mean_two_things_is_400(
    scene: Scene, row: str, target: str
) -> None:
    edge, upstream, cookie = scene
    answer = await ask(edge, target, cookie)

    if target in HARMLESS:
        assert answer.status == 200
    else:
        assert answer.problem in ((400, "1000"), (400, "1003"))
        assert upstream.hits == 0


@pytest.mark.parametrize(
    "target", ["/admin/", "/admin/x", "/%61dmin", "/adm%69n/x", "/admin?x=/open", "/admin/?/open"]
)
async def test_path_08_other_spellings_of_a_path_are_judged_like_it(scene: Scene, target: str) -> None:
    edge, upstream, cookie = scene

    assert (await ask(edge, target, cookie)).problem == (403, "2001")
    assert upstream.hits == 0


@pytest.mark.parametrize("target", ["/ADMIN", "/Open", "/openx", "/open%20", "/", "/*", "/.open"])
async def test_path_08_a_path_that_is_another_has_no_route(scene: Scene, target: str) -> None:
    edge, upstream, cookie = scene

    assert (await ask(edge, target, cookie)).problem == (404, "1002")
    assert upstream.hits == 0


@pytest.mark.parametrize(
    "target", ["/admin?x=/open", "/admin?/../open", "/admin?%2e%2e/open", "/admin?//open;\\"]
)
async def test_path_10_the_query_decides_nothing(scene: Scene, target: str) -> None:
    edge, upstream, cookie = scene

    assert (await ask(edge, target, cookie)).problem == (403, "2001")
    assert upstream.hits == 0


@pytest.mark.parametrize("target", ["/open?x=/../admin", "/open/a?%2e%2e/admin", "/open/p%20q?//;\\"])
async def test_path_10_a_query_passes_byte_for_byte(scene: Scene, target: str) -> None:
    edge, _, cookie = scene

    assert received(await ask(edge, target, cookie)).target == target


PROBES = [
    "kube-probe/1.31",
    "GoogleHC/1.0",
    "ELB-HealthChecker/2.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1)",
]


@pytest.mark.parametrize("agent", PROBES)
@pytest.mark.parametrize("path", ["/open", "/healthz", "/readyz", "/ping", "/open/healthz", "/robots.txt"])
async def test_path_12_no_probe_and_no_health_path_passes_without_session(
    scene: Scene, agent: str, path: str
) -> None:
    edge, upstream, _ = scene
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = await edge.ask(path, method=method, headers=[("User-Agent", agent)])
        assert answer.status in (401, 404)
    assert upstream.hits == 0


SPOOFED = [
    "X-Forwarded-Uri",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "X-Forwarded-Method",
    "X-Original-URL",
    "X-Original-URI",
    "X-Original-Method",
    "X-Rewrite-URL",
    "X-Envoy-Original-Path",
    "X-HTTP-Path-Override",
    "Forwarded",
    "X-Accel-Redirect",
]


@pytest.mark.parametrize("name", SPOOFED)
async def test_path_13_a_header_cannot_stand_for_the_path(scene: Scene, name: str) -> None:
    edge, upstream, cookie = scene

    assert (await edge.ask("/admin", cookie=cookie, headers=[(name, "/open")])).problem == (403, "2001")
    assert (await edge.ask("/open", headers=[(name, "/.outerward/login")])).problem == (401, "2000")
    assert upstream.hits == 0
    assert edge.control_requests == []


RESERVED = [
    "/%2eouterward/login",
    "//.outerward/login",
    "/./.outerward/login",
    "/open/../.outerward/login",
    "/open/%2e%2e/.outerward/login",
    "/.outerward/../open",
    "/.outerward/../admin",
    "/.outerward//login",
    "/.outerward%2flogin",
    "/.outerward%5clogin",
    "/.outerward\\login",
    "/.outerward;x/login",
    "/%252eouterward/login",
    "/.%6futerward/login",
]


@pytest.mark.parametrize("target", RESERVED)
async def test_the_reserved_prefix_in_disguise_is_400_on_every_host(
    store: Store, scene: Scene, target: str
) -> None:
    edge, upstream, cookie = scene
    assert (await refused(edge.port, request(target=target, cookie=cookie))).problem[0] == 400
    assert edge.control_requests == []
    async with running_edge(store, [route(upstream)]) as plain:
        other = await plain.sign_in()
        assert (await refused(plain.port, request(target=target, cookie=other))).problem == (400, "1000")
        assert plain.control_requests == []
    assert upstream.hits == 0
