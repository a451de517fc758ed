"""An embedded store that runs for the length of a test, and raw commands to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from session_store import EmbeddedStore


def embedded(data_dir: Path) -> EmbeddedStore:
    """A store over ``data_dir``, not started."""
    return EmbeddedStore(data_dir, server=None, log=structlog.get_logger())


@asynccontextmanager
async def running(data_dir: Path) -> AsyncIterator[EmbeddedStore]:
    """A store over ``data_dir`` that is supervised until the block ends."""
    store = embedded(data_dir)
    await store.start()
    supervision = asyncio.create_task(store.run())
    try:
        yield store
    finally:
        await store.stop()
        await supervision


class Connection:
    """One connection to a store; a command is its words, the answer its first line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, *words: str) -> str:
        """Send one command. Raises ConnectionError when the server goes away."""
        parts = [f"*{len(words)}\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]
        self._writer.write("".join(parts).encode())
        line = await self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError
        return line.decode().rstrip()

    async def setting(self, name: str) -> str:
        """The server's own configuration of ``name``."""
        assert await self.ask("CONFIG", "GET", name) == "*2"
        lines = [await self._reader.readline() for _ in range(4)]
        return lines[3].decode().rstrip()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@asynccontextmanager
async def connected(store: EmbeddedStore) -> AsyncIterator[Connection]:
    """A connection to ``store``, once it accepts one."""
    while True:
        try:
            connection = Connection(*await asyncio.open_unix_connection(store.url.removeprefix("unix://")))
            break
        except OSError:
            await asyncio.sleep(0.01)
    try:
        yield connection
    finally:
        connection.close()
