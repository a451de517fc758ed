"""One timer wheel a worker: a deadline is an attribute and a bucket, not a timer of the event loop.

Deadlines are met to within one tick. Moving a deadline later costs one assignment; the bucket is looked at
when its second comes, and the item is put into the bucket of its newer deadline then.
"""

import asyncio

import structlog

TICK_S = 0.25

log = structlog.get_logger("proxy.timers")


class Timed:
    """Something with at most one deadline; ``on_deadline`` is called once when it has passed."""

    __slots__ = ("_bucket", "_deadline")

    def __init__(self) -> None:
        self._deadline = 0.0
        self._bucket = 0

    def on_deadline(self) -> None:
        """Act on the deadline; it is no longer armed."""


class TimerWheel:
    """Deadlines of many items, in seconds of the loop's monotonic clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buckets: dict[int, set[Timed]] = {}
        self._next = 0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to tick."""
        self._next = int(self._loop.time() / TICK_S)
        self._handle = self._loop.call_later(TICK_S, self._tick)

    def close(self) -> None:
        """Stop; nothing fires afterwards."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._buckets.clear()

    def arm(self, item: Timed, seconds: float) -> None:
        """Call ``item.on_deadline`` in ``seconds``, in place of any earlier deadline of the item."""
        item._deadline = deadline = self._loop.time() + seconds
        bucket = int(deadline / TICK_S) + 1
        if item._bucket and item._bucket <= bucket:
            return
        self._leave_bucket(item)
        self._put(item, bucket)

    def disarm(self, item: Timed) -> None:
        """Forget the item's deadline."""
        item._deadline = 0.0

    def forget(self, item: Timed) -> None:
        """Drop every trace of an item that is gone."""
        item._deadline = 0.0
        self._leave_bucket(item)

    def _leave_bucket(self, item: Timed) -> None:
        if item._bucket:
            self._buckets.get(item._bucket, set()).discard(item)
            item._bucket = 0

    def _put(self, item: Timed, bucket: int) -> None:
        item._bucket = bucket
        self._buckets.setdefault(bucket, set()).add(item)

    def _tick(self) -> None:
        self._handle = self._loop.call_later(TICK_S, self._tick)
        now = self._loop.time()
        current = int(now / TICK_S)
        for bucket in range(self._next, current + 1):
            for item in self._buckets.pop(bucket, ()):
                if item._bucket == bucket:
                    item._bucket = 0
                    self._fire(item, now, current)
        self._next = current + 1

    def _fire(self, item: Timed, now: float, current: int) -> None:
        if not item._deadline:
            return
        if item._deadline > now:
            self._put(item, max(current + 1, int(item._deadline / TICK_S) + 1))
            return
        item._deadline = 0.0
        try:
            item.on_deadline()
        except Exception as error:
            # One item's fault must not take the deadlines of the others with it.
            log.error("deadline_failed", exc_info=error)
