"""Listening sockets: bound once by the supervisor, one for each worker, and handed on by inheritance.

Because the supervisor keeps them open, a connection that waits in the queue of a worker that died is served
by the next one. Knows addresses and sockets; accepts nothing.
"""

import errno
import socket
import sys
from dataclasses import dataclass

from outerward.config import listen_address
from outerward.errors import OuterwardError

_BACKLOG = 1024
_Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class Listener:
    """One address with a socket for each worker."""

    host: str
    port: int
    sockets: tuple[socket.socket, ...]

    @property
    def url(self) -> str:
        """Where the listener is reached from this machine."""
        host = _WILDCARDS.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def close(self) -> None:
        """Give the sockets back; children keep theirs."""
        for each in self.sockets:
            each.close()


def bind(text: str, count: int = 1) -> Listener:
    """Bind ``HOST:PORT`` for ``count`` workers; port 0 picks a free one.

    Raises OuterwardError in words: in use, not allowed, not an address of this machine.
    """
    host, port = listen_address(text)
    try:
        family, address = _resolve(host, port)
        if port:
            _bound(family, address, shared=False).close()
        first = _bound(family, address, shared=True)
        port = first.getsockname()[1]
        sockets = [first]
        # Only Linux spreads connections over sockets that share a port; elsewhere workers share one socket.
        while len(sockets) < count:
            shared = sys.platform == "linux"
            sockets.append(_bound(family, first.getsockname(), shared=True) if shared else first)
        for each in set(sockets):
            each.listen(_BACKLOG)
    except OSError as error:
        raise OuterwardError(f"cannot listen on {text}: {_reason(error)}") from error
    return Listener(host, port, tuple(sockets))


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on ``port`` of ``host`` at this moment."""
    try:
        family, address = _resolve(host, port)
        _bound(family, address, shared=False).close()
    except OSError:
        return False
    return True


def _resolve(host: str, port: int) -> tuple[int, _Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return family, address


def _bound(family: int, address: _Address, *, shared: bool) -> socket.socket:
    """A bound socket. One that is not ``shared`` finds out whether anybody else listens, sharing or not."""
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
    except BaseException:
        made.close()
        raise
    return made


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use by another program"
    return error.strerror or str(error)
