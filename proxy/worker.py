"""A worker: owns what lives long on the data path, starts it and closes it. One event loop, no globals."""

import asyncio
import contextlib
import re
import secrets
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence

import structlog
from aiohttp import http_parser, web

from idp_adapters import Providers
from proxy.connection import ClientConnection
from proxy.connectors import connector_to, connector_to_runner
from proxy.context import Contexts, Places, TrustedProxies
from proxy.credentials import Credentials
from proxy.gate import Gate
from proxy.identity_jwt import IdentityKey
from proxy.journal import Journal
from proxy.limits import DEFAULT_LIMITS, Limits
from proxy.metrics import CONNECTIONS, OPEN_STREAMS, UPSTREAM_CONNECTIONS, Sample
from proxy.recorder import Recorder
from proxy.refresher import Refresher
from proxy.routes import Site, UpstreamAddress
from proxy.streams import Streams
from proxy.timers import TimerWheel
from proxy.upstream_pool import UpstreamPool
from session_store import Store, StoreUnavailable

BACKLOG = 1024
_REQUEST_IDS_MADE = 256
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger("proxy.worker")


def wall_clock_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


class Worker:
    """Serves every host of ``site`` on the sockets that it is given.

    ``control_app`` answers the reserved paths; ``providers`` are asked again about sessions; ``identity_key``
    signs identities for upstreams. The databases of ``contexts`` may be missing or come later; it is closed
    with the worker. The store may be away: then every check is *unavailable*.
    """

    def __init__(
        self,
        site: Site,
        store: Store,
        control_app: web.Application,
        *,
        identity_key: IdentityKey | None = None,
        providers: Providers | None = None,
        limits: Limits = DEFAULT_LIMITS,
        trusted_proxies: Sequence[str] = (),
        contexts: Contexts | None = None,
        journal: Journal | None = None,
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self.site = site
        self.store = store
        self.now_ms = now_ms
        self.limits = limits
        self.trusted = TrustedProxies(trusted_proxies)
        self.contexts = contexts or Contexts(Places(()))
        self._identity_key = identity_key or IdentityKey(store.settle)
        self.gate = Gate(Credentials(store.access_token, self._identity_key))
        self.refresher = Refresher(site, store, providers or {}, now_ms, lambda: secrets.token_hex(16))
        self.recorder = Recorder(store, self.contexts.of)
        self.journal = journal or Journal()
        self.connections: set[ClientConnection] = set()
        self._all_gone = asyncio.Event()
        self.draining = False
        self._runner = web.AppRunner(
            control_app,
            access_log=None,
            handle_signals=False,
            auto_decompress=False,
            max_line_size=limits.max_head,
            max_field_size=limits.max_head,
        )
        self._servers: list[asyncio.Server] = []
        self._pools: dict[UpstreamAddress, UpstreamPool] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._request_ids: list[str] = []
        self._unavailable = 0
        self.wheel: TimerWheel
        self.streams: Streams
        self.control_pool: UpstreamPool

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections on bound ``sockets``. Raises RuntimeError without aiohttp's C parser."""
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
            raise RuntimeError("aiohttp's C parser is missing; its Python parser is not safe enough here")
        loop = asyncio.get_running_loop()
        self.wheel = TimerWheel(loop)
        self.wheel.start()
        await self._runner.setup()
        self.control_pool = UpstreamPool(
            connector_to_runner(self._runner), self.wheel, name="the login pages", internal=True
        )
        for route in self.site.routes:
            self.pool(route.upstream)
        if self.site.signs_identities:
            await self._identity_key.start()
        await self.contexts.start()
        self.recorder.start()
        self.streams = Streams(
            self.store, self.gate, self.recorder, self.refresher, self.now_ms, self.journal.revoked
        )
        self.streams.start()
        self.journal.start(self._gauges)
        for bound in sockets:
            self._servers.append(
                await loop.create_server(lambda: ClientConnection(self), sock=bound, backlog=BACKLOG)
            )

    async def drain(self, timeout_s: float) -> None:
        """Accept nothing more and let what is under way end, for at most ``timeout_s`` seconds."""
        self.draining = True
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.drain()
        if self.connections:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._all_gone.wait()

    async def close(self) -> None:
        """Break what is left, write what was noted, and give everything back."""
        self.draining = True
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.streams.close()
        await self.refresher.close()
        await self._identity_key.close()
        await self.recorder.close()
        await self.contexts.close()
        for pool in (self.control_pool, *self._pools.values()):
            pool.close()
        await self._runner.cleanup()
        self.wheel.close()
        self.journal.close()

    def _gauges(self) -> Iterator[Sample]:
        """How things are, for the metrics."""
        yield Sample(CONNECTIONS.name, (), (len(self.connections),))
        yield Sample(OPEN_STREAMS.name, (), (self.streams.count,))
        for address, pool in self._pools.items():
            for state, number in (("open", pool.open), ("idle", pool.idle)):
                yield Sample(UPSTREAM_CONNECTIONS.name, (str(address), state), (number,))

    def connection_opened(self, connection: ClientConnection) -> None:
        """Called by a connection of this worker."""
        self.connections.add(connection)

    def connection_closed(self, connection: ClientConnection) -> None:
        """Called by a connection of this worker."""
        self.connections.discard(connection)
        self.wheel.forget(connection)
        if self.draining and not self.connections:
            self._all_gone.set()

    def pool(self, address: UpstreamAddress) -> UpstreamPool:
        """The connections to an upstream."""
        pool = self._pools.get(address)
        if pool is None:
            pool = self._pools[address] = UpstreamPool(
                connector_to(address),
                self.wheel,
                name=str(address),
                our_cookies=self.site.domain_cookies,
            )
        return pool

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run what has to wait; it ends with the worker."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def note_unavailable(self, error: StoreUnavailable) -> None:
        """Log that requests are refused for want of the store: the first at once, then a count a second."""
        if not self._unavailable:
            log.warning("store_unavailable", error=str(error))
            asyncio.get_running_loop().call_later(1.0, self._log_unavailable)
        self._unavailable += 1

    def _log_unavailable(self) -> None:
        refused, self._unavailable = self._unavailable, 0
        if refused > 1:
            log.warning("requests_refused", why="store_unavailable", requests=refused)

    def request_id(self) -> str:
        """A new request id."""
        if not self._request_ids:
            digits = secrets.token_hex(8 * _REQUEST_IDS_MADE)
            self._request_ids = [digits[at : at + 16] for at in range(0, len(digits), 16)]
        return self._request_ids.pop()

    def trusted_request_id(self, values: Sequence[bytes]) -> str | None:
        """The id that a trusted proxy gave this request, where it is one."""
        if len(values) == 1 and _REQUEST_ID.fullmatch(values[0]):
            return values[0].decode("ascii")
        return None
