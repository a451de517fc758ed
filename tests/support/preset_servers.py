"""Every host of every preset, played on one loopback port as its provider's documentation describes it.

    async with PresetServers.running() as servers:
        provider = provider_of("google", servers.google.settings(), fetch=servers.fetch())
        begun = await provider.begin(PARTY)
        completed = await provider.complete(await servers.browse(begun.sending.url), begun.transaction, PARTY)

``https://HOST/path`` lies at ``http://127.0.0.1:PORT/HOST/path``: ``fetch`` and ``browse`` put each address
there, over real sockets, so that the presets' own data are used untouched. A test changes one answer through
``answers``, by HOST/path, and a provider's person through ``person``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp import web
from yarl import URL

from idp_adapters.destinations import Destinations
from idp_adapters.transport import Answer, Request, Transport
from tests.support.preset_oauth import Amazon, Facebook, Github
from tests.support.preset_openid import Gitlab, Google, Linkedin, Microsoft, Twitch
from tests.support.preset_played import Handler, Played


class PresetServers:
    """See the module. One attribute for each preset; ``of`` finds it by the preset's name."""

    def __init__(self) -> None:
        self.google, self.gitlab, self.microsoft = Google(), Gitlab(), Microsoft()
        self.linkedin, self.twitch = Linkedin(), Twitch()
        self.github, self.facebook, self.amazon = Github(), Facebook(), Amazon()
        self.answers: dict[str, Handler] = {}
        self.asked: list[str] = []
        self._base = ""

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["PresetServers"]:
        """Serve on a free loopback port until the block ends."""
        servers = cls()
        app = web.Application()
        app.router.add_route("*", "/{host}/{path:.*}", servers._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        servers._base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield servers
        finally:
            await runner.cleanup()

    def of(self, preset: str) -> Played:
        """The provider that plays ``preset``."""
        return next(played for played in self.all() if played.preset == preset)

    def all(self) -> list[Played]:
        """Every provider."""
        return [played for played in vars(self).values() if isinstance(played, Played)]

    def placed(self, url: str) -> str:
        """Where ``url``, an https address of a provider, lies on this machine."""
        parts = urlsplit(url)
        assert parts.scheme == "https", url
        return f"{self._base}/{url.removeprefix('https://')}"

    def fetch(self) -> "PlacedFetch":
        """A wire on which every provider's host is this machine."""
        return PlacedFetch(self)

    async def browse(self, url: str) -> list[tuple[str, str]]:
        """Open an authorization URL and sign in: what comes back to the redirect URI."""
        place = URL(self.placed(url), encoded=True)
        async with aiohttp.ClientSession() as client, client.get(place, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            target, _, query = answer.headers["Location"].partition("?")
            assert target == dict(parse_qsl(urlsplit(url).query))["redirect_uri"]
            return parse_qsl(query, keep_blank_values=True)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        place = request.path.removeprefix("/")
        self.asked.append(f"{request.method} {place}")
        if place in self.answers:
            return await self.answers[place](request)
        for played in self.all():
            handler = played.places().get((request.method, place))
            if handler is not None:
                return await handler(request)
        raise web.HTTPNotFound


class PlacedFetch:
    """A Fetch over a real Transport; each URL is judged as it is before it is put on this machine."""

    def __init__(self, servers: PresetServers) -> None:
        self._servers = servers
        self._judge = Destinations()
        self._transport = Transport(Destinations("127.0.0.1"))

    async def __call__(self, request: Request) -> Answer:
        """Carry out ``request`` once."""
        self._judge.check_url(request.url)
        place = self._servers.placed(request.url)
        return await self._transport(
            Request(request.method, place, request.headers, request.body, request.patience_s)
        )

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.close()
