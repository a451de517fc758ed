"""The presets that speak OAuth 2.0 without OpenID Connect, each with the API that tells of the person."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from aiohttp import web

from tests.support.preset_played import Handler, Members, Played


class Github(Played):
    """https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps

    Its API: https://docs.github.com/en/rest/users/users, …/users/emails, …/orgs/orgs, …/teams/teams. The
    token does not end, unless ``expiring`` makes it one of a GitHub App, whose refresh gives another pair.
    """

    preset = "github"
    site, api = "github.com", "api.github.com"

    def __init__(self) -> None:
        super().__init__()
        self.person = {"id": 583231, "login": "ada", "name": "Ada Lovelace", "email": None, "type": "User"}
        self.emails: list[Members] = [
            {"email": "old@example.org", "primary": False, "verified": True, "visibility": None},
            {"email": "ada@example.com", "primary": True, "verified": True, "visibility": "private"},
        ]
        self.orgs: list[str] = ["Acme", "example"]
        self.teams: list[tuple[str, str]] = [("Acme", "ops"), ("Acme", "web-dev")]
        self.expiring = False
        self.refresh_token = "ghr_0"

    def places(self) -> Mapping[tuple[str, str], Handler]:
        """The site and the API."""
        return {
            ("GET", f"{self.site}/login/oauth/authorize"): self.authorize,
            ("POST", f"{self.site}/login/oauth/access_token"): self.token,
            ("GET", f"{self.api}/user"): self._user,
            ("GET", f"{self.api}/user/emails"): self._emails,
            ("GET", f"{self.api}/user/orgs"): self._orgs,
            ("GET", f"{self.api}/user/teams"): self._teams,
        }

    def beside_code(self) -> dict[str, str]:
        """RFC 9207."""
        return {"iss": f"https://{self.site}/login/oauth"}

    async def token(self, request: web.Request) -> web.Response:
        """A form, unless JSON is asked for."""
        answer = await super().token(request)
        if request.headers.get("Accept") == "application/json":
            return answer
        return web.Response(
            text=urlencode({"access_token": self.access_token}),
            content_type="application/x-www-form-urlencoded",
        )

    def refused(self, error: str, status: int) -> web.Response:
        """An error with the status 200, in words of its own."""
        own = {"invalid_client": "incorrect_client_credentials", "invalid_grant": "bad_verification_code"}
        return super().refused(own.get(error, error), 200)

    def tokens(self, grant: Mapping[str, str]) -> Members:
        """A token that does not end, or a pair of tokens that do."""
        told = {"access_token": self.access_token, "token_type": "bearer", "scope": "read:org,user:email"}
        if not self.expiring:
            return told
        ends = {"expires_in": 28800, "refresh_token_expires_in": 15811200}
        return told | ends | {"refresh_token": self.refresh_token, "scope": ""}

    def refresh(self, form: Mapping[str, str]) -> web.Response:
        """Another pair for the last refresh token."""
        if form["refresh_token"] != self.refresh_token:
            return self.refused("bad_refresh_token", 200)
        number = int(self.refresh_token.removeprefix("ghr_")) + 1
        self.refresh_token, self.access_token = f"ghr_{number}", f"ghu_{number}"
        return web.json_response(self.tokens({}))

    async def _user(self, request: web.Request) -> web.Response:
        return self._refusal(request) or web.json_response(self.person)

    async def _emails(self, request: web.Request) -> web.Response:
        return self._refusal(request) or web.json_response(self.emails)

    async def _orgs(self, request: web.Request) -> web.Response:
        return self._page(request, [{"login": name, "id": 1} for name in self.orgs])

    async def _teams(self, request: web.Request) -> web.Response:
        teams = [{"slug": slug, "name": slug, "organization": {"login": org}} for org, slug in self.teams]
        return self._page(request, teams)

    def _refusal(self, request: web.Request) -> web.Response | None:
        if not self.is_bearer(request):
            return web.json_response({"message": "Bad credentials", "status": "401"}, status=401)
        assert request.headers["X-GitHub-Api-Version"] == "2022-11-28"
        return None

    def _page(self, request: web.Request, entries: Sequence[Members]) -> web.Response:
        """Pages by the Link header (RFC 8288)."""
        refused = self._refusal(request)
        if refused is not None:
            return refused
        size, page = int(request.query["per_page"]), int(request.query.get("page", "1"))
        headers = {}
        if page * size < len(entries):
            url = f"https://{request.path.removeprefix('/')}?per_page={size}&page="
            last = -(-len(entries) // size)
            headers["Link"] = f'<{url}{page + 1}>; rel="next", <{url}{last}>; rel="last"'
        return web.json_response(list(entries[(page - 1) * size : page * size]), headers=headers)


class Facebook(Played):
    """https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow

    Calls must carry the proof of https://developers.facebook.com/docs/graph-api/guides/secure-requests.
    """

    preset = "facebook"

    def __init__(self) -> None:
        super().__init__()
        self.person = {"id": "10158123456789012", "name": "Ada Lovelace", "email": "ada@example.com"}

    def places(self) -> Mapping[tuple[str, str], Handler]:
        """The dialog and the Graph API."""
        return {
            ("GET", "www.facebook.com/v25.0/dialog/oauth"): self.authorize,
            ("POST", "graph.facebook.com/v25.0/oauth/access_token"): self.token,
            ("GET", "graph.facebook.com/v25.0/me"): self._me,
        }

    def refused(self, error: str, status: int) -> web.Response:
        """An error is an object."""
        return web.json_response(
            {"error": {"message": "no", "type": "OAuthException", "code": 100}}, status=400
        )

    async def _me(self, request: web.Request) -> web.Response:
        key, token = self.client_secret.encode(), self.access_token.encode()
        proof = hmac.new(key, token, hashlib.sha256).hexdigest()
        if not self.is_bearer(request) or request.query.get("appsecret_proof") != proof:
            error = {"message": "Invalid OAuth access token.", "type": "OAuthException", "code": 190}
            return web.json_response({"error": error}, status=400)
        return web.json_response(
            {name: self.person[name] for name in request.query["fields"].split(",") if name in self.person}
        )


class Amazon(Played):
    """https://developer.amazon.com/docs/login-with-amazon/authorization-code-grant.html"""

    preset = "amazon"
    access_token = "Atza|IQEBLjAsAhRmHjNgHpi0U-Dme37rR6CuUpSR"

    def __init__(self) -> None:
        super().__init__()
        self.person = {
            "user_id": "amzn1.account.K2LI23KL2LK2",
            "name": "Ada Lovelace",
            "email": "ada@example.com",
        }

    def places(self) -> Mapping[tuple[str, str], Handler]:
        """The site and the API."""
        return {
            ("GET", "www.amazon.com/ap/oa"): self.authorize,
            ("POST", "api.amazon.com/auth/o2/token"): self.token,
            ("GET", "api.amazon.com/user/profile"): self._profile,
        }

    def tokens(self, grant: Mapping[str, str]) -> Members:
        """With a refresh token."""
        return super().tokens(grant) | {"refresh_token": "Atzr|IQEBLzAtAhRPpMJxdwVz2Nn6f2y"}

    def refresh(self, form: Mapping[str, str]) -> web.Response:
        """Another access token; the refresh token stays."""
        if form["refresh_token"] != "Atzr|IQEBLzAtAhRPpMJxdwVz2Nn6f2y":
            return self.refused("invalid_grant", 400)
        self.access_token = "Atza|another"
        return web.json_response(super().tokens({}))

    async def _profile(self, request: web.Request) -> web.Response:
        if not self.is_bearer(request):
            return web.json_response({"error": "invalid_token", "error_description": "no"}, status=400)
        return web.json_response(self.person)
