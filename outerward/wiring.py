"""Where the parts are put together, and nowhere else: settings in, a running edge or admin API out."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta

from aiohttp import web

from admin_api import Administration, AdminRunner, Topology, create_app, event_renderer
from dashboard import Dashboard, SignInChoice
from idp_adapters import (
    EntityIds,
    LoginError,
    OAuthSettings,
    OidcProvider,
    OidcSettings,
    Provider,
    Providers,
    SamlProvider,
    SamlSettings,
    Threads,
    provider_of,
)
from outerward.administrators import Administrators, Roles
from outerward.config import Settings, dashboard_site_of, login_host_of, routes_of
from outerward.metrics_page import CountedOf, metrics_app
from outerward.webhooks import Webhooks
from proxy import (
    AccessLog,
    Contexts,
    Counted,
    IdentityKey,
    Journal,
    Keep,
    Metrics,
    Places,
    Site,
    Worker,
    WriteLines,
    add_dashboard_login,
    create_control_app,
    keep_for,
    wall_clock_ms,
)
from session_store import Retention, Store, StoreError, StoreRefused

_MILLISECOND = timedelta(milliseconds=1)


def open_store(settings: Settings) -> Store:
    """The store of resolved settings, not connected yet. Raises StoreRefused."""
    return Store.open(
        settings.store.url,
        secrets=settings.store.secret,
        check_timeout_s=settings.store.check_timeout.total_seconds(),
        retention=Retention(
            history=settings.privacy.history // _MILLISECOND,
            ended=settings.privacy.ended // _MILLISECOND,
            user=settings.store.user_retention // _MILLISECOND,
        ),
    )


class Edge:
    """One worker with all that it needs: store, providers, routes, login flow, and where its lines go.

    ``replace_process`` is called when this process should end and another take its place.
    """

    def __init__(
        self,
        settings: Settings,
        edge_port: int,
        write_traffic: WriteLines,
        replace_process: Callable[[], None],
    ) -> None:
        self._store = open_store(settings)
        self._adapters = _Adapters(settings, self._store, replace_process)
        contexts = _contexts(settings)
        self._journal = Journal(
            Metrics() if settings.metrics.listen is not None else None,
            _access_log(settings, write_traffic, contexts.kept),
        )
        site = Site.of(routes_of(settings, edge_port), login_host_of(settings, edge_port))
        identity_key = IdentityKey(self._store.settle)
        self._worker = Worker(
            site,
            self._store,
            create_control_app(
                site, self._store, self._adapters.providers, identity_key=identity_key, contexts=contexts
            ),
            identity_key=identity_key,
            providers=self._adapters.providers,
            limits=settings.edge.limits,
            journal=self._journal,
            contexts=contexts,
            trusted_proxies=settings.edge.trusted_proxies if settings.edge.forwarded != "none" else (),
        )

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections; the store may be away."""
        await self._store.start()
        await self._worker.start(sockets)

    def counted(self) -> Counted:
        """What was counted since the last call."""
        return self._journal.counted()

    async def stop(self, timeout_s: float) -> None:
        """Finish what is under way within ``timeout_s``, break the rest, and give everything back."""
        await self._worker.drain(timeout_s)
        await self._worker.close()
        await self._adapters.close()
        await self._store.close()


class _Adapters:
    """The providers of one process, and what they share: threads, names, secrets in ``store``."""

    def __init__(self, settings: Settings, store: Store, replace_process: Callable[[], None]) -> None:
        self._store = store
        self._threads = Threads(replace_process)
        self._entity_ids = EntityIds()
        self.providers: Providers = {
            name: self._provider(name, provider) for name, provider in settings.provider.items()
        }

    async def close(self) -> None:
        """Give connections and threads back."""
        for provider in self.providers.values():
            await provider.close()
        self._threads.close()

    def _provider(self, name: str, settings: OAuthSettings | OidcSettings | SamlSettings) -> Provider:
        if isinstance(settings, SamlSettings):
            return SamlProvider(
                name, settings, settle=self._settle, threads=self._threads, entity_ids=self._entity_ids
            )
        # People are told apart by issuer and subject: no SAML provider may call itself like one of these.
        self._entity_ids.claim(settings.issuer, name, written_down=True)
        return (
            provider_of(name, settings)
            if isinstance(settings, OAuthSettings)
            else OidcProvider(name, settings)
        )

    async def _settle(self, name: str, proposal: bytes) -> bytes:
        """What all workers have under ``name``; a store that cannot give it back is said in the log."""
        try:
            return await self._store.settle(name, proposal)
        except StoreRefused as error:
            raise LoginError("provider_misconfigured", str(error)) from None


def _contexts(settings: Settings) -> Contexts:
    return Contexts(Places(settings.geoip.databases), keep_for(settings.privacy.ip))


def _access_log(settings: Settings, write: WriteLines, kept: Keep) -> AccessLog | None:
    line_format = settings.log.access
    return None if line_format == "none" else AccessLog(line_format, write, wall_clock_ms, kept)


class _ProviderSignIn:
    """Signing in to the dashboard at ``site`` through a provider: the login flow, and who administers.

    ``replace_process`` as for an Edge.
    """

    def __init__(
        self, settings: Settings, site: Site, store: Store, replace_process: Callable[[], None]
    ) -> None:
        self._site = site
        self._store = store
        self._adapters = _Adapters(settings, store, replace_process)
        self._contexts = _contexts(settings)
        (route,) = site.routes
        self.find = Administrators(store, route, Roles.of(settings.admin.roles), wall_clock_ms).find

    @property
    def choices(self) -> Sequence[SignInChoice]:
        """What the sign-in page offers."""
        providers = self._adapters.providers
        (route,) = self._site.routes
        return [SignInChoice(name, providers[name].display_name) for name in route.providers]

    def add_to(self, app: web.Application, administration: Administration) -> None:
        """Let the admin listener's ``app`` answer the addresses of the login flow."""
        add_dashboard_login(
            app,
            self._site,
            self._store,
            self._adapters.providers,
            contexts=self._contexts,
            is_own_host=administration.is_own_host,
        )

    async def start(self) -> None:
        """Look after the places from now on."""
        await self._contexts.start()

    async def close(self) -> None:
        """Give everything back."""
        await self._contexts.close()
        await self._adapters.close()


class Admin:
    """The admin API and the dashboard on their listener, the metrics on theirs, and the delivery to webhooks.

    ``edge_status`` is asked for the readiness, ``all_counted`` for the metrics; ``replace_process`` as for an
    Edge.
    """

    def __init__(
        self,
        settings: Settings,
        edge_port: int,
        edge_status: Callable[[], str],
        all_counted: CountedOf,
        replace_process: Callable[[], None],
    ) -> None:
        self._store = open_store(settings)
        self._edge_status = edge_status
        public_url = settings.admin.public_url or ""
        site = dashboard_site_of(settings)
        self._sign_in = site and _ProviderSignIn(settings, site, self._store, replace_process)
        app = create_app(
            self._store,
            public_url=public_url,
            bootstrap_token=settings.admin.bootstrap_token,
            topology=_topology(settings, edge_port),
            readiness=self.missing,
            find_person=self._sign_in.find if self._sign_in else None,
            pages=self._add_pages,
        )
        self._webhooks = Webhooks(settings.webhook, self._store, event_renderer(public_url))
        self._runners = [AdminRunner(app, handle_signals=False)]
        if settings.metrics.listen is not None:
            page = metrics_app(all_counted, self.missing)
            self._runners.append(AdminRunner(page, handle_signals=False))

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections on the API's socket, and on that of the metrics; the store may be away."""
        await self._store.start(sweeps=True)
        self._webhooks.start()
        if self._sign_in:
            await self._sign_in.start()
        for runner, each in zip(self._runners, sockets, strict=True):
            await runner.setup()
            await web.SockSite(runner, each).start()

    def counted(self) -> Counted:
        """Nothing: the API has no figures of its own."""
        return Counted()

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
                await asyncio.gather(*(runner.cleanup() for runner in self._runners))
        except TimeoutError:
            pass
        await self._webhooks.close()
        if self._sign_in:
            await self._sign_in.close()
        await self._store.close()

    def _add_pages(self, app: web.Application, administration: Administration) -> None:
        if self._sign_in:
            self._sign_in.add_to(app, administration)
        Dashboard(administration, self._sign_in.choices if self._sign_in else ()).add_to(app)


def _topology(settings: Settings, edge_port: int) -> Topology:
    return Topology(
        tunnels=tuple(tunnel.name for tunnel in settings.tunnel),
        endpoints=tuple(route.endpoint for route in routes_of(settings, edge_port)),
    )
