"""``python -m outerward`` as a process of its own: exit codes, streams, signals."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.integration.cli.conftest import Script

ROOT = Path(__file__).parents[3]


def start(*arguments: str | bytes, folder: Path, **environ: str) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OUTERWARD_")}
    return subprocess.Popen(
        [sys.executable, "-m", "outerward", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(*arguments: str | bytes, folder: Path, **environ: str) -> tuple[int, str, str]:
    process = start(*arguments, folder=folder, **environ)
    out, err = process.communicate(timeout=60)
    assert b"Traceback" not in err
    return process.returncode, out.decode(), err.decode()


def test_a_bad_configuration_is_78_with_one_error_a_line(tmp_path: Path) -> None:
    (tmp_path / "outerward.toml").write_text('[edge]\nlistn = "x"\nworkers = 0\n')
    expected = (
        "outerward.toml:2: edge.listn: unknown key (did you mean listen?)\n"
        'outerward.toml:3: edge.workers: must be "auto" or between 1 and 512\n'
    )
    assert ended("config", "check", folder=tmp_path) == (78, "", expected)
    assert ended("serve", folder=tmp_path) == (78, "", expected)


def test_an_unknown_command_and_bytes_that_are_no_text_are_2(tmp_path: Path) -> None:
    code, out, err = ended(b"\xff\xfe", folder=tmp_path)
    assert (code, out) == (2, "")
    assert "No such command" in err


def test_an_interrupt_while_waiting_is_130(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = start("healthcheck", "--admin", url, folder=tmp_path)
        connection, _ = silent.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (130, b"")


def test_a_reader_that_goes_away_is_no_complaint(tmp_path: Path, script: Script) -> None:
    rows = [{"id": f"edgses_{number}"} for number in range(20_000)]
    script.will_answer(200, {"application_sessions": rows, "uri": "", "next_page_uri": None})
    process = start("sessions", "ls", "--admin", script.url, folder=tmp_path, OUTERWARD_ADMIN_TOKEN="t")
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_output_that_cannot_be_written_is_1_in_words(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "outerward", "version"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"the command failed: No space left on device\n")
