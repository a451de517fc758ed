"""Signing in by a token or a one-time link, and out: what each request at the sign-in page leads to.

What proves somebody, and for how long, is the admin API's to say. A secret goes from the form to it and to
nothing else; no answer here repeats one.
"""

from aiohttp import web

from admin_api import Administration, Code, Problem
from dashboard.forms import read_form
from dashboard.pages import PROVIDER_LOGOUT, Pages
from dashboard.places import LOGIN, safe_return_path


class SignIn:
    """The sign-in page and both its ends."""

    def __init__(self, administration: Administration, pages: Pages) -> None:
        self._administration = administration
        self._pages = pages

    async def show(self, request: web.Request) -> web.Response:
        """The page, or on to where it leads: by a one-time link, or for somebody who is signed in already.

        Only a GET on the way to a page uses a link's code up: HEAD is asked by what looks at links before
        people do, and an image of another site is nobody's wish. Raises StoreUnavailable.
        """
        return_path = safe_return_path(request.query.get("redirect_path", ""))
        opens = request.method == "GET" and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        code = request.query.get("code") if opens else None
        if code is not None:
            cookie = await self._administration.sign_in_with_code(code, request)
            if cookie is not None:
                return onward(return_path, cookie)
        if await self._administration.who(request) is not None:
            return onward(return_path)
        if code is not None:
            return self._refused(return_path, "login.link_over", 401)
        was_signed_in = self._administration.cookie_name in request.cookies or "over" in request.query
        return self._pages.login(return_path, "login.over" if was_signed_in else "")

    async def submit(self, request: web.Request) -> web.Response:
        """Sign in by the token in the page's form. Raises BadForm and StoreUnavailable."""
        form = await read_form(request)
        return_path = safe_return_path(form.get("redirect_path", ""))
        token = form.get("token", "").strip()
        if not token:
            return self._pages.login(return_path, "login.token_missing", 400)
        try:
            cookie = await self._administration.sign_in(token, request.remote or "", request)
        except Problem as problem:
            if problem.code is Code.TOO_MANY_FAILURES:
                answer = self._pages.login(return_path, "login.too_many", 429)
                answer.headers["Retry-After"] = "1"
                return answer
            return self._refused(return_path, "login.token_wrong", 401)
        return onward(return_path, cookie)

    async def leave(self, request: web.Request) -> web.Response:
        """Sign out; somebody who came through a provider is sent to where that session ends.

        Raises StoreUnavailable: then nobody was told that it is done.
        """
        administrator = await self._administration.who(request)
        if administrator is not None and administrator.by_provider:
            return onward(PROVIDER_LOGOUT)
        return onward(LOGIN, await self._administration.sign_out(request))

    def _refused(self, return_path: str, notice: str, status: int) -> web.Response:
        answer = self._pages.login(return_path, notice, status)
        # A 401 names a way in (RFC 9110 §11.6.1); browsers know none of this name and show the page.
        answer.headers["WWW-Authenticate"] = 'Outerward realm="dashboard"'
        return answer


def onward(address: str, cookie: str | None = None) -> web.Response:
    """A redirect to ``address`` by GET, with a line for ``Set-Cookie`` where there is one."""
    headers = {"Location": address}
    if cookie is not None:
        headers["Set-Cookie"] = cookie
    return web.Response(status=303, headers=headers)
