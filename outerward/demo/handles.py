"""Values behind random names that run out: what the demo's providers must remember between two requests."""

import secrets
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 1000


class Handles(Generic[T]):
    """At most a thousand values, the oldest dropped first; each lives ``ttl_s`` seconds of ``clock``."""

    def __init__(self, ttl_s: float, clock: Callable[[], float]) -> None:
        self._ttl_s = ttl_s
        self._clock = clock
        self._values: dict[str, tuple[float, T]] = {}

    def put(self, value: T) -> str:
        """Keep ``value``; the random name to ask for it by."""
        name = secrets.token_urlsafe(32)
        self.keep(name, value)
        return name

    def keep(self, name: str, value: T) -> None:
        """Keep ``value`` under a name of the caller's."""
        while len(self._values) >= _MOST:
            self._values.pop(next(iter(self._values)))
        self._values[name] = (self._clock() + self._ttl_s, value)

    def get(self, name: str) -> T | None:
        """The value under ``name``, again and again until it runs out."""
        until, value = self._values.get(name, (0.0, None))
        return value if self._clock() < until else None

    def live(self) -> dict[str, T]:
        """Every value that has not run out, by name."""
        now = self._clock()
        return {name: value for name, (until, value) in self._values.items() if now < until}

    def take(self, name: str) -> T | None:
        """The value under ``name``, once."""
        value = self.get(name)
        self._values.pop(name, None)
        return value
