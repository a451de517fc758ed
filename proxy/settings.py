"""The ``[edge]``, ``[geoip]``, ``[[tunnel]]`` and ``[[edge_route]]`` sections of the configuration."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from proxy.limits import DEFAULT_LIMITS, Limits
from proxy.session_cookie import DEFAULT_PREFIX

HeaderPreset = Literal["x-forwarded", "x-auth-request", "remote-user", "ngrok"]
PinKind = Literal["ip", "country", "device"]
"""What a session may be bound to: a change of it ends the session."""
Size = Annotated[int, msgspec.Meta(extra={"kind": "size"})]
Certificates = Annotated[str, msgspec.Meta(extra={"kind": "certificates"})]


class EdgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The listener that visitors reach."""

    listen: tuple[str, ...] = ("127.0.0.1:4180",)
    workers: int | Literal["auto"] = "auto"
    login_host: str | None = None
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    forwarded: Literal["x-forwarded", "none"] = "x-forwarded"
    insecure_http: bool = False
    max_line: Size = DEFAULT_LIMITS.max_line
    max_header: Size = DEFAULT_LIMITS.max_header
    max_headers: int = DEFAULT_LIMITS.max_headers
    header_timeout: timedelta = timedelta(seconds=DEFAULT_LIMITS.header_timeout_s)
    idle_timeout: timedelta = timedelta(seconds=DEFAULT_LIMITS.idle_timeout_s)
    drain: timedelta = timedelta(seconds=30)

    @property
    def limits(self) -> Limits:
        """The limits of a request, as the data path takes them."""
        return Limits(
            max_line=self.max_line,
            max_header=self.max_header,
            max_headers=self.max_headers,
            header_timeout_s=self.header_timeout.total_seconds(),
            idle_timeout_s=self.idle_timeout.total_seconds(),
        )


class GeoIPSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where addresses are looked up: MaxMind DB files, which may be missing and may change at any time."""

    databases: tuple[Path, ...] = ()


class TunnelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named way to an upstream; with a ``hostname`` it is an endpoint of its own.

    ``upstream_ca``: the certificates themselves, in PEM form.
    """

    name: str
    upstream: str
    upstream_ca: Certificates | None = None
    hostname: str | None = None
    public_url: str | None = None
    provider: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None
    public_paths: tuple[str, ...] = ()
    allow_cors_preflight: bool = False
    headers: tuple[HeaderPreset, ...] = ("x-forwarded",)
    max_session_duration: timedelta = timedelta(hours=24)
    idle_session_timeout: timedelta = timedelta(0)
    request_timeout: timedelta = timedelta(seconds=60)
    max_body: Size | None = None
    auth_cookie_domain: str | None = None
    cookie_prefix: str = DEFAULT_PREFIX
    session_limit: int = 0
    pin: tuple[PinKind, ...] = ()
    identity_jwt: bool = False
    pass_access_token: bool = False


class EdgeRouteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One route of an edge: a hostname and a path prefix that lead to a named tunnel."""

    edge: str
    hostname: str
    path_prefix: str
    tunnel: str
    provider: tuple[str, ...]
    allow: tuple[str, ...]
    public_url: str | None = None
