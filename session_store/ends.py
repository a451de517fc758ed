"""Hears every end as it is written, over a subscription of its own, and says since when it has missed none.

Reconnects for ever. Knows no stream and decides nothing.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import hiredis
import structlog

from session_store import keys, topology
from session_store.address import Address
from session_store.commands import pack
from session_store.connecting import connect
from session_store.errors import StoreError, StoreUnavailable
from session_store.notices import Ended, read_notice

_CONNECT_TIMEOUT_S = 1.0
_PAUSE_S = 0.1
_PING_EVERY_S = 0.25
_SILENT_S = 1.0
_NOT_YET = object()
_PING = pack([("PING",)])

Told = Callable[[Ended], None]

log = structlog.get_logger("session_store.ends")


class Ends:
    """Calls ``told`` for every end. Times are the event loop's, in seconds."""

    def __init__(self, address: Address, told: Told) -> None:
        self.since: float | None = None
        """From when on every end was told; None while nothing is heard."""
        self.until = 0.0
        """Every end that was written between ``since`` and then has been told."""
        self._address = address
        self._tls = address.tls()
        self._told = told
        self._task = asyncio.create_task(self._listen_for_ever(), name="ends")

    async def close(self) -> None:
        """Stop listening."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, StoreError, UnicodeError):
                await asyncio.sleep(_PAUSE_S)
            except Exception as error:  # whatever it is, ends must be heard again
                log.error("ends_failed", exc_info=error)
                await asyncio.sleep(_PAUSE_S)

    async def _listen(self) -> None:
        """Hear ends until the connection is lost. Raises OSError, TimeoutError, StoreError."""
        loop, address = asyncio.get_running_loop(), self._address
        line = _Line(address, self._told)
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await connect(address, self._tls, lambda: line)
                await line.subscribed
            self.since = self.until = loop.time()
            while True:
                asked = loop.time()
                async with asyncio.timeout(_SILENT_S):
                    await line.ping()
                self.until = asked
                await asyncio.sleep(_PING_EVERY_S)
        finally:
            self.since = None
            line.close()


class _Line(asyncio.Protocol):
    """One subscribed connection."""

    def __init__(self, address: Address, told: Told) -> None:
        self._address = address
        self._told = told
        self._reader = hiredis.Reader(notEnoughData=_NOT_YET)
        self._greeted = 0
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self.subscribed: asyncio.Future[None] = self._loop.create_future()
        self._pong: asyncio.Future[None] = self._loop.create_future()

    async def ping(self) -> None:
        """Return when all that was written before this call has been told. Raises StoreUnavailable."""
        if self._pong.done():
            self._pong.result()
            self._pong = self._loop.create_future()
        if self._transport is not None:
            self._transport.write(_PING)
        await self._pong

    def close(self) -> None:
        """Close; whoever waits learns it."""
        if self._transport is not None:
            self._transport.abort()
        self._fail(StoreUnavailable("the subscription was closed"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(pack([*self._address.greeting(), ("SUBSCRIBE", keys.ENDED)]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._fail(StoreUnavailable("the store closed the subscription"))

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not _NOT_YET:
                self._heard(reply)
        except (hiredis.HiredisError, ValueError, StoreError) as error:
            self._fail(error if isinstance(error, StoreError) else StoreUnavailable("no reply"))
            self.close()

    def _heard(self, reply: object) -> None:
        if isinstance(reply, hiredis.ReplyError):
            raise StoreUnavailable("the store refuses the subscription to ends")
        if self._greeted < len(self._address.greeting()):
            self._greeted += 1
            if self._greeted == len(self._address.greeting()):
                topology.verify(reply if isinstance(reply, bytes) else b"")
            return
        kind, *rest = reply if isinstance(reply, list) else [reply]
        if kind == b"message" and len(rest) == 2 and isinstance(rest[1], bytes):
            ended = read_notice(rest[1])
            if ended is not None:
                self._told(ended)
        elif kind == b"subscribe" and not self.subscribed.done():
            self.subscribed.set_result(None)
        elif kind == b"pong" and not self._pong.done():
            self._pong.set_result(None)

    def _fail(self, error: StoreError) -> None:
        for waiting in (self.subscribed, self._pong):
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # nobody may be waiting
