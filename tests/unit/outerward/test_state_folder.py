"""The state folder: its owner's alone, made when needed, never somebody else's folder."""

import stat
from pathlib import Path

import pytest

from outerward.errors import OuterwardError
from outerward.state_folder import StateFolder, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "a" / "state")
    secret = folder.store_secret()
    assert len(secret) >= 43
    assert folder.store_secret() == secret
    assert mode(folder.path) == 0o700
    assert mode(folder.path / "secret") == 0o600


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 40])
def test_a_secret_file_without_a_secret_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "secret").write_bytes(content)
    with pytest.raises(OuterwardError, match="secret"):
        StateFolder(tmp_path / "state").store_secret()
    assert (tmp_path / "state" / "secret").read_bytes() == content


def test_a_folder_of_ours_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.mkdir()
    path.chmod(0o755)
    (path / "store").mkdir()
    StateFolder(path).make()
    assert mode(path) == 0o700


def test_a_folder_that_holds_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "somebody's file").touch()
    with pytest.raises(OuterwardError, match="holds other files"):
        StateFolder(tmp_path).make()
    assert mode(tmp_path) == 0o755


def test_a_place_where_nothing_can_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OuterwardError, match="cannot be used: Not a directory"):
        StateFolder(tmp_path / "file" / "state").make()


def test_a_private_file_replaces_the_old_one_whole_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / "file").symlink_to(tmp_path / "target")
    write_private(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "new"
    assert (tmp_path / "target").read_text() == "kept"
    assert mode(tmp_path / "file") == 0o600
    assert len(list(tmp_path.iterdir())) == 2
