"""A browser in front of a running dashboard: one cookie, no script, and the pages that it gets, parsed."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

from yarl import URL

from dashboard import Dashboard, SignInChoice
from session_store import Store
from tests.support.admin_api import BOOTSTRAP, RunningApi, running_api

VOID = {"input", "link", "meta"}
CHOICES = (SignInChoice("corp", 'Corp <img src="x" onerror="y"> & Sons'),)


class Parsed(HTMLParser):
    """A page's elements; an end without its beginning, or the other way round, fails."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of each element called ``tag``."""
        return [attributes for name, attributes in self.elements if name == tag]


@dataclass
class Page:
    """An answer, read whole."""

    status: int
    headers: Any
    text: str

    @property
    def parsed(self) -> Parsed:
        """Its elements."""
        return Parsed(self.text)

    @property
    def words(self) -> str:
        """What people read."""
        return unescape(re.sub(r"<[^>]*>", " ", self.text))


@dataclass
class Browser:
    """Keeps the one cookie, follows nothing, and sends what browsers send beside a form."""

    api: RunningApi
    cookies: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **options: Any) -> Page:
        """One request; ``headers`` come over the usual ones."""
        line = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {**({"Cookie": line} if line else {}), **options.pop("headers", {})}
        url = URL(self.api.url + path, encoded=True)
        async with self.api.http.request(
            method, url, headers=headers, allow_redirects=False, **options
        ) as response:
            for each in response.headers.getall("Set-Cookie", []):
                name, _, value = each.partition(";")[0].partition("=")
                self.cookies = {**self.cookies, name: value} if value else {}
            return Page(response.status, response.headers, await response.text())

    async def get(self, path: str, **options: Any) -> Page:
        """A page."""
        return await self.ask("GET", path, **options)

    async def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Page:
        """A form of the page's own; ``headers`` with ``_`` for ``-``."""
        sent = {"Origin": self.api.url, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.ask("POST", path, data=fields or {}, headers=sent)

    async def sign_in(self, token: str = BOOTSTRAP, return_path: str = "") -> Page:
        """The form of the sign-in page."""
        return await self.post("/dashboard/login", {"token": token, "redirect_path": return_path})


@asynccontextmanager
async def running_pages(store: Store, **options: Any) -> AsyncIterator[Browser]:
    """The dashboard over ``store``; ``options`` go to ``create_app``."""
    async with running_api(
        store, pages=lambda app, administration: Dashboard(administration, CHOICES).add_to(app), **options
    ) as api:
        yield Browser(api)


def location(page: Page) -> str:
    """Where a redirect leads."""
    return str(page.headers["Location"])
