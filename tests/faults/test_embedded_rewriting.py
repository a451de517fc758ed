"""The embedded store's file is rewritten when nobody waits for it, whatever ends in the middle of it."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from session_store import EmbeddedStore, StoreRefused
from session_store.rewriting import RewriteLimits
from tests.support.embedded import connected, embedded, running
from tests.support.program import lives, until

# The looks themselves, and those of the tests, are some dozen commands a second.
LIMITS = RewriteLimits(
    smallest=100_000, smallest_base=50_000, overdue=1000, quiet_below=500, every_s=0.05, rest_s=0.1
)
OVERDUE = replace(LIMITS, overdue=4)
KEYS = 3000
FILL = "for i = 1, ARGV[1] do redis.call('SET', ARGV[2] .. i, string.rep('v', 100)) end"
READ = "for i = 1, 1000 do redis.call('GET', 'a') end"
BASE = "appendonlydir/appendonly.aof.{}.base.rdb"


@asynccontextmanager
async def rewriting(data_dir: Path, limits: RewriteLimits = LIMITS) -> AsyncIterator[EmbeddedStore]:
    """A store that is supervised until the block ends, with limits of its own."""
    store = EmbeddedStore(data_dir, server=None, log=structlog.get_logger(), limits=limits)
    await store.start()
    supervision = asyncio.create_task(store.run())
    try:
        yield store
    finally:
        await store.stop()
        await supervision


async def fill(store: EmbeddedStore, name: str = "key", keys: int = KEYS) -> None:
    """Write ``keys`` keys of more than a hundred bytes; each of them is acknowledged."""
    async with connected(store) as connection:
        assert await connection.ask("EVAL", FILL, "0", str(keys), name) == "$-1"


async def told(store: EmbeddedStore, pattern: str) -> int:
    """The number after ``pattern`` in all that INFO tells."""
    reader, writer = await asyncio.open_unix_connection(store.url.removeprefix("unix://"))
    try:
        writer.write(b"INFO everything\r\n")
        length = int((await reader.readline())[1:])
        info = (await reader.readexactly(length)).decode()
    finally:
        writer.close()
    found = re.search(rf"^{pattern}(\d+)", info, re.MULTILINE)
    return int(found[1]) if found else 0


async def reaches(store: EmbeddedStore, pattern: str, least: int) -> None:
    """Wait until the number after ``pattern`` is ``least``."""
    while True:
        if await told(store, pattern) >= least:
            return
        await asyncio.sleep(0.02)


@asynccontextmanager
async def busy(store: EmbeddedStore) -> AsyncIterator[None]:
    """Many reads a second for as long as the block goes on; it begins when the server has noticed."""

    async def read() -> None:
        async with connected(store) as connection:
            while True:
                await connection.ask("EVAL", READ, "0")

    reading = asyncio.create_task(read())
    try:
        await reaches(store, "instantaneous_ops_per_sec:", LIMITS.quiet_below)
        yield
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def many_looks(store: EmbeddedStore) -> None:
    """Wait until the watch has looked ten times more; our own questions are not its."""
    first = await told(store, "cmdstat_info:calls=")
    ours = 1
    while await told(store, "cmdstat_info:calls=") - first - ours < 10:
        ours += 1
        await asyncio.sleep(0.02)


async def restarted(store: EmbeddedStore, killed: int) -> None:
    """Wait until another server answers than the one that was killed."""
    while True:
        with suppress(OSError, EOFError, ValueError):
            if await told(store, "process_id:") != killed and await told(store, "loading:") == 0:
                return
        await asyncio.sleep(0.02)


def kill(store: EmbeddedStore) -> int:
    """Kill the server's process; its id."""
    assert store.pid is not None
    killed = store.pid
    os.kill(killed, signal.SIGKILL)
    return killed


def child_of(pid: int | None) -> int:
    """The process that rewrites."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


async def keys_in(store: EmbeddedStore) -> int:
    async with connected(store) as connection:
        return int((await connection.ask("DBSIZE")).removeprefix(":"))


async def slow_down(store: EmbeddedStore, microseconds: int) -> None:
    """Let a rewrite take so long for each key."""
    async with connected(store) as connection:
        assert await connection.ask("CONFIG", "SET", "rdb-key-save-delay", str(microseconds)) == "+OK"


async def test_the_server_never_rewrites_by_itself(tmp_path: Path) -> None:
    async with running(tmp_path / "store") as store, connected(store) as connection:
        assert await connection.setting("auto-aof-rewrite-percentage") == "0"


async def test_a_file_that_has_grown_waits_while_it_is_busy_and_is_rewritten_once_it_is_quiet(
    tmp_path: Path,
) -> None:
    async with rewriting(tmp_path / "store") as store:
        async with busy(store):
            await fill(store)
            await many_looks(store)
            assert await told(store, "aof_rewrites:") == 0
        await reaches(store, "aof_rewrites:", 1)
        await many_looks(store)
        assert await told(store, "aof_rewrites:") == 1
        assert await told(store, "aof_current_size:") < LIMITS.smallest
        assert await keys_in(store) == KEYS


async def test_a_file_that_has_grown_too_far_is_rewritten_though_it_is_busy(tmp_path: Path) -> None:
    async with rewriting(tmp_path / "store", OVERDUE) as store, busy(store):
        await fill(store)
        await reaches(store, "aof_rewrites:", 1)


async def test_a_small_file_is_left_alone(tmp_path: Path) -> None:
    async with rewriting(tmp_path / "store", OVERDUE) as store:
        await fill(store, keys=100)
        await many_looks(store)
        assert await told(store, "aof_rewrites:") == 0


async def test_the_watch_goes_on_with_the_next_server(tmp_path: Path) -> None:
    async with rewriting(tmp_path / "store") as store:
        await many_looks(store)
        await restarted(store, kill(store))
        await fill(store)
        await reaches(store, "aof_rewrites:", 1)
        assert await keys_in(store) == KEYS


async def test_killed_in_the_middle_of_a_rewrite_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "store"
    async with rewriting(path) as store:
        await slow_down(store, 1000)
        await fill(store, "before")
        await reaches(store, "aof_rewrite_in_progress:", 1)
        await fill(store, "meanwhile")
        rewriter = child_of(store.pid)
        killed = kill(store)
        assert not (path / BASE.format(2)).exists()
        await restarted(store, killed)
        assert await keys_in(store) == 2 * KEYS
        await reaches(store, "aof_rewrites:", 1)
        assert await keys_in(store) == 2 * KEYS
        # It notices within a second that its server is gone; until then it holds the folder's lock.
        await asyncio.to_thread(until, lambda: not lives(rewriter))
    async with running(path) as store:
        assert await keys_in(store) == 2 * KEYS


async def test_a_rewrite_that_failed_is_told_and_tried_again_after_its_rest(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with rewriting(tmp_path / "store") as store:
            await slow_down(store, 1000)
            await fill(store)
            await reaches(store, "aof_rewrite_in_progress:", 1)
            await slow_down(store, 0)
            os.kill(child_of(store.pid), signal.SIGKILL)
            # A failed rewrite counts as one as well.
            await reaches(store, "aof_rewrites:", 2)
            assert await keys_in(store) == KEYS
    assert len([entry for entry in logs if entry["event"] == "store.rewrite_failed"]) == 1


async def test_the_watch_ends_with_the_store(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with rewriting(tmp_path / "store") as store:
        await many_looks(store)
    assert asyncio.all_tasks() == before


async def test_the_watch_ends_with_a_store_that_is_not_started_again(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    store = embedded(tmp_path / "store")
    await store.start()
    supervision = asyncio.create_task(store.run())
    await fill(store)
    (tmp_path / "store" / "appendonlydir").rename(tmp_path / "away")
    kill(store)
    with pytest.raises(StoreRefused):
        await supervision
    await store.stop()
    assert asyncio.all_tasks() == before
