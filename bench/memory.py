"""What a worker of ours holds: idle after its first requests, and for each idle keep-alive connection."""

import resource
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.load import LoadFailed
from bench.peers import Peer
from bench.processes import Held

CONNECTIONS = 2000
_FIRST_REQUESTS = 200
_SPARE_FILES = 100
_SETTLES_S = 0.5


@dataclass(frozen=True)
class Memory:
    """What one worker holds when idle, and the resident bytes that each connection adds."""

    idle: Held
    per_connection: int
    connections: int


def measure_memory(peer: Peer, heads: Path) -> Memory:
    """Open idle connections to a worker that has just started, each after one request. Raises LoadFailed."""
    wanted = CONNECTIONS + _SPARE_FILES
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most), most))
    connections = min(CONNECTIONS, most - _SPARE_FILES)
    head = (heads / "browser").read_bytes().replace(b"@", b"7")
    with ExitStack() as stack:
        first = stack.enter_context(_connect(peer))
        for _ in range(_FIRST_REQUESTS):
            _ask(first, head)
        idle = processes.held(peer.worker())
        for _ in range(connections):
            _ask(stack.enter_context(_connect(peer)), head)
        # A timer or two may still be giving back what the last answers took.
        time.sleep(_SETTLES_S)
        grown = processes.held(peer.worker()).resident - idle.resident
    return Memory(idle, grown // connections, connections)


def told(memory: Memory) -> str:
    """A sentence, beside the goals."""
    idle = memory.idle
    each = (
        f"{memory.per_connection / 1000:.1f} kB for each of {memory.connections} idle keep-alive connections"
    )
    return (
        f"Memory of a worker: {idle.resident / 1e6:.0f} MB resident when idle (goal: 70), most of it shared"
        f" with the processes forked beside it: {idle.share / 1e6:.0f} MB as its share,"
        f" {idle.own / 1e6:.0f} MB its own; {each} (goal: 10)"
    )


def _connect(peer: Peer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", peer.port), 10.0)


def _ask(connection: socket.socket, head: bytes) -> None:
    """One request and its whole answer, which has a length."""
    connection.sendall(head)
    answer = connection.recv(65536)
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += _more(connection)
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise LoadFailed(f"the answer was {answer[:40]!r}")
    length = next(
        int(line.partition(b":")[2])
        for line in answer[:end].split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(answer) < end + 4 + length:
        answer += _more(connection)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise LoadFailed("the connection was closed in an answer")
    return data
