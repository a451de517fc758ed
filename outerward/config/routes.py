"""From settings to the edge's routes: which hostname leads where, and under which public URL.

Redirect URIs, cookies and Origin checks are built from what is derived here; nothing is taken from a request.
Accepts settings that were checked; raises ValueError for others.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from msgspec import structs

from idp_adapters import Rule, SamlSettings, parse_rule
from outerward import addresses
from outerward.addresses import Origin
from outerward.config.schema import Settings
from outerward.config.upstream import upstream_address
from proxy import (
    EdgeRouteSettings,
    EdgeSettings,
    LoginHost,
    PublicPaths,
    Route,
    Site,
    TunnelSettings,
    UpstreamAddress,
)
from session_store import Endpoint, endpoint_id

DASHBOARD_SESSION_S: Final = 8 * 3600
"""How long somebody who came through a provider stays signed in to the dashboard, at most."""
_DASHBOARD = "/dashboard"
"""What no tunnel is called, and no route of an edge."""


def routes_of(settings: Settings, edge_port: int) -> list[Route]:
    """Every endpoint of ``settings``; ``edge_port`` is the port that the first listener really has."""
    tunnels = {tunnel.name: tunnel for tunnel in settings.tunnel}
    routes = [
        _tunnel_route(tunnel, tunnel.hostname, settings.edge, edge_port)
        for tunnel in settings.tunnel
        if tunnel.hostname is not None
    ]
    routes += [
        _edge_route(route, tunnels[route.tunnel], settings.edge, edge_port) for route in settings.edge_route
    ]
    asked_again = {
        name: int(each.userinfo_refresh_interval.total_seconds())
        for name, each in settings.provider.items()
        if not isinstance(each, SamlSettings) and each.userinfo_refresh_interval
    }
    return [replace(route, refresh_after_s=asked_again) for route in routes]


def public_origin(edge: EdgeSettings, hostname: str, own_url: str | None, edge_port: int) -> Origin:
    """The origin of an endpoint: its own public URL's, else scheme and port of the edge's, else derived.

    Derived is https, or http with the listener's port where the canonical ``hostname`` is a local one.
    """
    if own_url is not None:
        return addresses.public_url(own_url)[0]
    if edge.public_url is not None:
        origin = addresses.plain_url(edge.public_url)
        return Origin(origin.scheme, hostname, origin.port)
    if addresses.is_local(hostname):
        return Origin("http", hostname, edge_port)
    return Origin("https", hostname, 443)


def _tunnel_route(tunnel: TunnelSettings, hostname: str, edge: EdgeSettings, edge_port: int) -> Route:
    canonical = addresses.canonical_hostname(hostname)
    origin = public_origin(edge, canonical, tunnel.public_url, edge_port)
    endpoint = Endpoint(id=endpoint_id(tunnel.name), public_url=str(origin), tunnel=tunnel.name)
    opened = _opened(tunnel, endpoint, canonical, origin)
    return replace(opened, providers=tunnel.provider, rules=_rules(tunnel.allow or ()))


def _edge_route(
    route: EdgeRouteSettings, tunnel: TunnelSettings, edge: EdgeSettings, edge_port: int
) -> Route:
    canonical = addresses.canonical_hostname(route.hostname)
    prefix = addresses.path_prefix(route.path_prefix)
    matched = "" if prefix == "/" else prefix
    origin = public_origin(edge, canonical, route.public_url, edge_port)
    endpoint = Endpoint(
        id=endpoint_id(route.edge + prefix),
        public_url=f"{origin}{matched}",
        tunnel=tunnel.name,
        edge=route.edge,
        path_prefix=prefix,
    )
    opened = _opened(tunnel, endpoint, canonical, origin)
    return replace(opened, path_prefix=matched, providers=route.provider, rules=_rules(route.allow))


def login_host_of(settings: Settings, edge_port: int) -> LoginHost | None:
    """The host that all logins run on, where one is configured."""
    if settings.edge.login_host is None:
        return None
    hostname = addresses.canonical_hostname(settings.edge.login_host)
    for route in routes_of(settings, edge_port):
        if route.hostname == hostname:
            return LoginHost(hostname, route.origin, route.secure)
    origin = public_origin(settings.edge, hostname, None, edge_port)
    return LoginHost(hostname, str(origin), origin.secure)


def admin_origin(settings: Settings) -> Origin:
    """The origin of the admin API and the dashboard; its port is 0 where a free one is still to be picked."""
    admin = settings.admin
    if admin.public_url is not None:
        return addresses.plain_url(admin.public_url)
    port = addresses.listen_address(admin.listen)[1]
    return replace(addresses.plain_url(addresses.listener_url(admin.listen, 1)), port=port)


def dashboard_site_of(settings: Settings) -> Site | None:
    """The site of the dashboard's logins, one host of one endpoint; None where no provider leads there.

    Its rules let in whoever has any role. ``edge.login_host`` is nothing to it: its addresses are its own.
    """
    admin = settings.admin
    if admin.provider is None:
        return None
    origin = admin_origin(settings)
    entries = [entry for held in structs.astuple(admin.roles) for entry in held or ()]
    route = Route(
        endpoint=Endpoint(id=endpoint_id(_DASHBOARD), public_url=str(origin), tunnel=""),
        hostname=f"{origin.hostname}:{origin.port}",
        path_prefix="",
        origin=str(origin),
        secure=origin.secure,
        providers=(admin.provider,),
        rules=_rules(entries),
        upstream=UpstreamAddress("http"),  # never connected to
        max_session_s=DASHBOARD_SESSION_S,
        is_dashboard=True,
    )
    return Site.of([route])


def cookie_domain(tunnel: TunnelSettings) -> str:
    """The domain that the session cookie of ``tunnel`` is shared under; "" for none."""
    domain = tunnel.auth_cookie_domain
    return "" if domain is None else addresses.canonical_hostname(domain.removeprefix("."))


def _rules(entries: Iterable[str]) -> tuple[Rule, ...]:
    return tuple(parse_rule(entry) for entry in entries)


def _opened(tunnel: TunnelSettings, endpoint: Endpoint, hostname: str, origin: Origin) -> Route:
    """The route of a whole host to ``tunnel``; without provider and rules it lets nobody in."""
    return Route(
        endpoint=endpoint,
        hostname=hostname,
        path_prefix="",
        origin=str(origin),
        secure=origin.secure,
        providers=(),
        rules=(),
        upstream=replace(upstream_address(tunnel.upstream), ca=tunnel.upstream_ca),
        headers=tunnel.headers,
        max_session_s=int(tunnel.max_session_duration.total_seconds()),
        idle_timeout_s=int(tunnel.idle_session_timeout.total_seconds()),
        request_timeout_s=tunnel.request_timeout.total_seconds(),
        max_body=tunnel.max_body,
        public=PublicPaths.of(tunnel.public_paths),
        allow_cors_preflight=tunnel.allow_cors_preflight,
        cookie_domain=cookie_domain(tunnel),
        cookie_prefix=tunnel.cookie_prefix,
        session_limit=tunnel.session_limit,
        pins=tunnel.pin,
        identity_jwt=tunnel.identity_jwt,
        pass_access_token=tunnel.pass_access_token,
    )
