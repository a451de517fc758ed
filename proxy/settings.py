"""The ``[edge]``, ``[geoip]``, ``[[tunnel]]`` and ``[[edge_route]]`` sections of the configuration."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec

HeaderPreset = Literal["x-forwarded", "x-auth-request", "remote-user", "ngrok"]
Size = Annotated[int, msgspec.Meta(extra={"kind": "size"})]


class EdgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The listener that visitors reach."""

    listen: tuple[str, ...] = ("127.0.0.1:4180",)
    workers: int | Literal["auto"] = "auto"
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    forwarded: Literal["x-forwarded", "none"] = "x-forwarded"
    insecure_http: bool = False
    drain: timedelta = timedelta(seconds=30)


class GeoIPSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where addresses are looked up: MaxMind DB files, which may be missing and may change at any time."""

    databases: tuple[Path, ...] = ()


class TunnelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named way to an upstream; with a ``hostname`` it is an endpoint of its own."""

    name: str
    upstream: str
    hostname: str | None = None
    public_url: str | None = None
    provider: str | None = None
    allow: tuple[str, ...] | None = None
    headers: tuple[HeaderPreset, ...] = ("x-forwarded",)
    max_session_duration: timedelta = timedelta(hours=24)
    idle_session_timeout: timedelta = timedelta(0)
    request_timeout: timedelta = timedelta(seconds=60)
    max_body: Size | None = None


class EdgeRouteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One route of an edge: a hostname and a path prefix that lead to a named tunnel."""

    edge: str
    hostname: str
    path_prefix: str
    tunnel: str
    provider: str
    allow: tuple[str, ...]
    public_url: str | None = None
