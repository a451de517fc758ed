"""What tunnels and edge routes must satisfy: names, hostnames, prefixes, rules, and public URLs that agree.

An endpoint without rules, two endpoints that could be taken for each other, or a login that could not work
are errors here, before a socket is opened.
"""

from dataclasses import dataclass
from datetime import timedelta

from outerward import addresses
from outerward.addresses import Origin
from outerward.config.allow import check_allow, check_providers
from outerward.config.check import check_span, is_name
from outerward.config.routes import public_origin
from outerward.config.schema import Settings
from outerward.config.upstream import upstream_address
from outerward.typed_toml import Key, Problems, quoted
from proxy import TunnelSettings, public_path

_SESSIONS = (timedelta(minutes=1), timedelta(days=30))
_IDLE_LIMITS = (timedelta(seconds=1), timedelta(days=30))
_REQUESTS = (timedelta(milliseconds=1), timedelta(hours=24))


@dataclass(frozen=True)
class _Claim:
    """A hostname as one endpoint claims it, for an ``owner``: one tunnel, or the edge of that name."""

    key: Key
    owner: tuple[str, str]
    hostname: str
    origin: Origin | None


def check_endpoints(settings: Settings, problems: Problems) -> None:
    """Check every ``[[tunnel]]`` and ``[[edge_route]]``, by itself and against the others."""
    _Endpoints(settings, problems).check()


class _Endpoints:
    """One check of all endpoints."""

    def __init__(self, settings: Settings, problems: Problems) -> None:
        self._settings = settings
        self._problems = problems
        self._claims: list[_Claim] = []

    def check(self) -> None:
        tunnels, routes = self._settings.tunnel, self._settings.edge_route
        self._check_names()
        for i, tunnel in enumerate(tunnels):
            if self._problems.sound(("tunnel", i)):
                self._check_tunnel(("tunnel", i), tunnel)
        for i in range(len(routes)):
            if self._problems.sound(("edge_route", i)):
                self._check_route(i)
        self._check_prefixes()
        self._check_hostnames()
        self._check_origins()
        if not self._claims and not tunnels and not routes:
            self._problems.warn((), "no tunnel is configured; every request will be answered 404")

    def _check_names(self) -> None:
        seen: dict[str, int] = {}
        for i, tunnel in enumerate(self._settings.tunnel):
            key = ("tunnel", i, "name")
            if not self._problems.sound(key):
                continue
            if not is_name(tunnel.name):
                self._problems.add(key, "a name has letters, digits, ., _ and - only, at most 64")
            elif seen.setdefault(tunnel.name, i) != i:
                self._problems.add(key, "another tunnel has this name already")

    def _check_tunnel(self, key: Key, tunnel: TunnelSettings) -> None:
        problems = self._problems
        address = problems.parsed((*key, "upstream"), upstream_address, tunnel.upstream)
        if tunnel.upstream_ca is not None and address and address.kind != "https":
            problems.add((*key, "upstream_ca"), "needs an upstream that begins with https://")
        for i, entry in enumerate(tunnel.public_paths):
            problems.parsed((*key, "public_paths", i), public_path, entry)
        self._check_limits(key, tunnel)
        check_providers(self._settings, problems, (*key, "provider"), tunnel.provider)
        if tunnel.allow is not None:
            check_allow(self._settings, problems, (*key, "allow"), tunnel.allow, tunnel.provider)
        if tunnel.hostname is None:
            self._warn_of_unused(key, tunnel)
            return
        for name in ("provider", "allow"):
            if getattr(tunnel, name) in (None, ()) and problems.sound((*key, name)):
                problems.add((*key, name), "is required on a tunnel with a hostname")
        self._claim(key, ("tunnel", str(key[1])), tunnel.hostname, tunnel.public_url, ("",))

    def _check_limits(self, key: Key, tunnel: TunnelSettings) -> None:
        problems = self._problems
        check_span(problems, (*key, "max_session_duration"), tunnel.max_session_duration, _SESSIONS)
        if tunnel.idle_session_timeout:
            check_span(problems, (*key, "idle_session_timeout"), tunnel.idle_session_timeout, _IDLE_LIMITS)
        check_span(problems, (*key, "request_timeout"), tunnel.request_timeout, _REQUESTS)
        if tunnel.max_body is not None and tunnel.max_body < 1 and problems.sound((*key, "max_body")):
            problems.add((*key, "max_body"), "must be at least 1 byte")

    def _warn_of_unused(self, key: Key, tunnel: TunnelSettings) -> None:
        for name in ("public_url", "provider", "allow"):
            if getattr(tunnel, name) not in (None, ()):
                self._problems.warn((*key, name), "has no effect on a tunnel without a hostname")
        if tunnel.name not in {route.tunnel for route in self._settings.edge_route}:
            self._problems.warn(key, "leads nowhere: it has no hostname and no edge_route names it")

    def _check_route(self, i: int) -> None:
        route, key, problems = self._settings.edge_route[i], ("edge_route", i), self._problems
        if problems.sound((*key, "edge")) and not is_name(route.edge):
            problems.add((*key, "edge"), "a name has letters, digits, ., _ and - only, at most 64")
        known = [tunnel.name for tunnel in self._settings.tunnel]
        if problems.sound((*key, "tunnel")) and problems.sound(("tunnel",)) and route.tunnel not in known:
            message = f"there is no tunnel {quoted(route.tunnel)}"
            problems.add((*key, "tunnel"), message, word=route.tunnel, near=known)
        check_providers(self._settings, problems, (*key, "provider"), route.provider)
        if not route.provider and problems.sound((*key, "provider")):
            problems.add((*key, "provider"), "must name at least one provider")
        check_allow(self._settings, problems, (*key, "allow"), route.allow, route.provider)
        prefix = problems.parsed((*key, "path_prefix"), addresses.path_prefix, route.path_prefix)
        self._claim(key, ("edge", route.edge), route.hostname, route.public_url, ("", prefix or ""))

    def _claim(
        self, key: Key, owner: tuple[str, str], text: str, own_url: str | None, paths: tuple[str, ...]
    ) -> None:
        problems = self._problems
        hostname = problems.parsed((*key, "hostname"), addresses.canonical_hostname, text)
        found = None
        if own_url is not None:
            found = problems.parsed((*key, "public_url"), addresses.public_url, own_url)
        if found and found[1] not in paths:
            also = " other than the path_prefix" if len(paths) > 1 else ""
            problems.add((*key, "public_url"), f"must not have a path{also}")
        if hostname is None or not problems.sound((*key, "edge")):
            return
        if found and found[0].hostname != hostname:
            problems.warn(
                (*key, "public_url"),
                "its host is not the hostname; right only where a proxy in front changes the Host header",
            )
        sound = problems.sound((*key, "public_url")) and problems.sound(("edge", "public_url"))
        origin = self._origin(hostname, own_url) if sound else None
        if origin and not origin.secure and not self._may_be_http(origin):
            problems.add(
                (*key, "public_url") if found else (*key, "hostname"),
                f"{origin} would carry session cookies without Secure; use https, or set edge.insecure_http",
            )
        self._claims.append(_Claim(key, owner, hostname, origin))

    def _origin(self, hostname: str, own_url: str | None) -> Origin:
        return public_origin(self._settings.edge, hostname, own_url, edge_port=1)

    def _may_be_http(self, origin: Origin) -> bool:
        return self._settings.edge.insecure_http or addresses.is_local(origin.hostname)

    def _check_prefixes(self) -> None:
        seen: set[tuple[str, str]] = set()
        for i, route in enumerate(self._settings.edge_route):
            key: Key = ("edge_route", i, "path_prefix")
            if not self._problems.sound(key) or not self._problems.sound(("edge_route", i, "edge")):
                continue
            if (route.edge, route.path_prefix) in seen:
                self._problems.add(key, f"edge {quoted(route.edge)} has a route for it already")
            seen.add((route.edge, route.path_prefix))

    def _check_hostnames(self) -> None:
        """One hostname belongs to one tunnel or one edge, and an edge has one hostname."""
        owners: dict[str, tuple[str, str]] = {}
        hostnames: dict[tuple[str, str], str] = {}
        for claim in self._claims:
            key = (*claim.key, "hostname")
            if owners.setdefault(claim.hostname, claim.owner) != claim.owner:
                self._problems.add(key, f"{quoted(claim.hostname)} belongs to another tunnel or edge already")
            elif hostnames.setdefault(claim.owner, claim.hostname) != claim.hostname:
                self._problems.add(key, f"edge {quoted(claim.owner[1])} has another hostname already")

    def _check_origins(self) -> None:
        """A hostname has one origin and an origin one hostname: cookies and redirect URIs hang on it."""
        origins: dict[str, Origin] = {}
        hostnames: dict[Origin, str] = {}
        for claim in self._claims:
            if claim.origin is None or not self._problems.sound((*claim.key, "hostname")):
                continue
            key = (*claim.key, "public_url")
            if origins.setdefault(claim.hostname, claim.origin) != claim.origin:
                self._problems.add(key, f"another route of {quoted(claim.hostname)} has another origin")
            elif hostnames.setdefault(claim.origin, claim.hostname) != claim.hostname:
                self._problems.add(key, f"{claim.origin} is the public URL of another hostname already")
