"""Servers judged by what they say of themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store import StoreRefused, StoreUnavailable
from session_store.commands import error_word
from session_store.topology import has_replica, verify

FIT = {"redis_version": "6.2.0", "maxmemory_policy": "noeviction", "role": "master", "loading": "0"}


def info(**changes: str) -> bytes:
    return b"# Server\r\n" + "".join(f"{k}:{v}\r\n" for k, v in (FIT | changes).items()).encode()


@pytest.mark.parametrize(
    "versions",
    [
        {"redis_version": "6.2.0"},
        {"redis_version": "8.1.0-rc1"},
        {"redis_version": "10.0.0"},
        {"redis_version": "7.2.4", "valkey_version": "7.2.5"},
        {"redis_version": "7.2.4", "valkey_version": "9.1.2"},
    ],
)
def test_a_fit_server_is_accepted(versions: dict[str, str]) -> None:
    verify(info(**versions))


@pytest.mark.parametrize("version", ["6.0.20", "5.0.7", "2.8.1", "", "7", "x.y", "-7.2"])
def test_an_old_or_unnamed_version_is_refused(version: str) -> None:
    with pytest.raises(StoreRefused, match=r"version|newer"):
        verify(info(redis_version=version))


def test_a_loading_server_and_a_replica_are_unavailable() -> None:
    for change in ({"loading": "1"}, {"role": "slave"}):
        with pytest.raises(StoreUnavailable):
            verify(info(**change))


@pytest.mark.parametrize(("connected", "has"), [("0", False), ("1", True), ("12", True)])
def test_a_primary_tells_whether_it_has_a_replica(connected: str, has: bool) -> None:
    assert has_replica(info(connected_slaves=connected)) == has


def test_a_server_that_does_not_tell_has_no_replica() -> None:
    assert not has_replica(info())


@given(st.binary(max_size=200))
def test_no_answer_is_an_error_of_another_kind(text: bytes) -> None:
    with pytest.raises((StoreRefused, StoreUnavailable)):
        verify(text)


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        ("NOPERM this user has no permissions to run GET ow:a:{secret}", "NOPERM"),
        ("MISCONF Redis is configured to save", "MISCONF"),
        ("unknown command 'AUTH hunter2'", "ERR"),
        ("<script>", "ERR"),
        ("", "ERR"),
        ("X" * 500, "X" * 40),
    ],
)
def test_of_an_error_reply_only_its_code_word_is_told(reply: str, word: str) -> None:
    assert error_word(reply) == word
