"""The demo's applications. They trust the headers that the edge sets and know nothing of sessions."""

import time
from collections.abc import Callable, Sequence

from aiohttp import web

from outerward.demo.pages import name_no_versions, page
from outerward.demo.ticking import Clock, ticking_routes, time_of
from outerward.demo.wiki_pages import WIKI

_IDENTITY = (
    "X-Forwarded-User",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Outerward-Session",
)

Links = Sequence[tuple[str, str]]
"""Addresses of the other applications, and what to call them."""


def echo_app(links: Links) -> web.Application:
    """Shows who the visitor is and what arrived; as JSON to whoever asks for that."""

    async def show(request: web.Request) -> web.StreamResponse:
        headers = {name: _text(value) for name, value in request.headers.items()}
        identity = {name: headers[name] for name in _IDENTITY if name in headers}
        if _wants_json(request):
            return _told(request)
        values = {
            "title": "Who you are",
            "host": request.host,
            "name": _visitor(request),
            "identity": list(identity.items()),
            "others": [(name, value) for name, value in headers.items() if name not in identity],
            "method": request.method,
            "target": _text(request.raw_path),
            "links": links,
        }
        return page("who", values)

    return _app(show)


def clock_app(links: Links, clock: Clock = time.time) -> web.Application:
    """Shows the time, which goes on as long as the page's connection is open."""

    async def show(request: web.Request) -> web.StreamResponse:
        now = time_of(clock())
        values = {
            "title": "Clock",
            "host": request.host,
            "name": _visitor(request),
            "iso": now.isoformat(timespec="seconds"),
            "time": f"{now:%H:%M:%S}",
            "links": links,
        }
        return page("clock", values, script="clock.js")

    return _app(show, ticking_routes(clock))


def wiki_app(links: Links, account_url: str) -> web.Application:
    """A few pages that nobody edits; who reads them, as JSON, to whoever asks for that.

    ``account_url`` is the reader's own page at the provider.
    """

    async def show(request: web.Request) -> web.StreamResponse:
        if _wants_json(request):
            return _told(request)
        entry = WIKI.get(request.path)
        heading, paragraphs = entry or ("No such page", ("Nobody has written this one yet.",))
        values = {
            "title": f"{heading} · Wiki",
            "host": request.host,
            "heading": heading,
            "paragraphs": paragraphs,
            "pages": [(path, title, path == request.path) for path, (title, _) in WIKI.items()],
            "name": _visitor(request),
            "account_url": account_url,
            "email": _text(request.headers.get("X-Forwarded-Email", "")),
            "links": links,
        }
        return page("wiki", values, status=200 if entry else 404)

    return _app(show)


def _app(show: Callable[[web.Request], object], more: Sequence[web.RouteDef] = ()) -> web.Application:
    app = web.Application()
    app.add_routes(more)
    app.router.add_route("*", "/{anything:.*}", show)  # type: ignore[arg-type]
    app.on_response_prepare.append(name_no_versions)
    return app


def _wants_json(request: web.Request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _told(request: web.Request) -> web.Response:
    """What the edge told of the visitor, for programs."""
    identity = {name: _text(request.headers[name]) for name in _IDENTITY if name in request.headers}
    return web.json_response({"identity": identity, "method": request.method, "target": request.raw_path})


def _visitor(request: web.Request) -> str:
    names = (request.headers.get(name) for name in ("X-Forwarded-Preferred-Username", "X-Forwarded-Email"))
    return _text(next((name for name in names if name), ""))


def _text(value: str) -> str:
    """Header bytes as text; bytes that are no UTF-8 are shown as such."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
