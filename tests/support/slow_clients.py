"""Clients that take their time: a byte at a time of a head, of a body, or of an answer, as slowly as is let.

They live in one task of the test's event loop, on plain sockets. One that is closed comes again.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

Slowness = Literal["head", "body", "reading"]
EVERY_S = 1.0
_SLICES = 50
_LITTLE = 4096


@dataclass(eq=False)
class _Slow:
    port: int
    begun: bytes
    dripping: bytes
    reads: bool
    connection: socket.socket
    at: int = 0

    def begin(self) -> None:
        """Connect anew and send what is sent at once."""
        self.connection.close()
        self.connection = socket.socket()
        if self.reads:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _LITTLE)
        self.connection.connect(("127.0.0.1", self.port))
        self.connection.sendall(self.begun)
        self.connection.setblocking(False)
        self.at = 0

    def turn(self) -> bool:
        """A byte more; whether it had to begin anew."""
        try:
            if self.reads:
                if not self.connection.recv(64):
                    raise ConnectionError
            else:
                self.connection.send(self.dripping[self.at : self.at + 1])
                self.at = (self.at + 1) % len(self.dripping)
                if not self.connection.recv(1024, socket.MSG_PEEK):
                    raise ConnectionError
        except BlockingIOError:
            return False
        except ConnectionError:
            self.begin()
            return True
        return False


class SlowClients:
    """``count`` of one slowness at the edge on ``port``; ``head`` is that of the request they make."""

    def __init__(self, port: int, count: int, slowness: Slowness, head: bytes) -> None:
        self.begun_anew = 0
        begun = b"" if slowness == "head" else head
        dripping = head[:-4] + b"x" * 4096 if slowness == "head" else b"x"
        reads = slowness == "reading"
        self._clients = [_Slow(port, begun, dripping, reads, socket.socket()) for _ in range(count)]

    async def connect(self) -> None:
        """All of them, a few at a time."""
        for number, client in enumerate(self._clients):
            client.begin()
            if number % 20 == 19:
                await asyncio.sleep(0.01)

    async def go_on(self) -> None:
        """Each its byte every ``EVERY_S`` seconds, spread evenly, until cancelled."""
        while True:
            for share in range(_SLICES):
                for client in self._clients[share::_SLICES]:
                    self.begun_anew += client.turn()
                await asyncio.sleep(EVERY_S / _SLICES)

    def close(self) -> None:
        """Go away."""
        for client in self._clients:
            client.connection.close()


@asynccontextmanager
async def slow_clients(port: int, count: int, slowness: Slowness, head: bytes) -> AsyncIterator[SlowClients]:
    """Some for the length of the block."""
    clients = SlowClients(port, count, slowness, head)
    try:
        await clients.connect()
        going_on = asyncio.create_task(clients.go_on())
        yield clients
        going_on.cancel()
        await asyncio.wait([going_on])
    finally:
        clients.close()
