"""The embedded store's folder and life: one owner, private, gone with its parent, back after a kill."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from session_store import StoreRefused, die_with_parent
from tests.support.embedded import connected, embedded, running
from tests.support.program import REPOSITORY, lives

BACK_S = 2.0


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def there(path: Path) -> bool:
    return path.exists()


def tcp_sockets(pid: int | None) -> list[str]:
    """The open files of a process that are TCP sockets."""
    names = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    inodes = {line.split()[9] for table in tables for line in table.read_text().splitlines()[1:]}
    return [name for name in names if name.strip("socket:[]") in inodes]


async def test_a_second_instance_on_the_same_folder_is_refused_in_words(tmp_path: Path) -> None:
    async with running(tmp_path / "store"):
        with pytest.raises(StoreRefused, match="another outerward uses"):
            await embedded(tmp_path / "store").start()


async def test_the_folder_can_be_used_again_after_a_stop(tmp_path: Path) -> None:
    async with running(tmp_path / "store") as store, connected(store) as connection:
        await connection.ask("SET", "kept", "yes")
    async with running(tmp_path / "store") as store, connected(store) as connection:
        assert await connection.ask("GET", "kept") == "$3"


@pytest.mark.parametrize(
    "name", ["with spaces and 'quotes' \"both\"", "x" * 200 + "/" + "y" * 200, "line\nbreak", "grün # \\x41"]
)
async def test_any_path_works(tmp_path: Path, name: str) -> None:
    async with running(tmp_path / name / "store") as store, connected(store) as connection:
        assert await connection.ask("SET", "key", "value") == "+OK"
    assert (tmp_path / name / "store" / "appendonlydir").is_dir()


async def test_folder_and_socket_are_their_owners_alone_and_no_port_is_open(tmp_path: Path) -> None:
    async with running(tmp_path / "store") as store, connected(store) as connection:
        socket = Path(store.url.removeprefix("unix://"))
        assert [mode(path) for path in (tmp_path / "store", socket.parent, socket)] == [0o700, 0o700, 0o600]
        assert await connection.ask("PING") == "+PONG"
        assert not tcp_sockets(store.pid)
    assert not there(socket.parent)


async def test_a_write_is_on_disk_before_its_answer_and_nothing_is_evicted(tmp_path: Path) -> None:
    async with running(tmp_path / "store") as store, connected(store) as connection:
        assert await connection.setting("appendonly") == "yes"
        assert await connection.setting("appendfsync") == "always"
        assert await connection.setting("maxmemory-policy") == "noeviction"


async def test_a_folder_that_others_could_enter_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir(mode=0o755)
    async with running(tmp_path / "store"):
        assert mode(tmp_path / "store") == 0o700


async def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreRefused, match=r"file/store cannot be used: Not a directory"):
        await embedded(tmp_path / "file" / "store").start()


async def test_a_program_that_is_no_server_is_refused_in_words(tmp_path: Path) -> None:
    store = embedded(tmp_path / "store")
    store._server = Path("/bin/true")
    with pytest.raises(StoreRefused, match="not a redis-server or valkey-server"):
        await store.start()


async def test_a_missing_program_is_refused_in_words(tmp_path: Path) -> None:
    store = embedded(tmp_path / "store")
    store._server = tmp_path / "nothing"
    with pytest.raises(StoreRefused, match="cannot be run: No such file"):
        await store.start()


async def test_killed_under_load_it_is_back_and_no_acknowledged_write_is_lost(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    async with running(tmp_path / "store") as store:
        written = asyncio.Event()

        async def write(lane: int) -> None:
            number = 0
            while len(acknowledged) < 3000:
                try:
                    async with connected(store) as connection:
                        while len(acknowledged) < 3000:
                            number += 1
                            assert await connection.ask("SET", f"{lane}.{number}", "x" * 100) == "+OK"
                            acknowledged.add(f"{lane}.{number}")
                            if len(acknowledged) % 500 == 0:
                                written.set()
                except (ConnectionError, AssertionError):
                    continue

        writers = [asyncio.create_task(write(lane)) for lane in range(8)]
        for _ in range(3):
            await written.wait()
            written.clear()
            if store.pid is not None:
                os.kill(store.pid, signal.SIGKILL)
        await asyncio.gather(*writers)
        async with connected(store) as connection:
            lost = [key for key in acknowledged if await connection.ask("GET", key) == "$-1"]
    assert not lost


async def test_it_is_back_within_two_seconds_of_a_kill(tmp_path: Path) -> None:
    async with running(tmp_path / "store") as store:
        assert store.pid is not None
        os.kill(store.pid, signal.SIGKILL)
        killed = time.monotonic()
        answer = ""
        while answer != "+PONG":
            try:
                async with connected(store) as connection:
                    answer = await connection.ask("PING")
            except ConnectionError:
                continue
        assert time.monotonic() - killed < BACK_S


PARENT = """
import asyncio, sys
from pathlib import Path
from tests.support.embedded import running
async def main():
    async with running(Path(sys.argv[1])) as store:
        print("PID", store.pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_it_ends_with_its_parent_and_the_next_one_takes_over(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(tmp_path / "store")), stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    assert parent.stdout is not None
    server = 0
    while not server:
        line = await parent.stdout.readline()
        server = int(line.split()[1]) if line.startswith(b"PID ") else 0
    parent.kill()
    await parent.communicate()
    left_behind = (tmp_path / "store" / "run").readlink()
    async with running(tmp_path / "store") as store, connected(store) as connection:
        assert await connection.ask("PING") == "+PONG"
        assert not there(left_behind)
        assert not lives(server)


def test_where_the_kernel_keeps_no_watch_a_held_pipe_ends_the_program() -> None:
    held, ours = os.pipe()
    stay = "import sys, session_store.die_with_parent as d; sys.exit(d.stay(int(sys.argv[1]), sys.argv[2:]))"
    with subprocess.Popen(
        [sys.executable, "-c", stay, str(held), "/bin/cat"], pass_fds=[held], stdin=subprocess.PIPE
    ) as process:
        os.close(held)
        os.close(ours)
        assert process.wait(timeout=20) != 0


def test_a_parent_that_is_gone_already_starts_nothing() -> None:
    command = [sys.executable, "-I", "-S", die_with_parent.__file__, "1", "9", "/bin/echo", "started"]
    done = subprocess.run(command, capture_output=True, check=False, pass_fds=[9] if _open(9) else [])
    assert done.stdout == b""


def _open(descriptor: int) -> bool:
    return os.dup2(os.open(os.devnull, os.O_RDONLY), descriptor) == descriptor
