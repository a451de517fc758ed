"""What the embedded store does with data that is not as it was left: drop one command, or refuse in words."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import pytest
import structlog

from session_store import StoreRefused
from tests.support.embedded import connected, embedded, running
from tests.support.program import until

FILE = "appendonlydir/appendonly.aof.1.incr.aof"


@pytest.fixture
async def data_dir(tmp_path: Path) -> Path:
    """A folder in which ten keys were written and acknowledged."""
    path = tmp_path / "store"
    async with running(path) as store, connected(store) as connection:
        for number in range(10):
            assert await connection.ask("SET", f"key{number}", "value" * 10) == "+OK"
    return path


def copies(data_dir: Path) -> list[Path]:
    return list(data_dir.glob("damaged-*"))


def data_files(data_dir: Path) -> set[Path]:
    return set(data_dir.glob("appendonlydir/*"))


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


async def keys_in(data_dir: Path) -> int:
    async with running(data_dir) as store, connected(store) as connection:
        return int((await connection.ask("DBSIZE")).removeprefix(":"))


async def refusal(data_dir: Path) -> str:
    with pytest.raises(StoreRefused) as refused:
        await embedded(data_dir).start()
    return str(refused.value)


async def test_m7_a_last_command_cut_short_is_dropped_with_a_log_line(data_dir: Path) -> None:
    content = (data_dir / FILE).read_bytes()
    (data_dir / FILE).write_bytes(content[:-3])
    with structlog.testing.capture_logs() as logs:
        assert await keys_in(data_dir) == 9
    assert [entry for entry in logs if entry["event"] == "store.cut_command_dropped"]
    assert await keys_in(data_dir) == 9


async def test_m7_more_than_a_last_command_missing_is_refused(data_dir: Path) -> None:
    content = (data_dir / FILE).read_bytes()
    (data_dir / FILE).write_bytes(content[: len(content) // 2 + 5])
    said = await refusal(data_dir)
    assert "more than a last command is missing" in said
    assert (data_dir / FILE).read_bytes() == content[: len(content) // 2 + 5]


async def test_m7_a_file_cut_between_two_commands_is_refused(data_dir: Path) -> None:
    content = (data_dir / FILE).read_bytes()
    (data_dir / FILE).write_bytes(content[: content.rindex(b"*3\r\n")])
    assert "missing" in await refusal(data_dir)


@pytest.mark.parametrize(
    ("old", "new"), [(b"$50\r\n", b"$5x\r\n"), (b"$50\r\n", b"$99\r\n"), (b"$3\r\nSET", b"$3\r\nXET")]
)
async def test_m8_damage_in_the_middle_keeps_a_copy_and_refuses(
    data_dir: Path, old: bytes, new: bytes
) -> None:
    content = (data_dir / FILE).read_bytes()
    at = content.index(old, len(content) // 2)
    damaged = content[:at] + new + content[at + len(old) :]
    (data_dir / FILE).write_bytes(damaged)
    said = await refusal(data_dir)
    assert "could not be loaded" in said
    assert "to begin anew" in said
    (copy,) = copies(data_dir)
    assert str(copy) in said
    assert (copy / Path(FILE).name).read_bytes() == damaged
    assert (data_dir / FILE).read_bytes() == damaged


async def test_m8_a_wrong_length_never_costs_the_commands_after_it(data_dir: Path) -> None:
    content = (data_dir / FILE).read_bytes()
    (data_dir / FILE).write_bytes(content.replace(b"$50\r\n", b"$9999\r\n", 1))
    assert "could not be loaded" in await refusal(data_dir)


async def test_m8_refusing_twice_keeps_one_copy(data_dir: Path) -> None:
    content = (data_dir / FILE).read_bytes()
    (data_dir / FILE).write_bytes(content.replace(b"$50\r\n", b"$5x\r\n", 1))
    await refusal(data_dir)
    assert "A copy as it was found is kept in" in await refusal(data_dir)
    assert len(copies(data_dir)) == 1


@pytest.mark.parametrize("gone", ["appendonlydir", FILE, "appendonlydir/appendonly.aof.manifest", "."])
async def test_data_that_vanished_is_refused_and_never_served_as_empty(data_dir: Path, gone: str) -> None:
    remove(data_dir / gone)
    left = data_files(data_dir)
    assert "to begin anew" in await refusal(data_dir)
    assert data_files(data_dir) == left


async def test_emptied_data_is_refused(data_dir: Path) -> None:
    (data_dir / FILE).write_bytes(b"")
    assert "missing" in await refusal(data_dir)


async def test_following_the_advice_begins_anew(data_dir: Path) -> None:
    shutil.rmtree(data_dir / "appendonlydir")
    data_dir.with_name("store.extent").unlink()
    assert await keys_in(data_dir) == 0


async def test_a_rewritten_file_is_no_loss(data_dir: Path) -> None:
    async with running(data_dir) as store, connected(store) as connection:
        await connection.ask("BGREWRITEAOF")
        await asyncio.to_thread(until, (data_dir / "appendonlydir" / "appendonly.aof.2.base.rdb").exists)
    assert await keys_in(data_dir) == 10


async def test_a_refused_start_leaves_nothing_running_and_the_folder_free(data_dir: Path) -> None:
    content = (data_dir / FILE).read_bytes()
    (data_dir / FILE).write_bytes(content.replace(b"$50\r\n", b"$5x\r\n", 1))
    await refusal(data_dir)
    assert not (data_dir / "run").is_symlink()
    (data_dir / FILE).write_bytes(content)
    assert await keys_in(data_dir) == 10


async def test_data_that_vanish_while_it_runs_are_not_served_as_empty_after_a_crash(data_dir: Path) -> None:
    store = embedded(data_dir)
    await store.start()
    supervision = asyncio.create_task(store.run())
    remove(data_dir / "appendonlydir")
    assert store.pid is not None
    os.kill(store.pid, signal.SIGKILL)
    with pytest.raises(StoreRefused, match="holds no data"):
        await supervision
    await store.stop()
