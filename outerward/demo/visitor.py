"""A visitor without a browser: cookies, redirects, forms and links, for the demo's check of itself.

Localhost names are this machine, whatever its resolver says (RFC 6761 §6.3). Knows HTML as far as a form.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from socket import AF_INET, AddressFamily
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

_NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "Sec-Fetch-Mode": "navigate",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 "
    "Safari/537.36",
}
_MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303})


class LocalResolver(AbstractResolver):
    """Every name is loopback: the check talks to this machine alone."""

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        """``127.0.0.1``."""
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


@dataclass
class Form:
    """A form: where it leads, and its fields; ``buttons`` are the name and value of each."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").upper()))
        elif tag == "a":
            self.links.append(values.get("href", ""))
        elif tag == "input" and self.forms:
            self.forms[-1].fields[values.get("name", "")] = values.get("value", "")
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append((values.get("name", ""), values.get("value", "")))


@dataclass(frozen=True)
class Page:
    """An answer, whole."""

    url: URL
    status: int
    headers: dict[str, str]
    text: str

    @property
    def location(self) -> URL | None:
        """Where a redirect leads."""
        target = self.headers.get("location")
        return self.url.join(URL(target, encoded=True)) if target and self.status in _REDIRECTS else None

    @property
    def forms(self) -> list[Form]:
        """The forms on the page."""
        return self._read().forms

    @property
    def links(self) -> list[str]:
        """The addresses of the links on the page."""
        return self._read().links

    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.text)
        return reader


class Visitor:
    """One browser's worth of cookies and connections. ``connections`` counts those that were opened."""

    def __init__(self) -> None:
        self.connections = 0
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_start.append(self._count)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=LocalResolver(), limit_per_host=1),
            cookie_jar=aiohttp.CookieJar(),
            trace_configs=[trace],
            timeout=aiohttp.ClientTimeout(total=10),
        )

    async def _count(self, _session: object, _context: SimpleNamespace, _parameters: object) -> None:
        self.connections += 1

    async def get(self, url: URL | str, *, accept: str | None = None) -> Page:
        """One request, no redirect followed; a navigation unless ``accept`` names what is wanted."""
        headers = _NAVIGATION if accept is None else {"Accept": accept}
        return await self._request("GET", URL(url), headers=headers)

    async def visit(self, url: URL | str) -> Page:
        """A navigation to its end, through all redirects."""
        return await self._follow(await self.get(url))

    async def submit(self, page: Page, form: Form, button: tuple[str, str] = ("", "")) -> Page:
        """Send ``form`` with ``button`` pressed, and follow on to the end."""
        fields = form.fields | ({button[0]: button[1]} if button[0] else {})
        target = page.url.join(URL(form.action or str(page.url), encoded=True))
        origin = {"Origin": str(page.url.origin()), "Sec-Fetch-Site": _site(page.url, target)}
        data = fields if form.method == "POST" else None
        sent = await self._request(form.method, target, headers=_NAVIGATION | origin, data=data)
        return await self._follow(sent)

    async def click(self, page: Page, link: str) -> Page:
        """Follow a link of ``page`` to its end."""
        target = page.url.join(URL(link, encoded=True))
        headers = _NAVIGATION | {"Sec-Fetch-Site": _site(page.url, target)}
        return await self._follow(await self._request("GET", target, headers=headers))

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()

    async def _follow(self, page: Page) -> Page:
        for _ in range(_MOST_REDIRECTS):
            if page.location is None:
                return page
            page = await self.get(page.location)
        raise RuntimeError(f"more than {_MOST_REDIRECTS} redirects, at {page.url.origin()}{page.url.path}")

    async def _request(
        self, method: str, url: URL, *, headers: dict[str, str], data: dict[str, str] | None = None
    ) -> Page:
        async with self._session.request(
            method, url, headers=headers, data=data, allow_redirects=False
        ) as response:
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Page(url, response.status, lower, await response.text())


def _site(page: URL, target: URL) -> str:
    """What a browser says of a request's origin (Fetch Metadata §2.2), as far as localhost names have it."""
    return "same-origin" if page.origin() == target.origin() else "cross-site"
