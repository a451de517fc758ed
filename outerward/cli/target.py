"""Which admin API a client command talks to, and with which token.

Address: ``--admin``, ``OUTERWARD_ADMIN_URL``, else the configuration's. Token: ``--token-file``,
``OUTERWARD_ADMIN_TOKEN``, else ``STATE/admin-token``. Variables have ``_FILE`` forms. Sends nothing.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from outerward.addresses import Origin, admin_url, listen_address, listener_url, plain_url
from outerward.cli.client_settings import ClientSettings, load_client_settings
from outerward.errors import OuterwardError
from outerward.plain_text import printable_path
from outerward.typed_toml import read_secret_file

URL_VARIABLE = "OUTERWARD_ADMIN_URL"
TOKEN_VARIABLE = "OUTERWARD_ADMIN_TOKEN"  # noqa: S105 - a variable's name
TOKEN_FILE = "admin-token"  # noqa: S105 - a file's name
_SENDABLE = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class Target:
    """Where the API is, and the token to show to it."""

    origin: Origin
    token: str = field(repr=False, default="")


class TargetFinder:
    """Looks in flags, environment and configuration; the configuration is read only where it is needed."""

    def __init__(
        self, admin: str | None, config_file: Path | None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._admin = admin
        self._config_file = config_file
        self._environ = os.environ if environ is None else environ
        self._settings: ClientSettings | None = None

    def api(self, token_file: Path | None) -> Target:
        """The API as its users reach it, with a token. Raises OuterwardError where there is none."""
        return Target(self._origin(local=False), self._token(token_file))

    def listener(self) -> Target:
        """The listener itself, seen from this machine, without a token."""
        return Target(self._origin(local=True))

    def _origin(self, *, local: bool) -> Origin:
        if self._admin is not None:
            return _parsed_url("--admin", self._admin)
        url, source = self._variable(URL_VARIABLE)
        if url:
            return _parsed_url(source, url)
        admin = self._configured().admin
        port = listen_address(admin.listen)[1]
        if port == 0 and (local or admin.public_url is None):
            raise OuterwardError("admin.listen asks for a free port: name the API's address with --admin")
        return plain_url(listener_url(admin.listen, port) if local else admin_url(admin, port))

    def _token(self, token_file: Path | None) -> str:
        if token_file is not None:
            return _sendable(_read(token_file), printable_path(token_file))
        token, source = self._variable(TOKEN_VARIABLE)
        if token:
            return _sendable(token, source)
        path = self._configured().state / TOKEN_FILE
        if not os.path.lexists(path):
            raise OuterwardError(
                f"there is no admin token: {printable_path(path)} does not exist;"
                f" name a file with --token-file, or set {TOKEN_VARIABLE}"
            )
        return _sendable(_read(path), printable_path(path))

    def _variable(self, name: str) -> tuple[str, str]:
        """The variable's value or, by its ``_FILE`` form, that of the file it names; and which of the two."""
        value, path = self._environ.get(name, ""), self._environ.get(f"{name}_FILE", "")
        if value and path:
            raise click.UsageError(f"{name} and {name}_FILE are both set; only one of them may be")
        return (_read(Path(path)), f"{name}_FILE") if path else (value, name)

    def _configured(self) -> ClientSettings:
        if self._settings is None:
            self._settings = load_client_settings(self._config_file, self._environ)
        return self._settings


def _parsed_url(source: str, url: str) -> Origin:
    try:
        return plain_url(url)
    except ValueError as error:
        raise click.UsageError(f"{source} {error}") from None


def _read(path: Path) -> str:
    try:
        return read_secret_file(path)
    except ValueError as error:
        raise OuterwardError(str(error)) from None


def _sendable(token: str, source: str) -> str:
    if not _SENDABLE.fullmatch(token):
        raise OuterwardError(f"{source} holds no token: a token is printable ASCII without blanks")
    return token
