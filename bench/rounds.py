"""Rounds: every proxy in turn under every load, and what a request cost each.

The proxies take turns within a load, in the other order every second round, so that a machine which grows
busier or warmer does not favour one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.load import Counted, Load, run
from bench.peers import Peer

MANY = 64
ONE = 1


@dataclass(frozen=True)
class Measured:
    """One proxy under one load in one round; CPU in seconds, the store's apart from the proxy's."""

    proxy: str
    load: Load
    counted: Counted
    proxy_cpu_s: float
    store_cpu_s: float

    @property
    def requests_per_s(self) -> float:
        """Requests in a second of wall time."""
        return self.counted.requests / self.counted.duration_s

    @property
    def proxy_us(self) -> float:
        """CPU microseconds of the proxy's processes for a request."""
        return self.proxy_cpu_s * 1e6 / self.counted.requests

    @property
    def store_us(self) -> float:
        """CPU microseconds of the store for a request."""
        return self.store_cpu_s * 1e6 / self.counted.requests


def loads(seconds: int) -> list[Load]:
    """Small and browser head, each warm and cold, at many connections; and one connection for latency."""
    many = [Load(head, cold, MANY, seconds) for head in ("small", "browser") for cold in (False, True)]
    return [*many, Load("browser", False, ONE, seconds)]


def measure_rounds(
    peers: Sequence[Peer], store: int, heads: Path, *, rounds: int, seconds: int, say: Callable[[str], None]
) -> list[list[Measured]]:
    """The measurements of each round. Raises LoadFailed."""
    for peer in peers:
        run(Load("browser", False, MANY, 1), peer.port, heads)
    measured = []
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}")
        measured.append(list(_round(peers, store, heads, seconds, backwards=number % 2 == 0)))
    return measured


def _round(
    peers: Sequence[Peer], store: int, heads: Path, seconds: int, *, backwards: bool
) -> Iterator[Measured]:
    for load in loads(seconds):
        for peer in reversed(peers) if backwards else peers:
            yield measure(peer, load, store, heads)


def measure(peer: Peer, load: Load, store: int, heads: Path) -> Measured:
    """Put ``load`` on one proxy and take what its processes and the store used meanwhile."""
    pids = list(peer.pids)
    proxy_before, store_before = processes.cpu_s(pids), processes.cpu_s([store])
    counted = run(load, peer.port, heads)
    return Measured(
        proxy=peer.name,
        load=load,
        counted=counted,
        proxy_cpu_s=processes.cpu_s(pids) - proxy_before,
        store_cpu_s=processes.cpu_s([store]) - store_before,
    )
