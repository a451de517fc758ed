"""The context of a request, as the store keeps it: address, network, device, place, put together once.

What is remembered is the record of a pair (address, User-Agent), so that a repeated request costs one
look-up; it is forgotten when a GeoIP database changes. Knows no session and decides nothing.
"""

import asyncio

from proxy.context.client_address import Keep, kept_whole
from proxy.context.device import LONGEST, describe, warm_up
from proxy.context.place import Places, network_of
from session_store import Context

REFRESH_EVERY_S = 5.0
_MOST_REMEMBERED = 4096


class Contexts:
    """Makes contexts for one worker; ``places`` is its own from now on.

    ``kept`` says what may be stored and logged of an address: contexts have no more, and nor has any other
    part of the worker that stores or logs.
    """

    def __init__(self, places: Places, kept: Keep = kept_whole) -> None:
        self.kept = kept
        self._places = places
        self._known: dict[tuple[str, bytes], Context] = {}
        self._task: asyncio.Task[None] | None = None

    def of(self, address: str, agent: bytes) -> Context:
        """The context of a request from ``address`` whose User-Agent has the value ``agent``.

        ``address`` is the whole one: place and kind of network are told by it.
        """
        key = (address, agent[:LONGEST])
        context = self._known.get(key)
        if context is None:
            context = self._make(*key)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = context
        return context

    async def start(self) -> None:
        """Load tables and databases, and look after these from now on."""
        warm_up()
        await self.refresh()
        self._task = asyncio.create_task(self._run(), name="geoip")

    async def refresh(self) -> None:
        """Take up databases that have changed. Not more than one call at a time."""
        if await asyncio.to_thread(self._places.refresh):
            self._known.clear()

    async def close(self) -> None:
        """Stop, and give the databases back."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._places.close()

    def _make(self, address: str, agent: bytes) -> Context:
        return Context(
            ip_address=self.kept(address),
            user_agent=describe(agent.decode("utf-8", errors="replace")),
            location=self._places.find(address),
            network=network_of(address),
        )

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_EVERY_S)
            await self.refresh()
