"""A line before places: who finds none free waits a little, and gets one in the order of coming.

Several pages of the dashboard and commands of one token at once are a moment's delay and no error.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from admin_api.places import Places

HasGone = Callable[[], bool]
"""Whether nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    """Somebody in the line; ``come`` is true once the actor has a place, and false for who has gone."""

    actor: str
    has_gone: HasGone
    come: asyncio.Future[bool]


class Line:
    """Before ``places``; ``each`` of one actor may wait at once, for ``patience_s``."""

    def __init__(self, places: Places, *, each: int, patience_s: float) -> None:
        self._places = places
        self._each = each
        self._patience_s = patience_s
        self._turns: list[_Turn] = []

    @asynccontextmanager
    async def one(self, actor: str, has_gone: HasGone) -> AsyncIterator[bool]:
        """A place for ``actor`` as long as the context lasts; gives whether it was waited for.

        Raises Problem where none became free in time, and at once where too many of the actor wait already.
        """
        waited = not self._places.take(actor)
        if waited:
            await self._wait(actor, has_gone)
        try:
            yield waited
        finally:
            self._leave(actor)

    async def _wait(self, actor: str, has_gone: HasGone) -> None:
        """Until there is a place, which is the actor's then. Raises Problem."""
        if self._count(actor) >= self._each:
            self._let_go()
        if self._count(actor) >= self._each:
            raise self._places.refused()
        turn = _Turn(actor, has_gone, asyncio.get_running_loop().create_future())
        self._turns.append(turn)
        try:
            async with asyncio.timeout(self._patience_s):
                has_place = await turn.come
        except BaseException as error:
            if turn in self._turns:
                self._turns.remove(turn)
            elif not turn.come.cancelled() and turn.come.result():
                # The place came in the moment in which nobody wanted it any more.
                self._leave(actor)
            if isinstance(error, TimeoutError):
                raise self._places.refused() from None
            raise
        if not has_place:
            raise self._places.refused()

    def _leave(self, actor: str) -> None:
        """Give a place back, and hand on what is free now."""
        self._places.leave(actor)
        self._let_go()
        for turn in tuple(self._turns):
            if not turn.come.done() and self._places.take(turn.actor):
                self._turns.remove(turn)
                turn.come.set_result(True)

    def _let_go(self) -> None:
        """Who has gone makes room for who is there."""
        for turn in tuple(self._turns):
            if not turn.come.done() and turn.has_gone():
                self._turns.remove(turn)
                turn.come.set_result(False)

    def _count(self, actor: str) -> int:
        return sum(turn.actor == actor for turn in self._turns)
