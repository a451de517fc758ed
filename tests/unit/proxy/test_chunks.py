"""The end of a chunked body: where the parser sees it, in whatever pieces the body comes."""

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.chunks import Chunks


class Seen:
    """What the parser sees: whether a message has ended, and whether another began."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_message_complete(self) -> None:
        self.ended += 1


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
chunk = st.builds(
    lambda data, extension, zeros: b"%b%x%b\r\n%b\r\n" % (b"0" * zeros, len(data), extension, data),
    st.binary(min_size=1, max_size=40),
    st.sampled_from([b"", b";a=b", b'; a="x;y"', b";"]),
    st.integers(0, 3),
)
end = st.sampled_from([b"0\r\n\r\n", b"00\r\n\r\n", b"0;x\r\n\r\n", b"0\r\nTrailer: 1\r\nB: 2\r\n\r\n"])
bodies = st.tuples(st.lists(chunk, max_size=4).map(b"".join), end).map(b"".join)


@given(bodies, st.lists(st.integers(1, 20), max_size=30))
@example(b"0\r\n\r\n", [1, 1, 1, 1])
def test_the_end_is_found_where_the_next_message_begins(body: bytes, cuts: list[int]) -> None:
    data = body + NEXT
    chunks = Chunks()
    at = 0
    for size in [*cuts, len(data)]:
        piece = data[at : at + size]
        if not piece or chunks.ended:
            break
        at += chunks.end(piece, 0)
    assert chunks.ended
    assert at == len(body)


@given(
    st.lists(
        st.sampled_from([b"0", b"5", b"\r\n", b"\n", b";", b" ", b"x", b"g", b"hello", b"A: b"]), max_size=14
    )
)
def test_where_it_finds_an_end_the_parser_finds_it_too_or_refuses(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    chunks = Chunks()
    found = chunks.end(data, 0)
    if not chunks.ended:
        return
    seen = Seen()
    parser = httptools.HttpRequestParser(seen)
    parser.feed_data(HEAD)
    try:
        parser.feed_data(data[:found])
    except httptools.HttpParserError:
        return
    assert (seen.begun, seen.ended) == (1, 1)


@pytest.mark.parametrize("line", [b"g\r\n", b"-1\r\n", b"\r\n", b"0x5\r\n", b"1" * 17 + b"\r\n", b"5 5\r\n"])
def test_what_it_cannot_follow_has_no_end(line: bytes) -> None:
    chunks = Chunks()
    data = line + b"0\r\n\r\n"
    assert chunks.end(data, 0) == len(data)
    assert not chunks.ended
