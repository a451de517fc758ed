"""The canonical request: which heads are requests, how their bodies are framed, which are refused."""

import httptools
import pytest

from proxy.fields import Refusal
from proxy.head import Request, read_head
from proxy.limits import DEFAULT_LIMITS
from proxy.problems import (
    BAD_REQUEST,
    EXPECTATION_FAILED,
    HEADERS_TOO_LARGE,
    HTTP_VERSION,
    NOT_IMPLEMENTED,
    URI_TOO_LONG,
    Problem,
)

HOST = (b"Host", b"app.localhost")
Headers = list[tuple[bytes, bytes]]


def judge(
    *headers: tuple[bytes, bytes],
    method: bytes = b"GET",
    target: bytes = b"/",
    version: str = "1.1",
    host: Headers | None = None,
    upgrade: bool = False,
) -> Request | Refusal:
    lines = [*([HOST] if host is None else host), *headers]
    return read_head(method, target, version, lines, keep_alive=True, upgrade=upgrade)


def passed(judged: Request | Refusal) -> Request:
    assert isinstance(judged, Request), judged
    return judged


def refused(judged: Request | Refusal) -> Problem:
    assert isinstance(judged, Refusal)
    return judged.problem


# What a request may not be


@pytest.mark.parametrize(
    ("method", "target", "version", "problem"),
    [
        (b"GET", b"/", "2.0", HTTP_VERSION),
        (b"GET", b"/", "0.9", HTTP_VERSION),
        (b"GET", b"/", "1.2", HTTP_VERSION),
        (b"CONNECT", b"a:1", "1.1", NOT_IMPLEMENTED),
        (b"CONNECT", b"/", "1.1", NOT_IMPLEMENTED),
        (b"GET", b"/" + b"a" * 8192, "1.1", URI_TOO_LONG),
        (b"OPTIONS", b"*", "1.1", BAD_REQUEST),
        (b"GET", b"a", "1.1", BAD_REQUEST),
        (b"GET", b"", "1.1", BAD_REQUEST),
        (b"GET", b"/%zz", "1.1", BAD_REQUEST),
        (b"GET", b"/a#b", "1.1", BAD_REQUEST),
        (b"GET", b"/a?b#c", "1.1", BAD_REQUEST),
        (b"GET", b"/a b", "1.1", BAD_REQUEST),
        (b"GET", b"/a?\x00", "1.1", BAD_REQUEST),
        (b"GET", b"/a?\r\nX: y", "1.1", BAD_REQUEST),
        (b"GET", b"/%2eouterward/login", "1.1", BAD_REQUEST),
        (b"GET", b"ftp://app.localhost/", "1.1", BAD_REQUEST),
    ],
)
def test_a_line_that_is_no_request_is_refused(
    method: bytes, target: bytes, version: str, problem: Problem
) -> None:
    assert refused(judge(method=method, target=target, version=version)) is problem


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [HOST, HOST],
        [HOST, (b"host", b"evil.localhost")],
        [(b"Host", b"")],
        [(b"Host", b"a@b")],
        [(b"Host", b"a/b")],
        [(b"Host", b"a b")],
        [(b"Host", b"a,b")],
        [(b"Host", b"a?b")],
        [(b"Host", b"a#b")],
        [(b"Host", b"a:x")],
        [(b"Host", b"a:65536")],
        [(b"Host", b"a:80:80")],
        [(b"Host", b"::1")],
        [(b"Host", b"[::1")],
        [(b"Host", b"[::1]x")],
        [(b"Host", b"a\xff")],
        [(b"Host", b".a")],
        [(b"Host", b"a" * 254)],
    ],
)
def test_a_host_that_is_missing_doubled_or_no_authority_is_refused(hosts: Headers) -> None:
    assert refused(judge(host=hosts)) is BAD_REQUEST


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"APP.Localhost", "app.localhost"),
        (b"app.localhost.", "app.localhost"),
        (b"app.localhost:4180", "app.localhost"),
        (b"APP.localhost.:4180", "app.localhost"),
        (b"127.0.0.1:80", "127.0.0.1"),
        (b"[::1]:4180", "[::1]"),
        (b"a_b.example", "a_b.example"),
    ],
)
def test_a_hostname_is_lower_case_without_port_and_final_dot(host: bytes, name: str) -> None:
    request = passed(judge(host=[(b"Host", host)]))

    assert request.fields.hostname == name
    assert request.fields.host_line == host


@pytest.mark.parametrize(
    ("target", "host", "forwarded"),
    [
        (b"http://app.localhost/a?b", b"app.localhost", b"/a?b"),
        (b"HTTPS://App.Localhost/a", b"app.localhost", b"/a"),
        (b"http://app.localhost:1", b"app.localhost:1", b"/"),
        (b"http://app.localhost?x", b"app.localhost", b"/?x"),
    ],
)
def test_an_absolute_target_names_the_same_authority_and_goes_on_in_origin_form(
    target: bytes, host: bytes, forwarded: bytes
) -> None:
    assert passed(judge(target=target, host=[(b"Host", host)])).target == forwarded


@pytest.mark.parametrize(
    "target",
    [
        b"http://evil.localhost/",
        b"http://app.localhost:81/",
        b"http://a@app.localhost/",
        b"http:///",
        b"http://app.localhost#x",
        b"http://app.localhost\\@evil/",
        b"//app.localhost@evil",
    ],
)
def test_an_absolute_target_of_another_authority_is_refused(target: bytes) -> None:
    judged = judge(target=target)

    assert isinstance(judged, Refusal) or judged.fields.hostname == "app.localhost"
    if not target.startswith(b"/"):
        assert refused(judged) is BAD_REQUEST


# Framing


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ([], 0),
        ([(b"Content-Length", b"0")], 0),
        ([(b"Content-Length", b"17 ")], 17),
        ([(b"content-length", b"999999999999999999")], 999999999999999999),
        ([(b"Transfer-Encoding", b"chunked")], None),
        ([(b"Transfer-Encoding", b"CHUNKED ")], None),
    ],
)
def test_a_body_is_framed_in_one_way(headers: Headers, length: int | None) -> None:
    assert passed(judge(*headers, method=b"POST")).fields.body_length == length


@pytest.mark.parametrize(
    "headers",
    [
        [(b"Content-Length", b"4"), (b"Transfer-Encoding", b"chunked")],
        [(b"Content-Length", b"4"), (b"Content-Length", b"5")],
        [(b"Content-Length", b"4"), (b"Content-Length", b"4")],
        [(b"Content-Length", b"4, 4")],
        [(b"Content-Length", b"+4")],
        [(b"Content-Length", b"-4")],
        [(b"Content-Length", b"0x4")],
        [(b"Content-Length", b"4_0")],
        [(b"Content-Length", b"")],
        [(b"Content-Length", "٣".encode())],
        [(b"Content-Length", b"1" * 19)],
        [(b"Transfer-Encoding", b"gzip, chunked")],
        [(b"Transfer-Encoding", b"gzip"), (b"Transfer-Encoding", b"chunked")],
        [(b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")],
        [(b"Transfer-Encoding", b"chunked, identity")],
        [(b"Transfer-Encoding", b"xchunked")],
        [(b"Transfer-Encoding", b"identity")],
        [(b"Transfer-Encoding", b"\x0bchunked")],
        [(b"Transfer-Encoding", b"")],
    ],
)
def test_a_body_framed_in_two_ways_or_in_an_unknown_one_is_refused(headers: Headers) -> None:
    assert refused(judge(*headers, method=b"POST")) is BAD_REQUEST


def test_a_chunked_body_on_http_1_0_is_refused() -> None:
    assert refused(judge((b"Transfer-Encoding", b"chunked"), version="1.0")) is BAD_REQUEST


@pytest.mark.parametrize("framing", [(b"Content-Length", b"4"), (b"Transfer-Encoding", b"chunked")])
def test_an_upgrade_with_a_body_is_refused(framing: tuple[bytes, bytes]) -> None:
    assert refused(judge(framing, upgrade=True)) is BAD_REQUEST


@pytest.mark.parametrize(
    ("headers", "version", "waits"),
    [
        ([(b"Expect", b"100-Continue"), (b"Content-Length", b"4")], "1.1", True),
        ([(b"Expect", b"100-continue")], "1.1", False),
        ([(b"Expect", b"100-continue"), (b"Content-Length", b"4")], "1.0", False),
        ([(b"Content-Length", b"4")], "1.1", False),
    ],
)
def test_a_client_waits_for_100_only_with_a_body_and_http_1_1(
    headers: Headers, version: str, waits: bool
) -> None:
    assert passed(judge(*headers, version=version)).fields.expects_continue is waits


@pytest.mark.parametrize(
    "expect", [[b"bogus"], [b"100-continue", b"100-continue"], [b"100-continue, x"], [b""]]
)
def test_another_expectation_is_answered_by_a_problem(expect: list[bytes]) -> None:
    assert passed(judge(*((b"Expect", value) for value in expect))).problem is EXPECTATION_FAILED


# Sizes


@pytest.mark.parametrize(
    ("headers", "fits"),
    [
        ([(b"X", b"1")] * (DEFAULT_LIMITS.max_headers - 1), True),
        ([(b"X", b"1")] * DEFAULT_LIMITS.max_headers, False),
        ([(b"X", b"a" * (16 * 1024 - 5))], True),
        ([(b"X", b"a" * (16 * 1024 - 4))], False),
        ([(b"X", b"a" * 11_000)] * 3, False),
        ([(b"X", b"a" * 10_000)] * 3, True),
    ],
)
def test_header_lines_have_limits_in_number_in_length_and_in_all(headers: Headers, fits: bool) -> None:
    judged = judge(*headers)

    assert isinstance(judged, Request) if fits else refused(judged) is HEADERS_TOO_LARGE


def test_a_refusal_knows_the_method_so_that_head_gets_no_body() -> None:
    judged = judge(method=b"HEAD", target=b"/%zz")

    assert isinstance(judged, Refusal)
    assert judged.method == b"HEAD"


# What the parser in front must refuse, because nothing behind it could tell


class _Sink:
    def on_header(self, name: bytes, value: bytes) -> None:
        pass


@pytest.mark.parametrize(
    "lines",
    [
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding:\r\n chunked\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
        b"A: b\r\n c\r\n",
        b"A: b\rc\r\n",
        b"A: b\n",
        b"A: b\x00\r\n",
        b"A B: c\r\n",
        b": a\r\n",
        b"\xff: a\r\n",
        b" A: b\r\n",
        b"Content-Length: 1\r\nContent-Length: 1\r\n",
    ],
)
def test_the_parser_refuses_lines_that_two_servers_could_read_differently(lines: bytes) -> None:
    with pytest.raises(httptools.HttpParserError):
        httptools.HttpRequestParser(_Sink()).feed_data(b"POST / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")


# What the recorder asks


def test_the_user_agent_is_the_first_and_passes_on() -> None:
    request = passed(judge((b"user-AGENT", b" curl/8 "), (b"User-Agent", b"other")))
    assert request.fields.user_agent == b"curl/8"
    assert b"user-AGENT:  curl/8 \r\n" in request.fields.kept
    assert passed(judge()).fields.user_agent == b""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Sec-Purpose", b"prefetch"),
        (b"sec-purpose", b"prefetch;prerender"),
        (b"Purpose", b"Prefetch"),
        (b"X-Purpose", b" prefetch "),
        (b"X-Moz", b"prefetch"),
    ],
)
def test_a_prefetch_is_speculative_and_says_so_to_the_upstream(name: bytes, value: bytes) -> None:
    request = passed(judge((name, value)))
    assert request.speculative
    assert b"%b: %b\r\n" % (name, value) in request.fields.kept


@pytest.mark.parametrize(
    ("target", "speculative"),
    [
        (b"/favicon.ico", True),
        (b"/wiki/favicon.ico?v=2", True),
        (b"/%66avicon.ico", True),
        (b"/favicon.ico/x", False),
        (b"/page?next=/favicon.ico", False),
        (b"/", False),
    ],
)
def test_the_icon_that_a_browser_fetches_by_itself_is_speculative(target: bytes, speculative: bool) -> None:
    assert passed(judge((b"Purpose", b"reading"), target=target)).speculative is speculative
