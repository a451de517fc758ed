"""A server on a real unix socket that speaks the store's protocol as badly as a test asks it to."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

import hiredis

Command = list[bytes]
Answer = Callable[[Command], bytes | None]

INFO = {
    "redis_version": "7.2.4",
    "role": "master",
    "loading": "0",
    "maxmemory_policy": "noeviction",
}


def bulk(value: bytes | None) -> bytes:
    """A bulk string reply, or the null one."""
    return b"$-1\r\n" if value is None else b"$%d\r\n%b\r\n" % (len(value), value)


class FakeStore:
    """Answers INFO with ``info``, GET as ``answer`` says (None: not at all), the rest with ``anything_else``.

    ``reads`` holds the commands of each read from the socket, those of the greeting left out.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ow-fake-")
        self.path = Path(self._folder.name) / "s"
        self.url = f"unix://{self.path}"
        self.info = dict(INFO)
        self.anything_else = b"+OK\r\n"
        self.answer: Answer = lambda command: bulk(None)
        self.reads: list[list[Command]] = []
        self.greetings = 0
        self.signed_in: list[Command] = []
        self.lines: list[_Line] = []
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Line(self), self.path)

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
            self.cut()
            await self._server.wait_closed()
            self._server = None
        self.path.unlink(missing_ok=True)

    async def close(self) -> None:
        """Stop, and remove the socket."""
        await self.stop()
        self._folder.cleanup()

    def cut(self) -> None:
        """Cut every connection."""
        for line in self.lines:
            line.transport.abort()
        self.lines.clear()

    def push(self, data: bytes) -> None:
        """Send what nobody asked for, on every connection."""
        for line in self.lines:
            line.transport.write(data)

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something that was read made ``happened`` true."""
        async with asyncio.timeout(10):
            while not happened():
                self._changed.clear()
                await self._changed.wait()

    def note(self, gets: list[Command]) -> None:
        """Keep what was read at once."""
        if gets:
            self.reads.append(gets)
        self._changed.set()

    def asked(self) -> list[bytes]:
        """The keys of all GETs so far, in order."""
        return [command[1] for read in self.reads for command in read]


class _Line(asyncio.Protocol):
    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._reader = hiredis.Reader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._store.lines.append(self)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        gets: list[Command] = []
        while (command := self._reader.gets()) is not False:
            reply = self._reply(command, gets)
            if reply is not None:
                self.transport.write(reply)
        self._store.note(gets)

    def _reply(self, command: Command, gets: list[Command]) -> bytes | None:
        store = self._store
        if command[0] == b"INFO":
            store.greetings += 1
            return bulk("".join(f"{name}:{value}\r\n" for name, value in store.info.items()).encode())
        if command[0] != b"GET":
            store.signed_in.append(command)
            return store.anything_else
        gets.append(command)
        return store.answer(command)
