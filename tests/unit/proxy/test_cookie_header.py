"""The Cookie header: our session cookie is found or not, ours never pass on, and nothing ever raises."""

import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.cookie_header import Cookies, read_cookies, sets_our_cookie

VALUE = b"A" * 21 + b"-_" + b"z" * 20
HASH = hashlib.sha256(VALUE).digest()
OURS = b"outerward=" + VALUE


def read(*lines: bytes, name: bytes = b"outerward") -> Cookies:
    return read_cookies(lines, name)


@pytest.mark.parametrize(
    ("lines", "others"),
    [
        ([OURS], b""),
        ([b" outerward = " + VALUE + b"\t"], b""),
        ([b"a=1; " + OURS + b"; b=2"], b"a=1; b=2"),
        ([b"a=1;" + OURS + b";b=2"], b"a=1; b=2"),
        ([b"a=1", OURS, b"b=2"], b"a=1; b=2"),
        ([OURS + b";", b";;"], b""),
        ([OURS + b'; q="x=y"; flag; =v'], b'q="x=y"; flag; =v'),
    ],
)
def test_the_session_cookie_is_found_and_the_others_pass(lines: list[bytes], others: bytes) -> None:
    assert read(*lines) == Cookies(HASH, doubled=False, others=others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        VALUE[:-1],
        VALUE + b"A",
        VALUE[:-1] + b"=",
        VALUE[:-1] + b"+",
        VALUE[:-1] + b"\n",
        VALUE[:-1] + b"\x00",
        b'"' + VALUE + b'"',
        b"A" * 100_000,
        VALUE + b"=",
        VALUE + b",x",
        b"%41" + VALUE[3:],
    ],
)
def test_a_value_that_cannot_be_ours_is_no_session_and_does_not_pass_on(value: bytes) -> None:
    assert read(b"outerward=" + value + b"; a=1") == Cookies(None, doubled=False, others=b"a=1")


@pytest.mark.parametrize(
    "lines",
    [
        [OURS + b"; " + OURS],
        [OURS, OURS],
        [OURS + b"; outerward="],
        [b"outerward; " + OURS],
        [OURS + b"; outerward =x"],
    ],
)
def test_two_cookies_of_the_name_never_count_equal_or_not(lines: list[bytes]) -> None:
    assert read(*lines) == Cookies(None, doubled=True, others=b"")


def test_names_compare_byte_for_byte() -> None:
    assert read(b"Outerward=" + VALUE).others == b"Outerward=" + VALUE
    assert read(b"outerward=" + VALUE, name=b"__Host-outerward").hash is None


@pytest.mark.parametrize(
    "name",
    [
        b"outerward",
        b"__Host-outerward",
        b"outerward-admin",
        b"__Host-outerward-login-aB3_-xyz",
        b"outerward-login-",
    ],
)
def test_no_cookie_of_ours_passes_on(name: bytes) -> None:
    assert read(b"a=1; " + name + b"=secret; b=2").others == b"a=1; b=2"


SHARED = frozenset({b"outerward.session", b"suite-session"})


def test_shared_cookies_of_other_hosts_do_not_pass_on_and_count_for_nothing() -> None:
    line = b"a=1; outerward.session=" + VALUE + b"; suite-session = x; b=2; outerward.session=y"

    assert read_cookies([line], b"outerward", SHARED) == Cookies(None, doubled=False, others=b"a=1; b=2")
    assert read_cookies([line], b"outerward").others == line


def test_the_hosts_own_shared_cookie_counts_and_does_not_pass_on() -> None:
    line = b"outerward.session=" + VALUE + b"; suite-session=x; Suite-session=y"

    assert read_cookies([line], b"outerward.session", SHARED) == Cookies(
        HASH,  # type: ignore[arg-type]
        doubled=False,
        others=b"Suite-session=y",
    )


@pytest.mark.parametrize(
    "value",
    [
        b"outerward.session=x; Domain=example.com",
        b" outerward.session =x",
        b"=outerward.session=x",
        b"suite-session",
    ],
)
def test_an_upstream_would_set_a_shared_cookie_in_any_spelling_of_it(value: bytes) -> None:
    assert sets_our_cookie(value, SHARED)
    assert not sets_our_cookie(value)


@pytest.mark.parametrize("value", [b"outerward.sessions=x", b"a=outerward.session", b"Suite-session=x"])
def test_another_cookie_is_not_a_shared_one(value: bytes) -> None:
    assert not sets_our_cookie(value, SHARED)


names = st.sampled_from(
    [b"outerward", b"__Host-outerward", b"outerward-admin", b"outerward-login-x", b"a", b"", b"Outerward"]
)
blanks = st.sampled_from([b"", b" ", b"\t", b" \t "])
pairs = st.tuples(blanks, names, blanks, st.sampled_from([b"=", b""]), st.binary(max_size=8), blanks)
lines = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.lists(pairs.map(b"".join), max_size=6).map(b";".join),
        st.just(OURS),
    ),
    max_size=5,
)


@given(lines, st.sampled_from([b"outerward", b"__Host-outerward"]))
def test_any_bytes_are_read_without_error_and_ours_never_pass_on(cookies: list[bytes], name: bytes) -> None:
    result = read_cookies(cookies, name)

    passed = {pair.partition(b"=")[0].strip(b" \t") for pair in result.others.split(b";")}
    assert not passed & {b"outerward", b"__Host-outerward", b"outerward-admin", b"outerward-login-x"}
    assert result.hash is None or not result.doubled


@given(st.lists(st.tuples(st.text(string.ascii_letters, min_size=1), st.text(string.digits)), max_size=8))
def test_what_is_not_ours_passes_in_order(cookies: list[tuple[str, str]]) -> None:
    line = "; ".join(f"x{name}={value}" for name, value in cookies).encode()

    assert read(line).others == line


@given(st.binary(max_size=60))
def test_judging_any_set_cookie_raises_nothing(value: bytes) -> None:
    sets_our_cookie(value)


@pytest.mark.parametrize(
    "value",
    [b"=outerward=x", b" = outerward=x; Path=/", b"==outerward=x", b"=__Host-outerward=x", b"=outerward"],
)
def test_a_cookie_without_a_name_whose_value_reads_as_ours_is_ours(value: bytes) -> None:
    assert sets_our_cookie(value)


@pytest.mark.parametrize("value", [b"=theirs", b"=x=outerward", b"", b"=", b"outerwards=x"])
def test_another_cookie_without_a_name_is_not(value: bytes) -> None:
    assert not sets_our_cookie(value)
