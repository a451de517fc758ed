"""What a browser does in a login or logout: redirects, cookies of other sites, forms that send themselves.

``browser()`` is an HTTP client with a browser's headers and cookies. ``walk`` drives it from address to
address as one navigation after the other, ``sign_in`` as a person with an account at a provider, and
``sign_out_at_provider`` as one who ends the session there. The pages known are those of the providers in
``tests.support``, and any form that carries a protocol's message; every other page is where a walk ends.

On the way to another site SameSite counts: a POST takes no Lax cookie along, and nothing takes a Strict one.
``Secure`` is dropped, because browsers hold loopback for secure and Python's cookie jars do not.
"""

import ipaddress
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from http.cookies import BaseCookie

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
_MAX_HOPS = 30
_MESSAGES = ({"SAMLRequest"}, {"SAMLResponse"}, {"state", "code"}, {"state", "error"})
_NOWHERE = URL()
_withheld: ContextVar[frozenset[str]] = ContextVar("withheld", default=frozenset())


@dataclass(frozen=True)
class Landing:
    """Where a walk ended: the last address, and what it answered.

    Where ``until`` stopped it nothing was sent: ``fields`` are what would have been posted there.
    """

    url: str
    status: int = 0
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query of ``url``, in order."""
        return list(URL(self.url).query.items())


@dataclass
class Form:
    """A form of a page: what it sends by itself, what can be typed in, the buttons it can be sent with."""

    action: str = ""
    id: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)
    buttons: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Step:
    """One request of a navigation; ``page`` is the address that caused it, "" where a person typed it in."""

    url: str
    form: Mapping[str, str] | None = None
    page: str = ""
    origin: str = ""
    crossed: bool = False

    def to(self, location: str, *, keeps_form: bool = False) -> "_Step":
        """The request that a redirect makes of this one."""
        url = _joined(self.url, location)
        return replace(self, url=url, form=self.form if keeps_form else None, crossed=self._crosses)

    @property
    def _crosses(self) -> bool:
        return self.crossed or bool(self.page and _site(self.page) != _site(self.url))

    def headers(self) -> dict[str, str]:
        """What a browser says of where the request comes from (Fetch Metadata §2.3)."""
        same_origin = self.page and URL(self.page).origin() == URL(self.url).origin()
        own = "same-origin" if same_origin else "same-site"
        site = ("cross-site" if self._crosses else own) if self.page else "none"
        return {"Sec-Fetch-Site": site} | ({} if self.form is None else {"Origin": self.origin})

    def withheld(self) -> frozenset[str]:
        """The values of SameSite whose cookies stay at home."""
        if not self._crosses:
            return frozenset()
        return frozenset({"strict"} if self.form is None else {"strict", "lax"})


def _site(url: str) -> tuple[str, str]:
    """The scheme and the registrable name; ``localhost`` is no name that anybody owns, an address is one."""
    parsed = URL(url)
    host = parsed.host or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        host = ".".join(host.split(".")[-2:])
    return parsed.scheme, host


def _joined(base: str, reference: str) -> str:
    return str(URL(base, encoded=True).join(URL(reference, encoded=True))) if reference else base


class _Jar(aiohttp.CookieJar):
    """Cookies of a browser: loopback is a safe place, and SameSite counts for the request under way."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        super().update_cookies_from_headers(headers, response_url)
        for morsel in self:
            morsel["secure"] = ""

    def filter_cookies(self, request_url: URL = _NOWHERE) -> "BaseCookie[str]":
        kept = super().filter_cookies(request_url)
        for morsel in self:
            ours = morsel["domain"] == request_url.host
            if ours and morsel["samesite"].lower() in _withheld.get():
                kept.pop(morsel.key, None)
        return kept


class _LoopbackResolver(AbstractResolver):
    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        if host != "localhost" and not host.endswith(".localhost"):
            raise OSError(f"a test asked for {host}")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with cookies, a browser's headers, and ``*.localhost`` on loopback, which it never leaves."""
    connector = aiohttp.TCPConnector(resolver=_LoopbackResolver())
    jar = _Jar(unsafe=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, headers=NAVIGATION) as session:
        yield session


async def sign_in(client: aiohttp.ClientSession, url: str, user: str, *, until: str = "") -> Landing:
    """Open ``url`` and follow what comes, signing in as ``user`` on the provider's page; "" presses Cancel.

    Returns the first page that is neither a redirect nor one of the provider's. Fails where that comes before
    an address that begins with ``until``.
    """
    return await walk(client, url, user=user, until=until)


async def sign_out_at_provider(client: aiohttp.ClientSession, logout_url: str, *, until: str = "") -> Landing:
    """Open a provider's page that ends the session there, confirm, and follow it to everybody it tells."""
    return await walk(client, logout_url, until=until)


async def walk(
    client: aiohttp.ClientSession,
    url: str,
    *,
    user: str | None = None,
    until: str = "",
    form: Mapping[str, str] | None = None,
    page: str = "",
) -> Landing:
    """Open ``url``, or post ``form`` to it from ``page``, and follow what comes, as ``sign_in`` does.

    Without a ``user`` a sign-in page is a page like another.
    """
    step = _Step(url, form, page, str(URL(page).origin()) if page else "null")
    for _ in range(_MAX_HOPS):
        if until and step.url.startswith(until):
            return Landing(step.url, fields=step.form or {})
        landing = await _carried_out(client, step)
        following = _following(step, landing, user)
        if following is None:
            assert not until, f"stopped at {step.url} with {landing.status}: {landing.text[-500:]}"
            return landing
        step = following
    raise AssertionError(f"more than {_MAX_HOPS} hops, the last to {step.url}")


async def _carried_out(client: aiohttp.ClientSession, step: _Step) -> Landing:
    method = "GET" if step.form is None else "POST"
    unsent = _withheld.set(step.withheld())
    try:
        async with client.request(
            method,
            URL(step.url, encoded=True),
            data=step.form,
            headers=step.headers(),
            allow_redirects=False,
        ) as response:
            return Landing(step.url, response.status, await response.text(), dict(response.headers))
    finally:
        _withheld.reset(unsent)


def _following(step: _Step, landing: Landing, user: str | None) -> _Step | None:
    """What a browser, or its person, sends after this answer; None where the walk ends."""
    if 300 <= landing.status < 400 and "Location" in landing.headers:
        return step.to(landing.headers["Location"], keeps_form=landing.status in (307, 308))
    sent = next(filter(None, (_filled_in(form, user) for form in forms(landing.text))), None)
    if sent is None:
        return None
    untold = landing.headers.get("Referrer-Policy") == "no-referrer"
    origin = "null" if untold else str(URL(step.url).origin())
    return _Step(_joined(step.url, sent.action), sent.fields, step.url, origin)


def _filled_in(form: Form, user: str | None) -> Form | None:
    """The form as it is sent, if it is one that sends itself or that a person at a provider fills in."""
    if any(names <= form.fields.keys() for names in _MESSAGES):
        return form
    if "xsrf" in form.fields and "/session/end" in form.action:
        return replace(form, fields=form.fields | {"logout": "yes"})
    if user is None:
        return None
    if "/interaction/" in form.action and "login" in form.buttons:
        assert user in form.buttons["login"], f"the provider has no user {user!r}"
        return replace(form, fields=form.fields | {"login": user})
    if {"username", "password"} <= form.typed and "AuthState" in form.fields:
        assert user, "this provider's page has nothing to cancel with"
        return replace(form, fields=form.fields | {"username": user, "password": password_of(user)})
    return None


def password_of(user: str) -> str:
    """The password that a user has where the provider asks for one."""
    return f"the password of {user}"


def forms(text: str) -> list[Form]:
    """The forms of a page. A button belongs to the form around it, or to the one that it names."""
    reader = _FormReader()
    reader.feed(text)
    for name, button, value in reader.named:
        for form in reader.forms:
            if form.id == name:
                form.buttons.setdefault(button, []).append(value)
    return reader.forms


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.named: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        name, value = values.get("name", ""), values.get("value", "")
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("id", "")))
        elif tag == "button" and name and "form" in values:
            self.named.append((values["form"], name, value))
        elif not self.forms or not name:
            return
        elif tag == "button":
            self.forms[-1].buttons.setdefault(name, []).append(value)
        elif tag == "input" and values.get("type") == "hidden":
            self.forms[-1].fields[name] = value
        elif tag == "input":
            self.forms[-1].typed.add(name)
