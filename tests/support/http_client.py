"""A client on a raw socket: sends exactly the bytes that a test gives it, and reads answers with h11.

h11 is the second opinion on everything that the edge emits: an answer that it does not parse fails the test.

    async with connected(edge.port) as client:
        await client.send(get("/", host="app.localhost"))
        answer = await client.answer()
"""

import asyncio
import itertools
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import h11

PATIENCE_S = 15.0
Headers = Sequence[tuple[str, str]]


class Cut(Exception):
    """The connection ended inside an answer; ``got`` is the part of its body that came."""

    def __init__(self, status: int, got: bytes) -> None:
        super().__init__(f"{status} was cut after {len(got)} bytes of body")
        self.status = status
        self.got = got


class Closed(Exception):
    """The connection ended before an answer began."""


@dataclass(frozen=True)
class Answer:
    """One answer, whole; names of headers in lower case. ``interim`` are the 1xx before it."""

    status: int
    reason: bytes
    headers: list[tuple[str, str]]
    body: bytes
    interim: tuple[int, ...] = ()

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for known, value in self.headers if known == name]

    def header(self, name: str) -> str:
        """The one value of a header; "" where there is none."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} stands {len(values)} times"
        return values[0] if values else ""

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def problem(self) -> tuple[int, str]:
        """Status and code of the JSON envelope, which must agree with the status line."""
        assert self.json["status_code"] == self.status
        return self.status, self.json["error_code"].removeprefix("ERR_OUTERWARD_")


def request(
    method: str = "GET",
    target: str = "/",
    *,
    host: str = "app.localhost",
    cookie: str = "",
    headers: Headers = (),
    body: bytes = b"",
    version: str = "1.1",
) -> bytes:
    """The bytes of a request; with a ``body`` also its Content-Length, unless ``headers`` frame it."""
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}"]
    if cookie:
        lines.append(f"Cookie: outerward={cookie}")
    lines += [f"{name}: {value}" for name, value in headers]
    framed = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)
    if body and not framed:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def chunked(*pieces: bytes) -> bytes:
    """A chunked body, a chunk a piece."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class Client:
    """One connection to an edge."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._rest = b""

    async def send(self, data: bytes) -> None:
        """Send bytes; waits while the other side does not take them."""
        self._writer.write(data)
        await asyncio.wait_for(self._writer.drain(), PATIENCE_S)

    def write(self, data: bytes) -> None:
        """Send bytes without waiting, whatever becomes of them."""
        self._writer.write(data)

    def stop_reading(self) -> None:
        """Let what comes pile up in the kernel."""
        self._transport.pause_reading()

    def go_on_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    @property
    def _transport(self) -> asyncio.Transport:
        return cast("asyncio.Transport", self._writer.transport)

    def half_close(self) -> None:
        """Say that nothing more comes."""
        self._writer.write_eof()

    def reset(self) -> None:
        """Go away with a TCP reset."""
        _reset_on_close(self._writer)
        self._writer.transport.abort()

    def close(self) -> None:
        """Go away."""
        self._writer.close()

    async def read(self) -> bytes:
        """Whatever comes next; b"" at the end. Raises ConnectionResetError."""
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        return await asyncio.wait_for(self._reader.read(65536), PATIENCE_S)

    async def answer(self, method: str = "GET") -> Answer:
        """The next answer, to a request with ``method``. Raises Cut, Closed."""
        parser = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=256 * 1024)
        parser.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        parser.send(h11.EndOfMessage())
        interim: list[int] = []
        head: h11.Response | None = None
        body: list[bytes] = []
        while True:
            event = await self._event(parser, head, body)
            if isinstance(event, h11.InformationalResponse):
                interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                self._rest = parser.trailing_data[0]
                headers = [(name.decode(), value.decode("latin-1")) for name, value in head.headers]
                return Answer(head.status_code, head.reason, headers, b"".join(body), tuple(interim))

    async def _event(
        self, parser: h11.Connection, head: h11.Response | None, body: list[bytes]
    ) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := parser.next_event()) is h11.NEED_DATA:
            try:
                data = await self.read()
            except ConnectionError as error:
                raise (Cut(head.status_code, b"".join(body)) if head else Closed) from error
            if not data and not head:
                raise Closed
            try:
                parser.receive_data(data)
                if not data:
                    event = parser.next_event()
                    break
            except h11.RemoteProtocolError as error:
                if head and not data:
                    raise Cut(head.status_code, b"".join(body)) from error
                raise
        return event

    async def ended(self) -> bytes:
        """Everything until the server closes; a reset is an end too."""
        got = []
        try:
            while data := await self.read():
                got.append(data)
        except ConnectionError:
            pass
        return b"".join(got)


async def until(holds: Callable[[], object]) -> None:
    """Wait until ``holds`` does; fails when it takes too long."""
    async with asyncio.timeout(PATIENCE_S):
        for _ in itertools.count():
            if holds():
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(port: int, *, receive_buffer: int = 0) -> AsyncIterator[Client]:
    """A client of the edge on ``port``; ``receive_buffer`` are the bytes that its kernel takes unread."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1024 * 1024)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        try:
            await asyncio.wait_for(writer.wait_closed(), PATIENCE_S)
        except (ConnectionError, TimeoutError):
            writer.transport.abort()


async def exchange(port: int, data: bytes, *methods: str) -> list[Answer]:
    """Send ``data`` at once and read one answer for each of ``methods`` (one GET unless told otherwise)."""
    async with connected(port) as client:
        client.write(data)
        return [await client.answer(method) for method in methods or ("GET",)]


async def refused(port: int, data: bytes) -> Answer:
    """Send ``data``, which must be answered once by an answer of ours that closes the connection."""
    async with connected(port) as client:
        client.write(data)
        answer = await client.answer()
        assert answer.header("connection") == "close"
        assert await client.ended() == b"", "something followed an answer that closes"
        return answer


def _reset_on_close(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
