"""Which address of ours a request is for, and what may be asked of it. Pure.

Only exact spellings lead anywhere, and a provider's addresses exist only on the hosts that use it.
"""

from dataclasses import dataclass
from enum import Enum, auto

from idp_adapters import ProtocolName, Providers
from proxy.addresses import (
    ALIASES,
    JWKS_PATH,
    LOGIN_PATH,
    LOGOUT_PATH,
    SESSIONS_PATH,
    SIGNED_OUT_PATH,
    backchannel_logout_path,
    callback_path,
    finish_path,
    frontchannel_logout_path,
    saml_path,
)
from proxy.login.visit import Visit
from proxy.routes import Site


class Place(Enum):
    """An address of ours that needs no more than its path to be known."""

    LOGIN = auto()
    LOGOUT = auto()
    SIGNED_OUT = auto()
    SESSIONS = auto()
    JWKS = auto()


class Errand(Enum):
    """What a provider, or a browser that comes from it, wants at an address of that provider."""

    CALLBACK = auto()
    BACKCHANNEL_LOGOUT = auto()
    FRONTCHANNEL_LOGOUT = auto()
    METADATA = auto()
    ACS = auto()
    FINISH = auto()
    SLO = auto()


@dataclass(frozen=True, slots=True)
class ProviderPlace:
    """An address that belongs to one provider; ``by_post``: answers to logins may be posted there."""

    errand: Errand
    provider: str
    by_post: bool = False


_PLACES = {
    LOGIN_PATH: Place.LOGIN,
    LOGOUT_PATH: Place.LOGOUT,
    SIGNED_OUT_PATH: Place.SIGNED_OUT,
    SESSIONS_PATH: Place.SESSIONS,
    JWKS_PATH: Place.JWKS,
}
_OF_ENDPOINTS = frozenset({Place.SESSIONS, Place.JWKS})
"""What there is no use for at the dashboard."""
_METHODS: dict[Place | Errand, tuple[str, ...]] = {
    Place.LOGIN: ("GET", "HEAD", "POST"),
    Place.LOGOUT: ("GET", "HEAD", "POST"),
    Place.SIGNED_OUT: ("GET", "HEAD"),
    Place.SESSIONS: ("GET", "HEAD", "POST"),
    Place.JWKS: ("GET", "HEAD"),
    # A callback has no HEAD: it would use the login up. So it is with all that changes state by GET.
    Errand.CALLBACK: ("GET",),
    Errand.BACKCHANNEL_LOGOUT: ("POST",),
    Errand.FRONTCHANNEL_LOGOUT: ("GET",),
    Errand.METADATA: ("GET", "HEAD"),
    Errand.ACS: ("POST",),
    Errand.FINISH: ("GET", "POST"),
    Errand.SLO: ("GET", "POST"),
}
_FORMS = frozenset({Errand.CALLBACK, Errand.BACKCHANNEL_LOGOUT, Errand.ACS, Errand.SLO})
_ANSWERS = frozenset({Errand.CALLBACK, Errand.ACS})


def place_of(visit: Visit, site: Site, providers: Providers) -> Place | ProviderPlace | None:
    """What a path leads to, spelled exactly; None where it leads nowhere on this host.

    Where there is a login host, answers to logins come there and nowhere else.
    """
    place = _PLACES.get(ALIASES.get(visit.path, visit.path))
    if place is not None:
        return None if visit.host.is_dashboard and place in _OF_ENDPOINTS else place
    for name in site.providers_at(visit.host):
        provider = providers.get(name)
        if provider is None:
            continue
        errand = _errands(name, provider.protocol).get(visit.path)
        if errand is not None and (errand not in _ANSWERS or site.spoken_to_at(visit.host) is visit.host):
            by_post = errand is Errand.CALLBACK and provider.response_mode == "form_post"
            return ProviderPlace(errand, name, by_post)
    return None


def methods_of(place: Place | ProviderPlace) -> tuple[str, ...]:
    """The methods of ``place``."""
    if not isinstance(place, ProviderPlace):
        return _METHODS[place]
    methods = _METHODS[place.errand]
    return (*methods, "POST") if place.by_post else methods


def takes_form(place: Place | ProviderPlace, method: str) -> bool:
    """Whether a request for ``place`` brings a form; the body of any other is never read."""
    if method != "POST":
        return False
    return place.errand in _FORMS if isinstance(place, ProviderPlace) else place is Place.SESSIONS


def _errands(provider: str, protocol: ProtocolName) -> dict[str, Errand]:
    if protocol == "oauth":
        return {
            callback_path(provider): Errand.CALLBACK,
            finish_path(provider, protocol): Errand.FINISH,
        }
    if protocol == "oidc":
        return {
            callback_path(provider): Errand.CALLBACK,
            finish_path(provider, protocol): Errand.FINISH,
            backchannel_logout_path(provider): Errand.BACKCHANNEL_LOGOUT,
            frontchannel_logout_path(provider): Errand.FRONTCHANNEL_LOGOUT,
        }
    return {
        saml_path(provider, "metadata"): Errand.METADATA,
        saml_path(provider, "acs"): Errand.ACS,
        finish_path(provider, protocol): Errand.FINISH,
        saml_path(provider, "slo"): Errand.SLO,
    }
