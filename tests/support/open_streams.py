"""Streams that stay open through an edge, and their upstream, in a process of their own.

Run as ``python -m tests.support.open_streams FILE OPENED``. It understands the lines of the hammer, without
the lanes, and ``["window", n]``: at most so many sessions at once hold a WebSocket or an event stream, and a
download or an upload; something passes on each ten times a second, and what has ended is opened again until
it was refused. The upstream also answers the hammer's requests. OPENED is a file of one byte a session: how
many of its streams are open.
"""

import asyncio
import base64
import hashlib
import json
import mmap
import pickle
import sys
import time
from collections import deque
from collections.abc import Awaitable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import NamedTuple, cast

import uvloop

from tests.support.hammer import HOST, Hit, shared

KINDS = ("websocket", "events", "download", "upload")
CLOSE_1008 = "1008"
RESET = "reset"
CLOSED = "closed"
LEFT_OPEN = "left open"
REFUSED = frozenset({302, 303, 401})
_SLICES = 10
_EVERY_S = 0.1
_PATIENCE_S = 20.0
_LENGTH = b"1000000000"
_MASK = b"\x01\x02\x03\x04"
_AFTER = b"after the end"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
_REQUEST = b"%b %b HTTP/1.1\r\nHost: %b\r\nCookie: outerward=%b\r\n%b\r\n"
_MORE = {
    "websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: %b\r\n"
    b"Sec-WebSocket-Version: 13\r\n" % _KEY,
    "upload": b"Content-Length: %b\r\n" % _LENGTH,
}
_ANSWERS = {
    b"events": b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
    b"download": b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n" % _LENGTH,
    b"websocket": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: %b\r\n\r\n" % base64.b64encode(hashlib.sha1(_KEY + _GUID).digest()),  # noqa: S324
}


class Tried(NamedTuple):
    """One attempt to open a stream: ``begin`` before its first byte was written.

    ``opened``: when it was seen open, 0 for never. ``ended``: when its client saw the end, which was ``how``.
    ``after``: bytes that came after a close frame. ``status`` is 0 where no head came.
    """

    session: int
    number: int
    kind: str
    begin: float
    status: int
    opened: float
    ended: float
    how: str
    after: int


@dataclass(slots=True)
class Seen:
    """A stream as the upstream saw it: when its head came, when it was gone.

    ``after``: something came that the client sent after it had been told of the end.
    """

    at: float
    gone: float = 0.0
    after: bool = False


@dataclass(frozen=True)
class StreamRecords:
    """What was kept of streams, by attempt, and of the hammer's requests.

    ``late``: by how many seconds this process was woken too late, each time that it asked to be.
    """

    tried: list[Tried]
    seen: dict[int, Seen]
    hits: list[Hit]
    late: list[float]


@dataclass
class _Session:
    number: int
    cookie: bytes


class _Peer(asyncio.Protocol):
    """Either end of a connection on which something may be sent ten times a second."""

    piece = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def tick(self) -> None:
        """Send a piece."""
        if not self.transport.is_closing():
            self.transport.write(self.piece)


class _Upstream(_Peer):
    """Answers a request of the hammer's; keeps a stream up until it is gone."""

    def __init__(self, process: "_Process") -> None:
        self._process = process
        self._buffer = b""
        self._number = 0
        self._kind = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while not self._kind and (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            self._head(head)
        if self._kind == b"websocket":
            self._echo()
        elif self._kind:
            self._buffer = b""

    def _head(self, head: bytes) -> None:
        path = head.split(b" ", 2)[1]
        *kind, session, number = path[1:].split(b"/")
        if kind:
            self._begin(kind[0], int(number))
            return
        self._process.hits.append(Hit(int(session), int(number), time.monotonic()))
        users = [line[18:] for line in head.split(b"\r\n") if line[:18].lower() == b"x-forwarded-user: "]
        body = path + b" " + b",".join(users)
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    def _begin(self, kind: bytes, number: int) -> None:
        self._kind, self._number = kind, number
        self._process.seen[number] = Seen(time.monotonic())
        if kind == b"upload":
            if number in self._process.clients:
                self._process.clients[number].open()
            return
        self.transport.write(_ANSWERS[kind])
        self.piece = {b"events": b"data: %d\n\n" % number, b"download": b"x" * 1000}.get(kind, b"")
        if self.piece:
            self._process.add(number, self)

    def _echo(self) -> None:
        while len(self._buffer) >= 6 and len(self._buffer) >= (size := 6 + (self._buffer[1] & 0x7F)):
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            payload = bytes(byte ^ _MASK[at % 4] for at, byte in enumerate(frame[6:]))
            if payload == _AFTER:
                self._process.seen[self._number].after = True
            self.transport.write(bytes((0x81, len(payload))) + payload)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._kind:
            self._process.seen[self._number].gone = time.monotonic()
            self._process.gone.set()
            self._process.remove(self._number, self)


class _Client(_Peer):
    """One attempt to open a stream."""

    def __init__(self, process: "_Process", session: _Session, number: int, kind: str) -> None:
        self._process, self._session = process, session
        self._number, self._kind = number, kind
        self._buffer = b""
        self._begin = self._opened = self._ended = 0.0
        self._status = self._after = 0
        self._how = ""
        self.closed: asyncio.Future[Tried] = asyncio.get_running_loop().create_future()
        self.piece = {"upload": b"y" * 1000, "websocket": _frame(b"%d" % number)}.get(kind, b"")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._begin = time.monotonic()
        method = b"PUT" if self._kind == "upload" else b"GET"
        path = f"/{self._kind}/{self._session.number}/{self._number}".encode()
        self.transport.write(
            _REQUEST % (method, path, HOST, self._session.cookie, _MORE.get(self._kind, b""))
        )

    def open(self) -> None:
        """It is open: its upstream has it, or its answer has begun."""
        if self._opened:
            return
        self._opened = time.monotonic()
        self._process.opened[self._session.number] += 1
        if self.piece:
            self._process.add(self._number, self)

    def data_received(self, data: bytes) -> None:
        if self._ended:
            self._after += len(data)
            return
        self._buffer += data
        if not self._status:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            self._buffer = rest
            self._answered(int(head.split(b" ", 2)[1]))
        if self._opened and self._kind == "websocket":
            self._frames()
        elif self._opened and self._kind == "events" and self._buffer.endswith(b"0\r\n\r\n"):
            self._end("whole")
        else:
            self._buffer = self._buffer[-16:]

    def _answered(self, status: int) -> None:
        self._status = status
        if self._opened:
            self._end(f"answered {status}")
        elif status == (101 if self._kind == "websocket" else 200):
            self.open()
        else:
            self.transport.abort()

    def _frames(self) -> None:
        while len(self._buffer) >= 2 and len(self._buffer) >= (size := 2 + self._buffer[1]):
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            if frame[0] & 0xF == 8:
                self._after = len(self._buffer)
                self._end(str(int.from_bytes(frame[2:4], "big")))
                self.transport.write(_frame(_AFTER))
                return

    def _end(self, how: str) -> None:
        self._ended, self._how = time.monotonic(), how

    def give_up(self) -> None:
        """It should have ended long ago."""
        self._end(LEFT_OPEN)
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._ended:
            broken = isinstance(exc, ConnectionResetError | BrokenPipeError)
            self._end(RESET if broken else CLOSED)
        if self._opened:
            self._process.opened[self._session.number] -= 1
        self._process.remove(self._number, self)
        seen = (self._begin, self._status, self._opened, self._ended, self._how, self._after)
        self.closed.set_result(Tried(self._session.number, self._number, self._kind, *seen))


class _Process:
    def __init__(self, opened: mmap.mmap) -> None:
        self.opened = opened
        self.clients: dict[int, _Client] = {}
        self.seen: dict[int, Seen] = {}
        self.hits: list[Hit] = []
        self.gone = asyncio.Event()
        self._edges: list[int] = []
        self._tried: list[Tried] = []
        self._late: list[float] = []
        self._window = 0
        self._numbers = 0
        self._waiting: deque[_Session] = deque()
        self._had: list[_Session] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._slices: list[set[_Peer]] = [set() for _ in range(_SLICES)]

    def add(self, number: int, peer: _Peer) -> None:
        """Let it send from now on."""
        self._slices[number % _SLICES].add(peer)

    def remove(self, number: int, peer: _Peer) -> None:
        """It is gone."""
        self._slices[number % _SLICES].discard(peer)

    async def run(self, file: Path) -> None:
        """Obey stdin until it says the end, then write the records."""
        loop = asyncio.get_running_loop()
        upstream = await loop.create_server(lambda: _Upstream(self), "127.0.0.1", 0, backlog=1024)
        sys.stdout.write(f"{upstream.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        reader = asyncio.StreamReader(limit=1 << 26)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        ticking = loop.create_task(self._tick())
        while line := await reader.readline():
            word, *rest = json.loads(line)
            if word == "edges":
                self._edges = rest[0]
            elif word == "window":
                (self._window,) = rest
            elif word == "sessions":
                self._waiting.extend(_Session(number, cookie.encode()) for number, cookie in rest[0])
                self._fill()
            elif word == "finish":
                await self._finish()
                break
        ticking.cancel()
        self._write(file)

    def _write(self, file: Path) -> None:
        seen = {number: astuple(seen) for number, seen in self.seen.items()}
        tried, hits = [*map(tuple, self._tried)], [*map(tuple, self.hits)]
        file.write_bytes(pickle.dumps((tried, seen, hits, self._late)))

    async def _tick(self) -> None:
        turn = 0
        while True:
            for peer in self._slices[turn := (turn + 1) % _SLICES]:
                peer.tick()
            due = time.monotonic() + _EVERY_S / _SLICES
            await asyncio.sleep(_EVERY_S / _SLICES)
            self._late.append(time.monotonic() - due)

    def _fill(self) -> None:
        while self._waiting and len(self._lanes) < self._window:
            session = self._waiting.popleft()
            self._had.append(session)
            lane = asyncio.get_running_loop().create_task(self._hold(session))
            self._lanes.add(lane)
            lane.add_done_callback(self._lane_ended)

    def _lane_ended(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        lane.result()
        self._fill()

    async def _hold(self, session: _Session) -> None:
        """Keep both streams of a session open until each was refused."""
        kinds = KINDS[session.number // 4 % 2], KINDS[2 + (session.number + session.number // 4) % 2]
        await asyncio.gather(*(self._keep(session, kind) for kind in kinds))

    async def _keep(self, session: _Session, kind: str) -> None:
        over = False
        while not over:
            tried = await self._try(session, kind)
            over = tried.status in REFUSED or tried.how == LEFT_OPEN
            await asyncio.sleep(0.005)

    async def _try(self, session: _Session, kind: str) -> Tried:
        self._numbers += 1
        number = self._numbers
        client = _Client(self, session, number, kind)
        self.clients[number] = client
        port = self._edges[number % len(self._edges)]
        try:
            await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)
            tried = await client.closed
        except OSError:
            tried = Tried(session.number, number, kind, time.monotonic(), 0, 0.0, 0.0, "", 0)
        del self.clients[number]
        self._tried.append(tried)
        return tried

    async def _finish(self) -> None:
        """Every session has ended: wait for its streams' end, then try it once more."""
        await self._patiently(self._idle())
        for start in range(0, len(self._had), self._window):
            some = self._had[start : start + self._window]
            await self._patiently(asyncio.gather(*map(self._hold, some)))
        await self._patiently(self._all_gone())

    async def _patiently(self, work: Awaitable[object]) -> None:
        """Wait for ``work``; what is open after a while too long is given up."""
        waiting = asyncio.ensure_future(work)
        await asyncio.wait([waiting], timeout=_PATIENCE_S)
        for client in [] if waiting.done() else list(self.clients.values()):
            client.give_up()
        async with asyncio.timeout(_PATIENCE_S):
            await waiting

    async def _idle(self) -> None:
        while self._lanes:
            await asyncio.wait(set(self._lanes))

    async def _all_gone(self) -> None:
        while any(not seen.gone for seen in self.seen.values()):
            self.gone.clear()
            await self.gone.wait()


def _frame(payload: bytes) -> bytes:
    masked = bytes(byte ^ _MASK[at % 4] for at, byte in enumerate(payload))
    return bytes((0x81, 0x80 | len(payload))) + _MASK + masked


if __name__ == "__main__":
    uvloop.run(_Process(shared(Path(sys.argv[2]))).run(Path(sys.argv[1])))
