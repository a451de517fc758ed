"""The demo's OpenID provider, small and real (OpenID Connect Core, Discovery, RP-Initiated Logout 1.0).

Code flow with PKCE S256, RS256, client_secret_basic, single-use codes, the issuer in each answer (RFC 9207).
Its people have no passwords, which is all that makes it a demo. Knows nothing of the edge.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from outerward.demo.authorization import Authorization, Client, NoRedirectError, RefusedError, read
from outerward.demo.end_session import Claims, EndSession, read_end_session
from outerward.demo.handles import Handles
from outerward.demo.pages import name_no_versions, only_at, page, refusal
from outerward.demo.people import Person
from outerward.demo.sign_ins import Questions, SignIn, SignIns

_COOKIE = "outerward-demo-sign-in"
_CODE_S = 60
_TOKEN_S = 300
_NO_STORE = {"Cache-Control": "no-store"}
_NOT_ASKED = "It was used already, is too old, or was begun in another browser."


@dataclass(frozen=True, slots=True)
class _Grant:
    authorization: Authorization
    sign_in: SignIn


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
        self._sign_ins = SignIns(issuer, _COOKIE, clock)
        self._waiting: Questions[Authorization] = Questions(self._sign_ins)
        self._leaving: Questions[EndSession] = Questions(self._sign_ins)
        self._codes: Handles[_Grant] = Handles(_CODE_S, clock)
        self._tokens: Handles[_Grant] = Handles(_TOKEN_S, clock)
        self._token_of_code: Handles[str] = Handles(_TOKEN_S, clock)

    def app(self) -> web.Application:
        """The provider as an application to serve at its issuer."""
        app = web.Application(client_max_size=16 * 1024, middlewares=[only_at(self.issuer)])
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_get("/jwks", self._keys)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/authorize", self._authorize)
        app.router.add_post("/sign-in", self._sign_in)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        app.router.add_post("/userinfo", self._userinfo)
        app.router.add_get("/end-session", self._end_session)
        app.router.add_post("/end-session", self._end_session)
        app.router.add_post("/sign-out", self._sign_out)
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
                "end_session_endpoint": f"{self.issuer}/end-session",
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
                    "sid",
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
        try:
            authorization = read(await _pairs(request), self._client, self.issuer)
        except NoRedirectError as refused:
            return refusal(str(refused))
        except RefusedError as refused:
            return _see(refused.url)
        sign_in = self._sign_ins.current(request)
        if sign_in is not None and not self._must_ask(authorization, sign_in):
            return self._grant(authorization, sign_in)
        if "none" in authorization.prompts:
            return _see(authorization.answer(self.issuer, error="login_required"))
        return self._ask(request, authorization)

    def _must_ask(self, authorization: Authorization, sign_in: SignIn) -> bool:
        too_old = authorization.max_age_s is not None and self._clock() - sign_in.at > authorization.max_age_s
        return too_old or bool(authorization.prompts & {"login", "select_account"})

    def _ask(self, request: web.Request, authorization: Authorization) -> web.Response:
        question, browser = self._waiting.ask(request, authorization)
        values = {
            "title": "Demo sign-in",
            "application": self._client.name,
            "again": "login" in authorization.prompts,
            "action": f"{self.issuer}/sign-in",
            "request": question,
            "people": list(self._people.values()),
        }
        response = page("sign_in", values, form_targets=f"'self' {authorization.origin}")
        self._sign_ins.set_cookie(response, browser)
        return response

    async def _sign_in(self, request: web.Request) -> web.Response:
        authorization = await self._waiting.answered(request)
        if authorization is None:
            return refusal(_NOT_ASKED)
        person = self._people.get(str((await request.post()).get("person", "")))
        if person is None:
            return _see(authorization.answer(self.issuer, error="access_denied"))
        sign_in, cookie = self._sign_ins.begin(request, person)
        response = self._grant(authorization, sign_in)
        self._sign_ins.set_cookie(response, cookie)
        return response

    def _grant(self, authorization: Authorization, sign_in: SignIn) -> web.Response:
        return _see(authorization.answer(self.issuer, code=self._codes.put(_Grant(authorization, sign_in))))

    async def _end_session(self, request: web.Request) -> web.Response:
        """RP-Initiated Logout §2: at once where the hint is of this browser's sign-in, else after asking."""
        pairs = await _pairs(request)
        if request.method == "POST":
            # A Lax cookie does not come with another site's form; it does with what follows.
            return _see(f"{self.issuer}/end-session?{urlencode(pairs)}")
        try:
            wanted = read_end_session(pairs, self._client, self._own_claims)
        except NoRedirectError as refused:
            return refusal(str(refused))
        sign_in = self._sign_ins.current(request)
        if sign_in is None or sign_in.session_id == wanted.session_id:
            return self._signed_out(wanted, wanted.session_id)
        question, _ = self._leaving.ask(request, wanted)
        values = {
            "title": "Demo sign-in",
            "name": sign_in.person.name,
            "heading": "Sign out?",
            "sentence": f"You are signed in at the demo's OpenID provider as {sign_in.person.name}.",
            "action": f"{self.issuer}/sign-out",
            "request": question,
            "button": "Sign out",
            "application": "",
            "application_url": "",
        }
        return page("sign_out", values, form_targets=" ".join(["'self'", *wanted.origins]))

    async def _sign_out(self, request: web.Request) -> web.Response:
        wanted = await self._leaving.answered(request)
        if wanted is None:
            return refusal(_NOT_ASKED)
        sign_in = self._sign_ins.current(request)
        return self._signed_out(wanted, "" if sign_in is None else sign_in.session_id)

    def _signed_out(self, wanted: EndSession, session_id: str) -> web.Response:
        self._sign_ins.end(session_id)
        values = {
            "title": "Demo sign-in",
            "heading": "You are signed out",
            "sentence": "The demo's OpenID provider has ended your sign-in.",
            "application": "",
            "application_url": "",
        }
        response = _see(wanted.url) if wanted.url else page("signed_out", values)
        self._sign_ins.clear_cookie(response)
        return response

    def _own_claims(self, token: str) -> Claims | None:
        """The claims of an ID token of this provider; it may have expired (RP-Initiated Logout §2)."""
        try:
            return jwt.decode(token, self._key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            return None

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
            "sid": grant.sign_in.session_id,
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


async def _pairs(request: web.Request) -> list[tuple[str, str]]:
    form = await request.post() if request.method == "POST" else request.query
    return [(name, value) for name, value in form.items() if isinstance(value, str)]


def _digest(text: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _see(url: str) -> web.Response:
    """303, so that a form's fields are not sent on (RFC 9700 §4.12)."""
    return web.Response(status=303, headers={"Location": url, **_NO_STORE, "Referrer-Policy": "no-referrer"})


def _error(code: str, status: int = 400, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": code}, status=status, headers=_NO_STORE | (headers or {}))
