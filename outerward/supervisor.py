"""The supervisor: binds the listeners, starts the store, the workers and the admin API, and keeps them.

It serves nothing itself. What ends is started again; when it is told to stop, everything is drained; when it
is killed, everything else ends too.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path

import structlog
import uvloop
from msgspec.structs import replace

from outerward.announcing import Announcer, Ready
from outerward.child import Child
from outerward.clock_watch import watch_clock
from outerward.config import Settings, admin_url
from outerward.control import Asked, Assignment, EdgeStatus, Message, Told
from outerward.errors import OuterwardError
from outerward.listeners import Listener, bind
from outerward.nursery import Kind, Nursery
from outerward.process_metrics import ENDS, UP
from outerward.state_folder import StateFolder, write_private
from outerward.totals import Totals
from outerward.wiring import open_store
from proxy import Counted, Sample
from session_store import (
    EmbeddedStore,
    Store,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    new_token_secret,
)

log = structlog.get_logger("outerward.supervisor")

_ADMIN_DRAIN_S = 2.0
_STORE_POLL_S = 0.1


def run_serve(settings: Settings, *, ready_file: Path | None) -> int:
    """Serve until told to stop; the exit code: 0 on SIGTERM, 130 on ^C. Raises OuterwardError in words."""
    return uvloop.run(_serve(settings, ready_file))


async def _serve(settings: Settings, ready_file: Path | None) -> int:
    supervisor = Supervisor(settings, ready_file=ready_file)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, supervisor.stop, 0)
    loop.add_signal_handler(signal.SIGINT, supervisor.stop, 130)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return await supervisor.run()


class Supervisor:
    """One running program. ``settings`` are resolved; listeners are bound by the constructor.

    ``prepare`` is called with the settings of the running store before readiness is told. Raises
    OuterwardError when an address cannot be had.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        ready_file: Path | None = None,
        prepare: Callable[[Settings], Awaitable[None]] | None = None,
    ) -> None:
        self.ready = asyncio.Event()
        self._state = StateFolder(settings.state)
        self._prepare = prepare
        self._announcer = Announcer(ready_file)
        count = _workers(settings)
        self._edges: list[Listener] = []
        self._apis: list[Listener] = []
        try:
            self._edges += (bind(text, count) for text in settings.edge.listen)
            self._apis.append(bind(settings.admin.listen))
            if settings.metrics.listen is not None:
                self._apis.append(bind(settings.metrics.listen))
        except BaseException:
            for listener in (*self._edges, *self._apis):
                listener.close()
            raise
        self.settings = replace(
            settings,
            admin=replace(settings.admin, public_url=admin_url(settings.admin, self._apis[0].port)),
        )
        self._nursery = Nursery()
        self._totals = Totals()
        self._embedded: EmbeddedStore | None = None
        self._store: Store | None = None
        self._workers: list[Child] = []
        self._admin_child: Child | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._exit_code = 0
        self._failure: BaseException | None = None

    @property
    def edge_port(self) -> int:
        """The port of the first edge listener."""
        return self._edges[0].port

    @property
    def edge_url(self) -> str:
        """Where the first edge listener is reached from this machine."""
        return self._edges[0].url

    @property
    def admin_url(self) -> str:
        """Where the admin listener is reached from this machine."""
        return self._apis[0].url

    @property
    def metrics_url(self) -> str | None:
        """Where the listener for metrics is reached from this machine, if there is one."""
        return self._apis[1].url if self.settings.metrics.listen is not None else None

    @property
    def admin_token_path(self) -> Path:
        """Where the first admin token is written."""
        return self._state.admin_token

    async def run(self) -> int:
        """Serve until ``stop``; the exit code that ``stop`` was given.

        Raises OuterwardError in words when something that is needed cannot be had, after ending all else.
        """
        try:
            self._watch(watch_clock())
            self._watch(self._nursery.run())
            await self._start_store()
            self._announcer.forget_last()
            self._start_children()
            self._watch(self._get_ready())
            await self._stop.wait()
            if isinstance(self._failure, StoreError):
                raise OuterwardError(str(self._failure)) from self._failure
            if self._failure is not None:
                raise self._failure
        finally:
            await self._end()
        return self._exit_code

    def stop(self, exit_code: int) -> None:
        """Drain and end; called a second time, end at once."""
        if self._stop.is_set():
            for child in self._children():
                child.kill()
            return
        self._exit_code = exit_code
        self._stop.set()

    async def _start_store(self) -> None:
        store = self.settings.store
        if store.url == "embedded":
            self._state.make()
            secret = store.secret or (self._state.store_secret(),)
            self._embedded = EmbeddedStore(self._state.store, server=store.server, log=log)
            try:
                await self._embedded.start()
            except StoreRefused as refused:
                self._embedded = None
                raise OuterwardError(str(refused)) from refused
            self._watch(self._embedded.run())
            store = replace(store, url=self._embedded.url, secret=secret)
        self.settings = replace(self.settings, store=store)
        try:
            self._store = open_store(self.settings)
        except StoreRefused as refused:
            raise OuterwardError(str(refused)) from refused

    def _start_children(self) -> None:
        for slot in range(len(self._edges[0].sockets)):
            sockets = [listener.sockets[slot] for listener in self._edges]
            self._workers.append(self._child(f"worker {slot + 1}", "worker", sockets))
        self._admin_child = self._child("admin", "admin", [each.sockets[0] for each in self._apis])
        for child in self._children():
            self._watch(child.run())

    def _child(self, name: str, kind: Kind, sockets: Sequence[socket.socket]) -> Child:
        assignment = Assignment(settings=self.settings, edge_port=self.edge_port, process=name)
        return Child(name, kind, sockets, assignment, self._nursery, self._changed, self._heard)

    def _children(self) -> list[Child]:
        return [*self._workers, *([self._admin_child] if self._admin_child else [])]

    def _changed(self, child: Child) -> None:
        """A child is up or down."""
        if not child.up.is_set():
            self._totals.forget(child.name)
            if not self._stop.is_set():
                self._totals.add(child.name, Counted((Sample(ENDS.name, (child.name,), (1,)),)))
        self._tell_admin()

    def _heard(self, child: Child, message: Message) -> None:
        match message:
            case Told(counted=counted):
                self._totals.add(child.name, counted)
            case Asked():
                child.send(Told(counted=self._counted()))

    def _counted(self) -> Counted:
        """All that was counted, and which processes serve."""
        counted = self._totals.all()
        up = (Sample(UP.name, (child.name,), (int(child.up.is_set()),)) for child in self._children())
        return Counted(counted.added, (*counted.gauges, *up))

    def _tell_admin(self) -> None:
        """Tell the admin process how the edge is: as good as its best worker."""
        if self._admin_child is None:
            return
        up = any(worker.up.is_set() for worker in self._workers)
        status = EdgeStatus(status="draining" if self._stop.is_set() else "up" if up else "starting")
        self._admin_child.send(status)

    async def _get_ready(self) -> None:
        """Wait until every process listens and the store answers, then say so."""
        for child in self._children():
            await child.up.wait()
        if self._store is not None:
            await self._first_contact(self._store)
        if self._prepare is not None:
            await self._prepare(self.settings)
        self._announcer.ready(
            Ready(edge=self.edge_url, admin=self.admin_url, pid=os.getpid(), metrics=self.metrics_url)
        )
        self.ready.set()
        log.info("serving", edge=self.edge_url, admin=self.admin_url, workers=len(self._workers))

    async def _first_contact(self, store: Store) -> None:
        """Wait for the store; where it holds no admin token and none is configured, make the first one."""
        told = False
        while True:
            try:
                await store.ping()
                if self.settings.admin.bootstrap_token is None:
                    await self._ensure_token(store)
            except StoreUnavailable:
                if not told:
                    log.warning("store.unavailable", until="it answers, every check is refused with 503")
                    told = True
                await asyncio.sleep(_STORE_POLL_S)
            else:
                return

    async def _ensure_token(self, store: Store) -> None:
        """Make the first token where there is none; its file comes first, so that none is ever lost."""
        if await store.tokens():
            return
        self._state.make()
        secret = new_token_secret()
        try:
            write_private(self._state.admin_token, secret + "\n")
        except OSError as error:
            raise OuterwardError(f"{self._state.admin_token} cannot be written: {error.strerror}") from error
        log.info("first_admin_token", path=str(self._state.admin_token))
        await store.create_token("first admin token", "admin", None, secret)

    def _watch(self, work: Coroutine[object, object, None]) -> None:
        """Run ``work`` beside the rest; if it fails, everything ends."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = self._failure or failure
            self._stop.set()

    async def _end(self) -> None:
        """Drain the workers, then the admin API, which tells so long; the store goes last."""
        self._stop.set()
        self._announcer.stopping()
        self._tell_admin()
        for listener in self._edges:
            listener.close()
        drain_s = self.settings.edge.drain.total_seconds()
        await asyncio.gather(*(worker.drain(drain_s) for worker in self._workers))
        for listener in self._apis:
            listener.close()
        if self._admin_child is not None:
            await self._admin_child.drain(_ADMIN_DRAIN_S)
        await self._nursery.stop()
        if self._store is not None:
            await self._store.close()
        if self._embedded is not None:
            await self._embedded.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _workers(settings: Settings) -> int:
    """How many workers: one for each core that is ours; one in all where a port cannot be shared."""
    if settings.edge.workers != "auto":
        return settings.edge.workers
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
