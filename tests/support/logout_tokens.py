"""Logout by OpenID Connect over real sockets: a provider that signs any logout token, edges, an upstream.

    async with logout_scene(store) as scene:
        cookie = await scene.sign_in(sid="s-1")
        answer = await scene.tell(scene.token(sid="s-1"))
        assert not await scene.is_in(cookie)

``scene.token`` makes a token that is accepted as it is; every part of it can be edited for one test. The
hosts app and second use the provider ``corp``, the host okta uses ``okta``: another issuer, another key.
"""

import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from joserfc.jwk import RSAKey

from idp_adapters import OidcProvider
from proxy import Site, create_control_app
from session_store import Store
from tests.support.edge import HOST, Edge, route, running_edge
from tests.support.hostile_oidc import (
    Edit,
    HostileProvider,
    Members,
    base64url,
    change,
    fresh_key,
    same,
    same_text,
    sign_with,
)
from tests.support.http_client import Answer, Headers
from tests.support.upstreams import Echo

SECOND, OKTA = "second.localhost", "okta.localhost"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
BACK, FRONT = "/.outerward/backchannel-logout/corp", "/.outerward/frontchannel-logout/corp"
LOGOUT, SIGNED_OUT = "/.outerward/logout", "/.outerward/signed-out"
FORM = "application/x-www-form-urlencoded"
BROWSER: Headers = (("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"))
TYPED_IN: Headers = (*BROWSER, ("Sec-Fetch-Site", "none"))
IN_A_FRAME: Headers = (
    ("Accept", "text/html"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "iframe"),
    ("Sec-Fetch-Site", "cross-site"),
)
_CODE = re.compile(rb"(?:OUT-|ERR_OUTERWARD_)(\d{4})")
_made = itertools.count()


@dataclass(frozen=True)
class LogoutToken:
    """How a logout token is made; edited step by step, as ``tests.support.hostile_oidc`` edits ID tokens."""

    header: Edit = same
    claims: Edit = same
    header_text: Callable[[str], str] = same_text
    claims_text: Callable[[str], str] = same_text
    signature: Callable[[bytes], bytes] | None = None

    def signed_by(self, provider: HostileProvider, **claims: Any) -> str:
        """A token of ``provider`` from this very moment, with an id of its own."""
        now = int(time.time())
        usual: Members = {
            "iss": provider.issuer,
            "aud": provider.client_id,
            "iat": now,
            "exp": now + 120,
            "jti": f"jti-{next(_made)}",
            "events": {EVENT: {}},
        }
        header = self.header({"alg": "RS256", "kid": provider.key.kid, "typ": "logout+jwt"})
        told = self.claims(change(**claims)(usual | {k: v for k, v in claims.items() if k not in usual}))
        head, body = self.header_text(json.dumps(header)), self.claims_text(json.dumps(told))
        signed = f"{base64url(head.encode())}.{base64url(body.encode())}"
        return f"{signed}.{base64url((self.signature or sign_with(provider.key))(signed.encode()))}"


def code_of(answer: Answer) -> int:
    """The number of the page or the JSON that an answer is; 0 where it is neither."""
    found = _CODE.search(answer.body)
    return int(found[1]) if found else 0


def cookies_in(answer: Answer) -> dict[str, str]:
    """What an answer sets; what it clears is not in it."""
    pairs = [line.partition(";")[0].partition("=") for line in answer.all("set-cookie")]
    return {name: value for name, _, value in pairs if value}


@dataclass(frozen=True)
class Begun:
    """A login that the provider has answered: where the browser goes back to, and its login cookie."""

    callback: str
    cookie: str
    host: str


@dataclass
class LogoutScene:
    """Everything that a test of OpenID logout needs, and the words for it."""

    edges: Sequence[Edge]
    store: Store
    upstream: Echo
    corp: HostileProvider
    okta: HostileProvider

    @property
    def edge(self) -> Edge:
        """The first edge."""
        return self.edges[0]

    def provider_of(self, host: str) -> HostileProvider:
        """The other side of the provider that ``host`` uses."""
        return self.okta if host == OKTA else self.corp

    async def get(
        self, target: str, *, cookie: str = "", host: str = HOST, headers: Headers = BROWSER
    ) -> Answer:
        """A navigation; ``cookie`` is a whole ``Cookie`` header."""
        sent = [*headers, *([("Cookie", cookie)] if cookie else [])]
        return await self.edge.ask(target, host=host, headers=sent)

    async def begin(self, *, sid: str = "", sub: str = "ada", host: str = HOST, path: str = "/") -> Begun:
        """Begin a login and let the provider answer it, as ``sub`` in its session ``sid``."""
        away = await self.get(f"/.outerward/login?redirect_path={quote(path)}", host=host)
        assert away.status == 302, away.body
        ((name, value),) = cookies_in(away).items()
        provider = self.provider_of(host)
        answer = provider.authorize(away.header("location"))
        provider.user["sub"] = sub
        provider.lies.claims = change(sid=sid) if sid else same
        callback = f"/.outerward/callback/{'okta' if host == OKTA else 'corp'}?{urlencode(answer)}"
        return Begun(callback, f"{name}={value}", host)

    async def come_back(self, begun: Begun) -> Answer:
        """To the callback."""
        return await self.get(begun.callback, cookie=begun.cookie, host=begun.host)

    async def sign_in(self, *, sid: str = "", sub: str = "ada", host: str = HOST) -> str:
        """A whole login and a first request; the session cookie's value."""
        landing = await self.come_back(await self.begin(sid=sid, sub=sub, host=host))
        assert landing.status == 302, landing.body
        cookie = cookies_in(landing)["outerward"]
        assert await self.is_in(cookie, host)
        return cookie

    async def is_in(self, cookie: str, host: str = HOST, edge: Edge | None = None) -> bool:
        """Whether a request with ``cookie`` reaches the upstream."""
        before = self.upstream.hits
        answer = await (edge or self.edge).ask(cookie=cookie, host=host)
        assert answer.status in (200, 401), answer
        assert (answer.status == 200) == (self.upstream.hits == before + 1)
        return answer.status == 200

    def token(self, how: LogoutToken | None = None, **claims: Any) -> str:
        """A logout token of corp, good but for what ``how`` and ``claims`` make of it."""
        return (how or LogoutToken()).signed_by(self.corp, **claims)

    async def tell(
        self, token: str, *, target: str = BACK, host: str = HOST, edge: Edge | None = None
    ) -> Answer:
        """Send a logout token as a provider does."""
        return await self.send(
            urlencode({"logout_token": token}).encode(), target=target, host=host, edge=edge
        )

    async def send(
        self,
        body: bytes,
        *headers: tuple[str, str],
        method: str = "POST",
        target: str = BACK,
        content_type: str = FORM,
        host: str = HOST,
        edge: Edge | None = None,
    ) -> Answer:
        """Any request to the back channel."""
        sent = [("Content-Type", content_type), *headers] if content_type else list(headers)
        return await (edge or self.edge).ask(target, method=method, host=host, headers=sent, body=body)

    async def assert_nothing_ended(self, cookie: str, answer: Answer) -> None:
        """The answer is a 4xx of ours, tells nothing and is not kept, and ``cookie`` still opens the door."""
        assert 400 <= answer.status < 500, (answer.status, answer.body)
        assert code_of(answer)
        assert answer.header("cache-control") == "no-store"
        assert answer.all("set-cookie") == []
        assert await self.is_in(cookie)


@cache
def _second_key() -> RSAKey:
    return fresh_key()


def done(answer: Answer) -> bool:
    """Whether an answer says that a logout token was carried out (Back-Channel Logout 1.0 §2.8)."""
    return (answer.status, answer.body, answer.header("cache-control")) == (200, b"", "no-store")


@asynccontextmanager
async def logout_scene(
    store: Store, *, workers: int = 1, end_session: bool = False, **settings: Any
) -> AsyncIterator[LogoutScene]:
    """A scene with so many edges on one store; ``end_session``: corp takes logouts of ours too."""
    async with AsyncExitStack() as stack:
        corp = await stack.enter_async_context(HostileProvider.running())
        okta = await stack.enter_async_context(HostileProvider.running())
        okta.key = _second_key()
        if end_session:
            corp.lies.metadata = change(end_session_endpoint=f"{corp.issuer}/end")
        upstream = await stack.enter_async_context(Echo.running())
        routes = [route(upstream), route(upstream, SECOND), route(upstream, OKTA, provider="okta")]
        edges = []
        for _ in range(workers):
            providers = {
                "corp": OidcProvider("corp", corp.settings(**settings)),
                "okta": OidcProvider("okta", okta.settings()),
            }
            for provider in providers.values():
                stack.push_async_callback(provider.close)
            control = create_control_app(Site.of(routes), store, providers)
            edges.append(await stack.enter_async_context(running_edge(store, routes, control=control)))
        yield LogoutScene(edges, store, upstream, corp, okta)
