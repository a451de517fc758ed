"""What a store holds for a session: by the server's own account, in all and by kind of key."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import redis.asyncio

_AT_ONCE = 1000
_SAMPLED = 20_000


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of memory for each of ``sessions``: of all that the server has allocated, and by kind of key."""

    sessions: int
    each: float
    kinds: Mapping[str, float]


async def measure(url: str, sessions: int) -> Held:
    """Ask the server at ``url``, which has these sessions and nothing else."""
    client = redis.asyncio.Redis.from_url(url)
    try:
        info = await client.info("memory")
        used = info["used_memory"] - info["used_memory_startup"]
        return Held(sessions, used / sessions, await _by_kind(client, sessions))
    finally:
        await client.aclose()


async def _by_kind(client: redis.asyncio.Redis, sessions: int) -> dict[str, float]:
    sums: defaultdict[str, int] = defaultdict(int)
    seen: defaultdict[str, int] = defaultdict(int)
    found: defaultdict[str, int] = defaultdict(int)
    cursor = 0
    while True:
        cursor, some = await client.scan(cursor, count=_AT_ONCE)
        async with client.pipeline(transaction=False) as pipeline:
            asked = []
            for key in some:
                kind = kind_of(cast("bytes", key))
                found[kind] += 1
                if found[kind] <= _SAMPLED:
                    asked.append(kind)
                    pipeline.memory_usage(key, samples=0)
            for kind, size in zip(asked, await pipeline.execute(), strict=True):
                sums[kind] += cast("int | None", size) or 0
                seen[kind] += 1
        if not cursor:
            break
    return {kind: sums[kind] / seen[kind] * found[kind] / sessions for kind in sums}


def kind_of(key: bytes) -> str:
    """What stands before the part of a key that differs: ``ow:a:``; an index is its own kind."""
    text = key.decode(errors="replace")
    if text.startswith("ow:x:"):
        return text
    return ":".join(text.split(":")[:2]) + ":"


def told(held: Held, goal: float) -> str:
    """The figure beside its goal, and where it goes."""
    parts = sorted(held.kinds.items(), key=lambda part: -part[1])
    shown = ", ".join(f"`{kind}` {size:.0f}" for kind, size in parts if size >= 1)
    return (
        f"{held.sessions:,} sessions: {held.each:.0f} bytes each (goal: {goal:.0f}), of which by MEMORY USAGE"
        f" {shown}"
    )
