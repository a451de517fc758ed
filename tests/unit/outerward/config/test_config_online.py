"""The clock's judgement, and how a finding is written."""

import pytest

from outerward.config.findings import Clock, Finding, State

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
DATE_S = 784111777.0


@pytest.mark.parametrize(
    ("ahead_s", "state"),
    [(0, State.OK), (30, State.OK), (-30, State.OK), (31, State.WARNING), (-31, State.WARNING)],
)
def test_half_a_minute_is_allowed(ahead_s: float, state: State) -> None:
    clock = Clock(lambda: DATE_S + ahead_s)
    clock.note("corp", DATE)

    assert clock.finding().state is state


def test_the_side_and_the_provider_are_told() -> None:
    ahead = Clock(lambda: DATE_S + 90)
    ahead.note("corp", DATE)
    behind = Clock(lambda: DATE_S - 90)
    behind.note("corp", DATE)

    assert ahead.finding().words.startswith("this machine is 90 s ahead of provider corp")
    assert behind.finding().words.startswith("this machine is 90 s behind provider corp")


def test_the_provider_that_is_furthest_off_is_named() -> None:
    clock = Clock(lambda: DATE_S)
    clock.note("near", DATE)
    clock.note("far", "Sun, 06 Nov 1994 08:59:37 GMT")

    assert "provider far" in clock.finding().words


def test_a_second_answer_does_not_hide_the_first() -> None:
    clock = Clock(lambda: DATE_S)
    clock.note("corp", "Sun, 06 Nov 1994 08:59:37 GMT")
    clock.note("corp", DATE)

    assert clock.finding().state is State.WARNING


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 1994 08:49:37 GMT", "0" * 5000])
def test_what_is_no_date_is_nothing(date: str) -> None:
    clock = Clock(lambda: DATE_S)
    clock.note("corp", date)

    assert clock.finding() == Finding("clock", State.OK, "not compared, as no provider told the time")


def test_a_finding_is_one_line() -> None:
    line = Finding("provider corp", State.FAILED, "a\nb\x1b[2J" + "c" * 1000).line()

    assert line.startswith("provider corp: failed: a\\nb\\x1b[2J")
    assert len(line) < 400
