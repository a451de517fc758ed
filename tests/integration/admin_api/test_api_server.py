"""What never becomes a call: malformed HTTP, odd targets, expectations, bodies that are too much."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from admin_api.bodies import LARGEST_BODY
from tests.support.admin_api import AUTHORIZED, RunningApi, raw


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /app/users HTTP/1.1\r\nHost: a\r\nAuthori zation: Bearer CANARY\r\n\r\n",
        b"GET /app/users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer CANARY\x00\r\n\r\n",
        b"GET /CANARY\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /" + b"CANARY" * 2000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + b"CANARY" * 2000 + b"\r\n\r\n",
        b"PUT /CANARY HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /tokens HTTP/1.1\r\nHost: CANARY\r\nContent-Length: CANARY\r\n\r\n",
    ],
)
async def test_malformed_http_is_400_in_our_words_and_repeats_nothing(
    api: RunningApi, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    with capture_logs() as lines:
        answer = await raw(api, request_bytes)
    assert answer.status == 400
    assert answer.headers["connection"] == "close"
    assert answer.headers["server"] == "outerward"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["error_code"] == "ERR_OUTERWARD_3034"
    assert answer.json["details"]["operation_id"] == answer.headers["x-operation-id"]
    assert b"CANARY" not in answer.body
    assert "CANARY" not in caplog.text + repr(lines)


@pytest.mark.parametrize(
    "line",
    [
        b"OPTIONS *",
        b"GET http://evil.example/app/userz",
        b"DELETE http://evil.example",
        b"GET /app/../app/users",
        b"GET /./app/users",
        b"GET ///app/users",
    ],
)
async def test_an_odd_target_is_404_once_the_caller_is_known(api: RunningApi, line: bytes) -> None:
    assert (await raw(api, line + b" HTTP/1.1\r\nHost: a\r\n\r\n")).status == 401
    answer = await raw(api, line + b" HTTP/1.1\r\n" + AUTHORIZED + b"\r\n")
    assert (answer.status, answer.json["error_code"]) == (404, "ERR_OUTERWARD_3010")
    assert answer.headers["server"] == "outerward"


async def test_connect_and_trace_are_refused(api: RunningApi) -> None:
    for line in (b"CONNECT a:1 HTTP/1.1\r\n", b"TRACE /app/users HTTP/1.1\r\n"):
        answer = await raw(api, line + AUTHORIZED + b"\r\n")
        assert answer.status in {400, 404, 405}
        assert answer.headers["server"] == "outerward"


async def test_an_upgrade_is_not_made(api: RunningApi) -> None:
    for upgrade in (b"websocket", b"h2c"):
        head = b"GET /app/users HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n"
        answer = await raw(api, head + AUTHORIZED + b"\r\n")
        assert answer.status == 200


@pytest.mark.parametrize("path", [b"/tokens", b"/app/users", b"/nowhere"])
async def test_no_body_is_asked_for_before_the_caller_is_known(api: RunningApi, path: bytes) -> None:
    head = b"POST " + path + b" HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1000000000\r\n"
    unknown = await raw(api, head + b"Host: a\r\n\r\n")
    assert (unknown.status, unknown.interim) == (401, ())
    known = await raw(api, head + AUTHORIZED + b"\r\n")
    assert known.status in {404, 405, 413}
    assert known.interim == ()


async def test_a_body_that_nobody_wants_does_not_hold_the_connection(api: RunningApi) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(b"POST /tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
    async with asyncio.timeout(9):  # by itself aiohttp waits 10 s for the rest
        assert (await reader.read()).startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_another_expectation_is_417(api: RunningApi) -> None:
    answer = await raw(api, b"GET /app/users HTTP/1.1\r\nExpect: CANARY\r\n" + AUTHORIZED + b"\r\n")
    assert (answer.status, answer.json["error_code"]) == (417, "ERR_OUTERWARD_3033")
    assert b"CANARY" not in answer.body


async def test_a_body_over_the_limit_is_413(api: RunningApi) -> None:
    async def dribble() -> AsyncIterator[bytes]:
        yield b" " * LARGEST_BODY
        yield b" "

    for body in (b" " * (LARGEST_BODY + 1), dribble()):
        answer = await api.call("POST", "/tokens", data=body)
        assert (answer.status, answer.code) == (413, 3031)


async def test_a_body_at_the_limit_is_read(api: RunningApi) -> None:
    wanted = b'{"name": "n", "scope": "read"}'.ljust(LARGEST_BODY)
    assert (await api.call("POST", "/tokens", data=wanted)).status == 201


@pytest.mark.parametrize(
    "sent", [b'Content-Length: 100\r\n\r\n{"name"', b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"]
)
async def test_a_body_that_breaks_off_makes_nothing_and_is_no_fault(api: RunningApi, sent: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    with capture_logs() as lines:
        writer.write(b"POST /tokens HTTP/1.1\r\n" + AUTHORIZED + sent)
        writer.write_eof()
        while not lines:
            await api.get("/healthz")
    assert {"api_internal_error"}.isdisjoint(line["event"] for line in lines)
    assert (await api.get("/tokens")).json["tokens"] == []
    writer.close()


async def test_a_malformed_chunk_is_400(api: RunningApi) -> None:
    head = b"POST /tokens HTTP/1.1\r\n" + AUTHORIZED
    answer = await raw(api, head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{")
    assert (answer.status, answer.json["error_code"]) == (400, "ERR_OUTERWARD_3034")


async def test_a_body_that_does_not_come_is_408(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_api.bodies.BODY_TIMEOUT_S", 0.0)
    answer = await raw(api, b"POST /tokens HTTP/1.1\r\nContent-Length: 10\r\n" + AUTHORIZED + b"\r\n")
    assert (answer.status, answer.json["error_code"]) == (408, "ERR_OUTERWARD_3032")


async def test_a_fault_outside_every_call_is_logged_without_its_text(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(response: web.Response, _operation_id: str) -> None:
        response.headers["X-A"] = "CANARY\n"

    monkeypatch.setattr("admin_api.pipeline.finish", spoil)
    with capture_logs() as lines, pytest.raises(asyncio.IncompleteReadError):
        await raw(api, b"GET /healthz HTTP/1.1\r\n" + AUTHORIZED + b"\r\n")
    assert {"event": "api_server_fault", "error": "ValueError", "log_level": "error"} in lines
    assert "CANARY" not in repr(lines)
