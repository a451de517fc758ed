"""The demo, put together: its providers and applications in this process, the rest as ``serve`` runs it."""

import asyncio
import os
import secrets
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import click
import uvloop
from aiohttp import web

from admin_api import AdminSettings, RoleSettings
from idp_adapters import OidcSettings, SamlSettings
from outerward.config import LogSettings, Settings, routes_of
from outerward.demo.apps import Links, clock_app, echo_app, wiki_app
from outerward.demo.authorization import Client
from outerward.demo.check import Check, Place
from outerward.demo.dashboard_link import DashboardLinks, Enter
from outerward.demo.people import PEOPLE
from outerward.demo.provider import DemoProvider
from outerward.demo.saml_provider import DemoSamlProvider
from outerward.demo.saml_xml import SamlError
from outerward.demo.seed import seed
from outerward.demo.telling import Facts, as_json, as_text
from outerward.demo.visitor import LocalResolver
from outerward.listeners import Listener, bind, is_free
from outerward.logs import configure_logging
from outerward.supervisor import Supervisor
from proxy import EdgeSettings, Route, TunnelSettings

_HOST = "127.0.0.1"
_USUAL_PORTS = (4180, 4040, 4190)
_PROVIDER = "demo"
_SAML_PROVIDER = "demo-saml"
_APP, _CLOCK, _WIKI = range(3)
_LINKS = ("See who you are", "Open the clock", "Open the wiki")
_MIRA, _TOBIAS, _LENA = PEOPLE
_ROLES = RoleSettings(admin=(_MIRA.email,), operator=(_TOBIAS.email,), viewer=(_LENA.email,))
_ROLE_OF = {_MIRA: "admin", _TOBIAS: "operator", _LENA: "viewer"}
_LOG = LogSettings(level="warning", access="none")
_CHECK_S = 90.0
_FETCH_S = 5.0
_SHUTDOWN_S = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """How the demo was asked for. ``ports``: edge, admin API, provider; 0 lets the machine choose."""

    check: bool
    json_output: bool
    no_browser: bool
    ready_file: Path | None
    ports: tuple[int, int, int]


def run_demo(
    *, check: bool, json_output: bool, no_browser: bool, port: int | None, ready_file: Path | None
) -> int:
    """Run until told to stop, or with ``check`` until the check is through; the exit code.

    ``port``: edge there, admin API and provider on the next two. Raises OuterwardError when a port cannot
    be had.
    """
    configure_logging(_LOG)
    options = Options(check, json_output, no_browser, ready_file, _ports(port))
    with tempfile.TemporaryDirectory(prefix="outerward-demo-") as folder:
        return uvloop.run(_Demo(Path(folder), options).run())


def _ports(first: int | None) -> tuple[int, int, int]:
    if first is not None:
        return first, first + 1, first + 2
    edge, admin, provider = (port if is_free(_HOST, port) else 0 for port in _USUAL_PORTS)
    return edge, admin, provider


class _Demo:
    def __init__(self, folder: Path, options: Options) -> None:
        self._folder = folder
        self._options = options
        self._secret = secrets.token_urlsafe(32)
        self._routes: list[Route] = []
        self._issuer = ""
        self._running: Settings | None = None

    async def run(self) -> int:
        """Serve everything; the exit code."""
        async with AsyncExitStack() as stack:
            doors = [bind(f"{_HOST}:0") for _ in _LINKS]
            provider_door = bind(f"{_HOST}:{self._options.ports[2]}")
            self._issuer = f"http://localhost:{provider_door.port}"
            settings = self._settings([door.port for door in doors])
            supervisor = Supervisor(settings, ready_file=self._options.ready_file, prepare=self._seed)
            self._routes = routes_of(supervisor.settings, supervisor.edge_port)
            for door, app in zip(doors, self._applications(), strict=True):
                await _serve(stack, door, app)
            await _serve(stack, provider_door, self._providers(supervisor.admin_url))
            _obey_signals(supervisor)
            showing = asyncio.create_task(self._show(supervisor))
            stack.callback(showing.cancel)
            return await supervisor.run()

    def _settings(self, ports: Sequence[int]) -> Settings:
        edge_port, admin_port, _ = self._options.ports
        return Settings(
            state=self._folder,
            edge=EdgeSettings(listen=(f"{_HOST}:{edge_port}",)),
            admin=AdminSettings(listen=f"{_HOST}:{admin_port}", provider=_PROVIDER, roles=_ROLES),
            provider={
                _PROVIDER: OidcSettings(
                    issuer=self._issuer,
                    client_id=_PROVIDER,
                    client_secret=self._secret,
                    allow_private_network=True,
                ),
                _SAML_PROVIDER: SamlSettings(
                    idp_metadata_url=f"{self._issuer}/saml/metadata",
                    want_encrypted=True,
                    allow_private_network=True,
                ),
            },
            tunnel=(
                _tunnel("app", ports[_APP], _PROVIDER),
                _tunnel("clock", ports[_CLOCK], _PROVIDER),
                _tunnel("wiki", ports[_WIKI], _SAML_PROVIDER),
            ),
            log=_LOG,
        )

    def _applications(self) -> tuple[web.Application, web.Application, web.Application]:
        """What stands behind the tunnels, in their order."""
        account_url = f"{self._issuer}/saml/"
        return (
            echo_app(self._links(_APP)),
            clock_app(self._links(_CLOCK)),
            wiki_app(self._links(_WIKI), account_url),
        )

    def _links(self, here: int) -> Links:
        """The way from one application to the others."""
        return [(self._routes[number].origin, text) for number, text in enumerate(_LINKS) if number != here]

    def _providers(self, admin_url: str) -> web.Application:
        """Both providers on their one port; people sign in to the dashboard there too."""
        own = [route.origin for route in self._routes if _PROVIDER in route.providers] + [admin_url]
        client = Client(
            id=_PROVIDER,
            secret=self._secret,
            name="the demo",
            redirect_uris=frozenset(f"{origin}/.outerward/callback/{_PROVIDER}" for origin in own),
            signed_out_uris=frozenset(f"{origin}/.outerward/signed-out" for origin in own),
        )
        app = DemoProvider(self._issuer, PEOPLE, client).app()
        app.add_routes(self._saml_provider().routes())
        return app

    def _saml_provider(self) -> DemoSamlProvider:
        wiki = self._routes[_WIKI].origin
        metadata_url = f"{wiki}/.outerward/saml/{_SAML_PROVIDER}/metadata"
        return DemoSamlProvider(
            self._issuer,
            PEOPLE,
            metadata_url,
            lambda: _fetch(metadata_url),
            application_name="the wiki",
            application_url=wiki,
        )

    async def _seed(self, settings: Settings) -> None:
        self._running = settings
        await seed(settings, self._routes, self._issuers())

    def _issuers(self) -> dict[str, str]:
        return {_PROVIDER: self._issuer, _SAML_PROVIDER: f"{self._issuer}/saml/metadata"}

    async def _show(self, supervisor: Supervisor) -> None:
        """Once everything is ready: tell it, and check it or open it."""
        await supervisor.ready.wait()
        facts = Facts(
            edge=supervisor.edge_url,
            admin=supervisor.admin_url,
            admin_token_path=supervisor.admin_token_path,
            tunnels=[(route.endpoint.tunnel, route.endpoint.public_url) for route in self._routes],
            providers=[
                (name, "saml" if name == _SAML_PROVIDER else "oidc", issuer)
                for name, issuer in self._issuers().items()
            ],
            people=list(_ROLE_OF.items()),
        )
        admin_token = facts.admin_token_path.read_text().strip()
        if self._options.json_output:
            click.echo(as_json(facts, admin_token))
        if self._options.check:
            app_url, wiki_url = facts.tunnels[_APP][1], facts.tunnels[_WIKI][1]
            place = Place(app_url, wiki_url, facts.admin, admin_token, PEOPLE[0])
            supervisor.stop(0 if await self._check(place) else 1)
            return
        links = DashboardLinks(self._running or supervisor.settings, facts.admin, admin_token)
        if not self._options.json_output:
            click.echo(as_text(facts, await links.line(), hears_enter=Enter.can_be_heard()))
        if not self._options.no_browser and _has_display():
            # A link of its own: the printed one is still good.
            await asyncio.to_thread(webbrowser.open, await links.to_open())
        if not self._options.json_output and Enter.can_be_heard():
            await Enter(lambda: _tell_anew(links)).listen()

    async def _check(self, place: Place) -> bool:
        def say(line: str) -> None:
            click.echo(line, err=self._options.json_output)

        try:
            async with asyncio.timeout(_CHECK_S):
                return await Check(place, say).run()
        except TimeoutError:
            say(f"✗ not through after {_CHECK_S:.0f} s")
            return False


async def _tell_anew(links: DashboardLinks) -> None:
    click.echo(await links.line())


async def _serve(stack: AsyncExitStack, listener: Listener, app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listener.sockets[0]).start()


async def _fetch(url: str) -> bytes:
    """What stands at ``url`` of this machine. Raises SamlError."""
    connector = aiohttp.TCPConnector(resolver=LocalResolver())
    timeout = aiohttp.ClientTimeout(total=_FETCH_S)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, raise_for_status=True) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            return await response.read()
    except (aiohttp.ClientError, TimeoutError):
        raise SamlError("The application's metadata cannot be had just now.") from None


def _tunnel(name: str, port: int, provider: str) -> TunnelSettings:
    return TunnelSettings(
        name=name,
        hostname=f"{name}.localhost",
        upstream=f"http://{_HOST}:{port}",
        provider=(provider,),
        allow=("*",),
    )


def _obey_signals(supervisor: Supervisor) -> None:
    """^C, SIGTERM and the end of the terminal: nothing is to be left behind."""
    loop = asyncio.get_running_loop()
    for number, exit_code in ((signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)):
        loop.add_signal_handler(number, supervisor.stop, exit_code)


def _has_display() -> bool:
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
