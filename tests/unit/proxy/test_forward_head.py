"""The head for the upstream: rebuilt from checked parts, ours after theirs, framed in one way."""

import h11
import pytest

from proxy.forward_head import forwarded_for, internal_head, upstream_head, upstream_lines
from proxy.head import Request, read_head
from tests.support.edge import route
from tests.support.upstreams import Echo

UPSTREAM = Echo().address


def parsed(
    *headers: tuple[bytes, bytes], method: bytes = b"GET", target: bytes = b"/a?b=c", version: str = "1.1"
) -> Request:
    lines = [(b"Host", b"App.localhost:4180"), *headers]
    request = read_head(method, target, version, lines, keep_alive=True, upgrade=False)
    assert isinstance(request, Request)
    return request


def sent(request: Request, *, secure: bool = False, cookies: bytes = b"") -> list[bytes]:
    lines = upstream_lines(
        request.fields, route(UPSTREAM, secure=secure), cookies=cookies, forwarded_for=b"192.0.2.1"
    )
    head = upstream_head(request, lines, b"X-Forwarded-User: ada\r\n", "req1")
    parser = h11.Connection(h11.SERVER)
    parser.receive_data(head)
    assert isinstance(parser.next_event(), h11.Request)
    return head.removesuffix(b"\r\n\r\n").split(b"\r\n")


OURS = [
    b"X-Forwarded-For: 192.0.2.1",
    b"X-Forwarded-Proto: http",
    b"X-Forwarded-Host: App.localhost:4180",
    b"Via: 1.1 outerward",
    b"X-Forwarded-User: ada",
    b"X-Request-Id: req1",
]


def test_the_target_the_host_and_what_passes_go_on_as_they_came_and_ours_come_last() -> None:
    request = parsed((b"User-Agent", b"x"), (b"Via", b"1.0 front"))

    assert sent(request) == [
        b"GET /a?b=c HTTP/1.1",
        b"Host: App.localhost:4180",
        b"User-Agent: x",
        b"Via: 1.0 front",
        *OURS,
    ]


def test_a_secure_endpoint_tells_its_upstream_so() -> None:
    assert b"X-Forwarded-Proto: https" in sent(parsed(), secure=True)


def test_what_is_left_of_the_cookies_is_one_line_and_nothing_is_none() -> None:
    assert b"Cookie: a=1; b=2" in sent(parsed(), cookies=b"a=1; b=2")
    assert not [line for line in sent(parsed((b"Cookie", b"outerward=x"))) if b"ookie" in line]


@pytest.mark.parametrize(
    ("method", "headers", "framing"),
    [
        (b"GET", [], None),
        (b"HEAD", [], None),
        (b"DELETE", [], None),
        (b"POST", [], b"Content-Length: 0"),
        (b"PUT", [(b"content-length", b"07")], b"Content-Length: 7"),
        (b"GET", [(b"Content-Length", b"7")], b"Content-Length: 7"),
        (b"POST", [(b"transfer-encoding", b"CHUNKED")], b"Transfer-Encoding: chunked"),
    ],
)
def test_the_body_is_framed_anew(
    method: bytes, headers: list[tuple[bytes, bytes]], framing: bytes | None
) -> None:
    names = (b"content-length", b"transfer-encoding")
    lines = [line for line in sent(parsed(*headers, method=method)) if line.lower().startswith(names)]

    assert lines == ([framing] if framing else [])


def test_a_request_of_http_1_0_goes_on_as_1_1() -> None:
    assert sent(parsed(version="1.0"))[0] == b"GET /a?b=c HTTP/1.1"


def test_our_own_pages_get_all_cookies_and_what_only_the_edge_knows() -> None:
    request = parsed(
        (b"Cookie", b"outerward=x"), (b"Cookie", b"a=1"), (b"X-Outerward-Edge", b"6.6.6.6 evil r")
    )
    head = internal_head(request, "192.0.2.1", "req1")

    assert head.endswith(
        b"Cookie: outerward=x; a=1\r\nX-Outerward-Edge: 192.0.2.1 app.localhost req1\r\n\r\n"
    )
    assert head.count(b"X-Outerward-Edge") == 1


@pytest.mark.parametrize(
    ("inbound", "trusted", "value"),
    [
        ([b"6.6.6.6"], False, b"192.0.2.1"),
        ([b"6.6.6.6"], True, b"6.6.6.6, 192.0.2.1"),
        ([b"6.6.6.6, 7.7.7.7", b"8.8.8.8"], True, b"6.6.6.6, 7.7.7.7, 8.8.8.8, 192.0.2.1"),
        ([], True, b"192.0.2.1"),
        ([b"", b"6.6.6.6", b""], True, b"6.6.6.6, 192.0.2.1"),
    ],
)
def test_forwarded_for_ends_with_the_peer_after_what_a_trusted_one_said(
    inbound: list[bytes], trusted: bool, value: bytes
) -> None:
    assert forwarded_for("192.0.2.1", inbound, trusted=trusted) == value
