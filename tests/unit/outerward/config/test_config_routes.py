from datetime import timedelta

import pytest
from msgspec.structs import replace

from idp_adapters import OidcSettings, parse_rule
from outerward.config import Settings, routes_of
from proxy import EdgeRouteSettings, EdgeSettings, Limits, Route, TunnelSettings, UpstreamAddress
from session_store import endpoint_id

CORP = OidcSettings(issuer="https://id.example.com", client_id="outerward", client_secret="s")
TUNNEL = TunnelSettings(
    name="app",
    upstream="http://127.0.0.1:3000",
    hostname="app.example.com",
    provider=("corp",),
    allow=("@example.com", "group:ops"),
)
WIKI = TunnelSettings(
    name="wiki", upstream="unix:/run/wiki.sock", allow=("@nobody.example",), provider=("other",)
)
ROUTE = EdgeRouteSettings(
    edge="apps",
    hostname="apps.example.com",
    path_prefix="/wiki",
    tunnel="wiki",
    provider=("corp",),
    allow=("*",),
)


def route_of(tunnel: TunnelSettings = TUNNEL, edge: EdgeSettings | None = None, port: int = 4180) -> Route:
    settings = Settings(provider={"corp": CORP}, tunnel=(tunnel,), edge=edge or EdgeSettings())
    return routes_of(settings, port)[0]


def edge_route_of(
    route: EdgeRouteSettings = ROUTE, edge: EdgeSettings | None = None, port: int = 4180
) -> Route:
    settings = Settings(
        provider={"corp": CORP}, tunnel=(WIKI,), edge_route=(route,), edge=edge or EdgeSettings()
    )
    (found,) = routes_of(settings, port)
    return found


def test_a_tunnel_with_a_hostname_is_an_endpoint_on_https() -> None:
    route = route_of()
    assert route.endpoint.id == endpoint_id("app")
    assert route.endpoint.public_url == route.origin == "https://app.example.com"
    assert (route.hostname, route.path_prefix, route.secure) == ("app.example.com", "", True)
    assert (route.providers, route.rules) == (
        ("corp",),
        (parse_rule("@example.com"), parse_rule("group:ops")),
    )
    assert route.upstream == UpstreamAddress(kind="http", host="127.0.0.1", port=3000)
    assert (route.max_session_s, route.idle_timeout_s, route.request_timeout_s) == (86400, 0, 60.0)


@pytest.mark.parametrize(
    ("hostname", "public_url"),
    [
        ("localhost", "http://localhost:4180"),
        ("App.Localhost.", "http://app.localhost:4180"),
        ("127.0.0.1", "http://127.0.0.1:4180"),
        ("::1", "http://[::1]:4180"),
        ("10.0.0.1", "https://10.0.0.1"),
        ("BÜCHER.example", "https://xn--bcher-kva.example"),
    ],
)
def test_localhost_names_are_http_with_the_listeners_port_and_all_others_https(
    hostname: str, public_url: str
) -> None:
    route = route_of(replace(TUNNEL, hostname=hostname))
    assert route.endpoint.public_url == public_url
    assert route.secure is public_url.startswith("https")
    assert f"//{route.hostname}" in public_url


def test_port_80_is_not_written() -> None:
    assert route_of(replace(TUNNEL, hostname="localhost"), port=80).origin == "http://localhost"


def test_the_edges_public_url_gives_scheme_and_port_to_every_endpoint() -> None:
    edge = EdgeSettings(public_url="https://front.example.com:8443")
    assert route_of(edge=edge).origin == "https://app.example.com:8443"
    assert route_of(replace(TUNNEL, hostname="x.localhost"), edge).origin == "https://x.localhost:8443"
    assert edge_route_of(edge=edge).endpoint.public_url == "https://apps.example.com:8443/wiki"


def test_an_endpoints_own_public_url_wins() -> None:
    edge = EdgeSettings(public_url="https://front.example.com:8443")
    own = replace(TUNNEL, public_url="http://Outside.example.com:8080/")
    route = route_of(own, edge)
    assert route.endpoint.public_url == route.origin == "http://outside.example.com:8080"
    assert route.secure is False
    assert route.hostname == "app.example.com"


@pytest.mark.parametrize("public_url", [None, "https://apps.example.com", "https://apps.example.com/wiki"])
def test_a_route_adds_its_prefix_to_the_public_url_once(public_url: str | None) -> None:
    route = edge_route_of(replace(ROUTE, public_url=public_url))
    assert route.endpoint.public_url == "https://apps.example.com/wiki"
    assert route.origin == "https://apps.example.com"


def test_a_route_has_its_own_provider_and_rules_and_the_tunnels_upstream() -> None:
    route = edge_route_of()
    assert (route.providers, route.rules) == (("corp",), (parse_rule("*"),))
    assert route.upstream == UpstreamAddress(kind="unix", path="/run/wiki.sock")
    assert (route.endpoint.tunnel, route.endpoint.edge, route.endpoint.path_prefix) == (
        "wiki",
        "apps",
        "/wiki",
    )
    assert route.endpoint.id == endpoint_id("apps/wiki")


def test_a_route_for_the_whole_host_matches_everything_and_is_not_the_endpoint_of_a_tunnel_of_that_name() -> (
    None
):
    route = edge_route_of(replace(ROUTE, path_prefix="/"))
    assert route.path_prefix == ""
    assert route.endpoint.public_url == "https://apps.example.com"
    assert route.endpoint.path_prefix == "/"
    assert route.endpoint.id == endpoint_id("apps/") != endpoint_id("apps")


def test_what_passes_without_a_session_is_the_tunnels_on_each_of_its_routes() -> None:
    public = replace(WIKI, public_paths=("/wiki/help/*", "/wiki/logo.png"), allow_cors_preflight=True)
    settings = Settings(provider={"corp": CORP}, tunnel=(public,), edge_route=(ROUTE,))
    (route,) = routes_of(settings, 4180)

    assert route.allow_cors_preflight
    assert [route.is_public(path) for path in ("/wiki/help/a", "/wiki/logo.png", "/wiki/help", "/wiki")] == [
        True,
        True,
        False,
        False,
    ]
    assert not edge_route_of().is_public("/wiki/help/a")


def test_an_upstreams_authorities_are_part_of_its_address_and_of_no_repr() -> None:
    route = route_of(replace(TUNNEL, upstream="https://app.internal", upstream_ca="PEM"))

    assert route.upstream == UpstreamAddress(kind="https", host="app.internal", port=443, ca="PEM")
    assert "PEM" not in repr(route)


def test_the_limits_of_a_request_are_the_edges() -> None:
    assert EdgeSettings().limits == Limits()
    edge = EdgeSettings(
        max_line=1024,
        max_header=4096,
        max_headers=10,
        header_timeout=timedelta(seconds=2),
        idle_timeout=timedelta(milliseconds=1500),
    )
    assert edge.limits == Limits(1024, 4096, 10, 2.0, 1.5)
