"""What ``http`` serves: the tables that a file would have had, built of flags, checked and run as those are.

Nothing is decided here: the conversion and the checks are those of a file, and errors name the flag.
"""

import asyncio
import os
import shlex
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import structlog
import uvloop

from outerward.config import Loaded, resolved, routes_of
from outerward.guides import callback_of
from outerward.logs import configure_logging
from outerward.supervisor import Supervisor
from outerward.typed_toml import Document, Given, Key, Origins, Text

_TUNNEL = "app"
_SETTINGS: Mapping[str, Key] = {
    "--state": ("state",),
    "--listen": ("edge", "listen"),
    "--admin-listen": ("admin", "listen"),
}


@dataclass(frozen=True, kw_only=True)
class OneApp:
    """The command line. ``plain`` are the flags that are one text each, by name.

    ``client_secret`` says where the secret is, and ``secret_flag`` which flag said so; None is none.
    """

    upstream: str
    issuer: str | None
    preset: str | None
    client_secret: str | None
    secret_flag: str
    allow: tuple[str, ...]
    allow_private_network: bool
    plain: Mapping[str, str]

    @property
    def provider(self) -> str:
        """The provider's name, as in the callback's address: the preset's, where that is one at all."""
        if self.preset is None:
            return "oidc"
        return self.preset if self.preset.isascii() and self.preset.isalnum() else "oauth"


def serve_one(app: OneApp, ready_file: Path | None) -> int:
    """Serve until told to stop; the exit code. Raises OuterwardError, ConfigErrors with the flags' names."""
    with _state_folder(app.plain.get("--state")) as state:
        loaded = load_one(app, state, os.environ)
        configure_logging(loaded.settings.log)
        for warning in loaded.warnings:
            structlog.get_logger("outerward.config").warning("configuration", warning=warning)
        return uvloop.run(_serve(loaded, app, ready_file))


def load_one(app: OneApp, state: str, environ: Mapping[str, str]) -> Loaded:
    """The configuration that ``app`` stands for. Raises ConfigErrors."""
    made = _Tables(app)
    origins = Origins("outerward http", {}, made.tables, made.flags)
    keys = {**_SETTINGS, "--client-id": ("provider", app.provider, "client_id")}
    given = [Given(key, Text(app.plain[flag]), flag) for flag, key in keys.items() if flag in app.plain]
    if app.client_secret is not None:
        key = ("provider", app.provider, "client_secret")
        given.append(Given(key, Text(app.client_secret), app.secret_flag))
    document = Document(Path("outerward.toml"), made.tables | {"state": state}, origins)
    return resolved(document, environ, given)


class _Tables:
    """The tables of a file, and which flag stands for which of their keys."""

    def __init__(self, app: OneApp) -> None:
        self.flags: dict[Key, str] = {}
        provider: dict[str, object] = {"type": "oidc", "issuer": app.issuer}
        provider_flags = {"issuer": "--oidc"}
        if app.preset is not None:
            provider, provider_flags = {"type": "oauth", "provider": app.preset}, {"provider": "--oauth"}
        if app.allow_private_network:
            provider["allow_private_network"] = True
        tunnel: dict[str, object] = {
            "name": _TUNNEL,
            "hostname": app.plain.get("--hostname", "localhost"),
            "upstream": app.upstream,
            "provider": app.provider,
            "allow": list(app.allow),
        }
        if "--public-url" in app.plain:
            tunnel["public_url"] = app.plain["--public-url"]
        self.tables: dict[str, object] = {"provider": {app.provider: provider}, "tunnel": [tunnel]}
        needed = {"client_id": "--client-id", "client_secret": app.secret_flag}
        for name, flag in (provider_flags | needed).items():
            self.flags["provider", app.provider, name] = flag
        for name, flag in _OF_TUNNEL.items():
            self.flags["tunnel", 0, name] = flag


_OF_TUNNEL = {
    "hostname": "--hostname",
    "upstream": "UPSTREAM",
    "provider": "--oauth",
    "allow": "--allow",
    "public_url": "--public-url",
}


@contextmanager
def _state_folder(path: str | None) -> Iterator[str]:
    """The folder that was asked for, or a temporary one."""
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="outerward-http-") as folder:
        yield folder


async def _serve(loaded: Loaded, app: OneApp, ready_file: Path | None) -> int:
    async def tell(_: object) -> None:
        click.echo(_told(supervisor, app))

    supervisor = Supervisor(loaded.settings, ready_file=ready_file, prepare=tell)
    loop = asyncio.get_running_loop()
    for number, exit_code in ((signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)):
        loop.add_signal_handler(number, supervisor.stop, exit_code)
    return await supervisor.run()


def _told(supervisor: Supervisor, app: OneApp) -> str:
    """What its user wants to know, once it serves."""
    (route,) = routes_of(supervisor.settings, supervisor.edge_port)
    callback = callback_of(route.origin, app.provider, "oidc" if app.preset is None else "oauth")
    own_token = supervisor.settings.admin.bootstrap_token is None
    token = f" --token-file {shlex.quote(str(supervisor.admin_token_path))}" if own_token else ""
    in_front = route.secure and "--public-url" not in app.plain
    lines = [
        f"Application  {route.endpoint.public_url}",
        *([f"  by a proxy with TLS in front of {supervisor.edge_url}"] if in_front else []),
        f"  leads to   {app.upstream}",
        f"Callback     {callback}",
        "  has to be registered with the provider as redirect URI",
        f"Admin API    {supervisor.admin_url}",
        f"  who is in  outerward sessions ls --admin {supervisor.admin_url}{token}",
        "^C ends it.",
    ]
    return "\n".join(lines)
