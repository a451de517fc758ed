"""Notices of ends: what is told is read back, and what is no notice tells nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store import CookieHash, Ended, EndpointId
from session_store.notices import notice, read_notice

HASH = CookieHash(b"\x01" * 32)


@given(
    st.binary(min_size=32, max_size=32), st.sampled_from([None, "ep_1", "edgrt_2abc"]), st.integers(0, 2**53)
)
def test_what_is_told_is_read_back(cookie_hash: bytes, endpoint: str | None, at: int) -> None:
    of = CookieHash(cookie_hash)
    where = EndpointId(endpoint) if endpoint else None
    assert read_notice(notice(of, where, at)) == Ended(of, where, at)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"x",
        notice(HASH, None, 1).replace(b" ", b""),
        notice(HASH, None, 1) + b" more",
        notice(HASH, None, 1)[1:],
        notice(HASH, None, 1).replace(b" 1 ", b" soon "),
        notice(HASH, None, 1).replace(b" 1 ", b" -1 "),
        notice(HASH, None, 1) + b"\xff",
    ],
)
def test_what_is_no_notice_tells_nothing(payload: bytes) -> None:
    assert read_notice(payload) is None


@given(st.binary(max_size=80))
def test_any_bytes_are_a_notice_or_none(payload: bytes) -> None:
    read_notice(payload)
