"""The embedded store: a Valkey or Redis server of our own, which lives and dies with this process.

It listens on a private unix socket alone, writes each change to disk before it answers, and is started again
when it dies. Data that vanished or cannot be read refuses the start in words; it is never served as empty.
Knows nothing of what is stored.
"""

import asyncio
import os
import time
from collections import deque
from pathlib import Path
from urllib.parse import quote

from structlog.typing import FilteringBoundLogger

from session_store.address import parse_address
from session_store.commands import Commands
from session_store.data_folder import DataFolder
from session_store.errors import StoreRefused
from session_store.rewriting import RewriteLimits, rewrite_when_due
from session_store.server_log import entry
from session_store.server_program import configuration, spawn, usable_server
from session_store.socket_folder import make_socket_path, remove_socket_folder

_TAKEOVER_S = 3.0
_SILENCE_S = 30.0
_POLL_S = 0.02
_RECORD_S = 1.0
_BACK_OFF_S = (0.0, 0.1, 0.2, 0.4, 0.8, 1.0)
_HEALTHY_S = 2.0
_STOP_S = 5.0
_LAST_LINES_S = 0.2
_ANSWER_S = 1.0
_LIMITS = RewriteLimits()


class _EndedError(Exception):
    """The server ended before it answered; ``status`` as in subprocess: negative for a signal."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class EmbeddedStore:
    """One server over one data folder. Run it from the main thread: the server ends with that thread.

    ``server``: another redis-server (>= 7.0) or valkey-server than the wheel's. ``limits``: when its file is
    rewritten. ``url`` is set by ``start``.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        server: Path | None,
        log: FilteringBoundLogger,
        limits: RewriteLimits = _LIMITS,
    ) -> None:
        self.url = ""
        self._folder = DataFolder(data_dir.absolute())
        self._server = server
        self._log = log
        self._limits = limits
        self._lock = -1
        self._held: tuple[int, ...] = ()
        self._socket = Path()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._said: deque[str] = deque(maxlen=3)
        self._spawning = asyncio.Lock()
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Take the folder, start the server, and return once it answers.

        Raises StoreRefused, in words: a second instance, no usable binary, data that vanished or is damaged.
        """
        self._folder.make()
        self._lock = await self._take()
        try:
            self._server = await usable_server(self._server)
            self._held = os.pipe()
            self._socket = make_socket_path(self._folder.path / "run")
            self.url = "unix://" + quote(str(self._socket))
            await self._bring_up(self._server)
        except BaseException as error:
            await self.stop()
            if isinstance(error, _EndedError):
                raise StoreRefused(f"the store's server did not start: {self._last_words(error)}") from error
            if isinstance(error, OSError):
                raise StoreRefused(f"the store's folder cannot be used: {error}") from error
            raise

    async def run(self) -> None:
        """Keep the server running, and its file small, until ``stop``.

        Raises StoreRefused when it must not be started again.
        """
        commands = Commands(parse_address(self.url), timeout_s=_ANSWER_S)
        rewriting = asyncio.create_task(rewrite_when_due(commands.run, self._limits, self._log))
        try:
            await self._keep_running()
        finally:
            rewriting.cancel()
            await asyncio.wait([rewriting])
            await commands.close()

    async def stop(self) -> None:
        """End the server, give the folder back, and leave no socket behind."""
        self._stopping.set()
        async with self._spawning:
            if self._process is not None:
                await _end(self._process)
                await self._read_last_lines()
                self._note_extent()
            remove_socket_folder(self._folder.path / "run")
            for descriptor in (*self._held, self._lock):
                if descriptor >= 0:
                    os.close(descriptor)
            self._held, self._lock = (), -1

    async def _keep_running(self) -> None:
        attempt = 0
        began = time.monotonic()
        while (status := await self._until_end()) is not None and self._server is not None:
            self._log.error("store.ended", status=status)
            attempt = 0 if time.monotonic() - began > _HEALTHY_S else min(attempt + 1, len(_BACK_OFF_S) - 1)
            await self._pause(_BACK_OFF_S[attempt])
            began = time.monotonic()
            try:
                await self._bring_up(self._server)
            except _EndedError:
                continue
            except OSError as error:
                self._log.error("store.not_started", error=str(error))
                continue
            self._log.warning("store.restarted", took_ms=round((time.monotonic() - began) * 1000))

    async def _take(self) -> int:
        """The lock; a server that is still dying after its parent was killed gets a moment."""
        patience = time.monotonic() + _TAKEOVER_S
        while True:
            try:
                return self._folder.lock()
            except BlockingIOError as error:
                if self._folder.holder_lives() or time.monotonic() > patience:
                    raise StoreRefused(
                        f"another outerward uses {self._folder.path}: a state folder serves one instance"
                    ) from error
            await asyncio.sleep(_POLL_S)

    async def _bring_up(self, server: Path) -> None:
        """Start the server and wait until it answers; a last command that was cut short is dropped."""
        self._folder.check()
        had_data = self._folder.has_data()
        try:
            await self._launch(server, load_truncated=False)
        except _EndedError as ended:
            cut = self._folder.cut_command() if ended.status > 0 else None
            if cut is None:
                if had_data and ended.status > 0:
                    raise self._folder.refusal(self._last_words(ended)) from ended
                raise
            self._log.warning("store.cut_command_dropped", bytes=cut, folder=str(self._folder.files))
            await self._launch(server, load_truncated=True)
        self._note_extent()

    async def _launch(self, server: Path, *, load_truncated: bool) -> None:
        async with self._spawning:
            if self._stopping.is_set():
                raise _EndedError(0)
            await self._read_last_lines()
            self._said.clear()
            configured = configuration(self._socket, self._folder.path, load_truncated=load_truncated)
            self._process = process = await spawn(server, configured, self._held[0], self._lock)
            self._reading = asyncio.create_task(self._read_log(process))
        await self._until_answer(process)

    async def _until_answer(self, process: asyncio.subprocess.Process) -> None:
        """Wait for PONG; however long it says LOADING, and ``_SILENCE_S`` where it says nothing."""
        patience = time.monotonic() + _SILENCE_S
        while True:
            if process.returncode is not None or self._stopping.is_set():
                status = await _end(process)
                await self._read_last_lines()
                raise _EndedError(status)
            answer = await self._ping()
            if answer.startswith(b"+PONG"):
                return
            if answer.startswith(b"-LOADING"):
                patience = time.monotonic() + _SILENCE_S
            elif time.monotonic() > patience:
                await _end(process)
                raise StoreRefused(f"the store's server gave no answer in {_SILENCE_S:.0f} s")
            await asyncio.sleep(_POLL_S)

    async def _ping(self) -> bytes:
        try:
            async with asyncio.timeout(1.0):
                reader, writer = await asyncio.open_unix_connection(self._socket)
                try:
                    writer.write(b"PING\r\n")
                    return await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return b""

    async def _until_end(self) -> int | None:
        """The status of a server that ended by itself; None once ``stop`` was called."""
        while self._process is not None and not self._stopping.is_set():
            try:
                async with asyncio.timeout(_RECORD_S):
                    status = await self._process.wait()
            except TimeoutError:
                self._note_extent()
                continue
            return None if self._stopping.is_set() else status
        return None

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _note_extent(self) -> None:
        try:
            self._folder.record()
        except OSError as error:
            self._log.warning("store.extent_not_recorded", error=error.strerror)

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        async for line in process.stdout:
            level, text = entry(line.decode(errors="replace").rstrip())
            if level == "warning":
                self._said.append(text)
            getattr(self._log, "debug" if self._stopping.is_set() else level)("store.server", said=text)

    async def _read_last_lines(self) -> None:
        """Read on to the end; a child of the server that outlives it must not hold us up."""
        if self._reading is not None:
            try:
                async with asyncio.timeout(_LAST_LINES_S):
                    await self._reading
            except TimeoutError:
                self._log.debug("store.log_left_open")
            self._reading = None

    def _last_words(self, ended: _EndedError) -> str:
        if self._said:
            return " / ".join(filter(None, self._said))
        return f"killed by signal {-ended.status}" if ended.status < 0 else f"exit status {ended.status}"


async def _end(process: asyncio.subprocess.Process) -> int:
    """End ``process``, gently first; its status."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            return await process.wait()
    except TimeoutError:
        process.kill()
        return await process.wait()
