"""``events``: what happened, from the list that nobody can rewrite, and what happens now."""

import click

from outerward.cli import event_lines
from outerward.cli.api_command import Api, api_command, example, limit_option
from outerward.cli.client import Row
from outerward.cli.following import EVENTS, Following
from outerward.cli.named import USER, can_be_id, misnamed
from outerward.cli.output import Column, for_people, print_json, print_rows
from outerward.cli.people import People
from outerward.plain_text import printable

_COLUMNS = (
    Column("When", ("at",), is_time=True),
    Column("What", ("verb",)),
    Column("Who", ("who",), gives_way=True),
    Column("More", ("facts",), gives_way=True),
)


def _known(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    unknown = next((each for each in (value or "").split(",") if each not in event_lines.TYPES), None)
    if value is not None and unknown is not None:
        known = ", ".join(sorted(event_lines.TYPES))
        raise click.BadParameter(f'"{printable(unknown)}" is no type of event; there are {known}.')
    return value


def _of_a_user(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and (told := misnamed(USER, value)):
        raise click.BadParameter(f"{told}.")
    return value


type_option = click.option(
    "--type",
    "types",
    metavar="TYPE,…",
    callback=_known,
    help="Only of these types, such as login,revoke; see docs/api.md.",
)


@click.group()
def events() -> None:
    """List what happened, and follow what happens."""


@events.command("ls", epilog=example("outerward events ls --type revoke,block --limit 20"))
@type_option
@click.option("--user", "user_id", metavar="ID", callback=_of_a_user, help="Only what concerns this user.")
@limit_option
@api_command
def list_events(api: Api, types: str | None, user_id: str | None, limit: int | None) -> None:
    """List events, the newest first."""
    query = {name: text for name, text in (("type", types), ("user", user_id)) if text is not None}
    rows = api.client.rows(EVENTS, "events", limit, query)
    if for_people(api.as_json):
        people = People(api.client)
        rows = ({**row, **_told(row, people)} for row in people.ahead(rows, ("user", "id")))
    print_rows(rows, _COLUMNS, as_json=api.as_json, none="There is no such event.")


@events.command("tail", epilog=example("outerward events tail --type login,login_denied"))
@type_option
@click.option("--since", metavar="ID", help="Begin behind the event with this id; else with what comes next.")
@api_command
def tail(api: Api, types: str | None, since: str | None) -> None:
    """Show events as they happen, until ^C.

    A connection that breaks is opened again, and nothing is lost by that.
    """
    if since is not None and not can_be_id(since):
        raise click.BadParameter("is no event's id.", param_hint="--since")
    people = People(api.client)
    for event in Following(api.client, {} if types is None else {"type": types}, since).events():
        if for_people(api.as_json):
            click.echo(event_lines.line(event, people.name))
        else:
            print_json(event)


def _told(event: Row, people: People) -> Row:
    return {
        "verb": event_lines.verb(event),
        "who": event_lines.who(event, people.name),
        "facts": event_lines.facts(event),
    }
