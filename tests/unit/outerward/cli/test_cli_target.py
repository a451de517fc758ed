from pathlib import Path

import click
import pytest

from outerward import usual_files
from outerward.cli.target import TargetFinder
from outerward.errors import ConfigErrors, OuterwardError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(usual_files, "USUAL_FILES", (Path("outerward.toml"),))
    return tmp_path


def origin(environ: dict[str, str], admin: str | None = None, config: Path | None = None) -> str:
    return str(TargetFinder(admin, config, {"OUTERWARD_ADMIN_TOKEN": "t", **environ}).api(None).origin)


def token(environ: dict[str, str], token_file: Path | None = None) -> str:
    return TargetFinder("http://a", None, environ).api(token_file).token


def test_the_address_is_the_flags_then_the_environments_then_the_configurations(folder: Path) -> None:
    assert origin({}) == "http://127.0.0.1:4040"
    (folder / "outerward.toml").write_text('admin.listen = "0.0.0.0:5050"')
    assert origin({}) == "http://127.0.0.1:5050"
    (folder / "outerward.toml").write_text('admin.public_url = "https://admin.example.com"')
    assert origin({}) == "https://admin.example.com"
    (folder / "url").write_text("http://from-a-file:1\n")
    assert origin({"OUTERWARD_ADMIN_URL_FILE": "url"}) == "http://from-a-file:1"
    assert origin({"OUTERWARD_ADMIN_URL": "http://env:1"}) == "http://env:1"
    assert origin({"OUTERWARD_ADMIN_URL": "http://env:1"}, admin="http://flag:1/") == "http://flag:1"


def test_a_named_configuration_is_used(folder: Path) -> None:
    (folder / "o.toml").write_text('admin.listen = "127.0.0.1:6060"')
    assert origin({}, config=Path("o.toml")) == "http://127.0.0.1:6060"


def test_a_healthcheck_asks_the_listener_and_not_the_public_address(folder: Path) -> None:
    (folder / "outerward.toml").write_text('[admin]\npublic_url = "https://a"\nlisten = "[::]:5050"')
    assert str(TargetFinder(None, None, {}).listener().origin) == "http://[::1]:5050"
    assert TargetFinder(None, None, {"OUTERWARD_ADMIN_TOKEN": "t"}).listener().token == ""


def test_a_free_port_cannot_be_found_and_that_is_said(folder: Path) -> None:
    (folder / "outerward.toml").write_text('admin.listen = "127.0.0.1:0"')
    with pytest.raises(OuterwardError, match="name the API's address with --admin"):
        origin({})
    (folder / "outerward.toml").write_text('admin.listen = "127.0.0.1:0"\nadmin.public_url = "https://a"')
    assert origin({}) == "https://a"
    with pytest.raises(OuterwardError, match="name the API's address with --admin"):
        TargetFinder(None, None, {}).listener()


def test_the_token_is_the_flags_then_the_environments_then_the_states(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data/admin-token").write_text("of-the-state\n")
    (folder / "t1").write_text("of-the-flag\n")
    (folder / "t2").write_text("of-the-file\n")
    assert token({}) == "of-the-state"
    assert token({"OUTERWARD_ADMIN_TOKEN_FILE": "t2"}) == "of-the-file"
    assert token({"OUTERWARD_ADMIN_TOKEN": "of-the-variable"}) == "of-the-variable"
    assert token({"OUTERWARD_ADMIN_TOKEN": "of-the-variable"}, Path("t1")) == "of-the-flag"


def test_the_state_of_the_configuration_is_looked_at(folder: Path) -> None:
    (folder / "outerward.toml").write_text('state = "elsewhere"')
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere/admin-token").write_text("there\n")
    assert token({}) == "there"


def test_without_a_token_the_ways_to_give_one_are_named(folder: Path) -> None:
    with pytest.raises(OuterwardError, match=r"data/admin-token does not exist; .*--token-file.*ADMIN_TOKEN"):
        token({})


@pytest.mark.parametrize("content", [b"", b"two words", b"a\nb", b"\xff", "ü".encode()])
def test_what_cannot_be_sent_is_no_token_and_is_not_repeated(folder: Path, content: bytes) -> None:
    (folder / "t").write_bytes(content)
    with pytest.raises(OuterwardError) as refused:
        token({}, Path("t"))
    assert "words" not in str(refused.value)
    assert refused.value.exit_code == 1


def test_a_token_is_in_no_repr() -> None:
    assert "hunter2" not in repr(
        TargetFinder("http://a", None, {"OUTERWARD_ADMIN_TOKEN": "hunter2"}).api(None)
    )


@pytest.mark.parametrize(
    "environ",
    [
        {"OUTERWARD_ADMIN_URL": "ftp://a"},
        {"OUTERWARD_ADMIN_URL": "http://a/b"},
        {"OUTERWARD_ADMIN_URL": "http://a", "OUTERWARD_ADMIN_URL_FILE": "f"},
    ],
)
def test_a_variable_that_cannot_be_meant_is_a_usage_error(environ: dict[str, str]) -> None:
    with pytest.raises(click.UsageError, match="OUTERWARD_ADMIN_URL"):
        origin(environ)


def test_a_bad_configuration_is_reported_and_not_read_where_it_is_not_needed(folder: Path) -> None:
    (folder / "outerward.toml").write_text("state = ")
    with pytest.raises(ConfigErrors):
        origin({})
    assert origin({}, admin="http://a") == "http://a"


def test_what_is_in_a_named_file_is_told_under_the_name_of_that_variable(folder: Path) -> None:
    (folder / "t").write_text("two words\n")
    with pytest.raises(OuterwardError, match=r"^OUTERWARD_ADMIN_TOKEN_FILE holds no token"):
        token({"OUTERWARD_ADMIN_TOKEN_FILE": "t"})
    with pytest.raises(OuterwardError, match=r"^OUTERWARD_ADMIN_TOKEN holds no token"):
        token({"OUTERWARD_ADMIN_TOKEN": "two words"})
    with pytest.raises(click.UsageError, match="OUTERWARD_ADMIN_URL_FILE"):
        origin({"OUTERWARD_ADMIN_URL_FILE": "t"})
