"""``tunnels``: what is configured, and how many are signed in there."""

import click

from outerward.cli.api_command import Api, api_command, example, limit_option
from outerward.cli.output import Column, print_rows

_COLUMNS = (Column("Tunnel", ("name",)), Column("Sessions", ("sessions",)), Column("Id", ("id",)))


@click.group()
def tunnels() -> None:
    """List the tunnels."""


@tunnels.command("ls", epilog=example("outerward tunnels ls"))
@limit_option
@api_command
def list_tunnels(api: Api, limit: int | None) -> None:
    """List the configured tunnels by name, with their live sessions."""
    by_name = sorted(api.client.rows("/tunnels", "tunnels", None), key=lambda row: str(row.get("name")))
    print_rows(by_name[:limit], _COLUMNS, as_json=api.as_json, none="No tunnel is configured.")
