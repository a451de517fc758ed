"""The marker that names the programs a test starts: without them it is named, and in CI it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import needs

ROOT = Path(__file__).parents[2]
SUITE = """
import pytest

@pytest.fixture
def costly():
    raise RuntimeError("set up although a part is missing")

@pytest.mark.needs("curl", "chromium")
def test_with_two_parts(costly): ...

def test_without_parts(): ...
"""


def outcome(folder: Path, *arguments: str, path: str = "/nowhere", ci: str = "", suite: str = SUITE) -> str:
    (folder / "test_suite.py").write_text(suite)
    command = [sys.executable, "-m", "pytest", "-p", "no:valkey", "-p", "no:cacheprovider"]
    command += [
        "-p",
        "tests.support.needs",
        "--strict-markers",
        "--rootdir",
        str(folder),
        *arguments,
        str(folder),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path, "CI": ci}
    environment |= {"PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, check=False, stdout=subprocess.PIPE, text=True
    ).stdout


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "xdist"])
def test_a_test_without_its_programs_is_named_in_one_line_with_what_it_lacks(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    told = outcome(tmp_path, *workers)

    lines = [line for line in told.splitlines() if line.startswith("NOT RUN")]
    lacks = "lacks curl (Debian: curl), chromium (Debian: chromium, libatomic1)"
    assert lines == [f"NOT RUN test_suite.py::test_with_two_parts: {lacks}"]
    assert "1 passed, 1 skipped" in told


def test_in_ci_a_missing_program_is_a_failure(tmp_path: Path) -> None:
    told = outcome(tmp_path, ci="true")

    assert "1 passed, 1 error" in told
    assert "lacks curl" in told
    assert "NOT RUN" not in told


def test_with_its_programs_a_test_runs(tmp_path: Path) -> None:
    for name in ("curl", "chromium"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
    told = outcome(tmp_path, path=str(tmp_path), suite=SUITE.replace("raise RuntimeError", "str"))

    assert "2 passed" in told


def test_a_name_on_path_that_does_not_run_is_a_missing_program(tmp_path: Path) -> None:
    shim = tmp_path / "curl"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)

    assert not needs.Part(((str(shim),),), debian=("curl",)).present()


def test_a_part_is_missing_when_one_of_its_programs_is() -> None:
    both = needs.Part((("true",), ("/nowhere/node",)), debian=("chromium", "libatomic1"))

    assert not both.present()


def test_an_unknown_part_is_a_failure_and_no_silent_skip(tmp_path: Path) -> None:
    told = outcome(tmp_path, suite=SUITE.replace('"chromium"', '"cromium"'))

    assert "knows no part cromium" in told
    assert "1 passed, 1 error" in told
