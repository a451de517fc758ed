"""Logins of ours against the played providers, one after the other."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from idp_adapters import (
    Identity,
    LoginBegun,
    LoginCompleted,
    LoginError,
    OAuthSettings,
    Provider,
    Redirect,
    RelyingParty,
    provider_of,
)
from tests.support.preset_servers import PresetServers

ORIGIN = "https://app.example.com/.outerward"
Parameters = list[tuple[str, str]]


def party_of(name: str) -> RelyingParty:
    """Our addresses for the provider called ``name``."""
    return RelyingParty(
        answer=f"{ORIGIN}/callback/{name}",
        logout=f"{ORIGIN}/backchannel-logout/{name}",
        metadata="",
        signed_out=f"{ORIGIN}/signed-out",
    )


class PresetLogins:
    """Providers that are made when a test first needs them, and closed in the end."""

    def __init__(self, servers: PresetServers) -> None:
        self.servers = servers
        self._opened: list[Provider] = []

    @classmethod
    @asynccontextmanager
    async def against(cls, servers: PresetServers) -> AsyncIterator["PresetLogins"]:
        """Close every provider when the block ends."""
        logins = cls(servers)
        try:
            yield logins
        finally:
            for provider in logins._opened:
                await provider.close()

    def provider(self, preset: str, **changes: Any) -> Provider:
        """The preset's provider, configured with ``changes``."""
        return self.made_of(self.servers.of(preset).settings(**changes))

    def made_of(self, settings: OAuthSettings) -> Provider:
        """The provider that ``settings`` make."""
        provider = provider_of(settings.provider, settings, fetch=self.servers.fetch())
        self._opened.append(provider)
        return provider

    async def begun(self, provider: Provider) -> tuple[LoginBegun, Parameters]:
        """A login, and what its answer brings to the callback."""
        begun = await provider.begin(party_of(provider.name))
        assert isinstance(begun.sending, Redirect)
        return begun, await self.servers.browse(begun.sending.url)

    async def completed(
        self, provider: Provider, edit: Callable[[Parameters], Parameters] = list
    ) -> LoginCompleted:
        """A whole login, with the callback's parameters edited on their way."""
        begun, answer = await self.begun(provider)
        return await provider.complete(edit(answer), begun.transaction, party_of(provider.name))

    async def identity(self, preset: str, **changes: Any) -> Identity:
        """Who signs in, by a whole login."""
        return (await self.completed(self.provider(preset, **changes))).identity

    async def error(self, preset: str, **changes: Any) -> LoginError:
        """How a login ends that must not succeed; nothing but a LoginError may come of it."""
        try:
            completed = await self.completed(self.provider(preset, **changes))
        except LoginError as error:
            return error
        raise AssertionError(f"signed in as {completed.identity!r}")


class Clock:
    """A time of day that a test moves."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Unix time in s."""
        return self.now
