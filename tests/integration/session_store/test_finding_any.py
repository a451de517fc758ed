"""Whatever is looked for, whoever is there, and by whatever way: pages say what looking at each row says."""

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_store.query import Filter, Kind, Search, Wanted, parse_filter, survey
from session_store.query.plan import Counted, Plan, choose
from session_store.views import SessionView, UserView
from tests.integration.session_store.finding import (
    Found,
    Population,
    finding,
    newest_first,
    pages,
    populations,
)
from tests.unit.session_store.query.expressions import Writer, trees

EXAMPLES = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
KINDS: tuple[Kind, ...] = ("sessions", "users", "ended")
limits = st.integers(1, 6)


@pytest.fixture
async def found(store_url: str) -> AsyncIterator[Found]:
    async with finding(store_url) as one:
        yield one


def rows_of(kind: Kind, population: Population) -> Sequence[SessionView | UserView]:
    if kind == "users":
        return population.users
    return population.sessions if kind == "sessions" else population.over


@st.composite
def searches(draw: st.DrawFn, population: Population) -> Search:
    texts = ["goo", "okta eu", "ADA", "love", "1-", "x", " ", "strauss", "hopper", "edgses_", "edgusr_"]
    ids = [view.user.id for view in population.users] + [view.session.id for view in population.sessions]
    whole = draw(st.sampled_from([*texts, *ids]))
    return Search(whole[: draw(st.sampled_from([3, 9, 12, 34]))])


@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(data=st.data(), population=populations(), limit=limits)
async def test_pages_of_any_filter_and_search_are_complete(
    found: Found, kind: Kind, data: st.DataObject, population: Population, limit: int
) -> None:
    wanted = Wanted(
        data.draw(filters(kind)) if data.draw(st.booleans()) else None,
        data.draw(searches(population)) if data.draw(st.booleans()) else None,
    )
    await found.fill(population)
    expected = newest_first(rows_of(kind, population), wanted)
    assert await pages(found.finder, kind, wanted, limit) == expected
    assert (await found.finder.count(kind, wanted)).count == len(expected)


@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(data=st.data(), population=populations(), limit=limits)
async def test_every_way_through_the_indexes_finds_the_same(
    found: Found,
    monkeypatch: pytest.MonkeyPatch,
    kind: Kind,
    data: st.DataObject,
    population: Population,
    limit: int,
) -> None:
    def any_plan(everything: Counted, unions: Sequence[Counted], rows: int) -> Plan:
        assert choose(everything, unions, rows).leader in (everything, *unions)
        leader = data.draw(st.sampled_from([everything, *unions]))
        tests = [union for union in unions if union.can_test and data.draw(st.booleans())]
        return Plan(leader, tuple(tests))

    monkeypatch.setattr(survey, "choose", any_plan)
    wanted = Wanted(data.draw(filters(kind)))
    await found.fill(population)
    assert await pages(found.finder, kind, wanted, limit) == newest_first(rows_of(kind, population), wanted)


@st.composite
def filters(draw: st.DrawFn, kind: Kind) -> Filter:
    return parse_filter(Writer(draw(st.data())).write(draw(trees(kind))), kind)
