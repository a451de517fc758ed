"""One connection to the admin API's address, over HTTP or TLS. Knows nothing of what is said on it.

Redirects and proxies are not followed, so what is sent goes to that address and to no other.
"""

import http.client
import select
import socket
import ssl

from outerward.addresses import Origin
from outerward.plain_text import printable


class _Plain(http.client.HTTPConnection):
    """HTTP; ``localhost`` and ``*.localhost`` are this machine, resolver or not (RFC 6761 §6.3)."""

    def connect(self) -> None:
        """Open the connection."""
        self.sock = _open(self.host, self.port, self.timeout)


class _Encrypted(http.client.HTTPSConnection):
    """The same over TLS, with the certificate checked against the system's authorities."""

    def connect(self) -> None:
        """Open the connection."""
        plain = _open(self.host, self.port, self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def connection_to(origin: Origin, timeout_s: float) -> http.client.HTTPConnection:
    """A connection that opens with its first request; each wait on it lasts ``timeout_s`` at most."""
    kind = _Encrypted if origin.secure else _Plain
    return kind(origin.hostname.strip("[]"), origin.port, timeout=timeout_s)


def was_left(connection: http.client.HTTPConnection) -> bool:
    """Whether the other side has closed a connection on which nothing is under way."""
    try:
        return connection.sock is not None and bool(select.select([connection.sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def reason_of(error: Exception) -> str:
    """Why nothing could be said, in words."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return printable(error.strerror)
    return (
        "the answer is not HTTP" if isinstance(error, http.client.HTTPException) else "the connection failed"
    )


def _open(host: str, port: int, timeout_s: float | None) -> socket.socket:
    opened = _connected(host, port, timeout_s)
    # Head and body leave in two writes: without this the second waits for the first to be acknowledged.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _connected(host: str, port: int, timeout_s: float | None) -> socket.socket:
    if host != "localhost" and not host.endswith(".localhost"):
        return socket.create_connection((host, port), timeout_s)
    try:
        return socket.create_connection(("127.0.0.1", port), timeout_s)
    except OSError:
        return socket.create_connection(("::1", port), timeout_s)
