"""The way into the demo's dashboard: links that sign in once, and a new one whenever Enter is pressed.

A link is the store's to make and to take back. Refuses to know what the dashboard shows.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from outerward.config import Settings
from session_store import Store, StoreUnavailable

_AT_ONCE = 1024


@dataclass(frozen=True)
class DashboardLinks:
    """Makes links to the dashboard at ``admin_url``; they sign in as the admin token ``secret``.

    ``settings`` are those of the running store.
    """

    settings: Settings
    admin_url: str
    secret: str = field(repr=False)

    async def new(self) -> str | None:
        """A link that works once, within 60 s; None where the token was revoked.

        Raises StoreUnavailable.
        """
        store = Store.open(self.settings.store.url, secrets=self.settings.store.secret)
        try:
            code = await store.offer_dashboard_link(self.secret)
        finally:
            await store.close()
        return None if code is None else f"{self.admin_url}/dashboard/login?code={code}"

    async def to_open(self) -> str:
        """Where a browser is to begin: a new link, or the dashboard where none can be had."""
        with suppress(StoreUnavailable):
            return await self.new() or self.admin_url
        return self.admin_url

    async def line(self) -> str:
        """What to tell people: a new link, or why there is none."""
        try:
            link = await self.new()
        except StoreUnavailable:
            return "No link to the dashboard just now: the session store does not answer."
        if link is None:
            return (
                "No link to the dashboard: the demo's token was revoked. Sign in there as one of the people."
            )
        return f"Open the dashboard: {link}"


class Enter:
    """Calls ``act`` each time that Enter is pressed in the terminal, one call at a time."""

    def __init__(self, act: Callable[[], Awaitable[None]]) -> None:
        self._act = act
        self._pressed = asyncio.Event()

    @staticmethod
    def can_be_heard() -> bool:
        """Whether a person is at the other end of stdin."""
        return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()

    async def listen(self) -> None:
        """Go on until cancelled, or until nobody can press it any more."""
        loop, terminal = asyncio.get_running_loop(), sys.stdin.fileno()
        loop.add_reader(terminal, self._read, loop, terminal)
        try:
            while True:
                await self._pressed.wait()
                self._pressed.clear()
                await self._act()
        finally:
            loop.remove_reader(terminal)

    def _read(self, loop: asyncio.AbstractEventLoop, terminal: int) -> None:
        if not _may_be_read(terminal) or not os.read(terminal, _AT_ONCE):
            loop.remove_reader(terminal)
            return
        self._pressed.set()


def _may_be_read(terminal: int) -> bool:
    """Whether this job has the terminal: the kernel stops whoever reads one that another job has."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True
