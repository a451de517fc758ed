"""The edge: the path of a protected request, and the login flow beside it.

The path in order: ``connection`` and ``request_reader`` (bytes to head), ``head`` and ``fields`` (the
canonical request), ``routes``, ``gate``, ``exchange`` with ``forwarding`` and ``upstream``, ``recorder``,
``journal``.
"""

from proxy.addresses import frontchannel_logout_path
from proxy.connectors import why_not
from proxy.context import Contexts, Keep, Places, Privacy, describe, keep_for, network_of, warm_up
from proxy.identity_jwt import IdentityKey
from proxy.journal import AccessLog, Journal, WriteLines
from proxy.limits import Limits
from proxy.login import add_dashboard_login, create_control_app
from proxy.login.flow import relying_party
from proxy.metrics import FAMILIES, Counted, Family, Metrics, Sample
from proxy.person import account_of, identity_of
from proxy.routes import Host, LoginHost, Route, Site, UpstreamAddress
from proxy.session_cookie import SessionCookie
from proxy.settings import EdgeRouteSettings, EdgeSettings, GeoIPSettings, HeaderPreset, TunnelSettings
from proxy.unchecked import PublicPaths, public_path
from proxy.worker import Worker, wall_clock_ms

__all__ = [
    "FAMILIES",
    "AccessLog",
    "Contexts",
    "Counted",
    "EdgeRouteSettings",
    "EdgeSettings",
    "Family",
    "GeoIPSettings",
    "HeaderPreset",
    "Host",
    "IdentityKey",
    "Journal",
    "Keep",
    "Limits",
    "LoginHost",
    "Metrics",
    "Places",
    "Privacy",
    "PublicPaths",
    "Route",
    "Sample",
    "SessionCookie",
    "Site",
    "TunnelSettings",
    "UpstreamAddress",
    "Worker",
    "WriteLines",
    "account_of",
    "add_dashboard_login",
    "create_control_app",
    "describe",
    "frontchannel_logout_path",
    "identity_of",
    "keep_for",
    "network_of",
    "public_path",
    "relying_party",
    "wall_clock_ms",
    "warm_up",
    "why_not",
]
