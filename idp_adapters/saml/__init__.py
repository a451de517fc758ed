"""SAML 2.0 web single sign-on and single logout, as a service provider."""

from idp_adapters.saml.entity_ids import EntityIds
from idp_adapters.saml.provider import SamlProvider
from idp_adapters.saml.settings import SamlSettings
from idp_adapters.saml.threads import Threads

__all__ = ["EntityIds", "SamlProvider", "SamlSettings", "Threads"]
