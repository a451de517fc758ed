"""The edge: the path of a protected request, and the login flow beside it.

The path in order: ``connection`` and ``request_reader`` (bytes to head), ``head`` and ``fields`` (the
canonical request), ``routes``, ``gate``, ``exchange`` with ``forwarding`` and ``upstream``, ``recorder``,
``journal``.
"""

from proxy.context import describe, network_of, warm_up
from proxy.journal import AccessLog, Journal, WriteLines
from proxy.limits import Limits
from proxy.login import create_control_app
from proxy.metrics import FAMILIES, Counted, Family, Metrics, Sample
from proxy.routes import Host, Route, Site, UpstreamAddress
from proxy.settings import EdgeRouteSettings, EdgeSettings, GeoIPSettings, HeaderPreset, TunnelSettings
from proxy.unchecked import PublicPaths, public_path
from proxy.worker import Worker, wall_clock_ms

__all__ = [
    "FAMILIES",
    "AccessLog",
    "Counted",
    "EdgeRouteSettings",
    "EdgeSettings",
    "Family",
    "GeoIPSettings",
    "HeaderPreset",
    "Host",
    "Journal",
    "Limits",
    "Metrics",
    "PublicPaths",
    "Route",
    "Sample",
    "Site",
    "TunnelSettings",
    "UpstreamAddress",
    "Worker",
    "WriteLines",
    "create_control_app",
    "describe",
    "network_of",
    "public_path",
    "wall_clock_ms",
    "warm_up",
]
