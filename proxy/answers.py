"""Answers that the edge gives by itself: pages for navigations, JSON for everything else. Bytes, no sockets.

Every one of them says ``Cache-Control: no-store``, and none of them is ever mixed with an upstream's answer.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from proxy.addresses import login_path, switch_account
from proxy.cookie_header import read_cookies
from proxy.fields import Refusal
from proxy.head import Request
from proxy.pages import PAGE_HEADERS, problem_json, problem_page
from proxy.problems import LOGIN_REQUIRED, METHOD_NOT_SUPPORTED, NOT_ALLOWED, Problem
from proxy.routes import Host, Route
from proxy.session_cookie import SessionCookie

_LONGEST_RETURN = 4096
_PRINTABLE = "".join(map(chr, range(33, 127)))
_ALLOWED = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_JSON_HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Stamp(NamedTuple):
    """What every answer of ours bears: the request's id, and the line that dates it."""

    request_id: str
    date_line: bytes


def is_navigation(request: Request) -> bool:
    """Whether a person is on the way to a page, so that a redirect or a page helps (interface, part 4)."""
    if request.method == b"OPTIONS" or request.fields.upgrade:
        return False
    mode = request.fields.header(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate"
    accept = request.fields.header(b"accept") or b""
    return (
        request.safe_method and b"text/html" in accept and request.fields.header(b"x-requested-with") is None
    )


def answer(
    status: int,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    *,
    stamp: Stamp,
    close: bool,
    head_only: bool = False,
) -> bytes:
    """One whole HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append(f"X-Request-Id: {stamp.request_id}")
    lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    head = ("\r\n".join(lines) + "\r\n").encode("latin-1") + stamp.date_line + b"\r\n"
    return head if head_only else head + body


def problem_answer(
    problem: Problem,
    judged: Request | Refusal | None,
    stamp: Stamp,
    *,
    reason: str = "",
    account: str = "",
    headers: Sequence[tuple[str, str]] = (),
    close: bool = False,
) -> bytes:
    """The answer to a request that ends here: a page where a person reads it, JSON elsewhere."""
    extra = [*headers]
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        extra.append(("Retry-After", "1"))
    if problem is METHOD_NOT_SUPPORTED:
        extra.append(("Allow", _ALLOWED))
    if isinstance(judged, Request) and is_navigation(judged):
        links = [switch_account(_return_path(judged))] if problem is NOT_ALLOWED else []
        body = problem_page(problem, request_id=stamp.request_id, account=account, links=links)
        extra = [*PAGE_HEADERS, *extra]
    else:
        body = problem_json(problem, request_id=stamp.request_id, reason=reason)
        extra = [*_JSON_HEADERS, *extra]
    head_only = judged is not None and judged.method == b"HEAD"
    return answer(problem.status, extra, body, stamp=stamp, close=close, head_only=head_only)


def last_hop_answer(stamp: Stamp, *, close: bool) -> bytes:
    """The answer to an OPTIONS that may go no further (RFC 9110 §7.6.2, §9.3.7)."""
    headers = [("Allow", _ALLOWED), ("Cache-Control", "no-store"), ("X-Request-Id", stamp.request_id)]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
    closing = b"Connection: close\r\n" if close else b""
    return b"HTTP/1.1 204 No Content\r\n%b%b%b\r\n" % (lines, stamp.date_line, closing)


def login_answer(
    request: Request,
    route: Route,
    stamp: Stamp,
    reason: str,
    *,
    clear_cookies: bool,
    close: bool,
) -> bytes:
    """*login*: a redirect for a navigation, 401 for everything else."""
    cookies = clearings(route.cookie) if clear_cookies else []
    if not is_navigation(request):
        challenge = ("WWW-Authenticate", f'Outerward realm="{route.hostname}"')
        return problem_answer(
            LOGIN_REQUIRED,
            request,
            stamp,
            reason=reason,
            headers=[challenge, *cookies],
            close=close,
        )
    headers = [
        ("Location", login_path(_return_path(request))),
        ("Cache-Control", "no-store"),
        *cookies,
    ]
    return answer(302 if request.safe_method else 303, headers, b"", stamp=stamp, close=close)


def _return_path(request: Request) -> str:
    """The page asked for, where coming back to it repeats nothing and it is of a bearable length."""
    if not request.safe_method or len(request.target) > _LONGEST_RETURN:
        return "/"
    return quote(request.target, safe=_PRINTABLE)


def clearings(cookie: SessionCookie) -> list[tuple[str, str]]:
    """The headers that clear a session cookie."""
    return [("Set-Cookie", value) for value in cookie.clearings]


def cleared(request: Request, host: Host) -> list[tuple[str, str]]:
    """What clears our cookie where there are two of its name; every answer of ours to such a request does."""
    doubled = read_cookies(request.fields.cookies, host.cookie.name.encode()).doubled
    return clearings(host.cookie) if doubled else []
