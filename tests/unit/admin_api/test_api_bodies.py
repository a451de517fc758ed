"""Strict JSON into a struct, and what its members may hold."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.blocks import BlockRequest
from admin_api.bodies import future_ms, parse_json, printable
from admin_api.problems import Code, Problem
from admin_api.tokens import TokenRequest

GOOD = b'{"name": "n", "scope": "read"}'


def test_a_good_body_is_read() -> None:
    assert parse_json(GOOD, TokenRequest) == TokenRequest(name="n", scope="read")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"name"',
        b"{",
        GOOD + b"{}",
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        b"\xff\xfe",
        b'{"name": "n", "name": "n", "scope": "read"}',
        b'{"name": "n", "scope": "read", "scope": "admin"}',
        b'{"name": "n", "na\\u006de": "m", "scope": "read"}',
        b'{"name": "n", "scope": "read", "extra": 1}',
        b'{"name": "n", "scope": "read", "expires_at": {"a": 1, "a": 2}}',
        b'{"name": 1, "scope": "read"}',
        b'{"name": null, "scope": "read"}',
        b'{"name": "", "scope": "read"}',
        b'{"name": "' + b"n" * 101 + b'", "scope": "read"}',
        b'{"name": "n", "scope": "root"}',
        b'{"name": "n", "scope": ["read"]}',
        b'{"name": "n"}',
        b'{"name": "n", "scope": "read", "expires_at": null}',
        b'{"name": "n", "scope": "read", "expires_at": 1}',
        b'{"name": "n", "scope": "read", "expires_at": "tomorrow"}',
        b'{"name": "n", "scope": "read", "expires_at": "2030-01-01T00:00:00"}',
        b'{"name": "n", "scope": "read", "expires_at": NaN}',
        b'{"name": "n", "scope": "read", "expires_at": 1e999}',
        b'{"name": "n", "scope": "read", "expires_at": ' + b"9" * 5000 + b"}",
        b"[" * 16000,
        b'{"a":' * 3000,
        b'{"name": "n", "scope": "read"}\x00',
        b"{'name': 'n', 'scope': 'read'}",
        b'{"name": "\n", "scope": "read"}',
        b'{"name": "\\ud800", "scope": "read"}',
        b'{"name": "n", "scope": "read", "\\udfff": 1}',
    ],
)
def test_any_other_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        parse_json(body, TokenRequest)
    assert caught.value.code is Code.BAD_BODY
    assert caught.value.details == {"known": "name, scope, expires_at"}


def test_no_body_is_an_object_without_members() -> None:
    assert parse_json(b"", BlockRequest) == parse_json(b"{}", BlockRequest) == BlockRequest()


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\u0123abc \n', max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with pytest.raises(Problem):
        parse_json(body, TokenRequest)


@pytest.mark.parametrize("text", ["a\nb", "\x00", "\x1b[31m", "\u202e", "\ud800", "\u2028", "\x7f"])
def test_what_cannot_be_printed_is_refused_by_the_name_of_its_member(text: str) -> None:
    with pytest.raises(Problem) as caught:
        printable("reason", text)
    assert (caught.value.code, caught.value.details) == (Code.BAD_BODY, {"member": "reason"})


def test_any_script_can_be_printed() -> None:
    assert printable("reason", "Übernahme 東京 🙂") == "Übernahme 東京 🙂"


def test_a_time_to_come_is_read_to_the_millisecond() -> None:
    assert future_ms("until", datetime(2030, 1, 1, 0, 0, 0, 999_999, UTC), 0) == 1_893_456_000_999


@pytest.mark.parametrize(
    "at",
    [
        datetime(2030, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
    ],
    ids=["now", "long ago", "beyond the year 9999"],
)
def test_a_time_that_is_not_to_come_or_too_far_is_refused(at: datetime) -> None:
    with pytest.raises(Problem) as caught:
        future_ms("until", at, 1_893_456_000_000)
    assert caught.value.details == {"member": "until"}
