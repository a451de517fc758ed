"""A stream for log lines that never makes its writer wait: a thread of its own writes them out.

Where whoever reads stops reading, or the disk is full, what no longer fits into the queue is dropped and
counted; the count is told once lines go out again. Knows nothing of what the lines say.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import accumulate

MOST_WAITING_BYTES = 1 << 20
_AT_ONCE_BYTES = 1 << 16
_LAST_WORDS_S = 1.0


class LogWriter:
    """Writes to the file descriptor ``descriptor``, which it does not own.

    At most ``most_bytes`` wait. ``dropped`` is called, in the thread that writes, with the number of lines
    that were lost, and may write.
    """

    def __init__(
        self, descriptor: int, dropped: Callable[[int], None], most_bytes: int = MOST_WAITING_BYTES
    ) -> None:
        self._descriptor = descriptor
        self._told = dropped
        self._most_bytes = most_bytes
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._dropped = 0
        self._broken_off = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """Have ``text``, whole lines, written soon, or drop it where too much waits; its length."""
        line = text.encode("utf-8", errors="backslashreplace")
        with self._changed:
            if self._waiting_bytes + len(line) > self._most_bytes:
                self._dropped += 1
            else:
                self._waiting_bytes += len(line)
                self._lines.append(line)
                self._changed.notify_all()
        return len(text)

    def flush(self) -> None:
        """Nothing: to wait is what this class is there to avoid."""

    def isatty(self) -> bool:
        """Whether the lines go to a terminal."""
        return os.isatty(self._descriptor)

    def drain(self, timeout_s: float = _LAST_WORDS_S) -> None:
        """Wait until all is written, for at most ``timeout_s`` seconds; for the end of the process."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while self._waiting_bytes and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def _run(self) -> None:
        while True:
            lines = self._take()
            lost = self._write_out(lines)
            with self._changed:
                self._waiting_bytes -= sum(map(len, lines))
                self._dropped += lost
                told, self._dropped = (self._dropped, 0) if lost < len(lines) else (0, self._dropped)
                self._changed.notify_all()
            if told:
                self._told(told)

    def _take(self) -> list[bytes]:
        """Wait for lines; as many as go out at once."""
        with self._changed:
            while not self._lines:
                self._changed.wait()
            taken = [self._lines.popleft()]
            size = len(taken[0])
            while self._lines and (size := size + len(self._lines[0])) <= _AT_ONCE_BYTES:
                taken.append(self._lines.popleft())
        return taken

    def _write_out(self, lines: list[bytes]) -> int:
        """Write ``lines``; how many the descriptor did not take, where it takes no more, or not whole."""
        first = b"\n" if self._broken_off else b""
        text = memoryview(first + b"".join(lines))
        done = 0
        with suppress(OSError):
            while done < len(text):
                done += os.write(self._descriptor, text[done:])
        ends = list(accumulate(map(len, lines), initial=len(first)))
        if done:
            self._broken_off = done not in ends
        return sum(end > done for end in ends[1:])
