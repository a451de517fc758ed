"""Who calls the API: by a bearer token, or from a page of the dashboard by cookie and what only pages know.

Nothing else counts. ``Authorization`` wins: whoever sends it is judged by it alone.
"""

import hmac
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from admin_api.administration import Administration
from admin_api.auth import Authenticator, Caller
from admin_api.operations import Stands
from admin_api.problems import Code, Problem

CSRF_HEADER = "X-Outerward-CSRF"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody who may call, as far as ``stands`` says so."""

    caller: Caller
    stands: Stands


class Callers:
    """Finds the caller behind a request."""

    def __init__(self, authenticator: Authenticator, administration: Administration) -> None:
        self._authenticator = authenticator
        self._administration = administration

    async def admit(self, request: web.Request) -> Admitted:
        """Whom the request proves. Raises Problem (401, 403, 429) and StoreUnavailable."""
        lines = request.headers.getall("Authorization", [])
        if not lines and self._administration.has_cookie(request):
            return await self._from_page(request)
        caller = await self._authenticator.caller(lines, request.remote or "")
        return Admitted(caller, partial(self._authenticator.stands, lines))

    def clearing(self, request: web.Request) -> str:
        """What takes away two cookies of our name that came along; else ""."""
        return self._administration.clearing(request)

    async def _from_page(self, request: web.Request) -> Admitted:
        self._refuse_foreign(request)
        found = await self._administration.who(request)
        if found is None:
            raise Problem(Code.SESSION_OVER)
        given = request.headers.getall(CSRF_HEADER, [])
        # One line: of two, a proxy before us may have looked at the other.
        if len(given) != 1 or not hmac.compare_digest(_bytes(given[0]), _bytes(found.csrf)):
            raise Problem(Code.BAD_CSRF)
        return Admitted(found.caller, partial(self._administration.still, request, found.caller))

    def _refuse_foreign(self, request: web.Request) -> None:
        """Refuse what a page of another site, or under another name, can make a browser send."""
        if not self._administration.is_own_host(request):
            raise Problem(Code.FOREIGN_PAGE, details={"check": "host"})
        if line := self._administration.foreign_line(request):
            raise Problem(Code.FOREIGN_PAGE, details={"check": line})
        # A form can send any other type, and no form can send this one.
        if request.body_exists and request.content_type != "application/json":
            raise Problem(Code.NOT_JSON)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
