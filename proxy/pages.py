"""Pages and JSON of our own: two templates, one stylesheet, and one line of script that posts a form.

Rendering is total: whatever text comes in is escaped and encoded, and nothing raises. A page's text around
the request number is remembered, so that a problem page costs the data path two joins. Knows no request.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import jinja2
import msgspec

from idp_adapters import PostForm
from proxy.problems import Link, Problem

__all__ = [
    "PAGE_HEADERS",
    "POST_PAGE_HEADERS",
    "Device",
    "Link",
    "Problem",
    "framed_headers",
    "post_page",
    "problem_json",
    "problem_page",
    "sessions_page",
]

_LONGEST_ACCOUNT = 120
_LONGEST_REQUEST_ID = 128
_SLOT = "\0request-id\0"


_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("proxy", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGE = _TEMPLATES.get_template("page.html")
_STYLE = jinja2.PackageLoader("proxy", "templates").get_source(_TEMPLATES, "page.css")[0].strip()
_SESSIONS_PAGE = _TEMPLATES.get_template("sessions.html")
_POST_PAGE = _TEMPLATES.get_template("post.html")
_SUBMIT = "document.forms[0].submit()"


@dataclass(frozen=True, slots=True)
class Device:
    """One browser of the visitor: what it is, where, since when, and which applications it uses.

    ``end`` names it in the form that signs it out; ``is_this`` is the one that asks.
    """

    name: str
    where: str
    signed_in: str
    last_active: str
    applications: tuple[str, ...]
    end: str
    is_this: bool


def _hash(source: str) -> str:
    """A ``sha256-`` source expression (Content Security Policy Level 3 §2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _policy(*more: str) -> str:
    # Without form-action: Chromium applies it to every redirect after a form, and a login ends at a
    # provider whose hosts are not known here.
    parts = ("default-src 'none'", f"style-src {_hash(_STYLE)}", *more, "base-uri 'none'")
    return "; ".join((*parts, _NO_FRAMES))


_NO_FRAMES = "frame-ancestors 'none'"
_POLICY = "Content-Security-Policy"

PAGE_HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    (_POLICY, _policy()),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex"),
    ("Referrer-Policy", "no-referrer"),
)
"""What every page is sent with."""

POST_PAGE_HEADERS = tuple(
    (name, _policy(f"script-src {_hash(_SUBMIT)}") if name == _POLICY else value)
    for name, value in PAGE_HEADERS
)
"""What the page of ``post_page`` is sent with: its one line of script may run, and nothing else."""


def framed_headers(headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """``headers`` without what keeps a page out of frames."""
    return tuple(
        (name, value.removesuffix("; " + _NO_FRAMES) if name == _POLICY else value)
        for name, value in headers
        if name != "X-Frame-Options"
    )


def post_page(form: PostForm, *, request_id: str, hostname: str) -> bytes:
    """The page that posts ``form`` by itself, and by a button where no script runs (SAML Bindings §3.5.4)."""
    page = _POST_PAGE.render(
        style=_STYLE,
        submit=_SUBMIT,
        form=form,
        hostname=hostname,
        request_id=request_id[:_LONGEST_REQUEST_ID],
    )
    return _encoded(page)


def sessions_page(devices: Sequence[Device], *, account: str, hostname: str, request_id: str) -> bytes:
    """The visitor's own sessions, by device; everything on it works without a script."""
    page = _SESSIONS_PAGE.render(
        style=_STYLE,
        devices=devices,
        account=_cut(account),
        hostname=hostname,
        request_id=request_id[:_LONGEST_REQUEST_ID],
    )
    return _encoded(page)


def problem_page(
    problem: Problem,
    *,
    request_id: str,
    account: str = "",
    hostname: str = "",
    links: Sequence[Link] = (),
) -> bytes:
    """The page for ``problem``: in words, what to do next, the code and the request number."""
    before, after = _around_request_id(problem, _cut(account), hostname, tuple(links))
    return before + _encoded(escape(request_id[:_LONGEST_REQUEST_ID])) + after


def problem_json(problem: Problem, *, request_id: str, reason: str = "") -> bytes:
    """The admin API's error envelope for ``problem``; ``reason`` is left out when empty."""
    details = {"operation_id": _printable(request_id[:_LONGEST_REQUEST_ID])}
    if reason:
        details["reason"] = reason
    return msgspec.json.encode(
        {
            "error_code": problem.error_code,
            "status_code": problem.status,
            "msg": f"{problem.title}: {problem.sentence}",
            "details": details,
        }
    )


@lru_cache(maxsize=256)
def _around_request_id(
    problem: Problem, account: str, hostname: str, links: tuple[Link, ...]
) -> tuple[bytes, bytes]:
    page = _PAGE.render(
        style=_STYLE,
        problem=problem,
        account=account.replace("\0", " "),
        hostname=hostname.replace("\0", " "),
        links=links,
        request_id=_SLOT,
    )
    before, _, after = page.partition(_SLOT)
    return _encoded(before), _encoded(after)


def _cut(account: str) -> str:
    return account if len(account) <= _LONGEST_ACCOUNT else account[:_LONGEST_ACCOUNT] + "…"


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _printable(text: str) -> str:
    return _encoded(text).decode()
