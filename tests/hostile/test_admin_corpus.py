"""HTTP-36, HTTP-40 and made-up requests at the admin API: a 4xx, never a 500, and nothing inflated."""

import gzip
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from session_store import IdSource, Store
from tests.support.admin_api import AUTHORIZED, RunningApi, raw, running_api

IDS = IdSource(lambda: 1_790_000_000, bytes)
SEGMENTS = [
    "app",
    "users",
    "sessions",
    "tokens",
    "count",
    "revoke",
    "blocks",
    "block",
    "export",
    "accesses",
    "events",
    "tunnels",
    "healthz",
    "readyz",
    "openapi.yaml",
    "",
    ".",
    "..",
    "%2e%2e",
    "%00",
]
SEGMENTS += [
    IDS.user(),
    IDS.session(),
    IDS.token(),
    "%ff",
    "a%2fb",
    "\\",
    ";",
    "{id}",
    "%",
    "%zz",
    "~",
    "'",
    "|",
]
NAMES = [
    "limit",
    "before_id",
    "filter",
    "q",
    "state",
    "erase",
    "format",
    "",
    "%6cimit",
    "[]",
    "%00",
    "limit[]",
    "\xff",
]
VALUES = [
    "1",
    "0",
    "x",
    "true",
    "csv",
    "ended",
    IDS.user(),
    IDS.session(),
    "",
    "%00",
    "%ff",
    "\xff",
    "%",
    "a=b",
    "%26limit=1",
]
HEADERS = [
    "Ngrok-Version: 2",
    "Ngrok-Version: 3",
    "Expect: 100-continue",
    "Expect: x",
    "Accept: \xff",
    "Range: bytes=0-",
]
HEADERS += ["Content-Type: \xff", "Content-Type: multipart/form-data", "Cookie: =;=;\xff", "If-None-Match: *"]
HEADERS += [
    "Content-Encoding: gzip",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Host: \xff",
    "Accept-Encoding: br",
]
HEADERS += ["If-Modified-Since: \xff", "X-HTTP-Method-Override: DELETE", "Transfer-Encoding: gzip, chunked"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "X"]


def request_of(
    method: str, path: list[str], query: list[tuple[str, str]], headers: list[str], body: bytes
) -> bytes:
    """The bytes of one authorized request."""
    parameters = "&".join(f"{name}={value}" for name, value in query)
    target = f"/{'/'.join(path)}{'?' if query else ''}{parameters}"
    lines = "".join(f"{header}\r\n" for header in [*headers, f"Content-Length: {len(body)}"])
    return (
        f"{method} {target} HTTP/1.1\r\n".encode("latin-1")
        + AUTHORIZED
        + lines.encode("latin-1")
        + b"\r\n"
        + body
    )


requests = st.builds(
    request_of,
    st.sampled_from(METHODS),
    st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=4)
    | st.sampled_from(
        [
            ["app", "users"],
            ["app", "sessions"],
            ["app", "sessions", "revoke"],
            ["tokens"],
            ["app", "users", IDS.user()],
            ["app", "users", IDS.user(), "block"],
        ]
    ),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=3),
    st.lists(st.sampled_from(HEADERS), max_size=4),
    st.binary(max_size=40) | st.sampled_from([b"", b"{}", b'{"name": "n", "scope": "read"}', b"[" * 9999]),
)


@pytest.fixture
async def api(store: Store) -> Any:
    async with running_api(store) as running:
        yield running


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=requests)
async def test_no_made_up_request_is_answered_500(api: RunningApi, request: bytes) -> None:
    with capture_logs() as lines:
        answer = await raw(api, request)
    assert answer.status < 500
    assert answer.headers["server"] == "outerward"
    assert "api_internal_error" not in {line["event"] for line in lines}


@pytest.mark.parametrize(
    "byte", [b"\x80", b"\xff", b"\xc3", b"\xc0\xae", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
)
async def test_http_36_raw_bytes_anywhere_are_no_fault(api: RunningApi, byte: bytes) -> None:
    for request in (
        b"GET /" + byte + b" HTTP/1.1\r\n" + AUTHORIZED,
        b"GET /app/users/" + byte + b" HTTP/1.1\r\n" + AUTHORIZED,
        b"GET /app/users?" + byte + b"=" + byte + b" HTTP/1.1\r\n" + AUTHORIZED,
        b"GET /nowhere HTTP/1.1\r\nX-A: " + byte + b"\r\n" + AUTHORIZED,
        b"GET /nowhere HTTP/1.1\r\nNgrok-Version: " + byte + b"\r\n" + AUTHORIZED,
        b"GET /nowhere HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + byte + b"\r\n",
        b"POST /tokens HTTP/1.1\r\nContent-Length: " + str(len(byte)).encode() + b"\r\n" + AUTHORIZED,
    ):
        body = byte if request.startswith(b"POST") else b""
        answer = await raw(api, request + b"\r\n" + body)
        assert 400 <= answer.status < 500


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "GZIP", "gzip, gzip", "x", ""])
async def test_http_40_a_compressed_body_is_413_and_not_inflated(api: RunningApi, coding: str) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    for body in (bomb, bomb[:100], b'{"name": "n", "scope": "read"}'):
        answer = await api.call("POST", "/tokens", data=body, headers={"Content-Encoding": coding})
        assert (answer.status, answer.code) == (413, 3031)
    assert (await api.get("/tokens")).json["tokens"] == []
