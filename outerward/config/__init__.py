"""The configuration: its schema, how it is found, read and checked, and the routes that follow from it."""

from outerward.addresses import admin_url, listen_address
from outerward.config.load import Loaded, load_settings, resolved
from outerward.config.routes import (
    admin_origin,
    dashboard_site_of,
    login_host_of,
    public_origin,
    routes_of,
)
from outerward.config.schema import LogSettings, MetricsSettings, PrivacySettings, Settings
from outerward.errors import ConfigErrors

__all__ = [
    "ConfigErrors",
    "Loaded",
    "LogSettings",
    "MetricsSettings",
    "PrivacySettings",
    "Settings",
    "admin_origin",
    "admin_url",
    "dashboard_site_of",
    "listen_address",
    "load_settings",
    "login_host_of",
    "public_origin",
    "resolved",
    "routes_of",
]
