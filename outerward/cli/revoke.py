"""``sessions revoke``: the end of sessions that are named, or of all that a filter finds.

What a filter finds is counted and shown before a person says yes to it; nobody is asked where nobody sits.
"""

import sys
from collections.abc import Sequence

import click

from outerward.cli.api_command import Api, api_command, example
from outerward.cli.asking import ask, can_ask
from outerward.cli.counting import count_of
from outerward.cli.ending import Tally
from outerward.cli.named import SESSION, misnamed
from outerward.cli.output import for_people, plural, print_json
from outerward.cli.selection import IN_QUOTES, Selection, filter_option, reason_option
from outerward.cli.session_columns import print_sessions
from outerward.cli.shown_ending import end_all, tallied
from outerward.plain_text import printable

_SHOWN_FIRST = 5
_FAILURES_SHOWN = 20


@click.command(
    "revoke",
    epilog=example(
        "outerward sessions revoke edgses_2pG7vN0bR1kX4sT8wZ3yC6fH9jL",
        "outerward sessions revoke --filter 'obj.country_code == \"XX\"' --dry-run",
        "outerward sessions revoke --filter 'obj.last_active < timestamp(\"2026-01-01T00:00:00Z\")'",
    ),
)
@click.argument("session_ids", metavar="[ID]...", nargs=-1)
@filter_option
@click.option("--dry-run", is_flag=True, help="Only count what would be ended.")
@click.option("--yes", is_flag=True, help="Do not ask before what --filter finds is ended.")
@reason_option
@api_command
def revoke(
    api: Api,
    session_ids: tuple[str, ...],
    filter_text: str | None,
    dry_run: bool,
    yes: bool,
    reason: str | None,
) -> int:
    """End sessions: those named, or all that a filter finds.

    Their next request is refused, and the visitors have to sign in again. There is no undo. What a filter
    finds is counted and shown first, and ended after a yes.
    """
    if bool(session_ids) == (filter_text is not None):
        told = "name sessions by ID, or find them by --filter; one of the two"
        raise click.UsageError(f"{told}; {IN_QUOTES}." if session_ids else f"{told}.")
    if filter_text is None:
        return _revoke_named(api, session_ids, dry_run, reason)
    selection = Selection(filter_text)
    with selection.explained():
        return _revoke_found(api, selection, dry_run=dry_run, yes=yes, reason=reason)


def _revoke_named(api: Api, session_ids: tuple[str, ...], dry_run: bool, reason: str | None) -> int:
    from session_store import is_id  # noqa: PLC0415 - loads a client of Redis

    asked = [each for each in session_ids if is_id(each, SESSION.prefix)]
    impossible = [
        misnamed(SESSION, each) or _no_session(each)
        for each in session_ids
        if not is_id(each, SESSION.prefix)
    ]
    if dry_run:
        tally = tallied(api, {"ids": asked})
        _tell_count(api, tally)
    else:
        tally = end_all(api, {"ids": asked}, reason, len(asked))
        if for_people(api.as_json) and tally.ended:
            click.echo(f"Session {asked[0]} is ended." if len(asked) == 1 else _ended(tally))
    return _tell_failures([*impossible, *map(_no_session, tally.failed)])


def _revoke_found(api: Api, selection: Selection, *, dry_run: bool, yes: bool, reason: str | None) -> int:
    asked = {"filter": selection.filter}
    if dry_run:
        _tell_count(api, tallied(api, asked))
        return 0
    if yes:
        total = count_of(api.client, selection).count
    elif not can_ask():
        raise click.UsageError(
            "nobody can be asked here: add --yes to end what is found, or --dry-run to count it."
        )
    else:
        found = tallied(api, asked)
        if not found.matched:
            click.echo("The filter finds no live session.", err=True)
            return 0
        _show_found(api, selection, found)
        ask("End them?", "nothing is ended")
        total = found.matched
    tally = end_all(api, asked, reason, total)
    if for_people(api.as_json):
        click.echo(_ended(tally))
    return _tell_failures([*map(_no_session, tally.failed)])


def _show_found(api: Api, selection: Selection, found: Tally) -> None:
    click.echo(_sentence(found), err=True)
    if not sys.stdout.isatty():
        return
    rows = api.client.rows(SESSION.path, "application_sessions", _SHOWN_FIRST, selection.query())
    print_sessions(api.client, rows, as_json=False)
    if found.matched > _SHOWN_FIRST:
        click.echo(f"… and {found.matched - _SHOWN_FIRST:,} more", err=True)


def _sentence(tally: Tally) -> str:
    yours = f"; {tally.yours:,} {'is' if tally.yours == 1 else 'are'} yours" if tally.yours else ""
    return f"{plural(tally.matched, 'session')} of {plural(tally.users, 'user')}{yours}."


def _ended(tally: Tally) -> str:
    return f"{plural(tally.ended, 'session')} of {plural(tally.users, 'user')} {_is(tally.ended)} ended."


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _tell_count(api: Api, tally: Tally) -> None:
    if for_people(api.as_json):
        click.echo(f"{_sentence(tally)} Nothing is ended.")
    else:
        print_json({"matched": tally.matched, "users": tally.users, "yours": tally.yours})


def _no_session(session_id: str) -> str:
    return f"there is no live session {printable(session_id)}"


def _tell_failures(told: Sequence[str]) -> int:
    for each in told[:_FAILURES_SHOWN]:
        click.echo(each, err=True)
    if len(told) > _FAILURES_SHOWN:
        click.echo(f"and {len(told) - _FAILURES_SHOWN:,} more", err=True)
    return 1 if told else 0
