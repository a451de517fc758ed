"""One large body through a proxy, down and up: how fast, beside nginx, whatever the processor's share.

The application is a thread of this process: it sends or takes a body of a fixed size. A transfer whose size
or answer is wrong gives no figure.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.load import LoadFailed
from bench.peers import OURS, PLAIN, Peer

SIZE = 100_000_000
GOAL = 0.5
_PIECE = 1 << 20
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Transferred:
    """Seconds of one transfer down and one up."""

    proxy: str
    down_s: float
    up_s: float


@contextmanager
def application() -> Iterator[int]:
    """The port of an application that answers GET with a large body and takes one by PUT."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        yield int(listener.getsockname()[1])


def measure_transfers(peers: Sequence[Peer], heads: Path, rounds: int) -> list[Transferred]:
    """Transfers through each of ``peers`` in turn. Raises LoadFailed."""
    small = (heads / "small").read_bytes()
    return [
        Transferred(peer.name, _timed(peer.port, small, up=False), _timed(peer.port, small, up=True))
        for _ in range(rounds)
        for peer in peers
    ]


def told(transfers: Sequence[Transferred]) -> str:
    """A sentence, beside the goal."""
    parts = []
    for way in ("down", "up"):
        ours, nginx = (_seconds(transfers, proxy, way) for proxy in (OURS, PLAIN))
        parts.append(f"{way} {SIZE / 1e6 / ours:.0f} MB/s, {nginx / ours:.2f} of nginx's")
    return f"A body of {SIZE // 1_000_000} MB: {'; '.join(parts)} (goal: {GOAL})"


def _seconds(transfers: Sequence[Transferred], proxy: str, way: str) -> float:
    return median(each.down_s if way == "down" else each.up_s for each in transfers if each.proxy == proxy)


def _timed(port: int, head: bytes, *, up: bool) -> float:
    with socket.create_connection(("127.0.0.1", port), _PATIENCE_S) as connection:
        began = time.perf_counter()
        if up:
            length = b"\r\nContent-Length: %d\r\n\r\n" % SIZE
            connection.sendall(head.replace(b"GET ", b"PUT ", 1).replace(b"\r\n\r\n", length))
            for _ in range(SIZE // _PIECE):
                connection.sendall(bytes(_PIECE))
            connection.sendall(bytes(SIZE % _PIECE))
        else:
            connection.sendall(head)
        received = _read_answer(connection)
        if received != (0 if up else SIZE):
            raise LoadFailed(f"a body of {received} bytes came")
        return time.perf_counter() - began


def _read_answer(connection: socket.socket) -> int:
    """The size of the answer's body. Raises LoadFailed."""
    head, _, body = _read_head(connection)
    if not head.startswith(b"HTTP/1.1 200 "):
        raise LoadFailed(f"an answer was {head[:40]!r}")
    return len(body) + _read_body(connection, _length(head) - len(body))


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection,), daemon=True).start()


def _serve(connection: socket.socket) -> None:
    with connection, contextlib.suppress(ConnectionError):
        while True:
            head, end, body = _read_head(connection)
            if not end:
                return
            if head.startswith(b"PUT "):
                _read_body(connection, _length(head) - len(body))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            elif head.startswith(b"GET / "):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
                for _ in range(SIZE // _PIECE):
                    connection.sendall(bytes(_PIECE))
                connection.sendall(bytes(SIZE % _PIECE))


def _read_head(connection: socket.socket) -> tuple[bytes, bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data.partition(b"\r\n\r\n")


def _length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    return next((int(value) for name, _, value in lines if name.lower() == b"content-length"), 0)


def _read_body(connection: socket.socket, size: int) -> int:
    buffer = bytearray(_PIECE)
    left = size
    while left > 0:
        got = connection.recv_into(buffer, min(left, _PIECE))
        if not got:
            break
        left -= got
    return size - left
