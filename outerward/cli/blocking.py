"""``users block``, ``unblock``, ``blocks``: who may not sign in."""

from datetime import datetime

import click

from outerward.cli.api_command import Api, api_command, example, limit_option
from outerward.cli.client import Row
from outerward.cli.deadline import Deadline
from outerward.cli.moments import rfc3339
from outerward.cli.named import USER, object_path
from outerward.cli.output import Column, for_people, print_json, print_rows
from outerward.cli.people import person
from outerward.cli.selection import reason_option

_COLUMNS = (
    Column("User id", ("user_id",)),
    Column("E-mail", ("email",), gives_way=True),
    Column("Username", ("username",), gives_way=True, spare=True),
    Column("Provider", ("identity_provider", "name"), gives_way=True, spare=True),
    Column("Until", ("until",), is_time=True),
    Column("Blocked", ("blocked_at",), is_time=True),
    Column("Reason", ("reason",), gives_way=True),
)


@click.command(
    "block",
    epilog=example("outerward users block edgusr_2pG7vN0bR1kX4sT8wZ3yC6fH9jL --until 7d --reason 'left'"),
)
@click.argument("user_id", metavar="ID")
@click.option(
    "--until", metavar="7d|TIME", type=Deadline(), help="For so long, or until this time; else for good."
)
@reason_option
@api_command
def block(api: Api, user_id: str, until: datetime | None, reason: str | None) -> None:
    """End all sessions of a user, and refuse this person's logins."""
    body: Row = {} if until is None else {"until": rfc3339(until)}
    if reason is not None:
        body["reason"] = reason
    made = api.client.put(_path(user_id), body, Row, f"user {user_id}")
    if for_people(api.as_json):
        lasts = f"until {rfc3339(until)}" if until else "until `users unblock`"
        click.echo(f"{person(made)} is blocked {lasts}.")
    else:
        print_json(made)


@click.command("unblock", epilog=example("outerward users unblock edgusr_2pG7vN0bR1kX4sT8wZ3yC6fH9jL"))
@click.argument("user_id", metavar="ID")
@api_command
def unblock(api: Api, user_id: str) -> None:
    """Let a person sign in again."""
    api.client.delete(_path(user_id), f"block of user {user_id}")
    if for_people(api.as_json):
        click.echo(f"User {user_id} may sign in again.")
    else:
        print_json({"id": user_id, "blocked": False})


@click.command("blocks", epilog=example("outerward users blocks"))
@limit_option
@api_command
def blocks(api: Api, limit: int | None) -> None:
    """List who is blocked, also those whose user is deleted."""
    rows = api.client.rows("/app/blocks", "blocks", limit)
    print_rows(rows, _COLUMNS, as_json=api.as_json, none="Nobody is blocked.")


def _path(user_id: str) -> str:
    return f"{object_path(USER, user_id)}/block"
