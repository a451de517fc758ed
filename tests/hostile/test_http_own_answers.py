"""What the edge says by itself: when it closes, what it dates and clears, what it answers for others."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

import pytest

from session_store import Store
from tests.support.edge import HOST, Edge, route, running_edge
from tests.support.http_client import Answer, Client, chunked, connected, exchange, request
from tests.support.upstreams import Echo, Script, Scripted, always, answering, ok, received

Scene = tuple[Edge, Echo, str]
CLEARING = "outerward=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
PAGE = [("Sec-Fetch-Mode", "navigate")]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    """An edge with an app and a host of two routes, their upstream, and somebody signed in at the app."""
    async with Echo.running() as upstream:
        routes = [route(upstream), *(route(upstream, "apps.localhost", path) for path in ("/a", "/b"))]
        async with running_edge(store, routes) as edge:
            yield edge, upstream, await edge.sign_in()


@asynccontextmanager
async def before(store: Store, script: Script) -> AsyncIterator[tuple[Edge, Scripted]]:
    """An edge in front of a scripted upstream."""
    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        yield edge, upstream


async def ask(client: Client, data: bytes, method: str = "GET") -> Answer:
    await client.send(data)
    return await client.answer(method)


# Closing: 400, 408, 413, 414, 431, 501 and 505 do, other answers of ours do not.


KEPT = {
    "405": request("TRACE"),
    "405 with a body": request("TRACE", body=b"x" * 1000),
    "417": request(headers=[("Expect", "bogus")]),
    "417 with a body": request("POST", headers=[("Expect", "bogus")], body=b"x" * 1000),
}


@pytest.mark.parametrize("row", KEPT)
async def test_http_26_and_27_a_405_and_a_417_keep_the_connection(scene: Scene, row: str) -> None:
    edge, upstream, cookie = scene
    async with connected(edge.port) as client:
        answer = await ask(client, KEPT[row])
        assert (answer.status, answer.header("connection")) == (int(row[:3]), "")
        assert (await ask(client, request(cookie=cookie))).status == 200
    assert upstream.hits == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request(), 401),
        (request(headers=PAGE), 302),
        (request("POST", headers=PAGE, body=b"x" * 1000), 303),
        (request("POST", body=b"x" * 1000), 401),
        (request(host="nobody.localhost"), 404),
        (request(target="/c", host="apps.localhost"), 404),
    ],
)
async def test_an_answer_of_ours_to_a_whole_request_keeps_the_connection(
    scene: Scene, data: bytes, status: int
) -> None:
    edge, upstream, cookie = scene
    async with connected(edge.port) as client:
        for _ in range(2):
            answer = await ask(client, data)
            assert (answer.status, answer.header("connection")) == (status, "")
        assert (await ask(client, request(cookie=cookie))).status == 200
    assert upstream.hits == 1


# Date (RFC 9110 §6.6.1): a server with a clock sends it, and adds it where it passes on an answer without.


OURS = {
    "400": request(target="/%zz"),
    "401": request(),
    "302": request(headers=PAGE),
    "404": request(host="nobody.localhost"),
    "405": request("TRACE"),
}


@pytest.mark.parametrize("row", OURS)
async def test_an_answer_of_ours_is_dated(scene: Scene, row: str) -> None:
    edge, _, _ = scene
    (answer,) = await exchange(edge.port, OURS[row])

    assert answer.status == int(row)
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", answer.header("date"))
    assert parsedate_to_datetime(answer.header("date")).year >= 2024


async def test_an_upstreams_answer_without_a_date_gets_one(store: Store) -> None:
    async with before(store, always(ok())) as (edge, _):
        answer = await edge.ask(cookie=await edge.sign_in())

    assert answer.header("date").endswith(" GMT")


async def test_an_upstreams_date_is_its_own(store: Store) -> None:
    date = "Tue, 15 Nov 1994 08:12:31 GMT"
    async with before(store, always(ok(b"", f"Date: {date}"))) as (edge, _):
        answer = await edge.ask(cookie=await edge.sign_in())

    assert answer.header("date") == date


# Two cookies of our name.


DOUBLED = [
    ("app.localhost", "/", 401),
    ("apps.localhost", "/a", 401),
    ("apps.localhost", "/c", 404),
    ("apps.localhost", "/a/../b", 400),
]


@pytest.mark.parametrize(("host", "target", "status"), DOUBLED)
@pytest.mark.parametrize("equal", [False, True])
async def test_every_answer_of_ours_to_two_cookies_of_our_name_clears_them(
    scene: Scene, host: str, target: str, status: int, equal: bool
) -> None:
    edge, upstream, cookie = scene
    pair = f"outerward={cookie}; outerward={cookie if equal else 'A' * 43}"
    for headers in ([("Cookie", pair)], [("Cookie", one) for one in pair.split("; ")]):
        answer = await edge.ask(target, host=host, headers=headers)
        assert answer.status == status
        assert answer.all("set-cookie") == [CLEARING]
    assert upstream.hits == 0


async def test_one_cookie_of_our_name_is_not_cleared(scene: Scene) -> None:
    edge, _, _ = scene
    for value in ("A" * 43, "", "x"):
        answer = await edge.ask(headers=[("Cookie", f"outerward={value}; Outerward=1; outerward2=2")])
        assert (answer.status, answer.all("set-cookie")) == (401, [])


# Authority.


@pytest.mark.parametrize("target", ["/x", f"http://{HOST}:/x"])
async def test_http_15_an_empty_port_is_none(scene: Scene, target: str) -> None:
    """RFC 3986 §3.2.3."""
    edge, _, cookie = scene
    assert received(await edge.ask(target, host=f"{HOST}:", cookie=cookie)).target == "/x"


# OPTIONS.


async def test_options_for_the_whole_server_is_400_and_asks_nobody(scene: Scene) -> None:
    edge, upstream, cookie = scene
    for each in (cookie, ""):
        assert (await edge.ask("*", method="OPTIONS", cookie=each)).problem == (400, "1000")
    assert upstream.hits == 0


async def test_h11_an_options_that_may_go_no_further_is_answered_here(scene: Scene) -> None:
    """RFC 9110 §7.6.2."""
    edge, upstream, cookie = scene
    answer = await edge.ask(method="OPTIONS", cookie=cookie, headers=[("Max-Forwards", "0")])

    assert (answer.status, answer.body) == (204, b"")
    assert "OPTIONS" in answer.header("allow")
    assert upstream.hits == 0


async def test_h11_an_options_that_may_go_no_further_is_still_nobodys_without_session(scene: Scene) -> None:
    edge, upstream, _ = scene
    assert (await edge.ask(method="OPTIONS", headers=[("Max-Forwards", "0")])).status == 401
    assert upstream.hits == 0


@pytest.mark.parametrize(("sent", "passed"), [("1", "0"), ("10", "9"), ("007", "6")])
async def test_h11_an_options_goes_one_step_less_far(scene: Scene, sent: str, passed: str) -> None:
    edge, _, cookie = scene
    answer = await edge.ask(method="OPTIONS", cookie=cookie, headers=[("max-forwards", sent), ("X", "1")])

    assert received(answer).all("Max-Forwards") == [passed]
    assert received(answer).all("X") == ["1"]


@pytest.mark.parametrize("method", ["GET", "POST", "PROPFIND"])
async def test_h11_for_other_methods_it_means_nothing_and_passes(scene: Scene, method: str) -> None:
    edge, _, cookie = scene
    answer = await edge.ask(method=method, cookie=cookie, headers=[("Max-Forwards", "0")])

    assert received(answer).all("Max-Forwards") == ["0"]


# Trailers (H10).


TRAILED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\ngood\r\n0\r\n%b\r\n"
ASKED = [("TE", "trailers"), ("Connection", "TE")]


async def told(store: Store, trailers: bytes, headers: list[tuple[str, str]], version: str = "1.1") -> bytes:
    """Everything that a client gets of an answer with ``trailers``, after its head."""
    async with before(store, answering(TRAILED % trailers)) as (edge, _), connected(edge.port) as client:
        more = [*headers, ("Connection", "close")]
        await client.send(request(cookie=await edge.sign_in(), headers=more, version=version))
        return (await client.ended()).partition(b"\r\n\r\n")[2]


async def test_h10_an_answers_trailers_reach_a_client_that_takes_them(store: Store) -> None:
    assert await told(store, b"X-Sum: 1\r\n", ASKED) == b"4\r\ngood\r\n0\r\nX-Sum: 1\r\n\r\n"


@pytest.mark.parametrize("headers", [[], [("TE", "gzip")], [("TE", "")]])
async def test_h10_an_answers_trailers_reach_nobody_else(
    store: Store, headers: list[tuple[str, str]]
) -> None:
    assert await told(store, b"X-Sum: 1\r\n", headers) == b"4\r\ngood\r\n0\r\n\r\n"


async def test_h10_a_client_of_http_1_0_gets_no_trailers(store: Store) -> None:
    assert await told(store, b"X-Sum: 1\r\n", ASKED, "1.0") == b"good"


@pytest.mark.parametrize(
    "line", [b"Set-Cookie: outerward=evil", b"Set-Cookie: a=1", b"Transfer-Encoding: chunked"]
)
async def test_h10_a_trailer_that_acts_upon_the_message_never_passes(store: Store, line: bytes) -> None:
    got = await told(store, line + b"\r\n", ASKED)

    assert line.partition(b":")[0] not in got
    assert got.startswith(b"4\r\ngood\r\n")


# Answers of other versions.


async def test_http_43_after_chunks_in_http_1_0_the_connection_is_not_used_again(store: Store) -> None:
    """RFC 9112 §6.1."""
    sent = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with before(store, always(sent + chunked(b"good"))) as (edge, upstream):
        cookie = await edge.sign_in()
        for _ in range(2):
            assert (await edge.ask(cookie=cookie)).status in (200, 502)
    assert upstream.connections == 2


@pytest.mark.parametrize(
    "version",
    ["2.0", "0.9", "1.2", "3.0", "11.1", "1"],
)
async def test_http_43_an_answer_in_another_version_is_502(store: Store, version: str) -> None:
    sent = f"HTTP/{version} 200 OK\r\nContent-Length: 4\r\n\r\nevil".encode()
    async with before(store, answering(sent)) as (edge, _):
        assert (await edge.ask(cookie=await edge.sign_in())).problem == (502, "1022")
