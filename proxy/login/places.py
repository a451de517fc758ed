"""Which address of ours a request is for, and what may be asked of it. Pure.

Only exact spellings lead anywhere, and a provider's addresses exist only on the hosts that use it.
"""

from dataclasses import dataclass
from enum import Enum, auto

from idp_adapters import ProtocolName, Providers
from proxy.addresses import (
    ALIASES,
    LOGIN_PATH,
    LOGOUT_PATH,
    SIGNED_OUT_PATH,
    backchannel_logout_path,
    callback_path,
    frontchannel_logout_path,
    saml_path,
)
from proxy.login.visit import Visit


class Place(Enum):
    """An address of ours that needs no more than its path to be known."""

    LOGIN = auto()
    LOGOUT = auto()
    SIGNED_OUT = auto()


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
    """An address that belongs to one provider."""

    errand: Errand
    provider: str


_PLACES = {LOGIN_PATH: Place.LOGIN, LOGOUT_PATH: Place.LOGOUT, SIGNED_OUT_PATH: Place.SIGNED_OUT}
_METHODS: dict[Place | Errand, tuple[str, ...]] = {
    Place.LOGIN: ("GET", "HEAD", "POST"),
    Place.LOGOUT: ("GET", "HEAD", "POST"),
    Place.SIGNED_OUT: ("GET", "HEAD"),
    # A callback has no HEAD: it would use the login up. So it is with all that changes state by GET.
    Errand.CALLBACK: ("GET",),
    Errand.BACKCHANNEL_LOGOUT: ("POST",),
    Errand.FRONTCHANNEL_LOGOUT: ("GET",),
    Errand.METADATA: ("GET", "HEAD"),
    Errand.ACS: ("POST",),
    Errand.FINISH: ("GET", "POST"),
    Errand.SLO: ("GET", "POST"),
}
_FORMS = frozenset({Errand.BACKCHANNEL_LOGOUT, Errand.ACS, Errand.SLO})


def place_of(visit: Visit, providers: Providers) -> Place | ProviderPlace | None:
    """What a path leads to, spelled exactly; None where it leads nowhere on this host."""
    place = _PLACES.get(ALIASES.get(visit.path, visit.path))
    if place is not None:
        return place
    for name in {route.provider for route in visit.host.routes}:
        provider = providers.get(name)
        errand = _errands(name, provider.protocol).get(visit.path) if provider is not None else None
        if errand is not None:
            return ProviderPlace(errand, name)
    return None


def methods_of(place: Place | ProviderPlace) -> tuple[str, ...]:
    """The methods of ``place``."""
    return _METHODS[place.errand if isinstance(place, ProviderPlace) else place]


def takes_form(place: Place | ProviderPlace, method: str) -> bool:
    """Whether a request for ``place`` brings a form; the body of any other is never read."""
    return method == "POST" and isinstance(place, ProviderPlace) and place.errand in _FORMS


def _errands(provider: str, protocol: ProtocolName) -> dict[str, Errand]:
    if protocol == "oidc":
        return {
            callback_path(provider): Errand.CALLBACK,
            backchannel_logout_path(provider): Errand.BACKCHANNEL_LOGOUT,
            frontchannel_logout_path(provider): Errand.FRONTCHANNEL_LOGOUT,
        }
    return {
        saml_path(provider, "metadata"): Errand.METADATA,
        saml_path(provider, "acs"): Errand.ACS,
        saml_path(provider, "finish"): Errand.FINISH,
        saml_path(provider, "slo"): Errand.SLO,
    }
