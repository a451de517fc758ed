"""``sessions``: who is signed in where. The end of sessions is ``revoke``, to watch them is ``watch``."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from outerward.cli.api_command import Api, api_command, example, limit_option
from outerward.cli.client import Row, with_query
from outerward.cli.counting import count_of
from outerward.cli.export import CsvRecords, downloaded, output_option, save
from outerward.cli.named import SESSION, object_path
from outerward.cli.output import for_people, plural, print_json, print_row, print_rows
from outerward.cli.refusals import Refused
from outerward.cli.revoke import revoke
from outerward.cli.selection import (
    ACTIVE,
    ENDED,
    FilterCommand,
    Selection,
    filter_option,
    noun_of,
    search_option,
    state_option,
)
from outerward.cli.session_columns import ACCESS_COLUMNS, detail_columns, print_sessions
from outerward.cli.watch import watch
from outerward.plain_text import printable_path

_MEMBER = "application_sessions"


@click.group()
def sessions() -> None:
    """List, inspect, watch and end sessions."""


@sessions.command(
    "ls",
    cls=FilterCommand,
    epilog=example(
        "outerward sessions ls -q ada",
        'outerward sessions ls --filter \'inCidr(obj.ip_address, "192.0.2.0/24") && obj.tunnel == "wiki"\'',
    ),
)
@filter_option
@search_option
@state_option
@limit_option
@api_command
def list_sessions(
    api: Api, filter_text: str | None, search: str | None, state: str, limit: int | None
) -> None:
    """List the live sessions, or those that are over, the newest first."""
    selection = Selection(filter_text, search, state)
    with selection.explained():
        rows = api.client.rows(SESSION.path, _MEMBER, limit, selection.query())
        none = f"There is no{' such' if filter_text or search else ''} {noun_of(state)}."
        print_sessions(api.client, rows, state, as_json=api.as_json, none=none)


@sessions.command("get", epilog=example("outerward sessions get edgses_2pG7vN0bR1kX4sT8wZ3yC6fH9jL"))
@click.argument("session_id", metavar="ID")
@api_command
def get_session(api: Api, session_id: str) -> None:
    """Show one session whole, live or ended.

    Also from where and with what it was used.
    """
    row, state = _session(api, session_id)
    if state == ENDED:
        click.echo(f"Session {session_id} has ended.", err=True)
    print_row(row, detail_columns(api.client, state), as_json=api.as_json)
    if for_people(api.as_json):
        click.echo()
        print_rows(_accesses(api, session_id), ACCESS_COLUMNS, as_json=False)


@sessions.command(
    "count",
    cls=FilterCommand,
    epilog=example("outerward sessions count --filter 'obj.browser_name == \"Firefox\"'"),
)
@filter_option
@search_option
@state_option
@api_command
def count_sessions(api: Api, filter_text: str | None, search: str | None, state: str) -> None:
    """Count sessions."""
    selection = Selection(filter_text, search, state)
    with selection.explained():
        found = count_of(api.client, selection)
    if for_people(api.as_json):
        click.echo(f"{'' if found.exact else 'about '}{plural(found.count, noun_of(state))}")
    else:
        print_json({"count": found.count, "exact": found.exact})


@sessions.command(
    "export", cls=FilterCommand, epilog=example("outerward sessions export --state ended -o ended.csv")
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "json"]),
    help="A table with a header line (csv), or a line of JSON for each session; csv without --json.",
)
@filter_option
@search_option
@state_option
@output_option
@api_command
def export_sessions(
    api: Api,
    file_format: str | None,
    filter_text: str | None,
    search: str | None,
    state: str,
    output: Path | None,
) -> None:
    """Write sessions as a file."""
    if api.as_json and file_format == "csv":
        raise click.UsageError("--json is --format json; one of --json and --format csv.")
    selection = Selection(filter_text, search, state)
    with selection.explained():
        save_rows = _save_lines if api.as_json or file_format == "json" else _save_table
        count = save_rows(api, selection, output)
    if output is not None and sys.stdout.isatty():
        click.echo(f"{plural(count, noun_of(state))} in {printable_path(output)}")


def _save_table(api: Api, selection: Selection, output: Path | None) -> int:
    """How many rows a file of CSV has."""
    records = CsvRecords()
    path = with_query(SESSION.path, {**selection.query(), "format": "csv"})
    save(records.through(downloaded(api.client, path, "such list")), output)
    return max(0, records.count - 1)


def _save_lines(api: Api, selection: Selection, output: Path | None) -> int:
    """How many lines a file of JSON has."""
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for row in api.client.rows(SESSION.path, _MEMBER, None, selection.query()):
            count += 1
            yield f"{json.dumps(row)}\n".encode()

    save(lines(), output)
    return count


def _session(api: Api, session_id: str) -> tuple[Row, str]:
    """The session and its state. Raises OuterwardError."""
    path = object_path(SESSION, session_id)
    try:
        return api.client.get(path, Row, f"session {session_id}"), ACTIVE
    except Refused as refused:
        if refused.status != 404:
            raise
        query = Selection(f'obj.id == "{session_id}"', None, ENDED).query()
        row = next(api.client.rows(SESSION.path, _MEMBER, 1, query), None)
        if row is None:
            raise
        return row, ENDED


def _accesses(api: Api, session_id: str) -> list[Row]:
    path = f"{object_path(SESSION, session_id)}/accesses"
    rows = api.client.get(path, Row, f"session {session_id}").get("accesses")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise api.client.not_the_api()
    return rows


for _command in (revoke, watch):
    sessions.add_command(_command)
