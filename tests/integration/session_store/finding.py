"""A store with index entries as the writers make them, the rows that they lead to, and what is to be found.

The rows are kept beside the store, so that a test can draw any; the entries are on a real server.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import msgspec
import redis
from hypothesis import strategies as st

from session_store import indexes, keys
from session_store.address import parse_address
from session_store.commands import Commands
from session_store.lua import Command
from session_store.query import Finder, Wanted
from session_store.records import Context, Milliseconds, user_tag
from session_store.views import Page, SessionView, UserView
from tests.support.redis_server import RedisServer
from tests.unit.session_store.query import rows as drawn

LIFE_MS = 86_400_000


@dataclass
class Kept:
    """Rows by id, as the directory would read them; ``read`` counts how many were asked for."""

    sessions: dict[str, SessionView] = field(default_factory=dict)
    users: dict[str, UserView] = field(default_factory=dict)
    over: dict[str, SessionView] = field(default_factory=dict)
    read: int = 0

    async def session_views(self, ids: list[str]) -> list[SessionView | None]:
        self.read += len(ids)
        return [self.sessions.get(session_id) for session_id in ids]

    async def user_views(self, ids: list[str]) -> list[UserView | None]:
        self.read += len(ids)
        return [self.users.get(user_id) for user_id in ids]

    async def ended_views(self, ids: list[str]) -> list[SessionView | None]:
        self.read += len(ids)
        return [self.over.get(session_id) for session_id in ids]


@dataclass(frozen=True)
class Population:
    """Users, their live sessions, and sessions that are over."""

    users: tuple[UserView, ...]
    sessions: tuple[SessionView, ...]
    over: tuple[SessionView, ...]


@dataclass
class Found:
    """A finder over a population."""

    commands: Commands
    finder: Finder
    kept: Kept
    server: redis.Redis

    async def fill(self, population: Population) -> None:
        """Make this population the only one."""
        self.server.flushall()
        self.kept.sessions = {view.session.id: view for view in population.sessions}
        self.kept.users = {view.user.id: view for view in population.users}
        self.kept.over = {view.session.id: view for view in population.over}
        for view in population.users:
            await self.run(entering_user(view))
        for session in population.sessions:
            await self.run(entering(session))
        if population.over:
            await self.run(
                indexes.enter_ended(
                    (view.session.id, view.session.user_id, view.ended.at)
                    for view in population.over
                    if view.ended is not None
                )
            )

    async def run(self, commands: Sequence[Command]) -> None:
        for first in range(0, len(commands), 500):
            await self.commands.run_all(commands[first : first + 500])


@asynccontextmanager
async def finding(store_url: str, now_ms: Milliseconds = drawn.NOW_MS) -> AsyncIterator[Found]:
    """A finder over the store at ``store_url``, which is empty."""
    commands = Commands(parse_address(store_url), timeout_s=30)
    kept = Kept()
    try:
        yield Found(commands, Finder(commands, kept, lambda: now_ms), kept, RedisServer.looking_at(store_url))
    finally:
        await commands.close()


def entering(view: SessionView) -> list[Command]:
    """The entries of a session that has moved since it began."""
    session, activity = view.session, view.activity
    return [
        *indexes.enter_session(session, Context(ip_address="203.0.113.9")),
        *indexes.move_session(session.id, Context(ip_address="203.0.113.9"), activity.context),
        ("ZADD", keys.ACTIVE, activity.last_active, session.id),
        indexes.enter_of_user(session, LIFE_MS),
    ]


def entering_user(view: UserView) -> list[Command]:
    """The entries of a user."""
    return [*indexes.enter_user(view.user), ("ZADD", keys.USERS_ACTIVE, view.last_active, view.user.id)]


@st.composite
def populations(draw: st.DrawFn) -> Population:
    """Some people with sessions, each with a principal of their own."""
    users = tuple(
        of_user(view, number)
        for number, view in enumerate(draw(st.lists(drawn.users(), max_size=5, unique_by=id_of)))
    )
    live = draw(st.lists(drawn.sessions(), max_size=14, unique_by=id_of))
    over = draw(st.lists(drawn.ended_sessions(), max_size=8, unique_by=id_of))
    if not users:
        return Population((), (), tuple(over))
    whose = [draw(st.sampled_from(users)) for _ in [*live, *over]]
    told = [of_session(view, user) for view, user in zip([*live, *over], whose, strict=True)]
    return Population(users, tuple(told[: len(live)]), tuple(told[len(live) :]))


def of_user(view: UserView, number: int) -> UserView:
    """The same user as a person of their own."""
    principal = msgspec.structs.replace(
        view.user.principal, subject=f"{view.user.principal.subject}-{number}"
    )
    tag = user_tag(principal.issuer, principal.subject)
    return replace(view, user=msgspec.structs.replace(view.user, principal=principal, tag=tag))


def of_session(view: SessionView, user: UserView) -> SessionView:
    """The same session as one of ``user``."""
    session = msgspec.structs.replace(
        view.session,
        user_id=user.user.id,
        user_tag=user.user.tag,
        principal=user.user.principal,
        provider_name=user.user.provider_name,
    )
    return replace(view, session=session)


def newest_first(rows: Iterable[SessionView | UserView], wanted: Wanted) -> list[str]:
    """The ids of the rows that are wanted, by looking at every one."""
    return sorted((id_of(view) for view in rows if wanted.matches(view)), reverse=True)


def id_of(view: SessionView | UserView) -> str:
    return view.user.id if isinstance(view, UserView) else view.session.id


async def pages(finder: Finder, kind: str, wanted: Wanted, limit: int) -> list[str]:
    """The ids of all pages; each but the last is full, and none is empty save the only one."""
    ids: list[str] = []
    while True:
        page: Page[UserView] | Page[SessionView]
        before = ids[-1] if ids else None
        if kind == "users":
            page = await finder.users(wanted, limit, before)
        elif kind == "sessions":
            page = await finder.sessions(wanted, limit, before)
        else:
            page = await finder.ended(wanted, limit, before)
        assert len(page.items) == limit if page.more else len(page.items) <= limit
        assert page.items or not ids
        found = [id_of(view) for view in page.items]
        assert not set(found).intersection(ids)
        ids += found
        if not page.more:
            return ids
