"""Host and path to endpoint: the third hop. A dictionary and a sorted prefix list; no regular expressions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from idp_adapters import Rule
from proxy.fields import Fields
from proxy.session_cookie import DEFAULT_PREFIX, SessionCookie
from proxy.settings import HeaderPreset, PinKind
from proxy.unchecked import PublicPaths, is_preflight
from session_store import Endpoint


@dataclass(frozen=True, slots=True)
class UpstreamAddress:
    """Where a tunnel leads; ``kind`` says how ``host``/``port`` or ``path`` are to be read.

    ``ca``: certificates in PEM form, the only ones that vouch for an https upstream; None is the system's.
    """

    kind: Literal["http", "https", "unix"]
    host: str = ""
    port: int = 0
    path: str = ""
    ca: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        if self.kind == "unix":
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint with its rules, resolved: nothing in it is looked up again while a request runs.

    ``origin`` is the scheme and authority of the public URL: redirect URIs, cookies and Origin checks are
    built from it and never from a request. ``path_prefix`` is "" for a tunnel. ``public`` is None where every
    path needs a session; ``allow_cors_preflight`` lets a CORS preflight pass without one. ``opens``: whether
    anything passes without one, so that all else need not be looked at. ``refresh_after_s`` is how long what
    a provider, by name, said of somebody holds; one that is not in it is not asked again. ``domain_cookies``
    are cookies of other hosts of ours that browsers send here too. ``is_dashboard``: logins run here for the
    administrators' pages, and nothing is passed to an upstream.
    """

    endpoint: Endpoint
    hostname: str
    path_prefix: str
    origin: str
    secure: bool
    providers: tuple[str, ...]
    rules: tuple[Rule, ...]
    upstream: UpstreamAddress
    headers: tuple[HeaderPreset, ...] = ("x-forwarded",)
    max_session_s: int = 86400
    idle_timeout_s: int = 0
    request_timeout_s: float = 60.0
    max_body: int | None = None
    public: PublicPaths | None = None
    allow_cors_preflight: bool = False
    cookie_domain: str = ""
    cookie_prefix: str = DEFAULT_PREFIX
    session_limit: int = 0
    pins: tuple[PinKind, ...] = ()
    identity_jwt: bool = False
    pass_access_token: bool = False
    refresh_after_s: Mapping[str, int] = field(default_factory=dict, hash=False)
    domain_cookies: frozenset[bytes] = frozenset()
    is_dashboard: bool = False
    opens: bool = field(init=False, repr=False, compare=False)
    cookie: SessionCookie = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "opens", self.public is not None or self.allow_cors_preflight)
        object.__setattr__(self, "cookie", self._cookie())

    def _cookie(self) -> SessionCookie:
        if self.is_dashboard:
            return SessionCookie.of_dashboard(self.hostname, secure=self.secure)
        return SessionCookie.of(
            self.hostname, secure=self.secure, domain=self.cookie_domain, prefix=self.cookie_prefix
        )

    def lets_pass(self, method: bytes, canonical_path: str, fields: Fields) -> bool:
        """Whether this request passes without a session."""
        return self.is_public(canonical_path) or (self.allow_cors_preflight and is_preflight(method, fields))

    def is_public(self, canonical_path: str) -> bool:
        """Whether this path passes without a session."""
        return self.public is not None and self.public.covers(canonical_path)


@dataclass(frozen=True, slots=True)
class Host:
    """A hostname of ours and all its routes, longest prefix first; none where only logins run there.

    Origin and session cookie are the same at all of its routes.
    """

    hostname: str
    origin: str
    cookie: SessionCookie
    routes: tuple[Route, ...] = ()

    @property
    def has_path_rules(self) -> bool:
        """Whether the path decides here, so that an ambiguous one must be refused (P1)."""
        if not self.routes:
            return True
        first = self.routes[0]
        return len(self.routes) > 1 or first.path_prefix != "" or first.public is not None

    @property
    def providers(self) -> frozenset[str]:
        """The names of all providers that somebody can sign in with here."""
        return frozenset(name for route in self.routes for name in route.providers)

    @property
    def is_dashboard(self) -> bool:
        """Whether it is the administrators' own and has no application behind it."""
        return any(route.is_dashboard for route in self.routes)

    def match(self, canonical_path: str) -> Route | None:
        """The route with the longest prefix that ``canonical_path`` is, or is under."""
        for route in self.routes:
            prefix = route.path_prefix
            if not prefix or canonical_path == prefix or canonical_path.startswith(prefix + "/"):
                return route
        return None


@dataclass(frozen=True, slots=True)
class LoginHost:
    """The host that all logins run on: one redirect URI and one SAML entity for all others."""

    hostname: str
    origin: str
    secure: bool


@dataclass(frozen=True)
class Site:
    """Every host that this edge answers for. ``login`` is the one that providers know, where there is one."""

    hosts: Mapping[str, Host] = field(default_factory=dict)
    login: Host | None = None

    @classmethod
    def of(cls, routes: Sequence[Route], login: LoginHost | None = None) -> "Site":
        """Group ``routes`` by hostname and order each host's prefixes, longest first."""
        shared = [route.cookie for route in routes if route.cookie.domain]
        by_host: dict[str, list[Route]] = {}
        for route in routes:
            names = frozenset(cookie.name.encode() for cookie in shared if cookie.reaches(route.hostname))
            by_host.setdefault(route.hostname, []).append(replace(route, domain_cookies=names))
        hosts = {
            hostname: Host(
                hostname,
                group[0].origin,
                group[0].cookie,
                tuple(sorted(group, key=lambda r: -len(r.path_prefix))),
            )
            for hostname, group in by_host.items()
        }
        if login is None:
            return cls(hosts)
        cookie = SessionCookie.of(login.hostname, secure=login.secure)
        own = hosts.setdefault(login.hostname, Host(login.hostname, login.origin, cookie))
        return cls(hosts, own)

    @property
    def routes(self) -> Iterator[Route]:
        """All endpoints of all hosts."""
        return (route for host in self.hosts.values() for route in host.routes)

    def spoken_to_at(self, host: Host) -> Host:
        """The host that a provider's answers come to, for logins that begin at ``host``."""
        return self.login or host

    def providers_at(self, host: Host) -> frozenset[str]:
        """The providers that have addresses at ``host``."""
        hosts = self.hosts.values() if host is self.login else (host,)
        return frozenset(name for each in hosts for name in each.providers)

    def max_session_s(self, scope: str) -> int:
        """The longest session that any endpoint allows whose cookies are issued for ``scope``."""
        return max(route.max_session_s for route in self.routes if route.cookie.scope == scope)

    @property
    def signs_identities(self) -> bool:
        """Whether any endpoint hands its upstream a signed token."""
        return any(route.identity_jwt for route in self.routes)

    @property
    def domain_cookies(self) -> frozenset[bytes]:
        """The names of all session cookies that several hosts share."""
        return frozenset(route.cookie.name.encode() for route in self.routes if route.cookie.domain)
