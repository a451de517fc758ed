"""``config show`` and ``config schema`` as a person and as a program see them."""

import json
import sys
from pathlib import Path

import pytest

from outerward.cli import main
from outerward.config.json_schema import json_schema

TEXT = """
[edge]
listen = ["127.0.0.1:1"]
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "canary"
client_secret = "env:CORP_SECRET"
display_name = "[bold]Corp\\u001b[2J"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORP_SECRET", "canary")
    (tmp_path / "o.toml").write_text(TEXT)
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert main(["config", "show", "-c", "o.toml", *more]) == 0
    captured = capsys.readouterr()
    assert "canary" not in captured.out + captured.err
    return captured.out


def test_a_program_gets_a_line_of_json_for_each_value(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [json.loads(line) for line in shown(capsys).splitlines()]

    assert {"key": "edge.listen", "value": ["127.0.0.1:1"], "origin": "o.toml:3"} in rows
    assert {"key": "edge.workers", "value": "auto", "origin": "default"} in rows
    assert {"key": "provider.corp.client_secret", "value": "********", "origin": "o.toml:8"} in rows


def test_a_person_gets_a_table_unless_json_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    table = [line.split() for line in shown(capsys).splitlines()]

    assert ["edge.listen", '["127.0.0.1:1"]', "o.toml:3"] in table
    assert ["edge.public_url", "-", "default"] in table
    assert ["provider.corp.display_name", "[bold]Corp\\x1b[2J", "o.toml:9"] in table
    assert shown(capsys, "--json").startswith("{")


def test_what_is_wrong_is_said_instead(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "o.toml").write_text("edge.listn = 1")

    assert main(["config", "show", "-c", "o.toml"]) == 78
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("o.toml:1: edge.listn: unknown key")


def test_the_schema_is_printed_as_json_without_a_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()
