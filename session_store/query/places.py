"""Places in the indexes, and the commands that count, gather, page through and test what is there.

Ids are bare here: the 27 places at the end of every member, whatever stands before them. Their order is that
of time. Pure: makes commands, runs none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from session_store.commands import Reply
from session_store.ids import KSUID_EPOCH_S, base62
from session_store.lua import Command
from session_store.records import Milliseconds

BareId = bytes

_BARE = 27
_AFTER_ALL = b"{"
"""What comes after every base62 place."""

_AFTER_PREFIX = b"\xff"
"""What is in no text that is entered, and comes after whatever is."""

_CLOCKS_DIFFER_MS = 10_000
_LAST_SECOND = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Span:
    """Ids from ``low`` on and before ``below``."""

    low: bytes = b""
    below: bytes = _AFTER_ALL

    def __contains__(self, bare_id: BareId) -> bool:
        return self.low <= bare_id < self.below

    @property
    def is_empty(self) -> bool:
        """Whether no id is in it."""
        return self.low >= self.below

    def and_also(self, other: "Span") -> "Span":
        """The ids that are in both."""
        return Span(max(self.low, other.low), min(self.below, other.below))


def beginning(text: str) -> Span:
    """The ids that begin with ``text``."""
    start = text.encode(errors="surrogatepass")
    return Span(start, start + _AFTER_ALL)


def made_between(from_ms: Milliseconds | None, to_ms: Milliseconds | None) -> Span:
    """The ids of what was made from ``from_ms`` on and before ``to_ms``, and some that were not.

    An id's second is another reading of the clock than the record's time, and later where the clock was set
    back: ten seconds to either side allow for that.
    """
    span = Span()
    if from_ms is not None:
        span = span.and_also(Span(low=_first_of((from_ms - _CLOCKS_DIFFER_MS) // 1000)))
    if to_ms is not None:
        span = span.and_also(Span(below=_first_of(-(-(to_ms + _CLOCKS_DIFFER_MS) // 1000))))
    return span


def _first_of(second: int) -> bytes:
    since = max(second - KSUID_EPOCH_S, 0)
    return _AFTER_ALL if since > _LAST_SECOND else base62((since << 128).to_bytes(20, "big")).encode()


@dataclass(frozen=True, slots=True)
class Run:
    """Entries that all begin with ``lead``, then the id: they stand in the order of time."""

    key: bytes
    lead: bytes

    def counting(self, span: Span) -> Command:
        """How many there are within ``span``."""
        return ("ZLEXCOUNT", self.key, b"[" + self.lead + span.low, b"(" + self.lead + span.below)

    def gathering(self, span: Span) -> Command:
        """All within ``span``."""
        return ("ZRANGE", *self.counting(span)[1:], "BYLEX")

    def page(self, span: Span, count: int) -> Command:
        """The newest ``count`` within ``span``, newest first."""
        high, low = b"(" + self.lead + span.below, b"[" + self.lead + span.low
        return ("ZRANGE", self.key, high, low, "BYLEX", "REV", "LIMIT", 0, count)

    def testing(self, ids: Sequence[BareId]) -> Command:
        """Which of ``ids`` are there: ``has`` reads each reply."""
        return ("ZMSCORE", self.key, *(self.lead + bare_id for bare_id in ids))

    def has(self, score: Reply) -> bool:
        """Whether this reply of ``testing`` says so."""
        return score is not None


@dataclass(frozen=True, slots=True)
class Scored:
    """Whole ids whose score is from ``low`` on and below ``below``, None: no bound; by their score."""

    key: bytes
    lead: bytes
    low: int | None = None
    below: int | None = None

    def counting(self, span: Span) -> Command:
        """How many there are, within ``span`` or not."""
        return ("ZCOUNT", self.key, *self._bounds())

    def gathering(self, span: Span) -> Command:
        """All, within ``span`` or not."""
        return ("ZRANGE", self.key, *self._bounds(), "BYSCORE")

    def testing(self, ids: Sequence[BareId]) -> Command:
        """Which of ``ids`` are there: ``has`` reads each reply."""
        return ("ZMSCORE", self.key, *(self.lead + bare_id for bare_id in ids))

    def latest(self, place: int) -> Command:
        """The entry that so many are later than, with its score; none where there are not so many."""
        low, below = self._bounds()
        return ("ZRANGE", self.key, below, low, "BYSCORE", "REV", "LIMIT", place, 1, "WITHSCORES")

    def has(self, score: Reply) -> bool:
        """Whether this reply of ``testing`` says so."""
        if score is None:
            return False
        at = float(cast("bytes", score))
        return (self.low is None or self.low <= at) and (self.below is None or at < self.below)

    def _bounds(self) -> tuple[str, str]:
        return (
            "-inf" if self.low is None else str(self.low),
            "+inf" if self.below is None else f"({self.below}",
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries from ``low`` on and before ``below``, values and ids of many kinds: by their value."""

    key: bytes
    low: bytes
    below: bytes

    def counting(self, span: Span) -> Command:
        """How many there are, within ``span`` or not."""
        return ("ZLEXCOUNT", self.key, b"[" + self.low, b"(" + self.below)

    def gathering(self, span: Span) -> Command:
        """All, within ``span`` or not."""
        return ("ZRANGE", *self.counting(span)[1:], "BYLEX")

    def first(self) -> Command:
        """The first of them."""
        return (*self.gathering(Span()), "LIMIT", 0, 1)

    def last(self) -> Command:
        """The last of them."""
        return ("ZRANGE", self.key, b"(" + self.below, b"[" + self.low, "BYLEX", "REV", "LIMIT", 0, 1)

    def some(self, count: int) -> Command:
        """``count`` of them."""
        return (*self.gathering(Span()), "LIMIT", 0, count)


Place = Run | Scored | Stretch


def value_run(key: bytes, value: bytes) -> Run:
    """The entries of ``value``."""
    return Run(key, value + b"\0")


def value_stretch(key: bytes, prefix: bytes) -> Stretch:
    """The entries of all values that begin with ``prefix``."""
    return Stretch(key, prefix, prefix + _AFTER_PREFIX)


def bare_of(member: bytes) -> BareId:
    """The id in a member."""
    return member[-_BARE:]


def value_of(member: bytes) -> bytes:
    """What stands before the id, and the 0, in a member."""
    return member[: -_BARE - 1]
