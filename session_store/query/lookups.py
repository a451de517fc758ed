"""What an index can be asked: the parts of a filter or a search that do not need every record read.

Plain values, in the names of fields; ``grounds`` knows which index answers which. Every row that holds is
among those that a lookup finds, and maybe others.
"""

from dataclasses import dataclass

from session_store.query.words import Network
from session_store.records import Milliseconds


@dataclass(frozen=True, slots=True)
class Equals:
    """Rows whose ``field`` is ``value``, None where it is missing."""

    field: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Prefix:
    """Rows whose ``field`` begins with ``text``."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Networks:
    """Rows whose address is in one of ``networks``."""

    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Rows whose ``field`` is a time from ``from_ms`` on and before ``to_ms``; None: no bound."""

    field: str
    from_ms: Milliseconds | None
    to_ms: Milliseconds | None


@dataclass(frozen=True, slots=True)
class Word:
    """Rows of users of whom a word begins with ``text``, folded."""

    text: str


Lookup = Equals | Prefix | Networks | TimeRange | Word
Union = tuple[Lookup, ...]
"""A row is found by any of these; by an empty one no row is."""
