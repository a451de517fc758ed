"""The schema of the configuration file, composed of the settings that each package defines for itself.

It also names the keys of the format that this version does not carry out: they are refused by name, since a
setting that is silently not enforced would be worse than none. Knows neither TOML nor the environment.
"""

from datetime import timedelta
from pathlib import Path
from typing import Literal

import msgspec

from admin_api import AdminSettings
from idp_adapters import OAuthSettings, OidcSettings, SamlSettings
from outerward.typed_toml import Later
from outerward.webhooks import WebhookSettings
from proxy import EdgeRouteSettings, EdgeSettings, GeoIPSettings, Privacy, TunnelSettings
from session_store import StoreSettings


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[log]`` section; ``auto`` is JSON where stderr is no terminal, ``access`` is for requests."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
    access: Literal["json", "combined", "none"] = "json"


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[metrics]`` section; without a listener nothing is counted."""

    listen: str | None = None


class PrivacySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[privacy]`` section: what is kept of people, and how long.

    ``history``: events and what sessions were used with; ``ended``: sessions that are over.
    """

    ip: Privacy = "full"
    history: timedelta = timedelta(days=30)
    ended: timedelta = timedelta(days=30)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole configuration, resolved: secrets read, paths absolute, durations and sizes as numbers."""

    state: Path = Path("data")
    edge: EdgeSettings = EdgeSettings()
    admin: AdminSettings = AdminSettings()
    store: StoreSettings = StoreSettings()
    geoip: GeoIPSettings = GeoIPSettings()
    provider: dict[str, OAuthSettings | OidcSettings | SamlSettings] = {}
    tunnel: tuple[TunnelSettings, ...] = ()
    edge_route: tuple[EdgeRouteSettings, ...] = ()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    privacy: PrivacySettings = PrivacySettings()
    webhook: tuple[WebhookSettings, ...] = ()


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


LATER = Later(
    keys={"edge": _keys("cert key")},
    values={("edge", "forwarded"): _keys("proxy-protocol")},
)
