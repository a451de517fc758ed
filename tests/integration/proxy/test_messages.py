"""Messages on their way: connections kept and closed, pipelining, every kind of body, 100-continue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import Answer, Client, Cut, chunked, connected, exchange, request, until
from tests.support.upstreams import Echo, Peer, Script, Scripted, always, answering, ok, received


@asynccontextmanager
async def scene(store: Store, script: Script) -> AsyncIterator[tuple[Edge, Scripted, str]]:
    """An edge in front of a scripted upstream, and a visitor's cookie."""
    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        yield edge, upstream, await edge.sign_in()


async def ask(client: Client, data: bytes, method: str = "GET") -> Answer:
    await client.send(data)
    return await client.answer(method)


# Connections


async def test_a_connection_is_kept_on_both_sides(store: Store) -> None:
    async with scene(store, always(ok())) as (edge, upstream, cookie), connected(edge.port) as client:
        for _ in range(50):
            answer = await ask(client, request(cookie=cookie))
            assert (answer.body, answer.header("connection")) == (b"ok", "")

    assert (upstream.hits, upstream.connections) == (50, 1)


async def test_a_client_that_wants_to_close_is_closed_after_its_answer(edge: Edge, cookie: str) -> None:
    for close in ("close", "Close", "keep-alive, close"):
        async with connected(edge.port) as client:
            answer = await ask(client, request(cookie=cookie, headers=[("Connection", close)]))
            assert (answer.status, answer.header("connection")) == (200, "close")
            assert await client.ended() == b""


async def test_an_upstream_that_closes_does_not_close_the_client(store: Store) -> None:
    script = answering(ok(b"ok", "Connection: close"))
    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        for _ in range(3):
            answer = await ask(client, request(cookie=cookie))
            assert (answer.status, answer.header("connection")) == (200, "")

    assert upstream.connections == 3


async def test_http_1_0_closes_unless_it_asks_to_be_kept(edge: Edge, cookie: str) -> None:
    async with connected(edge.port) as client:
        kept = request(cookie=cookie, version="1.0", headers=[("Connection", "keep-alive")])
        for _ in range(2):
            answer = await ask(client, kept)
            assert (answer.status, answer.header("connection")) == (200, "keep-alive")
        assert (await ask(client, request(cookie=cookie, version="1.0"))).header("connection") == "close"
        assert await client.ended() == b""


async def test_http_1_0_gets_a_chunked_answer_until_the_end_of_the_connection(store: Store) -> None:
    script = always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"hello ", b"world"))
    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        answer = await ask(
            client, request(cookie=cookie, version="1.0", headers=[("Connection", "keep-alive")])
        )

    assert answer.body == b"hello world"
    assert answer.header("transfer-encoding") == ""
    assert answer.header("connection") == "close"


async def test_refusals_keep_the_connection(edge: Edge, cookie: str) -> None:
    async with connected(edge.port) as client:
        for _ in range(2):
            answer = await ask(client, request())
            assert (answer.status, answer.header("connection")) == (401, "")
            answer = await ask(client, request("POST", body=b"x" * 1000), "POST")
            assert (answer.status, answer.header("connection")) == (401, "")
            assert (await ask(client, request(host="nobody.localhost"))).status == 404
        assert (await ask(client, request(cookie=cookie))).status == 200


async def test_the_rest_of_a_refused_body_is_dropped_before_the_next_request(edge: Edge, cookie: str) -> None:
    async with connected(edge.port) as client:
        answer = await ask(client, request("POST", headers=[("Content-Length", "30")]), "POST")
        assert answer.status == 401
        await client.send(b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n")
        assert (await ask(client, request(cookie=cookie))).status == 200


# Pipelining


async def test_pipelined_requests_are_answered_in_order(edge: Edge, cookie: str) -> None:
    data = b"".join(request(target=f"/{number}", cookie=cookie) for number in range(100))
    answers = await exchange(edge.port, data, *["GET"] * 100)

    assert [received(answer).target for answer in answers] == [f"/{number}" for number in range(100)]


async def test_a_slow_answer_holds_back_the_fast_ones_behind_it(store: Store) -> None:
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        while True:
            asked = await peer.request()
            if asked.target == "/slow":
                await go_on.wait()
            await peer.send(ok(asked.target.encode()))

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        both = request(target="/slow", cookie=cookie) + request(target="/fast", cookie=cookie)
        await client.send(both + request(target="/refused"))
        await until(lambda: upstream.hits)
        go_on.set()
        answers = [await client.answer() for _ in range(3)]

    assert [(answer.status, answer.body) for answer in answers[:2]] == [(200, b"/slow"), (200, b"/fast")]
    assert answers[2].status == 401


async def test_a_pipelined_request_after_the_last_one_is_not_heard(
    edge: Edge, cookie: str, upstream: Echo
) -> None:
    for first, status in (
        (request(cookie=cookie, headers=[("Connection", "close")]), 200),
        (request(cookie=cookie, version="1.0"), 200),
        (request(cookie=cookie, headers=[("Connection", "Upgrade"), ("Upgrade", "h2c")]), 200),
        (request(target="/%zz", cookie=cookie), 400),
        (request(cookie=cookie, version="2.0"), 505),
        (request(cookie=cookie, headers=[("X", "a" * 17_000)]), 431),
    ):
        upstream.targets.clear()
        async with connected(edge.port) as client:
            answer = await ask(client, first + request(target="/second", cookie=cookie))
            assert (answer.status, answer.header("connection")) == (status, "close")
            assert await client.ended() == b""
        assert "/second" not in upstream.targets


async def test_behind_a_refused_request_that_waits_its_turn_nothing_is_queued(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie) + request(target="/%zz") + request(cookie=cookie) * 50)
        await until(lambda: upstream.hits)
        (connection,) = edge.worker.connections
        assert len(connection._queue) == 2
        client.reset()


@pytest.mark.parametrize("size", [1, 7, 61])
async def test_bytes_may_come_in_any_pieces(edge: Edge, cookie: str, size: int) -> None:
    post = request(
        "POST", "/a", cookie=cookie, headers=[("Transfer-Encoding", "chunked")], body=chunked(b"hello", b"!")
    )
    data = post + request(target="/b", cookie=cookie) + request("PUT", "/c", cookie=cookie, body=b"12345")
    async with connected(edge.port) as client:
        for start in range(0, len(data), size):
            await client.send(data[start : start + size])
            await asyncio.sleep(0)
        requests = [received(await client.answer()) for _ in range(3)]

    assert [(each.target, each.body) for each in requests] == [
        ("/a", b"hello!"),
        ("/b", b""),
        ("/c", b"12345"),
    ]


# Answers


ANSWERS = [
    (ok(b""), b""),
    (ok(b"hello"), b"hello"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"he", b"llo"), b"hello"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n", b""),
    (b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    (b"HTTP/1.1 404 Nicht da\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b""),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"hello"), b"hello"),
    (b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 3 + ok(b"hello"), b"hello"),
]


@pytest.mark.parametrize(("sent", "body"), ANSWERS)
@pytest.mark.parametrize("one_by_one", [False, True])
async def test_an_answer_passes_whatever_frames_it(
    store: Store, sent: bytes, body: bytes, one_by_one: bool
) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            for piece in [sent[at : at + 1] for at in range(len(sent))] if one_by_one else [sent]:
                await peer.send(piece)
                await asyncio.sleep(0)

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        for _ in range(2):
            answer = await ask(client, request(cookie=cookie))
            assert (answer.body, answer.interim) == (body, ())
            assert "x-trailer" not in dict(answer.headers)


async def test_an_answer_that_ends_with_its_connection_arrives_chunked_and_whole(store: Store) -> None:
    script = answering(b"HTTP/1.1 200 OK\r\n\r\nhello")
    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        for _ in range(2):
            answer = await ask(client, request(cookie=cookie))
            assert answer.body == b"hello"
            assert answer.header("transfer-encoding") == "chunked"

    assert upstream.connections == 2


async def test_headers_of_an_answer_pass_but_for_the_hops_and_our_cookies(store: Store) -> None:
    lines = ["Set-Cookie: a=1", "Set-Cookie: outerward=evil", "Set-Cookie: b=2", "X-Raw: caf\xe9"]
    script = always(
        ok(b"", *lines, "Server: nginx", "Keep-Alive: timeout=5", "Connection: X-Hop", "X-Hop: 1")
    )
    async with scene(store, script) as (edge, _, cookie):
        answer = await edge.ask(cookie=cookie)

    assert [(name, value) for name, value in answer.headers if name != "date"] == [
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("x-raw", "caf\xe9"),
        ("server", "nginx"),
        ("content-length", "0"),
    ]


async def test_head_is_answered_without_body_and_its_connection_serves_the_next(store: Store) -> None:
    async def script(peer: Peer) -> None:
        while True:
            asked = await peer.request()
            whole = ok(b"hello " * 2)
            await peer.send(
                whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if asked.method == "HEAD" else whole
            )

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        for _ in range(3):
            answer = await ask(client, request("HEAD", cookie=cookie), "HEAD")
            assert (answer.body, answer.header("content-length")) == (b"", "12")
            assert (await ask(client, request(cookie=cookie))).body == b"hello hello "

    assert upstream.connections == 1


# Bodies that wait


async def test_a_client_that_waits_for_100_gets_it_once_it_may_pass(edge: Edge, cookie: str) -> None:
    headers = [("Expect", "100-continue"), ("Content-Length", "5")]
    async with connected(edge.port) as client:
        await client.send(request("POST", cookie=cookie, headers=headers))
        assert await client.read() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(b"hello")
        asked = received(await client.answer("POST"))

    assert asked.body == b"hello"
    assert "expect" not in asked.names


async def test_a_client_that_does_not_wait_gets_no_100(edge: Edge, cookie: str) -> None:
    headers = [("Expect", "100-continue"), ("Content-Length", "5")]
    (answer,) = await exchange(edge.port, request("POST", cookie=cookie, headers=headers) + b"hello", "POST")

    assert (answer.interim, received(answer).body) == ((), b"hello")


async def test_an_early_answer_passes_while_the_body_is_still_being_sent(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!")
        await peer.gone()

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        await client.send(
            request("POST", cookie=cookie, headers=[("Content-Length", "1000000")]) + b"x" * 100
        )
        answer = await client.answer("POST")
        assert (answer.status, answer.body, answer.header("connection")) == (413, b"no!", "close")
        assert await client.ended() == b""
        assert (await edge.ask(cookie=cookie)).status == 413

    assert upstream.connections == 2, "a request that was not sent whole spoils its connection"


async def test_a_conversation_goes_both_ways_at_once(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while b"bye" not in (said := await peer.read()):
            await peer.send(b"%x\r\n%b\r\n" % (len(said), said.upper()))
        await peer.send(b"0\r\n\r\n")

    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request("POST", cookie=cookie, headers=[("Content-Length", "11")]))
        heard = b""
        for word in (b"ping", b"pong"):
            await client.send(word)
            while word.upper() not in heard:
                heard += await client.read()
        await client.send(b"bye")
        assert (await client.ended()).endswith(b"0\r\n\r\n")


async def test_a_half_closed_client_still_gets_its_answers_and_then_the_end(
    edge: Edge, cookie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.connection.GOODBYE_S", 60)
    async with connected(edge.port) as client:
        await client.send(request(cookie=cookie) * 3)
        client.half_close()
        answers = [await client.answer() for _ in range(3)]
        assert await client.ended() == b""

    assert [answer.status for answer in answers] == [200] * 3


async def test_an_answer_cut_short_is_seen_as_cut(store: Store) -> None:
    heads = [b"Content-Length: 10", b"Transfer-Encoding: chunked"]
    for head, part in zip(heads, [b"hello", b"a\r\nhello"], strict=True):
        script = answering(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + part)
        async with scene(store, script) as (edge, _, cookie):
            for version in ("1.1", "1.0"):
                async with connected(edge.port) as client:
                    await client.send(request(cookie=cookie, version=version))
                    with pytest.raises(Cut) as cut:
                        await client.answer()
                    assert cut.value.got in (b"hello", b"")
