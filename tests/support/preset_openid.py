"""The presets that speak OpenID Connect, each with its own metadata, claims and departures from it."""

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.preset_played import Handler, Members, Played


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, private=True, auto_kid=True)


class PlayedOpenId(Played):
    """Metadata, keys, an ID token of ``token_claims`` and a userinfo endpoint of ``userinfo_claims``."""

    issuer = ""
    metadata: ClassVar[Mapping[str, Any]] = {}
    metadata_issuer = ""

    def __init__(self) -> None:
        super().__init__()
        self.claim_lies: Members = {}
        self.userinfo_lies: Members = {}

    def places(self) -> Mapping[tuple[str, str], Handler]:
        """What the metadata name, and the metadata."""
        at = {name: str(url).removeprefix("https://") for name, url in self.metadata.items()}
        return {
            (
                "GET",
                f"{self.issuer.removeprefix('https://')}/.well-known/openid-configuration",
            ): self._metadata,
            ("GET", at["jwks_uri"]): self._keys,
            ("GET", at["authorization_endpoint"]): self.authorize,
            ("POST", at["token_endpoint"]): self.token,
            ("GET", at["userinfo_endpoint"]): self._userinfo,
        }

    def tokens(self, grant: Mapping[str, str]) -> Members:
        """The tokens, with an ID token for this login."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.person["sub"],
            "aud": self.client_id,
            "iat": now,
            "exp": now + 3600,
            "nonce": grant.get("nonce"),
            **self.token_claims(grant),
            **self.claim_lies,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": "RS256", "kid": _key().kid, "typ": "JWT"}, told, _key())
        return super().tokens(grant) | {"id_token": token}

    def token_claims(self, grant: Mapping[str, str]) -> Members:
        """What the ID token says of the person."""
        return {}

    def userinfo_claims(self) -> Members:
        """What the userinfo endpoint says of the person."""
        return dict(self.person)

    async def _metadata(self, request: web.Request) -> web.Response:
        document = {
            "issuer": self.metadata_issuer or self.issuer,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.metadata,
        }
        return web.json_response(document)

    async def _keys(self, request: web.Request) -> web.Response:
        return web.json_response({"keys": [{**_key().as_dict(private=False), "use": "sig"}]})

    async def _userinfo(self, request: web.Request) -> web.Response:
        if not self.is_bearer(request):
            return web.json_response({"error": "invalid_token"}, status=401)
        return web.json_response(self.userinfo_claims() | self.userinfo_lies)


class Google(PlayedOpenId):
    """https://developers.google.com/identity/openid-connect/openid-connect"""

    preset = "google"
    issuer = "https://accounts.google.com"
    metadata: ClassVar[Mapping[str, Any]] = {
        "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
        "response_types_supported": ["code", "token", "id_token", "code token", "none"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["plain", "S256"],
    }

    def __init__(self) -> None:
        super().__init__()
        self.person = {
            "sub": "110169484474386276334",
            "name": "Ada Lovelace",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "picture": "https://lh3.googleusercontent.com/a/photo",
            "email": "ada@example.com",
            "email_verified": True,
            "hd": "example.com",
        }

    def token_claims(self, grant: Mapping[str, str]) -> Members:
        """All of the person, in the token too."""
        return {**self.person, "azp": self.client_id}


class Gitlab(PlayedOpenId):
    """https://docs.gitlab.com/integration/openid_connect_provider/"""

    preset = "gitlab"
    issuer = "https://gitlab.com"
    metadata: ClassVar[Mapping[str, Any]] = {
        "authorization_endpoint": "https://gitlab.com/oauth/authorize",
        "token_endpoint": "https://gitlab.com/oauth/token",
        "userinfo_endpoint": "https://gitlab.com/oauth/userinfo",
        "jwks_uri": "https://gitlab.com/oauth/discovery/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["plain", "S256"],
    }

    def __init__(self) -> None:
        super().__init__()
        self.person = {
            "sub": "1234567",
            "sub_legacy": "ab" * 32,
            "name": "Ada Lovelace",
            "nickname": "ada",
            "preferred_username": "ada",
            "email": "ada@example.com",
            "email_verified": True,
            "profile": "https://gitlab.com/ada",
            "groups": ["acme", "acme/ops"],
        }

    def token_claims(self, grant: Mapping[str, str]) -> Members:
        """The token tells of direct groups alone; all of them come from userinfo."""
        kept = {name: self.person[name] for name in ("sub_legacy", "email", "email_verified")}
        return {**kept, "auth_time": int(time.time()), "groups_direct": ["acme"]}


class Microsoft(PlayedOpenId):
    """https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference"""

    preset = "microsoft"
    issuer = "https://login.microsoftonline.com/common/v2.0"
    metadata_issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"
    tenant = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
    groups_place = "graph.microsoft.com/v1.0/me/transitiveMemberOf/microsoft.graph.group"
    metadata: ClassVar[Mapping[str, Any]] = {
        "authorization_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "token_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "jwks_uri": "https://login.microsoftonline.com/common/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
            "self_signed_tls_client_auth",
        ],
    }

    def __init__(self) -> None:
        super().__init__()
        self.group_ids: list[str] = []
        self.person = {
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "name": "Ada Lovelace",
            "preferred_username": "ada@example.com",
            "email": "ada@example.com",
        }

    def places(self) -> Mapping[tuple[str, str], Handler]:
        """Its own, and Microsoft Graph's list of groups."""
        return {**super().places(), ("GET", self.groups_place): self._groups}

    def token_claims(self, grant: Mapping[str, str]) -> Members:
        """No word of whether the e-mail is verified, and the issuer of the tenant of the person."""
        return {
            **self.person,
            "iss": f"https://login.microsoftonline.com/{self.tenant}/v2.0",
            "tid": self.tenant,
            "oid": "00000000-0000-0000-66f3-3332eca7ea81",
            "nbf": int(time.time()),
            "ver": "2.0",
        }

    def userinfo_claims(self) -> Members:
        """Graph's userinfo knows no user name."""
        return {name: value for name, value in self.person.items() if name != "preferred_username"}

    async def _groups(self, request: web.Request) -> web.Response:
        """Two to a page."""
        if not self.is_bearer(request):
            return web.json_response({"error": {"code": "InvalidAuthenticationToken"}}, status=401)
        start = int(request.query.get("$skiptoken", "0"))
        page: Members = {"value": [{"id": name} for name in self.group_ids[start : start + 2]]}
        if start + 2 < len(self.group_ids):
            page["@odata.nextLink"] = f"https://{self.groups_place}?$select=id&$skiptoken={start + 2}"
        return web.json_response(page)


class Linkedin(PlayedOpenId):
    """https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/sign-in-with-linkedin-v2

    The web flow knows no PKCE: a token request with a ``code_verifier`` is one of no client
    (https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow).
    """

    preset = "linkedin"
    issuer = "https://www.linkedin.com/oauth"
    metadata: ClassVar[Mapping[str, Any]] = {
        "authorization_endpoint": "https://www.linkedin.com/oauth/v2/authorization",
        "token_endpoint": "https://www.linkedin.com/oauth/v2/accessToken",
        "userinfo_endpoint": "https://api.linkedin.com/v2/userinfo",
        "jwks_uri": "https://www.linkedin.com/oauth/openid/jwks",
        "subject_types_supported": ["pairwise"],
    }

    def __init__(self) -> None:
        super().__init__()
        self.person = {
            "sub": "782bbtaQ",
            "name": "Ada Lovelace",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "picture": "https://media.licdn.com/photo",
            "locale": {"country": "US", "language": "en"},
            "email": "ada@example.com",
            "email_verified": True,
        }

    def token_claims(self, grant: Mapping[str, str]) -> Members:
        """No nonce, and a text where userinfo has true."""
        return {**self.person, "nonce": None, "locale": "en_US", "email_verified": "true"}

    def is_verifier(self, verifier: str | None, challenge: str | None) -> bool:
        """Never asked for."""
        return True

    async def token(self, request: web.Request) -> web.Response:
        """Refuse a verifier."""
        if "code_verifier" in await request.post():
            return self.refused("invalid_client", 401)
        return await super().token(request)


class Twitch(PlayedOpenId):
    """https://dev.twitch.tv/docs/authentication/getting-tokens-oidc/"""

    preset = "twitch"
    issuer = "https://id.twitch.tv/oauth2"
    metadata: ClassVar[Mapping[str, Any]] = {
        "authorization_endpoint": "https://id.twitch.tv/oauth2/authorize",
        "token_endpoint": "https://id.twitch.tv/oauth2/token",
        "userinfo_endpoint": "https://id.twitch.tv/oauth2/userinfo",
        "jwks_uri": "https://id.twitch.tv/oauth2/keys",
        "claims_parameter_supported": True,
        "response_types_supported": ["id_token", "code", "token", "code id_token", "token id_token"],
        "scopes_supported": ["openid"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }

    def __init__(self) -> None:
        super().__init__()
        self.person = {
            "sub": "713936733",
            "preferred_username": "AdaPlays",
            "email": "ada@example.com",
            "email_verified": True,
        }
        self._asked: Members = {}
        self._secret: set[str] = set()

    def is_verifier(self, verifier: str | None, challenge: str | None) -> bool:
        """PKCE is not documented, and passed over."""
        return True

    def token_claims(self, grant: Mapping[str, str]) -> Members:
        """What the ``claims`` parameter asks for, where the scopes allow it."""
        self._asked = json.loads(grant.get("claims", "{}"))
        self._secret = set() if "user:read:email" in grant["scope"].split() else {"email", "email_verified"}
        return {**self._told("id_token"), "azp": self.client_id}

    def userinfo_claims(self) -> Members:
        """What the same parameter asks of it."""
        return {**self._told("userinfo"), "sub": self.person["sub"]}

    def _told(self, where: str) -> Members:
        asked = self._asked.get(where, {})
        return {name: self.person[name] for name in asked if name not in self._secret}

    def tokens(self, grant: Mapping[str, str]) -> Members:
        """The scope is a list."""
        return super().tokens(grant) | {"scope": grant["scope"].split(), "refresh_token": "a-refresh-token"}
