"""Host and path to endpoint: the third hop. A dictionary and a sorted prefix list; no regular expressions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from idp_adapters import Rule
from proxy.fields import Fields
from proxy.settings import HeaderPreset
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
    anything passes without one, so that all else need not be looked at.
    """

    endpoint: Endpoint
    hostname: str
    path_prefix: str
    origin: str
    secure: bool
    provider: str
    rules: tuple[Rule, ...]
    upstream: UpstreamAddress
    headers: tuple[HeaderPreset, ...] = ("x-forwarded",)
    max_session_s: int = 86400
    idle_timeout_s: int = 0
    request_timeout_s: float = 60.0
    max_body: int | None = None
    public: PublicPaths | None = None
    allow_cors_preflight: bool = False
    opens: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "opens", self.public is not None or self.allow_cors_preflight)

    def lets_pass(self, method: bytes, canonical_path: str, fields: Fields) -> bool:
        """Whether this request passes without a session."""
        return self.is_public(canonical_path) or (self.allow_cors_preflight and is_preflight(method, fields))

    def is_public(self, canonical_path: str) -> bool:
        """Whether this path passes without a session."""
        return self.public is not None and self.public.covers(canonical_path)

    @property
    def cookie_name(self) -> str:
        """The session cookie's name at this endpoint (RFC 6265bis §4.1.3.2)."""
        return "__Host-outerward" if self.secure else "outerward"


@dataclass(frozen=True, slots=True)
class Host:
    """All routes of one hostname, longest prefix first."""

    hostname: str
    routes: tuple[Route, ...]

    @property
    def has_path_rules(self) -> bool:
        """Whether the path decides here, so that an ambiguous one must be refused (P1)."""
        first = self.routes[0]
        return len(self.routes) > 1 or first.path_prefix != "" or first.public is not None

    def match(self, canonical_path: str) -> Route | None:
        """The route with the longest prefix that ``canonical_path`` is, or is under."""
        for route in self.routes:
            prefix = route.path_prefix
            if not prefix or canonical_path == prefix or canonical_path.startswith(prefix + "/"):
                return route
        return None

    @property
    def max_session_s(self) -> int:
        """The longest session that any endpoint here allows."""
        return max(route.max_session_s for route in self.routes)


@dataclass(frozen=True)
class Site:
    """Every host that this edge answers for."""

    hosts: dict[str, Host] = field(default_factory=dict)

    @classmethod
    def of(cls, routes: Sequence[Route]) -> "Site":
        """Group ``routes`` by hostname and order each host's prefixes, longest first."""
        by_host: dict[str, list[Route]] = {}
        for route in routes:
            by_host.setdefault(route.hostname, []).append(route)
        return cls(
            {
                hostname: Host(hostname, tuple(sorted(group, key=lambda r: -len(r.path_prefix))))
                for hostname, group in by_host.items()
            }
        )
