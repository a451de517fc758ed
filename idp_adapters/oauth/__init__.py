"""Well-known providers by name, and those of them that speak OAuth 2.0 without OpenID Connect."""

from idp_adapters.oauth.configured import provider_of
from idp_adapters.oauth.provider import OAuthProvider
from idp_adapters.oauth.settings import OAuthSettings

__all__ = ["OAuthProvider", "OAuthSettings", "provider_of"]
