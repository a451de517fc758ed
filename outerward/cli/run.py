"""``serve`` and ``demo``: the commands that run until they are told to stop.

What they run is imported when they do: the other commands start in a fraction of the time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

HIGHEST_DEMO_PORT = 65533
"""The demo takes this port and the two after it."""


def config_option(command: Callable[P, R]) -> Callable[P, R]:
    """``-c FILE``."""
    return click.option(
        "-c",
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Configuration file; without it ./outerward.toml, else /etc/outerward/outerward.toml.",
    )(command)


def ready_file_option(command: Callable[P, R]) -> Callable[P, R]:
    """``--ready-file PATH``."""
    return click.option(
        "--ready-file",
        metavar="PATH",
        type=click.Path(path_type=Path),
        help="Write addresses and process id to this file as JSON, once everything is ready.",
    )(command)


@click.command()
@config_option
@click.option("--listen", metavar="HOST:PORT", help="Where visitors connect (edge.listen); port 0: any.")
@click.option("--admin-listen", metavar="HOST:PORT", help="Where the admin API listens (admin.listen).")
@click.option("--store", metavar="URL", help="The session store (store.url): embedded, redis://… or unix://…")
@click.option("--workers", metavar="N", help="How many worker processes (edge.workers), or auto: one a core.")
@ready_file_option
def serve(
    config_file: Path | None,
    listen: str | None,
    admin_listen: str | None,
    store: str | None,
    workers: str | None,
    ready_file: Path | None,
) -> int:
    """Run the edge and the admin API.

    The session store runs along with them, unless another one is configured. Options win over environment
    variables, those over the file. SIGTERM and ^C finish what is under way, a second one ends at once.
    """
    flags = {"--listen": listen, "--admin-listen": admin_listen, "--store": store, "--workers": workers}
    given = {flag: text for flag, text in flags.items() if text is not None}
    from outerward.cli.serving import serve_file  # noqa: PLC0415 - loads the whole program

    return serve_file(config_file, given, ready_file)


@click.command()
@click.option("--check", is_flag=True, help="Sign in, pass, revoke and be refused by itself, then end.")
@click.option("--json", "json_output", is_flag=True, help="Print one line of JSON on stdout when ready.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(1, HIGHEST_DEMO_PORT),
    help="Edge on N, dashboard and API on N+1, providers on N+2; else 4180, 4040, 4190 or free ones.",
)
@ready_file_option
def demo(check: bool, json_output: bool, no_browser: bool, port: int | None, ready_file: Path | None) -> int:
    """Try it, without any configuration.

    Starts the edge, three small apps and two identity providers with made-up people, on this machine alone,
    and prints a link that signs you in to the dashboard once; Enter prints another. Data is kept in a
    temporary folder; ^C leaves nothing behind.
    """
    from outerward.demo import run_demo  # noqa: PLC0415 - loads the whole program

    return run_demo(
        check=check, json_output=json_output, no_browser=no_browser, port=port, ready_file=ready_file
    )
