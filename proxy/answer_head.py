"""The upstream's answer head: what passes to the client, and how long the body is. Pure.

An answer needs as much care as a request: what could be framed in two ways is refused (502), what belongs to
the hop is removed, and an upstream never sets a cookie of ours.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from proxy.cookie_header import sets_our_cookie
from proxy.head import MAX_HEADERS, MAX_HEADERS_BYTES

_MOST_BYTES = 4 * MAX_HEADERS_BYTES
_MOST_LINES = 4 * MAX_HEADERS
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_REASON = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_KNOWN_TOKENS = frozenset({b"close", b"keep-alive", b"upgrade", b""})


class Framing(Enum):
    """How the end of an answer's body is known (RFC 9112 §6.3)."""

    NONE = auto()
    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


class InvalidAnswer(ValueError):
    """An answer that must not be passed on; the client gets 502."""


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """The checked head: ``lines`` pass, each with its line end; framing is set anew by the edge."""

    status: int
    reason: bytes
    lines: bytes
    framing: Framing


def read_answer(
    status: int,
    reason: bytes,
    headers: list[tuple[bytes, bytes]],
    *,
    method: bytes,
    internal: bool,
) -> AnswerHead:
    """Judge an answer's head. ``internal``: from our own login pages, which may set our cookies.

    Raises InvalidAnswer for an unasked 101, contradictory framing, a coding other than chunked, too much,
    and control characters in ``reason``, which the parser lets pass.
    """
    if not 200 <= status <= 599:
        raise InvalidAnswer(f"status {status} was not asked for")
    if not _REASON.fullmatch(reason):
        raise InvalidAnswer("the reason phrase has control characters")
    if len(headers) > _MOST_LINES:
        raise InvalidAnswer("too many header lines")
    lines: list[bytes] = []
    lengths: list[bytes] = []
    codings: list[bytes] = []
    listed: set[bytes] = set()
    for name, value in headers:
        lower = name.lower()
        if lower == b"content-length":
            lengths.append(value.strip(b" \t"))
        elif lower == b"transfer-encoding":
            codings.append(value.strip(b" \t").lower())
        elif lower == b"connection":
            listed.update(token.strip(b" \t").lower() for token in value.split(b","))
        elif not _belongs_to_us(lower, value, internal=internal):
            lines.append(b"%b: %b\r\n" % (name, value))
    listed -= _KNOWN_TOKENS
    if listed:
        lines = [line for line in lines if line.partition(b":")[0].lower() not in listed]
    framing = _framing(status, method, lengths, codings)
    if lengths and framing is not Framing.CHUNKED and status != 204:
        lines.append(b"Content-Length: %b\r\n" % lengths[0])
    block = b"".join(lines)
    if len(block) > _MOST_BYTES:
        raise InvalidAnswer("header lines too long")
    return AnswerHead(status, reason, block, framing)


def _belongs_to_us(lower: bytes, value: bytes, *, internal: bool) -> bool:
    """Whether a header line stays here: the hop's own, and what only one side may say."""
    if internal:
        return lower in _HOP_BY_HOP or lower == b"server"
    return lower in _HOP_BY_HOP or (lower == b"set-cookie" and sets_our_cookie(value))


def _framing(status: int, method: bytes, lengths: list[bytes], codings: list[bytes]) -> Framing:
    if len(lengths) > 1 or (lengths and not lengths[0].isdigit()):
        raise InvalidAnswer("Content-Length is not one number")
    if codings and (lengths or codings != [b"chunked"]):
        raise InvalidAnswer("contradictory framing, or a coding other than chunked")
    if method == b"HEAD" or status in (204, 304):
        return Framing.NONE
    if codings:
        return Framing.CHUNKED
    return Framing.LENGTH if lengths else Framing.UNTIL_CLOSE
