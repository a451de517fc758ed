"""Thousands of idle WebSockets on two workers of the real program: one user's end at once, and no other."""

import asyncio
import hashlib
import re
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import ClassVar, cast

import pytest

from session_store import BrowserSession, CookieHash, Store
from tests.support.http_client import until
from tests.support.program import HOST, Program, serving, sign_in, write_configuration

GOODBYE = b"\x88\x02\x03\xf0"
AGREED = b"HTTP/1.1 101 Y\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
USERS = 20
AT_ONCE = 50
PATIENCE_S = 60
LATEST_S = 1.0
MOST_BYTES_EACH = 200_000
"""Ten times the goal: what the allocator does at a given number is not this test's to judge."""


class Application(asyncio.Protocol):
    """Agrees to every handshake and is silent; ``open`` are all that are."""

    open: ClassVar[set["Application"]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open.discard(self)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(AGREED)


@dataclass(eq=False)
class Visitor(asyncio.Protocol):
    """One WebSocket; ``ended_at`` is when its close frame came."""

    opened: asyncio.Future[None]
    got: bytes = b""
    ended_at: float = 0.0
    lost: bool = False
    transport: asyncio.Transport | None = field(default=None, repr=False)

    def data_received(self, data: bytes) -> None:
        self.got += data
        if self.got.endswith(GOODBYE):
            self.ended_at = time.monotonic()
        elif self.got.endswith(b"\r\n\r\n") and not self.opened.done():
            self.opened.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


async def visit(port: int, cookie: str) -> Visitor:
    loop = asyncio.get_running_loop()
    transport, visitor = await loop.create_connection(
        lambda: Visitor(loop.create_future()), "127.0.0.1", port
    )
    visitor.transport = transport
    transport.write(
        f"GET /socket HTTP/1.1\r\nHost: {HOST}\r\nCookie: outerward={cookie}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await asyncio.wait_for(visitor.opened, PATIENCE_S)
    assert visitor.got.startswith(b"HTTP/1.1 101 ")
    return visitor


def resident(program: Program) -> int:
    """Bytes that the workers have in memory."""
    status = [
        Path(f"/proc/{pid}/status").read_text()
        for pid, name in program.children().items()
        if name == "ow-worker"
    ]
    assert len(status) == 2
    return sum(int(re.search(r"VmRSS:\s+(\d+) kB", each)[1]) * 1024 for each in status)  # type: ignore[index, misc]


async def revoke_one(program: Program, listener: socket.socket, number: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Application, sock=listener, backlog=512)
    store = Store.open(program.store_url, secrets=[program.store_secret])
    port = int(program.edge.rpartition(":")[2])
    by_user: list[list[Visitor]] = []
    try:
        cookies = [await sign_in(store, f"user {user}") for user in range(USERS)]
        for cookie in cookies:
            (await visit(port, cookie)).transport.close()  # type: ignore[union-attr]
        before = resident(program)
        for cookie in cookies:
            visitors: list[Visitor] = []
            while len(visitors) < number // USERS:
                wanted = min(AT_ONCE, number // USERS - len(visitors))
                visitors += await asyncio.gather(*(visit(port, cookie) for _ in range(wanted)))
            by_user.append(visitors)
        each = (resident(program) - before) / number

        session = await store.browser_session(CookieHash(hashlib.sha256(cookies[7].encode()).digest()))
        assert isinstance(session, BrowserSession)
        his, others = by_user[7], [one for user in by_user[:7] + by_user[8:] for one in user]
        began = time.monotonic()
        assert await store.delete_user(session.user_id, by="a test")
        await until(lambda: all(one.lost for one in his))
        took = sorted(one.ended_at - began for one in his)
        print(
            f"\n{number} WebSockets, {len(his)} ended: p50 {took[len(took) // 2] * 1000:.1f} ms, "
            f"p99 {quantiles(took, n=100)[-1] * 1000:.1f} ms, last {took[-1] * 1000:.1f} ms; "
            f"{each / 1000:.1f} kB each"
        )
        assert all(one.ended_at for one in his)
        assert took[-1] <= LATEST_S
        assert [one for one in others if one.lost or one.ended_at] == []
        assert each < MOST_BYTES_EACH
    finally:
        for one in (one for user in by_user for one in user):
            one.transport.abort()  # type: ignore[union-attr]
        server.close()
        await until(lambda: not Application.open)
        await store.close()


@pytest.mark.parametrize("number", [300, pytest.param(5000, marks=pytest.mark.long)], ids=["300", "5,000"])
def test_ws_04_one_user_of_many_is_out_at_once(tmp_path: Path, number: int) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    configuration = write_configuration(tmp_path, upstream=listener.getsockname()[1], workers=2)
    with serving(configuration) as program:
        asyncio.run(revoke_one(program, listener, number))
