"""What a hostile message leads to, and whether anybody went there: a file that nobody may open, an address.

    async with trap(tmp_path) as set_up:
        ...
    assert not set_up.touched

The file is a FIFO without a writer: whoever opens it to read waits there for good, and that is seen.
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Trap:
    """The FIFO and the listener; ``visits`` are connections that came."""

    fifo: Path
    port: int = 0
    visits: list[str] = field(default_factory=list)

    @property
    def file_url(self) -> str:
        """Where a ``file:`` reference leads."""
        return f"file://{self.fifo}"

    @property
    def http_url(self) -> str:
        """Where an ``http:`` reference leads."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def touched(self) -> bool:
        """Whether the file is being opened, or the address was asked."""
        return bool(self.visits) or self._is_opened()

    def _is_opened(self) -> bool:
        try:
            os.close(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return False
        return True


@asynccontextmanager
async def trap(folder: Path) -> AsyncIterator[Trap]:
    """One for the length of the block."""
    set_up = Trap(folder / "fifo")
    os.mkfifo(set_up.fifo)

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        set_up.visits.append("visited")
        writer.close()

    server = await asyncio.start_server(visited, "127.0.0.1", 0)
    set_up.port = server.sockets[0].getsockname()[1]
    try:
        yield set_up
    finally:
        server.close()
        await server.wait_closed()
