"""Rows as CSV: what a reader of RFC 4180 gets back, and what no spreadsheet runs."""

import csv
import unicodedata
from io import StringIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.csv_export import SESSION_COLUMNS, USER_COLUMNS, Cell, cells_at, csv_lines
from admin_api.shapes import ApplicationSession, ApplicationUser

FORMULA = "=+-@\t\r"
TURNS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
WIDTHLESS = set("\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2060\ufeff") | {
    chr(number) for number in range(0x2061, 0x2070)
}
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from([*sorted(WIDTHLESS), "\x00", "\x9b", "\u202e"]),
    max_size=30,
)


# By the Unicode database, not by the list of the code: the signs that are written as they are, but for these.
WRITTEN = {"\t", "\r", "\n"}


def seen(text: str) -> str:
    return "".join("\ufffd" if is_unseen(sign) else sign for sign in text)


def is_unseen(sign: str) -> bool:
    turns = unicodedata.bidirectional(sign) in TURNS
    control = unicodedata.category(sign) == "Cc" and sign not in WRITTEN
    return control or turns or sign in WIDTHLESS


def read_back(lines: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(lines.decode(), newline=""), strict=True))


def one_cell(cell: Cell) -> str:
    ((written,),) = read_back(csv_lines([[cell]]))
    return written


def test_rows_end_in_cr_lf_and_only_what_needs_quotes_has_them() -> None:
    assert csv_lines([["a", "b c"], ['d"e', "f,g"], ["h\ni", "é"]]) == (
        b'a,b c\r\n"d""e","f,g"\r\n"h\ni",\xc3\xa9\r\n'
    )


@pytest.mark.parametrize("begin", FORMULA)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(begin: str) -> None:
    assert one_cell(f"{begin}SUM(A1)") == f"'{begin}SUM(A1)"


@pytest.mark.parametrize(
    "sign",
    list("\x00\x08\x0b\x1b\x7f\x85\x9b\u061c\u200b\u200f\u202e\u2028\u2066\u2069\ufeff"),
    ids=ascii,
)
def test_what_acts_or_cannot_be_seen_is_written_as_a_replacement(sign: str) -> None:
    assert one_cell(f"a{sign}b") == "a\ufffdb"
    assert one_cell(f"{sign}=1") == "\ufffd=1"
    assert one_cell((f"a{sign}",)) == "a\ufffd"


def test_tabs_and_line_breaks_stay_as_they_are() -> None:
    assert one_cell("a\tb\r\nc") == "a\tb\r\nc"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (41, "41"),
        (-33.87, "-33.87"),
        (("new_device", "new_country"), "new_device new_country"),
        ((), ""),
    ],
)
def test_what_is_no_text_is_written_plainly(cell: Cell, written: str) -> None:
    ((_, read),) = read_back(csv_lines([["x", cell]]))
    assert read == written


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=4), max_size=5))
def test_every_reader_gets_back_what_was_written(rows: list[list[str]]) -> None:
    shown = [[seen(text) for text in row] for row in rows]
    guarded = [["'" + text if text[:1] and text[0] in FORMULA else text for text in row] for row in shown]
    assert read_back(csv_lines(rows)) == guarded


@given(TEXTS)
def test_no_cell_begins_as_a_formula(text: str) -> None:
    ((written, _),) = read_back(csv_lines([[text, "x"]]))
    assert not written.startswith(tuple(FORMULA))


def members(shape: type[msgspec.Struct], before: str = "") -> set[str]:
    """The paths of all members, as ``obj.member``; those of what may be null too."""
    found = set()
    for field in msgspec.structs.fields(shape):
        inner = [kind for kind in getattr(field.type, "__args__", [field.type]) if isinstance(kind, type)]
        structs = [kind for kind in inner if issubclass(kind, msgspec.Struct)]
        path = before + field.name
        found |= members(structs[0], path + ".") if structs else {path}
    return found


@pytest.mark.parametrize(
    ("shape", "columns"), [(ApplicationUser, USER_COLUMNS), (ApplicationSession, SESSION_COLUMNS)]
)
def test_every_member_but_an_address_has_a_column(
    shape: type[msgspec.Struct], columns: tuple[str, ...]
) -> None:
    assert len(set(columns)) == len(columns)
    assert set(columns) == {path for path in members(shape) if not path.endswith("uri")}


class Inner(msgspec.Struct):
    name: str


class Outer(msgspec.Struct):
    id: str
    inner: Inner | None


def test_below_what_is_null_every_cell_is_empty() -> None:
    paths = ("id", "inner.name")
    assert list(cells_at(Outer("1", Inner("n")), paths)) == ["1", "n"]
    assert list(cells_at(Outer("1", None), paths)) == ["1", None]
