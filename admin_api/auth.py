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
from session_store import Store, UserTag

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


class FailureLimit:
    """Counts failed authentications by address within each second of ``monotonic_s``."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._second = -1
        self._failures: Counter[str] = Counter()

    def exceeded_by(self, address: str) -> bool:
        """Count a failure of ``address``; whether it had its share of this second already."""
        second = int(self._monotonic_s())
        if second != self._second:
            self._second = second
            self._failures.clear()
        self._failures[address] += 1
        return self._failures[address] > FAILURES_PER_SECOND


class Authenticator:
    """Finds the caller behind a request's credentials."""

    def __init__(self, store: Store, bootstrap_token: str | None, limit: FailureLimit) -> None:
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
        caller = await self._recognise(authorization)
        if caller is None:
            limited = self._limit.exceeded_by(address)
            raise Problem(Code.TOO_MANY_FAILURES if limited else Code.BAD_CREDENTIALS)
        return caller

    async def stands(self, authorization: Sequence[str]) -> bool:
        """Whether the lines that proved a caller still do. Raises StoreUnavailable."""
        return await self._recognise(authorization) is not None

    async def _recognise(self, authorization: Sequence[str]) -> Caller | None:
        credentials = _BEARER.fullmatch(authorization[0])
        if credentials is None or len(authorization) > 1:
            return None
        secret = credentials[1]
        # Digests, so that neither content nor length shows in the time that the comparison takes.
        if self._bootstrap is not None and hmac.compare_digest(self._bootstrap, _digest(secret)):
            return Caller("bootstrap", Scope.ADMIN)
        token = await self._store.token_by_secret(secret)
        if token is None or token.scope not in {scope.value for scope in Scope}:
            return None
        return Caller(f"token:{token.id}", Scope(token.scope))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
