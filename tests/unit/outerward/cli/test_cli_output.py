import pytest
from rich.cells import cell_len

from outerward.cli.output import Column, plural, print_row, print_rows

ID, NAME = Column("Id", ("id",)), Column("Name", ("name",), gives_way=True)
WHEN = Column("When", ("at",), is_time=True)


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outerward.cli.output.for_people", lambda as_json: not as_json)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")


def table(rows: list[dict[str, object]], capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_rows(rows, (ID, NAME), as_json=False)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_table_is_no_wider_than_the_terminal_and_ids_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    heading, rule, row = table([{"id": "x" * 20, "name": "y" * 60}], capsys)
    assert heading.split() == ["Id", "Name"]
    assert row.startswith("x" * 20 + "  yyyy")
    assert row.endswith("y…")
    assert max(map(cell_len, (heading, rule, row))) <= 40


def test_where_the_terminal_is_too_narrow_for_the_ids_the_table_is_wider(
    capsys: pytest.CaptureFixture[str],
) -> None:
    *_, row = table([{"id": "x" * 50, "name": "y" * 60}], capsys)
    assert row.startswith("x" * 50 + "  yyyyyy")


def test_a_table_of_short_values_is_as_narrow_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    *_, row = table([{"id": "a", "name": "b"}], capsys)
    assert row == "a   b"


def test_what_is_missing_null_or_empty_is_a_dash_and_truth_is_a_word() -> None:
    texts = [ID.text(row) for row in ({}, {"id": None}, {"id": ""}, {"id": True}, {"id": False}, {"id": 0})]
    assert texts == ["-", "-", "-", "yes", "no", "0"]
    assert ID.text({"id": ["a", "b"]}) == "a, b"
    assert Column("x", ("a", "b")).text({"a": "no object"}) == "-"


def test_no_rows_are_a_sentence_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], (ID,), as_json=False, none="There is none.")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "There is none.\n")


def test_one_object_shows_a_time_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    print_row({"at": "2001-02-03T04:05:06Z"}, (WHEN,), as_json=False)
    assert capsys.readouterr().out.split() == ["When", "2001-02-03T04:05:06Z", "(2001-02-03)"]


def test_a_time_that_is_none_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"at": "some day"}, {"at": None}], (WHEN,), as_json=False)
    assert [line.strip() for line in capsys.readouterr().out.splitlines()[2:]] == ["some day", "-"]


def test_json_keeps_times_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"at": "2001-02-03T04:05:06Z"}], (WHEN,), as_json=True)
    assert capsys.readouterr().out == '{"at": "2001-02-03T04:05:06Z"}\n'


def test_a_count_has_its_noun() -> None:
    assert [plural(count, "session") for count in (0, 1, 1200)] == [
        "0 sessions",
        "1 session",
        "1,200 sessions",
    ]


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (60, ["Id", "Name", "One", "Two"]),
        (44, ["Id", "Name", "One"]),
        (32, ["Id", "Name"]),
        (9, ["Id", "Name"]),
    ],
    ids=["wide", "narrow", "narrower", "too narrow"],
)
def test_where_it_is_too_narrow_spare_columns_are_left_out_from_the_end(
    width: int, headings: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    row = {"id": "x" * 20, "name": "y" * 60, "one": "1" * 10, "two": "2" * 10}
    spare = (Column("One", ("one",), spare=True), Column("Two", ("two",), spare=True))
    print_rows([row], (ID, NAME, *spare), as_json=False)
    heading, _, shown = capsys.readouterr().out.splitlines()
    assert heading.split() == headings
    assert shown.startswith("x" * 20)
    assert cell_len(shown.rstrip()) <= max(width, 32)
