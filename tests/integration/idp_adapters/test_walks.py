"""The browser of the tests treats other sites as browsers do."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.support.browser import browser, walk

SENDS_ITSELF = (
    """<form method="post" action="{url}"><input type="hidden" name="SAMLResponse" value="x"></form>"""
)


class Places:
    """Two sites of one port: what came to ``/here``, and with what."""

    def __init__(self) -> None:
        self.port = 0
        self.came: list[web.Request] = []

    def url(self, site: str, path: str) -> str:
        return f"http://{site}:{self.port}{path}"

    async def cookies(self, _: web.Request) -> web.Response:
        response = web.Response()
        for kind in ("Lax", "Strict", "None"):
            response.set_cookie(kind, "1", samesite=kind, secure=True)
        response.set_cookie("silent", "1")
        return response

    async def here(self, request: web.Request) -> web.Response:
        self.came.append(request)
        return web.Response()

    async def posts(self, request: web.Request) -> web.Response:
        page = SENDS_ITSELF.format(url=request.query["to"])
        headers = {"Referrer-Policy": "no-referrer"} if "untold" in request.query else {}
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def goes(self, request: web.Request) -> web.Response:
        status = int(request.query["status"])
        return web.Response(status=status, headers={"Location": request.query["to"]})


@pytest.fixture
async def places() -> AsyncIterator[Places]:
    made = Places()
    app = web.Application()
    app.router.add_get("/cookies", made.cookies)
    app.router.add_route("*", "/here", made.here)
    app.router.add_get("/posts", made.posts)
    app.router.add_route("*", "/goes", made.goes)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


LINKED = ("GET", "none", None, {"Lax", "Strict", "None", "silent"})
POSTED = ("POST", "cross-site", "http://b.localhost", {"None", "silent"})
THEN_GOT = ("GET", "cross-site", None, {"Lax", "None", "silent"})
OWN = ("POST", "same-origin", "http://a.localhost", {"Lax", "Strict", "None", "silent"})
NEIGHBOUR = ("POST", "same-site", "http://x.a.localhost", {"Lax", "Strict", "None", "silent"})
UNTOLD = ("POST", "cross-site", "null", {"None", "silent"})


@pytest.mark.parametrize(
    ("begins", "path", "seen"),
    [
        pytest.param("a.localhost", "/here", LINKED, id="typed-in"),
        pytest.param("b.localhost", "/posts?to={here}", POSTED, id="posted-from-elsewhere"),
        pytest.param("b.localhost", "/posts?to={there}", THEN_GOT, id="posted-elsewhere-then-seen-other"),
        pytest.param("a.localhost", "/posts?to={there}", THEN_GOT, id="home-by-way-of-elsewhere"),
        pytest.param("b.localhost", "/posts?to={same}", POSTED, id="posted-elsewhere-then-307"),
        pytest.param("a.localhost", "/posts?to={here}", OWN, id="posted-at-home"),
        pytest.param("x.a.localhost", "/posts?to={here}", NEIGHBOUR, id="posted-from-a-subdomain"),
        pytest.param("b.localhost", "/posts?untold&to={here}", UNTOLD, id="posted-without-referrer"),
    ],
)
async def test_cookies_and_headers_follow_the_site(
    places: Places, begins: str, path: str, seen: tuple[str, str, str | None, set[str]]
) -> None:
    here = places.url("a.localhost", "/here")
    there = places.url("b.localhost", f"/goes?status=303%26to={here}")
    same = places.url("b.localhost", f"/goes?status=307%26to={here}")
    async with browser() as client:
        await walk(client, places.url("a.localhost", "/cookies"))
        await walk(client, places.url(begins, path.format(here=here, there=there, same=same)))

    (came,) = places.came
    origin = came.headers.get("Origin")
    method, site, expected, cookies = seen
    full = f"{expected}:{places.port}" if expected and expected != "null" else expected
    assert (came.method, came.headers["Sec-Fetch-Site"], origin) == (method, site, full)
    assert set(came.cookies) == cookies


async def test_a_form_is_handed_out_where_the_walk_is_to_stop(places: Places) -> None:
    here = places.url("a.localhost", "/here")
    async with browser() as client:
        landing = await walk(client, places.url("b.localhost", f"/posts?to={here}"), until=here)

    assert (landing.url, landing.fields) == (here, {"SAMLResponse": "x"})
    assert places.came == []
