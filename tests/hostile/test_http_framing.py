"""Requests of doubtful framing (HTTP-01 to -11): bytes on a raw socket, an upstream that counts its hits."""

from collections.abc import AsyncIterator

import pytest

from session_store import Store
from tests.support.edge import HOST, Edge, route, running_edge
from tests.support.http_client import chunked, connected, exchange, refused, request
from tests.support.upstreams import Echo, received

Scene = tuple[Edge, Echo, str]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    """An edge with an app, its upstream, and somebody signed in."""
    async with Echo.running() as upstream, running_edge(store, [route(upstream)]) as edge:
        yield edge, upstream, await edge.sign_in()


def post(*lines: str, body: bytes = b"", version: str = "1.1", cookie: str) -> bytes:
    """A POST with raw header lines."""
    head = [f"POST / HTTP/{version}", f"Host: {HOST}", f"Cookie: outerward={cookie}", *lines]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: app.localhost\r\n\r\n"
BODY = chunked(b"abcd")

FRAMING = {
    "HTTP-01 CL then TE": (["Content-Length: 4", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    "HTTP-01 TE then CL": (["Transfer-Encoding: chunked", "Content-Length: 4"], b"0\r\n\r\n"),
    "HTTP-01 CL:0 and TE": (["Content-Length: 0", "Transfer-Encoding: chunked"], BODY),
    "HTTP-01 CL and TE of another case": (["content-length: 4", "TRANSFER-ENCODING: Chunked"], BODY),
    "HTTP-01 two CL and TE": (["Content-Length: 4", "Content-Length: 4", "Transfer-Encoding: chunked"], BODY),
    "HTTP-02 two different CL": (["Content-Length: 4", "Content-Length: 5"], b"abcd"),
    "HTTP-02 CL list": (["Content-Length: 4, 5"], b"abcd"),
    "HTTP-03 two equal CL": (["Content-Length: 4", "Content-Length: 4"], b"abcd"),
    "HTTP-03 CL list of equals": (["Content-Length: 4, 4"], b"abcd"),
    "HTTP-03 CL twice in two cases": (["Content-Length: 4", "content-length: 4"], b"abcd"),
    "HTTP-03 CL +4": (["Content-Length: +4"], b"abcd"),
    "HTTP-03 CL 0x4": (["Content-Length: 0x4"], b"abcd"),
    "HTTP-03 CL empty": (["Content-Length:"], b""),
    "HTTP-03 CL too large": (["Content-Length: 99999999999999999999"], b"abcd"),
    "HTTP-03 CL -4": (["Content-Length: -4"], b"abcd"),
    "HTTP-03 CL 4.0": (["Content-Length: 4.0"], b"abcd"),
    "HTTP-03 CL 4e0": (["Content-Length: 4e0"], b"abcd"),
    "HTTP-03 CL 4 4": (["Content-Length: 4 4"], b"abcd"),
    "HTTP-03 CL with a comma after": (["Content-Length: 4,"], b"abcd"),
    "HTTP-03 CL with a comma before": (["Content-Length: ,4"], b"abcd"),
    "HTTP-03 CL with a parameter": (["Content-Length: 4;a"], b"abcd"),
    "HTTP-03 CL of other digits": (["Content-Length: \xb2"], b"abcd"),
    "HTTP-03 CL with VT": (["Content-Length: 4\x0b"], b"abcd"),
    "HTTP-03 CL folded": (["Content-Length: 4", " 0"], b"abcd"),
    "HTTP-07 xchunked": (["Transfer-Encoding: xchunked"], BODY),
    "HTTP-07 chunked twice": (["Transfer-Encoding: chunked,chunked"], BODY),
    "HTTP-07 chunked on two lines": (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], BODY),
    "HTTP-07 chunked, identity": (["Transfer-Encoding: chunked, identity"], BODY),
    "HTTP-07 gzip, chunked": (["Transfer-Encoding: gzip, chunked"], BODY),
    "HTTP-07 gzip and chunked on two lines": (
        ["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"],
        BODY,
    ),
    "HTTP-07 identity": (["Transfer-Encoding: identity"], BODY),
    "HTTP-07 empty": (["Transfer-Encoding:"], BODY),
    "HTTP-07 VT before": (["Transfer-Encoding: \x0bchunked"], BODY),
    "HTTP-07 quoted": (['Transfer-Encoding: "chunked"'], BODY),
    "HTTP-07 with a parameter": (["Transfer-Encoding: chunked;q=1"], BODY),
    "HTTP-07 VT after": (["Transfer-Encoding: chunked\x0b"], BODY),
    "HTTP-07 FF before": (["Transfer-Encoding: \x0cchunked"], BODY),
    "HTTP-07 NUL after": (["Transfer-Encoding: chunked\0"], BODY),
    "HTTP-07 no-break space before": (["Transfer-Encoding: \xa0chunked"], BODY),
    "HTTP-07 comma after": (["Transfer-Encoding: chunked,"], BODY),
    "HTTP-07 comma before": (["Transfer-Encoding: ,chunked"], BODY),
    "HTTP-07 chunked, gzip": (["Transfer-Encoding: chunked, gzip"], BODY),
    "HTTP-07 identity, chunked": (["Transfer-Encoding: identity, chunked"], BODY),
    "HTTP-07 deflate": (["Transfer-Encoding: deflate"], BODY),
    "HTTP-07 empty and chunked": (["Transfer-Encoding:", "Transfer-Encoding: chunked"], BODY),
    "HTTP-07 chunked folded": (["Transfer-Encoding: chunked", " x"], BODY),
    "HTTP-07 chunke d": (["Transfer-Encoding: chunke d"], BODY),
    "HTTP-08 blank before the colon": (["Transfer-Encoding : chunked"], BODY),
    "HTTP-08 tab before the colon": (["Content-Length\t: 4"], b"abcd"),
    "HTTP-08 blank before CL's colon": (["Content-Length : 4"], b"abcd"),
    "HTTP-08 no-break space before the colon": (["Transfer-Encoding\xa0: chunked"], BODY),
    "HTTP-08 VT before the colon": (["Transfer-Encoding\x0b: chunked"], BODY),
    "HTTP-08 NUL in the name": (["Transfer-\0Encoding: chunked"], BODY),
    "HTTP-09 obs-fold": (["X: a", " b"], b""),
    "HTTP-09 obs-fold in TE": (["Transfer-Encoding:", " chunked"], BODY),
    "HTTP-09 first line folded": ([" X: a"], b""),
    "HTTP-09 bare CR": (["X: a\rTransfer-Encoding: chunked"], BODY),
    "HTTP-09 bare LF": (["X: a\nTransfer-Encoding: chunked"], BODY),
    "HTTP-09 NUL": (["X: a\0b"], b""),
    "HTTP-09 no colon": (["X"], b""),
    "HTTP-09 no name": ([": a"], b""),
    "HTTP-09 folded by a tab": (["X: a", "\tTransfer-Encoding: chunked"], BODY),
    "HTTP-09 CR before the line's end": (["X: a\r"], b""),
    "HTTP-09 LF at the start of a line": (["\nX: a"], b""),
    "HTTP-09 SOH": (["X: a\x01b"], b""),
    "HTTP-09 VT": (["X: a\x0bb"], b""),
    "HTTP-09 DEL": (["X: a\x7fb"], b""),
    "HTTP-09 a name with 0xFF": (["X\xff: a"], b""),
    "HTTP-09 a name with brackets": (["X(a): a"], b""),
    "HTTP-09 a name with a blank": (["X a: a"], b""),
    "HTTP-11 chunk longer than its size": (["Transfer-Encoding: chunked"], b"3\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 chunk shorter than its size": (["Transfer-Encoding: chunked"], b"5\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 size negative": (["Transfer-Encoding: chunked"], b"-4\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 size 0x4": (["Transfer-Encoding: chunked"], b"0x4\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 size with a blank": (["Transfer-Encoding: chunked"], b"4 \r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 size overflowing": (["Transfer-Encoding: chunked"], b"10000000000000004\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 bare LF after the size": (["Transfer-Encoding: chunked"], b"4\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 bare LF after the chunk": (["Transfer-Encoding: chunked"], b"4\r\nabcd\n0\r\n\r\n"),
    "HTTP-11 no size": (["Transfer-Encoding: chunked"], b"\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 extension with a bare LF": (["Transfer-Encoding: chunked"], b"4;a\nb\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 chunk without its end": (["Transfer-Encoding: chunked"], b"4\r\nabcdX\r\n0\r\n\r\n"),
    "HTTP-11 size +4": (["Transfer-Encoding: chunked"], b"+4\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 size 0_4": (["Transfer-Encoding: chunked"], b"0_4\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 size after a blank": (["Transfer-Encoding: chunked"], b" 4\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 size of the last with a LF": (["Transfer-Encoding: chunked"], b"4\r\nabcd\r\n0\n\r\n"),
    "HTTP-11 end with a bare LF": (["Transfer-Encoding: chunked"], b"4\r\nabcd\r\n0\r\n\n"),
    "HTTP-11 size of many digits": (["Transfer-Encoding: chunked"], b"f" * 17 + b"\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 extension with NUL": (["Transfer-Encoding: chunked"], b"4;a\0\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 extension with a bare CR": (["Transfer-Encoding: chunked"], b"4;a\rb\r\nabcd\r\n0\r\n\r\n"),
    "HTTP-11 trailer without name": (["Transfer-Encoding: chunked"], b"4\r\nabcd\r\n0\r\n: a\r\n\r\n"),
    "HTTP-11 trailer with a blank": (["Transfer-Encoding: chunked"], b"4\r\nabcd\r\n0\r\nX y: a\r\n\r\n"),
    "HTTP-11 trailer with a bare LF": (["Transfer-Encoding: chunked"], b"4\r\nabcd\r\n0\r\nX: a\nb\r\n\r\n"),
    "HTTP-11 trailer folded": (["Transfer-Encoding: chunked"], b"4\r\nabcd\r\n0\r\nX: a\r\n b\r\n\r\n"),
    "HTTP-22 an upgrade with a body": (["Connection: Upgrade", "Upgrade: h2c", "Content-Length: 4"], b"abcd"),
}


@pytest.mark.parametrize("row", FRAMING)
async def test_http_01_to_11_a_message_of_doubtful_framing_is_400_and_the_end(scene: Scene, row: str) -> None:
    edge, upstream, cookie = scene
    lines, body = FRAMING[row]
    answer = await refused(edge.port, post(*lines, body=body + SMUGGLED, cookie=cookie))

    assert answer.problem == (400, "1000")
    assert upstream.targets == []


@pytest.mark.parametrize("row", [row for row in FRAMING if "HTTP-11" not in row])
async def test_http_01_to_09_nobody_needs_a_session_to_be_refused(scene: Scene, row: str) -> None:
    edge, upstream, _ = scene
    lines, body = FRAMING[row]
    data = post(*lines, body=body + SMUGGLED, cookie="").replace(b"Cookie: outerward=\r\n", b"")

    assert (await refused(edge.port, data)).problem == (400, "1000")
    assert upstream.hits == 0


async def test_http_06_chunked_on_http_1_0_is_400_and_the_end(scene: Scene) -> None:
    edge, upstream, cookie = scene
    for lines in (["Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked", "Connection: keep-alive"]):
        data = post(*lines, body=BODY + SMUGGLED, version="1.0", cookie=cookie)
        assert (await refused(edge.port, data)).problem == (400, "1000")
    assert upstream.hits == 0


async def test_http_06_chunked_and_a_length_on_http_1_0_is_400_and_the_end(scene: Scene) -> None:
    edge, upstream, cookie = scene
    for lines in (
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
        ["Content-Length: 4", "Transfer-Encoding: identity"],
    ):
        data = post(*lines, body=BODY + SMUGGLED, version="1.0", cookie=cookie)
        assert (await refused(edge.port, data)).problem == (400, "1000")
    assert upstream.hits == 0


@pytest.mark.parametrize("row", FRAMING)
async def test_http_01_to_11_in_any_pieces_the_upstream_never_gets_a_whole_request_of_it(
    scene: Scene, row: str
) -> None:
    edge, upstream, cookie = scene
    lines, body = FRAMING[row]
    data = post(*lines, body=body + SMUGGLED, cookie=cookie)
    async with connected(edge.port) as client:
        for start in range(0, len(data), 7):
            await client.send(data[start : start + 7])
        assert (await client.answer()).problem == (400, "1000")
        assert await client.ended() == b""
    assert upstream.targets == []


@pytest.mark.parametrize("line_end", ["\n", "\r", "\n\r", "\r\r\n"])
async def test_http_09_lines_that_end_otherwise_are_400(scene: Scene, line_end: str) -> None:
    edge, upstream, cookie = scene
    data = request(cookie=cookie).decode().replace("\r\n", line_end).encode() + SMUGGLED

    assert (await refused(edge.port, data)).problem == (400, "1000")
    assert upstream.hits == 0


@pytest.mark.parametrize("name", ["{}_{}", "{}.{}", "{}~{}", "{}-{}_"])
@pytest.mark.parametrize("words", [("Transfer", "Encoding"), ("Content", "Length")])
async def test_http_08_a_name_that_only_looks_like_framing_frames_nothing_and_does_not_pass(
    scene: Scene, name: str, words: tuple[str, str]
) -> None:
    edge, upstream, cookie = scene
    alike = name.format(*words)
    data = post(f"{alike}: chunked", "Content-Length: 4", body=b"abcd", cookie=cookie)
    data += request(target="/next", cookie=cookie)
    first, second = await exchange(edge.port, data, "POST", "GET")

    assert received(first).body == b"abcd"
    assert received(second).target == "/next"
    assert alike.endswith("_") or not received(first).all(alike)
    assert upstream.hits == 2


@pytest.mark.parametrize("listed", ["Content-Length", "Transfer-Encoding", "Trailer, TE, Content-Length"])
@pytest.mark.parametrize("framed", [("Content-Length: 4", b"abcd"), ("Transfer-Encoding: chunked", BODY)])
async def test_http_20_connection_cannot_take_the_framing_away(
    scene: Scene, listed: str, framed: tuple[str, bytes]
) -> None:
    edge, upstream, cookie = scene
    data = post(f"Connection: {listed}", framed[0], body=framed[1], cookie=cookie)
    first, second = await exchange(edge.port, data + request(target="/next", cookie=cookie), "POST", "GET")

    assert (received(first).body, received(second).target) == (b"abcd", "/next")
    assert upstream.hits == 2


@pytest.mark.parametrize("line", ["Content-Length: 99", "Transfer-Encoding: chunked", "Host: evil", "X: 1"])
async def test_http_11_a_trailer_frames_nothing(scene: Scene, line: str) -> None:
    edge, _, cookie = scene
    body = b"4\r\nabcd\r\n0\r\n" + line.encode() + b"\r\n\r\n"
    data = post("Transfer-Encoding: chunked", body=body, cookie=cookie)
    async with connected(edge.port) as client:
        client.write(data + request(target="/next", cookie=cookie))
        answer = await client.answer("POST")
        if answer.status == 400:
            assert await client.ended() == b""
        else:
            asked = received(answer)
            assert (asked.body, asked.all("Host"), asked.all("X")) == (b"abcd", [HOST], [])
            assert received(await client.answer()).target == "/next"
