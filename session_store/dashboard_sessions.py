"""Sessions of the dashboard that a token began, and one-time codes for whoever is to begin one.

A session stands for its token and ends with it. Knows no person, no cookie's name and no page: whoever signs
in through a provider has a browser session.
"""

import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from session_store import keys
from session_store.commands import Commands
from session_store.errors import StoreUnavailable
from session_store.ids import TokenId
from session_store.records import ApiToken, CookieHash, DashboardSession, Milliseconds, decode, encode
from session_store.tokens import Tokens, secret_hash

LONGEST_MS = 8 * 3_600_000
IDLE_MS = 3_600_000
LINK_MS = 60_000

_USE_NOTED_EVERY_MS = 60_000
_CODE_BYTES = 32
_CODE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a live session of the dashboard stands for: ``token``, or what ``proof`` was made from."""

    token: ApiToken | None
    proof: bytes


class DashboardSessions:
    """Sessions by the hash of their cookie, links by the hash of their code; neither is kept itself."""

    def __init__(self, commands: Commands, tokens: Tokens, now_ms: Callable[[], Milliseconds]) -> None:
        self._commands = commands
        self._tokens = tokens
        self._now_ms = now_ms

    async def begin(self, cookie_hash: CookieHash, token_id: str, proof: bytes) -> None:
        """See Store.begin_dashboard_session."""
        now = self._now_ms()
        session = DashboardSession(token_id=token_id, proof=proof, began_at=now, used_at=now)
        await self._commands.run("SET", keys.dashboard_session(cookie_hash), encode(session), "PX", IDLE_MS)

    async def find(self, cookie_hash: CookieHash, *, in_use: bool) -> SignedIn | None:
        """See Store.dashboard_session."""
        value = await self._commands.run("GET", keys.dashboard_session(cookie_hash))
        if not isinstance(value, bytes):
            return None
        session = decode(value, DashboardSession)
        if not _is_live(session, self._now_ms()):
            return None
        token = None
        if session.token_id:
            token = await self._tokens.by_id(TokenId(session.token_id), in_use=in_use)
            if token is None:
                return None
        if in_use:
            await self._note_use(cookie_hash, session)
        return SignedIn(token, session.proof)

    async def _note_use(self, cookie_hash: CookieHash, session: DashboardSession) -> None:
        """Note it once in a minute; that this could not be noted refuses nobody."""
        now = self._now_ms()
        if abs(now - session.used_at) < _USE_NOTED_EVERY_MS:
            return
        used = encode(msgspec.structs.replace(session, used_at=now))
        life = max(1, min(IDLE_MS, session.began_at + LONGEST_MS - now))
        with suppress(StoreUnavailable):
            # XX: what was ended meanwhile is not revived.
            await self._commands.run("SET", keys.dashboard_session(cookie_hash), used, "XX", "PX", life)

    async def end(self, cookie_hash: CookieHash) -> bool:
        """See Store.end_dashboard_session."""
        async with self._commands.confirmed():
            return await self._commands.run("DEL", keys.dashboard_session(cookie_hash)) == 1

    async def offer_link(self, secret: str) -> str | None:
        """See Store.offer_dashboard_link."""
        token = await self._tokens.by_secret(secret)
        if token is None:
            return None
        code = secrets.token_urlsafe(_CODE_BYTES)
        await self._commands.run("SET", _place_of(code), token.id, "PX", LINK_MS)
        return code

    async def take_link(self, code: str) -> ApiToken | None:
        """See Store.take_dashboard_link."""
        if not _CODE.fullmatch(code):
            return None
        token_id = await self._commands.run("GETDEL", _place_of(code))
        if not isinstance(token_id, bytes):
            return None
        return await self._tokens.by_id(TokenId(token_id.decode()), in_use=True)


def _is_live(session: DashboardSession, now: Milliseconds) -> bool:
    return now < min(session.began_at + LONGEST_MS, session.used_at + IDLE_MS)


def _place_of(code: str) -> bytes:
    return keys.dashboard_link(secret_hash(code))
