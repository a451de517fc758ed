"""The cookies of logins under way, one for each that a browser has begun.

A login cookie's name ends in eight characters: four tell when it was set, so that the oldest is known, and
four mark the state that it belongs to. Pure; the session's own cookie is ``session_cookie``'s.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LOGIN_LIFETIME_S: Final = 600
MOST_LOGINS: Final = 5
"""Logins under way in one browser."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WRAP = 62**4
_MOST_CLEARED = 20
_NAME = re.compile(rb"(?:__Host-)?outerward-login-([0-9A-Za-z]{4})([0-9A-Za-z]{4})")
_VALUE = re.compile(rb"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class LoginCookie:
    """One login cookie as the browser sent it; ``value`` is "" where it cannot be one of ours."""

    name: str
    began: str
    mark: str
    value: str

    def __repr__(self) -> str:
        return f"LoginCookie({self.name!r})"


def read_login_cookies(lines: Sequence[bytes], *, secure: bool) -> tuple[LoginCookie, ...]:
    """The login cookies in the ``Cookie`` lines of one request; a name sent twice has no value."""
    found: dict[bytes, bytes] = {}
    prefix = _prefix(secure).encode()
    for line in lines:
        for pair in line.split(b";"):
            name, _, value = pair.partition(b"=")
            name, value = name.strip(b" \t"), value.strip(b" \t")
            if _NAME.fullmatch(name) and name.startswith(prefix):
                usable = _VALUE.fullmatch(value) and name not in found
                found[name] = value if usable else b""
    cookies = []
    for name, kept in found.items():
        text = name.decode("ascii")
        cookies.append(LoginCookie(text, text[-8:-4], text[-4:], kept.decode("ascii")))
    return tuple(cookies)


def login_cookie_name(state: str, now_s: int, *, secure: bool) -> str:
    """The name for the login that ``state`` belongs to, begun at ``now_s``."""
    return _prefix(secure) + _places(now_s) + mark_of(state)


def mark_of(state: str) -> str:
    """The four characters that tie a cookie's name to its login."""
    digest = hashlib.sha256(b"login-cookie\0" + state.encode("utf-8", "replace")).digest()
    return _places(int.from_bytes(digest[:8], "big"))


def surplus(cookies: Sequence[LoginCookie], now_s: int) -> tuple[LoginCookie, ...]:
    """The oldest of ``cookies``, as many as must go before one more login begins."""
    by_age = sorted(cookies, key=lambda cookie: _age_s(cookie, now_s))
    return tuple(by_age[MOST_LOGINS - 1 :][:_MOST_CLEARED])


def setting_login(name: str, value: str, *, secure: bool) -> str:
    """The ``Set-Cookie`` value of a login cookie (RFC 6265bis §4.1)."""
    return f"{name}={value}; Path=/; Max-Age={LOGIN_LIFETIME_S}; HttpOnly; SameSite=Lax{_secure(secure)}"


def clearing_login(name: str, *, secure: bool) -> str:
    """The ``Set-Cookie`` value that takes a login cookie away, with the attributes it was set with."""
    return f"{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{_secure(secure)}"


def _prefix(secure: bool) -> str:
    return ("__Host-" if secure else "") + "outerward-login-"


def _secure(secure: bool) -> str:
    return "; Secure" if secure else ""


def _age_s(cookie: LoginCookie, now_s: int) -> int:
    began = 0
    for place in cookie.began:
        began = began * 62 + _ALPHABET.index(place)
    age = (now_s - began) % _WRAP
    return age if age < _WRAP // 2 else 0


def _places(number: int) -> str:
    number %= _WRAP
    places = ""
    for _ in range(4):
        number, place = divmod(number, 62)
        places = _ALPHABET[place] + places
    return places
