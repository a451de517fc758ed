"""A reader of server-sent events that does what WHATWG HTML §9.2.6 says and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.support.admin_api import BOOTSTRAP, RunningApi

GUARD_S = 40


@dataclass(frozen=True)
class Message:
    """One dispatched event; ``id`` is the last event id at that time."""

    id: str
    type: str
    data: Any


class EventReader:
    """Reads one stream; ``comments`` holds those that came so far, ``last_event_id`` what to resume from."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.last_event_id = ""
        self.comments: list[str] = []

    async def next(self) -> Message | None:
        """The next message; None at the end of the stream. Raises ClientError where it is broken off."""
        while not self.response.content.at_eof():
            found = await self.block()
            if found is not None:
                return found
        return None

    async def block(self) -> Message | None:
        """What the lines up to the next blank one dispatch, if anything. Raises TimeoutError for silence."""
        async with asyncio.timeout(GUARD_S):
            return await self._block()

    async def _block(self) -> Message | None:
        data: list[str] = []
        event_type = "message"
        async for line in self.response.content:
            if line == b"\n":
                return Message(self.last_event_id, event_type, json.loads("\n".join(data))) if data else None
            name, _, value = line.decode().removesuffix("\n").partition(":")
            value = value.removeprefix(" ")
            if not name:
                self.comments.append(value)
            elif name == "id":
                self.last_event_id = value
            elif name == "event":
                event_type = value
            elif name == "data":
                data.append(value)
        return None

    async def message(self) -> Message:
        """The next message, which must come."""
        found = await self.next()
        assert found is not None
        return found

    async def ids(self, count: int) -> list[str]:
        """The ids of the next ``count`` messages."""
        return [(await self.message()).id for _ in range(count)]


@asynccontextmanager
async def reading(
    api: RunningApi, query: str = "", *, token: str = BOOTSTRAP, last_event_id: str = ""
) -> AsyncIterator[EventReader]:
    """A stream that was begun, over a connection of its own."""
    headers = {"Authorization": f"Bearer {token}"}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{api.url}/events/stream{query}", headers=headers) as response,
    ):
        assert response.status == 200
        reader = EventReader(response)
        # The stream stands where its first lines say, once they are here.
        assert await response.content.readline() == b"retry: 1000\n"
        position = await response.content.readline()
        reader.last_event_id = position.decode().removeprefix("id: ").strip()
        yield reader
