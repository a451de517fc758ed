"""The demo's two applications. They trust the headers that the edge sets and know nothing of sessions."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from outerward.demo.pages import name_no_versions, page

_IDENTITY = (
    "X-Forwarded-User",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Outerward-Session",
)


def echo_app(clock_url: str) -> web.Application:
    """Shows who the visitor is and what arrived; as JSON to whoever asks for that."""

    async def show(request: web.Request) -> web.StreamResponse:
        headers = {name: _text(value) for name, value in request.headers.items()}
        identity = {name: headers[name] for name in _IDENTITY if name in headers}
        if "application/json" in request.headers.get("Accept", ""):
            return web.json_response(
                {"identity": identity, "method": request.method, "target": request.raw_path}
            )
        values = {
            "title": "Who you are",
            "host": request.host,
            "name": _visitor(request),
            "identity": list(identity.items()),
            "others": [(name, value) for name, value in headers.items() if name not in identity],
            "method": request.method,
            "target": _text(request.raw_path),
            "other": clock_url,
        }
        return page("who", values)

    return _app(show)


def clock_app(echo_url: str, clock: Callable[[], float] = time.time) -> web.Application:
    """Shows the time."""

    async def show(request: web.Request) -> web.StreamResponse:
        now = datetime.fromtimestamp(clock(), UTC)
        values = {
            "title": "Clock",
            "host": request.host,
            "name": _visitor(request),
            "iso": now.isoformat(timespec="seconds"),
            "time": f"{now:%H:%M:%S}",
            "other": echo_url,
        }
        return page("clock", values)

    return _app(show)


def _app(show: Callable[[web.Request], object]) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", show)  # type: ignore[arg-type]
    app.on_response_prepare.append(name_no_versions)
    return app


def _visitor(request: web.Request) -> str:
    names = (request.headers.get(name) for name in ("X-Forwarded-Preferred-Username", "X-Forwarded-Email"))
    return _text(next((name for name in names if name), ""))


def _text(value: str) -> str:
    """Header bytes as text; bytes that are no UTF-8 are shown as such."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
