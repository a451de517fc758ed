"""A condition on rows: whether one holds, and what indexes can be asked for those that may.

``all_of`` and ``any_of`` join what conditions hold for and what they look up alike, so that the lookups
always find every row that holds. Knows neither the language nor the store.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from session_store.query.lookups import TimeRange, Union

_CHOICES_AT_MOST = 8
"""Beyond it, an ``any_of`` looks up by the first of each one's lookups."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``conjuncts``: every row that holds is found by each of them; ``exact``: and only such rows by all."""

    holds: Callable[[Any], bool]
    conjuncts: tuple[Union, ...] = ()
    exact: bool = False


ALWAYS = Condition(lambda view: True, (), exact=True)
NEVER = Condition(lambda view: False, ((),), exact=True)


def opposite(condition: Condition) -> Condition:
    """What holds where ``condition`` does not; no index is asked for what is not there."""
    holds = condition.holds
    return Condition(lambda view: not holds(view))


def all_of(conditions: Sequence[Condition]) -> Condition:
    """What holds where all do."""
    tests = tuple(condition.holds for condition in conditions)
    conjuncts = [union for condition in conditions for union in condition.conjuncts]
    return Condition(
        lambda view: all(test(view) for test in tests),
        _narrowed(conjuncts),
        exact=all(condition.exact for condition in conditions),
    )


def any_of(conditions: Sequence[Condition]) -> Condition:
    """What holds where one does."""
    tests = tuple(condition.holds for condition in conditions)
    branches = [condition.conjuncts for condition in conditions]
    few = prod(len(branch) for branch in branches) <= _CHOICES_AT_MOST
    chosen = branches if few else [branch[:1] for branch in branches]
    return Condition(
        lambda view: any(test(view) for test in tests),
        tuple(tuple(dict.fromkeys(sum(unions, ()))) for unions in product(*chosen)),
        exact=few and all(condition.exact for condition in conditions),
    )


def _narrowed(conjuncts: Sequence[Union]) -> tuple[Union, ...]:
    """The same with one range where several are asked for of the same time."""
    ranges: dict[str, TimeRange] = {}
    others: list[Union] = []
    for union in conjuncts:
        match union:
            case (TimeRange() as one,):
                ranges[one.field] = _both(ranges.get(one.field, one), one)
            case _:
                others.append(union)
    return (*dict.fromkeys(others), *((one,) for one in ranges.values()))


def _both(one: TimeRange, other: TimeRange) -> TimeRange:
    froms = [at for at in (one.from_ms, other.from_ms) if at is not None]
    tos = [at for at in (one.to_ms, other.to_ms) if at is not None]
    return TimeRange(one.field, max(froms, default=None), min(tos, default=None))
