"""Who calls: bearer tokens, their scopes, and the limit on failed attempts.

A token is looked up whole by its digest or compared in constant time; it never leaves this file, not even in
an error. Knows no paths: what an operation needs, it is told.
"""

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from admin_api.problems import Code, Problem
from session_store import ApiToken, Store, UserTag

FAILURES_PER_SECOND = 10

# RFC 6750 §2.1, with any visible character for the token: an operator chooses the bootstrap token.
_BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE)


class Scope(Enum):
    """What a token may do; each contains those before it."""

    READ = "read"
    REVOKE = "revoke"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Whether a token of this scope may do what needs ``needed``."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may call; ``actor`` names the token in the log, in events and in tombstones.

    ``user_tag``: whose sessions are the caller's own; None where the caller is nobody's browser.
    """

    actor: str
    scope: Scope
    user_tag: UserTag | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token proves; ``token_id`` is "" and ``name`` says so where it is the configured one."""

    caller: Caller
    name: str
    token_id: str = ""


BOOTSTRAP_HOLDER = Holder(Caller("bootstrap", Scope.ADMIN), "bootstrap token")


class Limit:
    """Counts by name, at most ``most`` within each stretch of ``within_s`` seconds of ``monotonic_s``."""

    def __init__(
        self, monotonic_s: Callable[[], float], most: int = FAILURES_PER_SECOND, within_s: int = 1
    ) -> None:
        self._monotonic_s = monotonic_s
        self._most = most
        self._within_s = within_s
        self._stretch = -1
        self._counts: Counter[str] = Counter()

    def exceeded_by(self, name: str) -> bool:
        """Count one of ``name``; whether it had its share of this stretch already."""
        stretch = int(self._monotonic_s() // self._within_s)
        if stretch != self._stretch:
            self._stretch = stretch
            self._counts.clear()
        self._counts[name] += 1
        return self._counts[name] > self._most


class Authenticator:
    """Finds the caller behind a request's credentials."""

    def __init__(self, store: Store, bootstrap_token: str | None, limit: Limit) -> None:
        self._store = store
        self._bootstrap = None if bootstrap_token is None else _digest(bootstrap_token)
        self._limit = limit

    async def caller(self, authorization: Sequence[str], address: str) -> Caller:
        """The caller whom the ``Authorization`` lines prove; ``address`` is where a failure is counted.

        Raises Problem (401, or 429 past the limit) and StoreUnavailable. A valid token is never limited, and
        a request without credentials is no attempt and not counted.
        """
        if not authorization:
            raise Problem(Code.NO_CREDENTIALS)
        return self._counted(await self._recognise(authorization), address).caller

    async def holder(self, token: str, address: str) -> Holder:
        """Whom ``token`` proves by itself. Raises as ``caller`` does; nothing at all counts as a failure."""
        return self._counted(await self._holder(token), address)

    def bootstrap_proof(self, salt: bytes) -> bytes:
        """What only the same bootstrap token gives again under the random ``salt``; empty without a token.

        Whoever reads it can neither use nor guess the token without the salt.
        """
        return b"" if self._bootstrap is None else hmac.digest(salt, self._bootstrap, "sha256")

    async def stands(self, authorization: Sequence[str]) -> bool:
        """Whether the lines that proved a caller still do. Raises StoreUnavailable."""
        return await self._recognise(authorization) is not None

    def _counted(self, holder: Holder | None, address: str) -> Holder:
        if holder is None:
            limited = self._limit.exceeded_by(address)
            raise Problem(Code.TOO_MANY_FAILURES if limited else Code.BAD_CREDENTIALS)
        return holder

    async def _recognise(self, authorization: Sequence[str]) -> Holder | None:
        credentials = _BEARER.fullmatch(authorization[0])
        if credentials is None or len(authorization) > 1:
            return None
        return await self._holder(credentials[1])

    async def _holder(self, secret: str) -> Holder | None:
        # Digests, so that neither content nor length shows in the time that the comparison takes.
        if self._bootstrap is not None and hmac.compare_digest(self._bootstrap, _digest(secret)):
            return BOOTSTRAP_HOLDER
        token = await self._store.token_by_secret(secret)
        return None if token is None else holder_of(token)


def holder_of(token: ApiToken) -> Holder | None:
    """Whom a valid ``token`` of the store proves; None where its scope is unknown."""
    if token.scope not in {scope.value for scope in Scope}:
        return None
    return Holder(Caller(f"token:{token.id}", Scope(token.scope)), token.name, token.id)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
