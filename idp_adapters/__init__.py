"""Identity providers: protocol logic that turns a login into an Identity, and rules over it."""

from idp_adapters.destinations import Destinations
from idp_adapters.identity import Identity
from idp_adapters.oauth import OAuthProvider, OAuthSettings, provider_of
from idp_adapters.oidc import OidcProvider
from idp_adapters.presets import PRESETS, Preset, PresetName
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
    ResponseMode,
    Sending,
)
from idp_adapters.rules import Rule, RuleError, RuleKind, allowed, parse_rule
from idp_adapters.saml import EntityIds, SamlProvider, SamlSettings, Threads
from idp_adapters.settings import OidcSettings, Secret
from idp_adapters.transport import Answer, Fetch, Request, Transport

__all__ = [
    "PRESETS",
    "Answer",
    "Destinations",
    "EntityIds",
    "Fetch",
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
    "OAuthProvider",
    "OAuthSettings",
    "OidcProvider",
    "OidcSettings",
    "Parameters",
    "PostForm",
    "Preset",
    "PresetName",
    "Prompt",
    "ProtocolName",
    "Provider",
    "Providers",
    "Redirect",
    "RelyingParty",
    "Replay",
    "Request",
    "ResponseMode",
    "Rule",
    "RuleError",
    "RuleKind",
    "SamlProvider",
    "SamlSettings",
    "Secret",
    "Sending",
    "Threads",
    "Transport",
    "allowed",
    "parse_rule",
    "provider_of",
]
