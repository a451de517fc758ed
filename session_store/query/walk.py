"""The ids of a plan, newest first: read page by page and merged, or gathered and sorted; then tested.

Every id comes once. Nothing is held between two answers: a walk begins at a position and lives as long as
one.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol, cast

from session_store.commands import Commands
from session_store.lua import Command
from session_store.query.places import BareId, Place, Run, Scored, Span, bare_of
from session_store.query.plan import Counted

_PAGE_AT_LEAST = 16


class Walk(Protocol):
    """Ids, newest first."""

    @property
    def at_end(self) -> bool:
        """Whether there are no more."""

    async def next(self, count: int) -> list[BareId]:
        """Some more, about ``count``."""


def walk(commands: Commands, leader: Counted, span: Span) -> Walk:
    """The ids of ``leader`` within ``span``."""
    if leader.in_order:
        return Merged(commands, cast("Sequence[Run]", leader.places), span)
    return Gathered(commands, leader.places, span)


class Nothing:
    """No ids."""

    at_end = True

    async def next(self, count: int) -> list[BareId]:
        """See Walk.next."""
        return []


class Merged:
    """The ids of some runs, which are each in order."""

    def __init__(self, commands: Commands, runs: Sequence[Run], span: Span) -> None:
        self._commands = commands
        self._low = span.low
        self._ready: dict[Run, list[BareId]] = {run: [] for run in runs}
        self._unread = dict.fromkeys(runs, span.below)
        """The runs that may have more, and before what."""

    @property
    def at_end(self) -> bool:
        """See Walk.at_end."""
        return not self._unread and not any(self._ready.values())

    async def next(self, count: int) -> list[BareId]:
        """See Walk.next."""
        await self._fill([run for run in self._unread if not self._ready[run]], count)
        # What is older than the last id read of a run may be older than that run's next one.
        down_to = max((self._ready[run][-1] for run in self._unread), default=b"")
        found: set[BareId] = set()
        for run, ids in self._ready.items():
            found.update(bare_id for bare_id in ids if bare_id >= down_to)
            self._ready[run] = [bare_id for bare_id in ids if bare_id < down_to]
        return sorted(found, reverse=True)

    async def _fill(self, runs: Sequence[Run], count: int) -> None:
        each = max(2 * count // len(self._ready), _PAGE_AT_LEAST) if len(self._ready) > 1 else count
        pages = await self._commands.run_all(
            [run.page(Span(self._low, self._unread[run]), each) for run in runs]
        )
        for run, page in zip(runs, pages, strict=True):
            members = cast("list[bytes]", page)
            self._ready[run] = [bare_of(member) for member in members]
            if len(members) < each:
                del self._unread[run]
            else:
                self._unread[run] = members[-1][len(run.lead) :]


class Gathered:
    """The ids of places in no order, all read at once and sorted."""

    def __init__(self, commands: Commands, places: Sequence[Place], span: Span) -> None:
        self._commands = commands
        self._places = places
        self._span = span
        self._ids: list[BareId] | None = None

    @property
    def at_end(self) -> bool:
        """See Walk.at_end."""
        return self._ids == []

    async def next(self, count: int) -> list[BareId]:
        """See Walk.next."""
        if self._ids is None:
            self._ids = await self._gather()
        some = self._ids[-count:]
        del self._ids[-count:]
        return some[::-1]

    async def _gather(self) -> list[BareId]:
        """All, oldest first."""
        ids: list[BareId] = []
        for members in await self._commands.run_many([place.gathering(self._span) for place in self._places]):
            ids.extend(map(bare_of, cast("list[bytes]", members)))
        # A user's sessions come nearly in order, which sorting makes use of as long as no set disturbs it.
        ordered = sorted(dict.fromkeys(ids))
        return ordered[bisect_left(ordered, self._span.low) : bisect_left(ordered, self._span.below)]


class Sieve:
    """Lets those ids through that each of some unions has."""

    def __init__(self, commands: Commands, tests: Sequence[Counted]) -> None:
        self._commands = commands
        self._tests = [cast("Sequence[Run | Scored]", union.places) for union in tests]

    @property
    def is_fine(self) -> bool:
        """Whether it may keep anything back."""
        return bool(self._tests)

    async def through(self, ids: Sequence[BareId]) -> list[BareId]:
        """Those of ``ids`` that pass, in their order."""
        if not ids or not self._tests:
            return list(ids)
        asked: list[Command] = [place.testing(ids) for union in self._tests for place in union]
        replies = iter(await self._commands.run_all(asked))
        passed = set(ids)
        for union in self._tests:
            here: set[BareId] = set()
            for place in union:
                scores = cast("list[bytes | None]", next(replies))
                here.update(bare_id for bare_id, score in zip(ids, scores, strict=True) if place.has(score))
            passed &= here
        return [bare_id for bare_id in ids if bare_id in passed]
