"""Blocks: people who may not sign in. A block belongs to issuer and subject and outlives the user's record.

The block is written first and ends what is there then: a login is entered before it and ended, or finds it
and is refused, in one slot (docs/decisions/keys.md).
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from session_store import keys, lua
from session_store.commands import Commands
from session_store.endings import Act
from session_store.errors import StoreUnavailable
from session_store.events import Events
from session_store.ids import USER_PREFIX, UserId, is_id
from session_store.lifecycle import EndReason
from session_store.lookup import read_tag
from session_store.records import Block, Milliseconds, User, UserTag, decode, encode
from session_store.revocation import Revocation
from session_store.telling import tell_of_user


class Blocks:
    """Writes, reads and ends blocks."""

    def __init__(
        self, commands: Commands, revocation: Revocation, events: Events, now_ms: Callable[[], Milliseconds]
    ) -> None:
        self._commands = commands
        self._revocation = revocation
        self._events = events
        self._now_ms = now_ms

    async def put(
        self, user_id: UserId, *, until: Milliseconds | None, reason: str, by: str, operation_id: str
    ) -> Block | None:
        """See Store.block_user."""
        async with self._commands.confirmed():
            user_tag = await self._tag(user_id)
            if user_tag is None:
                return None
            block = await self._block(user_tag, user_id, until=until, reason=reason, by=by)
            if block is None:
                return None
            life = ("PXAT", until) if until is not None else ()
            # In this order, see _unlist: whoever finds no block after unlisting one is seen by its writer.
            await self._commands.run_all(
                [
                    ("SET", keys.block(user_tag), encode(block), *life),
                    ("HSET", keys.BLOCKS, user_id, user_tag),
                ]
            )
            act = Act(reason=EndReason.BLOCKED, by=by, operation_id=operation_id, note=reason)
            await self._revocation.end_all_of(user_tag, act)
        details = {"note": reason, "until_ms": "" if until is None else str(until)}
        await tell_of_user(
            self._events,
            "block",
            user_id,
            at=self._now_ms(),
            by=by,
            operation_id=operation_id,
            details=details,
        )
        return block

    async def remove(self, user_id: UserId, by: str, operation_id: str) -> bool:
        """See Store.unblock_user."""
        async with self._commands.confirmed():
            user_tag = await self._tag(user_id)
            if user_tag is None:
                return False
            block = await self.lift(user_id, user_tag)
            if block is None:
                return False
        await tell_of_user(
            self._events,
            "unblock",
            user_id,
            at=self._now_ms(),
            by=by,
            operation_id=operation_id,
            details={"note": block.reason},
        )
        return True

    async def lift(self, user_id: UserId, user_tag: UserTag) -> Block | None:
        """End the block of this user, and tell it, if one stands. Not confirmed by itself."""
        (standing,) = await self._get([keys.block(user_tag)])
        block = decode(standing, Block) if standing is not None else None
        if standing is None or block is None or block.user_id != user_id:
            block = None
        elif await self._commands.run(*lua.LIFT_BLOCK.call([keys.block(user_tag)], standing)) != 1:
            raise StoreUnavailable("the block changed while it was ended")
        await self._unlist([(user_id, user_tag)])
        return block

    async def one(self, user_id: UserId) -> Block | None:
        """See Store.block."""
        user_tag = await self._tag(user_id)
        if user_tag is None:
            return None
        (block,) = await self._of([(user_id, user_tag)])
        return block

    async def all(self) -> list[Block]:
        """See Store.blocks."""
        found = cast("list[bytes]", await self._commands.run("HGETALL", keys.BLOCKS))
        pairs = zip(found[::2], found[1::2], strict=True)
        listed = sorted(((UserId(one.decode()), UserTag(tag.decode())) for one, tag in pairs), reverse=True)
        blocks = await self._of(listed)
        with suppress(StoreUnavailable):
            await self._unlist([each for each, block in zip(listed, blocks, strict=True) if block is None])
        return [block for block in blocks if block is not None]

    async def _tag(self, user_id: UserId) -> UserTag | None:
        """Who this is; a user who was deleted while blocked is known by the block alone."""
        if not is_id(user_id, USER_PREFIX):
            return None
        tag, of_blocked = await self._commands.run_all(
            [("GET", keys.user_tag_of(user_id)), ("HGET", keys.BLOCKS, user_id)]
        )
        return read_tag(tag) or read_tag(of_blocked)

    async def _of(self, listed: Sequence[tuple[UserId, UserTag]]) -> list[Block | None]:
        """The block of each; None where none stands, or that of the same person under another id."""
        values = await self._get([keys.block(tag) for _, tag in listed])
        blocks = [decode(value, Block) if value is not None else None for value in values]
        return [
            block if block is not None and block.user_id == user_id else None
            for (user_id, _), block in zip(listed, blocks, strict=True)
        ]

    async def _unlist(self, over: Sequence[tuple[UserId, UserTag]]) -> None:
        """Take blocks that are over out of the list, and put back one that was written meanwhile."""
        if not over:
            return
        await self._commands.run("HDEL", keys.BLOCKS, *(user_id for user_id, _ in over))
        anew = [pair for pair, block in zip(over, await self._of(over), strict=True) if block is not None]
        for user_id, tag in anew:
            await self._commands.run("HSET", keys.BLOCKS, user_id, tag)

    async def _block(
        self, user_tag: UserTag, user_id: UserId, *, until: Milliseconds | None, reason: str, by: str
    ) -> Block | None:
        """The block to write: of the user as the record has it, or as the block that stands has it."""
        (record,) = await self._get([keys.user(user_tag)])
        known: User | Block | None = decode(record, User) if record is not None else None
        if not isinstance(known, User) or known.id != user_id:
            (known,) = await self._of([(user_id, user_tag)])
        if known is None:
            return None
        return Block(
            user_id=user_id,
            provider_name=known.provider_name,
            principal=known.principal,
            reason=reason,
            by=by,
            at=self._now_ms(),
            until=until,
        )

    async def _get(self, places: list[bytes]) -> list[bytes | None]:
        return cast("list[bytes | None]", await self._commands.run_all([("GET", place) for place in places]))
