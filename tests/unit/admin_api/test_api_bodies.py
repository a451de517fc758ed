"""Strict JSON into a struct."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.bodies import parse_json
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
    ],
)
def test_any_other_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        parse_json(body, TokenRequest)
    assert caught.value.code is Code.BAD_BODY


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\u0123abc \n', max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with pytest.raises(Problem):
        parse_json(body, TokenRequest)
