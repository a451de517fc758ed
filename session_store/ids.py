"""Public identifiers: KSUIDs for what is made, digests of names for what is configured.

A KSUID is 20 bytes, base62 in 27 places: 4 bytes of seconds since 2014-05-13T16:53:20Z, then 16 random
bytes. Ids of one source are strictly increasing, so that "newest first by id" holds within one second.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import NewType

UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
EndpointId = NewType("EndpointId", str)
TokenId = NewType("TokenId", str)

USER_PREFIX = "edgusr_"
SESSION_PREFIX = "edgses_"
TOKEN_PREFIX = "owtok_"  # noqa: S105 - how ids begin, no secret
ENDPOINT_PREFIX = "ep_"
TUNNEL_PREFIX = "tn_"
EDGE_PREFIX = "edghts_"
ROUTE_PREFIX = "edghtsrt_"

KSUID_EPOCH_S = 1_400_000_000
WRITE_UNDER_WAY_S = 60
"""After so long no write that began with an id can still be under way."""

_LENGTH = 27
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LARGEST = 1 << 160
_RANDOM_BITS = 128


def base62(value: bytes) -> str:
    """20 bytes as 27 base62 places, which sort as the bytes do."""
    number = int.from_bytes(value, "big")
    places = []
    for _ in range(_LENGTH):
        number, place = divmod(number, 62)
        places.append(_ALPHABET[place])
    return "".join(reversed(places))


def is_id(text: str, prefix: str) -> bool:
    """Whether ``text`` has the shape ``prefix`` + 27 places of base62 that fit 20 bytes."""
    rest = text[len(prefix) :]
    if not text.startswith(prefix) or len(rest) != _LENGTH:
        return False
    number = 0
    for place in rest:
        digit = _ALPHABET.find(place)
        if digit < 0:
            return False
        number = number * 62 + digit
    return number < _LARGEST


def bare(public_id: str) -> bytes:
    """The 27 places of an id without its prefix, as they stand in indexes."""
    return public_id[-_LENGTH:].encode()


def made_at_s(text: str) -> int:
    """When the KSUID that ``text`` ends in was made: Unix time in seconds."""
    number = 0
    for place in text[-_LENGTH:]:
        number = number * 62 + _ALPHABET.index(place)
    return (number >> _RANDOM_BITS) + KSUID_EPOCH_S


def may_be_under_way(public_id: str, now_ms: int) -> bool:
    """Whether what has this id may still be on its way to the store: indexes are written before records."""
    return made_at_s(public_id) >= now_ms // 1000 - WRITE_UNDER_WAY_S


def name_id(prefix: str, kind: str, name: str) -> str:
    """The id of a configured thing: the same on every machine, without a look-up (admin API, Ref)."""
    digest = hashlib.sha256(kind.encode() + b"\0" + name.encode()).digest()
    return prefix + base62(digest[:20])


def endpoint_id(name: str) -> EndpointId:
    """The id of the endpoint called ``name``: the tunnel's name, or edge name + path prefix."""
    return EndpointId(name_id(ENDPOINT_PREFIX, "endpoint", name))


def tunnel_id(tunnel: str) -> str:
    """The id of the tunnel called ``tunnel``."""
    return name_id(TUNNEL_PREFIX, "tunnel", tunnel)


def edge_id(edge: str) -> str:
    """The id of the edge called ``edge``."""
    return name_id(EDGE_PREFIX, "edge", edge)


def route_id(edge: str, path_prefix: str) -> str:
    """The id of one route of an edge."""
    return name_id(ROUTE_PREFIX, "route", edge + path_prefix)


class IdSource:
    """Makes KSUIDs; ``now_s`` and ``random_bytes`` are injected for tests."""

    def __init__(
        self,
        now_s: Callable[[], float] = time.time,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._now_s = now_s
        self._random_bytes = random_bytes
        self._last = 0

    def user(self) -> UserId:
        """A new application user's id."""
        return UserId(USER_PREFIX + self._next())

    def session(self) -> SessionId:
        """A new application session's id."""
        return SessionId(SESSION_PREFIX + self._next())

    def token(self) -> TokenId:
        """A new API token's id."""
        return TokenId(TOKEN_PREFIX + self._next())

    def _next(self) -> str:
        seconds = int(self._now_s()) - KSUID_EPOCH_S
        fresh = (seconds << _RANDOM_BITS) | int.from_bytes(self._random_bytes(16), "big")
        if fresh >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
            fresh = self._last + 1
        self._last = fresh
        return base62(fresh.to_bytes(20, "big"))
