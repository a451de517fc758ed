"""The provider's signing keys: which of them fit a token, and how long a set may be used.

RFC 7517, OpenID Connect Core 1.0 §10.1. Pure: sets are fetched by the rim and kept by a Refreshed.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from idp_adapters.provider import LoginError
from idp_adapters.strict_json import JsonError, read_object
from idp_adapters.transport import Answer

SigningKey = RSAKey | ECKey

KEYS_FRESH_S = 3600.0
"""How long a set counts as fresh when the provider does not say."""
_SHORTEST_S, _LONGEST_S = 30.0, 86400.0
_MIN_RSA_BITS = 2048
_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_BASE64URL = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?")
_MAX_AGE = re.compile(r"max-age=\"?(\d{1,10})\b", re.IGNORECASE)
_NO_STORE = re.compile(r"\bno-(?:store|cache)\b", re.IGNORECASE)


class KeySet(msgspec.Struct, frozen=True):
    """The keys of a set that may verify signatures, in the provider's order."""

    keys: tuple[SigningKey, ...]

    def fitting(self, alg: str, kid: str | None) -> SigningKey | None:
        """The one key for a token signed with ``alg`` and naming ``kid``, or None where none or several fit.

        Without a ``kid`` the set must leave no choice (Core §10.1); a key is never picked by its place.
        """
        fits = [key for key in self.keys if _fits(key, alg) and (kid is None or key.kid == kid)]
        return fits[0] if len(fits) == 1 else None


def read_keys(answer: Answer) -> KeySet:
    """Read a JWK Set; members that are not for signatures, unknown or weak are left out (RFC 7517 §5).

    Raises LoginError when nothing is left: *provider_misconfigured*, *provider_error* for an error answer.
    """
    if answer.status != 200:
        raise LoginError("provider_error", f"the key set answered {answer.status}")
    try:
        entries = read_object(answer.body).get("keys")
    except JsonError as error:
        raise LoginError("provider_misconfigured", f"key set: {error}") from None
    if not isinstance(entries, list):
        raise LoginError("provider_misconfigured", "key set: no list of keys")
    keys = tuple(key for entry in entries if (key := _signing_key(entry)) is not None)
    if not keys:
        raise LoginError("provider_misconfigured", "key set: no key that may verify signatures")
    return KeySet(keys)


def keys_fresh_s(answer: Answer) -> float:
    """For how many seconds the set in ``answer`` may be used without asking again (RFC 9111 §5.2.2)."""
    control = answer.headers.get("cache-control", "")
    if _NO_STORE.search(control):
        return _SHORTEST_S
    max_age = _MAX_AGE.search(control)
    return min(max(float(max_age[1]), _SHORTEST_S), _LONGEST_S) if max_age else KEYS_FRESH_S


def _signing_key(entry: object) -> SigningKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or not _may_verify(entry):
        return None
    kty = entry.get("kty")
    if kty not in ("RSA", "EC") or (kty == "RSA" and _bits(entry.get("n")) < _MIN_RSA_BITS):
        return None
    members = {name: entry[name] for name in (*_PUBLIC_MEMBERS[kty], "kty", "kid", "alg") if name in entry}
    try:
        key = import_key(members)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey) else None


def _bits(modulus: object) -> int:
    """The size of an RSA key, known before it is imported: joserfc warns of each weak key that it sees."""
    if not isinstance(modulus, str) or not _BASE64URL.fullmatch(modulus):
        return 0
    return int.from_bytes(urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4)), "big").bit_length()


def _may_verify(entry: Mapping[str, object]) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return isinstance(operations, list) and "verify" in operations


def _fits(key: SigningKey, alg: str) -> bool:
    if key.alg not in (None, alg):
        return False
    if isinstance(key, ECKey):
        return key.curve_name == _CURVES.get(alg)
    return alg.startswith(("RS", "PS"))
