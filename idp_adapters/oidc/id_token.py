"""From the text of an ID token or a logout token to claims whose signature was verified.

RFC 7515, RFC 7519, RFC 8725. Pure. Says who wrote the claims; whether they are meant for this login is
``claims``' question. A key never comes from the token itself.
"""

import re
from base64 import urlsafe_b64decode

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from idp_adapters.oidc.keys import KeySet
from idp_adapters.provider import LoginError
from idp_adapters.strict_json import JsonError, read_object

_MAX_PAYLOAD = 256 * 1024
_MAX_HEADER = 8 * 1024
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")


class UnknownKeyError(Exception):
    """No key of the set is the one that the token names; a newer set may have it."""


class SignedClaims(msgspec.Struct, frozen=True):
    """Claims that the provider signed, and the algorithm that it signed them with."""

    claims: dict[str, object]
    alg: str


class UnverifiedToken(msgspec.Struct, frozen=True):
    """A token of the right build whose signature was not looked at yet."""

    compact: str
    alg: str
    kid: str | None

    def __repr__(self) -> str:
        return f"UnverifiedToken({self.alg}, ...)"


def read_header(
    compact: str, algorithms: tuple[str, ...], types: tuple[str, ...] = ("jwt",)
) -> UnverifiedToken:
    """Take a compact JWS apart; ``algorithms`` are the only ones that it may be signed with.

    ``types`` are the values that ``typ`` may have, in lower case; it may also be absent.

    Raises LoginError (*invalid_token*) for encrypted, compressed, unsigned and otherwise foreign tokens.
    """
    segments = compact.split(".")
    if len(segments) == 5:
        raise _invalid("it is encrypted")
    if len(segments) != 3 or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise _invalid("it is not a signed token in compact form")
    header = _header_members(segments[0])
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", types[0])
    if not isinstance(alg, str) or alg not in algorithms:
        raise _invalid(f"it is signed with {str(alg)[:32]!a}, not with {', '.join(algorithms)}")
    if not isinstance(typ, str) or typ.lower() not in types:
        raise _invalid(f"it is of type {str(typ)[:32]!a}, not {types[0]}")
    for name in ("crit", "zip", "b64"):
        if name in header:
            raise _invalid(f"its header has {name}")
    if kid is not None and not isinstance(kid, str):
        raise _invalid("its key id is not a string")
    return UnverifiedToken(compact, alg, kid)


def verify(token: UnverifiedToken, keys: KeySet) -> SignedClaims:
    """Verify ``token`` with the one key of ``keys`` that fits.

    Raises UnknownKeyError where none fits or the signature is not that key's, LoginError (*invalid_token*)
    where the signed bytes are not claims.
    """
    key = keys.fitting(token.alg, token.kid)
    if key is None:
        raise UnknownKeyError
    registry = jws.JWSRegistry(algorithms=[token.alg], strict_check_header=False)
    registry.max_header_length = _MAX_HEADER
    registry.max_payload_length = _MAX_PAYLOAD
    try:
        payload = jws.deserialize_compact(token.compact, key, registry=registry).payload
    except (JoseError, ValueError):
        raise UnknownKeyError from None
    try:
        return SignedClaims(read_object(payload), token.alg)
    except JsonError as error:
        raise _invalid(f"claims: {error}") from None


def _header_members(segment: str) -> dict[str, object]:
    if len(segment) > _MAX_HEADER:
        raise _invalid(f"its header is larger than {_MAX_HEADER} bytes")
    try:
        return read_object(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (JsonError, ValueError):
        raise _invalid("its header is not a JSON object, each member once") from None


def _invalid(detail: str) -> LoginError:
    return LoginError("invalid_token", f"token: {detail}")
