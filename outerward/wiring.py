"""Where the parts are put together, and nowhere else: settings in, a running edge or admin API out."""

import asyncio
import socket
from collections.abc import Callable, Sequence

from aiohttp import web

from admin_api import AdminRunner, create_app
from idp_adapters import OidcProvider, Providers
from outerward.config import Settings, routes_of
from proxy import Site, Worker, create_control_app
from session_store import Store, StoreError


def open_store(settings: Settings) -> Store:
    """The store of resolved settings, not connected yet. Raises StoreRefused."""
    return Store.open(
        settings.store.url,
        secrets=settings.store.secret,
        check_timeout_s=settings.store.check_timeout.total_seconds(),
    )


class Edge:
    """One worker with all that it needs: store, providers, routes, login flow."""

    def __init__(self, settings: Settings, edge_port: int) -> None:
        self._store = open_store(settings)
        self._providers: Providers = {
            name: OidcProvider(name, provider) for name, provider in settings.provider.items()
        }
        site = Site.of(routes_of(settings, edge_port))
        self._worker = Worker(
            site,
            self._store,
            create_control_app(site, self._store, self._providers),
            geoip_databases=settings.geoip.databases,
            trusted_proxies=settings.edge.trusted_proxies if settings.edge.forwarded != "none" else (),
        )

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections; the store may be away."""
        await self._store.start()
        await self._worker.start(sockets)

    async def stop(self, timeout_s: float) -> None:
        """Finish what is under way within ``timeout_s``, break the rest, and give everything back."""
        await self._worker.drain(timeout_s)
        await self._worker.close()
        for provider in self._providers.values():
            await provider.close()
        await self._store.close()


class Admin:
    """The admin API on its listener; ``edge_status`` is asked for the readiness."""

    def __init__(self, settings: Settings, edge_status: Callable[[], str]) -> None:
        self._store = open_store(settings)
        self._edge_status = edge_status
        app = create_app(
            self._store,
            public_url=settings.admin.public_url or "",
            bootstrap_token=settings.admin.bootstrap_token,
            readiness=self.missing,
        )
        self._runner = AdminRunner(app, handle_signals=False)

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections; the store may be away."""
        await self._store.start(sweeps=True)
        await self._runner.setup()
        for each in sockets:
            await web.SockSite(self._runner, each).start()

    async def missing(self) -> dict[str, str]:
        """What keeps the program from being ready, by part; nothing when it is."""
        missing = {} if self._edge_status() == "up" else {"edge": self._edge_status()}
        try:
            await self._store.ping()
        except StoreError:
            missing["store"] = "down"
        return missing

    async def stop(self, timeout_s: float) -> None:
        """Finish what is under way within ``timeout_s`` and give everything back."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._runner.cleanup()
        except TimeoutError:
            pass
        await self._store.close()
