"""What the commands that talk to the admin API have in common: their options, and ids in paths."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from outerward.cli.client import AdminClient
from outerward.cli.run import config_option
from outerward.cli.target import TOKEN_VARIABLE, URL_VARIABLE, TargetFinder
from outerward.errors import OuterwardError
from outerward.plain_text import printable

P = ParamSpec("P")
R = TypeVar("R")

_ID = re.compile(r"[A-Za-z0-9_]{1,100}")

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
        target = TargetFinder(admin, config_file).api(token_file)
        return command(Api(AdminClient(target), as_json), *args, **kwargs)

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


def limit_option(command: Callable[P, R]) -> Callable[P, R]:
    """``--limit N``."""
    return click.option(
        "--limit", metavar="N", type=click.IntRange(min=1), help="List the newest N only; else all."
    )(command)


def object_path(collection: str, wanted: str, what: str) -> str:
    """The path of one object. Raises OuterwardError for what cannot be an id."""
    if not _ID.fullmatch(wanted):
        raise OuterwardError(f"there is no {what} {printable(wanted)}")
    return f"{collection}/{wanted}"
