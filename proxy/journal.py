"""What becomes of a request that has finished: it is counted, and its line written, a few times a second.

On the data path a request costs one entry in a list. Lines are made in slices that hold the event loop up for
no longer than one request may, and written by somebody who never makes this wait.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from proxy.access_log import LINES_OF, LineFormat
from proxy.context import Keep, kept_whole
from proxy.finished import Finished
from proxy.metrics import Counted, Metrics, Sample

KEPT_FOR_S = 0.2
MOST_WAITING = 500
MOST_AT_ONCE = 200

log = structlog.get_logger("proxy.journal")

WriteLines = Callable[[bytes], None]
"""Takes lines, each with its line end, and returns at once."""


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Where and how the lines of requests are written; ``now_ms`` is the Unix time in milliseconds.

    ``kept``: what may be logged of a client's address.
    """

    line_format: LineFormat
    write: WriteLines
    now_ms: Callable[[], int]
    kept: Keep = kept_whole

    def tell(self, records: Sequence[Finished], clock_s: float) -> None:
        """Write the lines of ``records``, whose clock reads ``clock_s`` now."""
        zero_ms = self.now_ms() - int(clock_s * 1000)
        self.write(b"".join(LINES_OF[self.line_format](records, zero_ms, self.kept)))


class Journal:
    """Collects what finished, for ``metrics`` and for the access log, where there are any.

    ``wanted``: whether there is anybody to tell. ``clock_s`` is the monotonic clock of the records.
    """

    def __init__(
        self,
        metrics: Metrics | None = None,
        access_log: AccessLog | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self.wanted = metrics is not None or access_log is not None
        self.clock_s = clock_s
        self._access_log = access_log
        self._finished: list[Finished] = []
        self._loop: asyncio.AbstractEventLoop
        self._next: asyncio.Handle | None = None
        self._gauges: Callable[[], Iterable[Sample]] = tuple

    def start(self, gauges: Callable[[], Iterable[Sample]]) -> None:
        """Begin, in the running event loop. ``gauges`` tell how things are, each time it is counted."""
        self._loop = asyncio.get_running_loop()
        self._gauges = gauges

    def note(self, finished: Finished) -> None:
        """A request has finished; called once for each, where ``wanted``."""
        waiting = self._finished
        waiting.append(finished)
        if len(waiting) == 1:
            self._next = self._loop.call_later(KEPT_FOR_S, self._tell)
        elif len(waiting) == MOST_WAITING:
            self._hurry()

    def note_unread(self, request_id: str, client: str, status: int, sent: int) -> None:
        """Something was refused that could not be read as a request, by an answer of ``sent`` bytes."""
        if self.wanted:
            now_s = self.clock_s()
            times = (now_s, 0.0, 0.0, now_s)
            self.note(Finished(*times, request_id, client, None, None, "refused", status, sent, True, None))

    def revoked(self, seconds: float) -> None:
        """A stream was ended ``seconds`` after its session was."""
        if self._metrics is not None:
            self._metrics.revoked(seconds)

    def counted(self) -> Counted:
        """What was counted since the last call, and how things are."""
        if self._metrics is None:
            return Counted()
        return Counted(tuple(self._metrics.take()), tuple(self._gauges()))

    def close(self) -> None:
        """Tell what is left."""
        while self._finished:
            self._tell()

    def _hurry(self) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        """Tell one slice; the next one when others have had their turn."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        now, self._finished = self._finished[:MOST_AT_ONCE], self._finished[MOST_AT_ONCE:]
        if self._finished:
            self._hurry()
        try:
            if self._metrics is not None:
                self._metrics.count(now)
            if self._access_log is not None:
                self._access_log.tell(now, self.clock_s())
        except Exception as error:  # what is lost here must not cost a request
            log.error("journal_failed", exc_info=error)
