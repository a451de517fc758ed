"""redis-py's parser, which can also read the replies to many commands at once. Knows no command.

One by one each reply costs five times as much, most of it for what could only matter to a single one.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from redis._parsers import _AsyncHiredisParser
from redis._parsers.hiredis import NOT_ENOUGH_DATA
from redis.exceptions import ConnectionError as RedisConnectionError


class ReplyParser(_AsyncHiredisParser):
    """Parses what one connection receives."""

    async def read_replies(self, count: int) -> list[Any]:
        """The next ``count`` replies as bytes, in order, error replies as values.

        Raises what redis-py's connections raise where no more can be read: then the connection must be given
        up, as it must be when this is cancelled.
        """
        if not self._connected:
            raise RedisConnectionError("the connection is closed")
        reader: Any = self._reader
        receive = cast("Callable[[], Awaitable[bool]]", self.read_from_socket)
        replies: list[Any] = []
        while len(replies) < count:
            reply = reader.gets(False)
            if reply is NOT_ENOUGH_DATA:
                await receive()
            elif isinstance(reply, RedisConnectionError):
                raise reply
            else:
                replies.append(reply)
        return replies
