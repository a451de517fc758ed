"""The upstream's answer head: what passes to the client, and how long the body is. Pure.

An answer needs as much care as a request: what could be framed in two ways is refused (502), what belongs to
the hop is removed, and an upstream never sets a cookie of ours.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from proxy.cookie_header import sets_our_cookie
from proxy.fields import DROP, KEEP, Action, Actions, Headers, listed_names
from proxy.websocket import UPGRADE_LINES, agrees

Framing = int

NO_BODY: Framing = 0
BY_LENGTH: Framing = 1
CHUNKED: Framing = 2
UNTIL_CLOSE: Framing = 3
SWITCHED: Framing = 4

_MOST_BYTES = 128 * 1024
_MOST_LINES = 400
MOST_TRAILERS = 100
_CONTENT_LENGTH: Action = 3
_TRANSFER_ENCODING: Action = 4
_CONNECTION: Action = 5
_SET_COOKIE: Action = 6
_SERVER: Action = 7
_EXACT = {
    b"content-length": _CONTENT_LENGTH,
    b"transfer-encoding": _TRANSFER_ENCODING,
    b"connection": _CONNECTION,
    b"set-cookie": _SET_COOKIE,
    b"server": _SERVER,
    b"keep-alive": DROP,
    b"proxy-connection": DROP,
    b"te": DROP,
    b"trailer": DROP,
    b"upgrade": DROP,
}
_ACTIONS = Actions(lambda lower: _EXACT.get(lower, KEEP))
_REASON = re.compile(rb"[\t\x20-\x7e\x80-\xff]{0,512}")


class InvalidAnswer(ValueError):
    """An answer that must not be passed on; the client gets 502."""


@dataclass(slots=True)
class AnswerHead:
    """The checked head.

    ``block``: the status line and the lines that pass, each with its line end, without the empty one.
    ``framing``: how the end of the body is known (RFC 9112 §6.3); the edge says it anew unless by length.
    """

    status: int
    block: bytes
    framing: Framing


def read_answer(
    status: int,
    reason: bytes,
    headers: Headers,
    *,
    method: bytes,
    internal: bool,
    websocket: bool = False,
    our_cookies: frozenset[bytes] = frozenset(),
) -> AnswerHead:
    """Judge an answer's head. ``internal``: from our own login pages, which may set our cookies.

    ``our_cookies`` are session cookies with a name of their own that an upstream must not set either.
    ``websocket``: a WebSocket was asked for, so that 101 may come. Raises InvalidAnswer for an unasked 101,
    contradictory framing, a coding other than chunked, too much, and control characters in ``reason``, which
    the parser lets pass.
    """
    if status == 101 and websocket:
        return _switched(reason, headers, our_cookies)
    lines = [_status_line(status, reason)]
    if len(headers) > _MOST_LINES:
        raise InvalidAnswer("too many header lines")
    noted: dict[Action, list[bytes]] = {}
    for line in headers:
        action = _ACTIONS[line[0]]
        if action == KEEP or (action == _SERVER and not internal):
            lines.append(b": ".join(line))
        elif action == _SET_COOKIE:
            if internal or not sets_our_cookie(line[1], our_cookies):
                lines.append(b": ".join(line))
        elif action != DROP:
            noted[action] = [*noted.get(action, ()), line[1].strip(b" \t")]
    if _CONNECTION in noted:
        lines = _without_listed(lines, noted[_CONNECTION])
    lengths = noted.get(_CONTENT_LENGTH, ())
    framing = _framing(status, method, lengths, noted.get(_TRANSFER_ENCODING, ()))
    if lengths and framing != CHUNKED and status != 204:
        lines.append(b"Content-Length: %b" % lengths[0])
    lines.append(b"")
    block = b"\r\n".join(lines)
    if len(block) > _MOST_BYTES:
        raise InvalidAnswer("header lines too long")
    return AnswerHead(status, block, framing)


_NO_TRAILER = frozenset(
    {
        b"age",
        b"alt-svc",
        b"authorization",
        b"cache-control",
        b"clear-site-data",
        b"content-encoding",
        b"content-location",
        b"content-range",
        b"content-type",
        b"date",
        b"expires",
        b"host",
        b"location",
        b"pragma",
        b"proxy-authenticate",
        b"retry-after",
        b"vary",
        b"warning",
        b"www-authenticate",
    }
)


def passing_trailers(headers: Headers) -> bytes:
    """The lines of an answer's trailers that pass: none that would act upon the message (RFC 9110 §6.5.1)."""
    if len(headers) > MOST_TRAILERS:
        return b""
    lines = [
        b"%b: %b\r\n" % line
        for line in headers
        if _ACTIONS[line[0]] == KEEP and line[0].lower() not in _NO_TRAILER
    ]
    passing = b"".join(lines)
    return passing if len(passing) <= _MOST_BYTES else b""


def frames_body(headers: Headers) -> bool:
    """Whether header lines say that a body follows, as an interim answer may not (RFC 9110 §8.6, §15.2)."""
    return any(_ACTIONS[name] in (_CONTENT_LENGTH, _TRANSFER_ENCODING) for name, _ in headers)


def _switched(reason: bytes, headers: Headers, our_cookies: frozenset[bytes]) -> AnswerHead:
    """The head of a 101 that was asked for; judged as that of an answer without a body."""
    if not agrees(headers):
        raise InvalidAnswer("101 to something else than a WebSocket")
    if frames_body(headers):
        raise InvalidAnswer("101 with a body")
    head = read_answer(204, reason, headers, method=b"GET", internal=False, our_cookies=our_cookies)
    lines = head.block.removeprefix(b"HTTP/1.1 204")
    return AnswerHead(101, b"HTTP/1.1 101%b%b" % (lines, UPGRADE_LINES), SWITCHED)


@lru_cache(maxsize=256)
def _status_line(status: int, reason: bytes) -> bytes:
    if not 200 <= status <= 599:
        raise InvalidAnswer(f"status {status} was not asked for")
    if not _REASON.fullmatch(reason):
        raise InvalidAnswer("the reason phrase is too long or has control characters")
    return b"HTTP/1.1 %d %b" % (status, reason)


def _without_listed(lines: list[bytes], connection: Sequence[bytes]) -> list[bytes]:
    """Remove what ``Connection`` lists (RFC 9110 §7.6.1); the status line stays."""
    listed = listed_names(connection)
    if not listed:
        return lines
    return [lines[0], *(line for line in lines[1:] if line.partition(b":")[0].lower() not in listed)]


def _framing(status: int, method: bytes, lengths: Sequence[bytes], codings: Sequence[bytes]) -> Framing:
    if len(lengths) > 1 or (lengths and not lengths[0].isdigit()):
        raise InvalidAnswer("Content-Length is not one number")
    if codings and (lengths or len(codings) > 1 or codings[0].lower() != b"chunked"):
        raise InvalidAnswer("contradictory framing, or a coding other than chunked")
    if method == b"HEAD" or status in (204, 304):
        return NO_BODY
    if codings:
        return CHUNKED
    return BY_LENGTH if lengths else UNTIL_CLOSE
