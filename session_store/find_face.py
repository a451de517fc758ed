"""The store as whoever looks for users and sessions sees it; ``Store`` is this and more."""

from collections.abc import Sequence

from session_store.accesses import Accesses
from session_store.blocks import Blocks
from session_store.directory import Directory
from session_store.familiar import Familiar
from session_store.ids import EndpointId, SessionId, UserId
from session_store.query import Count, Finder, Kind, Wanted
from session_store.records import Access, Block, UserTag
from session_store.views import Page, SessionView, UserView

EVERYTHING = Wanted()


class FindFace:
    """Users and sessions, live or over. Lists are newest first by id, ``before`` is an exclusive position.

    No page that is empty has ``more``. Each list raises TooBroad where it would read too much.
    """

    _directory: Directory
    _finder: Finder
    _accesses: Accesses
    _blocks: Blocks

    async def users(self, *, limit: int, before: str | None, wanted: Wanted = EVERYTHING) -> Page[UserView]:
        """Users."""
        return await self._finder.users(wanted, limit, before)

    async def user(self, user_id: UserId) -> UserView | None:
        """One user."""
        return await self._directory.user(user_id)

    async def sessions(
        self, *, limit: int, before: str | None, wanted: Wanted = EVERYTHING
    ) -> Page[SessionView]:
        """Live application sessions."""
        return await self._finder.sessions(wanted, limit, before)

    async def session(self, session_id: SessionId) -> SessionView | None:
        """One live application session; None at once when it ended, expired or went idle."""
        return await self._directory.session(session_id)

    async def ended_sessions(
        self, *, limit: int, before: str | None, wanted: Wanted = EVERYTHING
    ) -> Page[SessionView]:
        """Application sessions that are over, as long as they are kept; known within seconds of an end."""
        return await self._finder.ended(wanted, limit, before)

    async def user_sessions(self, tag: UserTag) -> list[SessionView]:
        """A user's live application sessions, newest first by id; 500 at most."""
        return await self._directory.user_sessions(tag)

    async def sessions_at(self, ids: Sequence[EndpointId]) -> list[int]:
        """How many live sessions there are at each endpoint, by the index: seconds behind what time ends."""
        return await self._directory.count_at(ids)

    async def count(self, kind: Kind, wanted: Wanted = EVERYTHING) -> Count:
        """How many there are."""
        return await self._finder.count(kind, wanted)

    async def accesses(self, session_id: SessionId) -> list[Access] | None:
        """The history of a session, live or over, the latest access first; None where it is not known."""
        return await self._accesses.of_session(session_id)

    async def familiar(self, user_id: UserId) -> list[Familiar]:
        """The devices and countries that a user has come from, as far as is remembered, the latest first."""
        return await self._accesses.familiar(user_id)

    async def block(self, user_id: UserId) -> Block | None:
        """The block of the person with this id, a user's or of one who was deleted while blocked."""
        return await self._blocks.one(user_id)

    async def blocks(self) -> list[Block]:
        """Who may not sign in, newest user first."""
        return await self._blocks.all()
