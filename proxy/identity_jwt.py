"""A signed token for the upstream that says who is asking, and the keys that verify it (``identity_jwt``).

RFC 7519, RFC 7517. One key for all workers, kept by the store and made at first use; it is needed before any
such token can be made, so that until it is there nobody passes where one is due.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from joserfc import jwt
from joserfc.jwk import ECKey

from proxy.routes import Route
from session_store import ApplicationSession, StoreRefused, StoreUnavailable

LIFE_S = 60
"""How long a token is good for."""
REUSED_MS = 30_000
"""How long the same token is sent with the requests of a session."""
KEY_NAME = "identity-jwt-key"
ALGORITHM = "ES256"
_RETRY_S = 1.0
_PATIENCE_S = 0.5

log = structlog.get_logger("proxy")

Settle = Callable[[str, bytes], Awaitable[bytes]]
"""``Store.settle``."""


class IdentityKey:
    """The key of all workers; ``settle`` decides which one that is."""

    def __init__(self, settle: Settle) -> None:
        self._settle = settle
        self._key: ECKey | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to ask the store for the key, until it answers; one that does so at once is waited for."""
        self._task = asyncio.create_task(self._load_until_there(), name="identity key")
        await asyncio.wait([self._task], timeout=_PATIENCE_S)

    async def close(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def token(self, session: ApplicationSession, route: Route, now_ms: int) -> str:
        """What ``X-Outerward-Jwt`` says of ``session``. Raises StoreUnavailable while there is no key."""
        if self._key is None:
            raise StoreUnavailable("the key that signs identities has not come from the store yet")
        header = {"alg": ALGORITHM, "kid": self._key.kid, "typ": "JWT"}
        return jwt.encode(header, _claims(session, route, now_ms // 1000), self._key, algorithms=[ALGORITHM])

    async def document(self) -> bytes:
        """The JWK Set with the public key. Raises StoreUnavailable while there is none."""
        if self._key is None:
            await self._load()
        if self._key is None:
            raise StoreUnavailable("the key that signs identities has not come from the store yet")
        return json.dumps({"keys": [self._key.as_dict(private=False)]}).encode()

    async def _load(self) -> None:
        proposal = ECKey.generate_key("P-256", private=True).as_pem(private=True)
        try:
            settled = await self._settle(KEY_NAME, proposal)
        except StoreRefused as error:
            log.error("identity_key_refused", detail=str(error))
            raise StoreUnavailable(str(error)) from None
        key = ECKey.import_key(settled, {"use": "sig", "alg": ALGORITHM})
        key.ensure_kid()
        self._key = key

    async def _load_until_there(self) -> None:
        while self._key is None:
            try:
                await self._load()
            except StoreUnavailable:
                await asyncio.sleep(_RETRY_S)


def _claims(session: ApplicationSession, route: Route, now_s: int) -> dict[str, Any]:
    principal = session.principal
    told: dict[str, Any] = {
        "iss": route.origin,
        "aud": route.endpoint.public_url,
        "sub": principal.subject,
        "sid": session.id,
        "iat": now_s,
        "exp": now_s + LIFE_S,
        "idp": principal.provider,
        "idp_issuer": principal.issuer,
    }
    email = principal.email if principal.email_verified else ""
    more = {
        "email": email,
        "email_verified": bool(email),
        "preferred_username": principal.username,
        "name": principal.name,
        "groups": list(principal.groups),
    }
    return told | {name: value for name, value in more.items() if value}
