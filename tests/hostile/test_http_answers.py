"""Hostile answers (HTTP-24, -29, -31, -41, -42, -43): upstreams that lie about their messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from session_store import Store
from tests.support.edge import HOST, Edge, ada, route, running_edge
from tests.support.http_client import Cut, chunked, connected, exchange, request
from tests.support.upstreams import Peer, Script, Scripted, always, answering, ok


@asynccontextmanager
async def scene(store: Store, script: Script) -> AsyncIterator[tuple[Edge, Scripted, str]]:
    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        yield edge, upstream, await edge.sign_in()


SWITCH = b"HTTP/1.1 101 Switching Protocols\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        SWITCH + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\nevil",
        SWITCH + b"\r\n" + ok(b"evil"),
        SWITCH + b"Content-Length: 4\r\n\r\nevil",
    ],
)
@pytest.mark.parametrize("asked", [[], [("Connection", "Upgrade"), ("Upgrade", "h2c")]])
async def test_http_24_a_101_that_was_not_asked_for_is_502(
    store: Store, sent: bytes, asked: list[tuple[str, str]]
) -> None:
    async with scene(store, answering(sent)) as (edge, _, cookie):
        answer = await edge.ask(cookie=cookie, headers=asked)

    assert answer.problem == (502, "1022")
    assert b"evil" not in answer.body


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_http_29_an_answer_shorter_than_announced_is_an_abort(store: Store, method: str) -> None:
    script = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    async with scene(store, script) as (edge, _, cookie), connected(edge.port) as client:
        await client.send(request(method, cookie=cookie))
        with pytest.raises(Cut) as cut:
            await client.answer(method)
    assert cut.value.got == b"hello"


INJECTED = {
    "CR": b"X: a\rSet-Cookie: evil=1",
    "LF": b"X: a\nSet-Cookie: evil=1",
    "NUL": b"X: a\0b",
    "control character": b"X: a\x01b",
    "CR in a name": b"X\rY: a",
    "blank in a name": b"X Y: a",
    "obs-fold": b"X: a\r\n\tSet-Cookie: evil=1",
    "no colon": b"X",
}


@pytest.mark.parametrize("row", INJECTED)
async def test_http_31_a_header_that_could_split_the_answer_is_502(store: Store, row: str) -> None:
    script = answering(b"HTTP/1.1 200 OK\r\n" + INJECTED[row] + b"\r\nContent-Length: 2\r\n\r\nok")
    async with scene(store, script) as (edge, _, cookie):
        answer = await edge.ask(cookie=cookie)

    assert answer.problem == (502, "1022")
    assert b"evil" not in answer.body


@pytest.mark.parametrize("reason", [b"\0", b"O\x1bK", b"O\rK", b"O\nX: y", b"\x7f"])
async def test_http_31_a_reason_that_could_split_the_answer_is_502(store: Store, reason: bytes) -> None:
    async with scene(store, answering(b"HTTP/1.1 200 " + reason + b"\r\nContent-Length: 0\r\n\r\n")) as (
        edge,
        _,
        cookie,
    ):
        assert (await edge.ask(cookie=cookie)).problem == (502, "1022")


async def test_http_41_head_with_a_length_and_then_another_users_get_on_the_same_connection(
    store: Store,
) -> None:
    async def script(peer: Peer) -> None:
        while True:
            asked = await peer.request()
            (user,) = asked.all("X-Forwarded-User")
            whole = ok(user.encode().ljust(10, b"!"))
            head, end, _ = whole.partition(b"\r\n\r\n")
            await peer.send(head + end if asked.method == "HEAD" else whole)

    async with scene(store, script) as (edge, upstream, cookie):
        other = await edge.sign_in(HOST, ada(subject="bob"))
        for _ in range(5):
            head = await edge.ask(method="HEAD", cookie=cookie)
            got = await edge.ask(cookie=other)
            assert (head.status, head.body, head.header("content-length")) == (200, b"", "10")
            assert got.body == b"bob!!!!!!!"
        assert upstream.connections == 1


@pytest.mark.parametrize("second", [ok(b"evil"), b"HTTP/1.1 200 OK\r\n\r\nevil", b"evil"])
@pytest.mark.parametrize("first", [ok(b"good"), b"HTTP/1.1 204 No Content\r\n\r\n"])
async def test_http_42_an_unasked_second_answer_is_never_anybodys(
    store: Store, first: bytes, second: bytes
) -> None:
    poisoned = [first + second, first + second]

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(poisoned.pop() if poisoned else ok(b"good"))

    async with scene(store, script) as (edge, upstream, cookie):
        other = await edge.sign_in(HOST, ada(subject="bob"))
        for _ in range(4):
            for each in (cookie, other):
                answer = await edge.ask(cookie=each)
                assert answer.body in (b"good", b"")
        assert upstream.connections == 3


CHUNKED = chunked(b"good")


@pytest.mark.parametrize(
    ("sent", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKED, 502, b""),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
            502,
            b"",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKED, 502, b""),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil", 204, b""),
        (b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED, 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil", 304, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"good"), 200, b"good"),
        (
            b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok(b"good"),
            200,
            b"good",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 502, b""),
        (b"HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\nevil", 502, b""),
    ],
)
async def test_http_43_what_is_doubtful_is_502_or_passes_right_and_its_connection_is_not_used_again(
    store: Store, sent: bytes, status: int, body: bytes
) -> None:
    first = True

    async def script(peer: Peer) -> None:
        nonlocal first
        if first:
            first = False
            await peer.request()
            await peer.send(sent)
            await peer.gone() if b"200 OK\r\nContent-Length" not in sent else await always(ok(b"next"))(peer)
        else:
            await always(ok(b"next"))(peer)

    async with scene(store, script) as (edge, upstream, cookie), connected(edge.port) as client:
        await client.send(request(cookie=cookie))
        answer = await client.answer()
        assert answer.status == status
        assert status == 502 or (answer.body, answer.interim) == (body, ())
        await client.send(request(cookie=cookie))
        assert (await client.answer()).body == b"next"
        assert upstream.connections == (1 if body else 2)


async def test_http_43_an_endless_stream_of_interim_answers_ends(store: Store) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        while True:
            await peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")

    async with scene(store, script) as (edge, _, cookie):
        (answer,) = await exchange(edge.port, request(cookie=cookie))

    assert (answer.status, answer.interim) == (502, ())
