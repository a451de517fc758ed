"""``http``: one application behind a sign-in, from the command line alone."""

import re
from pathlib import Path

import click

from outerward.cli.run import ready_file_option

_REFERENCES = ("env:", "file:")
_PORT = re.compile(r":?([0-9]{1,5})")
_HIGHEST_PORT = 65535
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")


@click.command()
@click.argument("upstream", metavar="UPSTREAM")
@click.option("--oidc", metavar="ISSUER", help="Sign in with this OpenID Connect provider.")
@click.option(
    "--oauth",
    metavar="PRESET",
    help="Sign in with google, github, gitlab, microsoft, facebook, linkedin, amazon or twitch.",
)
@click.option("--client-id", metavar="ID", help="The client id that the provider gave.")
@click.option("--client-secret-file", metavar="PATH", help="File with the client secret, and nothing else.")
@click.option("--client-secret", metavar="env:NAME", help="The client secret from an environment variable.")
@click.option(
    "--allow",
    metavar="ENTRY",
    multiple=True,
    help="Who may pass: '@example.com', ada@example.org, group:ops; repeat it. '*': all who can sign in.",
)
@click.option("--hostname", metavar="HOST", help="The name that visitors use; else localhost.")
@click.option("--public-url", metavar="URL", help="Where visitors reach it, if that is not derived right.")
@click.option("--listen", metavar="HOST:PORT", help="Where visitors connect; else 127.0.0.1:4180.")
@click.option("--admin-listen", metavar="HOST:PORT", help="Where the admin API listens; else 127.0.0.1:4040.")
@click.option("--state", metavar="DIR", help="Keep sessions and the admin token here; else they end with it.")
@click.option(
    "--allow-private-network",
    is_flag=True,
    help="The provider may be on http, on this machine or in a private network.",
)
@ready_file_option
def http(
    upstream: str,
    oidc: str | None,
    oauth: str | None,
    client_secret_file: str | None,
    client_secret: str | None,
    allow: tuple[str, ...],
    ready_file: Path | None,
    allow_private_network: bool,
    **plain: str | None,
) -> int:
    """Protect one application, without a configuration file.

    UPSTREAM is where the application listens: a URL, HOST:PORT, or a port of this machine.

    \b
    outerward http 3000 --oauth google \\
        --client-id ID --client-secret-file secret --allow '@example.com'
    outerward http 3000 --oidc https://id.example.com \\
        --client-id ID --client-secret env:SECRET --allow '*'

    Prints the address of the application, that of the admin API, and the callback address that has to be
    registered with the provider. Without --state everything that is kept is in a temporary folder, which is
    removed at the end. Variables such as OUTERWARD_STORE_URL count as for `serve`; ^C ends it.
    """
    if (oidc is None) == (oauth is None):
        raise click.UsageError("name one provider: --oidc ISSUER or --oauth PRESET")
    if not allow:
        raise click.UsageError(
            "say who may pass: --allow '@example.com' for everybody with such an address, --allow"
            " ada@example.org for one person (both may be repeated), --allow '*' for everyone who can sign in"
        )
    from outerward.cli.one_app import OneApp, serve_one  # noqa: PLC0415 - loads the whole program

    app = OneApp(
        upstream=upstream_url(upstream),
        issuer=oidc,
        preset=oauth,
        client_secret=_secret(client_secret_file, client_secret),
        secret_flag="--client-secret" if client_secret is not None else "--client-secret-file",
        allow=allow,
        allow_private_network=allow_private_network,
        plain={f"--{name.replace('_', '-')}": text for name, text in plain.items() if text is not None},
    )
    return serve_one(app, ready_file)


def upstream_url(text: str) -> str:
    """``3000``, ``:3000`` and ``HOST:PORT`` as URLs, a URL as it is. Raises UsageError for all else."""
    if "://" not in text and not text.startswith("unix:") and not _is_short(text):
        raise click.UsageError("UPSTREAM is a URL, HOST:PORT, or a port of this machine from 1 to 65535")
    if port := _PORT.fullmatch(text):
        return f"http://127.0.0.1:{port[1]}"
    return f"http://{text}" if _HOST_AND_PORT.fullmatch(text) else text


def _is_short(text: str) -> bool:
    found = _PORT.fullmatch(text) or _HOST_AND_PORT.fullmatch(text)
    return found is not None and 1 <= int(text.rpartition(":")[2]) <= _HIGHEST_PORT


def _secret(path: str | None, reference: str | None) -> str | None:
    """Where the client secret is. Raises UsageError for one on the command line itself."""
    if path is not None and reference is not None:
        raise click.UsageError("--client-secret-file and --client-secret are both given; one is enough")
    if path is not None:
        return f"file:{path}"
    if reference is not None and not reference.startswith(_REFERENCES):
        raise click.UsageError(
            "--client-secret takes env:NAME or file:PATH: a secret on the command line can be read by"
            " everybody on this machine"
        )
    return reference
