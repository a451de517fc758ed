"""Two workers over one store, whose commands a schedule steps, and what must not be left afterwards."""

from collections.abc import Awaitable
from dataclasses import dataclass

from session_store import ApplicationSession, BrowserSession
from tests.support.interleaving import Schedule, Stepped
from tests.support.scene import Scene, cookie


@dataclass
class Hands:
    """Two workers, each with commands that a schedule steps, over the store of ``scene``."""

    scene: Scene
    one: Scene
    two: Scene
    commands: tuple[Stepped, Stepped]

    async def race(
        self, schedule: Schedule, *, one: Awaitable[object], two: Awaitable[object] | None = None
    ) -> list[object]:
        """Run what there is under ``schedule``; the result or exception of each."""
        for commands in self.commands:
            commands.schedule = schedule
        try:
            return await schedule.run(one=one, **({} if two is None else {"two": two}))
        finally:
            for commands in self.commands:
                commands.schedule = None


async def nothing_lives(scene: Scene, *cookies: str, where: tuple[str, ...] = ("app",)) -> None:
    """Neither a check, nor a browser session, nor a list shows one of these cookies live, or any user."""
    for name in cookies:
        assert not isinstance(await scene.store.browser_session(cookie(name)), BrowserSession)
        for endpoint_name in where:
            assert not isinstance(await scene.check(name, endpoint_name), ApplicationSession)
    assert await scene.listed() == []
    assert (await scene.store.users(limit=100, before=None)).items == []
