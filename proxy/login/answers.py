"""What the control app answers, as values: a page or JSON for a Problem, or a redirect.

Each clears a session cookie that the browser sent twice, unless it sets a new one. Knows no framework.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from idp_adapters import Redirect, Sending
from proxy.login.visit import Unreadable, Visit
from proxy.pages import PAGE_HEADERS, POST_PAGE_HEADERS, framed_headers, post_page, problem_json, problem_page
from proxy.problems import (
    ACCOUNT_BLOCKED,
    LOGIN_REQUIRED,
    LOGINS_BUSY,
    NOT_ALLOWED,
    PROVIDER_UNREACHABLE,
    STORE_UNAVAILABLE,
    TOO_MANY_BEGUN,
    TOO_MANY_FAILURES,
    TOO_MANY_LOGOUTS,
    Link,
    Problem,
)

FAILURE_WINDOW_S = 60
"""How long a failed callback counts."""
BEGUN_WINDOW_S = 600
"""How long a login that was begun counts: as long as it may take."""

_JSON_HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
_REASONS = {
    LOGIN_REQUIRED.number: "no_session",
    NOT_ALLOWED.number: "not_allowed",
    ACCOUNT_BLOCKED.number: "blocked",
    STORE_UNAVAILABLE.number: "store_unavailable",
}
_RETRY_AFTER_S = {
    STORE_UNAVAILABLE: 1,
    PROVIDER_UNREACHABLE: 5,
    LOGINS_BUSY: 1,
    TOO_MANY_BEGUN: BEGUN_WINDOW_S,
    TOO_MANY_FAILURES: FAILURE_WINDOW_S,
    TOO_MANY_LOGOUTS: FAILURE_WINDOW_S,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, whole."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Answer({self.status})"


def problem(
    matter: Problem,
    *,
    request_id: str,
    navigation: bool,
    hostname: str = "",
    account: str = "",
    links: Sequence[Link] = (),
    headers: Sequence[tuple[str, str]] = (),
) -> Answer:
    """``matter`` as a page for a navigation, as JSON for anything else."""
    more = [("X-Request-Id", request_id)] if request_id else []
    if matter in _RETRY_AFTER_S:
        more.append(("Retry-After", str(_RETRY_AFTER_S[matter])))
    if matter is LOGIN_REQUIRED:
        more.append(("WWW-Authenticate", f'Outerward realm="{hostname}"'))
    if navigation:
        body = problem_page(matter, request_id=request_id, account=account, hostname=hostname, links=links)
        return Answer(matter.status, (*PAGE_HEADERS, *more, *headers), body)
    body = problem_json(matter, request_id=request_id, reason=_REASONS.get(matter.number, ""))
    return Answer(matter.status, (*_JSON_HEADERS, *more, *headers), body)


def unreadable(request: Unreadable) -> Answer:
    """The answer to a request that is no visit."""
    caller = request.caller
    return problem(
        request.problem,
        request_id=caller.request_id if caller else "",
        navigation=request.navigation,
        hostname=caller.hostname if caller else "",
    )


def answer(
    visit: Visit,
    matter: Problem,
    *,
    account: str = "",
    links: Sequence[Link] = (),
    cookies: Sequence[str] = (),
    headers: Sequence[tuple[str, str]] = (),
) -> Answer:
    """The answer to ``visit`` that says ``matter``; ``cookies`` are ``Set-Cookie`` values."""
    return problem(
        matter,
        request_id=visit.caller.request_id,
        navigation=visit.navigation,
        hostname=visit.host.hostname,
        account=account,
        links=links,
        headers=(*headers, *_set_cookies(visit, cookies)),
    )


def redirect(visit: Visit, location: str, *, cookies: Sequence[str] = ()) -> Answer:
    """On to ``location``, by GET whatever this request was (RFC 9110 §15.4.4)."""
    headers = [
        ("Location", location),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Request-Id", visit.caller.request_id),
        *_set_cookies(visit, cookies),
    ]
    status = HTTPStatus.FOUND if visit.method == "GET" else HTTPStatus.SEE_OTHER
    return Answer(status, tuple(headers))


def send(visit: Visit, sending: Sending, *, cookies: Sequence[str] = ()) -> Answer:
    """On to the provider with a message for it: by a redirect, or by a form that the page posts."""
    if isinstance(sending, Redirect):
        return redirect(visit, sending.url, cookies=cookies)
    body = post_page(sending, request_id=visit.caller.request_id, hostname=visit.host.hostname)
    more = (("X-Request-Id", visit.caller.request_id), *_set_cookies(visit, cookies))
    return Answer(HTTPStatus.OK, (*POST_PAGE_HEADERS, *more), body)


def page(visit: Visit, status: int, body: bytes) -> Answer:
    """A page of ours that is no problem."""
    more = (("X-Request-Id", visit.caller.request_id), *_set_cookies(visit, ()))
    return Answer(status, (*PAGE_HEADERS, *more), body)


def document(visit: Visit, content_type: str, body: bytes) -> Answer:
    """A document of ours for the provider."""
    headers = (
        ("Content-Type", content_type),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Request-Id", visit.caller.request_id),
    )
    return Answer(HTTPStatus.OK, headers, body)


def acknowledged(visit: Visit) -> Answer:
    """Done, and nothing to say (OpenID Back-Channel Logout 1.0 §2.8)."""
    return Answer(HTTPStatus.OK, (("Cache-Control", "no-store"), ("X-Request-Id", visit.caller.request_id)))


def framed(whole: Answer) -> Answer:
    """The same answer for a frame of another site's page."""
    return Answer(whole.status, framed_headers(whole.headers), whole.body)


def _set_cookies(visit: Visit, cookies: Sequence[str]) -> list[tuple[str, str]]:
    cookie = visit.host.cookie
    values = list(cookies)
    if visit.session.doubled and not any(value.startswith(f"{cookie.name}=") for value in values):
        values.extend(cookie.clearings)
    return [("Set-Cookie", value) for value in values]
