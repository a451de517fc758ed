"""A worker alone in its process, a store and an upstream here: to look at what the worker holds from outside.

async with lone_edge(tmp_path, store_url) as lone:
    assert await lone.ask(b"/") == b"0"
    held = lone.edge.held()
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from session_store import Store
from tests.support.http_client import PATIENCE_S
from tests.support.program import HOST, sign_in, write_configuration
from tests.support.proof import SECRET
from tests.support.watched_edge import WatchedEdge, watched_edge

_PIECE = bytes(256 * 1024)


@dataclass
class BytesUpstream:
    """``GET /N`` is answered with N bytes, anything else with the number of bytes of its body."""

    hits: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.writers.add(writer)
        try:
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            self.writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.hits += 1
        line, *lines = head.lower().split(b"\r\n")
        length = next((int(each[15:]) for each in lines if each.startswith(b"content-length:")), 0)
        method, target, _ = line.split(b" ")
        left = length
        while left:
            data = await reader.read(min(left, len(_PIECE)))
            if not data:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(data)
        if method == b"get" and target[1:].isdigit():
            await self._send(writer, int(target[1:]))
        else:
            body = b"%d" % length
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async def _send(self, writer: asyncio.StreamWriter, size: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for start in range(0, size, len(_PIECE)):
            writer.write(_PIECE[: size - start])
            await writer.drain()

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self.writers:
            writer.transport.abort()


@dataclass(frozen=True)
class LoneEdge:
    """The edge, its upstream, and a visitor's cookie."""

    edge: WatchedEdge
    upstream: BytesUpstream
    cookie: str

    def head(self, target: str, *lines: str, method: str = "GET") -> bytes:
        """The head of a request by the visitor."""
        told = [f"{method} {target} HTTP/1.1", f"Host: {HOST}", f"Cookie: outerward={self.cookie}", *lines]
        return ("\r\n".join(told) + "\r\n\r\n").encode()

    async def ask(self, target: str = "/") -> bytes:
        """The body of the answer to one request, on a connection of its own."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.edge.port)
        try:
            writer.write(self.head(target, "Connection: close"))
            head, _, body = (await asyncio.wait_for(reader.read(-1), PATIENCE_S)).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            return body
        finally:
            writer.close()


@asynccontextmanager
async def lone_edge(folder: Path, store_url: str) -> AsyncIterator[LoneEdge]:
    """One for the length of the block."""
    upstream = BytesUpstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, backlog=4096)
    direct = Store.open(store_url, secrets=[SECRET], command_timeout_s=30)
    try:
        store = f'url = "{store_url}"\nsecret = ["{SECRET}"]\ncheck_timeout = "10s"'
        port = server.sockets[0].getsockname()[1]
        configuration = write_configuration(folder, upstream=port, store=store)
        cookie = await sign_in(direct, "ada")
        with watched_edge(configuration) as edge:
            yield LoneEdge(edge, upstream, cookie)
    finally:
        await direct.close()
        server.close()
        upstream.hang_up()
        for task in upstream.tasks:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*upstream.tasks, return_exceptions=True), PATIENCE_S)
