"""Logins and logouts under way, as they are kept while a browser is at the provider.

Kept under a digest of their state and taken once; a login is worth something only in the browser that holds
its cookie and only for ten minutes. Each kind's bytes begin with a mark of its own: never a session, never
another kind. Knows no store.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import Literal, TypeVar, cast

import msgspec

from idp_adapters import LoginCompleted
from proxy.login.cookies import LOGIN_LIFETIME_S
from session_store import StoreTime


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What was begun, where, for whom, and when by the store's clock.

    ``memory`` is the provider's own (``LoginBegun.transaction``); ``cookie_digest`` the SHA-256 of the login
    cookie's value.
    """

    provider: str
    memory: bytes
    hostname: str
    return_path: str
    begun_at: StoreTime
    cookie_digest: bytes

    def __repr__(self) -> str:
        return f"Transaction(provider={self.provider!r}, hostname={self.hostname!r}, ...)"

    def belongs_to(self, cookie_value: str) -> bool:
        """Whether the browser that holds ``cookie_value`` began this login; in constant time."""
        return hmac.compare_digest(self.cookie_digest, digest_of(cookie_value))

    def is_over(self, now: StoreTime) -> bool:
        """Whether its ten minutes have passed; compared at use, whatever the store still holds."""
        return now - self.begun_at >= LOGIN_LIFETIME_S * 1_000_000


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A login whose answer was verified where no cookie came along; its browser still has to show itself."""

    transaction: Transaction
    completed: LoginCompleted

    def __repr__(self) -> str:
        return f"Arrived({self.transaction!r})"


class LogoutUnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """A logout that went on to ``provider``; without ``return_path`` the page that says so comes next."""

    provider: str
    hostname: str
    return_path: str | None
    memory: bytes

    def __repr__(self) -> str:
        return f"LogoutUnderWay(provider={self.provider!r}, ...)"


Stage = Literal["login", "answered", "asked", "logout"]
"""What a state leads to: a login at the provider, its verified answer, an answer that nobody asked for and
that the visitor has to confirm, a logout at the provider."""

R = TypeVar("R", bound=msgspec.Struct)

_MARKS: dict[type[msgspec.Struct], bytes] = {Transaction: b"L1", Arrived: b"R1", LogoutUnderWay: b"O1"}
_ENCODER = msgspec.msgpack.Encoder()
_DECODERS = {kind: msgspec.msgpack.Decoder(kind) for kind in _MARKS}


def encode(record: Transaction | Arrived | LogoutUnderWay) -> bytes:
    """The bytes to keep."""
    return _MARKS[type(record)] + _ENCODER.encode(record)


def decode(kept: bytes | None, kind: type[R]) -> R | None:
    """The ``kind`` in ``kept``; None where nothing is kept or the bytes are of another kind or format."""
    if kept is None or not kept.startswith(_MARKS[kind]):
        return None
    try:
        return cast("R", _DECODERS[kind].decode(kept[len(_MARKS[kind]) :]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def digest_of(cookie_value: str) -> bytes:
    """What is kept of a login cookie's value."""
    return hashlib.sha256(cookie_value.encode()).digest()


def key_of(stage: Stage, state: str) -> str:
    """The key that ``state`` is kept under at ``stage``; tells nothing of the state."""
    digest = hashlib.sha256(f"{stage}-state\0".encode() + state.encode("utf-8", "replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
