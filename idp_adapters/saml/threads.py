"""Where messages are verified: few threads with a short queue, so that no flood of them holds up the rest.

A thread cannot be ended. One that overruns its time is written off, its work is given up, and another takes
its place; when too many were written off, whoever owns this is told to replace the process.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

from idp_adapters.provider import LoginError

T = TypeVar("T")

THREADS = 1
"""Two would hold each other up: most of a verification is Python, which one thread at a time runs."""
MOST_WAITING = 64
"""Verifications that wait for a thread; one more is refused at once."""
WAIT_S = 5.0
"""How long a verification may wait for a thread."""
OVERRUN_S = 3.0
"""How long it may run: a thousand times what a good message takes."""
MOST_LOST = 3

log = structlog.get_logger("idp_adapters.saml")


class _Job:
    """One verification on its way through a thread."""

    def __init__(self, work: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._work = work
        self._loop = loop
        self.begun: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[Any] = loop.create_future()
        self.given_up = False

    def run(self) -> None:
        """In a thread: the work, unless nobody waits for it any more."""
        if self.given_up:
            return
        self._tell(self.begun, None, None)
        try:
            result = self._work()
        except Exception as error:
            self._tell(self.done, None, error)
        else:
            self._tell(self.done, result, None)

    def _tell(self, future: "asyncio.Future[Any]", result: object, error: Exception | None) -> None:
        def settle() -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
                future.exception()  # Seen here: whoever waited may have gone.

        try:
            self._loop.call_soon_threadsafe(settle)
        except RuntimeError:
            self.given_up = True  # The loop is closed: the process is ending.


class _Thread:
    """One thread that takes jobs until it is written off or the queue says that it is over."""

    def __init__(self, jobs: "queue.SimpleQueue[_Job | None]") -> None:
        self._jobs = jobs
        self.job: _Job | None = None
        self.written_off = False
        threading.Thread(target=self._run, name="saml-verification", daemon=True).start()

    def _run(self) -> None:
        while not self.written_off and (job := self._jobs.get()) is not None:
            self.job = job
            job.run()
            self.job = None


class Threads:
    """``lost`` is called once, when ``most_lost`` threads were written off; times are in seconds."""

    def __init__(
        self,
        lost: Callable[[], None],
        *,
        threads: int = THREADS,
        most_waiting: int = MOST_WAITING,
        wait_s: float = WAIT_S,
        overrun_s: float = OVERRUN_S,
        most_lost: int = MOST_LOST,
    ) -> None:
        self._lost = lost
        self._most_waiting = most_waiting
        self._wait_s = wait_s
        self._overrun_s = overrun_s
        self._most_lost = most_lost
        self._count_lost = 0
        self._waiting = 0
        self._size = threads
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[_Thread] = []

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises, carried out in a thread.

        Raises LoginError: *overloaded* where no thread is free in time, *invalid_response* on an overrun.
        """
        if self._waiting >= self._most_waiting:
            raise LoginError("overloaded", "too many verifications wait")
        while len(self._threads) < self._size:
            self._threads.append(_Thread(self._jobs))
        job = _Job(work, asyncio.get_running_loop())
        job.begun.add_done_callback(lambda _: self._watch(job))
        self._jobs.put(job)
        try:
            await self._begun(job)
            result: T = await asyncio.shield(job.done)
        except BaseException:
            job.given_up = True
            raise
        return result

    def close(self) -> None:
        """Let the threads end; nothing waits for one that hangs."""
        for _ in self._threads:
            self._jobs.put(None)
        self._threads.clear()

    async def _begun(self, job: _Job) -> None:
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await asyncio.shield(job.begun)
        except TimeoutError:
            raise LoginError("overloaded", "no verification ended in time") from None
        finally:
            self._waiting -= 1

    def _watch(self, job: _Job) -> None:
        """From the moment ``job`` runs, whoever still waits for it or not, its thread has ``overrun_s``."""
        timer = asyncio.get_running_loop().call_later(self._overrun_s, self._write_off, job)
        job.done.add_done_callback(lambda _: timer.cancel())

    def _write_off(self, job: _Job) -> None:
        if job.done.done():
            return
        job.done.set_exception(LoginError("invalid_response", "its verification took too long"))
        job.done.exception()
        for thread in [each for each in self._threads if each.job is job]:
            thread.written_off = True
            self._threads.remove(thread)
            self._count_lost += 1
            log.error("verification_overrun", lost=self._count_lost, after_s=self._overrun_s)
            if self._count_lost == self._most_lost:
                self._lost()
