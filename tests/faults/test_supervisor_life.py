"""The program's life: how it starts, what it says and leaves, how each signal ends it."""

import json
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import (
    CANARY,
    Program,
    Reply,
    lives,
    serving,
    until,
    upstream,
    write_configuration,
)

AT_ONCE_S = 10.0


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One program, two workers, for the tests that only look."""
    with serving(write_configuration(tmp_path_factory.mktemp("program"), workers=2)) as running:
        yield running


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_ready_means_that_both_listeners_answer(program: Program) -> None:
    told = json.loads(program.ready_file.read_text())
    assert told == {"edge": program.edge, "admin": program.admin, "pid": program.process.pid}
    assert mode(program.ready_file) == 0o600
    assert program.visit().status == 401
    assert program.ask_admin("/readyz") == Reply(200, b"{}")


def test_what_it_keeps_is_its_owners_alone(program: Program) -> None:
    assert mode(program.state) == 0o700
    assert mode(program.state / "secret") == mode(program.state / "admin-token") == 0o600


def test_the_first_token_is_an_admin_token_whose_path_alone_is_told(program: Program) -> None:
    token = (program.state / "admin-token").read_text().strip()
    assert program.ask_admin("/tokens", token).status == 200
    assert str(program.state / "admin-token") in program.log
    assert token not in program.log


def test_no_secret_is_in_an_argument_or_an_environment(program: Program) -> None:
    children = program.children()
    assert len(children) == 5
    for pid in children:
        shown = Path(f"/proc/{pid}/cmdline").read_text() + Path(f"/proc/{pid}/environ").read_text()
        assert CANARY not in shown
        assert program.store_secret not in shown


def test_a_worker_may_open_as_many_files_as_the_machine_allows(program: Program) -> None:
    limits = Path(f"/proc/{program.child('ow-worker')}/limits").read_text()
    soft, hard = next(line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files"))
    assert soft == hard


def test_hanging_up_the_terminal_changes_nothing(program: Program) -> None:
    program.process.send_signal(signal.SIGHUP)
    assert program.visit().status == 401
    assert program.process.poll() is None


def test_m31_a_second_program_on_the_same_state_is_refused_in_words(program: Program) -> None:
    folder = program.state.parent
    second = Program.serve(folder / "outerward.toml")
    said = second.end()
    assert program.ready_file.exists()
    assert second.process.returncode == 1
    assert "another outerward uses" in said
    assert "Traceback" not in said


def test_a_second_start_keeps_token_and_secret_and_sigterm_ends_with_0(tmp_path: Path) -> None:
    configuration = write_configuration(tmp_path)
    with serving(configuration) as program:
        kept = [(program.state / name).read_text() for name in ("secret", "admin-token")]
        program.process.terminate()
        program.end()
        assert program.process.returncode == 0
    with serving(configuration) as program:
        assert kept == [(program.state / name).read_text() for name in ("secret", "admin-token")]


def test_interrupted_it_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "with a blank" / ("x" * 150)
    store = 'secret = ["a secret of the tests, 32 long.."]'
    admin = f'bootstrap_token = "{"t" * 32}"'
    with serving(write_configuration(folder, store=store, admin=admin)) as program:
        assert mode(program.state) == 0o700
        assert {path.name for path in program.state.iterdir()} == {"store", "store.extent"}
        assert program.ask_admin("/tokens", "t" * 32).status == 200
        children = program.children()
        run_folder = (program.state / "store" / "run").readlink()
        program.process.send_signal(signal.SIGINT)
        program.end()
        assert program.process.returncode == 130
        assert not [pid for pid in children if lives(pid)]
        assert not program.ready_file.exists()
        assert not run_folder.exists()


def test_a_request_under_way_is_finished_and_no_other_begun(tmp_path: Path) -> None:
    with upstream() as app, serving(write_configuration(tmp_path, upstream=app.port)) as program:
        cookie = program.sign_in()
        replies: list[Reply] = []
        held = threading.Thread(target=lambda: replies.append(program.visit(cookie, "/held")))
        held.start()
        until(lambda: "/held" in app.paths)
        program.process.terminate()
        until(lambda: program.visit().status == 0)
        assert json.loads(program.ask_admin("/readyz").body) == {"edge": "draining"}
        app.release.set()
        held.join()
        assert replies == [Reply(200, b"hello")]
        program.end()
        assert program.process.returncode == 0


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    with upstream() as app, serving(write_configuration(tmp_path, upstream=app.port)) as program:
        cookie = program.sign_in()
        held = threading.Thread(target=program.visit, args=(cookie, "/held"))
        held.start()
        until(lambda: "/held" in app.paths)
        program.process.terminate()
        until(lambda: program.visit().status == 0)
        told = time.monotonic()
        program.process.terminate()
        program.end()
        assert time.monotonic() - told < AT_ONCE_S
        assert program.process.returncode == 0
        held.join()


@pytest.mark.parametrize("shared", [True, False])
def test_a_port_in_use_is_told_in_words(tmp_path: Path, shared: bool) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=shared) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        program = Program.serve(write_configuration(tmp_path), "--listen", address)
        said = program.end()
    assert program.process.returncode == 1
    assert f"cannot listen on {address}: the port is in use" in said
    assert "Traceback" not in said


def test_m8_a_damaged_store_is_told_in_words(tmp_path: Path) -> None:
    file = tmp_path / "state" / "store" / "appendonlydir" / "appendonly.aof.1.incr.aof"
    file.parent.mkdir(parents=True)
    file.write_text("nonsense")
    file.with_name("appendonly.aof.manifest").write_text(f"file {file.name} seq 1 type i\n")
    program = Program.serve(write_configuration(tmp_path))
    said = program.end()
    assert program.process.returncode == 1
    assert "could not be loaded" in said
    assert "Traceback" not in said
    assert not program.ready_file.exists()


def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"\0outerward-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + address[1:])
        with serving(write_configuration(tmp_path)):
            assert manager.recv(100) == b"READY=1"
        assert manager.recv(100) == b"STOPPING=1"
