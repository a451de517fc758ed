"""Answers of the edge itself: who gets a page, who JSON, where a login leads, and what each one carries."""

import json
from urllib.parse import parse_qs, quote, urlsplit

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.answers import Stamp, is_navigation, login_answer, problem_answer
from proxy.fields import Refusal
from proxy.head import Request, read_head
from proxy.problems import BAD_REQUEST, LOGIN_REQUIRED, NOT_ALLOWED, STORE_UNAVAILABLE, Problem
from tests.support.edge import route
from tests.support.upstreams import Echo

STAMP = Stamp("req1", b"Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n")
ROUTE = route(Echo().address)
NAVIGATION = (b"Sec-Fetch-Mode", b"navigate")
HTML = (b"Accept", b"text/html,application/xhtml+xml,*/*;q=0.8")


def made(
    *headers: tuple[bytes, bytes], method: bytes = b"GET", target: bytes = b"/a", upgrade: bool = False
) -> Request:
    lines = [(b"Host", b"app.localhost"), *headers]
    request = read_head(method, target, "1.1", lines, keep_alive=True, upgrade=upgrade)
    assert isinstance(request, Request)
    return request


def read(data: bytes, method: bytes = b"GET") -> tuple[h11.Response, dict[str, str], bytes]:
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(data)
    head = parser.next_event()
    assert isinstance(head, h11.Response)
    body = b""
    while isinstance(event := parser.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert not parser.trailing_data[0]
    return head, {name.decode(): value.decode() for name, value in head.headers}, body


@pytest.mark.parametrize(
    ("method", "headers", "upgrade", "navigation"),
    [
        (b"GET", [NAVIGATION], False, True),
        (b"POST", [NAVIGATION], False, True),
        (b"GET", [NAVIGATION, (b"X-Requested-With", b"XMLHttpRequest")], False, True),
        (b"GET", [(b"Sec-Fetch-Mode", b"cors"), HTML], False, False),
        (b"GET", [(b"Sec-Fetch-Mode", b"no-cors"), HTML], False, False),
        (b"GET", [(b"Sec-Fetch-Mode", b""), HTML], False, False),
        (b"GET", [HTML], False, True),
        (b"HEAD", [HTML], False, True),
        (b"POST", [HTML], False, False),
        (b"GET", [HTML, (b"X-Requested-With", b"XMLHttpRequest")], False, False),
        (b"GET", [(b"Accept", b"*/*")], False, False),
        (b"GET", [], False, False),
        (b"OPTIONS", [NAVIGATION, HTML], False, False),
        (b"GET", [NAVIGATION, HTML], True, False),
    ],
)
def test_a_navigation_is_told_from_a_script(
    method: bytes, headers: list[tuple[bytes, bytes]], upgrade: bool, navigation: bool
) -> None:
    assert is_navigation(made(*headers, method=method, upgrade=upgrade)) is navigation


def login(request: Request, *, clear: bool = False, secure: bool = False) -> bytes:
    at = route(Echo().address, secure=secure)
    return login_answer(request, at, STAMP, "no_session", clear_cookies=clear, close=False)


@pytest.mark.parametrize(
    ("method", "status", "back"),
    [(b"GET", 302, "/a?b=c&d=%2F"), (b"HEAD", 302, "/a?b=c&d=%2F"), (b"POST", 303, "/"), (b"PUT", 303, "/")],
)
def test_a_navigation_is_redirected_to_the_login_and_comes_back_where_it_was(
    method: bytes, status: int, back: str
) -> None:
    head, headers, body = read(login(made(NAVIGATION, HTML, method=method, target=b"/a?b=c&d=%2F")), method)

    assert (head.status_code, body) == (status, b"")
    assert urlsplit(headers["location"])[:3] == ("", "", "/.outerward/login")
    assert parse_qs(urlsplit(headers["location"]).query) == {"redirect_path": [back]}
    assert headers["cache-control"] == "no-store"


def test_an_address_too_long_to_come_back_to_becomes_the_root() -> None:
    _, headers, _ = read(login(made(NAVIGATION, target=b"/" + b"a" * 5000)))

    assert headers["location"] == "/.outerward/login?redirect_path=/"


@given(st.text(st.characters(codec="latin-1", min_codepoint=33), max_size=60))
def test_the_way_to_the_login_is_one_clean_parameter_whatever_the_address(text: str) -> None:
    target = b"/x?" + text.encode("latin-1")
    request = read_head(b"GET", target, "1.1", [(b"Host", b"a"), NAVIGATION], keep_alive=True, upgrade=False)
    if isinstance(request, Refusal):
        return
    _, headers, _ = read(login(request))
    query = urlsplit(headers["location"]).query

    visible = "".join(map(chr, range(33, 127)))
    assert parse_qs(query) == {"redirect_path": [quote(target, safe=visible)]}


def test_anything_else_gets_401_json_with_the_reason_and_a_challenge() -> None:
    head, headers, body = read(login(made()))

    assert head.status_code == 401
    assert headers["www-authenticate"] == 'Outerward realm="app.localhost"'
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert json.loads(body) == {
        "error_code": "ERR_OUTERWARD_2000",
        "status_code": 401,
        "msg": f"{LOGIN_REQUIRED.title}: {LOGIN_REQUIRED.sentence}",
        "details": {"operation_id": STAMP.request_id, "reason": "no_session"},
    }


@pytest.mark.parametrize("request_", [made(), made(NAVIGATION)])
def test_a_doubled_cookie_is_cleared_with_the_attributes_it_was_set_with(request_: Request) -> None:
    for secure in (True, False):
        _, headers, _ = read(login(request_, clear=True, secure=secure))
        assert headers["set-cookie"] == route(Echo().address, secure=secure).cookie.clearings[0]
    assert "set-cookie" not in read(login(request_))[1]


def test_a_cleared_cookie_has_all_its_attributes() -> None:
    attributes = "Path=/; Max-Age=0; HttpOnly; SameSite=Lax"

    assert route(Echo().address).cookie.clearings == (f"outerward=; {attributes}",)
    secure = route(Echo().address, secure=True)
    assert secure.cookie.clearings == (f"__Host-outerward=; {attributes}; Secure",)


@pytest.mark.parametrize("problem", [BAD_REQUEST, NOT_ALLOWED, STORE_UNAVAILABLE])
def test_a_person_gets_a_page_that_nobody_stores_frames_or_indexes(problem: Problem) -> None:
    data = problem_answer(problem, made(NAVIGATION), STAMP, account="<ada>", close=True)
    head, headers, body = read(data)

    assert head.status_code == problem.status
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-robots-tag"] == "noindex"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["connection"] == "close"
    assert problem.page_code.encode() in body
    assert STAMP.request_id.encode() in body
    assert b"<ada>" not in body


def test_a_page_that_forbids_names_the_account_and_offers_another() -> None:
    _, _, body = read(problem_answer(NOT_ALLOWED, made(NAVIGATION), STAMP, account="ada@example.com"))

    assert b"ada@example.com" in body
    assert b"Sign in as someone else" in body


def test_unavailable_says_when_to_come_back() -> None:
    for request in (made(), made(NAVIGATION)):
        assert read(problem_answer(STORE_UNAVAILABLE, request, STAMP))[1]["retry-after"] == "1"
    assert "retry-after" not in read(problem_answer(NOT_ALLOWED, made(), STAMP))[1]


@pytest.mark.parametrize(
    "judged", [made(method=b"HEAD"), made(NAVIGATION, method=b"HEAD"), Refusal(BAD_REQUEST, "", b"HEAD")]
)
def test_an_answer_to_head_has_a_length_and_no_body(judged: Request | Refusal) -> None:
    data = problem_answer(BAD_REQUEST, judged, STAMP, close=True)
    head, headers, body = read(data, b"HEAD")

    assert (head.status_code, body) == (400, b"")
    assert int(headers["content-length"]) > 0
    assert data.endswith(b"\r\n\r\n")


def test_what_was_no_request_gets_json() -> None:
    assert read(problem_answer(BAD_REQUEST, None, STAMP))[1]["content-type"] == "application/json"
