"""Identity providers: protocol logic that turns a login into an Identity, and rules over it."""

from idp_adapters.identity import Identity
from idp_adapters.oidc import OidcProvider
from idp_adapters.provider import (
    LoginBegun,
    LoginCompleted,
    LoginError,
    LoginErrorReason,
    LogoutBegun,
    LogoutChannel,
    LogoutDemand,
    LogoutDone,
    LogoutMessage,
    Parameters,
    PostForm,
    Prompt,
    ProtocolName,
    Provider,
    Providers,
    Redirect,
    RelyingParty,
    Replay,
    Sending,
)
from idp_adapters.rules import Rule, RuleError, RuleKind, allowed, parse_rule
from idp_adapters.saml import EntityIds, SamlProvider, SamlSettings, Threads
from idp_adapters.settings import OidcSettings, Secret

__all__ = [
    "EntityIds",
    "Identity",
    "LoginBegun",
    "LoginCompleted",
    "LoginError",
    "LoginErrorReason",
    "LogoutBegun",
    "LogoutChannel",
    "LogoutDemand",
    "LogoutDone",
    "LogoutMessage",
    "OidcProvider",
    "OidcSettings",
    "Parameters",
    "PostForm",
    "Prompt",
    "ProtocolName",
    "Provider",
    "Providers",
    "Redirect",
    "RelyingParty",
    "Replay",
    "Rule",
    "RuleError",
    "RuleKind",
    "SamlProvider",
    "SamlSettings",
    "Secret",
    "Sending",
    "Threads",
    "allowed",
    "parse_rule",
]
