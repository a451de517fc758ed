"""Secrets at rest: AES-256-GCM under keys derived from ``store.secret``. Knows no key of the store's data.

The name of the store's key is the associated data, so that a sealed value moved to another key does not open.
"""

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from session_store.errors import StoreRefused

_MARK = b"P1"
_NONCE_BYTES = 12


class Sealer:
    """Seals under the first of ``secrets`` and opens under any of them (rotation)."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or not all(secrets):
            raise StoreRefused("store.secret: at least one secret is needed, and none may be empty")
        self._ciphers = [AESGCM(_derive(secret)) for secret in secrets]

    def seal(self, payload: bytes, place: bytes) -> bytes:
        """``payload`` as it may be stored at the key ``place``."""
        nonce = os.urandom(_NONCE_BYTES)
        return _MARK + nonce + self._ciphers[0].encrypt(nonce, payload, place)

    def open(self, sealed: bytes, place: bytes) -> bytes | None:
        """What was sealed for ``place``; None where no secret opens it."""
        body = sealed[len(_MARK) :]
        if sealed[: len(_MARK)] != _MARK or len(body) < _NONCE_BYTES:
            return None
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], place)
            except InvalidTag:
                continue
        return None


def _derive(secret: str) -> bytes:
    """HKDF-SHA256 without salt (RFC 5869 §3.1): ``store.secret`` is random, not a password."""
    return HKDF(hashes.SHA256(), 32, None, b"outerward store v1").derive(secret.encode())
