"""Logins with names and a memory, ends by names, and a look at what must not be left."""

import msgspec

from session_store import ApplicationSession, BrowserSession, EndReason, StoreTime
from tests.support.scene import DAY_MS, Scene, cookie, person

PROVIDER = person("anybody").provider
OTHER_PROVIDER = "partner"


async def sign_in(
    scene: Scene,
    by: str,
    *names: str,
    who: str = "ada",
    memory: bytes = b"",
    begun_at: StoreTime | None = None,
    provider: str = PROVIDER,
    lasts_ms: int = DAY_MS,
) -> BrowserSession:
    """A login whose provider may call the session by ``names``."""
    return await scene.store.complete_login(
        msgspec.structs.replace(person(who), provider=provider),
        provider_name="Corp",
        begun_at=await scene.store.now() if begun_at is None else begun_at,
        scope="app.example.com",
        cookie_hash=cookie(by),
        expires_at=scene.clock() + lasts_ms,
        names=names,
        memory=memory,
    )


async def end(scene: Scene, *names: str, provider: str = PROVIDER) -> int:
    """End what the provider calls by any of ``names``."""
    return await scene.store.end_provider_sessions(provider, names, EndReason.BACK_CHANNEL, "corp")


async def lives(scene: Scene, by: str, *where: str) -> bool:
    """Whether the browser session, or a session at any of ``where``, lives."""
    checks = [await scene.check(by, place) for place in where or ("app",)]
    browser = await scene.store.browser_session(cookie(by))
    return isinstance(browser, BrowserSession) or any(isinstance(one, ApplicationSession) for one in checks)
