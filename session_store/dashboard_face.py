"""The store as whoever lets administrators in sees it; ``Store`` is this and more.

``dashboard_sessions`` does it.
"""

from session_store.dashboard_sessions import DashboardSessions, SignedIn
from session_store.records import ApiToken, CookieHash


class DashboardFace:
    """Who is signed in to the dashboard by a token; any method may raise StoreUnavailable."""

    _dashboard_sessions: DashboardSessions

    async def begin_dashboard_session(
        self, cookie_hash: CookieHash, *, token_id: str = "", proof: bytes = b""
    ) -> None:
        """A session of 8 hours at most that ends after an hour without use, and with its token.

        ``proof`` stands for a token that is none of the store's: whoever gave it judges it at each look.
        """
        await self._dashboard_sessions.begin(cookie_hash, token_id, proof)

    async def dashboard_session(self, cookie_hash: CookieHash, *, in_use: bool) -> SignedIn | None:
        """What the live session stands for; None where there is none, or its token is not valid any more.

        ``in_use``: somebody does something in it, which keeps it and is a use of the token too.
        """
        return await self._dashboard_sessions.find(cookie_hash, in_use=in_use)

    async def end_dashboard_session(self, cookie_hash: CookieHash) -> bool:
        """End it for good; False where it was over. Raises NotConfirmed."""
        return await self._dashboard_sessions.end(cookie_hash)

    async def offer_dashboard_link(self, secret: str) -> str | None:
        """A code that signs in once, within 60 s, as the token of this secret; None where that is none.

        The code is nowhere kept.
        """
        return await self._dashboard_sessions.offer_link(secret)

    async def take_dashboard_link(self, code: str) -> ApiToken | None:
        """The token that ``code`` signs in as, to one caller once; None where it is unknown, used or over."""
        return await self._dashboard_sessions.take_link(code)
