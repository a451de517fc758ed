"""``healthcheck``: whether a running ``serve`` is ready, for containers and supervisors."""

from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec

from outerward.cli.api_command import admin_option
from outerward.cli.client import AdminClient
from outerward.cli.run import config_option
from outerward.cli.target import TargetFinder
from outerward.errors import Unreachable
from outerward.plain_text import printable

TIMEOUT_S = 3.0


@click.command()
@admin_option
@config_option
def healthcheck(admin: str | None, config_file: Path | None) -> None:
    """Ask a running server if it is ready.

    Exits with 0 if the server on this machine is, else with 69 and what is missing.
    """
    target = TargetFinder(admin, config_file).listener()
    with closing(AdminClient(target, TIMEOUT_S)) as client:
        status, answer = client.status("/readyz")
    if status != 200:
        raise Unreachable(f"{target.origin} is not ready{_missing(answer)}")
    click.echo("ready")


def _missing(answer: bytes) -> str:
    try:
        missing: Any = msgspec.json.decode(answer)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    if not isinstance(missing, dict) or not missing:
        return ""
    return ": " + ", ".join(
        f"{printable(str(name))} {printable(str(state))}" for name, state in missing.items()
    )
