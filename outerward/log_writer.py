"""A stream for log lines that never makes its writer wait: a thread of its own writes them out.

Where whoever reads stops reading, or the disk is full, what no longer fits into the queue is dropped and
counted; the count is told once lines go out again. Processes that share a stream write whole lines to it, one
after the other. Knows nothing of what the lines say.
"""

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

MOST_WAITING_BYTES = 1 << 20
_AT_ONCE_BYTES = 1 << 16
_KEPT_FOR_EVENTS = 4
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
        self._most_traffic_bytes = most_bytes - most_bytes // _KEPT_FOR_EVENTS
        self._dropped_in_all = 0
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._dropped = 0
        self._broken_off = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """Have ``text``, whole lines, written soon, or drop it where too much waits; its length."""
        self._queue(text.encode("utf-8", errors="backslashreplace"), self._most_bytes)
        return len(text)

    def write_traffic(self, lines: bytes) -> None:
        """Have ``lines`` about single requests written soon; they leave some room to what is rarer."""
        self._queue(lines, self._most_traffic_bytes)

    @property
    def dropped(self) -> int:
        """How many lines were dropped so far."""
        with self._changed:
            return self._dropped_in_all

    def _queue(self, lines: bytes, most_bytes: int) -> None:
        with self._changed:
            if self._waiting_bytes + len(lines) > most_bytes:
                self._lose(lines.count(b"\n"))
            else:
                self._waiting_bytes += len(lines)
                self._lines.append(lines)
                self._changed.notify_all()

    def _lose(self, lines: int) -> None:
        self._dropped += lines
        self._dropped_in_all += lines

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
            text = self._take()
            lost = self._write_out(text)
            with self._changed:
                self._waiting_bytes -= len(text)
                self._lose(lost)
                wrote = lost < text.count(b"\n")
                told, self._dropped = (self._dropped, 0) if wrote else (0, self._dropped)
                self._changed.notify_all()
            if told:
                self._told(told)

    def _take(self) -> bytes:
        """Wait for lines; as many as go out at once."""
        with self._changed:
            while not self._lines:
                self._changed.wait()
            taken = [self._lines.popleft()]
            size = len(taken[0])
            while self._lines and (size := size + len(self._lines[0])) <= _AT_ONCE_BYTES:
                taken.append(self._lines.popleft())
        return b"".join(taken)

    def _write_out(self, lines: bytes) -> int:
        """Write ``lines``; how many the descriptor did not take, where it takes no more, or not whole."""
        ahead = b"\n" if self._broken_off else b""
        text = memoryview(ahead + lines)
        done = 0
        with self._alone(), suppress(OSError):
            while done < len(text):
                done += os.write(self._descriptor, text[done:])
        if done:
            self._broken_off = text[done - 1] != ord("\n")
        return lines[max(0, done - len(ahead)) :].count(b"\n")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from writing into the midst of a line, where the descriptor can be locked.

        The lock is of the process, not of the descriptor, which children inherit; it ends with the process.
        """
        with suppress(OSError):
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            with suppress(OSError):
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
