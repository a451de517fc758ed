"""Clients that ask without pause, and the upstream that they ask for, in a process of their own.

Run as ``python -m tests.support.hammer FILE PASSED``. Each line of stdin is a JSON array: ``["edges", [port,
…]]``, ``["sessions", [[lane, session, cookie, user], …]]``, ``["finish"]``: try every session again until
it was refused, then end, ``["stop"]``: end now, ``["count"]``: say how many requests were answered. Each
lane is one keep-alive connection; it asks with a session until it was refused a few times, then with its
next; with none left it asks with those that it had. Every request and everything that reached the upstream
is written to FILE, by the monotonic clock of the machine; PASSED is a file of one byte for each session,
which becomes 1 with its first answer 200.
"""

import asyncio
import json
import mmap
import pickle
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import httptools
import uvloop

HOST = b"app.localhost"
REFUSALS = 3
_REQUEST = (
    b"GET %b HTTP/1.1\r\nHost: %b\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\n"
    b"Cookie: outerward=%b\r\n\r\n"
)
_BROKEN = 0
_PATIENCE_S = 20.0


class Asked(NamedTuple):
    """One request: ``begin`` before its first byte was written, ``end`` after its answer's last was read.

    ``status`` is 0 where the connection broke. ``mixed``: the upstream was told of somebody else.
    """

    session: int
    number: int
    begin: float
    end: float
    status: int
    retry_after: bool
    mixed: bool


class Hit(NamedTuple):
    """A request as the upstream saw it, and when."""

    session: int
    number: int
    at: float


@dataclass(frozen=True)
class Records:
    """What a hammer kept."""

    asked: list[Asked]
    hits: list[Hit]


@dataclass
class _Session:
    number: int
    cookie: bytes
    user: bytes
    refused: int = 0


class _Upstream(asyncio.Protocol):
    """Answers each request with its path and the user that the edge named."""

    def __init__(self, hits: list[Hit]) -> None:
        self._hits = hits
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            path = head.split(b" ", 2)[1]
            _, session, number = path.split(b"/")
            self._hits.append(Hit(int(session), int(number), time.monotonic()))
            users = [line[18:] for line in head.split(b"\r\n") if line[:18].lower() == b"x-forwarded-user: "]
            body = path + b" " + b",".join(users)
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


class _Client(asyncio.Protocol):
    """One connection to the edge; one request at a time."""

    def __init__(self) -> None:
        self.open = True
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, data: bytes) -> asyncio.Future[int]:
        """Send a request; the status of its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self.retry_after = False
        self.body = b""
        self.transport.write(data)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.retry_after |= name.lower() == b"retry-after"

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.open = self.open and self._parser.should_keep_alive()
        self._settle(self._parser.get_status_code())

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._settle(_BROKEN)

    def _settle(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)


class _Lane:
    """One client after another, all with the sessions of this lane."""

    def __init__(self, hammer: "_Hammer", number: int) -> None:
        self._hammer = hammer
        self._port = hammer.edges[number // 4 % len(hammer.edges)]
        self.waiting: deque[_Session] = deque()
        self.had: deque[_Session] = deque()
        self.task = asyncio.get_running_loop().create_task(self._run())

    def idle(self) -> bool:
        """Whether all of its sessions were seen refused."""
        return not self.waiting and all(session.refused >= REFUSALS for session in self.had)

    def try_again(self) -> None:
        """Ask with every session that it had until each was refused again."""
        while self.had:
            session = self.had.popleft()
            session.refused = 0
            self.waiting.append(session)

    async def _run(self) -> None:
        client: _Client | None = None
        while not self._hammer.over:
            if self.waiting and (not self.had or self.had[0].refused >= REFUSALS):
                self.had.appendleft(self.waiting.popleft())
            elif self.had and self.had[0].refused >= REFUSALS:
                self.had.rotate(-1)
            if client is None or not client.open:
                client = await self._connected()
            if client is None or not self.had:
                await asyncio.sleep(0.005)
                continue
            await self._ask(client, self.had[0])

    async def _connected(self) -> _Client | None:
        try:
            _, client = await asyncio.get_running_loop().create_connection(_Client, "127.0.0.1", self._port)
        except OSError:
            return None
        return client

    async def _ask(self, client: _Client, session: _Session) -> None:
        hammer = self._hammer
        number = hammer.next_number()
        path = b"/%d/%d" % (session.number, number)
        data = _REQUEST % (path, HOST, session.cookie)
        begin = time.monotonic()
        answer = client.ask(data)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                status = await answer
        except TimeoutError:
            status = _BROKEN
            client.transport.abort()
        mixed = status == 200 and client.body != path + b" " + session.user
        hammer.asked.append(
            Asked(session.number, number, begin, time.monotonic(), status, client.retry_after, mixed)
        )
        if status == 200:
            hammer.passed[session.number] = 1
        elif status in (302, 303, 401):
            session.refused += 1
            hammer.refused.set()


class _Hammer:
    def __init__(self, passed: mmap.mmap) -> None:
        self.passed = passed
        self.edges: list[int] = []
        self.asked: list[Asked] = []
        self.over = False
        self.refused = asyncio.Event()
        self._hits: list[Hit] = []
        self._lanes: dict[int, _Lane] = {}
        self._numbers = 0
        self._finishing = False

    def next_number(self) -> int:
        """A number that no other request has."""
        self._numbers += 1
        return self._numbers

    async def run(self, file: Path) -> None:
        """Obey stdin until it says the end, then write the records."""
        loop = asyncio.get_running_loop()
        upstream = await loop.create_server(lambda: _Upstream(self._hits), "127.0.0.1", 0)
        _say(upstream.sockets[0].getsockname()[1])
        reader = asyncio.StreamReader(limit=1 << 26)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            word, *rest = json.loads(line)
            if word == "edges":
                self.edges = rest[0]
            elif word == "sessions":
                self._add(rest[0])
            elif word == "count":
                _say(len(self.asked))
            else:
                await self._end(word == "finish")
                break
        self.over = True
        await asyncio.gather(*(lane.task for lane in self._lanes.values()))
        self._write(file)

    def _add(self, sessions: list[Any]) -> None:
        for lane, number, cookie, user in sessions:
            if lane not in self._lanes:
                self._lanes[lane] = _Lane(self, lane)
            self._lanes[lane].waiting.append(_Session(number, cookie.encode(), user.encode()))

    async def _end(self, finish: bool) -> None:
        if not finish:
            return
        for lane in self._lanes.values():
            lane.try_again()
        async with asyncio.timeout(_PATIENCE_S):
            while not all(lane.idle() for lane in self._lanes.values()):
                self.refused.clear()
                await self.refused.wait()

    def _write(self, file: Path) -> None:
        file.write_bytes(pickle.dumps(([*map(tuple, self.asked)], [*map(tuple, self._hits)])))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def shared(file: Path) -> mmap.mmap:
    """The bytes of ``file``, as every process that maps them sees them."""
    with file.open("r+b") as opened:
        return mmap.mmap(opened.fileno(), 0)


if __name__ == "__main__":
    uvloop.run(_Hammer(shared(Path(sys.argv[2]))).run(Path(sys.argv[1])))
