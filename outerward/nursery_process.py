"""The nursery: a process that has the whole program loaded and forks a worker or the admin API on order.

So a new worker is there in milliseconds however busy the machine is, and all share the memory of the code. It
runs no event loop and no thread, which makes forking safe. ``python -m outerward.nursery_process``, started
by the supervisor alone.
"""

import gc
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from outerward.child_process import Serve, run_child
from outerward.nursery import KIND_BYTES, MOST_DESCRIPTORS, PID_BYTES
from outerward.wiring import Admin, Edge
from proxy import warm_up

_SERVES: dict[str, Serve] = {
    "worker": lambda assignment, process: Edge(
        assignment.settings, assignment.edge_port, process.write_traffic, _ask_for_another
    ),
    "admin": lambda assignment, process: Admin(
        assignment.settings,
        assignment.edge_port,
        lambda: process.edge_status,
        process.all_counted,
        _ask_for_another,
    ),
}

_COLLECTIONS = (50_000, 20, 50)
"""When garbage is looked for: a request makes no cycles; to look every 700 objects costs two per cent."""
_SWITCH_S = 0.0005
"""How long a thread that verifies may keep the interpreter from the loop; Python's own 5 ms are felt."""


def _ask_for_another() -> None:
    """Drain this process; the supervisor makes another in its place."""
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Fork until the supervisor is gone; in each child, run it to its end."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    # Nobody waits for the children here: that one ended is seen by the supervisor at its control channel.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    warm_up()
    gc.freeze()
    gc.set_threshold(*_COLLECTIONS)
    sys.setswitchinterval(_SWITCH_S)
    _show_name("ow-nursery")
    born = _fork_on_order(orders)
    orders.close()
    if born is not None:
        kind, descriptors = born
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _show_name(f"ow-{kind}")
        run_child(_SERVES[kind], descriptors)


def _fork_on_order(orders: socket.socket) -> tuple[str, Sequence[int]] | None:
    """Returns in each child, with its kind and descriptors, and in the nursery, with None, at the end."""
    while True:
        kind, descriptors, _, _ = socket.recv_fds(orders, KIND_BYTES, MOST_DESCRIPTORS)
        if not kind:
            return None
        pid = os.fork()
        if pid == 0:
            return kind.decode().strip(), descriptors
        orders.sendall(pid.to_bytes(PID_BYTES, "big"))
        for descriptor in descriptors:
            os.close(descriptor)


def _show_name(name: str) -> None:
    """Tell the process apart in lists of processes, where the system can (proc(5))."""
    if sys.platform == "linux":
        Path("/proc/self/comm").write_text(name)


if __name__ == "__main__":
    main()
