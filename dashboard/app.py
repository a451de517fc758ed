"""The dashboard on the admin listener: which addresses there are, and the checks before each of them.

Every answer here is a page, a redirect or a file, whatever goes wrong. What people look at the pages' scripts
read from the API: nothing of it passes through here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

import structlog
from aiohttp import web

from admin_api import Administration, Administrator, new_operation_id, place_of
from dashboard.forms import BadForm
from dashboard.pages import Pages, Refusal, SignInChoice
from dashboard.places import HOME, LOGIN, LOGOUT, kind_at, login_at, page_at, safe_return_path
from dashboard.sign_in import SignIn, onward
from dashboard.static_files import StaticFiles, read_tree
from dashboard.texts import Texts
from session_store import StoreUnavailable

STATIC = "/dashboard/static/"
_NOT_THERE = {"user": Refusal.NO_USER, "session": Refusal.NO_SESSION}

Handler = Callable[[web.Request], Awaitable[web.Response]]

_log = structlog.get_logger("dashboard")


class Refused(Exception):
    """A request gets the page of ``refusal``; ``administrator`` is who sent it, where that is known."""

    def __init__(self, refusal: Refusal, administrator: Administrator | None = None) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.administrator = administrator


@dataclass(frozen=True, slots=True)
class Address:
    """One address: what answers each method that it takes; ``open``: whatever host the request names."""

    path: str
    methods: dict[str, Handler]
    open: bool = False


class Dashboard:
    """The administrators' pages over ``administration``, with a button for each of ``providers``."""

    def __init__(
        self,
        administration: Administration,
        providers: Sequence[SignInChoice] = (),
    ) -> None:
        """Reads all files and texts. Raises BadCatalogue and NoSuchModule."""
        package = files("dashboard")
        texts = Texts.read(package / "texts" / "en")
        self._files = StaticFiles({**dict(read_tree(package / "static")), "texts.js": texts.module()})
        static = f"{STATIC}{self._files.hash}/"
        self._administration = administration
        self._pages = Pages(texts, self._files, static, administration.public_url, providers)
        self._sign_in = SignIn(administration, self._pages)

    def add_to(self, app: web.Application) -> None:
        """Add every address of the dashboard to the admin listener's application."""
        for address in self._addresses():
            serve = partial(self._serve, address)
            app.router.add_route("*", address.path, serve, expect_handler=_expect)

    def _addresses(self) -> Sequence[Address]:
        return [
            *(Address(path, _reading(self._to_home)) for path in ("/", "/dashboard", "/dashboard/")),
            Address(LOGIN, {**_reading(self._sign_in.show), "POST": self._sign_in.submit}),
            Address(LOGOUT, {"POST": self._sign_in.leave}),
            Address(STATIC + "{hash}/{name:.+}", _reading(self._file), open=True),
            Address("/dashboard/{rest:.*}", _reading(self._page)),
        ]

    async def _serve(self, address: Address, request: web.Request) -> web.Response:
        operation_id = new_operation_id()
        try:
            response = await self._admitted(address, request)(request)
        except Exception as error:
            refusal = _refusal_of(error, request.method, operation_id)
            administrator = error.administrator if isinstance(error, Refused) else None
            response = self._pages.refusal(refusal, operation_id, str(request.rel_url), administrator)
        if response.status == 405:
            response.headers["Allow"] = ", ".join(address.methods)
        if response.status == 503:
            response.headers["Retry-After"] = "1"
        response.headers.setdefault("Cache-Control", "no-store")
        if not address.open:
            _clear_doubled(response, self._administration.clearing(request))
        response.headers["X-Operation-Id"] = operation_id
        # In place of aiohttp's own, which names versions.
        response.headers["Server"] = "outerward"
        return response

    def _admitted(self, address: Address, request: web.Request) -> Handler:
        if not address.open and not self._administration.is_own_host(request):
            raise Refused(Refusal.OTHER_HOST)
        handler = address.methods.get(request.method)
        if handler is None:
            raise Refused(Refusal.BAD_METHOD)
        if request.method == "POST" and not self._administration.is_from_own_page(request):
            raise Refused(Refusal.FOREIGN)
        return handler

    async def _to_home(self, _request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": HOME})

    async def _page(self, request: web.Request) -> web.Response:
        found = page_at(request.path)
        administrator = await self._administration.who(request)
        if found is None:
            raise Refused(_NOT_THERE.get(kind_at(request.path), Refusal.NOT_FOUND), administrator)
        if administrator is None:
            return onward(login_at(safe_return_path(str(request.rel_url))))
        page, identifier = found
        if page.admin_only and administrator.caller.scope.value != "admin":
            raise Refused(Refusal.TOO_LITTLE_SCOPE, administrator)
        return self._pages.page(page, identifier, administrator)

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"] if request.match_info["hash"] == self._files.hash else ""
        answer = self._files.answer(name, request.headers.get("Accept-Encoding", ""))
        if answer is None:
            raise Refused(Refusal.NOT_FOUND)
        return answer


def _reading(handler: Handler) -> dict[str, Handler]:
    return {"GET": handler, "HEAD": handler}


def _clear_doubled(response: web.Response, clearing: str) -> None:
    if clearing and "Set-Cookie" not in response.headers:
        response.headers["Set-Cookie"] = clearing


def _refusal_of(error: Exception, method: str, operation_id: str) -> Refusal:
    if isinstance(error, Refused):
        return error.refusal
    if isinstance(error, BadForm):
        return Refusal.BAD_FORM
    if isinstance(error, StoreUnavailable):
        # What was sent is not sent again by itself: whoever did it says so once more.
        return Refusal.NOTHING_DONE if method == "POST" else Refusal.STORE_AWAY
    # Where it was raised and nothing more: its text may quote what the browser sent.
    _log.error(
        "dashboard_internal_error",
        operation_id=operation_id,
        error=type(error).__name__,
        at=place_of(error),
    )
    return Refusal.FAULT


async def _expect(request: web.Request) -> None:
    """Ask for the body where the client waits for that; any other expectation is passed over."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
