"""Where the store is and how to sign in there, from its URL. Opens nothing."""

import ssl
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from session_store.errors import StoreRefused

_DEFAULT_PORT = 6379


@dataclass(frozen=True, slots=True)
class Address:
    """One server: a TCP address, with TLS or without, or a unix socket; ``username`` needs a ``password``."""

    kind: Literal["tcp", "tls", "unix"]
    host: str = ""
    port: int = _DEFAULT_PORT
    path: str = ""
    database: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    def greeting(self) -> list[tuple[str, ...]]:
        """The commands that every connection begins with; the last one asks the server what it is."""
        commands: list[tuple[str, ...]] = []
        if self.password is not None:
            user = (self.username,) if self.username is not None else ()
            commands.append(("AUTH", *user, self.password))
        if self.database:
            commands.append(("SELECT", str(self.database)))
        return [*commands, ("INFO",)]

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context: certificate and host name are verified against the system's authorities."""
        return ssl.create_default_context() if self.kind == "tls" else None


def parse_address(url: str) -> Address:
    """The address in ``unix:///path[?db=N]``, ``redis://[[user]:password@]host[:port][/N]`` or ``rediss://…``.

    User, password and path are percent-decoded. Raises StoreRefused in words that quote no part that may
    hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise StoreRefused("store.url: not a URL") from error
    if parts.fragment:
        raise StoreRefused("store.url: a # in a password or path is written %23")
    username = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if username is not None and password is None:
        raise StoreRefused("store.url: a user without a password")
    if parts.scheme == "unix":
        if not parts.path.startswith("/") or parts.hostname:
            raise StoreRefused("store.url: unix:// is followed by an absolute path (unix:///run/store.sock)")
        return Address(
            "unix", path=unquote(parts.path), database=_database(parts), username=username, password=password
        )
    if parts.scheme not in {"redis", "rediss"}:
        raise StoreRefused("store.url: the scheme is none of unix, redis, rediss")
    if not parts.hostname:
        raise StoreRefused("store.url: the host is missing")
    return Address(
        "tls" if parts.scheme == "rediss" else "tcp",
        host=parts.hostname,
        port=_DEFAULT_PORT if port is None else port,
        database=_database(parts),
        username=username,
        password=password,
    )


def _database(parts: SplitResult) -> int:
    parameters = parse_qs(parts.query, keep_blank_values=True)
    for name in parameters:
        if name != "db":
            raise StoreRefused(f"store.url: unknown parameter {name[:40]!r} (only db is known)")
    given = parameters.get("db", [])
    if parts.scheme != "unix" and parts.path.strip("/"):
        given = [*given, parts.path.strip("/")]
    if not given:
        return 0
    if len(given) > 1 or not (given[0].isascii() and given[0].isdigit()):
        raise StoreRefused("store.url: the database is one number")
    return int(given[0])
