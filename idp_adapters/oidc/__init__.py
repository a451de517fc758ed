"""OpenID Connect, the authorization-code flow."""

from idp_adapters.oidc.provider import OidcProvider

__all__ = ["OidcProvider"]
