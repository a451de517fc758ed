"""Which users or sessions a command is about: its options, their parameters, and a refused filter in words.

The filter's language is the API's own: nothing of it is parsed here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import click
from rich.cells import cell_len

from outerward.cli.refusals import Refused
from outerward.errors import OuterwardError
from outerward.plain_text import printable

P = ParamSpec("P")
R = TypeVar("R")

ACTIVE, ENDED = "active", "ended"
LONGEST_REASON = 200
IN_QUOTES = "a filter is one argument, in quotes"
_LONGEST_MESSAGE = 300
_SHOWN_BEFORE, _SHOWN_BEHIND = 40, 30
_INDENT = "  "


class BadFilter(OuterwardError):
    """The filter cannot be understood: a mistake on the command line."""

    exit_code = 2


def noun_of(state: str) -> str:
    """What a session in ``state`` is called."""
    return "live session" if state == ACTIVE else "ended session"


class FilterCommand(click.Command):
    """A command with ``--filter``: where the shell took one apart, that is said."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As any command does. Raises UsageError."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if type(error) is not click.UsageError or ctx.params.get("filter_text") is None:
                raise
            raise click.UsageError(f"{error.message}; {IN_QUOTES}.", ctx) from None


@dataclass(frozen=True)
class Selection:
    """What was asked for: a filter, a search, and live sessions or those that are over."""

    filter: str | None = None
    search: str | None = None
    state: str = ACTIVE

    def query(self) -> dict[str, str]:
        """The parameters of a list."""
        given = {
            "filter": self.filter,
            "q": self.search,
            "state": None if self.state == ACTIVE else self.state,
        }
        return {name: text for name, text in given.items() if text is not None}

    @contextmanager
    def explained(self) -> Iterator[None]:
        """A refusal of the filter says where and why it is refused. Raises BadFilter, OuterwardError."""
        try:
            yield
        except Refused as refused:
            raise self._explanation(refused) or refused from None

    def _explanation(self, refused: Refused) -> OuterwardError | None:
        fields = refused.details.get("fields")
        if refused.status == 400 and fields is not None:
            return OuterwardError(
                "this would read too much at once; narrow it down by a condition on one of"
                f" {printable(fields, _LONGEST_MESSAGE)}"
            )
        message, position = refused.details.get("message"), refused.details.get("position", "")
        if self.filter is None or refused.status != 400 or message is None or not position.isdecimal():
            return None
        shown = printable(message, _LONGEST_MESSAGE)
        return BadFilter(f"the filter is wrong: {shown}\n{pointed(self.filter, int(position[:9]))}")


def pointed(text: str, position: int) -> str:
    """``text`` on a line, or what is around ``position`` of it, with a caret below the character there."""
    at = min(position, len(text))
    first = max(0, at - _SHOWN_BEFORE)
    before = ("…" if first else "") + _escaped(text[first:at])
    behind = _escaped(text[at : at + _SHOWN_BEHIND]) + ("…" if len(text) > at + _SHOWN_BEHIND else "")
    return f"{_INDENT}{before}{behind}\n{_INDENT}{' ' * cell_len(before)}^"


def _escaped(text: str) -> str:
    return printable(text, len(text) + 1)


def _not_empty(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    # What is empty is most likely a variable of the shell that is not set, and would ask for everything.
    if value is not None and not value.strip():
        raise click.BadParameter("must not be empty; leave it out to ask for all.")
    return value


def filter_option(command: Callable[P, R]) -> Callable[P, R]:
    """``--filter F``."""
    return click.option(
        "--filter",
        "filter_text",
        metavar="F",
        callback=_not_empty,
        help="Only what this condition holds for, such as 'obj.name == \"Ada\"'; see docs/api.md.",
    )(command)


def search_option(command: Callable[P, R]) -> Callable[P, R]:
    """``-q TEXT``."""
    return click.option(
        "-q",
        "search",
        metavar="TEXT",
        callback=_not_empty,
        help="Only where provider, name, e-mail, username or an id begins with this.",
    )(command)


def state_option(command: Callable[P, R]) -> Callable[P, R]:
    """``--state active|ended``."""
    return click.option(
        "--state",
        type=click.Choice([ACTIVE, ENDED]),
        default=ACTIVE,
        show_default=True,
        help="Live sessions, or those that are over.",
    )(command)


def _one_line(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and (not value.isprintable() or not 1 <= len(value) <= LONGEST_REASON):
        raise click.BadParameter(f"must be 1 to {LONGEST_REASON} printable characters.")
    return value


def reason_option(command: Callable[P, R]) -> Callable[P, R]:
    """``--reason TEXT``."""
    return click.option(
        "--reason",
        metavar="TEXT",
        callback=_one_line,
        help="Why; it stands in the events, and with a block.",
    )(command)
