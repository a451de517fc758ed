"""How results are shown: tables on a terminal, JSON lines for programs.

What the API sends is text from outside: control characters are escaped and nothing in it is read as markup.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outerward.cli.client import Row
from outerward.plain_text import printable

_LONGEST_CELL = 300
_WIDEST_TABLE = 2000


@dataclass(frozen=True)
class Column:
    """A column, or a line of one object: its heading, and the way to the value."""

    heading: str
    path: tuple[str, ...]

    def text(self, row: Row) -> str:
        """The value in ``row`` as text; "-" where it is null, empty or missing."""
        value: object = row
        for name in self.path:
            value = value.get(name) if isinstance(value, dict) else None
        return "-" if value is None or value == "" else printable(str(value), _LONGEST_CELL)


def for_people(as_json: bool) -> bool:
    """Whether to show a table rather than JSON."""
    return not as_json and sys.stdout.isatty()


def print_json(row: Row) -> None:
    """One line of JSON, in ASCII, so that it can neither break its line nor act on a terminal."""
    click.echo(json.dumps(row))


def print_rows(rows: Iterable[Row], columns: Sequence[Column], *, as_json: bool) -> None:
    """A table of ``columns``, as wide as it has to be; or a line of JSON for each row as it comes."""
    if not for_people(as_json):
        for row in rows:
            print_json(row)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.heading, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(column.text(row)) for column in columns))
    Console(file=sys.stdout, width=_WIDEST_TABLE).print(table)


def print_row(row: Row, columns: Sequence[Column], *, as_json: bool) -> None:
    """One object: a line for each of ``columns``, or one line of JSON."""
    if not for_people(as_json):
        print_json(row)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for column in columns:
        table.add_row(column.heading, Text(column.text(row)))
    Console(file=sys.stdout).print(table)
