"""The provider's access token in the records of a session: sealed, and of use under its own cookie alone.

The sealed bytes are the same in a browser session and its application sessions. Knows no key and no provider.
"""

from session_store import keys
from session_store.records import ApplicationSession, CookieHash
from session_store.sealing import Sealer


class AccessTokens:
    """Seals tokens for records and opens those in them."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def sealed(self, token: str, cookie_hash: CookieHash) -> bytes:
        """What a record of this cookie's session holds for ``token``; empty for an empty one."""
        return self._sealer.seal(token.encode(), _place(cookie_hash)) if token else b""

    def opened(self, session: ApplicationSession) -> str | None:
        """See Store.access_token."""
        if not session.access_token:
            return None
        token = self._sealer.open(session.access_token, _place(session.cookie_hash))
        return token.decode() if token is not None else None


def _place(cookie_hash: CookieHash) -> bytes:
    return b"access-token:" + keys.tag(cookie_hash)
