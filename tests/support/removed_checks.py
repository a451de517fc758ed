"""Each security check of a protocol, taken away in turn in a copy of the checkout: a test must then fail.

A ``Removal`` says what is replaced by what, and which tests are asked. ``run`` tries one and names the test
that failed. ``python -m tests.support.removed_checks`` tries all and writes ``docs/removed-checks.md``.
"""

import compileall
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).parents[2]
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", re.MULTILINE)
_LEFT_OUT = shutil.ignore_patterns(
    ".venv", ".git", ".hypothesis", "*_cache", "__pycache__", "node_modules", "*.egg-info"
)
_ARGUMENTS = (
    *("-q", "-x", "--no-header", "--assert=plain", "-p", "no:cacheprovider"),
    *("-p", "pytest_timeout", "-p", "pytest_asyncio.plugin", "-p", "pytest_aiohttp.plugin"),
)
"""With the plugins that are needed alone: the others take longer than most of these tests."""


@dataclass(frozen=True)
class Edit:
    """``old`` stands in ``file`` exactly once; ``new`` comes in its place."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Removal:
    """One check, which is gone once ``edits`` are made: several where two layers make the same one."""

    check: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """What is edited, each file once."""
        return tuple(dict.fromkeys(edit.file for edit in self.edits))


def removals(file: str, tests: Sequence[str], *rows: tuple[str, ...]) -> tuple[Removal, ...]:
    """Checks of one ``file`` that the same ``tests`` watch: each row has its words, old text and new text.

    Where there is no new text, the old is an ``if`` or ``elif`` whose condition never holds any more.
    """
    return tuple(_removal(file, tests, *row) for row in rows)


def _removal(file: str, tests: Sequence[str], check: str, old: str, new: str | None = None) -> Removal:
    if new is None:
        new = "elif False:" if old.startswith("elif ") else "if False:"
    return Removal(check, (Edit(file, old, new),), tuple(tests))


class Copy:
    """A copy of the checkout in ``folder`` whose tests can be run."""

    def __init__(self, folder: Path, warm: "subprocess.Popen[str]") -> None:
        self.folder = folder
        self._warm = warm

    def first_failure(self, tests: Sequence[str]) -> str:
        """The first of ``tests`` that fails, "" where none does. Raises AssertionError if they cannot run."""
        output = self.folder / "pytest.out"
        assert self._warm.stdin is not None
        assert self._warm.stdout is not None
        print(json.dumps([[*_ARGUMENTS, *tests], str(output)]), file=self._warm.stdin, flush=True)
        code = self._warm.stdout.readline().strip()
        told = output.read_text(errors="replace")
        found = _FAILED.search(told)
        assert code == "0" or (code == "1" and found is not None), f"pytest ended with {code}: {told[-3000:]}"
        return found[1] if found is not None and code == "1" else ""


@contextmanager
def copied() -> Iterator[Copy]:
    """A copy that uses the same environment, compiled in such a way that every edit is seen."""
    with tempfile.TemporaryDirectory(prefix="outerward-removed-") as place:
        folder = Path(place) / "checkout"
        shutil.copytree(ROOT, folder, symlinks=True, ignore=_LEFT_OUT)
        compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        modules = Path("tests/providers/node_modules")
        if (ROOT / modules).exists():
            (folder / modules).symlink_to(ROOT / modules)
        with _warmed(folder) as warm:
            yield Copy(folder, warm)


@contextmanager
def _warmed(folder: Path) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        [sys.executable, "-B", "-m", "tests.support.warm_pytest"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process


def run(removal: Removal, copy: Copy) -> str:
    """The test that fails in ``copy`` without the check; "" where none does. The copy is mended after."""
    whole = {file: (copy.folder / file).read_text() for file in removal.files}
    edited = dict(whole)
    for edit in removal.edits:
        times = edited[edit.file].count(edit.old)
        assert times == 1, f"{removal.check}: {times} times in {edit.file}: {edit.old}"
        edited[edit.file] = edited[edit.file].replace(edit.old, edit.new)
    try:
        _write(copy, edited)
        return copy.first_failure(removal.tests)
    finally:
        _write(copy, whole)


def _write(copy: Copy, texts: dict[str, str]) -> None:
    for file, text in texts.items():
        (copy.folder / file).write_text(text)


def report(results: dict[Removal, str], began: datetime.datetime) -> str:
    """The page that tells which test watches which check."""
    missed = sum(1 for test in results.values() if not test)
    told = f"{len(results)} checks removed, {missed} not noticed."
    lines = [
        "# Checks, and the tests that fail without them",
        "",
        "Each line is a check that was taken out of a copy of the checkout, and the first test that failed.",
        "With all checks in place none of these tests fails.",
        "Where two layers make the same check, both were taken out.",
        "Made by `python -m tests.support.removed_checks`; a part of `python3 dev.py test --long`.",
        "",
        f"Run on {began:%d %B %Y}, CPython {sys.version.split()[0]}, {os.cpu_count()} cores. {told}",
        "",
        "| check | in | noticed by |",
        "|---|---|---|",
        *(_line(removal, test) for removal, test in results.items()),
        "",
    ]
    return "\n".join(lines)


def _line(removal: Removal, test: str) -> str:
    files = ", ".join(f"`{file}`" for file in removal.files)
    noticed = "`{}`".format(test.replace("|", "\\|")) if test else "**nothing**"
    return f"| {removal.check} | {files} | {noticed} |"


def main() -> int:
    """Try all, write the page; 1 where a check is not watched."""
    from tests.support.removals import ALL_TESTS, REMOVALS

    began = datetime.datetime.now(datetime.UTC)
    results = {}
    with copied() as copy:
        broken = copy.first_failure(ALL_TESTS)
        if broken:
            print(f"{broken} fails with all checks in place", file=sys.stderr)
            return 1
        for removal in REMOVALS:
            results[removal] = run(removal, copy)
            print(f"{results[removal] or 'NOTHING':<110} {removal.check}", flush=True)
    (ROOT / "docs" / "removed-checks.md").write_text(report(results, began))
    return 1 if not all(results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
