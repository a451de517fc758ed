"""A corpus of frames, legal and not, from either side: both sides see the same as without the edge."""

import asyncio
import hashlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from proxy import UpstreamAddress
from session_store import Store
from tests.support.edge import HOST, Edge, route, running_edge
from tests.support.http_client import connected, request

PATIENCE_S = 20
SIDES = ("client", "application")
MB = 1024 * 1024
CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
REASON = "schön ✓ 𝄞"
Connection = ClientConnection | ServerConnection
Script = Callable[[Connection, "Frame"], Awaitable[None]]
Frame = Callable[..., bytes]


def frame(first: int, payload: bytes = b"", *, masked: bool, size: int | None = None) -> bytes:
    """A frame with ``first`` as its first byte; ``size`` is what it says of its payload, in eight bytes."""
    head = bytes([first])
    mask = 0x80 if masked else 0
    if size is not None or len(payload) > 65535:
        head += bytes([mask | 127]) + struct.pack(">Q", len(payload) if size is None else size)
    elif len(payload) > 125:
        head += bytes([mask | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([mask | len(payload)])
    if not masked:
        return head + payload
    key = b"\x01\x02\x03\x04"
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


@dataclass
class Seen:
    """What one side saw: kind, size and digest of every message, and both close frames."""

    messages: list[tuple[str, int, str]] = field(default_factory=list)
    received: tuple[int, str] | None = None
    sent: tuple[int, str] | None = None

    def note(self, message: str | bytes) -> None:
        data = message.encode() if isinstance(message, str) else message
        self.messages.append((type(message).__name__, len(data), hashlib.sha256(data).hexdigest()))


def told(close: Close | None) -> tuple[int, str] | None:
    return None if close is None else (close.code, close.reason)


async def play(socket: Connection, script: Script | None, *, echo: bool, masks: bool) -> Seen:
    """Run ``script``, then take what comes until the end."""
    seen = Seen()
    try:
        if script is not None:
            await script(
                socket, lambda first, payload=b"", **more: frame(first, payload, **{"masked": masks} | more)
            )
        while True:
            message = await socket.recv()
            seen.note(message)
            if echo:
                await socket.send(message)
    except ConnectionClosed as end:
        seen.received, seen.sent = told(end.rcvd), told(end.sent)
    return seen


def raw(*pieces: Callable[[Frame], bytes]) -> Script:
    """Send exactly these bytes, in one write."""

    async def script(socket: Connection, framed: Frame) -> None:
        socket.transport.write(b"".join(piece(framed) for piece in pieces))

    return script


def closing(code: int, reason: str) -> Script:
    async def script(socket: Connection, framed: Frame) -> None:
        await socket.close(code, reason)

    return script


def sending(*messages: str | bytes | list[str]) -> Script:
    """Send messages, a list in fragments, then close."""

    async def script(socket: Connection, framed: Frame) -> None:
        for message in messages:
            await socket.send(message)
        await socket.close()

    return script


def hanging_up(*pieces: Callable[[Frame], bytes]) -> Script:
    """Send these bytes and say that nothing more comes."""

    async def script(socket: Connection, framed: Frame) -> None:
        await raw(*pieces)(socket, framed)
        socket.transport.write_eof()

    return script


async def reset(given: Connection, framed: Frame) -> None:
    raw_socket = given.transport.get_extra_info("socket")
    raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    given.transport.abort()


async def ping(socket: Connection, framed: Frame) -> None:
    for payload in (b"", b"x" * 125, bytes(range(100))):
        await asyncio.wait_for(await socket.ping(payload), PATIENCE_S)
    await socket.close()


def close_frame(code: int, reason: bytes = b"") -> Callable[[Frame], bytes]:
    return lambda framed: framed(0x88, struct.pack(">H", code) + reason)


END = close_frame(1000)
LEGAL: dict[str, Script] = {
    "every kind and size": sending("", b"", "é" * 100, bytes(range(256)), b"x" * 65535, b"y" * 65536),
    "fragments": sending(["in ", "three ", "pieces"], ["one"], "whole"),
    "a huge message": sending(b"x" * (16 * MB)),
    "10,000 tiny messages in one write": raw(*[lambda framed: framed(0x82, b"x")] * 10_000, END),
    "10,000 empty messages in one write": raw(*[lambda framed: framed(0x81)] * 10_000, END),
    "pings": ping,
    "a flood of pings": raw(*[lambda framed: framed(0x89, b"p")] * 10_000, END),
    "unasked pongs": raw(*[lambda framed: framed(0x8A, b"p")] * 100, END),
    "fragments with pings between": raw(
        lambda framed: framed(0x01, "é".encode()[:1]),
        lambda framed: framed(0x89, b"1"),
        lambda framed: framed(0x00, "é".encode()[1:]),
        lambda framed: framed(0x8A, b"2"),
        lambda framed: framed(0x80, b""),
        END,
    ),
    "an empty close": raw(lambda framed: framed(0x88)),
    "a close inside a message": raw(lambda framed: framed(0x02, b"half"), END),
    "frames after the close": raw(END, lambda framed: framed(0x82, b"late"), END),
    "a hang-up": hanging_up(),
    "a hang-up inside a frame": hanging_up(lambda framed: framed(0x82, b"half", size=99)),
    "a reset": reset,
    **{f"close {code}": closing(code, REASON) for code in CODES},
}
ILLEGAL: dict[str, Script] = {
    "wrong masking": raw(lambda framed: framed(0x82, b"x", masked=True) + framed(0x82, b"x", masked=False)),
    "reserved bit 1": raw(lambda framed: framed(0xC2, b"x")),
    "reserved bit 2": raw(lambda framed: framed(0xA2, b"x")),
    "reserved bit 3": raw(lambda framed: framed(0x92, b"x")),
    "reserved opcode 3": raw(lambda framed: framed(0x83, b"x")),
    "reserved opcode b": raw(lambda framed: framed(0x8B, b"x")),
    "a fragmented ping": raw(lambda framed: framed(0x09, b"x")),
    "a long ping": raw(lambda framed: framed(0x89, b"x" * 126)),
    "a continuation of nothing": raw(lambda framed: framed(0x80, b"x")),
    "a message inside a message": raw(lambda framed: framed(0x01, b"x") + framed(0x81, b"x")),
    "text that is not UTF-8": raw(lambda framed: framed(0x81, b"\xff")),
    "a length of 64 bits": hanging_up(lambda framed: framed(0x82, b"x", size=1 << 63)),
    "a close of one byte": raw(lambda framed: framed(0x88, b"\x03")),
    "a close reason that is not UTF-8": raw(close_frame(1000, b"\xff")),
    "a message, then nonsense": raw(lambda framed: framed(0x82, b"good"), lambda _: b"\xff" * 1000),
    **{f"close {code}": raw(close_frame(code)) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)},
}
CORPUS = {
    **{f"legal: {name}": each for name, each in LEGAL.items()},
    **{f"illegal: {name}": each for name, each in ILLEGAL.items()},
}


class Application:
    """Plays its part on every connection; ``seen`` holds what it saw."""

    def __init__(self, script: Script | None) -> None:
        self._script = script
        self.seen: asyncio.Queue[Seen] = asyncio.Queue()

    async def serve(self, socket: ServerConnection) -> None:
        await self.seen.put(await play(socket, self._script, echo=self._script is None, masks=False))


@asynccontextmanager
async def both_ways(
    store: Store, script: Script | None, compression: str | None
) -> AsyncIterator[tuple[Application, int, Edge, str]]:
    application = Application(script)
    async with serve(
        application.serve, "127.0.0.1", 0, max_size=None, compression=compression, close_timeout=1
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with running_edge(store, [route(UpstreamAddress("http", "127.0.0.1", port))]) as edge:
            yield application, port, edge, await edge.sign_in()


async def opened(port: int, cookie: str, compression: str | None) -> ClientConnection:
    return await connect(
        f"ws://{HOST}/socket",
        host="127.0.0.1",
        port=port,
        additional_headers={"Cookie": f"outerward={cookie}"},
        max_size=None,
        compression=compression,
        open_timeout=PATIENCE_S,
        ping_interval=None,
        close_timeout=1,
    )


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("case", CORPUS)
async def test_both_sides_see_what_they_would_see_without_the_edge(
    store: Store, side: str, case: str
) -> None:
    script = CORPUS[case]
    compression = None if case.startswith("illegal") else "deflate"
    theirs, ours = (script, None) if side == "application" else (None, script)
    async with both_ways(store, theirs, compression) as (application, direct, edge, cookie):
        found = []
        for port in (direct, edge.port):
            async with asyncio.timeout(PATIENCE_S):
                socket = await opened(port, cookie, compression)
                client = await play(socket, ours, echo=ours is None, masks=True)
                found.append((client, await application.seen.get()))
    assert found[0] == found[1]


# The handshake


COOKIE_LINES = [
    ("Set-Cookie", "outerward=theirs; Path=/"),
    ("Set-Cookie", "app=1; Path=/"),
    ("X-Of-App", "yes"),
]


def add_lines(socket: ServerConnection, asked: Request, answer: Response) -> Response:
    for name, value in COOKIE_LINES:
        answer.headers[name] = value
    return answer


@pytest.mark.parametrize("compression", [None, "deflate"], ids=["plain", "deflate"])
async def test_what_the_handshake_agrees_on_is_the_same(store: Store, compression: str | None) -> None:
    async def answers(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    chat = [Subprotocol("superchat"), Subprotocol("chat")]
    async with serve(
        answers, "127.0.0.1", 0, compression=compression, subprotocols=chat, process_response=add_lines
    ) as server:
        direct = next(iter(server.sockets)).getsockname()[1]
        async with running_edge(store, [route(UpstreamAddress("http", "127.0.0.1", direct))]) as edge:
            cookie = await edge.sign_in()
            found = []
            for port in (direct, edge.port):
                async with connect(
                    f"ws://{HOST}/",
                    host="127.0.0.1",
                    port=port,
                    additional_headers={"Cookie": f"outerward={cookie}"},
                    compression="deflate",
                    subprotocols=[Subprotocol("chat"), Subprotocol("other")],
                ) as socket:
                    await socket.send("x" * 10_000)
                    assert await socket.recv() == "x" * 10_000
                    assert socket.response is not None
                    headers = socket.response.headers
                    lines = {name: headers.get_all(name) for name in ("X-Of-App", "Sec-WebSocket-Protocol")}
                    found.append(
                        (socket.subprotocol, [str(each) for each in socket.protocol.extensions], lines)
                    )
                    cookies = headers.get_all("Set-Cookie")
    assert found[0] == found[1]
    assert found[0][0] == "chat"
    assert cookies == ["app=1; Path=/"]


HANDSHAKE = (
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
)


@pytest.mark.parametrize("piece", [1, 7, 10_000], ids=["byte by byte", "sevens", "at once"])
async def test_a_handshake_comes_in_any_pieces_with_frames_right_behind_it(store: Store, piece: int) -> None:
    """The application greets at once, so that its frame comes with the 101."""

    async def greets(socket: ServerConnection) -> None:
        await socket.send("welcome")
        async for message in socket:
            await socket.send(message)

    async with serve(greets, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with running_edge(store, [route(UpstreamAddress("http", "127.0.0.1", port))]) as edge:
            cookie = await edge.sign_in()
            sent = request("GET", "/socket", cookie=cookie, headers=HANDSHAKE)
            sent += frame(0x82, b"early", masked=True)
            async with connected(edge.port) as client:
                for at in range(0, len(sent), piece):
                    await client.send(sent[at : at + piece])
                    await asyncio.sleep(0)
                got = b""
                while b"early" not in got:
                    got += await client.read()
                await client.send(frame(0x88, masked=True))
                got += await client.ended()
    head, _, frames = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert frames == b"\x81\x07welcome\x82\x05early\x88\x00"
