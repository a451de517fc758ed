"""What every played provider does: one person, one client, one code for one token, and PKCE."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from idp_adapters import OAuthSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Members = dict[str, Any]


class Played:
    """One provider. ``person`` is what it knows of the one who signs in; ``lies`` are laid over what it says.

    ``requests`` are the parameters of the authorization requests, ``forms`` those of the token requests.
    """

    preset = ""
    client_id = "a-client"
    client_secret = "se+cret /&%:1"
    access_token = "an-access-token"

    def __init__(self) -> None:
        self.person: Members = {}
        self.token_lies: Members = {}
        self.requests: list[dict[str, str]] = []
        self.forms: list[dict[str, str]] = []
        self._grants: dict[str, dict[str, str]] = {}

    def settings(self, **changes: Any) -> OAuthSettings:
        """How an operator would configure it."""
        values: Members = {
            "provider": self.preset,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        return OAuthSettings(**(values | changes))

    def places(self) -> Mapping[tuple[str, str], Handler]:
        """What it answers, by method and HOST/path."""
        return {}

    async def authorize(self, request: web.Request) -> web.Response:
        """Sign in at once and go back with a code."""
        query = dict(request.query)
        self.requests.append(query)
        assert query["client_id"] == self.client_id
        assert query["response_type"] == "code"
        code = f"a-code-{len(self._grants)}"
        self._grants[code] = query
        answer = {"code": code, "state": query["state"], **self.beside_code()}
        return web.Response(status=302, headers={"Location": f"{query['redirect_uri']}?{urlencode(answer)}"})

    def beside_code(self) -> dict[str, str]:
        """More parameters of the answer to a login."""
        return {}

    async def token(self, request: web.Request) -> web.Response:
        """Redeem a code once, by the client in the form, for its redirect URI and its verifier."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return self.refused("invalid_client", 401)
        if form.get("grant_type") == "refresh_token":
            return self.refresh(form)
        grant = self._grants.pop(form.get("code", ""), None)
        if (
            grant is None
            or form.get("redirect_uri") != grant["redirect_uri"]
            or not self.is_verifier(form.get("code_verifier"), grant.get("code_challenge"))
        ):
            return self.refused("invalid_grant", 400)
        return web.json_response(self.tokens(grant) | self.token_lies)

    def is_verifier(self, verifier: str | None, challenge: str | None) -> bool:
        """RFC 7636 §4.6, S256."""
        digest = hashlib.sha256((verifier or "").encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge

    def refused(self, error: str, status: int) -> web.Response:
        """An error of the token endpoint (RFC 6749 §5.2)."""
        return web.json_response({"error": error, "error_description": "no"}, status=status)

    def tokens(self, grant: Mapping[str, str]) -> Members:
        """What a code is worth."""
        return {"access_token": self.access_token, "token_type": "bearer", "expires_in": 3600}

    def refresh(self, form: Mapping[str, str]) -> web.Response:
        """Take a refresh token."""
        return self.refused("unsupported_grant_type", 400)

    def is_bearer(self, request: web.Request) -> bool:
        """Whether the access token is in the header."""
        return request.headers.get("Authorization") == f"Bearer {self.access_token}"
