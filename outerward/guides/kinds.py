"""What ``idp guide`` knows of each kind of provider: where to register, which settings, what to mind.

Our own addresses are not here: they follow from the configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from idp_adapters import ProtocolName


@dataclass(frozen=True, kw_only=True)
class Guide:
    """One kind of provider.

    ``where`` is the place in its console, ``page`` its own documentation. ``preset`` is the one that speaks
    with it, for *oauth*; ``settings`` are the lines of the block that are its own, and ``scopes`` what the
    block asks for where the usual scopes will not do. ``redirect`` is what it calls our callback;
    ``signed_out``, ``back_channel`` and ``front_channel`` what it calls these addresses of ours, "" where it
    takes none. ``notes`` are one sentence or two each.
    """

    title: str
    protocol: ProtocolName
    where: str
    page: str
    preset: str = ""
    settings: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    redirect: str = "Redirect URI"
    signed_out: str = ""
    back_channel: str = ""
    front_channel: str = ""
    notes: tuple[str, ...] = ()


_ONE_CALLBACK = (
    "It takes one callback address only. For several hosts set edge.login_host, so that one is enough, or"
    " register the application once for each. For the dashboard (admin.provider) it is registered once more."
)
_UNVERIFIED = (
    'It does not say that e-mail addresses are verified, so rules such as "@example.com" let nobody in'
    ' unless email_verified = "assume" is set. Set that only if people cannot choose their address there.'
)

_EDOV = (
    "An e-mail address counts as verified only where the optional claim xms_edov says so: add it to the ID"
    ' token, or rules such as "@example.com" let nobody in.'
)

ALIASES: Mapping[str, str] = {"azure": "entra", "azuread": "entra"}
"""Other names that people know a kind by."""

GUIDES: Mapping[str, Guide] = {
    "google": Guide(
        title="Google",
        protocol="oauth",
        where="Google Cloud console, APIs & Services, Credentials: an OAuth client ID, type Web application",
        page="https://developers.google.com/identity/openid-connect/openid-connect",
        preset="google",
        redirect="Authorized redirect URI",
        notes=('Anybody with a Google account can sign in there: say who may pass, as "@example.com".',),
    ),
    "github": Guide(
        title="GitHub",
        protocol="oauth",
        where="Settings of the account or organization, Developer settings, OAuth Apps",
        page="https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/creating-an-oauth-app",
        preset="github",
        redirect="Authorization callback URL",
        notes=(
            _ONE_CALLBACK,
            (
                'Rules: "github-team:org/team", "group:org", or addresses. An organization that restricts'
                " OAuth apps has to approve this one, or its teams are not seen."
            ),
        ),
    ),
    "gitlab": Guide(
        title="GitLab",
        protocol="oauth",
        where="User settings, a group's settings or the admin area, Applications: Confidential",
        page="https://docs.gitlab.com/integration/oauth_provider/",
        preset="gitlab",
        notes=('For a GitLab of your own add base_url = "https://gitlab.example.com".',),
    ),
    "microsoft": Guide(
        title="Microsoft (any tenant, and personal accounts)",
        protocol="oauth",
        where="Microsoft Entra admin center, App registrations, Authentication: platform Web",
        page="https://learn.microsoft.com/en-us/entra/identity-platform/quickstart-register-app",
        preset="microsoft",
        signed_out="Redirect URI too, of the same platform",
        notes=(
            _EDOV,
            "For the people of one organization alone see: outerward idp guide entra.",
        ),
    ),
    "facebook": Guide(
        title="Facebook",
        protocol="oauth",
        where="Meta for Developers, the app's use case Facebook Login, Settings",
        page="https://developers.facebook.com/docs/facebook-login/web",
        preset="facebook",
        redirect="Valid OAuth Redirect URI",
        notes=(_UNVERIFIED,),
    ),
    "linkedin": Guide(
        title="LinkedIn",
        protocol="oauth",
        where=(
            "LinkedIn developer portal, the app's Auth page;"
            " add the product Sign In with LinkedIn using OpenID Connect"
        ),
        page="https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2",
        preset="linkedin",
        redirect="Authorized redirect URL",
    ),
    "amazon": Guide(
        title="Amazon (Login with Amazon)",
        protocol="oauth",
        where="Login with Amazon console, a security profile, Web Settings",
        page="https://developer.amazon.com/docs/login-with-amazon/register-web.html",
        preset="amazon",
        redirect="Allowed Return URL",
        notes=(_UNVERIFIED,),
    ),
    "twitch": Guide(
        title="Twitch",
        protocol="oauth",
        where="Twitch developer console, Applications: client type Confidential",
        page="https://dev.twitch.tv/docs/authentication/register-app/",
        preset="twitch",
        redirect="OAuth Redirect URL",
    ),
    "entra": Guide(
        title="Microsoft Entra ID (one organization)",
        protocol="oauth",
        where="Microsoft Entra admin center, App registrations, Authentication: platform Web, single tenant",
        page="https://learn.microsoft.com/en-us/entra/identity-platform/quickstart-register-app",
        preset="microsoft",
        settings=(
            'base_url = "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0"',
        ),
        signed_out="Redirect URI too, of the same platform",
        notes=(
            _EDOV,
            "base_url ends in the directory (tenant) ID and /v2.0: put your own ID in.",
            (
                'Groups are told by their object ids: allow = ["group:OBJECT-ID"]. Add the groups claim under'
                " Token configuration."
            ),
        ),
    ),
    "okta": Guide(
        title="Okta",
        protocol="oidc",
        where="Admin console, Applications, Create App Integration: OIDC, Web Application",
        page="https://developer.okta.com/docs/guides/sign-into-web-app-redirect/",
        settings=('issuer = "https://example.okta.com"',),
        scopes=("openid", "email", "profile", "groups"),
        redirect="Sign-in redirect URI",
        signed_out="Sign-out redirect URI",
        notes=(
            (
                'For "group:NAME" rules set a Groups claim filter named groups on the app\'s Sign On page;'
                " without groups leave that scope out."
            ),
        ),
    ),
    "keycloak": Guide(
        title="Keycloak",
        protocol="oidc",
        where="Admin console, Clients, Create client: OpenID Connect, Client authentication, Standard flow",
        page="https://www.keycloak.org/docs/latest/server_admin/",
        settings=('issuer = "https://keycloak.example.com/realms/example"',),
        redirect="Valid redirect URI",
        signed_out="Valid post logout redirect URI",
        back_channel="Backchannel logout URL (with Backchannel logout session required)",
        notes=(
            (
                'For "group:NAME" rules add a Group Membership mapper with the token claim name groups and'
                ' Full group path off; or set groups_claim = "realm_access.roles" for realm roles, whose'
                " mapper has to add them to the ID token."
            ),
            'E-mail rules need "Email verified" on the user.',
        ),
    ),
    "authentik": Guide(
        title="authentik",
        protocol="oidc",
        where="Admin interface, Applications, Create with provider: OAuth2/OpenID, Confidential",
        page="https://docs.goauthentik.io/add-secure-apps/providers/oauth2/",
        settings=('issuer = "https://authentik.example.com/application/o/outerward/"',),
        redirect="Redirect URI, matching Strict",
        back_channel="Logout URI, with the method Back-channel",
        notes=(
            "Choose a Signing Key, or tokens are signed with the client secret and refused here.",
            "The issuer ends in the application's slug and a slash.",
            (
                "Since 2025.10 every e-mail address is sent as not verified, so e-mail rules let nobody in"
                " until the email scope mapping says otherwise:"
                " https://docs.goauthentik.io/add-secure-apps/providers/oauth2/verify-email-address/"
            ),
        ),
    ),
    "auth0": Guide(
        title="Auth0",
        protocol="oidc",
        where="Dashboard, Applications, Create Application: Regular Web Application",
        page="https://auth0.com/docs/get-started/applications/application-settings",
        settings=('issuer = "https://example.eu.auth0.com/"',),
        redirect="Allowed Callback URL",
        signed_out="Allowed Logout URL",
        back_channel="Back-Channel Logout URI (some plans)",
        notes=(
            "The issuer ends in a slash. The application's JSON Web Token signature algorithm is RS256.",
            (
                "Logout at the provider needs RP-Initiated Logout End Session Endpoint Discovery, in the"
                " tenant's advanced settings."
            ),
            (
                "Roles come by an Action that sets a claim with a namespace; name it:"
                ' groups_claim = "https://example.com/groups".'
            ),
        ),
    ),
    "oidc": Guide(
        title="Any OpenID Connect provider",
        protocol="oidc",
        where="a confidential web client with the authorization code flow and PKCE",
        page="https://openid.net/specs/openid-connect-discovery-1_0.html",
        settings=('issuer = "https://id.example.com"',),
        signed_out="Post-logout redirect URI",
        back_channel="Back-channel logout URI",
        front_channel="Front-channel logout URI, where there is no back channel",
        notes=(
            (
                "The issuer is written exactly as the provider writes it:"
                " ISSUER/.well-known/openid-configuration shows it."
            ),
        ),
    ),
    "saml": Guide(
        title="Any SAML 2.0 provider",
        protocol="saml",
        where="a service provider; most take our metadata, which has all of the rest",
        page="https://docs.oasis-open.org/security/saml/v2.0/saml-metadata-2.0-os.pdf",
        settings=('idp_metadata_url = "https://id.example.com/metadata"',),
        notes=(
            "Our metadata can be fetched from its address once the server runs.",
            "Messages are signed with RSA and SHA-256; SHA-1 is refused.",
        ),
    ),
}
"""Every kind, by the name that it is asked for."""
