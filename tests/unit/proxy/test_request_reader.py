"""The reader: what it remembers of a connection changes nothing that it tells."""

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.fields import Refusal
from proxy.head import Request
from proxy.problems import Problem
from proxy.request_reader import RequestReader

Event = tuple[str, object]
LAST = ("no request", "switched")


class Told:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def request_begun(self, judged: Request | Refusal) -> None:
        self.events.append(("begun", judged))

    def body_received(self, data: bytes) -> None:
        self.events.append(("body", data))

    def request_ended(self) -> None:
        self.events.append(("ended", None))

    def not_a_request(self, problem: Problem) -> None:
        self.events.append(("no request", problem))

    def switched(self) -> None:
        self.events.append(("switched", None))


def forgetful(reads: list[bytes]) -> list[Event]:
    """What is told of ``reads`` by a reader that parses everything."""
    return tell(reads, forgets=True)


def tell(reads: list[bytes], *, forgets: bool = False) -> list[Event]:
    told = Told()
    reader = RequestReader(told)
    for data in reads:
        if forgets:
            reader._known = None
        at = 0
        while at < len(data) and not any(kind in LAST for kind, _ in told.events):
            at = reader.read(data, at)
            if forgets:
                reader._known = None
    return told.events


HOST = b"Host: app.localhost\r\n"
BLOCKS = [
    HOST + b"\r\n",
    HOST + b"Cookie: outerward=x\r\n\r\n",
    HOST + b"Cookie: outerward=y\r\n\r\n",
    b"host: APP.localhost:4180\r\nUser-Agent: curl\r\nConnection: keep-alive\r\n\r\n",
    HOST + b"Connection: X-Mine\r\nX-Mine: 1\r\n\r\n",
    HOST + b"Connection: close\r\n\r\n",
    HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    HOST + b"Content-Length: 0\r\n\r\n",
    HOST + b"Content-Length: 3\r\n\r\nabc",
    HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    HOST + b"Expect: 100-continue\r\n\r\n",
    HOST + b"Expect: other\r\n\r\n",
    HOST + HOST + b"\r\n",
    b"\r\n",
    HOST + b"X: folded\r\n line\r\n\r\n",
]
LINES = [
    b"GET / HTTP/1.1\r\n",
    b"HEAD /a?b=c HTTP/1.1\r\n",
    b"POST /a HTTP/1.1\r\n",
    b"TRACE /a HTTP/1.1\r\n",
    b"FOO /a HTTP/1.1\r\n",
    b"GET / HTTP/1.0\r\n",
    b"GET http://app.localhost/x HTTP/1.1\r\n",
    b"GET  / HTTP/1.1\r\n",
    b"GET /#x HTTP/1.1\r\n",
    b"GET /%zz HTTP/1.1\r\n",
    b"GET /.outerward/x/../y HTTP/1.1\r\n",
    b"\r\nGET / HTTP/1.1\r\n",
]
PLAIN = LINES[0] + BLOCKS[0]
targets = st.binary(max_size=12).map(lambda rest: b"GET /%b HTTP/1.1\r\n" % rest)
lines = st.one_of(st.sampled_from(LINES), targets)
between = st.sampled_from([b"", b"", b"", b"X-More: 1\r\n", b"Content-Length: 3\r\n", b"\r\n"])
after = st.sampled_from([b"", b"", b"", b"\r\n", b"GET / HTTP/1.1\r\n" + BLOCKS[0], b"G", b"abc"])
whole = st.tuples(lines, between, st.sampled_from(BLOCKS), after).map(b"".join)


@given(st.lists(whole, min_size=2, max_size=5), st.integers(0, 60))
@example([PLAIN, LINES[0] + b"X-More: 1\r\n" + BLOCKS[0]], 0)
@example([PLAIN, LINES[0] + b"Content-Length: 3\r\n" + BLOCKS[0]], 0)
@example([PLAIN, b"TRACE /a HTTP/1.1\r\n" + BLOCKS[0]], 0)
@example([PLAIN, b"FOO /a HTTP/1.1\r\n" + BLOCKS[0]], 0)
@example([PLAIN, b"GET / HTTP/1.0\r\n" + BLOCKS[0]], 0)
@example([LINES[0] + BLOCKS[5]] * 2, 0)
@example([LINES[0] + BLOCKS[11]] * 2, 0)
@example([PLAIN * 2, PLAIN * 2], 0)
@example([PLAIN, b"GET / HTTP/1.1\r\nX: ", PLAIN], 0)
@example([PLAIN, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 200\r\n\r\n", PLAIN], 0)
@example([PLAIN, b"\r\n", PLAIN, b"\r\n", PLAIN], 0)
def test_a_block_that_is_known_tells_what_the_parser_tells(requests: list[bytes], cut: int) -> None:
    last = requests[-1]
    for given_reads in (requests, [*requests[:-1], last[:cut], last[cut:]]):
        reads = [data for data in given_reads if data]
        assert tell(reads) == forgetful(reads)


def test_the_same_block_is_parsed_once_and_its_line_read_each_time() -> None:
    told = Told()
    reader = RequestReader(told)
    parsed = 0

    class Counting:
        def feed_data(self, data: bytes) -> None:
            nonlocal parsed
            parsed += 1
            parser.feed_data(data)

        def __getattr__(self, name: str) -> object:
            return getattr(parser, name)

    parser = reader._parser
    reader._parser = Counting()  # type: ignore[assignment]
    for number in range(5):
        reader.read(b"GET /%d HTTP/1.1\r\n" % number + BLOCKS[1], 0)

    begun = [judged for kind, judged in told.events if kind == "begun"]
    assert [judged.target for judged in begun if isinstance(judged, Request)] == [
        b"/%d" % n for n in range(5)
    ]
    assert parsed == 1


@pytest.mark.parametrize(
    "block",
    [BLOCKS[5], BLOCKS[6], BLOCKS[8], BLOCKS[9], BLOCKS[11]],
    ids=["close", "upgrade", "length", "chunked", "unmet"],
)
def test_a_block_that_says_more_than_one_plain_request_is_never_kept(block: bytes) -> None:
    reader = RequestReader(Told())
    reader.read(b"GET / HTTP/1.1\r\n" + block, 0)

    assert reader._known is None


def test_an_error_of_the_listener_comes_out() -> None:
    class Failing(Told):
        def request_begun(self, judged: Request | Refusal) -> None:
            raise RuntimeError("broken")

    with pytest.raises(httptools.HttpParserCallbackError):
        RequestReader(Failing()).read(b"GET / HTTP/1.1\r\n" + BLOCKS[0], 0)
