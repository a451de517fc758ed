"""Identity providers: protocol logic that turns a login into an Identity, and rules over it."""

from idp_adapters.identity import Identity
from idp_adapters.oidc import OidcProvider
from idp_adapters.provider import LoginBegun, LoginError, LoginErrorReason, Prompt, Provider, Providers
from idp_adapters.rules import Rule, RuleError, RuleKind, allowed, parse_rule
from idp_adapters.settings import OidcSettings, Secret

__all__ = [
    "Identity",
    "LoginBegun",
    "LoginError",
    "LoginErrorReason",
    "OidcProvider",
    "OidcSettings",
    "Prompt",
    "Provider",
    "Providers",
    "Rule",
    "RuleError",
    "RuleKind",
    "Secret",
    "allowed",
    "parse_rule",
]
