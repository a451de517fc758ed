"""Hostile requests (HTTP-13 to HTTP-40): bytes on a raw socket, and an upstream that counts its hits."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from proxy import Limits
from proxy.limits import LARGEST_FORM
from session_store import Store
from tests.support.edge import HOST, Edge, route, running_edge
from tests.support.http_client import Answer, connected, exchange, refused, request
from tests.support.upstreams import Echo, received

Scene = tuple[Edge, Echo, str]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    """An edge with two apps, the upstream of both, and somebody signed in at the first."""
    async with Echo.running() as upstream:
        routes = [route(upstream), route(upstream, "other.localhost")]
        async with running_edge(store, routes) as edge:
            yield edge, upstream, await edge.sign_in()


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: app.localhost\r\n\r\n"


LINES = {
    "two blanks before the target": b"GET  / HTTP/1.1",
    "two blanks after the target": b"GET /  HTTP/1.1",
    "a tab": b"GET\t/ HTTP/1.1",
    "a blank at the end": b"GET / HTTP/1.1 ",
    "a blank in the target": b"GET /a b HTTP/1.1",
    "a control character in the target": b"GET /a\x01b HTTP/1.1",
    "no version and no blank": b"GET/",
    "another protocol": b"GET / RTSP/1.0",
    "ICE": b"SOURCE / ICE/1.0",
    "an unknown method": b"FOO / HTTP/1.1",
    "a method in lower case": b"get / HTTP/1.1",
    "the preface of HTTP/2": b"PRI * HTTP/2.0",
    "two empty lines before": b"\r\n\r\nGET / HTTP/1.1",
    "a bare LF before": b"\nGET / HTTP/1.1",
    "no target": b"GET HTTP/1.1",
    "HTTP/1.10": b"GET / HTTP/1.10",
    "HTTP/01.1": b"GET / HTTP/01.1",
    "http/1.1": b"GET / http/1.1",
    "asterisk": b"OPTIONS * HTTP/1.1",
    "no slash": b"GET index.html HTTP/1.1",
}


@pytest.mark.parametrize("row", LINES)
@pytest.mark.parametrize("one_by_one", [False, True])
async def test_http_13_a_request_line_that_is_none_is_400(scene: Scene, row: str, one_by_one: bool) -> None:
    edge, upstream, cookie = scene
    data = LINES[row] + f"\r\nHost: {HOST}\r\nCookie: outerward={cookie}\r\n\r\n".encode()
    async with connected(edge.port) as client:
        for piece in [data[at : at + 1] for at in range(len(data))] if one_by_one else [data]:
            client.write(piece)
            await asyncio.sleep(0)
        assert (await client.answer()).problem == (400, "1000")
        assert await client.ended() == b""
    assert upstream.hits == 0


@pytest.mark.parametrize("version", ["2.0", "0.9", "3.0", "1.2"])
async def test_http_13_a_version_that_is_not_ours_is_refused(scene: Scene, version: str) -> None:
    edge, upstream, cookie = scene
    answer = await refused(edge.port, request(cookie=cookie, version=version))

    assert answer.problem in ((505, "1015"), (400, "1000"))
    assert version != "2.0" or answer.status == 505
    assert upstream.hits == 0


async def test_http_13_one_empty_line_before_a_request_is_skipped(scene: Scene) -> None:
    edge, _, cookie = scene
    async with connected(edge.port) as client:
        for _ in range(2):
            await client.send(b"\r\n" + request(cookie=cookie))
            assert (await client.answer()).status == 200


@pytest.mark.parametrize(
    "lines",
    [
        ["Host: a@b"],
        [f"Host: a@{HOST}"],
        [f"Host: {HOST}/x"],
        [f"Host: {HOST}#"],
        [f"Host: {HOST}, evil"],
        [f"Host: {HOST}:x"],
        [f"Host: {HOST}:99999"],
        ["Host:"],
        [],
        [f"Host: {HOST}", f"Host: {HOST}"],
        [f"Host: {HOST}", "host: other.localhost"],
        [f"Host: {HOST}", "Host:"],
        [f"Host: {HOST}\xff"],
        ["Host: app%2elocalhost"],
        [f"Host: {HOST} x"],
        [f"Host: http://{HOST}"],
        [f"Host: {HOST}\\evil"],
        [f"Host: {HOST}?x"],
        [f"Host: {HOST}:-1"],
        [f"Host: {HOST}:80:80"],
        ["Host: [::1"],
        ["Host: *"],
    ],
)
async def test_http_15_and_17_a_host_that_is_none_missing_or_doubled_is_400(
    scene: Scene, lines: list[str]
) -> None:
    edge, upstream, cookie = scene
    for version in ("1.1", "1.0"):
        head = "\r\n".join([f"GET / HTTP/{version}", *lines, f"Cookie: outerward={cookie}", "", ""])
        assert (await refused(edge.port, head.encode("latin-1"))).problem == (400, "1000")
    assert upstream.hits == 0


@pytest.mark.parametrize(
    "target",
    [
        "http://other.localhost/",
        f"http://{HOST}:1/",
        f"http://a@{HOST}/",
        "http:///x",
        f"http://{HOST}\\@other.localhost/",
        f"http://{HOST}#@other.localhost/",
        f"ftp://{HOST}/",
        f"{HOST}:80",
        f"http:/{HOST}/",
    ],
)
async def test_http_15_an_absolute_target_of_another_authority_is_400(scene: Scene, target: str) -> None:
    edge, upstream, cookie = scene

    assert (await refused(edge.port, request(target=target, cookie=cookie))).problem == (400, "1000")
    assert upstream.hits == 0


async def test_http_19_the_host_of_another_app_gets_nothing_from_this_apps_session(scene: Scene) -> None:
    edge, upstream, cookie = scene
    assert (await edge.ask(cookie=cookie)).status == 200

    assert (await edge.ask(host="other.localhost", cookie=cookie)).problem == (401, "2000")
    for spelling in ("other.localhost.", "OTHER.localhost", "other.localhost:80", "Other.Localhost.:4180"):
        assert (await edge.ask(host=spelling, cookie=cookie)).problem == (401, "2000")
    absolute = await edge.ask("http://other.localhost/", host="other.localhost", cookie=cookie)
    assert absolute.problem == (401, "2000")
    assert upstream.hits == 1


async def test_http_20_connection_cannot_remove_the_identity(scene: Scene) -> None:
    edge, _, cookie = scene
    listed = "close, X-Forwarded-User, X-Outerward-Session, Host, Cookie, X-Forwarded-For, Via"
    headers = [("Connection", listed), ("X-Forwarded-User", "root"), ("Cookie", "a=1")]
    request_ = received(await edge.ask(cookie=cookie, headers=headers))

    assert request_.all("X-Forwarded-User") == ["ada"]
    assert len(request_.all("X-Outerward-Session")) == 1
    assert request_.all("X-Forwarded-For") == ["127.0.0.1"]
    assert (request_.all("Host"), request_.all("Cookie")) == ([HOST], ["a=1"])


@pytest.mark.parametrize(
    "lines",
    [
        [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")],
        [("Connection", "Upgrade"), ("Upgrade", "TLS/1.0")],
        [("Connection", "Upgrade"), ("Upgrade", "websocket, h2c")],
        [("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")],
    ],
)
async def test_http_22_an_upgrade_that_we_do_not_know_is_not_forwarded(
    scene: Scene, lines: list[tuple[str, str]]
) -> None:
    edge, _, cookie = scene
    request_ = received(await edge.ask(cookie=cookie, headers=lines))

    assert not request_.names & {"upgrade", "connection", "http2-settings"}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"TRACE / HTTP/1.1\r\nHost: app.localhost\r\nMax-Forwards: 0\r\n\r\n", (405, "1004")),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", (501, "1016")),
        (b"CONNECT app.localhost:80 HTTP/1.1\r\nHost: app.localhost\r\n\r\n", (501, "1016")),
        (b"CONNECT / HTTP/1.1\r\nHost: app.localhost\r\nUpgrade: websocket\r\n\r\n", (501, "1016")),
    ],
)
async def test_http_26_trace_and_connect_are_refused(
    scene: Scene, data: bytes, problem: tuple[int, str]
) -> None:
    edge, upstream, cookie = scene
    signed_in = data.replace(b"\r\n\r\n", f"\r\nCookie: outerward={cookie}\r\n\r\n".encode())
    for each in (data, signed_in):
        (answer,) = await exchange(edge.port, each)
        assert (answer.problem, answer.header("connection")) == (
            problem,
            "close" if problem[0] == 501 else "",
        )
        assert bool(answer.header("allow")) is (answer.status == 405)
    assert upstream.hits == 0


@pytest.mark.parametrize("expect", ["bogus", "100-continue, bogus", "100-continue;x", "200-ok", ""])
async def test_http_27_another_expectation_is_417(scene: Scene, expect: str) -> None:
    edge, upstream, cookie = scene
    data = request("POST", cookie=cookie, headers=[("Expect", expect)], body=b"x")

    (answer,) = await exchange(edge.port, data, "POST")
    assert answer.problem == (417, "1014")
    assert upstream.hits == 0


async def test_http_28_without_session_the_answer_comes_before_any_100(scene: Scene) -> None:
    edge, upstream, _ = scene
    headers = [("Expect", "100-continue"), ("Content-Length", "1000000000")]
    navigation = [("Sec-Fetch-Mode", "navigate")]
    for more, status in (([], 401), (navigation, 303)):
        async with connected(edge.port) as client:
            await client.send(request("POST", headers=[*headers, *more]))
            answer = await client.answer("POST")
            assert (answer.status, answer.interim) == (status, ())
            assert await client.ended() == b""
    assert upstream.hits == 0


@pytest.mark.parametrize("framing", [("Content-Length", "1000000000"), ("Transfer-Encoding", "chunked")])
@pytest.mark.parametrize(
    ("host", "cookie", "status"),
    [(HOST, "A" * 43, 401), ("other.localhost", "", 401), ("nobody.localhost", "", 404), (HOST, "x", 401)],
)
async def test_http_28_whoever_is_refused_is_refused_before_any_100(
    scene: Scene, host: str, cookie: str, status: int, framing: tuple[str, str]
) -> None:
    edge, upstream, own = scene
    value = own if host == "other.localhost" else cookie
    async with connected(edge.port) as client:
        headers = [("Expect", "100-Continue"), framing]
        await client.send(request("POST", host=host, cookie=value, headers=headers))
        answer = await client.answer("POST")
        assert (answer.status, answer.interim) == (status, ())
        assert await client.ended() == b""
    assert upstream.hits == 0


async def test_http_34_pipelined_requests_are_each_judged_alone(scene: Scene) -> None:
    edge, upstream, cookie = scene
    data = [
        request(target="/1", cookie=cookie),
        request(target="/2"),
        request(target="/3", cookie=cookie, host="other.localhost"),
        request(target="/4", cookie=cookie),
        request(target="/5", cookie="A" * 43),
        request(target="/6", cookie=cookie, headers=[("X-Forwarded-User", "root")]),
    ]
    answers = await exchange(edge.port, b"".join(data), *["GET"] * 6)

    assert [answer.status for answer in answers] == [200, 401, 401, 200, 401, 200]
    assert received(answers[5]).all("X-Forwarded-User") == ["ada"]
    assert upstream.targets == ["/1", "/4", "/6"]


async def test_http_35_a_method_override_passes_and_nothing_of_ours_reads_it(scene: Scene) -> None:
    edge, _, cookie = scene
    override = [("X-HTTP-Method-Override", "DELETE"), ("X-Method-Override", "TRACE")]
    request_ = received(await edge.ask(cookie=cookie, headers=override))

    assert request_.method == "GET"
    assert request_.all("X-HTTP-Method-Override") == ["DELETE"]


def intact_or_400(answer: Answer, target: str, value: str) -> None:
    if answer.status != 400:
        assert received(answer).target == target
        assert received(answer).all("X-Raw") == [value]


@pytest.mark.parametrize("raw", ["\xff", "\xc0\xae", "\xed\xa0\x80", "\x80"])
async def test_http_36_bytes_that_are_not_utf_8_pass_byte_for_byte_or_are_400(scene: Scene, raw: str) -> None:
    edge, _, cookie = scene
    for target, value in (("/a", raw), (f"/a?{raw}", "x"), (f"/{raw}", "x")):
        (answer,) = await exchange(
            edge.port, request(target=target, cookie=cookie, headers=[("X-Raw", value)])
        )
        intact_or_400(answer, target, value)


@pytest.mark.parametrize("raw", ["\xff", "\xc0\xae", "\x80\xfe"])
@pytest.mark.parametrize(
    "line", ["Cookie: x{raw}=1", "Cookie: {raw}", "X{raw}: 1", "Host: {raw}", "Authorization: {raw}"]
)
async def test_http_36_such_bytes_anywhere_in_a_head_are_never_a_fault(
    scene: Scene, line: str, raw: str
) -> None:
    edge, upstream, _ = scene
    head = [f"GET / HTTP/1.1\r\nHost: {HOST}\r\n", f"GET /{raw} HTTP/1.1\r\n"][line.startswith("Host")]
    data = f"{head}{line.format(raw=raw)}\r\nConnection: close\r\n\r\n".encode("latin-1")
    (answer,) = await exchange(edge.port, data)

    assert answer.status in (400, 401)
    assert upstream.hits == 0


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/", [("X", "1")] * 101, 431),
        ("/", [("X" * 17_000, "1")], 431),
        ("/", [("Cookie", "a" * 17_000)], 431),
        ("/", [("Cookie", "a" * 9_000)] * 4, 431),
        ("/", [("Connection", "X" * 17_000)], 431),
        ("/", [("X", "a" * 17_000)], 431),
        ("/", [("X", "a" * 11_000)] * 3, 431),
        ("/" + "a" * 9000, [], 414),
        ("/?" + "a" * 9000, [], 414),
    ],
)
async def test_http_37_a_head_that_is_too_large_is_refused(
    scene: Scene, target: str, headers: list[tuple[str, str]], status: int
) -> None:
    edge, upstream, cookie = scene

    assert (await refused(edge.port, request(target=target, cookie=cookie, headers=headers))).status == status
    assert (await refused(edge.port, request(target=target, headers=headers))).status == status
    assert upstream.hits == 0


async def test_http_38_a_head_that_trickles_is_408(scene: Scene) -> None:
    edge, upstream, cookie = scene
    edge.worker.limits = Limits(header_timeout_s=0.4)
    async with connected(edge.port) as client:
        answered = asyncio.create_task(client.answer())
        for byte in request(cookie=cookie):
            client.write(bytes([byte]))
            await asyncio.sleep(0.02)
            if answered.done():
                break
        assert (await answered).problem == (408, "1013")
    assert upstream.hits == 0


async def test_http_40_a_compressed_body_for_our_own_pages_is_bounded_and_not_inflated(scene: Scene) -> None:
    edge, _, _ = scene
    headers = [("Content-Encoding", "gzip")]
    body = b"\x1f\x8b\x08" + b"\0" * LARGEST_FORM

    assert (await edge.ask("/.outerward/logout", method="POST", headers=headers, body=body)).status == 413
    assert edge.control_requests == []


@pytest.mark.long
async def test_http_38_by_default_a_head_of_a_byte_every_5_s_is_408_at_10_s(scene: Scene) -> None:
    edge, upstream, cookie = scene
    async with connected(edge.port) as client:
        began = asyncio.get_running_loop().time()
        answered = asyncio.create_task(client.answer())
        for byte in request(cookie=cookie)[:4]:
            client.write(bytes([byte]))
            await asyncio.wait([answered], timeout=5)
        assert (await answered).problem == (408, "1013")
        assert 9 < asyncio.get_running_loop().time() - began < 100
    assert upstream.hits == 0
