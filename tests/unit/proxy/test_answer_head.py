"""The upstream's answer head: what passes, how its body ends, and what is refused as no answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import answer_head
from proxy.answer_head import BY_LENGTH, NO_BODY, UNTIL_CLOSE, AnswerHead, Framing, InvalidAnswer, read_answer

Headers = list[tuple[bytes, bytes]]


def judge(
    *headers: tuple[bytes, bytes],
    status: int = 200,
    reason: bytes = b"OK",
    method: bytes = b"GET",
    internal: bool = False,
) -> AnswerHead:
    return read_answer(status, reason, list(headers), method=method, internal=internal)


def lines_of(head: AnswerHead) -> bytes:
    """The header lines that pass."""
    return head.block.partition(b"\r\n")[2]


LENGTH = (b"Content-Length", b"5")
CHUNKED = (b"Transfer-Encoding", b"Chunked ")


@pytest.mark.parametrize(
    ("headers", "status", "method", "framing", "lines"),
    [
        ([LENGTH], 200, b"GET", BY_LENGTH, b"Content-Length: 5\r\n"),
        ([CHUNKED], 200, b"GET", answer_head.CHUNKED, b""),
        ([], 200, b"GET", UNTIL_CLOSE, b""),
        ([LENGTH], 200, b"HEAD", NO_BODY, b"Content-Length: 5\r\n"),
        ([CHUNKED], 200, b"HEAD", NO_BODY, b""),
        ([], 204, b"GET", NO_BODY, b""),
        ([LENGTH], 204, b"GET", NO_BODY, b""),
        ([CHUNKED], 204, b"GET", NO_BODY, b""),
        ([LENGTH], 304, b"GET", NO_BODY, b"Content-Length: 5\r\n"),
        ([LENGTH], 599, b"POST", BY_LENGTH, b"Content-Length: 5\r\n"),
    ],
)
def test_the_end_of_a_body_is_known_in_one_way(
    headers: Headers, status: int, method: bytes, framing: Framing, lines: bytes
) -> None:
    head = judge(*headers, status=status, method=method)

    assert (head.framing, lines_of(head)) == (framing, lines)


@pytest.mark.parametrize(
    "headers",
    [
        [LENGTH, LENGTH],
        [LENGTH, (b"content-length", b"6")],
        [LENGTH, CHUNKED],
        [(b"Content-Length", b"5, 5")],
        [(b"Content-Length", b"-5")],
        [(b"Content-Length", b"")],
        [(b"Content-Length", b"5x")],
        [CHUNKED, CHUNKED],
        [(b"Transfer-Encoding", b"gzip, chunked")],
        [(b"Transfer-Encoding", b"gzip")],
        [(b"Transfer-Encoding", b"identity")],
        [(b"Transfer-Encoding", b"")],
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_contradictory_or_unknown_framing_is_no_answer(headers: Headers, method: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        judge(*headers, method=method)


@pytest.mark.parametrize("status", [0, 100, 101, 103, 199, 600, 999])
def test_a_status_that_was_not_asked_for_is_no_answer(status: int) -> None:
    with pytest.raises(InvalidAnswer):
        judge(LENGTH, status=status)


@pytest.mark.parametrize("reason", [b"\x00", b"a\rb", b"a\nb", b"\x7f", b"\x1b[31m", b"a" * 513])
def test_a_reason_with_a_control_character_or_without_end_is_no_answer(reason: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        judge(LENGTH, reason=reason)


@pytest.mark.parametrize("reason", [b"", b"Not Found", b"caf\xc3\xa9", b"a\tb"])
def test_any_printable_reason_passes(reason: bytes) -> None:
    assert judge(LENGTH, reason=reason).block.startswith(b"HTTP/1.1 200 %b\r\n" % reason)


def test_hop_by_hop_lines_and_what_connection_lists_stay_here() -> None:
    head = judge(
        (b"Connection", b"close, X-Hop"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Proxy-Connection", b"x"),
        (b"TE", b"x"),
        (b"Trailer", b"x"),
        (b"Upgrade", b"h2c"),
        (b"x-hop", b"1"),
        (b"X-End", b"caf\xe9"),
        LENGTH,
    )

    assert lines_of(head) == b"X-End: caf\xe9\r\nContent-Length: 5\r\n"


def test_connection_cannot_remove_the_length_that_frames_the_body() -> None:
    assert lines_of(judge((b"Connection", b"Content-Length"), LENGTH)) == b"Content-Length: 5\r\n"


COOKIES = [
    b"outerward=x",
    b"__Host-outerward=x; Path=/",
    b" outerward =x",
    b"outerward",
    b"outerward;Path=/",
    b"outerward-admin=x",
    b"outerward-login-abcdefgh=x",
    b"__Host-outerward-login-abcdefgh=x",
]


@pytest.mark.parametrize("value", COOKIES)
def test_an_upstream_sets_no_cookie_of_ours_and_our_own_pages_do(value: bytes) -> None:
    line = (b"sEt-cOOkie", value)

    assert lines_of(judge(line, LENGTH)) == b"Content-Length: 5\r\n"
    assert lines_of(judge(line, LENGTH, internal=True)).startswith(b"sEt-cOOkie: " + value)


@pytest.mark.parametrize("value", [b"Outerward=x", b"outerwardx=x", b"app=outerward=x", b"a=b; outerward=x"])
def test_an_upstreams_own_cookies_pass(value: bytes) -> None:
    assert lines_of(judge((b"Set-Cookie", value))) == b"Set-Cookie: " + value + b"\r\n"


@pytest.mark.parametrize("status", [200, 101])
def test_an_upstream_sets_no_shared_cookie_of_ours_and_our_own_pages_do(status: int) -> None:
    shared = frozenset({b"outerward.session"})
    switch = [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")] if status == 101 else [LENGTH]
    lines = [(b"Set-Cookie", b"outerward.session=x; Domain=example.com"), (b"Set-Cookie", b"a=1"), *switch]

    def read(internal: bool, names: frozenset[bytes]) -> bytes:
        head = read_answer(
            status, b"OK", lines, method=b"GET", internal=internal, websocket=status == 101, our_cookies=names
        )
        return head.block

    assert b"outerward.session" not in read(False, shared)
    assert b"a=1" in read(False, shared)
    assert b"outerward.session" in read(False, frozenset())
    assert status == 101 or b"outerward.session" in read(True, shared)


def test_our_own_pages_do_not_name_their_server() -> None:
    assert lines_of(judge((b"Server", b"aiohttp"), internal=True)) == b""
    assert lines_of(judge((b"Server", b"nginx"))) == b"Server: nginx\r\n"


@pytest.mark.parametrize("headers", [[(b"X", b"1")] * 401, [(b"X", b"a" * 70_000)] * 2])
def test_an_endless_head_is_no_answer(headers: Headers) -> None:
    with pytest.raises(InvalidAnswer):
        judge(*headers)


@given(
    st.integers(0, 999),
    st.binary(max_size=10),
    st.lists(
        st.tuples(
            st.sampled_from([b"Content-Length", b"Transfer-Encoding", b"Connection", b"Set-Cookie", b"X"]),
            st.one_of(st.binary(max_size=12), st.sampled_from([b"5", b"chunked", b"close, x"])),
        ),
        max_size=6,
    ),
    st.sampled_from([b"GET", b"HEAD", b"POST"]),
)
def test_any_head_is_an_answer_or_none(status: int, reason: bytes, headers: Headers, method: bytes) -> None:
    try:
        head = read_answer(status, reason, headers, method=method, internal=False)
    except InvalidAnswer:
        return
    assert 200 <= head.status <= 599
    assert lines_of(head).lower().count(b"content-length: ") <= 1
    assert b"transfer-encoding:" not in lines_of(head).lower()
