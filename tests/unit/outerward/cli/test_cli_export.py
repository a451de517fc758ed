"""Records of CSV are counted as they pass, wherever the parts of the file begin."""

import csv
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from outerward.cli.export import CsvRecords

CELLS = st.text(alphabet='a",\n\r é', max_size=6)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=6), st.integers(1, 7))
def test_as_many_records_are_counted_as_were_written(rows: list[list[str]], at_once: int) -> None:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    whole = text.getvalue().encode()
    parts = [whole[first : first + at_once] for first in range(0, len(whole), at_once)]
    records = CsvRecords()
    assert b"".join(records.through(parts)) == whole
    assert records.count == len(rows)
