"""One reading of a list: the rows of a survey, some at a time, newest first, and what it has cost so far."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from session_store.commands import Commands
from session_store.query.places import BareId
from session_store.query.plan import IDS_AT_MOST
from session_store.query.survey import Survey
from session_store.query.walk import Nothing, Sieve, walk
from session_store.views import SessionView, UserView

_IDS_AT_ONCE = 5000

V = TypeVar("V", SessionView, UserView)
Read = Callable[[list[str]], Awaitable[list[V | None]]]
"""Reads rows by their whole ids; None for each that is not there."""


class Reading(Generic[V]):
    """Reads the rows that ``matches``; ``rows_at_most`` is how many records it may read.

    Where that is None it reads on whatever it costs, which is for lists whose rows all match.
    """

    def __init__(
        self,
        commands: Commands,
        read: Read[V],
        matches: Callable[[V], bool],
        survey: Survey,
        *,
        rows_at_most: int | None,
    ) -> None:
        self._read: Read[V] = read
        self._matches: Callable[[V], bool] = matches
        self._lead = survey.lead
        self._walk = Nothing() if survey.plan is None else walk(commands, survey.plan, survey.span)
        self._sieve = Sieve(commands, () if survey.plan is None else survey.plan.tests)
        self._rows_at_most = rows_at_most
        self._kept: list[BareId] = []
        self._ids_at_once = 0
        self._ids = 0
        self._rows = 0

    @property
    def at_end(self) -> bool:
        """Whether there are no more rows."""
        return not self._kept and self._walk.at_end

    @property
    def has_cost_enough(self) -> bool:
        """Whether no more records may be read, or no more ids looked at."""
        enough_rows = self._rows_at_most is not None and self._rows >= self._rows_at_most
        return enough_rows or not self._may_walk

    async def more(self, count: int) -> list[V]:
        """What matches among the next ``count`` rows, of which there are fewer where ids have cost enough."""
        if self._rows_at_most is not None:
            count = min(count, self._rows_at_most - self._rows)
        # One more than is read now: it tells whether there are more.
        while len(self._kept) <= count and not self._walk.at_end and self._may_walk:
            self._kept += await self._ids_kept(count + 1 - len(self._kept))
        some = self._kept[:count]
        del self._kept[:count]
        self._rows += len(some)
        views = await self._read([self._lead + bare_id.decode() for bare_id in some])
        return [view for view in views if view is not None and self._matches(view)]

    @property
    def _may_walk(self) -> bool:
        return self._rows_at_most is None or self._ids < IDS_AT_MOST

    async def _ids_kept(self, missing: int) -> list[BareId]:
        """Look at some more ids: as many as are missing, or, where few pass, more each time."""
        self._ids_at_once = min(max(missing, self._ids_at_once * 2), _IDS_AT_ONCE)
        ids = await self._walk.next(self._ids_at_once if self._sieve.is_fine else missing)
        self._ids += len(ids)
        return await self._sieve.through(ids)
