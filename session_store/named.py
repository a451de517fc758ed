"""Names by which a provider may end sessions: logins enter them, an end by them overtakes logins under way.

Why no login that began before an end survives it: docs/decisions/keys.md. Knows no protocol; a name is any
text.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from session_store import keys, lua
from session_store.commands import Commands
from session_store.endings import Act
from session_store.errors import LoginOvertaken, StoreUnavailable
from session_store.records import (
    BrowserSession,
    CookieHash,
    Milliseconds,
    NameTag,
    StoreTime,
    UserTag,
    decode,
    name_tag,
)
from session_store.revocation import Revocation

END_REMEMBERED_MS = 20 * 60_000
"""How long an end overtakes logins that began before it; a login that takes as long is refused by itself."""

_READ_AT_ONCE = 1000


class Named:
    """Browser sessions by what their providers call them."""

    def __init__(self, commands: Commands, revocation: Revocation) -> None:
        self._commands = commands
        self._revocation = revocation

    async def enter(
        self,
        provider: str,
        names: Sequence[str],
        *,
        begun_at: StoreTime,
        cookie_hash: CookieHash,
        life: Milliseconds,
    ) -> None:
        """Make a browser session findable by ``names`` before it is written. Raises LoginOvertaken."""
        entered = await self._commands.run_all(
            [
                lua.INDEX_NAME.call(
                    [keys.named_browsers(tag), keys.named_end(tag)],
                    keys.tag(cookie_hash),
                    life,
                    begun_at,
                    END_REMEMBERED_MS,
                )
                for tag in _tags(provider, names)
            ]
        )
        if 0 in entered:
            raise LoginOvertaken("the provider ended this session after the login began")

    async def end(self, provider: str, names: Sequence[str], act: Act) -> int:
        """See Store.end_provider_sessions."""
        tags = _tags(provider, names)
        async with self._commands.confirmed():
            found = await self._commands.run_all(
                [
                    lua.END_NAME.call(
                        [keys.named_browsers(tag), keys.named_end(tag)], END_REMEMBERED_MS, _READ_AT_ONCE
                    )
                    for tag in tags
                ]
            )
            ended = 0
            for tag, some in zip(tags, cast("list[list[bytes]]", found), strict=True):
                ended += await self._end_all(tag, some, act)
            return ended

    async def _end_all(self, tag: NameTag, found: list[bytes], act: Act) -> int:
        """End ``found`` and, where that is only a part, what else is entered; how many were live."""
        index, ended = keys.named_browsers(tag), 0
        while found:
            ended += await self._end_some(found, act)
            await self._commands.run("ZREM", index, *found[::2])
            if len(found) < 2 * _READ_AT_ONCE:
                break
            some = await self._commands.run("ZRANGE", index, 0, _READ_AT_ONCE - 1, "WITHSCORES")
            found = cast("list[bytes]", some)
        return ended

    async def _end_some(self, found: list[bytes], act: Act) -> int:
        owners = await self._owners(found[::2])
        were_live = await self._revocation.end_indexed(found, act)
        with suppress(StoreUnavailable):
            for owner in dict.fromkeys(owner for owner in owners if owner is not None):
                its = [place for place, other in enumerate(owners) if other == owner]
                await self._revocation.drop(owner, [found[2 * place] for place in its])
        return sum(were_live)

    async def _owners(self, tags: Sequence[bytes]) -> list[UserTag | None]:
        """Whose the browser sessions are, as far as records stand: only the hints need to know."""
        standing = await self._commands.run_all(
            [("GET", keys.browser(keys.cookie_hash_of(tag))) for tag in tags]
        )
        return [_owner(value) for value in standing]


def _tags(provider: str, names: Sequence[str]) -> list[NameTag]:
    return [name_tag(provider, name) for name in dict.fromkeys(names)]


def _owner(value: object) -> UserTag | None:
    """The user in a stored browser session; one that cannot be read is ended all the same."""
    with suppress(StoreUnavailable):
        if isinstance(value, bytes):
            return decode(value, BrowserSession).user_tag
    return None
