"""The header lines that stand for a session at its upstream: identity, and where asked for a token.

What they hold changes with the record or with time; the gate keeps them for as long as they hold.
"""

from collections.abc import Callable
from typing import NamedTuple

from proxy.identity_headers import header_line, identity_lines
from proxy.identity_jwt import REUSED_MS, IdentityKey
from proxy.routes import Route
from session_store import ApplicationSession

FOR_GOOD = 1 << 62
"""Until the record changes."""


class Lines(NamedTuple):
    """Header lines, and until when they may be sent, in Unix ms."""

    block: bytes
    hold_until_ms: int

    def __repr__(self) -> str:
        return f"Lines(..., {self.hold_until_ms})"


class Credentials:
    """``access_token`` opens the token in a record (``Store.access_token``)."""

    def __init__(self, access_token: Callable[[ApplicationSession], str | None], key: IdentityKey) -> None:
        self._access_token = access_token
        self._key = key

    def lines(self, session: ApplicationSession, route: Route, now_ms: int) -> Lines:
        """The lines for ``session`` at ``route``. Raises StoreUnavailable where one cannot be made now."""
        block, until = identity_lines(session, route.headers), FOR_GOOD
        if route.pass_access_token:
            token = self._access_token(session)
            block += header_line("X-Forwarded-Access-Token", token) if token else b""
        if route.identity_jwt:
            block += header_line("X-Outerward-Jwt", self._key.token(session, route, now_ms))
            until = now_ms + REUSED_MS
        return Lines(block, until)
