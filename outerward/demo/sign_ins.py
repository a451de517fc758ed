"""Who signed in at one of the demo's providers, in which browser, and the forms that ask there.

The cookie is 256 random bits; what others may know a sign-in by, its session id, is made from it one way.
Knows no protocol.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from aiohttp import web

from outerward.demo.handles import Handles
from outerward.demo.people import Person

SIGNED_IN_S = 12 * 3600
_QUESTION_S = 600

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignIn:
    """One person in one browser since ``at``, Unix time in seconds."""

    person: Person
    at: int
    session_id: str


class SignIns:
    """The sign-ins of the provider at ``origin``; ``clock`` in seconds of Unix time."""

    def __init__(self, origin: str, cookie_name: str, clock: Callable[[], float]) -> None:
        self.origin = origin
        self.clock = clock
        self._cookie_name = cookie_name
        self._live: Handles[SignIn] = Handles(SIGNED_IN_S, clock)

    def browser(self, request: web.Request) -> str:
        """The value of this browser's cookie; "" without one."""
        return request.cookies.get(self._cookie_name, "")

    def current(self, request: web.Request) -> SignIn | None:
        """Who is signed in in the browser of ``request``."""
        return self._live.get(_session_id(self.browser(request)))

    def begin(self, request: web.Request, person: Person) -> tuple[SignIn, str]:
        """A new sign-in in place of the browser's old one; and the cookie to set."""
        self.end(_session_id(self.browser(request)))
        cookie = secrets.token_urlsafe(32)
        sign_in = SignIn(person, int(self.clock()), _session_id(cookie))
        self._live.keep(sign_in.session_id, sign_in)
        return sign_in, cookie

    def all(self) -> Mapping[str, SignIn]:
        """Those that are live, by session id."""
        return self._live.live()

    def end(self, session_id: str) -> None:
        """End one, wherever its browser is."""
        self._live.take(session_id)

    def set_cookie(self, response: web.Response, value: str) -> None:
        """Let the browser hold ``value``."""
        secure = urlsplit(self.origin).scheme == "https"
        response.set_cookie(self._cookie_name, value, httponly=True, samesite="Lax", path="/", secure=secure)

    def clear_cookie(self, response: web.Response) -> None:
        """Let the browser hold nothing."""
        response.del_cookie(self._cookie_name, path="/")


class Questions(Generic[T]):
    """Pages that ask by a form: each answered once, in the browser that was asked, from our own page."""

    def __init__(self, sign_ins: SignIns) -> None:
        self._sign_ins = sign_ins
        self._asked: Handles[tuple[str, T]] = Handles(_QUESTION_S, sign_ins.clock)

    def ask(self, request: web.Request, about: T) -> tuple[str, str]:
        """The name of a question about ``about``, for a hidden field; and the cookie to set."""
        browser = self._sign_ins.browser(request) or secrets.token_urlsafe(32)
        return self._asked.put((browser, about)), browser

    async def answered(self, request: web.Request) -> T | None:
        """What the form in ``request`` answers about; None where it answers nothing that was asked here."""
        form = await request.post()
        asked = self._asked.take(str(form.get("request", "")))
        own = request.headers.get("Origin", self._sign_ins.origin) == self._sign_ins.origin
        if asked is None or not own or asked[0] != self._sign_ins.browser(request):
            return None
        return asked[1]


def _session_id(cookie: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(cookie.encode()).digest()).rstrip(b"=").decode()
