"""From what indexes can be asked to how they are read: where to look, how many entries there are, which way.

Knows no filter and reads no row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from session_store.commands import Commands
from session_store.query.fields import Kind
from session_store.query.grounds import GROUNDS, Surveyor, is_on_ids, span_of
from session_store.query.lookups import Union
from session_store.query.places import Place, Run, Span
from session_store.query.plan import Counted, Plan, choose

_UNIONS_AT_MOST = 8
"""Unions that the indexes are asked for; the rows answer for the others."""


@dataclass(frozen=True, slots=True)
class Survey:
    """How to read what the unions have in common, within ``span``, and what stands before each id there.

    ``plan`` is None where nothing can be found. ``count``: how many entries there are, None where that is not
    known.
    """

    lead: str
    span: Span
    plan: Plan | None
    count: int | None


async def survey(commands: Commands, kind: Kind, unions: Sequence[Union], span: Span, rows: int) -> Survey:
    """How to read the newest ``rows`` that all of ``unions`` find within ``span``."""
    everything = GROUNDS[kind].everything
    lead = everything.lead.decode()
    asked: list[Union] = []
    for union in unions:
        alone = len(union) == 1
        if alone:
            span = span.and_also(span_of(kind, union[0]))
        if not alone or not is_on_ids(union[0]):
            asked.append(union)
    surveyor = Surveyor(commands, kind)
    found = [() if not union else await surveyor.places(union) for union in asked[:_UNIONS_AT_MOST]]
    known = [tuple(places) for places in found if places is not None]
    if span.is_empty or () in known:
        return Survey(lead, span, None, 0)
    total, *counted = await _counted(commands, [(everything,), *known], span)
    plan = choose(total, counted, rows)
    if not asked:
        return Survey(lead, span, plan, total.count)
    return Survey(lead, span, plan, counted[0].count if len(unions) == len(known) == 1 else None)


async def _counted(commands: Commands, unions: Sequence[tuple[Place, ...]], span: Span) -> list[Counted]:
    replies = iter(await commands.run_all([place.counting(span) for union in unions for place in union]))
    counted = []
    for union in unions:
        counts = [(place, cast("int", next(replies))) for place in union]
        in_no_order = sum(count for place, count in counts if not isinstance(place, Run))
        counted.append(Counted(union, sum(count for _, count in counts), in_no_order))
    return counted
