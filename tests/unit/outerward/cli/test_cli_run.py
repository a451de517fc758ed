import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import outerward.demo
import outerward.supervisor
from outerward.cli import main
from outerward.config import Settings
from outerward.errors import OuterwardError


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("OUTERWARD_")]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Settings, Path | None]]:
    calls: list[tuple[Settings, Path | None]] = []

    def run_serve(settings: Settings, *, ready_file: Path | None) -> int:
        calls.append((settings, ready_file))
        return 130

    monkeypatch.setattr(outerward.supervisor, "run_serve", run_serve)
    return calls


def test_serve_hands_over_the_settings_and_returns_the_supervisors_exit_code(
    tmp_path: Path, served: list[tuple[Settings, Path | None]]
) -> None:
    (tmp_path / "o.toml").write_text('edge.workers = 1\nstore.secret = "0123456789abcdef"')
    flags = [
        "--listen",
        "127.0.0.1:1",
        "--admin-listen",
        "127.0.0.1:2",
        "--store",
        "unix:///s",
        "--workers",
        "2",
    ]
    assert main(["serve", "-c", "o.toml", *flags, "--ready-file", "ready"]) == 130
    ((settings, ready_file),) = served
    assert settings.edge.listen == ("127.0.0.1:1",)
    assert settings.admin.listen == "127.0.0.1:2"
    assert settings.store.url == "unix:///s"
    assert settings.edge.workers == 2
    assert ready_file == Path("ready")


def test_serve_logs_what_is_odd_about_the_configuration(
    tmp_path: Path, served: list[tuple[Settings, Path | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outerward.toml").write_text("")
    assert main(["serve"]) == 130
    assert served[0][1] is None
    assert "no tunnel is configured" in capsys.readouterr().err


def test_serve_does_not_start_with_a_bad_configuration(
    tmp_path: Path, served: list[tuple[Settings, Path | None]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outerward.toml").write_text("edge.listn = 1\nedge.workers = 0\n")
    assert main(["serve"]) == 78
    assert served == []
    assert capsys.readouterr().err.splitlines() == [
        "outerward.toml:1: edge.listn: unknown key (did you mean listen?)",
        'outerward.toml:2: edge.workers: must be "auto" or between 1 and 512',
    ]


def test_a_failure_of_the_supervisor_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outerward.toml").write_text("")

    def run_serve(settings: Settings, *, ready_file: Path | None) -> int:
        raise OuterwardError("the port is in use")

    monkeypatch.setattr(outerward.supervisor, "run_serve", run_serve)
    assert main(["serve"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "the port is in use"


def test_an_interrupt_is_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outerward.toml").write_text("")

    def run_serve(settings: Settings, *, ready_file: Path | None) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(outerward.supervisor, "run_serve", run_serve)
    assert main(["serve"]) == 130


def test_demo_hands_over_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, object]] = []

    def run_demo(**options: object) -> int:
        calls.append(options)
        return 0

    monkeypatch.setattr(outerward.demo, "run_demo", run_demo)
    assert main(["demo"]) == 0
    assert main(["demo", "--check", "--json", "--no-browser", "--port", "5000", "--ready-file", "r"]) == 0
    assert calls == [
        {"check": False, "json_output": False, "no_browser": False, "port": None, "ready_file": None},
        {"check": True, "json_output": True, "no_browser": True, "port": 5000, "ready_file": Path("r")},
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unknown"],
        ["serve", "--unknown"],
        ["serve", "extra"],
        ["demo", "--port", "0"],
        ["demo", "--port", "65534"],
        ["demo", "--port", "x"],
        ["config"],
        ["tokens", "create", "--name", "x"],
        ["tokens", "create", "--name", "x", "--scope", "all"],
        ["tokens", "create", "--name", "", "--scope", "read"],
        ["tokens", "create", "--name", " x", "--scope", "read"],
        ["tokens", "create", "--name", "a\nb", "--scope", "read"],
        ["tokens", "create", "--name", "x" * 101, "--scope", "read"],
        ["tokens", "create", "--name", "x", "--scope", "read", "--expires", "soon"],
        ["tokens", "create", "--name", "x", "--scope", "read", "--expires", "0"],
        ["tokens", "revoke"],
        ["sessions", "ls", "--limit", "0"],
        ["sessions", "ls", "--limit", "x"],
        ["sessions", "ls", "--admin", "ftp://a"],
        ["sessions", "ls", "--admin", "http://a/path"],
        ["sessions", "ls", "--admin", "http://user:hunter2@a"],
        ["sessions", "ls", "-q", ""],
        ["sessions", "ls", "--state", "both"],
        ["sessions", "get"],
        ["sessions", "export", "--format", "xml"],
        ["users", "block"],
        ["users", "block", "edgusr_1", "--until", "soon"],
        ["events", "ls", "--limit", "0"],
        ["healthcheck", "--admin", "nonsense"],
    ],
)
def test_a_wrong_command_line_is_2_with_words(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: outerward" in captured.err or "Error: " in captured.err
    assert "hunter2" not in captured.err


@pytest.mark.parametrize(
    "command",
    ["", "serve", "demo", "config", "config check", "tokens", "tokens create", "tokens ls", "tokens revoke",
     "sessions", "sessions ls", "sessions get", "sessions revoke", "users", "events", "tunnels",
     "healthcheck", "version"],
)  # fmt: skip
def test_every_command_has_help_that_is_not_cut(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Usage: outerward")
    assert "..." not in text.partition("\n")[2]


def test_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    project = Path(__file__).parents[4] / "pyproject.toml"
    version = capsys.readouterr().out.split()[1]
    assert f'version = "{version}"' in project.read_text()


def test_config_check_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "outerward.toml").write_text('[[tunnel]]\nname = "a"\nupstream = "http://a"\n')
    assert main(["config", "check"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "outerward.toml: ok (0 providers, 1 tunnel, 0 edge routes, 0 webhooks)\n"
    assert captured.err.startswith("warning: outerward.toml:1: tunnel[a]: leads nowhere")


def test_config_check_reads_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outerward.toml").write_text("")
    monkeypatch.setenv("OUTERWARD_EDGE_WORKERS", "0")
    assert main(["config", "check"]) == 78
    assert capsys.readouterr().err.startswith("OUTERWARD_EDGE_WORKERS: edge.workers: ")
