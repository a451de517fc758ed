"""The demo's identity provider: a small, real OpenID provider (OpenID Connect Core 1.0, Discovery 1.0).

Code flow with PKCE S256, RS256, client_secret_basic, single-use codes, the issuer in each answer (RFC 9207).
Its people have no passwords, which is all that makes it a demo. Knows nothing of the edge.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from outerward.demo.authorization import Authorization, Client, NoRedirectError, RefusedError, read
from outerward.demo.handles import Handles
from outerward.demo.pages import name_no_versions, page
from outerward.demo.people import Person

_COOKIE = "outerward-demo-sign-in"
_REQUEST_S = 600
_CODE_S = 60
_TOKEN_S = 300
_SIGNED_IN_S = 12 * 3600
_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class _SignIn:
    person: Person
    at: int


@dataclass(frozen=True, slots=True)
class _Grant:
    authorization: Authorization
    sign_in: _SignIn


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that waits for a person to be chosen, in the browser that holds ``browser``."""

    authorization: Authorization
    browser: str


class DemoProvider:
    """One issuer, its people and its one client; ``clock`` in seconds of Unix time."""

    def __init__(
        self, issuer: str, people: Sequence[Person], client: Client, clock: Callable[[], float] = time.time
    ) -> None:
        self.issuer = issuer
        self._people = {person.subject: person for person in people}
        self._client = client
        self._clock = clock
        self._key = RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256"}, auto_kid=True)
        self._browsers: Handles[_SignIn] = Handles(_SIGNED_IN_S, clock)
        self._waiting: Handles[_Waiting] = Handles(_REQUEST_S, clock)
        self._codes: Handles[_Grant] = Handles(_CODE_S, clock)
        self._tokens: Handles[_Grant] = Handles(_TOKEN_S, clock)
        self._token_of_code: Handles[str] = Handles(_TOKEN_S, clock)

    def app(self) -> web.Application:
        """The provider as an application to serve at its issuer."""
        app = web.Application(client_max_size=16 * 1024)
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_get("/jwks", self._keys)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/authorize", self._authorize)
        app.router.add_post("/sign-in", self._sign_in)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        app.router.add_post("/userinfo", self._userinfo)
        app.on_response_prepare.append(name_no_versions)
        return app

    async def _metadata(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
                "scopes_supported": ["openid", "profile", "email"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
                "prompt_values_supported": ["none", "login", "consent", "select_account"],
                "claims_supported": [
                    "sub",
                    "name",
                    "preferred_username",
                    "email",
                    "email_verified",
                    "groups",
                ],
                "authorization_response_iss_parameter_supported": True,
                "request_parameter_supported": False,
                "request_uri_parameter_supported": False,
            }
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response(KeySet([self._key]).as_dict(private=False))

    async def _authorize(self, request: web.Request) -> web.Response:
        form = await request.post() if request.method == "POST" else request.query
        pairs = [(name, value) for name, value in form.items() if isinstance(value, str)]
        try:
            authorization = read(pairs, self._client, self.issuer)
        except NoRedirectError as refused:
            return page("refused", {"title": "Demo sign-in", "sentence": str(refused)}, status=400)
        except RefusedError as refused:
            return _see(refused.url)
        sign_in = self._browsers.get(request.cookies.get(_COOKIE, ""))
        if sign_in is not None and not self._must_ask(authorization, sign_in):
            return self._grant(authorization, sign_in)
        if "none" in authorization.prompts:
            return _see(authorization.answer(self.issuer, error="login_required"))
        return self._ask(authorization, request.cookies.get(_COOKIE) or secrets.token_urlsafe(32))

    def _must_ask(self, authorization: Authorization, sign_in: _SignIn) -> bool:
        too_old = authorization.max_age_s is not None and self._clock() - sign_in.at > authorization.max_age_s
        return too_old or bool(authorization.prompts & {"login", "select_account"})

    def _ask(self, authorization: Authorization, browser: str) -> web.Response:
        values = {
            "title": "Demo sign-in",
            "application": self._client.name,
            "again": "login" in authorization.prompts,
            "action": f"{self.issuer}/sign-in",
            "request": self._waiting.put(_Waiting(authorization, browser)),
            "people": list(self._people.values()),
        }
        response = page("sign_in", values, form_targets=f"'self' {authorization.origin}")
        self._set_cookie(response, browser)
        return response

    async def _sign_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        waiting = self._waiting.take(str(form.get("request", "")))
        foreign = request.headers.get("Origin", self.issuer) != self.issuer
        if waiting is None or foreign or waiting.browser != request.cookies.get(_COOKIE):
            sentence = "It was used already, is too old, or was begun in another browser."
            return page("refused", {"title": "Demo sign-in", "sentence": sentence}, status=400)
        person = self._people.get(str(form.get("person", "")))
        if person is None:
            return _see(waiting.authorization.answer(self.issuer, error="access_denied"))
        sign_in = _SignIn(person, int(self._clock()))
        response = self._grant(waiting.authorization, sign_in)
        self._set_cookie(response, self._browsers.put(sign_in))
        return response

    def _grant(self, authorization: Authorization, sign_in: _SignIn) -> web.Response:
        return _see(authorization.answer(self.issuer, code=self._codes.put(_Grant(authorization, sign_in))))

    def _set_cookie(self, response: web.Response, value: str) -> None:
        secure = urlsplit(self.issuer).scheme == "https"
        response.set_cookie(_COOKIE, value, httponly=True, samesite="Lax", path="/", secure=secure)

    async def _token(self, request: web.Request) -> web.Response:
        if not self._authenticates(request.headers.get("Authorization", "")):
            headers = {"WWW-Authenticate": 'Basic realm="token"'}
            return _error("invalid_client", 401, headers)
        form = await request.post()
        if any(len(form.getall(name)) > 1 for name in form):
            return _error("invalid_request")
        if form.get("grant_type") != "authorization_code":
            return _error("unsupported_grant_type")
        code = str(form.get("code", ""))
        grant = self._codes.take(code)
        if grant is None:
            # A code that comes twice may have been stolen: what it brought is withdrawn (RFC 6749 §4.1.2).
            self._tokens.take(self._token_of_code.take(_digest(code)) or "")
            return _error("invalid_grant")
        verified = hmac.compare_digest(
            _digest(str(form.get("code_verifier", ""))), grant.authorization.challenge
        )
        if not verified or form.get("redirect_uri") != grant.authorization.redirect_uri:
            return _error("invalid_grant")
        access_token = self._tokens.put(grant)
        self._token_of_code.keep(_digest(code), access_token)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": _TOKEN_S,
            "scope": " ".join(sorted(grant.authorization.scopes)),
            "id_token": self._id_token(grant, access_token),
        }
        return web.json_response(answer, headers=_NO_STORE)

    def _authenticates(self, authorization: str) -> bool:
        """client_secret_basic: both halves are form-encoded (RFC 6749 §2.3.1)."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return False
        offered = f"{unquote_plus(client_id)}\0{unquote_plus(secret)}".encode()
        expected = f"{self._client.id}\0{self._client.secret}".encode()
        return scheme.lower() == "basic" and hmac.compare_digest(offered, expected)

    def _id_token(self, grant: _Grant, access_token: str) -> str:
        now = int(self._clock())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims: dict[str, str | int] = {
            "iss": self.issuer,
            "sub": grant.sign_in.person.subject,
            "aud": self._client.id,
            "exp": now + _TOKEN_S,
            "iat": now,
            "auth_time": grant.sign_in.at,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        if grant.authorization.nonce is not None:
            claims["nonce"] = grant.authorization.nonce
        return jwt.encode({"alg": "RS256", "kid": self._key.kid}, claims, self._key, algorithms=["RS256"])

    async def _userinfo(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        grant = self._tokens.get(token) if scheme.lower() == "bearer" else None
        if grant is None:
            return _error("invalid_token", 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        person, scopes = grant.sign_in.person, grant.authorization.scopes
        claims: dict[str, object] = {"sub": person.subject}
        if "profile" in scopes:
            claims |= {
                "name": person.name,
                "preferred_username": person.username,
                "groups": list(person.groups),
            }
        if "email" in scopes:
            claims |= {"email": person.email, "email_verified": True}
        return web.json_response(claims, headers=_NO_STORE)


def _digest(text: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _see(url: str) -> web.Response:
    """303, so that a form's fields are not sent on (RFC 9700 §4.12)."""
    return web.Response(status=303, headers={"Location": url, **_NO_STORE, "Referrer-Policy": "no-referrer"})


def _error(code: str, status: int = 400, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": code}, status=status, headers=_NO_STORE | (headers or {}))
