"""The cookie of who is signed in to the dashboard: its name, its value in a request, the lines that set it.

Interface, part 7; RFC 6265bis §4.1. Pure. Refuses to know whom a value stands for.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from session_store import CookieHash

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_CSRF_LABEL = b"outerward dashboard csrf\0"


class AdminCookie:
    """The cookie at an address that is ``secure`` (https), or not."""

    def __init__(self, *, secure: bool) -> None:
        self.name = "__Host-outerward-admin" if secure else "outerward-admin"
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")

    def count_in(self, lines: Sequence[str]) -> int:
        """How many cookies of this name the ``Cookie`` lines hold."""
        return len(self._values(lines))

    def value_in(self, lines: Sequence[str]) -> str | None:
        """The value in the ``Cookie`` lines; None where there is none that can be ours.

        Two of the name are none, equal or not: one of them was planted.
        """
        values = self._values(lines)
        return values[0] if len(values) == 1 and _VALUE.fullmatch(values[0]) else None

    def setting(self, value: str) -> str:
        """The ``Set-Cookie`` line that sets it; the store, not the browser, knows when it ends."""
        return f"{self.name}={value}{self._attributes}"

    @property
    def clearing(self) -> str:
        """The ``Set-Cookie`` line that takes it away."""
        return f"{self.name}=; Max-Age=0{self._attributes}"

    def _values(self, lines: Sequence[str]) -> list[str]:
        pairs = (pair.partition("=") for line in lines for pair in line.split(";"))
        return [value.strip(" \t") for name, _, value in pairs if name.strip(" \t") == self.name]


def hash_of(value: str) -> CookieHash:
    """What the store has of the cookie's ``value``."""
    return CookieHash(hashlib.sha256(value.encode()).digest())


def csrf_of(value: str) -> str:
    """What pages send beside the cookie: only who was given a page of this session knows it."""
    digest = hashlib.sha256(_CSRF_LABEL + value.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
