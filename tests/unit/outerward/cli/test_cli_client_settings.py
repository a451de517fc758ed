from pathlib import Path

import pytest

from outerward import usual_files
from outerward.cli.client_settings import load_client_settings
from outerward.errors import ConfigErrors


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(usual_files, "USUAL_FILES", (Path("outerward.toml"),))
    return tmp_path


def test_a_client_needs_no_file(folder: Path) -> None:
    found = load_client_settings(None, {})
    assert (found.state, found.admin.listen, found.admin.public_url) == (
        folder / "data",
        "127.0.0.1:4040",
        None,
    )


def test_a_client_reads_no_more_than_it_needs(folder: Path) -> None:
    (folder / "outerward.toml").write_text(
        'state = "s"\nunknown = 1\n[admin]\nlisten = "127.0.0.1:1"\nbootstrap_token = "env:NOPE"\n'
        'roles = 3\n[provider.x]\nclient_secret = "env:NOPE"\n'
    )
    found = load_client_settings(
        None,
        {"OUTERWARD_ADMIN_PUBLIC_URL": "https://a", "OUTERWARD_STORE_URL": "x", "OUTERWARD_ADMIN_ROLES": "x"},
    )
    assert found.state == folder / "s"
    assert (found.admin.listen, found.admin.public_url) == ("127.0.0.1:1", "https://a")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a = ", ":1: not TOML"),
        ("admin = 1", ":1: admin: must be a table"),
        ('admin.listen = "x"', ":1: admin.listen: must be HOST:PORT"),
        ('admin.public_url = "x"', ":1: admin.public_url: must begin with"),
    ],
)
def test_a_client_is_told_of_what_it_does_read(folder: Path, text: str, error: str) -> None:
    (folder / "outerward.toml").write_text(text)
    with pytest.raises(ConfigErrors, match=error):
        load_client_settings(None, {})
