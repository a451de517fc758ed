"""The signature of what is sent, by which a receiver knows the sender (Standard Webhooks 1.0.0). Pure."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error

SHORTEST_SECRET = 32
_ENCODED = "whsec_"
_SHORTEST_KEY, _LONGEST_KEY = 24, 64


def key_of(secret: str) -> bytes:
    """The key in ``secret``: what follows ``whsec_`` in base64, or any other text as it is.

    Raises ValueError, in words that quote nothing of it.
    """
    if not secret.startswith(_ENCODED):
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"must have at least {SHORTEST_SECRET} characters")
        return secret.encode()
    try:
        key = b64decode(secret.removeprefix(_ENCODED), validate=True)
    except (Error, ValueError):
        raise ValueError(f"what follows {_ENCODED} is not base64") from None
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError(f"{_ENCODED} must be followed by {_SHORTEST_KEY} to {_LONGEST_KEY} bytes in base64")
    return key


def signed_headers(key: bytes, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The headers that go with ``body``: which message it is, when it is sent (Unix seconds), the proof."""
    signed = b".".join((message_id.encode(), str(timestamp_s).encode(), body))
    proof = b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{proof}",
    }
