"""Ending any number of sessions, a part at a time: what a filter finds, or those that are named.

Each part reads on from where the last one stopped, so whoever is interrupted goes on from there. The users
met so far are counted in a set of the run's own, which is gone an hour later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from session_store import keys
from session_store.commands import Commands
from session_store.directory import Directory
from session_store.endings import Act
from session_store.ids import SessionId, UserId
from session_store.lookup import tag_of
from session_store.lua import Command
from session_store.query import Wanted
from session_store.query.lookups import Equals
from session_store.records import UserTag
from session_store.revocation import Revocation
from session_store.views import Page, SessionView

MOST_AT_ONCE = 1000
"""How many sessions one part ends."""

_RUN_LASTS_S = 3600


class FindsSessions(Protocol):
    """Finds live sessions, newest first by id."""

    async def sessions(self, wanted: Wanted, limit: int, before: str | None) -> Page[SessionView]:
        """A page of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one part did. ``matched``, ``users`` and ``yours`` count from the beginning of the run.

    ``before``: the position to go on from, None at the end. ``failed``: ids that were named in vain.
    """

    matched: int
    users: int
    yours: int
    revoked: list[SessionId]
    failed: list[SessionId]
    before: str | None


class Bulk:
    """Ends sessions in parts."""

    def __init__(
        self, commands: Commands, directory: Directory, finder: FindsSessions, revocation: Revocation
    ) -> None:
        self._commands = commands
        self._directory = directory
        self._finder = finder
        self._revocation = revocation

    async def end_found(
        self,
        wanted: Wanted,
        act: Act,
        *,
        run: str,
        before: str | None,
        counted: tuple[int, int],
        own: UserTag | None,
        dry_run: bool,
    ) -> Part:
        """See Store.end_found."""
        async with self._commands.confirmed():
            page = await self._finder.sessions(wanted, MOST_AT_ONCE, before)
            ended = [] if dry_run else await self._end(page.items, act)
            if not dry_run and not page.more:
                await self._end_logins_of(wanted, act)
            matched, yours = counted
            return Part(
                matched=matched + len(page.items),
                users=await self._count_users(run, page.items),
                yours=yours + _of(own, page.items),
                revoked=ended,
                failed=[],
                before=page.items[-1].session.id if page.more else None,
            )

    async def end_named(
        self, ids: Sequence[SessionId], act: Act, *, own: UserTag | None, dry_run: bool
    ) -> Part:
        """See Store.end_named."""
        async with self._commands.confirmed():
            named = list(dict.fromkeys(ids))
            views = await self._directory.session_views(list(named))
            found = [view for view in views if view is not None]
            ended = [] if dry_run else await self._end(found, act)
            return Part(
                matched=len(found),
                users=len({view.session.user_id for view in found}),
                yours=_of(own, found),
                revoked=ended,
                failed=[each for each, view in zip(named, views, strict=True) if view is None],
                before=None,
            )

    async def _end(self, views: Sequence[SessionView], act: Act) -> list[SessionId]:
        sessions = [view.session for view in views]
        were_live = await self._revocation.end_applications(sessions, act)
        return [each.id for each, was_live in zip(sessions, were_live, strict=True) if was_live]

    async def _end_logins_of(self, wanted: Wanted, act: Act) -> None:
        """Where users were asked for whole, end their logins too: one that visits nowhere now still could."""
        for user_id in _whole_users(wanted):
            user_tag = await tag_of(self._commands, UserId(user_id))
            if user_tag is not None:
                await self._revocation.end_all_of(user_tag, act)

    async def _count_users(self, run: str, views: Iterable[SessionView]) -> int:
        """How many users the run has met; what was counted twice counts once."""
        place, users = keys.bulk_users(run), {view.session.user_id for view in views}
        commands: list[Command] = []
        if users:
            commands = [("SADD", place, *sorted(users)), ("EXPIRE", place, _RUN_LASTS_S)]
        *_, count = await self._commands.run_all([*commands, ("SCARD", place)])
        return cast("int", count)


def _whole_users(wanted: Wanted) -> list[str]:
    """The users of whom every session is wanted, where the filter says that and nothing else."""
    if wanted.filter is None or not wanted.filter.is_exact or len(wanted.conjuncts("sessions")) != 1:
        return []
    (union,) = wanted.conjuncts("sessions")
    users = [
        each.value
        for each in union
        if isinstance(each, Equals) and each.field == "application_user_id" and each.value is not None
    ]
    return users if len(users) == len(union) else []


def _of(own: UserTag | None, views: Iterable[SessionView]) -> int:
    return sum(1 for view in views if view.session.user_tag == own)
