"""Compare Outerward with nginx, in one run:  python3 dev.py bench [--rounds N] [--seconds S] [--install]

Needs nginx with its Lua module and wrk. Everything runs on loopback from a temporary folder, and is ended by
its process id; docs/performance.md tells the method.
"""

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import load, memory, peers, rounds, session, transfers
from bench.load import LoadFailed
from bench.programs import NotStarted
from bench.report import report

# It prints: that is its work.
# ruff: noqa: T201

_LUA_MODULE = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so")


def main() -> int:
    """Run it all; 1 when something could not be measured."""
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=_at_least_one, default=3, help="rounds, 3 unless told")
    parser.add_argument("--seconds", type=_at_least_one, default=2, help="seconds of each run, 2 unless told")
    options = parser.parse_args()
    lacks = [name for name, there in _parts().items() if not there]
    if lacks:
        print(f"bench: missing {', '.join(lacks)}; `dev.py bench --install` brings them", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with _stage() as stage:
            print(_machine(), flush=True)
            print(f"\n{memory.told(stage.memory)}\n", flush=True)
            print(f"{transfers.told(stage.transfers(options.rounds))}\n", flush=True)
            measured = rounds.measure_rounds(
                stage.proxies,
                stage.store,
                stage.heads,
                rounds=options.rounds,
                seconds=options.seconds,
                say=_say,
            )
    except (LoadFailed, NotStarted) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report(measured))
    print(f"\n{_load_average()}")
    return 0


class _Stage:
    """All that runs, and what was measured before any load."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        def kept(peer: peers.Peer) -> peers.Peer:
            stack.callback(peer.program.stop)
            return peer

        store = session.start_store(folder)
        stack.callback(store.stop)
        self.store = store.pid
        self.heads = folder
        load.write_heads(folder, session.sign_in(folder, load.HOST).cookie)
        upstream = kept(peers.start_upstream(folder)).port
        ours = kept(peers.start_outerward(folder, upstream, folder, 1))
        self.memory = memory.measure_memory(ours, folder)
        large = stack.enter_context(transfers.application())
        own = folder / "transfers"
        own.mkdir()
        self._carriers = [
            kept(peers.start_plain(own, large)),
            kept(peers.start_outerward(own, large, folder, 1)),
        ]
        self.proxies = [
            kept(peers.start_plain(folder, upstream)),
            kept(peers.start_auth_request(folder, upstream)),
            kept(peers.start_lua(folder, upstream, folder)),
            ours,
            kept(peers.start_outerward(folder, upstream, folder, 2)),
        ]

    def transfers(self, rounds: int) -> list[transfers.Transferred]:
        """Large bodies through nginx and ours."""
        return transfers.measure_transfers(self._carriers, self.heads, rounds)


@contextmanager
def _stage() -> Iterator[_Stage]:
    with tempfile.TemporaryDirectory(prefix="ow-bench-") as folder, ExitStack() as stack:
        yield _Stage(Path(folder), stack)


def _parts() -> dict[str, bool]:
    return {
        "nginx": shutil.which("nginx") is not None,
        "nginx's Lua module": _LUA_MODULE.exists(),
        "wrk": shutil.which("wrk") is not None,
    }


def _machine() -> str:
    """What the figures were taken on."""
    text = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line), "?")
    system = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {model}, {system}. {_load_average()}"


def _load_average() -> str:
    return f"Load average: {os.getloadavg()[0]:.1f}"


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
