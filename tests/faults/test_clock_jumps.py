"""The machine's clock is set while the program runs: sessions go by it, waiting does not."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import Program, serving, until, upstream, write_configuration

pytestmark = pytest.mark.needs("faketime")

YEAR_S = 365 * 86400


class Clock:
    """What the program takes for the time: the real one, moved by the seconds in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.move(0)

    def move(self, ahead_s: int) -> None:
        """Be ahead of the real time by so many seconds."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{ahead_s:+d}\n")
        fresh.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(tmp_path / "clock")
    library = subprocess.run(
        ["faketime", "-m", "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True
    )
    monkeypatch.setenv("LD_PRELOAD", library.stdout.strip())
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(tmp_path / "clock"))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    return clock


@pytest.fixture
def program(tmp_path: Path, clock: Clock) -> Iterator[Program]:
    with upstream() as app, serving(write_configuration(tmp_path, upstream=app.port)) as running:
        yield running


def test_m28_a_session_outlives_small_jumps_and_no_request_waits(program: Program, clock: Clock) -> None:
    cookie = program.sign_in()
    for ahead_s in (0, 1, -1, 1800, -3600, 0):
        clock.move(ahead_s)
        assert program.visit(cookie).status == 200
        assert program.ask_admin("/readyz").status == 200


def test_m28_after_jumps_of_years_the_program_serves_and_has_told(program: Program, clock: Clock) -> None:
    old = program.sign_in()
    clock.move(10 * YEAR_S)
    until(lambda: "clock_jumped" in program.log)
    assert program.visit(old).status == 401
    clock.move(-10 * YEAR_S)
    assert program.visit(old).status in (200, 401)
    until(lambda: program.log.count("clock_jumped") >= 2)
    clock.move(0)
    until(lambda: program.log.count("clock_jumped") >= 3)
    assert program.visit(old).status in (200, 401)
    assert program.visit(program.sign_in("grace")).status == 200
    assert program.process.poll() is None
    assert "process.ended" not in program.log
