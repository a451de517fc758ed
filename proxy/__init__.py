"""The edge: the path of a protected request, and the login flow beside it.

The path in order: ``connection`` and ``request_reader`` (bytes to head), ``head`` and ``fields`` (the
canonical request), ``routes``, ``gate``, ``exchange`` with ``forwarding`` and ``upstream``, ``recorder``.
"""

from proxy.context import describe, network_of, warm_up
from proxy.login import create_control_app
from proxy.routes import Host, Route, Site, UpstreamAddress
from proxy.settings import EdgeRouteSettings, EdgeSettings, GeoIPSettings, HeaderPreset, TunnelSettings
from proxy.worker import Worker

__all__ = [
    "EdgeRouteSettings",
    "EdgeSettings",
    "GeoIPSettings",
    "HeaderPreset",
    "Host",
    "Route",
    "Site",
    "TunnelSettings",
    "UpstreamAddress",
    "Worker",
    "create_control_app",
    "describe",
    "network_of",
    "warm_up",
]
