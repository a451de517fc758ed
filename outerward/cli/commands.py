"""The tree of commands."""

import click

from outerward import __version__
from outerward.cli.config_command import config
from outerward.cli.events_command import events
from outerward.cli.health import healthcheck
from outerward.cli.http_command import http
from outerward.cli.idp_command import idp
from outerward.cli.run import demo, serve
from outerward.cli.sessions import sessions
from outerward.cli.tokens import tokens
from outerward.cli.tunnels_command import tunnels
from outerward.cli.users_command import users

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
def outerward() -> None:
    """Put a sign-in before a web application, see who is signed in, end any session at once.

    Start with `outerward demo`: it needs no configuration.
    """


@outerward.command()
def version() -> None:
    """Print the version."""
    click.echo(f"outerward {__version__}")


for _command in (serve, http, demo, config, idp, tokens, sessions, users, events, tunnels, healthcheck):
    outerward.add_command(_command)
