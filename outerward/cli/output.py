"""How results are shown: tables on a terminal, JSON lines for programs.

What the API sends is text from outside: control characters are escaped and nothing in it is read as markup.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outerward.cli.client import Row
from outerward.cli.moments import moment, relative
from outerward.plain_text import printable

NOTHING = "-"
_LONGEST_CELL = 300
_LEAST_WIDTH = 8
_GAP = 2


@dataclass(frozen=True)
class Column:
    """A column, or a line of one object: its heading, and the way to the value.

    ``is_time``: the value is a time in RFC 3339. Where the terminal is too narrow, the value is cut if it
    ``gives_way``; where that does not do, the column is left out if it is ``spare``.
    """

    heading: str
    path: tuple[str, ...]
    is_time: bool = False
    gives_way: bool = False
    spare: bool = False

    def text(self, row: Row) -> str:
        """The value in ``row`` as text; "-" where it is null, empty or missing."""
        value = value_at(row, self.path)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        return NOTHING if value is None or value == "" else printable(str(value), _LONGEST_CELL)

    def brief(self, row: Row, now: datetime) -> str:
        """The same for a table: a time as seen from ``now``."""
        at = moment(value_at(row, self.path)) if self.is_time else None
        return self.text(row) if at is None else relative(at, now)

    def full(self, row: Row, now: datetime) -> str:
        """The same for one object: a time both ways."""
        at = moment(value_at(row, self.path)) if self.is_time else None
        return self.text(row) if at is None else f"{self.text(row)} ({relative(at, now)})"


def value_at(row: Row, path: Sequence[str]) -> object:
    """What is in ``row`` at ``path``; None where the way does not lead there."""
    value: object = row
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def for_people(as_json: bool) -> bool:
    """Whether to show a table rather than JSON."""
    return not as_json and sys.stdout.isatty()


def plural(count: int, noun: str) -> str:
    """``count`` with its noun: "1 session", "1,200 sessions"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def print_json(row: Row) -> None:
    """One line of JSON, in ASCII, so that it can neither break its line nor act on a terminal."""
    click.echo(json.dumps(row))


def print_rows(rows: Iterable[Row], columns: Sequence[Column], *, as_json: bool, none: str = "") -> None:
    """A table of ``columns``, or a line of JSON for each row as it comes.

    ``none`` is what a person is told, beside the result, where there is no row.
    """
    if not for_people(as_json):
        for row in rows:
            print_json(row)
        return
    now = datetime.now(UTC)
    lines = [[column.brief(row, now) for column in columns] for row in rows]
    if lines or not none:
        _print_table(columns, lines)
    else:
        click.echo(none, err=True)


def print_row(row: Row, columns: Sequence[Column], *, as_json: bool) -> None:
    """One object: a line for each of ``columns``, or one line of JSON."""
    if not for_people(as_json):
        print_json(row)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    now = datetime.now(UTC)
    for column in columns:
        table.add_row(column.heading, Text(column.full(row, now)))
    Console(file=sys.stdout).print(table)


def _print_table(columns: Sequence[Column], lines: Sequence[Sequence[str]]) -> None:
    """As wide as the terminal, as far as the columns that are cut or left out can make it so."""
    console = Console(file=sys.stdout)
    columns, lines = _fitting(columns, lines, console.width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(_cell(column.heading), no_wrap=not column.gives_way)
    for line in lines:
        table.add_row(*map(_cell, line))
    console.width = max(console.width, _least_width(columns, lines))
    console.print(table)


def _cell(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def _fitting(
    columns: Sequence[Column], lines: Sequence[Sequence[str]], width: int
) -> tuple[Sequence[Column], Sequence[Sequence[str]]]:
    """What is left of a table when, from its end on, as many spare columns are left out as is needed."""
    for place in reversed(range(len(columns))):
        if columns[place].spare and _least_width(columns, lines) > width:
            columns = [*columns[:place], *columns[place + 1 :]]
            lines = [[*line[:place], *line[place + 1 :]] for line in lines]
    return columns, lines


def _least_width(columns: Sequence[Column], lines: Sequence[Sequence[str]]) -> int:
    widths = [
        max(map(cell_len, cells)) for cells in zip([each.heading for each in columns], *lines, strict=True)
    ]
    least = [
        min(width, _LEAST_WIDTH) if column.gives_way else width
        for column, width in zip(columns, widths, strict=True)
    ]
    return sum(least) + _GAP * len(columns)
