"""``users``: who has signed in, and what can be done about a person."""

from pathlib import Path

import click

from outerward.cli.api_command import Api, api_command, example, limit_option
from outerward.cli.asking import ask, can_ask
from outerward.cli.blocking import block, blocks, unblock
from outerward.cli.client import Row
from outerward.cli.export import downloaded, output_option, save
from outerward.cli.named import USER, object_path
from outerward.cli.output import Column, for_people, plural, print_json, print_row, print_rows, value_at
from outerward.cli.people import person
from outerward.cli.refusals import Refused
from outerward.cli.selection import (
    FilterCommand,
    Selection,
    filter_option,
    noun_of,
    reason_option,
    search_option,
    state_option,
)
from outerward.cli.session_columns import print_sessions
from outerward.cli.shown_ending import end_all

_ID_EXAMPLE = "edgusr_2pG7vN0bR1kX4sT8wZ3yC6fH9jL"
_ID = Column("User", ("id",))
_PROVIDER = ("identity_provider", "name")
_LAST_ACTIVE = Column("Last active", ("last_active",), is_time=True, gives_way=True)
_SESSIONS = Column("Sessions", ("outerward", "sessions"))
_BLOCKED = Column("Blocked", ("outerward", "blocked"))
LIST_COLUMNS = (
    _ID,
    Column("E-mail", ("email",), gives_way=True),
    Column("Name", ("name",), gives_way=True, spare=True),
    Column("Provider", _PROVIDER, gives_way=True, spare=True),
    _SESSIONS,
    _BLOCKED,
    _LAST_ACTIVE,
)
DETAIL_COLUMNS = (
    _ID,
    Column("E-mail", ("email",)),
    Column("E-mail verified", ("outerward", "email_verified")),
    Column("Username", ("username",)),
    Column("Name", ("name",)),
    Column("Provider", _PROVIDER),
    Column("Provider's address", ("identity_provider", "url")),
    Column("Id at the provider", ("provider_user_id",)),
    _SESSIONS,
    _BLOCKED,
    Column("Blocked until", ("outerward", "blocked_until"), is_time=True),
    Column("Created", ("created_at",), is_time=True),
    Column("Last login", ("last_login",), is_time=True),
    _LAST_ACTIVE,
)


@click.group()
def users() -> None:
    """List, inspect, sign out, block and delete users."""


@users.command(
    "ls",
    cls=FilterCommand,
    epilog=example(
        "outerward users ls -q ada", "outerward users ls --filter 'obj.email.contains(\"@example.com\")'"
    ),
)
@filter_option
@search_option
@limit_option
@api_command
def list_users(api: Api, filter_text: str | None, search: str | None, limit: int | None) -> None:
    """List the users, the newest first."""
    selection = Selection(filter_text, search)
    with selection.explained():
        rows = api.client.rows(USER.path, "application_users", limit, selection.query())
        print_rows(rows, LIST_COLUMNS, as_json=api.as_json, none="There is no such user.")


@users.command("get", epilog=example(f"outerward users get {_ID_EXAMPLE}"))
@click.argument("user_id", metavar="ID")
@api_command
def get_user(api: Api, user_id: str) -> None:
    """Show one user whole."""
    print_row(_user(api, user_id), DETAIL_COLUMNS, as_json=api.as_json)


@users.command("sessions", epilog=example(f"outerward users sessions {_ID_EXAMPLE} --state ended"))
@click.argument("user_id", metavar="ID")
@state_option
@limit_option
@api_command
def user_sessions(api: Api, user_id: str, state: str, limit: int | None) -> None:
    """List the sessions of one user, the newest first."""
    path = f"{object_path(USER, user_id)}/sessions"
    query = Selection(state=state).query()
    rows = api.client.rows(path, "application_sessions", limit, query, what=f"user {user_id}")
    none = f"The user has no {noun_of(state)}."
    print_sessions(api.client, rows, state, as_json=api.as_json, none=none)


@users.command("signout", epilog=example(f"outerward users signout {_ID_EXAMPLE}"))
@click.argument("user_id", metavar="ID")
@reason_option
@api_command
def sign_out(api: Api, user_id: str, reason: str | None) -> None:
    """End all sessions of a user, everywhere.

    The user stays, and may sign in again.
    """
    user = _user(api, user_id)
    asked = {"filter": f'obj.application_user_id == "{user_id}"'}
    tally = end_all(api, asked, reason, _live(user))
    if for_people(api.as_json):
        click.echo(f"{person(user)} is signed out: {plural(tally.ended, 'session')} ended.")


@users.command("delete", epilog=example(f"outerward users delete {_ID_EXAMPLE} --erase"))
@click.argument("user_id", metavar="ID")
@click.option(
    "--erase", is_flag=True, help="Also what is kept of the person: ended sessions, events, a block."
)
@click.option("--yes", is_flag=True, help="Do not ask before.")
@api_command
def delete_user(api: Api, user_id: str, erase: bool, yes: bool) -> None:
    """End all sessions of a user, and forget the user.

    Whoever signs in again is a new user. A block stays, and so does what happened, unless it is erased too.
    """
    path = object_path(USER, user_id)
    if not yes:
        _ask_to_delete(api, user_id, erase)
    api.client.delete(f"{path}?erase=true" if erase else path, f"user {user_id}")
    if for_people(api.as_json):
        click.echo(f"User {user_id} is {'erased' if erase else 'deleted'}.")
    else:
        print_json({"id": user_id, "deleted": True})


@users.command("export", epilog=example(f"outerward users export {_ID_EXAMPLE} -o person.json"))
@click.argument("user_id", metavar="ID")
@output_option
@api_command
def export_user(api: Api, user_id: str, output: Path | None) -> None:
    """Write all that is kept of a person, as one JSON object.

    User, block, sessions with their accesses, live or over, and events. Also of a user who is deleted.
    """
    save(downloaded(api.client, f"{object_path(USER, user_id)}/export", f"user {user_id}"), output)


def _user(api: Api, user_id: str) -> Row:
    return api.client.get(object_path(USER, user_id), Row, f"user {user_id}")


def _ask_to_delete(api: Api, user_id: str, erase: bool) -> None:
    if not can_ask():
        raise click.UsageError("nobody can be asked here: add --yes to delete the user.")
    try:
        user = _user(api, user_id)
    except Refused as refused:
        # Of a user who is deleted already there may still be something to erase.
        if refused.status != 404 or not erase:
            raise
        ask(f"Erase all that is kept of user {user_id}?", "nothing is erased")
        return
    act = "Delete and erase" if erase else "Delete"
    ask(f"{act} {person(user)}, who has {plural(_live(user), 'live session')}?", "nothing is deleted")


def _live(user: Row) -> int:
    """How many live sessions the user has."""
    count = value_at(user, ("outerward", "sessions"))
    return count if isinstance(count, int) else 0


for _command in (block, unblock, blocks):
    users.add_command(_command)
