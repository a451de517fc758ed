import pytest
from hypothesis import given
from hypothesis import strategies as st

from outerward.cli.server_sent import LONGEST_EVENT, Lines, Told, TooLong


def told(*lines: str, last_id: str | None = None) -> tuple[list[Told], str | None]:
    parser = Lines(last_id)
    return [event for line in lines if (event := parser.line(line)) is not None], parser.last_id


def test_an_event_has_its_kind_and_all_its_data() -> None:
    assert told("id: 7", "event: login", "data: a", "data:b", "") == ([Told("login", "a\nb")], "7")


def test_an_event_without_a_kind_is_a_message() -> None:
    assert told("data: a", "", "data", "") == ([Told("message", "a"), Told("message", "")], None)


def test_one_blank_behind_the_colon_is_not_part_of_the_value() -> None:
    assert told("data:  a: b", "")[0] == [Told("message", " a: b")]


def test_comments_and_unknown_fields_tell_nothing() -> None:
    assert told(": heartbeat", "", "retry: 1000", "", "x", "") == ([], None)


def test_a_position_alone_counts_and_stays() -> None:
    assert told("id: 7", "", "data: a", "") == ([Told("message", "a")], "7")
    assert told(": heartbeat", "", last_id="6") == ([], "6")


def test_the_position_of_an_event_that_is_not_whole_does_not_count() -> None:
    assert told("id: 7", "data: a", last_id="6") == ([], "6")


def test_a_position_with_a_null_is_ignored_and_an_empty_one_is_none() -> None:
    assert told("id: a\0", "", last_id="6")[1] == "6"
    assert told("id:", "", last_id="6")[1] is None


def test_an_event_without_end_is_refused() -> None:
    parser = Lines()
    for _ in range(10):
        parser.line("data: " + "x" * (LONGEST_EVENT // 11))
    with pytest.raises(TooLong):
        parser.line("data: " + "x" * (LONGEST_EVENT // 11))


def test_many_events_are_not_one_long_event() -> None:
    parser = Lines()
    for _ in range(3):
        parser.line("data: " + "x" * (LONGEST_EVENT // 2))
        assert parser.line("") is not None


@given(st.lists(st.text(st.characters(exclude_characters="\r\n"))))
def test_any_lines_are_read(lines: list[str]) -> None:
    events, _ = told(*lines)
    assert len(events) <= lines.count("")


@given(
    kind=st.text("abc_", min_size=1),
    data=st.lists(st.text(st.characters(exclude_characters="\r\n")), min_size=1),
    position=st.text("0123456789", min_size=1),
)
def test_what_is_sent_as_the_standard_has_it_comes_back(kind: str, data: list[str], position: str) -> None:
    lines = [f"event: {kind}", f"id: {position}", *(f"data: {each}" for each in data), ""]
    assert told(*lines) == ([Told(kind, "\n".join(data))], position)
