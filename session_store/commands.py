"""Commands to the store beside the check path: one exchange at a time over redis-py's connections.

One deadline covers waiting, connecting and answering; nothing is tried twice, except a script that the store
has not seen since its start, which by that very answer did not run. Every fault becomes StoreUnavailable.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import hiredis
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoScriptError, RedisError, ResponseError

from session_store import keys, topology
from session_store.address import Address
from session_store.errors import NotConfirmed, StoreRefused, StoreUnavailable
from session_store.lua import Command, in_full
from session_store.replies import ReplyParser

Reply = bytes | int | None | list["Reply"]

_CONNECTIONS = 16
_WAITING_FOR_REPLICAS = 4
_SENT_AT_ONCE = 500


class Commands:
    """Runs commands on a few connections; each was judged by ``topology`` when it was made."""

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._pool = _pool(address)
        # A replica that hangs must not hold every connection: logins and first visits need them.
        self._waits = asyncio.Semaphore(_WAITING_FOR_REPLICAS)

    async def run(self, *command: str | bytes | int) -> Reply:
        """The reply to one command. Raises StoreUnavailable, for an error reply too."""
        return (await self.run_all([command]))[0]

    async def run_all(self, commands: Sequence[Command]) -> list[Reply]:
        """The replies to ``commands``, sent in one write, in order.

        Raises StoreUnavailable when the exchange fails or any of the replies is an error; the other commands
        may have taken effect.
        """
        if not commands:
            return []
        replies = await self.exchange(commands)
        unseen = [place for place, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unseen:
            again = await self.exchange([in_full(commands[place]) for place in unseen])
            for place, reply in zip(unseen, again, strict=True):
                replies[place] = reply
        return [_value(reply) for reply in replies]

    async def run_many(self, commands: Sequence[Command]) -> list[Reply]:
        """As ``run_all``, however many they are: sent some at a time, so that nobody else waits for all."""
        replies: list[Reply] = []
        for first in range(0, len(commands), _SENT_AT_ONCE):
            replies.extend(await self.run_all(commands[first : first + _SENT_AT_ONCE]))
        return replies

    async def exchange(self, commands: Sequence[Command]) -> list[Reply | ResponseError]:
        """As ``run_all``, with error replies as values."""
        try:
            return await self._exchange(commands)
        except StoreRefused as error:
            raise StoreUnavailable(str(error)) from error

    async def verify(self) -> None:
        """Ask the store whether it may be used. Raises StoreRefused in words, or StoreUnavailable."""
        (info,) = await self._exchange([("INFO",)])
        topology.verify(_text(info))

    @asynccontextmanager
    async def confirmed(self) -> AsyncIterator[None]:
        """What is done within must be done, and be on a replica where there are any, in one deadline.

        Else NotConfirmed.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                yield
                await self._reach_a_replica()
        except (StoreUnavailable, TimeoutError) as error:
            why = str(error) or "the store did not answer in time"
            raise NotConfirmed(f"not confirmed, it may have taken effect: {why}") from error

    async def _reach_a_replica(self) -> None:
        """Return once a replica has all that was written until now. Raises StoreUnavailable.

        Also where nothing was written: what another attempt wrote may not have reached a replica.
        """
        if not topology.has_replica(_text(await self.run("INFO", "replication"))):
            return
        async with self._waits:
            # WAIT looks at its own connection's last write, which comes after all earlier ones.
            wait = ("WAIT", 1, max(1, int(self.timeout_s * 1000) // _WAITING_FOR_REPLICAS))
            _, reached = await self.run_all([("SET", keys.BARRIER, b""), wait])
        if not reached:
            raise StoreUnavailable("no replica has what was written")

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def _exchange(self, commands: Sequence[Command]) -> list[Reply | ResponseError]:
        try:
            async with asyncio.timeout(self.timeout_s), self._slots:
                connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
                try:
                    return await _converse(connection, commands)
                except BaseException:
                    # A reply left unread would be the next caller's (CVE-2023-28858).
                    await connection.disconnect(nowait=True)
                    raise
                finally:
                    await self._pool.release(connection)
        except AuthenticationError:
            raise StoreRefused("the store refuses the user or password in store.url") from None
        except ResponseError as error:
            raise _refusal(error) from None
        except TimeoutError as error:
            raise StoreUnavailable("the store did not answer in time") from error
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"the store cannot be reached ({type(error).__name__})") from error


async def _converse(
    connection: AbstractConnection, commands: Sequence[Command]
) -> list[Reply | ResponseError]:
    await connection.send_packed_command(pack(commands), check_health=False)
    parser = cast("ReplyParser", connection._parser)
    return await parser.read_replies(len(commands))


def _pool(address: Address) -> ConnectionPool:
    where: dict[str, Any]
    kind: type[AbstractConnection]
    if address.kind == "unix":
        kind, where = UnixDomainSocketConnection, {"path": address.path}
    else:
        kind = SSLConnection if address.kind == "tls" else Connection
        where = {"host": address.host, "port": address.port}

    # Signing in by itself, redis-py wraps a refusal on a unix socket beyond recognition.
    async def greet(connection: AbstractConnection) -> None:
        await _greet(connection, address)

    return ConnectionPool(
        kind,
        max_connections=_CONNECTIONS,
        parser_class=ReplyParser,
        protocol=2,
        driver_info=None,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=None,
        socket_connect_timeout=None,
        redis_connect_func=greet,
        **where,
    )


async def _greet(connection: AbstractConnection, address: Address) -> None:
    """Sign in on a new connection and judge the server before its first command."""
    await connection.on_connect()
    try:
        for command in address.greeting():
            await connection.send_command(*command, check_health=False)
            reply = await connection.read_response(disable_decoding=True)
        topology.verify(_text(reply))
    except BaseException:
        await connection.disconnect(nowait=True)
        raise


def _text(info: Reply | ResponseError) -> bytes:
    if not isinstance(info, bytes):
        raise StoreUnavailable("the store does not answer INFO")
    return info


def pack(commands: Iterable[tuple[Any, ...]]) -> bytes:
    """The bytes of ``commands`` as the store reads them (RESP arrays)."""
    return b"".join(hiredis.pack_command(command) for command in commands)


def _value(reply: Reply | ResponseError) -> Reply:
    if isinstance(reply, ResponseError):
        raise _refusal(reply)
    return reply


def _refusal(error: ResponseError) -> StoreUnavailable:
    """What an error reply becomes. It is not told as the cause: it may quote a password."""
    return StoreUnavailable(f"the store refused a command ({error_word(str(error))})")


def error_word(text: str) -> str:
    """The code word that an error reply begins with; the rest may quote a command."""
    word = text.split(" ", 1)[0][:40]
    return word if word.isascii() and word.isalpha() and word.isupper() else "ERR"
