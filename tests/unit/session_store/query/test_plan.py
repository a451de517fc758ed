"""Which index leads: what is cheap, as far as counts tell."""

from collections.abc import Callable

import pytest

from session_store.ids import IdSource, bare
from session_store.query.places import Place, Run, Scored, Span, Stretch, beginning, made_between
from session_store.query.plan import GATHERED_AT_MOST, Counted, choose

EVERYTHING = Counted((Run(b"all", b"edgses_"),), 100_000)


def run(count: int, name: bytes = b"run") -> Counted:
    return Counted((Run(name, b"DE\0"),), count)


def scored(count: int) -> Counted:
    return Counted((Scored(b"active", b"edgses_", 1, 2),), count)


def stretch(count: int) -> Counted:
    return Counted((Stretch(b"ip", b"4", b"5"),), count)


def test_a_list_of_everything_is_read_in_its_order() -> None:
    assert choose(EVERYTHING, [], 101).leader == EVERYTHING


@pytest.mark.parametrize("make", [run, scored, stretch], ids=["run", "scored", "stretch"])
def test_what_has_few_entries_leads(make: Callable[[int], Counted]) -> None:
    assert choose(EVERYTHING, [make(50)], 101).leader == make(50)


@pytest.mark.parametrize("make", [scored, stretch], ids=["scored", "stretch"])
def test_what_is_nearly_everything_and_in_no_order_does_not_lead(make: Callable[[int], Counted]) -> None:
    assert choose(EVERYTHING, [make(95_000)], 101).leader == EVERYTHING


def test_what_must_be_gathered_first_costs_that_too() -> None:
    assert choose(EVERYTHING, [scored(30_000)], 101).leader == EVERYTHING


def test_a_value_in_order_leads_however_many_entries_it_has() -> None:
    assert choose(EVERYTHING, [run(90_000)], 101).leader == run(90_000)


def test_the_rarer_of_two_leads_and_the_other_is_asked_about_its_ids() -> None:
    plan = choose(EVERYTHING, [run(30_000, b"often"), run(200, b"seldom")], 101)
    assert (plan.leader, plan.tests) == (run(200, b"seldom"), (run(30_000, b"often"),))


def test_what_leaves_nearly_all_is_not_asked() -> None:
    assert choose(EVERYTHING, [run(90_000, b"often"), run(200, b"seldom")], 101).tests == ()


def test_addresses_of_a_network_cannot_be_asked_about_ids() -> None:
    assert choose(EVERYTHING, [run(20), stretch(30_000)], 101).tests == ()


def test_what_is_in_no_order_and_too_much_to_gather_never_leads() -> None:
    for count, leads in ((GATHERED_AT_MOST, True), (GATHERED_AT_MOST + 1, False)):
        plenty = Counted(EVERYTHING.places, 100 * count)
        assert (choose(plenty, [stretch(count)], plenty.count).leader == stretch(count)) is leads


@pytest.mark.parametrize(("number", "in_order"), [(16, True), (17, False)])
def test_16_values_are_merged_and_not_more(number: int, in_order: bool) -> None:
    places: tuple[Place, ...] = tuple(Run(b"run", b"%d\0" % value) for value in range(number))
    assert Counted(places, 1).gathered == (0 if in_order else 1)
    assert Counted(places, 1).can_test is in_order


def test_of_values_and_what_is_in_no_order_that_alone_is_gathered() -> None:
    value, network = Run(b"run", b"DE\0"), Stretch(b"ip", b"4", b"5")
    both = Counted((value, network), 90_000, in_no_order=20)
    assert (both.runs, both.others, both.gathered) == ((value,), (network,), 20)
    assert choose(EVERYTHING, [both], 101).leader == both


def test_where_everything_leads_and_some_time_is_an_upper_bound_its_index_says_where_to_begin() -> None:
    assert choose(EVERYTHING, [scored(45_000)], 101).before == scored(45_000).places[0]
    assert choose(EVERYTHING, [scored(50)], 101).before is None
    since = Counted((Scored(b"active", b"edgses_", 1, None),), 45_000)
    assert choose(EVERYTHING, [since], 101).before is None


def test_ids_of_a_time_are_those_of_its_seconds_and_ten_seconds_on_either_side() -> None:
    span = made_between(1_700_000_060_000, 1_700_000_061_000)
    assert span.low == made_between(1_700_000_060_999, None).low
    assert made_between(1_700_000_061_000, None).low > span.low
    assert span.below == made_between(None, 1_700_000_061_000).below > span.low
    for second, is_in in ((49, False), (50, True), (70, True), (71, False)):
        ids = IdSource(now_s=lambda second=second: 1_700_000_000 + second)  # type: ignore[misc]
        assert (bare(ids.session()) in span) is is_in


@pytest.mark.parametrize(
    "at_ms", [-(10**20), 0, 1_399_999_000_000], ids=["before all", "epoch", "before ids"]
)
def test_a_time_before_all_ids_is_their_beginning(at_ms: int) -> None:
    assert made_between(at_ms, None).low == b"0" * 27
    assert made_between(None, at_ms - 10**9).is_empty or made_between(None, at_ms).below == b"0" * 27


def test_a_time_after_all_ids_is_their_end() -> None:
    assert made_between(10**20, None).is_empty
    assert made_between(None, 10**20) == Span()


def test_a_span_is_what_both_leave() -> None:
    both = beginning("2a").and_also(Span(low=b"2aB"))
    assert b"2aC".ljust(27, b"0") in both
    assert b"2aA".ljust(27, b"0") not in both
    assert b"2b".ljust(27, b"0") not in both


@pytest.mark.parametrize(
    ("score", "within"), [(None, False), (b"9", False), (b"10", True), (b"19", True), (b"20", False)]
)
def test_a_time_is_within_its_range_from_the_first_moment_and_before_the_last(
    score: bytes | None, within: bool
) -> None:
    assert Scored(b"active", b"edgses_", 10, 20).has(score) is within
