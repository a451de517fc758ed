"""Which kind of provider a preset is, made from its data and the operator's settings."""

from idp_adapters.oauth.provider import OAuthProvider
from idp_adapters.oauth.settings import OAuthSettings
from idp_adapters.oidc.provider import OidcProvider
from idp_adapters.presets import OpenId
from idp_adapters.provider import Provider
from idp_adapters.transport import Fetch


def provider_of(name: str, settings: OAuthSettings, *, fetch: Fetch | None = None) -> Provider:
    """The provider called ``name`` in the configuration; ``fetch`` is its wire, by default a Transport."""
    protocol = settings.preset.protocol
    if isinstance(protocol, OpenId):
        return OidcProvider(name, settings.as_openid(), quirks=protocol.quirks, fetch=fetch)
    return OAuthProvider(name, settings, protocol, fetch=fetch)
