"""Start a program that ends as soon as the process that started it does, however that one ends.

Run as a script: ``python -I -S die_with_parent.py PARENT HELD PROGRAM ARGUMENT...``. PARENT is the process id
to depend on, HELD the read end of a pipe whose other end only the parent has. It imports nothing of ours, so
that it starts quickly; on Linux the kernel keeps watch and this process becomes the program.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
from types import FrameType

_PR_SET_PDEATHSIG = 1
_LOOK_S = 0.1


def become(parent: int, argv: list[str]) -> None:
    """Become ``argv``, killed by the kernel when the thread that started us ends (prctl(2))."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"prctl(PR_SET_PDEATHSIG): {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:  # it ended before the kernel knew whom to watch
        sys.exit(1)
    os.execv(argv[0], argv)  # noqa: S606 - the very purpose


def stay(held: int, argv: list[str]) -> int:
    """Run ``argv`` and kill it when the pipe ``held`` ends; its exit status."""
    child = subprocess.Popen(argv, close_fds=False)  # noqa: S603

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    while child.poll() is None:
        if select.select([held], [], [], _LOOK_S)[0]:
            child.kill()
            child.wait()
    return child.returncode


def main() -> None:
    """Read the command line and start the program."""
    parent, held, argv = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        os.close(held)
        become(parent, argv)
    sys.exit(stay(held, argv))


if __name__ == "__main__":
    main()
