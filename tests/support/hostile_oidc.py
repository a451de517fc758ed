"""An OpenID provider that lies on demand, on a real socket, for tests of what must not be believed.

Left alone it is a correct provider: it checks the client, the redirect URI and the PKCE verifier, and its
answer completes a login. Every part of every answer can be edited for one test through ``lies``:

    async with HostileProvider.running() as provider:
        provider.lies.claims = change(nonce=MISSING)

``authorize`` plays the browser for a test of OidcProvider alone; a test that runs the whole edge lets its own
client open the authorization URL, which signs in at once and redirects back, or posts back where it was
asked to. ``hits`` counts the requests by path, ``codes_sent`` lists the codes that were redeemed. ``client``
says how its client proves itself, ``refresh_tokens`` whether there are any, ``access_tokens`` are in force.
"""

import hashlib
import hmac
import html
import json
import ssl
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from joserfc.jwk import RSAKey
from yarl import URL

from idp_adapters import OidcSettings
from tests.support.hostile_oidc_clients import KnownClient
from tests.support.hostile_oidc_refresh import RefreshTokens

Members = dict[str, Any]
Edit = Callable[[Members], Members]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MISSING: Any = object()
"""As a value for ``change``: take the member out."""


def same(members: Members) -> Members:
    """No lie."""
    return members


def same_text(text: str) -> str:
    """No lie."""
    return text


def change(**changes: Any) -> Edit:
    """An edit that sets the named members, or takes them out where the value is MISSING."""

    def edit(members: Members) -> Members:
        kept = {name: value for name, value in members.items() if changes.get(name) is not MISSING}
        return kept | {name: value for name, value in changes.items() if value is not MISSING}

    return edit


@dataclass
class Lies:
    """What is changed on its way out; ``answers`` replaces the whole answer of a path.

    ``claims`` are those of every ID token, ``refreshed`` is the answer to a refresh.
    """

    metadata: Edit = same
    key_set: Edit = same
    callback: Callable[[list[tuple[str, str]]], list[tuple[str, str]]] = list
    header: Edit = same
    claims: Edit = same
    header_text: Callable[[str], str] = same_text
    claims_text: Callable[[str], str] = same_text
    signature: Callable[[bytes], bytes] | None = None
    id_token: Callable[[str], str] = same_text
    tokens: Edit = same
    refreshed: Edit = same
    userinfo: Edit = same
    answers: dict[str, Handler] = field(default_factory=dict)


@dataclass(frozen=True)
class _Grant:
    redirect_uri: str
    nonce: str
    challenge: str
    asked: Members


class HostileProvider:
    """See the module. ``user`` holds the claims of the one person who can sign in here."""

    def __init__(self) -> None:
        self.issuer = ""
        self.lies = Lies()
        self.hits: Counter[str] = Counter()
        self.codes_sent: list[str] = []
        self.key = usual_key()
        self.client = KnownClient("outer:ward", "se+cret /&%:1")
        self.refresh_tokens = RefreshTokens()
        self.access_tokens: set[str] = set()
        self.signed_in_at: float | None = None
        self.user: Members = {
            "sub": "ada",
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada Lovelace",
            "preferred_username": "ada",
            "groups": ["ops"],
        }
        self._grants: dict[str, _Grant] = {}

    @property
    def client_id(self) -> str:
        """Its client's name."""
        return self.client.client_id

    @property
    def client_secret(self) -> str:
        """Its client's secret."""
        return self.client.client_secret

    @classmethod
    @asynccontextmanager
    async def running(cls, tls: ssl.SSLContext | None = None) -> AsyncIterator["HostileProvider"]:
        """Serve on a free loopback port until the block ends, on https where ``tls`` is given."""
        provider = cls()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", provider._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        provider.issuer = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield provider
        finally:
            await runner.cleanup()

    def settings(self, **changes: Any) -> OidcSettings:
        """How an operator would configure it."""
        values: Members = {
            "issuer": self.issuer,
            "client_id": self.client_id,
            "allow_private_network": True,
            "client_auth": self.client.client_auth,
        }
        if self.client.client_auth in ("client_secret_basic", "client_secret_post"):
            values["client_secret"] = self.client_secret
        elif self.client.key is not None:
            values["private_key"] = self.client.key.as_pem(private=True).decode()
        return OidcSettings(**(values | changes))

    def authorize(self, url: str) -> list[tuple[str, str]]:
        """What a browser that opens ``url`` and signs in would bring back to the callback."""
        query = URL(url).query
        code = f"code-{len(self._grants)}"
        self._grants[code] = _Grant(
            query["redirect_uri"], query["nonce"], query["code_challenge"], dict(query)
        )
        return self.lies.callback([("code", code), ("state", query["state"]), ("iss", self.issuer)])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.hits[request.path] += 1
        if request.path in self.lies.answers:
            return await self.lies.answers[request.path](request)
        match request.method, request.path:
            case "GET", "/.well-known/openid-configuration":
                return web.json_response(self.lies.metadata(self.metadata()))
            case "GET", "/keys":
                return web.json_response(self.lies.key_set({"keys": [public_part(self.key)]}))
            case "GET", "/authorize":
                return _sent_back(request.query, self.authorize(str(request.url)))
            case "POST", "/token":
                return await self._token(request)
            case "GET", "/userinfo":
                token = request.headers.get("Authorization", "").removeprefix("Bearer ")
                if token not in self.access_tokens:
                    return web.json_response({"error": "invalid_token"}, status=401)
                return web.json_response(self.lies.userinfo(dict(self.user)))
        raise web.HTTPNotFound

    def metadata(self) -> Members:
        """What it says of itself, without a lie."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        refreshes = form.get("grant_type") == "refresh_token"
        code = form.get("code", "")
        if not refreshes:
            self.codes_sent.append(code)
        authorization = request.headers.get("Authorization", "")
        if not self.client.is_proven(authorization, form, f"{self.issuer}/token"):
            return web.json_response({"error": "invalid_client"}, status=401)
        if refreshes:
            return await self._refresh(form.get("refresh_token", ""))
        grant = self._grants.get(code)
        verifier = form.get("code_verifier", "")
        if (
            grant is None
            or self.codes_sent.count(code) > 1
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != grant.redirect_uri
            or base64url(hashlib.sha256(verifier.encode()).digest()) != grant.challenge
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        told = {"nonce": grant.nonce, "c_hash": half_hash(code), **self._as_asked(grant.asked)}
        refresh_token = self.refresh_tokens.first() if self.refresh_tokens.given else ""
        return web.json_response(self.lies.tokens(self._tokens("an-access-token", refresh_token, told)))

    async def _refresh(self, token: str) -> web.Response:
        """The token is spent before the answer is on its way, as it is with a provider that is slow."""
        following = self.refresh_tokens.use(token)
        if following is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.refresh_tokens.started.set()
        if self.refresh_tokens.held is not None:
            await self.refresh_tokens.held.wait()
        access_token = f"an-access-token-{len(self.refresh_tokens.used)}"
        return web.json_response(self.lies.refreshed(self._tokens(access_token, following, {})))

    def _tokens(self, access_token: str, refresh_token: str, told: Members) -> Members:
        self.access_tokens.add(access_token)
        tokens = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 600,
            "id_token": self._id_token({"at_hash": half_hash(access_token), **told}),
        }
        return tokens | ({"refresh_token": refresh_token} if refresh_token else {})

    def _as_asked(self, asked: Members) -> Members:
        """How the person signed in, where the request wants to know (OpenID Connect Core §3.1.2.1)."""
        told: Members = {}
        if "acr_values" in asked:
            told["acr"] = asked["acr_values"].split()[0]
        if "max_age" in asked:
            told["auth_time"] = int(time.time() if self.signed_in_at is None else self.signed_in_at)
        return told

    def _id_token(self, told: Members) -> str:
        now = int(time.time())
        header = self.lies.header({"alg": "RS256", "kid": self.key.kid})
        claims = self.lies.claims(
            {
                "iss": self.issuer,
                "sub": self.user["sub"],
                "aud": self.client_id,
                "exp": now + 300,
                "iat": now,
                **told,
            }
        )
        head, body = self.lies.header_text(json.dumps(header)), self.lies.claims_text(json.dumps(claims))
        signed = f"{base64url(head.encode())}.{base64url(body.encode())}"
        signature = (self.lies.signature or sign_with(self.key))(signed.encode())
        return self.lies.id_token(f"{signed}.{base64url(signature)}")


@cache
def usual_key() -> RSAKey:
    """The private key of every provider that is not given another."""
    return fresh_key()


def fresh_key() -> RSAKey:
    """A private key of its own, named by its thumbprint."""
    return RSAKey.generate_key(2048, private=True, auto_kid=True)


def weak_public_key() -> Members:
    """An RSA key of 1024 bits as a key set shows it."""
    numbers = generate_private_key(65537, 1024).public_key().public_numbers()  # noqa: S505  the point of it
    return {"kty": "RSA", "use": "sig", "e": "AQAB", "n": base64url(numbers.n.to_bytes(128, "big"))}


def public_part(key: RSAKey) -> Members:
    """The key as a key set shows it."""
    return {**key.as_dict(private=False), "use": "sig"}


def sign_with(key: RSAKey) -> Callable[[bytes], bytes]:
    """RS256 by ``key``, whatever the header says."""
    private = key.private_key
    assert isinstance(private, RSAPrivateKey)
    return lambda data: private.sign(data, padding.PKCS1v15(), hashes.SHA256())


def mac_with(secret: bytes) -> Callable[[bytes], bytes]:
    """HS256 by ``secret``, whatever the header says."""
    return lambda data: hmac.digest(secret, data, "sha256")


def half_hash(value: str) -> str:
    """The at_hash or c_hash of ``value`` under RS256."""
    return base64url(hashlib.sha256(value.encode()).digest()[:16])


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _sent_back(query: Mapping[str, str], parameters: Sequence[tuple[str, str]]) -> web.Response:
    """By a redirect, or by a page whose form sends itself (OAuth 2.0 Form Post Response Mode 1.0 §2)."""
    target = query["redirect_uri"]
    if query.get("response_mode") != "form_post":
        return web.Response(status=303, headers={"Location": f"{target}?{urlencode(parameters)}"})
    fields = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in parameters
    )
    form = f'<form method="post" action="{html.escape(target)}">{fields}</form>'
    page = f'<!doctype html><body onload="document.forms[0].submit()">{form}</body>'
    return web.Response(text=page, content_type="text/html")
