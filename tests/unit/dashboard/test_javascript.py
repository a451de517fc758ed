"""The dashboard's scripts that need no browser, by Node's own test runner.

Each ``*.test.mjs`` beside this file is one test here; what fails in it is told in Node's words.
"""

import subprocess
from pathlib import Path

import pytest

from tests.support.node_provider import NODE

_TESTS = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
_PATIENCE_S = 60


def test_there_are_tests_of_scripts() -> None:
    assert _TESTS


@pytest.mark.parametrize("path", _TESTS, ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_a_script_does_what_its_tests_say(path: Path) -> None:
    done = subprocess.run(
        [NODE, "--test", "--test-reporter=spec", path],
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
