"""What stays open for longer than a moment: WebSockets, event streams, long bodies. It ends with its session.

Ends are heard from the store as they are written. What has been heard since a stream was asked for is known;
what is not known for a second is asked for again, and what stays unknown for five is cut.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from proxy.gate import Allow, Gate
from proxy.recorder import Recorder
from proxy.refresher import Due, Refresher
from proxy.routes import Route
from session_store import ApplicationSession, CookieHash, Ended, Ends, OutOfStep, Store, StoreUnavailable

TICK_S = 0.25
ASK_AFTER_S = 1.0
ASK_ANYWAY_S = 30.0
UNKNOWN_FOR_S = 5.0

log = structlog.get_logger("proxy.streams")


class Stream(Protocol):
    """Something open, of one session."""

    def cut(self) -> None:
        """End it now."""


class OpenStream:
    """One open stream; asks for its session and is told. Times are the loop's, in seconds.

    ``known``: the store has said since it was opened that the session lives, so that no end was missed.
    ``active``: since the last tick, something passed that its visitor has a part in; ``moved_at``: when that
    was.
    """

    __slots__ = (
        "_streams",
        "active",
        "asked_at",
        "checked_at",
        "known",
        "moved_at",
        "route",
        "session",
        "stream",
    )

    def __init__(self, streams: "Streams", stream: Stream, session: ApplicationSession, route: Route) -> None:
        self._streams = streams
        self.stream = stream
        self.session = session
        self.route = route
        self.asked_at = self.checked_at = self.moved_at = streams.now()
        self.known = False
        self.active = False

    def answered(self, value: bytes | None) -> None:
        """What stands in the session's place."""
        self._streams.judge(self, value)

    def unanswered(self, error: StoreUnavailable) -> None:
        """Not known: the next tick looks how long it has not been."""


class Streams:
    """Everything open of one worker, by session; ``revoked`` is told how many seconds an end took to come."""

    def __init__(
        self,
        store: Store,
        gate: Gate,
        recorder: Recorder,
        refresher: Refresher,
        now_ms: Callable[[], int],
        revoked: Callable[[float], None],
    ) -> None:
        self._store = store
        self._revoked = revoked
        self._gate = gate
        self._recorder = recorder
        self._refresher = refresher
        self._now_ms = now_ms
        self._loop = asyncio.get_running_loop()
        self._by_cookie: dict[CookieHash, set[OpenStream]] = {}
        self._ends: Ends | None = None
        self._task: asyncio.Task[None] | None = None
        self.count = 0

    def now(self) -> float:
        """The loop's time in seconds."""
        return self._loop.time()

    def start(self) -> None:
        """Begin to hear ends and to look after what is open."""
        self._ends = self._store.hear_ends(self._ended)
        self._task = asyncio.create_task(self._run(), name="streams")

    async def close(self) -> None:
        """Stop; what is open stays as it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._ends is not None:
            await self._ends.close()

    def add(self, stream: Stream, session: ApplicationSession, route: Route) -> OpenStream:
        """Look after ``stream`` from now on; an end that was told before this is found by asking once."""
        opened = OpenStream(self, stream, session, route)
        self._by_cookie.setdefault(session.cookie_hash, set()).add(opened)
        self.count += 1
        self._ask(opened)
        return opened

    def remove(self, opened: OpenStream) -> None:
        """It is closed."""
        of_cookie = self._by_cookie.get(opened.session.cookie_hash)
        if of_cookie is None or opened not in of_cookie:
            return
        of_cookie.discard(opened)
        self.count -= 1
        if not of_cookie:
            del self._by_cookie[opened.session.cookie_hash]

    def judge(self, opened: OpenStream, value: bytes | None) -> None:
        """Cut it unless the store has just said that its session lives and may be here."""
        session = opened.session
        if opened not in self._by_cookie.get(session.cookie_hash, ()):
            return
        try:
            verdict = self._gate.judge(value, session.cookie_hash, opened.route, self._now_ms())
        except OutOfStep:
            self._store.begin_checks_anew()
        except StoreUnavailable:
            return
        else:
            if isinstance(verdict, Allow) and verdict.session.id == session.id:
                opened.session = verdict.session
                opened.checked_at = opened.asked_at
                opened.known = True
            else:
                self._cut(opened)

    def tick(self) -> None:
        """Cut what is over or has been unknown for too long, and ask for what is not known."""
        now, now_ms = self.now(), self._now_ms()
        for of_cookie in list(self._by_cookie.values()):
            for opened in list(of_cookie):
                if opened.active:
                    opened.active = False
                    opened.moved_at = now
                    self._recorder.note(opened.session, now_ms, "", b"", speculative=True, requests=0)
                if self._refresher.due(opened.session, opened.route) is not Due.NOT:
                    self._refresher.begin(opened.session)
                known_at = self._known_at(opened)
                if now_ms >= opened.session.expires_at or now - known_at > UNKNOWN_FOR_S:
                    self._cut(opened)
                elif now - opened.asked_at >= ASK_AFTER_S and (
                    now - known_at >= ASK_AFTER_S
                    or now - opened.asked_at >= ASK_ANYWAY_S
                    or 0 < opened.session.idle_timeout_s <= now - opened.moved_at
                ):
                    self._ask(opened)

    def _known_at(self, opened: OpenStream) -> float:
        """When its session was last known to live: by asking, or as no end of it has been heard since."""
        ends = self._ends
        if opened.known and ends is not None and ends.since is not None and opened.checked_at >= ends.since:
            return max(opened.checked_at, ends.until)
        return opened.checked_at

    def _ask(self, opened: OpenStream) -> None:
        opened.asked_at = self.now()
        self._store.ask(opened.session.cookie_hash, opened.session.endpoint.id, opened)

    def _ended(self, ended: Ended) -> None:
        for opened in list(self._by_cookie.get(ended.cookie_hash, ())):
            if ended.endpoint_id is None or ended.endpoint_id == opened.session.endpoint.id:
                self._cut(opened)
                self._revoked(max(0.0, (self._now_ms() - ended.ended_at) / 1000))

    def _cut(self, opened: OpenStream) -> None:
        self.remove(opened)
        try:
            opened.stream.cut()
        except Exception as error:  # one stream's fault must not keep the others open
            log.error("cut_failed", exc_info=error)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self.tick()
            except Exception as error:  # one tick that fails must not end all that follow
                log.error("streams_failed", exc_info=error)
