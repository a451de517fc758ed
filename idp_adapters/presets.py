"""The well-known providers, as data: where each lives, what it is asked, how it departs from a standard.

An entry says what the provider's own documentation says, and names it. Knows nothing of requests and answers.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from idp_adapters.oidc.quirks import STANDARD, Quirks

PresetName = Literal["google", "github", "gitlab", "microsoft", "facebook", "linkedin", "amazon", "twitch"]


class OpenId(msgspec.Struct, frozen=True, kw_only=True):
    """A provider of OpenID Connect; ``issuer`` is the one whose metadata is read."""

    issuer: str
    quirks: Quirks = STANDARD


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """A provider of OAuth 2.0 alone, who tells of the person by an API of its own.

    ``issuer`` stands for it in an identity; ``{issuer}`` in an address is that, or the ``base_url`` given.
    ``profile`` is where it tells of the person, ``subject`` the member of the answer that names the person.
    ``response_issuer`` is what it calls itself where its answer to a login has an ``iss`` (RFC 9207).
    ``picker`` is the parameter of a request that lets somebody else sign in. ``app_proof``: a call carries
    the access token's MAC under the client secret. ``reads`` says by which API the person is described.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    profile: str
    subject: str = "id"
    response_issuer: str = "{issuer}"
    picker: tuple[str, str] | None = None
    app_proof: bool = False
    reads: Literal["profile", "github"] = "profile"


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. ``elsewhere``: it also lives at its customers' addresses, which ``base_url`` names."""

    display_name: str
    documentation: str
    scopes: tuple[str, ...]
    protocol: OpenId | OAuth
    elsewhere: bool = False


_ENTRA_GROUPS = "https://graph.microsoft.com/v1.0/me/transitiveMemberOf/microsoft.graph.group"
_TWITCH_TELLS = '{"email":null,"email_verified":null,"preferred_username":null}'
_TWITCH_CLAIMS = f'{{"id_token":{_TWITCH_TELLS},"userinfo":{_TWITCH_TELLS}}}'

PRESETS: Mapping[PresetName, Preset] = {
    "google": Preset(
        display_name="Google",
        documentation="https://developers.google.com/identity/openid-connect/openid-connect",
        scopes=("openid", "email", "profile"),
        protocol=OpenId(
            issuer="https://accounts.google.com",
            quirks=Quirks(issuers=("accounts.google.com",), prompts=(("login", "select_account"),)),
        ),
    ),
    "github": Preset(
        display_name="GitHub",
        documentation="https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
        scopes=("user:email", "read:org"),
        elsewhere=True,
        protocol=OAuth(
            issuer="https://github.com",
            authorization_endpoint="{issuer}/login/oauth/authorize",
            token_endpoint="{issuer}/login/oauth/access_token",  # noqa: S106  an address, no secret
            profile="https://api.github.com/user",
            response_issuer="{issuer}/login/oauth",
            picker=("prompt", "select_account"),
            reads="github",
        ),
    ),
    "gitlab": Preset(
        display_name="GitLab",
        documentation="https://docs.gitlab.com/integration/openid_connect_provider/",
        scopes=("openid", "email", "profile"),
        elsewhere=True,
        protocol=OpenId(
            issuer="https://gitlab.com",
            quirks=Quirks(prompts=(("select_account", "login"),)),
        ),
    ),
    "microsoft": Preset(
        display_name="Microsoft",
        documentation="https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc",
        scopes=("openid", "email", "profile", "User.Read"),
        elsewhere=True,
        protocol=OpenId(
            issuer="https://login.microsoftonline.com/common/v2.0",
            quirks=Quirks(
                tenant_claim="tid",
                verified_claim="xms_edov",
                overage_url=f"{_ENTRA_GROUPS}?$select=id&$top=999",
            ),
        ),
    ),
    "facebook": Preset(
        display_name="Facebook",
        documentation="https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow",
        scopes=("email", "public_profile"),
        protocol=OAuth(
            issuer="https://www.facebook.com",
            authorization_endpoint="https://www.facebook.com/v25.0/dialog/oauth",
            token_endpoint="https://graph.facebook.com/v25.0/oauth/access_token",  # noqa: S106  an address
            profile="https://graph.facebook.com/v25.0/me?fields=id,name,email",
            picker=("auth_type", "reauthenticate"),
            app_proof=True,
        ),
    ),
    "linkedin": Preset(
        display_name="LinkedIn",
        documentation="https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2",
        scopes=("openid", "profile", "email"),
        protocol=OpenId(
            issuer="https://www.linkedin.com/oauth",
            quirks=Quirks(
                issuers=("https://www.linkedin.com",),
                omits_nonce=True,
                omits_pkce=True,
                email_from_userinfo=True,
            ),
        ),
    ),
    "amazon": Preset(
        display_name="Amazon",
        documentation="https://developer.amazon.com/docs/login-with-amazon/authorization-code-grant.html",
        scopes=("profile",),
        protocol=OAuth(
            issuer="https://www.amazon.com",
            authorization_endpoint="https://www.amazon.com/ap/oa",
            token_endpoint="https://api.amazon.com/auth/o2/token",  # noqa: S106  an address, no secret
            profile="https://api.amazon.com/user/profile",
            subject="user_id",
        ),
    ),
    "twitch": Preset(
        display_name="Twitch",
        documentation="https://dev.twitch.tv/docs/authentication/getting-tokens-oidc/",
        scopes=("openid", "user:read:email"),
        protocol=OpenId(
            issuer="https://id.twitch.tv/oauth2",
            quirks=Quirks(
                request_parameters=(("claims", _TWITCH_CLAIMS),), refuses_refresh_by="Invalid refresh token"
            ),
        ),
    ),
}
"""Each by the name that ``provider = "…"`` gives it."""
