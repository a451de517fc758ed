"""A sweeper that sweeps when a test says so, under the clock of the scene, and what must be left then."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from session_store import Retention, keys
from session_store.address import parse_address
from session_store.blocks import Blocks
from session_store.commands import Commands
from session_store.directory import Directory
from session_store.endings import Endings
from session_store.erasure import Erasure
from session_store.events import Events
from session_store.forgetting import Forgetting
from session_store.overdue import Overdue
from session_store.revocation import Revocation
from session_store.strays import Strays
from session_store.sweeper import Sweeper
from tests.support.redis_server import RedisServer
from tests.support.scene import Clock

SECRET = "a secret of the tests, 32 long.."


@dataclass
class Sweeping:
    """``sweeper`` as the store has one; ``due`` and ``all`` sweep whoever has swept a moment ago."""

    sweeper: Sweeper
    url: str

    async def due(self) -> None:
        """Note what time has ended: one pass."""
        RedisServer.looking_at(self.url).delete(keys.SWEEP_DUE)
        assert await self.sweeper.sweep_due()

    async def all(self) -> None:
        """Go through everything once."""
        RedisServer.looking_at(self.url).delete(keys.SWEEP)
        assert await self.sweeper.sweep()


@asynccontextmanager
async def sweeping(url: str, clock: Clock, retention: Retention | None = None) -> AsyncIterator[Sweeping]:
    """A sweeper over the store at ``url``."""
    kept = retention or Retention()
    commands = Commands(parse_address(url), timeout_s=30)
    events = Events(commands, kept.history)
    endings = Endings(commands, events, kept)
    revocation = Revocation(commands, endings, clock)
    directory = Directory(commands, clock)
    overdue = Overdue(commands, directory, endings, kept, clock)
    blocks = Blocks(commands, revocation, events, clock)
    erasure = Erasure(commands, revocation, endings, blocks, overdue, events, clock)
    sweeper = Sweeper(
        commands,
        overdue,
        Strays(commands, clock),
        Forgetting(commands, directory, erasure, events, kept, clock),
        pause_s=0,
    )
    try:
        yield Sweeping(sweeper, url)
    finally:
        await commands.close()
