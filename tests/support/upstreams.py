"""Upstreams for the edge: one that echoes what it received, and one that plays a script on a raw socket.

Both count what reached them: a protected upstream that was not to be asked has ``hits == 0``.
"""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import h11
from aiohttp import web

from proxy import UpstreamAddress
from tests.support.http_client import PATIENCE_S, Answer

MOST_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True)
class Received:
    """One request as an upstream got it; names of headers as they were spelled."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        """Every value of a header, whatever its spelling."""
        return [value for known, value in self.headers if known.lower() == name.lower()]

    @property
    def names(self) -> set[str]:
        """The names of all headers, in lower case."""
        return {name.lower() for name, _ in self.headers}


def received(answer: Answer) -> Received:
    """What an Echo upstream says in ``answer`` that it got."""
    assert answer.status == 200, answer
    told: dict[str, Any] = answer.json
    headers = [(name, value) for name, value in told["headers"]]
    return Received(told["method"], told["target"], headers, told["body"].encode("latin-1"))


class Echo:
    """Answers every request with what it received; ``hits`` counts."""

    def __init__(self) -> None:
        self.hits = 0
        self.targets: list[str] = []
        self.address = UpstreamAddress("http")

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        self.hits += 1
        self.targets.append(request.raw_path)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        told = {
            "method": request.method,
            "target": request.raw_path,
            "headers": headers,
            "body": (await request.read()).decode("latin-1"),
        }
        return web.Response(text=json.dumps(told), content_type="application/json")

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["Echo"]:
        """One on a free port."""
        echo = cls()
        runner = web.ServerRunner(web.Server(echo._answer, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        echo.address = UpstreamAddress("http", "127.0.0.1", runner.addresses[0][1])
        try:
            yield echo
        finally:
            await runner.cleanup()


class Peer:
    """The edge as an upstream sees it, on one connection."""

    def __init__(self, upstream: "Scripted", reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._upstream = upstream
        self._reader = reader
        self.writer = writer
        self._rest = b""

    async def request(self) -> Received:
        """The next request, whole. Raises EOFError when the edge closes before one."""
        head, parser = await self._head()
        body = []
        while not isinstance(event := await self._event(parser), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                body.append(bytes(event.data))
        self._rest = parser.trailing_data[0]
        return Received(head.method, head.target, head.headers, b"".join(body))

    async def head(self) -> Received:
        """The next request's head; its body stays unread."""
        return (await self._head())[0]

    async def _head(self) -> tuple[Received, h11.Connection]:
        parser = h11.Connection(our_role=h11.SERVER, max_incomplete_event_size=256 * 1024)
        while b"\r\n\r\n" not in self._rest:
            data = await self._reader.read(65536)
            if not data:
                raise EOFError
            self._rest += data
        head, end, self._rest = self._rest.partition(b"\r\n\r\n")
        parser.receive_data(head + end)
        event = parser.next_event()
        assert isinstance(event, h11.Request), event
        self._upstream.hits += 1
        headers = [(name.decode(), value.decode("latin-1")) for name, value in event.headers.raw_items()]
        return Received(event.method.decode(), event.target.decode("latin-1"), headers), parser

    async def _event(self, parser: h11.Connection) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := parser.next_event()) is h11.NEED_DATA:
            data = await self.read()
            if not data:
                raise EOFError
            parser.receive_data(data)
        return event

    async def read(self, size: int = 65536) -> bytes:
        """Bytes as they come; b"" at the end, also by a reset."""
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        try:
            return await self._reader.read(size)
        except ConnectionError:
            return b""

    async def send(self, data: bytes) -> None:
        """Send bytes; waits while the edge does not take them."""
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the edge has closed the connection."""
        while await self.read():
            pass

    def reset(self) -> None:
        """Break the connection off."""
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class Scripted:
    """Plays ``script`` on every connection, then closes it. ``hits`` counts heads read by the script."""

    def __init__(self, script: Script) -> None:
        self.hits = 0
        self.connections = 0
        self.failures: list[BaseException] = []
        self.address = UpstreamAddress("http")
        self._script = script
        self._tasks: set[asyncio.Task[Any] | None] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._tasks.add(asyncio.current_task())
        try:
            await self._script(Peer(self, reader, writer))
        except (EOFError, ConnectionError, asyncio.CancelledError):
            pass
        except Exception as error:
            self.failures.append(error)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    @classmethod
    @asynccontextmanager
    async def running(cls, script: Script) -> AsyncIterator["Scripted"]:
        """One on a free port; an error in the script fails the test."""
        upstream = cls(script)
        server = await asyncio.start_server(upstream._serve, "127.0.0.1", 0)
        upstream.address = UpstreamAddress("http", "127.0.0.1", server.sockets[0].getsockname()[1])
        try:
            yield upstream
        finally:
            server.close()
            tasks = [task for task in upstream._tasks if task is not None and not task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE_S)
            assert upstream.failures == []


def answering(*answers: bytes) -> Script:
    """A script: on each connection, each request in turn gets the next of ``answers``; then the end."""

    async def script(peer: Peer) -> None:
        for answer in answers:
            await peer.request()
            await peer.send(answer)

    return script


def always(answer: bytes) -> Script:
    """A script: every request gets ``answer``, on a connection that stays open."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answer)

    return script


def ok(body: bytes = b"ok", *lines: str) -> bytes:
    """A plain 200 with ``body`` and more header ``lines``."""
    head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *lines])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def saying(got: list[Received], says: list[tuple[list[bytes], bool]]) -> Script:
    """Notes each request in ``got``, and answers with the next of ``says``: pieces, and whether it closes.

    With nothing left to say the answer is the number of the request.
    """

    async def script(peer: Peer) -> None:
        while True:
            got.append(await peer.request())
            pieces, closes = says.pop(0) if says else ([ok(b"%d" % len(got))], False)
            for piece in pieces:
                await peer.send(piece)
                await asyncio.sleep(0)
            if closes:
                return

    return script
