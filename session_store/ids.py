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

KSUID_EPOCH_S = 1_400_000_000
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


def made_at_s(text: str) -> int:
    """When the KSUID that ``text`` ends in was made: Unix time in seconds."""
    number = 0
    for place in text[-_LENGTH:]:
        number = number * 62 + _ALPHABET.index(place)
    return (number >> _RANDOM_BITS) + KSUID_EPOCH_S


def name_id(prefix: str, kind: str, name: str) -> str:
    """The id of a configured thing: the same on every machine, without a look-up (admin API, Ref)."""
    digest = hashlib.sha256(kind.encode() + b"\0" + name.encode()).digest()
    return prefix + base62(digest[:20])


def endpoint_id(name: str) -> EndpointId:
    """The id of the endpoint called ``name``: the tunnel's name, or edge name + path prefix."""
    return EndpointId(name_id("ep_", "endpoint", name))


def edge_id(edge: str) -> str:
    """The id of the edge called ``edge``."""
    return name_id("edghts_", "edge", edge)


def route_id(edge: str, path_prefix: str) -> str:
    """The id of one route of an edge."""
    return name_id("edghtsrt_", "route", edge + path_prefix)


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
        return UserId("edgusr_" + self._next())

    def session(self) -> SessionId:
        """A new application session's id."""
        return SessionId("edgses_" + self._next())

    def token(self) -> TokenId:
        """A new API token's id."""
        return TokenId("owtok_" + self._next())

    def _next(self) -> str:
        seconds = int(self._now_s()) - KSUID_EPOCH_S
        fresh = (seconds << _RANDOM_BITS) | int.from_bytes(self._random_bytes(16), "big")
        if fresh >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
            fresh = self._last + 1
        self._last = fresh
        return base62(fresh.to_bytes(20, "big"))
