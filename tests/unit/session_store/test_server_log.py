"""The server's log lines in our log."""

import pytest

from session_store.server_log import entry


@pytest.mark.parametrize(
    ("mark", "level"), [(".", "debug"), ("-", "debug"), ("*", "debug"), ("#", "warning")]
)
def test_the_servers_mark_decides_the_level(mark: str, level: str) -> None:
    assert entry(f"12:M 24 Nov 2026 17:24:35.008 {mark} Something happened") == (level, "Something happened")


def test_the_advice_on_overcommit_is_no_warning() -> None:
    line = "12:M 24 Nov 2026 17:24:35.008 # WARNING Memory overcommit must be enabled!"
    assert entry(line)[0] == "info"


def test_a_line_of_another_shape_is_a_warning() -> None:
    assert entry("*** FATAL CONFIG FILE ERROR ***") == ("warning", "*** FATAL CONFIG FILE ERROR ***")


def test_stored_values_are_not_repeated() -> None:
    line = "12:M 24 Nov 2026 17:24:35.008 # unknown command 'XET', with args beginning with: 'k' 'canary'"
    assert "canary" not in entry(line)[1]
