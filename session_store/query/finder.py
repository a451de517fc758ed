"""Finds users and sessions: a page of those that are wanted, or how many there are.

Indexes say where to look and the record of every row decides, whole. An answer costs no more than it may:
what would need more records than that is refused with the names of fields that would help.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, TypeVar

from session_store.commands import Commands
from session_store.ids import bare
from session_store.query.errors import TooBroad
from session_store.query.fields import INDEXED, Kind
from session_store.query.filter import Filter
from session_store.query.lookups import Equals, Networks, Prefix, TimeRange, Union, Word
from session_store.query.places import Span
from session_store.query.reading import Read, Reading
from session_store.query.search import Search
from session_store.query.survey import survey
from session_store.records import Milliseconds
from session_store.views import Page, SessionView, UserView

_ROWS_AT_MOST = 20_000
_ROWS_COUNTED = 10_000
_LOOKING_MS = 1000
"""How long rows are looked for, or counted, where every row is not wanted: then it has cost enough."""

_ROWS_AT_ONCE = 1000
_SPARE = 5
"""Of so many rows that indexes find, one is taken to be wanted, where they do not say all."""

V = TypeVar("V", SessionView, UserView)


class Rows(Protocol):
    """Reads rows by their whole ids; None for each that is not there."""

    async def session_views(self, ids: list[str]) -> list[SessionView | None]:
        """Live sessions."""

    async def user_views(self, ids: list[str]) -> list[UserView | None]:
        """Users."""

    async def ended_views(self, ids: list[str]) -> list[SessionView | None]:
        """Sessions that are over."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; everything, where neither is given. The filter is of the kind of the list."""

    filter: Filter | None = None
    search: Search | None = None

    def matches(self, view: SessionView | UserView) -> bool:
        """Whether ``view`` is wanted."""
        return (self.filter is None or self.filter.matches(view)) and (
            self.search is None or self.search.matches(view)
        )

    def conjuncts(self, kind: Kind) -> tuple[Union, ...]:
        """Every row that is wanted is found by each of these."""
        of_filter = () if self.filter is None else self.filter.conjuncts
        return of_filter if self.search is None else (*of_filter, *self.search.conjuncts(kind))

    @property
    def is_exact(self) -> bool:
        """Whether what the conjuncts find together is just what is wanted."""
        return self.is_everything or (
            self.search is None and self.filter is not None and self.filter.is_exact
        )

    @property
    def is_everything(self) -> bool:
        """Whether every row is wanted."""
        return self.filter is None and (self.search is None or not self.search.text)

    @property
    def rows_at_most(self) -> int | None:
        """How many records may be read for a page; None, any number, where every row is wanted."""
        return None if self.is_everything else _ROWS_AT_MOST

    def rows_for(self, wanted: int) -> int:
        """How many rows the conjuncts may have to find for ``wanted`` to be among them: a guess."""
        return wanted if self.is_exact else wanted * _SPARE


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are; not ``exact``: at least, or about, so many."""

    count: int
    exact: bool


class Finder:
    """Finds rows by filter and search."""

    def __init__(self, commands: Commands, rows: Rows, now_ms: Callable[[], Milliseconds]) -> None:
        self._commands = commands
        self._rows = rows
        self._now_ms = now_ms

    async def sessions(self, wanted: Wanted, limit: int, before: str | None) -> Page[SessionView]:
        """The newest ``limit`` live sessions that are wanted and older than the id ``before``.

        Raises TooBroad, StoreUnavailable.
        """
        return await self._page("sessions", self._rows.session_views, wanted, limit, before)

    async def users(self, wanted: Wanted, limit: int, before: str | None) -> Page[UserView]:
        """As ``sessions``, of users."""
        return await self._page("users", self._rows.user_views, wanted, limit, before)

    async def ended(self, wanted: Wanted, limit: int, before: str | None) -> Page[SessionView]:
        """As ``sessions``, of sessions that are over."""
        return await self._page("ended", self._rows.ended_views, wanted, limit, before)

    async def count(self, kind: Kind, wanted: Wanted) -> Count:
        """How many rows are wanted: counted on the rows where they are not too many, else by the index."""
        if kind == "users":
            return await self._count(kind, self._rows.user_views, wanted)
        read = self._rows.session_views if kind == "sessions" else self._rows.ended_views
        return await self._count(kind, read, wanted)

    async def _page(
        self, kind: Kind, read: Read[V], wanted: Wanted, limit: int, before: str | None
    ) -> Page[V]:
        span = Span() if before is None else Span(below=bare(before))
        surveyed = await survey(
            self._commands, kind, wanted.conjuncts(kind), span, wanted.rows_for(limit + 1)
        )
        reading = Reading(self._commands, read, wanted.matches, surveyed, rows_at_most=wanted.rows_at_most)
        deadline = self._now_ms() + _LOOKING_MS
        rows: list[V] = []
        at_once = limit + 1
        while len(rows) <= limit and not reading.at_end:
            is_late = not wanted.is_everything and self._now_ms() >= deadline
            if is_late or reading.has_cost_enough:
                raise TooBroad(_helpful(kind, wanted))
            rows += await reading.more(at_once)
            at_once = min(at_once * 2, _ROWS_AT_ONCE)
        return Page(rows[:limit], more=len(rows) > limit)

    async def _count(self, kind: Kind, read: Read[V], wanted: Wanted) -> Count:
        deadline = self._now_ms() + _LOOKING_MS
        surveyed = await survey(self._commands, kind, wanted.conjuncts(kind), Span(), _ROWS_COUNTED)
        by_index = surveyed.count if wanted.is_exact else None
        if by_index is not None and by_index > _ROWS_COUNTED:
            return Count(by_index, exact=False)
        reading = Reading(self._commands, read, wanted.matches, surveyed, rows_at_most=_ROWS_COUNTED)
        count = 0
        while not reading.at_end:
            if reading.has_cost_enough or self._now_ms() >= deadline:
                return Count(max(count, by_index or 0), exact=False)
            count += len(await reading.more(_ROWS_AT_ONCE))
        return Count(count, exact=True)


def _helpful(kind: Kind, wanted: Wanted) -> tuple[str, ...]:
    """The fields with an index that the filter does not ask."""
    asked = set[str]()
    for lookup in chain.from_iterable(wanted.conjuncts(kind)):
        match lookup:
            case Equals(field) | Prefix(field) | TimeRange(field):
                asked.add(field)
            case Networks():
                asked.add("ip_address")
            case Word():
                pass
    return tuple(field for field in INDEXED[kind] if field not in asked)
