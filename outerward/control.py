"""What the supervisor and its child processes say to each other, over a socket pair that each child inherits.

Settings travel here and nowhere else: secrets are in no argument and no environment. The end of the channel
is the end of the supervisor, and a child's order to end. Knows nothing of processes.
"""

import asyncio
import os
import socket
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from outerward.config import Settings
from proxy import Counted

_LENGTH_BYTES = 4


class Assignment(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a child is to serve, and how it is called.

    ``settings`` are resolved: the store's URL and secrets, the admin URL.
    """

    settings: Settings
    edge_port: int
    process: str

    def __repr__(self) -> str:
        return "Assignment(...)"


class Drain(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Accept nothing more, finish what is under way within ``timeout_s``, and end."""

    timeout_s: float


class EdgeStatus(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How the edge is, told to the admin process for its readiness."""

    status: Literal["starting", "up", "draining"]


class Listening(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Said by a child once it accepts connections."""


class Told(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a child counted since it told last; from the supervisor, what all of them did so far."""

    counted: Counted


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Said by a child that wants to be told what all processes counted."""


Message = Assignment | Asked | Drain | EdgeStatus | Listening | Told
M = TypeVar("M", bound=msgspec.Struct)


def _plain(value: object) -> bytes:
    if isinstance(value, Path):
        return os.fsencode(value)
    raise TypeError(type(value).__name__)


def _typed(kind: type, value: object) -> object:
    if issubclass(kind, Path) and isinstance(value, bytes):
        return Path(os.fsdecode(value))
    raise TypeError(kind.__name__)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)
_DECODER = msgspec.msgpack.Decoder(Message, dec_hook=_typed)


class Channel:
    """One end of a connected socket pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Channel":
        """The channel over ``end``, which it owns from now on."""
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, message: Message) -> None:
        """Send ``message``; nothing happens when the other end is gone."""
        content = _ENCODER.encode(message)
        if not self._writer.is_closing():
            self._writer.write(len(content).to_bytes(_LENGTH_BYTES, "big") + content)

    async def receive(self) -> Message | None:
        """The next message; None when the other end is gone."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES), "big")
            message: Message = _DECODER.decode(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return message

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
