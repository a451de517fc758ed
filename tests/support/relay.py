"""A relay in front of a real store, on a unix socket, which ill-treats what the store answers.

It knows only where one reply ends and the next begins. Connections are passed on one to one.
"""

import asyncio
import secrets
import tempfile
from enum import Enum
from pathlib import Path
from typing import cast

import hiredis

_NOT_YET = object()


class Fault(Enum):
    """What becomes of the store's replies."""

    DEAD = "connections are cut and refused"
    HUNG = "nothing passes, connections stay open; it comes late"
    SWALLOWED = "replies are lost, connections stay open"
    SLOW = "replies come after the deadline"
    ERRORS = "replies become errors"
    GARBAGE = "replies become what is no reply"
    TOO_FEW = "of each read, one reply is left out"
    TOO_MANY = "to each read, one reply is added"
    CUT = "connections are cut in the middle of the first reply"


class Relay:
    """Passes everything on while ``fault`` is None."""

    def __init__(self, server: Path, *, slow_s: float) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ow-relay-")
        self._path = Path(self._folder.name) / "s"
        self.url = f"unix://{self._path}"
        self.server = server
        self.slow_s = slow_s
        self.fault: Fault | None = None
        self.lines: set[_FromClient] = set()
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_unix_server(lambda: _FromClient(self), self._path)

    def break_by(self, fault: Fault) -> None:
        """From now on, until ``mend``."""
        self.fault = fault
        if fault is Fault.DEAD:
            self.cut()

    def mend(self) -> None:
        """Pass on again, and first what was held."""
        self.fault = None
        for line in list(self.lines):
            line.release()

    def cut(self) -> None:
        """Cut every connection."""
        for line in list(self.lines):
            line.close()

    async def close(self) -> None:
        """End."""
        if self._listener is not None:
            self._listener.close()
            self.cut()
            await self._listener.wait_closed()
        self._folder.cleanup()


class _FromClient(asyncio.Protocol):
    """One connection to the relay, and the one to the store that belongs to it."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._upstream: asyncio.Transport | None = None
        self._held: list[bytes] = []
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._relay.lines.add(self)
        if self._relay.fault is Fault.DEAD:
            self.close()
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._upstream, _ = await loop.create_unix_connection(
                lambda: _FromStore(self._relay, self), str(self._relay.server)
            )
        except OSError:
            self.close()
            return
        if self.transport.is_closing():
            self._upstream.abort()
        self.release()

    def data_received(self, data: bytes) -> None:
        self._held.append(data)
        self.release()

    def release(self) -> None:
        """Pass on what came, unless nothing passes."""
        if self._upstream is not None and self._relay.fault is not Fault.HUNG:
            self._upstream.write(b"".join(self._held))
            self._held.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self.close()

    def close(self) -> None:
        """Cut both sides."""
        self._relay.lines.discard(self)
        self.transport.abort()
        if self._upstream is not None:
            self._upstream.abort()


class _FromStore(asyncio.Protocol):
    """The store's side of a connection: counts replies and treats them as the relay is told."""

    def __init__(self, relay: Relay, client: _FromClient) -> None:
        self._relay = relay
        self._client = client
        self._reader = hiredis.Reader(notEnoughData=_NOT_YET)

    def data_received(self, data: bytes) -> None:
        replies: list[object] = []
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not _NOT_YET:
            replies.append(reply)
        if self._relay.fault is Fault.SLOW:
            asyncio.get_running_loop().call_later(self._relay.slow_s, self._client.transport.write, data)
            return
        self._client.transport.write(self._treated(data, replies))
        if self._relay.fault is Fault.CUT:
            self._client.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.close()

    def _treated(self, data: bytes, replies: list[object]) -> bytes:
        match self._relay.fault:
            case Fault.SWALLOWED | Fault.HUNG | Fault.DEAD:
                return b""
            case Fault.ERRORS:
                return b"-LOADING the store is loading\r\n" * len(replies)
            case Fault.GARBAGE:
                return b"?" + secrets.token_bytes(max(len(data), 16))
            case Fault.CUT:
                return data[:3]
            case Fault.TOO_FEW if _values(replies):
                return b"".join(map(_bulk, replies[1:]))
            case Fault.TOO_MANY if _values(replies):
                return b"".join(map(_bulk, [replies[-1], *replies]))
            case _:
                return data


def _values(replies: list[object]) -> bool:
    return bool(replies) and all(reply is None or isinstance(reply, bytes) for reply in replies)


def _bulk(value: object) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(value), value) if isinstance(value, bytes) else b"$-1\r\n"
