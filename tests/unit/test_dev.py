"""The launcher: what it refuses, when it installs, and what it runs. No network, no real environment."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import dev

SOURCE = Path(dev.__file__)
REALLY_RUNS = dev.runs


class Machine:
    """A checkout with two lock files, whose programs only note that they were called."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.called: list[list[str]] = []
        self.fails: set[str] = set()
        self.programs = {"uv", "pip"}
        for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
            (root / name).write_text(f"{name} of today")

    def call(self, command: list[str], *_: object, **__: object) -> int:
        self.called.append(command)
        if "venv" in command:
            (self.root / ".venv" / "bin").mkdir(parents=True)
            (self.root / ".venv" / "bin" / "python").symlink_to(sys.executable)
        if "--editable" in command:
            (self.root / ".venv" / "bin" / "outerward").write_text("")
        return 1 if self.fails.intersection(command) else 0

    def runs(self, command: list[str]) -> bool:
        return "pip" in self.programs if "pip" in command else REALLY_RUNS(command)

    def installs(self) -> list[str]:
        """The lock files installed since the last question."""
        found = [Path(word).name for command in self.called for word in command if word.endswith(".lock")]
        self.called.clear()
        return found

    def commands(self, word: str) -> list[list[str]]:
        return [command for command in self.called if word in command]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    venv = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": str(venv / "bin" / "python"),
        "OUTERWARD": venv / "bin" / "outerward",
        "STAMP": venv / "installed-from",
        "RUNTIME_LOCK": tmp_path / "requirements.lock",
        "DEV_LOCK": tmp_path / "requirements-dev.lock",
        "PROVIDERS": tmp_path / "providers",
        "LINTERS": {"ruff check": ["ruff"], "mypy": ["mypy"]},
        "NEWER": (),
        "call": machine.call,
        "must": machine.call,
        "runs": machine.runs,
        "find_uv": lambda: "uv" if "uv" in machine.programs else "",
    }.items():
        monkeypatch.setattr(dev, name, value)
    monkeypatch.delenv("CI", raising=False)
    return machine


# What it refuses


def test_the_file_parses_on_the_oldest_python_that_should_be_told() -> None:
    ast.parse(SOURCE.read_text(), feature_version=(3, 6))


def test_an_old_python_is_told_what_is_needed_and_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "NEWER", ("no-such-python",))

    assert dev.refusal((3, 10, 2), "linux") == "Outerward needs Python 3.11 or newer, and this is 3.10.2"
    assert dev.refusal((3, 11, 0), "linux") == ""


def test_an_old_python_is_told_of_a_newer_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim, real = tmp_path / "shim", tmp_path / "real"
    shim.write_text("#!/bin/sh\nexit 127\n")
    real.write_text("#!/bin/sh\nexit 0\n")
    for program in (shim, real):
        program.chmod(0o755)
    monkeypatch.setattr(dev, "NEWER", (str(shim), str(real)))
    monkeypatch.setattr(sys, "argv", ["dev.py", "demo"])

    assert dev.refusal((3, 9, 0), "linux").endswith(f"; try: {real} dev.py demo")


@pytest.mark.parametrize("platform", ["win32", "cygwin"])
def test_windows_is_told_to_use_wsl(platform: str) -> None:
    assert "WSL" in dev.refusal((3, 11, 0), platform)


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_without_venv_it_prints_the_line_that_installs_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    machine.programs.clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else object())

    with pytest.raises(SystemExit, match=rf"apt-get install python3\.{sys.version_info.minor}-venv$"):
        dev.install(dev.RUNTIME_LOCK)
    assert machine.called == []


@pytest.mark.parametrize(
    "arguments", [[], ["dance"], ["lint", "extra"], ["install", "extra"], ["format", "."]]
)
def test_a_wrong_call_is_a_usage_error(
    machine: Machine, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(arguments) == 2
    assert "python3 dev.py VERB" in capsys.readouterr().err
    assert machine.called == []


# When it installs


def test_it_installs_once_and_again_when_the_lock_changes(machine: Machine) -> None:
    dev.install(dev.RUNTIME_LOCK)
    assert machine.installs() == ["requirements.lock"]

    dev.install(dev.RUNTIME_LOCK)
    assert machine.installs() == []

    dev.RUNTIME_LOCK.write_text("of tomorrow")
    dev.install(dev.RUNTIME_LOCK)
    assert machine.installs() == ["requirements.lock"]


def test_the_development_environment_serves_the_demo_too_but_not_the_reverse(machine: Machine) -> None:
    dev.install(dev.RUNTIME_LOCK)
    dev.install(dev.DEV_LOCK)
    dev.install(dev.RUNTIME_LOCK)

    assert machine.installs() == ["requirements.lock", "requirements-dev.lock"]


def test_a_changed_project_file_is_installed_anew(machine: Machine) -> None:
    dev.install(dev.RUNTIME_LOCK)
    machine.called.clear()
    (machine.root / "pyproject.toml").write_text("another entry point")
    dev.install(dev.RUNTIME_LOCK)

    assert machine.commands("--editable")
    assert not machine.commands("venv")


def break_interpreter(machine: Machine) -> None:
    (machine.root / ".venv" / "bin" / "python").unlink()


def move_checkout(machine: Machine) -> None:
    stamp = machine.root / ".venv" / "installed-from"
    stamp.write_text(stamp.read_text().replace(str(machine.root), "/elsewhere"))


def change_interpreter(machine: Machine) -> None:
    break_interpreter(machine)
    other = machine.root / ".venv" / "bin" / "python"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)


@pytest.mark.parametrize("damage", [break_interpreter, move_checkout, change_interpreter])
def test_an_environment_that_cannot_work_is_made_anew(
    machine: Machine, damage: Callable[[Machine], None]
) -> None:
    dev.install(dev.RUNTIME_LOCK)
    damage(machine)
    machine.called.clear()
    dev.install(dev.RUNTIME_LOCK)

    assert machine.commands("venv")
    assert machine.installs() == ["requirements.lock"]


def test_a_missing_program_is_installed_again_into_the_same_environment(machine: Machine) -> None:
    dev.install(dev.RUNTIME_LOCK)
    dev.OUTERWARD.unlink()
    machine.called.clear()
    dev.install(dev.RUNTIME_LOCK)

    assert dev.OUTERWARD.exists()
    assert not machine.commands("venv")


def test_an_environment_made_by_uv_is_made_anew_where_neither_uv_nor_pip_is_left(machine: Machine) -> None:
    dev.install(dev.RUNTIME_LOCK)
    machine.programs.clear()
    dev.install(dev.RUNTIME_LOCK)
    assert len(machine.commands("venv")) == 1

    dev.RUNTIME_LOCK.write_text("of tomorrow")
    dev.install(dev.RUNTIME_LOCK)
    assert len(machine.commands("venv")) == 2


def test_an_installation_that_broke_off_is_not_taken_for_whole(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev.install(dev.RUNTIME_LOCK)
    dev.RUNTIME_LOCK.write_text("of tomorrow")

    def breaks_off(command: list[str]) -> None:
        raise SystemExit

    monkeypatch.setattr(dev, "must", breaks_off)
    with pytest.raises(SystemExit):
        dev.install(dev.RUNTIME_LOCK)

    dev.RUNTIME_LOCK.write_text("requirements.lock of today")
    monkeypatch.setattr(dev, "must", machine.call)
    machine.called.clear()
    dev.install(dev.RUNTIME_LOCK)
    assert machine.installs() == ["requirements.lock"]


@pytest.mark.parametrize("programs", [{"uv"}, {"pip"}], ids=["uv", "pip"])
def test_packages_are_taken_by_hash_as_wheels_and_the_project_without_isolation(
    machine: Machine, programs: set[str]
) -> None:
    machine.programs = programs
    dev.install(dev.RUNTIME_LOCK)

    (packages,) = machine.commands("--require-hashes")
    assert packages[packages.index("--only-binary") + 1] == ":all:"
    (project,) = machine.commands("--editable")
    assert {"--no-deps", "--no-build-isolation", str(machine.root)} <= set(project)
    assert all(("uv" in command) == ("uv" in programs) for command in machine.called)


# What it runs


def test_the_demo_becomes_the_program_with_the_arguments_given(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[object] = []
    monkeypatch.setattr(os, "execv", lambda *arguments: became.extend(arguments))
    dev.main(["demo", "--check", "--json"])

    assert machine.installs() == ["requirements.lock"]
    assert became == [dev.OUTERWARD, [str(dev.OUTERWARD), "demo", "--check", "--json"]]


def test_install_prints_the_path_of_the_program_alone(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(["install"]) == 0
    assert capfd.readouterr().out == f"{dev.OUTERWARD}\n"


def test_lint_runs_every_linter_and_names_those_that_object(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.fails = {"ruff"}

    assert dev.main(["lint"]) == 1
    assert machine.called[-2:] == [["ruff"], ["mypy"]]
    assert "failed: ruff check\n" in capsys.readouterr().err


def test_the_tests_run_even_when_a_linter_objects_and_the_run_fails(machine: Machine) -> None:
    machine.fails = {"mypy"}

    assert dev.main(["test", "-k", "login"]) == 1
    assert machine.called[-1][-2:] == ["-k", "login"]


def test_long_tests_run_only_on_request(machine: Machine) -> None:
    dev.main(["test"])
    assert "not long" in machine.called[-1]

    dev.main(["test", "--long"])
    assert not {"not long", "--long"} & set(machine.called[-1])


def test_a_long_run_tries_the_other_pythons_and_names_those_that_fail_or_are_not_there(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shim, of_pyenv = tmp_path / "python3.99", tmp_path / ".pyenv/versions/3.98.0/bin/python3.98"
    of_pyenv.parent.mkdir(parents=True)
    for program, code in ((shim, 127), (of_pyenv, 0)):
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(dev, "NEWER", (str(shim), "python3.98", f"python3.{sys.version_info.minor}"))

    assert dev.main(["test", "--long"]) == 0
    installed, tested, tried = machine.called[-3:]
    assert installed[0] == str(of_pyenv)
    assert tested[-1] == "tests/unit"
    assert tried[-2:] == ["demo", "--check"]
    told = capsys.readouterr().err.splitlines()
    assert told[-2:] == [f"dev.py: {shim}: not found", "dev.py: python3.98: passes"]

    machine.fails = {"tests/unit"}
    assert dev.main(["test", "--long"]) == 1
    assert capsys.readouterr().err.endswith("dev.py: python3.98: fails\ndev.py: failed: python3.98\n")


@pytest.mark.parametrize(
    ("ci", "arguments", "expected"),
    [("", [], False), ("", ["--install"], True), ("true", [], True), ("false", [], False)],
)
def test_debian_packages_come_only_when_asked_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, ci: str, arguments: list[str], expected: bool
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(subprocess, "check_output", lambda *_, **__: "chromium\n")
    monkeypatch.setattr(shutil, "which", lambda name: name)
    dev.main(["test", *arguments])

    assert [command[-1] for command in machine.called if "install" in command and "apt-get" in command] == (
        ["chromium"] if expected else []
    )
    assert "--install" not in machine.called[-1]


def test_without_apt_the_missing_packages_are_named(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "check_output", lambda *_, **__: "chromium\ncurl\n")
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with pytest.raises(SystemExit, match="chromium curl"):
        dev.bring_debian_packages()


def test_the_providers_are_installed_when_their_lock_changes(machine: Machine) -> None:
    lock = dev.PROVIDERS / "package-lock.json"
    (dev.PROVIDERS / "node_modules").mkdir(parents=True)
    counts = []
    for content in ("one", "one", "two"):
        lock.write_text(content)
        dev.bring_providers()
        counts.append(len(machine.commands("ci")))

    assert counts == [1, 1, 2]
    assert all("--ignore-scripts" in command for command in machine.commands("ci"))


def test_both_locks_are_resolved_for_every_platform_and_the_smaller_one_within_the_larger(
    machine: Machine,
) -> None:
    assert dev.main(["lock", "--upgrade"]) == 0
    larger, smaller = machine.called
    assert all(
        {"--universal", "--generate-hashes", "--upgrade"} <= set(command) for command in machine.called
    )
    assert larger[larger.index("--output-file") + 1] == "requirements-dev.lock"
    assert smaller[smaller.index("--constraint") + 1] == "requirements-dev.lock"
    assert smaller[smaller.index("--output-file") + 1] == "requirements.lock"


def test_an_interrupt_ends_with_130_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(dev.PLAIN_VERBS, "lint", interrupted)

    assert dev.main(["lint"]) == 130


@pytest.mark.parametrize(("arguments", "brings"), [([], False), (["--install"], True)])
def test_the_bench_gets_its_arguments_and_its_packages_only_when_asked(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, arguments: list[str], brings: bool
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name)

    assert dev.main(["bench", "--rounds", "1", *arguments]) == 0
    assert machine.called[-1] == [dev.PYTHON, "-m", "bench", "--rounds", "1"]
    asked = {package for command in machine.commands("install") for package in command}
    assert ("nginx-light" in asked) is brings
