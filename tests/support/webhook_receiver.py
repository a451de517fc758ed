"""A receiver of webhooks over real sockets, which answers as a test tells it and keeps what it was sent.

async with WebhookReceiver.running() as receiver:
    receiver.answers = [503, 200]
    …
    await receiver.until(2)
    assert receiver.taken == ["evt_1_0"]
"""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

GUARD_S = 40.0

Answer = int | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Received:
    """One POST: its path with the query, its headers by lower-case name, its body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """Which message it is."""
        return self.headers["webhook-id"]

    def is_signed_with(self, key: bytes) -> bool:
        """Whether the signature is right, as Standard Webhooks tells a receiver to verify it."""
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{wanted}" in self.headers["webhook-signature"].split(" ")


class WebhookReceiver:
    """Gives ``answers`` in turn, then ``usual``; ``received`` is all that came, ``taken`` what got a 204."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.taken: list[str] = []
        self.answers: list[Answer] = []
        self.usual: Answer = 204
        self.port = 0
        self._came = asyncio.Condition()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["WebhookReceiver"]:
        """Serve on a free loopback port until the block ends."""
        receiver = cls()
        await receiver.start()
        try:
            yield receiver
        finally:
            await receiver.stop()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def start(self) -> None:
        """Listen, on the same port as before where there was one."""
        self._stopping.clear()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more, and close what is open."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def hangs(self, _request: web.Request) -> web.StreamResponse:
        """An answer that does not come before the receiver stops."""
        await self._stopping.wait()
        return web.Response(status=503)

    async def until(self, count: int) -> list[Received]:
        """All that was received, once that is ``count``."""
        async with asyncio.timeout(GUARD_S), self._came:
            await self._came.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def until_taken(self, count: int) -> list[str]:
        """The ids that were taken, once these are ``count``."""
        async with asyncio.timeout(GUARD_S), self._came:
            await self._came.wait_for(lambda: len(self.taken) >= count)
        return self.taken

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Received(request.path_qs, headers, await request.read())
        answer = self.answers.pop(0) if self.answers else self.usual
        if answer == 204:
            self.taken.append(got.id)
        async with self._came:
            self.received.append(got)
            self._came.notify_all()
        return web.Response(status=answer) if isinstance(answer, int) else await answer(request)
