"""The ids of a plan, newest first: read page by page, or gathered and sorted, and merged; then tested.

Every id comes once. Nothing is held between two answers: a walk begins at a position and lives as long as
one.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, cast

from session_store.commands import Commands
from session_store.lua import Command
from session_store.query.places import BareId, Place, Run, Scored, Span, bare_of, made_between
from session_store.query.plan import Counted, Plan

_PAGE_AT_LEAST = 16
_LATEST_AT_FIRST, _LATEST_AT_MOST, _LATEST_GROW = 1250, 12_000, 3
_WORTH_READING = 3
"""Entries of an index by time are read where they are not so many times the ids that would be tested."""


class Walk(Protocol):
    """Ids, newest first."""

    @property
    def at_end(self) -> bool:
        """Whether there are no more."""

    async def next(self, count: int) -> list[BareId]:
        """Some more, about ``count``."""


def walk(commands: Commands, plan: Plan, span: Span) -> Walk:
    """The ids of the leader of ``plan`` within ``span``, or of those only that may pass its tests."""
    leader = plan.leader
    if plan.before is not None:
        return Latest(commands, plan.before, leader.runs[0], span)
    if leader.runs:
        return Merged(commands, leader.runs, leader.others, span)
    return Gathered(commands, leader.others, span)


class Nothing:
    """No ids."""

    at_end = True

    async def next(self, count: int) -> list[BareId]:
        """See Walk.next."""
        return []


class Merged:
    """The ids of some runs, which are each in order, and of places in no order, which are gathered first."""

    def __init__(self, commands: Commands, runs: Sequence[Run], others: Sequence[Place], span: Span) -> None:
        self._commands = commands
        self._low = span.low
        self._others = Gathered(commands, others, span)
        self._ready: dict[Run, list[BareId]] = {run: [] for run in runs}
        self._unread = dict.fromkeys(runs, span.below)
        """The runs that may have more, and before what."""

    @property
    def at_end(self) -> bool:
        """See Walk.at_end."""
        return not self._unread and not any(self._ready.values()) and self._others.at_end

    async def next(self, count: int) -> list[BareId]:
        """See Walk.next."""
        await self._fill([run for run in self._unread if not self._ready[run]], count)
        # What is older than the last id read of a run may be older than that run's next one.
        down_to = max((self._ready[run][-1] for run in self._unread), default=b"")
        found = set(await self._others.down_to(down_to))
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
        return not self._places or self._ids == []

    async def next(self, count: int) -> list[BareId]:
        """See Walk.next."""
        ids = await self._all()
        some = ids[-count:]
        del ids[-count:]
        return some[::-1]

    async def down_to(self, low: BareId) -> list[BareId]:
        """All from ``low`` on that have not come yet."""
        ids = await self._all()
        return await self.next(len(ids) - bisect_left(ids, low)) if ids and ids[-1] >= low else []

    async def _all(self) -> list[BareId]:
        if self._ids is None:
            self._ids = await self._gather()
        return self._ids

    async def _gather(self) -> list[BareId]:
        """All, oldest first."""
        ids: list[BareId] = []
        for members in await self._commands.run_many([place.gathering(self._span) for place in self._places]):
            ids.extend(map(bare_of, cast("list[bytes]", members)))
        # A user's sessions come nearly in order, which sorting makes use of as long as no set disturbs it.
        ordered = sorted(dict.fromkeys(ids))
        return ordered[bisect_left(ordered, self._span.low) : bisect_left(ordered, self._span.below)]


class Latest:
    """The ids that an index by time has below some time, by its latest entries; then all that a run has.

    Nothing is active, or over, before it is made: what is not among the latest entries was made before the
    oldest of them, so they hold every id down to there. That is read as long as testing the ids of the run
    would cost more, and from its beginning each time, so that nothing is missed that moves up meanwhile.
    """

    def __init__(self, commands: Commands, before: Scored, run: Run, span: Span) -> None:
        self._commands = commands
        self._before = before
        self._run = run
        self._span = span
        self._count = _LATEST_AT_FIRST
        self._tested = 0
        self._ready: list[BareId] = []
        self._rest: Merged | None = None

    @property
    def at_end(self) -> bool:
        """See Walk.at_end."""
        return not self._ready and (self._span.is_empty if self._rest is None else self._rest.at_end)

    async def next(self, count: int) -> list[BareId]:
        """See Walk.next."""
        if not self._ready and self._count <= _LATEST_AT_MOST:
            self._ready = await self._read()
        elif not self._ready:
            if self._rest is None:
                self._rest = Merged(self._commands, [self._run], (), self._span)
            return await self._rest.next(count)
        some = self._ready[:count]
        del self._ready[:count]
        return some

    async def _read(self) -> list[BareId]:
        nth = cast("list[bytes]", await self._commands.run(*self._before.latest(self._count)))
        since = int(float(nth[1])) if nth else None
        down_to = self._span.low if since is None else made_between(None, since).below
        here = Span(max(self._span.low, down_to), self._span.below)
        place = self._before if since is None else replace(self._before, low=since)
        tested, members = await self._commands.run_all([self._run.counting(here), place.gathering(here)])
        found = {each for each in map(bare_of, cast("list[bytes]", members)) if each in here}
        self._tested += cast("int", tested)
        worth = self._tested * _WORTH_READING > self._count
        self._count = self._count * _LATEST_GROW if worth else _LATEST_AT_MOST + 1
        self._span = Span(self._span.low, min(here.low, here.below))
        return sorted(found, reverse=True)


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
