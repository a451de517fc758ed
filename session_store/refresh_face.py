"""The store as whoever refreshes sessions sees it; ``Store`` is this and more. ``refreshes`` does it."""

from session_store.access_tokens import AccessTokens
from session_store.records import (
    ApplicationSession,
    BrowserSession,
    CookieHash,
    Milliseconds,
    Principal,
    Tombstone,
)
from session_store.refreshes import Refreshes, RefreshTurn


class RefreshFace:
    """What a session's provider said, asked for again; any method that waits may raise StoreUnavailable."""

    _refreshes: Refreshes
    _access_tokens: AccessTokens

    async def begin_refresh(self, cookie_hash: CookieHash, holder: str, ttl_ms: Milliseconds) -> RefreshTurn:
        """Take the turn to ask the provider again about a browser session, for ``ttl_ms``.

        ``holder``: a name that no other has, not empty. Whoever is told *yours* reads the browser session
        anew before it asks: another may have refreshed it just now.
        """
        return await self._refreshes.begin(cookie_hash, holder, ttl_ms)

    async def prolong_refresh(self, cookie_hash: CookieHash, holder: str, ttl_ms: Milliseconds) -> bool:
        """Have ``ttl_ms`` from now; False where the turn is not the holder's any more."""
        return await self._refreshes.prolong(cookie_hash, holder, ttl_ms)

    async def put_off_refresh(self, cookie_hash: CookieHash, holder: str, again_in_ms: Milliseconds) -> None:
        """The provider could not be asked: nobody should for ``again_in_ms``. Nothing for a lost turn."""
        await self._refreshes.put_off(cookie_hash, holder, again_in_ms)

    async def finish_refresh(
        self,
        browser: BrowserSession,
        holder: str,
        *,
        principal: Principal,
        refreshed_at: Milliseconds,
        access_token: str,
        memory: bytes,
    ) -> bool:
        """Write what the provider said into the session's records, live ones all, and give the turn back.

        ``browser`` is the record as it was read before the provider was asked. False, and nothing is written,
        where another stands by now: it has ended, or another refresh was faster. A lost turn alone keeps
        nothing from being written. An empty ``access_token`` leaves none, an empty ``memory`` the one that
        stands. The user's record shows what was said, unless the user was deleted. Raises ValueError where
        ``principal`` is not this session's user.
        """
        return await self._refreshes.finish(
            browser,
            holder,
            principal=principal,
            refreshed_at=refreshed_at,
            access_token=access_token,
            memory=memory,
        )

    async def applications(self, cookie_hash: CookieHash) -> list[ApplicationSession]:
        """The live application sessions of a browser session; off the hot path."""
        return await self._refreshes.applications(cookie_hash)

    async def catch_up(self, session: ApplicationSession) -> ApplicationSession | Tombstone | None:
        """Bring an application session to what its browser session's record says; what stands there then.

        For one whose ``refreshed_at`` is not the browser session's, as a crash may leave it. None where
        nothing stands, or no browser session does.
        """
        return await self._refreshes.catch_up(session)

    def access_token(self, session: ApplicationSession) -> str | None:
        """The provider's access token; None where none is kept or no secret opens it. Asks nobody."""
        return self._access_tokens.opened(session)
