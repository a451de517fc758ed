"""A login under way, as it is kept between the redirect to the provider and the provider's answer.

Kept under a digest of its state, taken once, and worth something only in the browser that holds the login
cookie and only for ten minutes. Its bytes begin with a mark of their own: never a session. Knows no store.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

import msgspec

from proxy.login.cookies import LOGIN_LIFETIME_S
from session_store import StoreTime

_MARK = b"L1"


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


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Transaction)


def encode(transaction: Transaction) -> bytes:
    """The bytes to keep."""
    return _MARK + _ENCODER.encode(transaction)


def decode(kept: bytes) -> Transaction | None:
    """The transaction in ``kept``; None where the bytes are of another kind or format."""
    if not kept.startswith(_MARK):
        return None
    try:
        return _DECODER.decode(kept[len(_MARK) :])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def digest_of(cookie_value: str) -> bytes:
    """What is kept of a login cookie's value."""
    return hashlib.sha256(cookie_value.encode()).digest()


def key_of(state: str) -> str:
    """The key that a login is kept under; tells nothing of the state."""
    digest = hashlib.sha256(b"login-state\0" + state.encode("utf-8", "replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
