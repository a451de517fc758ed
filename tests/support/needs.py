"""The parts a test needs beyond what pip brings, named by a marker: ``@pytest.mark.needs("chromium")``.

A pytest plugin. Where a part is missing the test does not run, and one closing line names it with what it
lacks; with ``CI=true`` it fails instead. ``python -m tests.support.needs`` prints the missing Debian
packages. Tests skip for no other reason, and only here.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

LACKS = "lacks"


@dataclass(frozen=True)
class Part:
    """A program outside Python: commands that show that it runs, and the Debian packages it comes from."""

    shown_by: tuple[tuple[str, ...], ...]
    debian: tuple[str, ...]

    def present(self) -> bool:
        """Whether every command runs; a name on PATH alone may be a shim."""
        return all(map(_runs, self.shown_by))


def _runs(command: tuple[str, ...]) -> bool:
    try:
        return (
            subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
            == 0
        )
    except OSError:
        return False


def _driver() -> str:
    """Playwright's own Node, through which a test speaks to the browser; it links to a system library."""
    playwright = find_spec("playwright")
    return str(Path(playwright.origin).parent / "driver" / "node") if playwright and playwright.origin else ""


_SIMPLESAMLPHP = """
require '/usr/share/simplesamlphp/lib/_autoload.php';
exit(array_diff(['dom', 'openssl'], get_loaded_extensions()) ? 1 : 0);
"""

PARTS = {
    "autobahn": Part((("python2.7", "-c", "import autobahntestsuite"),), debian=()),
    "chromium": Part(
        (("chromium", "--version"), (_driver(), "--version")), debian=("chromium", "libatomic1")
    ),
    "curl": Part((("curl", "--version"),), debian=("curl",)),
    "docker-compose": Part((("docker-compose", "version"),), debian=("docker-compose",)),
    "faketime": Part((("faketime", "--version"),), debian=("faketime",)),
    "haproxy": Part((("haproxy", "-v"),), debian=("haproxy",)),
    "nginx": Part((("nginx", "-v"),), debian=("nginx-light",)),
    "redis-server": Part((("redis-server", "--version"),), debian=("redis-server",)),
    "simplesamlphp": Part((("php", "-r", _SIMPLESAMLPHP),), debian=("simplesamlphp", "php-cli", "php-xml")),
}


@cache
def lack(name: str) -> str:
    """Say what is missing of a part and how to get it; empty when it is there."""
    part = PARTS[name]
    return "" if part.present() else f"{name} (Debian: {', '.join(part.debian) or 'none'})"


def missing_packages() -> list[str]:
    """The Debian packages of all parts that are missing."""
    return [package for name, part in PARTS.items() if lack(name) for package in part.debian]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "needs(part, ...): programs that the test starts")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse to start a test whose parts are missing, before any of its fixtures."""
    names = [name for marker in item.iter_markers("needs") for name in marker.args]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        pytest.fail(f"tests/support/needs.py knows no part {', '.join(unknown)}", pytrace=False)
    lacks = ", ".join(filter(None, map(lack, names)))
    if lacks and os.environ.get("CI") == "true":
        pytest.fail(f"lacks {lacks}", pytrace=False)
    if lacks:
        item.user_properties.append((LACKS, lacks))
        pytest.skip(f"lacks {lacks}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name in one line every test that did not run, with what it lacks."""
    skipped: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        for lacks in _properties(report):
            skipped.setdefault(lacks, []).append(report.nodeid)
    if skipped:
        told = "; ".join(f"{', '.join(tests)}: lacks {lacks}" for lacks, tests in skipped.items())
        terminalreporter.write_line(f"NOT RUN {told}", yellow=True)


def _properties(report: pytest.TestReport) -> Iterator[str]:
    """What a report says that its test lacked; it has travelled from another process."""
    return (str(value) for name, value in report.user_properties if name == LACKS)


if __name__ == "__main__":
    sys.stdout.write("\n".join(missing_packages()) + "\n")
