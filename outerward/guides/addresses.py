"""Our own addresses that a provider has to know, for every origin that uses it."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from idp_adapters import PRESETS, OidcSettings, ProtocolName, SamlSettings
from outerward.addresses import listen_address
from outerward.config import Settings, admin_origin, login_host_of, routes_of
from outerward.guides.kinds import Guide
from proxy import frontchannel_logout_path, relying_party

_ONE_OF = "; one of these is enough"


@dataclass(frozen=True)
class ToRegister:
    """Addresses under the name that the provider has for them."""

    called: str
    addresses: tuple[str, ...]


def edge_port_of(settings: Settings) -> int:
    """The port of the first listener; 0 where it is free to be chosen."""
    return listen_address(settings.edge.listen[0])[1]


def origins_of(settings: Settings, provider: str | None, edge_port: int) -> tuple[str, ...]:
    """The origins where people come back from ``provider`` (None: from any), each once, in order.

    With a login host it is that one alone, and the dashboard's, which is not one of its hosts, where the
    ``provider`` leads there.
    """
    dashboard = dashboard_origin_of(settings, provider)
    return tuple(
        dict.fromkeys((*_visitors_origins(settings, provider, edge_port), *filter(None, [dashboard])))
    )


def dashboard_origin_of(settings: Settings, provider: str | None) -> str:
    """The dashboard's origin where people sign in there through ``provider``, else ""."""
    return str(admin_origin(settings)) if provider is not None and settings.admin.provider == provider else ""


def _visitors_origins(settings: Settings, provider: str | None, edge_port: int) -> tuple[str, ...]:
    routes = routes_of(settings, edge_port)
    own = [route.origin for route in routes if provider is None or provider in route.providers]
    login = login_host_of(settings, edge_port)
    if own and login is not None:
        return (login.origin,)
    return tuple(own)


def to_register(
    guide: Guide, name: str, origins: Sequence[str], saml: SamlSettings | None = None
) -> list[ToRegister]:
    """What to enter at the provider that is called ``name`` here; ``saml`` are its settings, if it is one."""
    parties = [relying_party(origin, name, guide.protocol) for origin in origins]
    answers, logouts = tuple(each.answer for each in parties), tuple(each.logout for each in parties)
    if guide.protocol == "saml":
        metadata = tuple(each.metadata for each in parties)
        own_id = (saml.entity_id,) if saml is not None and saml.entity_id else metadata
        return [
            ToRegister("Our metadata, from which most providers take all of the rest", metadata),
            ToRegister("Entity id (audience, identifier)", own_id),
            ToRegister("Assertion consumer service (ACS, reply URL), by POST", answers),
            ToRegister("Single logout service (SLO, logout URL), by Redirect and POST", logouts),
        ]
    fronts = tuple(origin + frontchannel_logout_path(name) for origin in origins)
    signed_out = tuple(each.signed_out for each in parties)
    entries = (
        ToRegister(guide.redirect, answers),
        ToRegister(guide.signed_out, signed_out),
        ToRegister(guide.back_channel + _ONE_OF * (len(origins) > 1), logouts),
        ToRegister(guide.front_channel, fronts),
    )
    wanted = (guide.redirect, guide.signed_out, guide.back_channel, guide.front_channel)
    return [entry for entry, called in zip(entries, wanted, strict=True) if called]


def scopes_of(guide: Guide) -> tuple[str, ...]:
    """The scopes that a provider of this kind is asked for; none for SAML."""
    if guide.scopes or guide.protocol == "saml":
        return guide.scopes
    usual = next(each.default for each in structs.fields(OidcSettings) if each.name == "scopes")
    return next((preset.scopes for name, preset in PRESETS.items() if name == guide.preset), tuple(usual))


def callback_of(origin: str, provider: str, protocol: ProtocolName) -> str:
    """Where logins at ``provider`` come back to."""
    return relying_party(origin, provider, protocol).answer
