"""``config check --online``: whether what a configuration names is there, asked as the program itself asks.

Everything is asked at once and within bounds; nothing is changed. How each thing is asked stands elsewhere.
"""

import asyncio
from collections.abc import Awaitable

from idp_adapters import LoginError, Threads
from outerward.config.findings import Clock, Finding, NotThere, State
from outerward.config.online_places import ask_store, reach_upstream
from outerward.config.online_providers import ask_provider
from outerward.config.schema import Settings
from session_store import StoreError

PATIENCE_S = 10.0
"""For each check, all of which run at once; a single request of a provider has half of it."""


def check_online(settings: Settings) -> list[Finding]:
    """Ask all that ``settings`` name, at once: a finding for each provider, store, upstream and the clock."""
    return asyncio.run(_check(settings))


async def _check(settings: Settings) -> list[Finding]:
    clock = Clock()
    threads = Threads(lambda: None)
    try:
        found = await asyncio.gather(
            *(
                _checked(f"provider {name}", ask_provider(name, each, clock, threads))
                for name, each in settings.provider.items()
            ),
            _checked("store", ask_store(settings)),
            *(_checked(f"upstream of {tunnel.name}", reach_upstream(tunnel)) for tunnel in settings.tunnel),
        )
    finally:
        threads.close()
    return [*found, clock.finding()]


async def _checked(what: str, check: Awaitable[str]) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return Finding(what, State.OK, await check)
    except TimeoutError:
        return Finding(what, State.FAILED, f"no answer within {PATIENCE_S:g} s")
    except LoginError as error:
        return Finding(what, State.FAILED, error.detail or error.reason.replace("_", " "))
    except (NotThere, StoreError) as error:
        return Finding(what, State.FAILED, str(error))
    except OSError as error:
        return Finding(what, State.FAILED, error.strerror or str(error))
