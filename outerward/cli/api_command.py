"""What the commands that talk to the admin API have in common: their options."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from outerward.cli.client import AdminClient
from outerward.cli.run import config_option
from outerward.cli.target import TOKEN_VARIABLE, URL_VARIABLE, TargetFinder

P = ParamSpec("P")
R = TypeVar("R")

admin_option = click.option(
    "--admin",
    metavar="URL",
    help=f"Address of the admin API; else {URL_VARIABLE}, else that of the configuration.",
)


@dataclass(frozen=True)
class Api:
    """The API of one command, and how its answer is to be shown."""

    client: AdminClient
    as_json: bool


def api_command(command: Callable[Concatenate[Api, P], R]) -> Callable[..., R]:
    """Give ``command`` the options of every client of the API, and an Api as its first argument."""

    def run(
        admin: str | None,
        token_file: Path | None,
        config_file: Path | None,
        as_json: bool,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        client = AdminClient(TargetFinder(admin, config_file).api(token_file))
        with closing(client):
            return command(Api(client, as_json), *args, **kwargs)

    options = (
        admin_option,
        click.option(
            "--token-file",
            metavar="PATH",
            type=click.Path(path_type=Path),
            help=f"File with the API token; else {TOKEN_VARIABLE}, else STATE/admin-token.",
        ),
        config_option,
        click.option("--json", "as_json", is_flag=True, help="One line of JSON for each object."),
    )
    wrapped: Callable[..., R] = update_wrapper(run, command)
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def example(*lines: str) -> str:
    """The end of a command's help: ``lines`` to type, as they stand."""
    return "\n".join(("\b", "Example:", *(f"  {line}" for line in lines)))


def limit_option(command: Callable[P, R]) -> Callable[P, R]:
    """``--limit N``."""
    return click.option(
        "--limit", metavar="N", type=click.IntRange(min=1), help="List the first N only; else all."
    )(command)
