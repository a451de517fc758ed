"""A login under way: its bytes, its key, and whose it is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp_adapters import LoginCompleted
from proxy.login.transaction import Arrived, LogoutUnderWay, Transaction, decode, digest_of, encode, key_of
from tests.support.control import person

from session_store import BrowserSession, StoreTime, StoreUnavailable, decode as decode_record  # isort: skip

KEPT = Transaction(
    provider="corp",
    memory=b"verifier and nonce",
    hostname="app.example.com",
    return_path="/report",
    begun_at=StoreTime(1_800_000_000_000_000),
    cookie_digest=digest_of("cookie"),
)


def test_what_is_kept_comes_back() -> None:
    assert decode(encode(KEPT), Transaction) == KEPT


def test_cookie_16_a_login_is_never_read_as_a_session() -> None:
    with pytest.raises(StoreUnavailable):
        decode_record(encode(KEPT), BrowserSession)


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda rest: b"L1" + rest))
@example(b"L1\x81\xa8provider\xa1\x80")
@example(b"L1\x81\xa1x" + b"\x91" * 100_000)
def test_other_bytes_are_no_login_and_never_raise(kept: bytes) -> None:
    assert decode(kept, Transaction) is None


def test_the_bytes_of_a_login_under_another_mark_are_none() -> None:
    assert decode(b"L2" + encode(KEPT)[2:], Transaction) is None


def test_a_login_belongs_to_the_browser_with_its_cookie_alone() -> None:
    assert KEPT.belongs_to("cookie")
    assert not KEPT.belongs_to("cookie ")
    assert not KEPT.belongs_to("")


def test_a_login_is_over_after_ten_minutes_to_the_microsecond() -> None:
    assert not KEPT.is_over(StoreTime(KEPT.begun_at + 599_999_999))
    assert KEPT.is_over(StoreTime(KEPT.begun_at + 600_000_000))


def test_the_key_tells_nothing_of_the_state_and_takes_any_text() -> None:
    assert "a-state" not in key_of("login", "a-state")
    assert key_of("login", "a-state") != key_of("login", "A-state")
    assert key_of("login", "\ud800é")


def test_a_state_has_a_key_of_its_own_at_each_stage() -> None:
    assert len({key_of(stage, "a-state") for stage in ("login", "answered", "asked", "logout")}) == 4


def test_no_kind_is_read_as_another() -> None:
    arrived = Arrived(transaction=KEPT, completed=LoginCompleted(identity=person("ada"), memory=b"secret"))
    leaving = LogoutUnderWay(provider="corp", hostname="app.example.com", return_path="/", memory=b"secret")
    assert decode(encode(arrived), Arrived) == arrived
    assert decode(encode(leaving), LogoutUnderWay) == leaving
    assert decode(encode(arrived), Transaction) is None
    assert decode(encode(KEPT), Arrived) is None
    assert decode(encode(KEPT), LogoutUnderWay) is None
    assert decode(None, Transaction) is None
    assert "secret" not in repr(arrived) + repr(leaving)


def test_a_login_does_not_print_what_it_remembers() -> None:
    assert "verifier" not in repr(KEPT)
    assert "report" not in repr(KEPT)
