"""Hostile paths where some are public: what is not listed stays protected, however it is spelled.

The host has ``public_paths = ["/public/*", "/exact"]`` and one without them stands beside it.
"""

from collections.abc import AsyncIterator

import pytest

from session_store import Store
from tests.hostile.test_path_rules import AMBIGUOUS, PROBES, SPOOFED
from tests.support.edge import HOST, Edge, route, running_edge
from tests.support.http_client import Headers, exchange, request
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Echo, received

Scene = tuple[Edge, Echo]
PLAIN = "plain.localhost"
PREFLIGHT: Headers = [("Origin", "https://other.example"), ("Access-Control-Request-Method", "PUT")]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    async with Echo.running() as upstream:
        routes = [
            route(upstream, public_paths=["/public/*", "/exact"], allow_cors_preflight=True),
            route(upstream, PLAIN),
        ]
        async with running_edge(store, routes) as edge:
            yield edge, upstream


async def status(edge: Edge, target: str, *, cookie: str = "", host: str = HOST) -> int:
    (answer,) = await exchange(edge.port, request(target=target, cookie=cookie, host=host))
    return answer.status


PUBLIC = {row: [each.replace("/open", "/public") for each in targets] for row, targets in AMBIGUOUS.items()}
OTHERWISE = {"/public/": 200}


@pytest.mark.parametrize(
    ("row", "target"), [(row, target) for row, targets in PUBLIC.items() for target in targets]
)
@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "signed in"])
async def test_path_01_to_09_a_path_that_could_mean_two_things_is_400(
    scene: Scene, row: str, target: str, signed_in: bool
) -> None:
    edge, upstream = scene
    cookie = await edge.sign_in() if signed_in else ""

    assert await status(edge, target, cookie=cookie) == OTHERWISE.get(target, 400)
    assert upstream.hits == (1 if target in OTHERWISE else 0)


@pytest.mark.parametrize(
    "target",
    [target for row in ("PATH-01", "PATH-02", "PATH-05", "PATH-08") for target in PUBLIC[row]],
)
async def test_path_01_to_08_without_path_rules_such_a_path_is_protected(scene: Scene, target: str) -> None:
    edge, upstream = scene

    assert await status(edge, target, host=PLAIN) == 401
    assert upstream.hits == 0


@pytest.mark.parametrize(
    "target", ["/a//b", "/@scope%2fname", "/group%2Fproject;v=1", "/%2e%2e/x", "/public/x"]
)
async def test_path_without_rules_the_upstream_gets_the_bytes_received(scene: Scene, target: str) -> None:
    edge, _ = scene
    cookie = await edge.sign_in(PLAIN)

    assert received(await edge.ask(target, host=PLAIN, cookie=cookie)).target == target


@pytest.mark.parametrize(
    "target", ["/public/", "/public/a", "/public/%61?x=/../admin", "/exact", "/exact?a", "/e%78act"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
async def test_what_is_listed_passes_without_a_session_by_any_method(
    scene: Scene, target: str, method: str
) -> None:
    edge, upstream = scene

    assert (await edge.ask(target, method=method)).status == 200
    assert upstream.targets == [target]


@pytest.mark.parametrize(
    "target",
    ["/", "/public", "/publicx", "/PUBLIC/a", "/exact/", "/exact/a", "/Exact", "/admin", "/admin/", "/ADMIN"],
)
async def test_path_08_what_is_not_listed_is_protected(scene: Scene, target: str) -> None:
    edge, upstream = scene

    assert await status(edge, target) == 401
    assert upstream.hits == 0


@pytest.mark.parametrize(
    "target", ["/admin?x=/public/a", "/admin?/../public/a", "/admin/?public", "/x?/exact"]
)
async def test_path_10_the_query_opens_nothing(scene: Scene, target: str) -> None:
    edge, upstream = scene

    assert await status(edge, target) == 401
    assert upstream.hits == 0


@pytest.mark.parametrize(
    "headers", [*([("User-Agent", agent)] for agent in PROBES), *([(n, "/public/a")] for n in SPOOFED)]
)
async def test_path_12_and_13_no_header_opens_anything(scene: Scene, headers: Headers) -> None:
    edge, upstream = scene

    assert (await edge.ask("/admin", headers=headers)).status == 401
    assert upstream.hits == 0


async def test_ident_01_on_a_public_path_nobody_has_an_identity(scene: Scene) -> None:
    edge, _ = scene
    cookie = await edge.sign_in()
    forged: Headers = [
        ("X-Forwarded-User", "admin"),
        ("X_Forwarded_Email", "admin@example.com"),
        ("X-Outerward-Session", "x"),
        ("X-Outerward-Jwt", "x"),
        ("X-Forwarded-Access-Token", "x"),
        ("Remote-User", "admin"),
        ("Connection", "close, X-Forwarded-For"),
        ("Cookie", f"theme=dark; outerward={cookie}; outerward-login-a=b"),
    ]

    got = received(await edge.ask("/public/a", headers=forged))

    assert [name for name in got.names if name.startswith(("x-", "x_", "remote"))] == [
        name
        for name in got.names
        if name in ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id")
    ]
    assert got.all("x-forwarded-for") == ["127.0.0.1"]
    assert got.all("cookie") == ["theme=dark"]


async def test_a_preflight_passes_and_what_follows_it_does_not(scene: Scene) -> None:
    edge, upstream = scene

    got = received(await edge.ask("/api", method="OPTIONS", headers=PREFLIGHT))
    assert not {"x-forwarded-user", "x-outerward-session"} & got.names
    for method, headers in (("PUT", PREFLIGHT), ("OPTIONS", PREFLIGHT[:1]), ("OPTIONS", PREFLIGHT[1:])):
        assert (await edge.ask("/api", method=method, headers=headers)).status == 401
    overriding: Headers = [*PREFLIGHT, ("X-HTTP-Method-Override", "DELETE")]
    assert (await edge.ask("/api", method="OPTIONS", headers=overriding)).status == 401
    assert (await edge.ask("/api", method="OPTIONS", host=PLAIN, headers=PREFLIGHT)).status == 401
    assert upstream.hits == 1


async def test_the_session_on_a_connection_is_nothing_to_the_public_path_after_it(scene: Scene) -> None:
    edge, _ = scene
    cookie = await edge.sign_in()
    asked = [request(target=target, cookie=cookie) for target in ("/private", "/public/a", "/private")]

    answers = await exchange(edge.port, b"".join(asked), "GET", "GET", "GET")

    with_identity = ["x-outerward-session" in received(answer).names for answer in answers]
    assert with_identity == [True, False, True]


async def test_without_a_store_what_is_public_goes_on(store_server: RedisServer) -> None:
    store = Store.open(store_server.url, secrets=["a secret of the tests, 32 long.."], check_timeout_s=0.5)
    await store.start()
    async with Echo.running() as upstream:
        routes = [route(upstream, public_paths=["/public/*"], allow_cors_preflight=True)]
        async with running_edge(store, routes) as edge:
            store_server.kill()
            assert (await edge.ask("/public/a", cookie="c" * 43)).status == 200
            assert (await edge.ask("/api", method="OPTIONS", headers=PREFLIGHT)).status == 200
            assert (await edge.ask("/private", cookie="c" * 43)).status == 503
            assert upstream.hits == 2
    await store.close()
