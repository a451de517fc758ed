"""``config``: what is wrong with a configuration, what it says and from where, and which keys there are."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outerward.cli.output import Column, for_people, print_rows
from outerward.cli.run import config_option
from outerward.plain_text import printable_path

if TYPE_CHECKING:
    from outerward.config import Settings
    from outerward.config.show import Plain

_COLUMNS = (Column("Key", ("key",)), Column("Value", ("value",)), Column("From", ("origin",)))


@click.group()
def config() -> None:
    """Check, show and describe the configuration file."""


@config.command()
@config_option
@click.option(
    "--online",
    is_flag=True,
    help="Also ask every provider, the store and every upstream whether it is there.",
)
def check(config_file: Path | None, online: bool) -> int:
    """Report everything that is wrong.

    Reads the file and the environment as `serve` would. Prints every error as FILE:LINE: KEY: message, and
    exits with 78 if there is one.

    With --online a line follows for each provider, the store, each upstream and the clock, and the exit code
    is 1 if one of them failed. Nothing is changed, and a server that runs is not disturbed.
    """
    from outerward.config import load_settings  # noqa: PLC0415 - loads the whole program

    loaded = load_settings(config_file, os.environ)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{printable_path(loaded.path)}: ok ({_summary(loaded.settings)})")
    return _check_online(loaded.settings) if online else 0


@config.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each value.")
def show(config_file: Path | None, as_json: bool) -> None:
    """Show every value, and where it comes from.

    From is FILE:LINE, the environment variable, or "default". Secrets are shown as ********.
    """
    from outerward.config import load_settings  # noqa: PLC0415 - loads the whole program
    from outerward.config.show import shown  # noqa: PLC0415 - loads the whole program

    people = for_people(as_json)
    rows = (
        {"key": each.key, "value": _cell(each.value) if people else each.value, "origin": each.origin}
        for each in shown(load_settings(config_file, os.environ))
    )
    print_rows(rows, _COLUMNS, as_json=as_json)


@config.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors.

    Save it (`outerward config schema > outerward.schema.json`) and name it in the first line of
    outerward.toml: `#:schema ./outerward.schema.json`. Editors with a TOML language server (taplo, Even
    Better TOML) then complete keys and mark what is wrong.
    """
    from outerward.config.json_schema import json_schema  # noqa: PLC0415 - loads the whole program

    click.echo(json.dumps(json_schema(), indent=2))


def _check_online(settings: "Settings") -> int:
    from outerward.config.findings import State  # noqa: PLC0415 - loads the whole program
    from outerward.config.online import check_online  # noqa: PLC0415 - loads the whole program

    findings = check_online(settings)
    for found in findings:
        click.echo(found.line())
    return 1 if any(found.state is State.FAILED for found in findings) else 0


def _cell(value: "Plain") -> str:
    """``value`` for a table: text as it is, anything else as TOML has it."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _summary(settings: "Settings") -> str:
    counts = {
        "provider": len(settings.provider),
        "tunnel": len(settings.tunnel),
        "edge route": len(settings.edge_route),
        "webhook": len(settings.webhook),
    }
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items())
