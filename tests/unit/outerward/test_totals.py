"""Sums over processes: no counter goes back, and no gauge outlives its process."""

from hypothesis import given
from hypothesis import strategies as st

from outerward.totals import Totals
from proxy import Counted, Sample

NAMES = ("worker 1", "worker 2", "admin")


def requests(*values: float, endpoint: str = "a") -> Sample:
    return Sample("requests_total", (endpoint,), values)


def open_(number: float) -> Sample:
    return Sample("open", (), (number,))


def test_what_processes_add_is_added_up_series_by_series() -> None:
    totals = Totals()
    totals.add("worker 1", Counted((requests(1, 2), requests(5, 0, endpoint="b"))))
    totals.add("worker 2", Counted((requests(10, 20),)))
    totals.add("worker 1", Counted((requests(100, 200),)))
    assert set(totals.all().added) == {requests(111, 222), requests(5, 0, endpoint="b")}


def test_a_gauge_is_the_sum_of_what_the_living_said_last() -> None:
    totals = Totals()
    totals.add("worker 1", Counted((), (open_(3),)))
    totals.add("worker 2", Counted((), (open_(4),)))
    totals.add("worker 1", Counted((), (open_(1),)))
    assert totals.all().gauges == (open_(5),)
    totals.forget("worker 2")
    totals.forget("never there")
    assert totals.all().gauges == (open_(1),)


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 9), st.booleans())))
def test_no_counter_goes_back_whoever_ends(events: list[tuple[str, int, bool]]) -> None:
    totals, before = Totals(), 0.0
    for process, number, ends in events:
        totals.add(process, Counted((requests(number),)))
        if ends:
            totals.forget(process)
        (now,) = totals.all().added
        assert now.values[0] == before + number
        before = now.values[0]
