"""The control app on a real socket, and what stands around it: routes, a browser, a provider without network.

The test takes the edge's place: every request carries ``X-Outerward-Edge``. ``Browser`` keeps cookies as a
browser does (by name, in order, cleared by Max-Age=0) and sends paths byte for byte:

    async with serving(site("app.localhost"), store, [Stub("corp")]) as control:
        visitor = control.browser("app.localhost")
        landing = await visitor.sign_in("/report", "ada")
"""

import itertools
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDictProxy
from yarl import URL

from idp_adapters import (
    Identity,
    LoginBegun,
    LoginCompleted,
    LoginError,
    LoginErrorReason,
    LogoutBegun,
    LogoutDemand,
    LogoutMessage,
    Parameters,
    Prompt,
    ProtocolName,
    Provider,
    Redirect,
    RelyingParty,
    ResponseMode,
    parse_rule,
)
from proxy import LoginHost, Route, Site, UpstreamAddress, create_control_app
from proxy.login.transaction import key_of
from session_store import Endpoint, Store, endpoint_id, keys
from tests.support.redis_server import RedisServer

NAVIGATION = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}
_requests = itertools.count(1)


def route(
    hostname: str,
    prefix: str = "",
    *,
    origin: str = "",
    provider: str | tuple[str, ...] = "corp",
    allow: Sequence[str] = ("*",),
    max_session_s: int = 3600,
    **rules: Any,
) -> Route:
    """One endpoint; on ``https`` unless ``origin`` says otherwise."""
    origin = origin or f"https://{hostname}"
    name = hostname + prefix
    endpoint = Endpoint(id=endpoint_id(name), public_url=origin + prefix, tunnel=name)
    return Route(
        endpoint=endpoint,
        hostname=hostname,
        path_prefix=prefix,
        origin=origin,
        secure=origin.startswith("https:"),
        providers=(provider,) if isinstance(provider, str) else provider,
        rules=tuple(parse_rule(text) for text in allow),
        upstream=UpstreamAddress("http", "127.0.0.1", 1),
        max_session_s=max_session_s,
        **rules,
    )


ROUTES = (
    route("app.example.com", allow=("ada@example.com", "@staff.example")),
    route("apps.localhost", "/wiki", origin="http://apps.localhost:4180", provider="okta", max_session_s=60),
    route("apps.localhost", "/notes", origin="http://apps.localhost:4180", max_session_s=7200),
)
"""A tunnel on https, and an edge with two routes on plain http."""


class Stub:
    """A provider that signs in whoever the callback's ``code`` names; no network.

    ``begun`` and ``completed`` record what was asked of it; ``fails`` makes every step fail.
    """

    def __init__(
        self,
        name: str = "corp",
        *,
        people: Mapping[str, Identity] | None = None,
        protocol: ProtocolName = "oidc",
        response_mode: ResponseMode = "query",
    ) -> None:
        self.protocol: ProtocolName = protocol
        self.response_mode: ResponseMode = "form_post" if protocol == "saml" else response_mode
        self.name = name
        self.display_name = name.title()
        self.issuer = f"https://{name}.example"
        self.people = dict(people or {})
        self.begun: list[tuple[str, Prompt]] = []
        self.completed: list[str] = []
        self.fails: LoginErrorReason | None = None
        self.waits: Callable[[], object] = lambda: None
        self.leads_on = False

    async def begin(self, party: RelyingParty, prompt: Prompt = "") -> LoginBegun:
        self._fail()
        self.begun.append((party.answer, prompt))
        state = secrets.token_urlsafe(32)
        url = f"{self.issuer}/authorize?state={state}&redirect_uri={quote(party.answer, safe='')}"
        return LoginBegun(sending=Redirect(url), state=state, transaction=party.answer.encode())

    def state_of(self, parameters: Parameters) -> str:
        return dict(parameters).get("state", "")

    async def complete(
        self, parameters: Parameters, transaction: bytes | None, party: RelyingParty
    ) -> LoginCompleted:
        self.waits()
        values = dict(parameters)
        self.completed.append(values.get("code", ""))
        self._fail()
        if transaction != party.answer.encode():
            raise LoginError("invalid_response", "another redirect URI")
        if "error" in values:
            raise LoginError("denied" if values["error"] == "access_denied" else "provider_error")
        code = values.get("code", "")
        return LoginCompleted(identity=self.people.get(code) or person(code, self.issuer), memory=b"memory")

    async def refresh(self, memory: bytes, identity: Identity) -> None:
        return None

    async def logout(self, memory: bytes, party: RelyingParty) -> LogoutBegun | None:
        """To an end-session address that tells what was remembered, where ``leads_on`` says so."""
        state = secrets.token_urlsafe(32)
        url = f"{self.issuer}/end?state={state}&memory={memory.decode()}&back={party.signed_out}"
        return LogoutBegun(sending=Redirect(url), state=state) if self.leads_on else None

    async def read_logout(self, message: LogoutMessage, party: RelyingParty) -> LogoutDemand:
        raise LoginError("invalid_response", "the test knows no logout messages")

    async def answer_logout(self, reply: bytes, party: RelyingParty) -> None:
        return None

    async def metadata(self, party: RelyingParty) -> None:
        return None

    async def close(self) -> None:
        pass

    def _fail(self) -> None:
        if self.fails is not None:
            raise LoginError(self.fails, "the test wants it so")


def person(subject: str, issuer: str = "https://corp.example") -> Identity:
    """Somebody with a verified address at example.com."""
    return Identity(
        issuer=issuer,
        subject=subject,
        username=subject,
        name=subject.title(),
        email=f"{subject}@example.com",
        email_verified=True,
    )


@dataclass(frozen=True)
class Reply:
    """One answer, read whole."""

    status: int
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def location(self) -> str:
        """Where it redirects to."""
        return self.headers["Location"]

    @property
    def code(self) -> str:
        """The page's or the JSON's code, as ``OUT-nnnn``."""
        found = re.search(r"(?:OUT-|ERR_OUTERWARD_)(\d{4})", self.text)
        return f"OUT-{found[1]}" if found else ""

    @property
    def set_cookies(self) -> list[str]:
        """Every ``Set-Cookie`` value."""
        return self.headers.getall("Set-Cookie", [])

    @property
    def parameters(self) -> dict[str, str]:
        """The query of the address that it redirects to."""
        return dict(parse_qsl(urlsplit(self.location).query))

    def form(self, button: str) -> str:
        """The address of the POST form with the button called ``button``."""
        forms = dict(_Forms(self.text).found)
        assert button in forms, f"no button {button!r} in: {self.text}"
        return forms[button]

    def link(self, label: str) -> str:
        """The address of the link called ``label``."""
        links = dict(_Forms(self.text).links)
        assert label in links, f"no link {label!r} in: {self.text}"
        return links[label]


class _Forms(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.links: list[tuple[str, str]] = []
        self._action = self._href = ""
        self._in_button = self._in_link = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            assert values["method"] == "post"
            self._action = values["action"] or ""
        self._in_button = tag == "button"
        self._in_link = tag == "a"
        if self._in_link:
            self._href = values["href"] or ""

    def handle_endtag(self, tag: str) -> None:
        self._in_button = self._in_link = False

    def handle_data(self, data: str) -> None:
        if self._in_button:
            self.found.append((data, self._action))
        if self._in_link:
            self.links.append((data, self._href))


@dataclass
class Browser:
    """One browser on one host. ``address`` is the client's as the edge sees it."""

    http: aiohttp.ClientSession
    base: str
    hostname: str
    origin: str
    address: str = "192.0.2.1"
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> Reply:
        """A navigation, by address bar unless ``headers`` (``sec_fetch_site`` …) say otherwise."""
        return await self.send("GET", path, **headers)

    async def post(self, path: str, **headers: str) -> Reply:
        """A form of our own page, sent."""
        return await self.send(
            "POST", path, **{"origin": self.origin, "sec_fetch_site": "same-origin", **headers}
        )

    async def deliver(self, path: str, fields: Mapping[str, str] | Sequence[tuple[str, str]]) -> Reply:
        """A form of a provider's page, sent: from another site, so that no cookie of ours comes along."""
        pairs = list(fields.items() if isinstance(fields, Mapping) else fields)
        headers = {"origin": "null", "sec_fetch_site": "cross-site", "cookie": ""}
        return await self._send("POST", path, headers, aiohttp.FormData(pairs))

    async def send(self, method: str, path: str, **headers: str) -> Reply:
        """Any request; a header given as "" is left out."""
        return await self._send(method, path, headers)

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], form: aiohttp.FormData | None = None
    ) -> Reply:
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        edge = {"X-Outerward-Edge": f"{self.address} {self.hostname} req_{next(_requests)}"}
        jar = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}
        sent = {k: v for k, v in {**NAVIGATION, **jar, **named, **edge}.items() if v}
        url = URL(self.base + path, encoded=True)
        async with self.http.request(method, url, headers=sent, data=form, allow_redirects=False) as response:
            reply = Reply(response.status, response.headers, await response.text())
        self._keep(reply.set_cookies)
        return reply

    def _keep(self, set_cookies: Sequence[str]) -> None:
        for line in set_cookies:
            pair, *attributes = line.split("; ")
            name, _, value = pair.partition("=")
            assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(attributes)
            assert ("Secure" in attributes) == self.origin.startswith("https:")
            if "Max-Age=0" not in attributes:
                assert name.startswith("__Host-") == ("Secure" in attributes and "Domain=" not in line)
            self.cookies.pop(name, None)
            if "Max-Age=0" not in attributes:
                self.cookies[name] = value

    async def begin(self, return_path: str = "/") -> dict[str, str]:
        """Begin a login; the parameters that the provider is sent."""
        reply = await self.get(f"/.outerward/login?redirect_path={quote(return_path, safe='')}")
        assert reply.status == 302, reply.text
        return reply.parameters

    async def answer(self, state: str, code: str, provider: str = "corp") -> Reply:
        """Come back from the provider."""
        return await self.get(f"/.outerward/callback/{provider}?code={quote(code)}&state={quote(state)}")

    async def sign_in(self, return_path: str = "/", code: str = "ada") -> Reply:
        """A whole login."""
        return await self.answer((await self.begin(return_path))["state"], code)

    async def sign_in_at(self, provider: str, return_path: str, code: str = "ada") -> Reply:
        """A whole login at another provider than corp."""
        return await self.answer((await self.begin(return_path))["state"], code, provider)

    @property
    def session(self) -> str | None:
        """The value of the host's own session cookie."""
        return self.cookies.get("__Host-outerward", self.cookies.get("outerward"))

    @property
    def logins(self) -> list[str]:
        """The names of the login cookies."""
        return [name for name in self.cookies if "outerward-login-" in name]


def minute_passes(store_url: str, state: str) -> None:
    """Let the minute pass that the verified answer with ``state`` waits for its browser."""
    server, key = RedisServer.looking_at(store_url), keys.login(key_of("answered", state))
    assert 50_000 < server.pttl(key) <= 60_000
    server.pexpire(key, 0)


@dataclass
class Clock:
    """Unix time that a test moves."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms


@dataclass(frozen=True)
class Control:
    """A running control app."""

    http: aiohttp.ClientSession
    base: str
    site: Site
    clock: Clock

    def browser(self, hostname: str, address: str = "192.0.2.1") -> Browser:
        """A fresh browser on ``hostname``."""
        host = self.site.hosts.get(hostname)
        origin = host.origin if host else f"https://{hostname}"
        return Browser(self.http, self.base, hostname, origin, address)


@asynccontextmanager
async def serving(
    routes: Sequence[Route], store: Store, providers: Sequence[Provider], login: LoginHost | None = None
) -> AsyncIterator[Control]:
    """The control app for ``routes`` on a free loopback port; all logins run at ``login`` if there is one."""
    site, clock = Site.of(routes, login), Clock()
    app = create_control_app(site, store, {p.name: p for p in providers}, now_ms=clock)
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    jar = aiohttp.DummyCookieJar()
    try:
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            yield Control(http, f"http://127.0.0.1:{runner.addresses[0][1]}", site, clock)
    finally:
        await runner.cleanup()
