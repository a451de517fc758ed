"""``config check``: everything that is wrong with a configuration, without running it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from outerward.cli.run import config_option
from outerward.plain_text import printable_path

if TYPE_CHECKING:
    from outerward.config import Settings


@click.group()
def config() -> None:
    """Check a configuration file."""


@config.command()
@config_option
def check(config_file: Path | None) -> None:
    """Report everything that is wrong.

    Reads the file and the environment as `serve` would. Prints every error as FILE:LINE: KEY: message, and
    exits with 78 if there is one.
    """
    from outerward.config import load_settings  # noqa: PLC0415 - loads the whole program

    loaded = load_settings(config_file, os.environ)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{printable_path(loaded.path)}: ok ({_summary(loaded.settings)})")


def _summary(settings: "Settings") -> str:
    counts = {
        "provider": len(settings.provider),
        "tunnel": len(settings.tunnel),
        "edge route": len(settings.edge_route),
    }
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items())
