"""``tokens``: make, list and revoke the tokens of the admin API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from outerward.cli.api_command import Api, api_command, example, limit_option
from outerward.cli.moments import rfc3339
from outerward.cli.named import TOKEN, object_path
from outerward.cli.output import Column, for_people, print_json, print_rows
from outerward.errors import OuterwardError
from outerward.typed_toml import duration

LONGEST_NAME = 100
COLUMNS = (
    Column("Token", ("id",)),
    Column("Name", ("name",), gives_way=True),
    Column("Scope", ("scope",)),
    Column("Created", ("created_at",), is_time=True, spare=True),
    Column("Expires", ("expires_at",), is_time=True),
    Column("Last used", ("last_used",), is_time=True),
)


class _Lifetime(click.ParamType[timedelta]):
    """A duration such as 90d, as a time span above zero."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The time span. Fails with a usage error."""
        try:
            span = duration(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        if span < timedelta(seconds=1):
            self.fail("must be at least 1s.", param, ctx)
        return span


def _token_name(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not value.isprintable() or value != value.strip() or not 1 <= len(value) <= LONGEST_NAME:
        raise click.BadParameter(f"must be 1 to {LONGEST_NAME} printable characters, no blanks at the edges.")
    return value


@click.group()
def tokens() -> None:
    """Make, list and revoke API tokens."""


@tokens.command("create", epilog=example("outerward tokens create --name ci --scope read --expires 90d"))
@click.option("--name", metavar="NAME", required=True, callback=_token_name, help="What the token is for.")
@click.option(
    "--scope",
    required=True,
    type=click.Choice(["read", "revoke", "admin"]),
    help="read: see users and sessions; revoke: end them too; admin: tokens, exports and erasures too.",
)
@click.option("--expires", metavar="DURATION", type=_Lifetime(), help="Such as 90d; without it, never.")
@api_command
def create_token(api: Api, name: str, scope: str, expires: timedelta | None) -> None:
    """Make a token and print it.

    It is shown this once: only its hash is stored.
    """
    body: dict[str, Any] = {"name": name, "scope": scope}
    if expires is not None:
        body["expires_at"] = rfc3339(datetime.now(UTC) + expires)
    made = api.client.post(TOKEN.path, body, dict[str, Any], "such resource")
    if api.as_json:
        print_json(made)
        return
    if for_people(api.as_json):
        click.echo(f"The token {name!r} ({scope}). It is shown only now:", err=True)
    click.echo(_secret(made))


@tokens.command("ls", epilog=example("outerward tokens ls"))
@limit_option
@api_command
def list_tokens(api: Api, limit: int | None) -> None:
    """List the tokens, without their secrets."""
    print_rows(api.client.rows(TOKEN.path, "tokens", limit), COLUMNS, as_json=api.as_json)


@tokens.command("revoke", epilog=example("outerward tokens revoke owtok_2pG7vN0bR1kX4sT8wZ3yC6fH9jL"))
@click.argument("token_id", metavar="ID")
@api_command
def revoke_token(api: Api, token_id: str) -> None:
    """Revoke a token: it is refused from now on."""
    api.client.delete(object_path(TOKEN, token_id), f"token {token_id}")
    if for_people(api.as_json):
        click.echo(f"Token {token_id} is revoked.")
    else:
        print_json({"id": token_id, "revoked": True})


def _secret(made: dict[str, Any]) -> str:
    secret = made.get("token")
    if not isinstance(secret, str) or not secret.isascii() or not secret.isprintable():
        raise OuterwardError("the API made a token but did not show it; revoke it with `tokens revoke`")
    return secret
