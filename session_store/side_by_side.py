"""Many alike things done a batch at a time, some batches side by side. Knows no store.

The server makes what it has read from all connections durable at once, so that batches of several connections
share what one alone would wait for; and it reads little of each in one turn, so that nobody waits for all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def in_batches(
    things: Sequence[T], size: int, do: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, at_once: int
) -> list[R]:
    """What ``do`` makes of each of ``things``, in their order; it is given ``size`` of them at most.

    ``at_once``: how many batches are under way side by side.

    Raises what ``do`` raises, once no batch is under way any more; what comes after is not begun.
    """
    batches = [things[first : first + size] for first in range(0, len(things), size)]
    if len(batches) == 1:
        return list(await do(batches[0]))
    done: list[Sequence[R]] = [()] * len(batches)
    left = iter(enumerate(batches))
    failed: list[BaseException] = []

    async def work() -> None:
        for place, batch in left:
            try:
                done[place] = await do(batch)
            except Exception as error:
                failed.append(error)
            if failed:
                return

    await asyncio.gather(*(work() for _ in range(min(at_once, len(batches)))))
    if failed:
        raise failed[0]
    return [each for some in done for each in some]
