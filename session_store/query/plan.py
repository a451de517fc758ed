"""Which index a list is read through: the way that costs least, as far as counts can tell.

One union leads (or everything does, newest first), others are asked about its ids before any record is read,
and what is left is for the rows themselves. Pure: counts come in, nothing is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from session_store.query.grounds import MERGED_AT_MOST
from session_store.query.places import Place, Run, Scored, Stretch

IDS_AT_MOST = 200_000
"""Ids that are looked at for one answer."""

GATHERED_AT_MOST = 50_000
"""Ids that are read at once: checks wait for the store meanwhile, some milliseconds."""

_ID, _TEST, _ROW = 1.0, 2.0, 80.0
"""What an id, a test of one, and a row cost: they compare, and have no unit."""

_WORTH_A_TEST = 0.7
"""A union that leaves more than this part of the ids spares too few rows."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A union with how many entries its places have; every row that is wanted is at one of them.

    ``in_no_order``: how many of the entries are not in runs, where some are.
    """

    places: tuple[Place, ...]
    count: int
    in_no_order: int = 0

    @property
    def runs(self) -> tuple[Run, ...]:
        """The places that can be read newest first, as far as need be; none where they are too many."""
        runs = tuple(place for place in self.places if isinstance(place, Run))
        return runs if len(runs) <= MERGED_AT_MOST else ()

    @property
    def others(self) -> tuple[Place, ...]:
        """The places that are gathered before the first id is known."""
        if not self.runs:
            return self.places
        return tuple(place for place in self.places if not isinstance(place, Run))

    @property
    def gathered(self) -> int:
        """How many entries ``others`` have."""
        return self.in_no_order if self.runs else self.count

    @property
    def can_test(self) -> bool:
        """Whether it can be asked about given ids."""
        return len(self.places) <= MERGED_AT_MOST and not any(
            isinstance(place, Stretch) for place in self.places
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Read ``leader``, and of its ids the rows of those that every one of ``tests`` has.

    ``before``: where everything leads and one of ``tests`` is of what was before some time, that one's place.
    """

    leader: Counted
    tests: tuple[Counted, ...]
    before: Scored | None = None


def choose(everything: Counted, unions: Sequence[Counted], rows: int) -> Plan:
    """The cheapest way to the newest ``rows`` that all of ``unions`` have; ``everything`` has all."""
    total = max(everything.count, 1)
    parts = {union: min(union.count / total, 1.0) for union in unions}
    hits = max(total * prod(parts.values()), 1.0)
    plans = [
        _costed(leader, [(union, part) for union, part in parts.items() if union != leader], rows / hits)
        for leader in (everything, *parts)
        if leader.gathered <= GATHERED_AT_MOST
    ]
    plan = min(plans, key=lambda costed: costed[0])[1]
    return replace(plan, before=_before(plan.tests)) if plan.leader == everything else plan


def _before(tests: Sequence[Counted]) -> Scored | None:
    for union in tests:
        match union.places:
            case (Scored(below=int()) as place,):
                return place
    return None


def _costed(leader: Counted, others: Sequence[tuple[Counted, float]], share: float) -> tuple[float, Plan]:
    """What it costs to read on through ``leader`` until ``share`` of all hits is found."""
    tested = [(union, part) for union, part in others if union.can_test and part < _WORTH_A_TEST]
    seen = leader.count * min(share, 1.0)
    asked = sum(len(union.places) for union, _ in tested)
    left = prod(part for _, part in tested)
    cost = seen * (_ID + _TEST * asked + _ROW * left) + leader.gathered * _ID
    return cost, Plan(leader, tuple(union for union, _ in tested))
