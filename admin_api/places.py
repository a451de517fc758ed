"""Places for what is costly: so many at once in all, and so many of them for one caller.

Pure counting. Knows neither what takes a place nor for how long.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from admin_api.problems import Code, Problem


class Places:
    """``in_all`` places, of which one actor has ``each`` at most; ``refusal`` is for who comes in vain."""

    def __init__(self, in_all: int, each: int, refusal: Code) -> None:
        self._in_all = in_all
        self._each = each
        self._refusal = refusal
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, actor: str) -> Iterator[None]:
        """A place for ``actor`` as long as the context lasts. Raises Problem where there is none, at once."""
        if not self.take(actor):
            raise self.refused()
        try:
            yield
        finally:
            self.leave(actor)

    def take(self, actor: str) -> bool:
        """Whether there was a place for ``actor``, who has it until it is left."""
        if self._taken.total() >= self._in_all or self._taken[actor] >= self._each:
            return False
        self._taken[actor] += 1
        return True

    def leave(self, actor: str) -> None:
        """Give back a place that ``actor`` has."""
        self._taken[actor] -= 1
        if not self._taken[actor]:
            del self._taken[actor]

    def refused(self) -> Problem:
        """What to raise where there is no place."""
        return Problem(self._refusal)
