"""The header lines of a request: which pass, which stay here, and what those mean that the edge acts upon.

What is found here depends on the lines alone, so it can be kept for the next request with the same ones.
Knows no target, no session and no route.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from proxy.limits import DEFAULT_LIMITS, Limits
from proxy.problems import BAD_REQUEST, HEADERS_TOO_LARGE, Problem

Headers = list[tuple[bytes, bytes]]
Action = int

KEEP: Action = 1
DROP: Action = 2
_HOST: Action = 3
_CONTENT_LENGTH: Action = 4
_TRANSFER_ENCODING: Action = 5
_CONNECTION: Action = 6
_COOKIE: Action = 7
_EXPECT: Action = 8
_FORWARDED_FOR: Action = 9
_REQUEST_ID: Action = 10
_TE: Action = 11
# These are acted upon and pass.
_USER_AGENT: Action = 12
_PURPOSE: Action = 13
_ORIGIN: Action = 14

_AUTHORITY = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}))(?::([0-9]{0,5}))?")
_NOT_LETTER = re.compile(rb"[^a-z]")
_EXACT = {
    b"host": _HOST,
    b"content-length": _CONTENT_LENGTH,
    b"transfer-encoding": _TRANSFER_ENCODING,
    b"connection": _CONNECTION,
    b"cookie": _COOKIE,
    b"expect": _EXPECT,
    b"x-forwarded-for": _FORWARDED_FOR,
    b"x-request-id": _REQUEST_ID,
    b"te": _TE,
    b"user-agent": _USER_AGENT,
    b"sec-purpose": _PURPOSE,
    b"purpose": _PURPOSE,
    b"x-purpose": _PURPOSE,
    b"x-moz": _PURPOSE,
    b"origin": _ORIGIN,
}
_HOP_BY_HOP = frozenset(
    {b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"http--settings"}
)
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"host", b"connection", b"cookie", b"expect"})
_OURS = frozenset(
    {
        b"forwarded",
        b"x-request-id",
        b"remote-user",
        b"remote-email",
        b"remote-name",
        b"remote-groups",
        b"ngrok-auth-user-id",
        b"ngrok-auth-user-email",
        b"ngrok-auth-user-name",
        b"x-auth-request-access-token",
        b"x-original-url",
        b"x-original-method",
        b"x-rewrite-url",
    }
)
_OUR_PREFIXES = (b"x-outerward-", b"x-forwarded-", b"x-auth-request-")
_UNREMOVABLE = frozenset({b"host", b"content-length", b"cookie", b"authorization"})
_KNOWN_TOKENS = frozenset({b"close", b"keep-alive", b"upgrade", b""})
_NONE: frozenset[bytes] = frozenset()

_MOST_SPELLINGS = 4096
_LONGEST_SPELLING = 64


class Actions(dict[bytes, Action]):
    """What happens to a header line, by its name as spelled; ``classify`` decides by the lower-case name."""

    def __init__(self, classify: Callable[[bytes], Action]) -> None:
        super().__init__()
        self._classify = classify

    def __missing__(self, name: bytes) -> Action:
        action = self._classify(name.lower())
        if len(name) <= _LONGEST_SPELLING:
            if len(self) >= _MOST_SPELLINGS:
                self.clear()
            self[name] = action
        return action


def _classify(lower: bytes) -> Action:
    """What happens to a request's header of this name.

    Every name that we set or that frames a message is removed in any case and with any non-letter in place
    of ``-``: to a CGI or WSGI upstream ``X_Forwarded_User`` and ``X-Forwarded-User`` are one variable.
    """
    exact = _EXACT.get(lower)
    if exact is not None:
        return exact
    name = folded(lower)
    if name in _OURS or name.startswith(_OUR_PREFIXES) or name in _FRAMING or name in _HOP_BY_HOP:
        return DROP
    return KEEP


ACTIONS = Actions(_classify)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A head that is answered by a problem and a closed connection."""

    problem: Problem
    why: str
    method: bytes = b""


@dataclass(slots=True)
class Fields:
    """What the header lines of a request mean, in a message of its version.

    ``kept``: the lines that pass, each with its line end. ``body_length`` is None for a chunked body, 0 for
    none. ``prefetch``: nobody asked to see this yet. ``keep_alive``, ``upgrade``: as the parser read them;
    ``websocket``: the upgrade is to a WebSocket and may be passed on. ``unmet``: it expects what is not
    offered here. ``trailers``: the client takes those of an answer (RFC 9110 §6.5.1).
    """

    kept: bytes
    host_line: bytes
    hostname: str
    body_length: int | None
    expects_continue: bool
    cookies: Sequence[bytes]
    forwarded_for: Sequence[bytes]
    request_ids: Sequence[bytes]
    user_agent: bytes
    prefetch: bool
    http10: bool
    keep_alive: bool
    upgrade: bool
    origins: Sequence[bytes] = ()
    websocket: bool = False
    unmet: bool = False
    trailers: bool = False

    def header(self, lower_name: bytes) -> bytes | None:
        """The first value of a header that passes, by its lower-case name; for the paths that are not hot."""
        for line in self.kept.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == lower_name:
                return value.strip(b" \t")
        return None


def read_fields(
    headers: Headers, *, http10: bool, keep_alive: bool, upgrade: bool, limits: Limits = DEFAULT_LIMITS
) -> Fields | Refusal:
    """Judge the header lines of one head (RFC 9110 §7, RFC 9112 §3.2, §6); hostile input is a Refusal."""
    kept: list[bytes] = []
    noted: dict[Action, list[bytes]] = {}
    size = 4 * len(headers)
    for line in headers:
        action = ACTIONS[line[0]]
        if action == KEEP:
            kept.append(b": ".join(line))
            continue
        size += len(line[0]) + len(line[1])
        if action != DROP:
            if action in noted:
                noted[action].append(line[1].strip(b" \t"))
            else:
                noted[action] = [line[1].strip(b" \t")]
            if action >= _USER_AGENT:
                kept.append(b": ".join(line))
    kept.append(b"")
    passing = b"\r\n".join(kept)
    if size + len(passing) > limits.max_header_line or len(headers) > limits.max_headers:
        refusal = _check_sizes(headers, limits)
        if refusal is not None:
            return refusal
    if _CONNECTION in noted:
        passing = _without_listed(passing, noted[_CONNECTION])
    hosts = noted.get(_HOST, [])
    hostname = _hostname(hosts[0]) if len(hosts) == 1 else None
    if hostname is None:
        return Refusal(BAD_REQUEST, "not exactly one Host, or one that is no authority")
    length = _body_length(noted, http10=http10, upgrade=upgrade)
    if isinstance(length, Refusal):
        return length
    expects = noted.get(_EXPECT, ())
    return Fields(
        passing,
        hosts[0],
        hostname,
        length,
        not http10 and length != 0 and any(b"100-continue" in value.lower() for value in expects),
        noted.get(_COOKIE, ()),
        noted.get(_FORWARDED_FOR, ()),
        noted.get(_REQUEST_ID, ()),
        noted[_USER_AGENT][0] if _USER_AGENT in noted else b"",
        _PURPOSE in noted and any(_is_prefetch(value) for value in noted[_PURPOSE]),
        http10,
        keep_alive,
        upgrade,
        noted.get(_ORIGIN, ()),
        unmet=len(expects) > 1 or (len(expects) == 1 and expects[0].lower() != b"100-continue"),
        trailers=_TE in noted and not http10 and any(map(_takes_trailers, noted[_TE])),
    )


def _takes_trailers(te: bytes) -> bool:
    return any(coding.strip(b" \t").lower() == b"trailers" for coding in te.split(b","))


def _is_prefetch(purpose: bytes) -> bool:
    return purpose.partition(b";")[0].strip().lower() == b"prefetch"


def _check_sizes(headers: Headers, limits: Limits) -> Refusal | None:
    if len(headers) > limits.max_headers:
        return Refusal(HEADERS_TOO_LARGE, "too many header lines")
    total = 0
    for name, value in headers:
        size = len(name) + len(value) + 4
        total += size
        if size > limits.max_header_line or total > limits.max_header:
            return Refusal(HEADERS_TOO_LARGE, "header lines too long")
    return None


def _without_listed(lines: bytes, connection: Sequence[bytes]) -> bytes:
    """Remove what ``Connection`` lists (RFC 9110 §7.6.1), but never what security or framing rests on."""
    listed = listed_names(connection) - _UNREMOVABLE
    if not listed:
        return lines
    return b"\r\n".join(
        line for line in lines.split(b"\r\n") if line.partition(b":")[0].lower() not in listed
    )


def listed_names(connection: Sequence[bytes]) -> frozenset[bytes]:
    """The header names that ``Connection`` lines list, in lower case (RFC 9110 §7.6.1)."""
    if len(connection) == 1 and connection[0].lower() in _KNOWN_TOKENS:
        return _NONE
    return frozenset(token.strip(b" \t").lower() for value in connection for token in value.split(b",")) - (
        _KNOWN_TOKENS
    )


def folded(name: bytes) -> bytes:
    """``name`` as a CGI or WSGI upstream could read it: in lower case, any non-letter as ``-``."""
    return _NOT_LETTER.sub(b"-", name.lower())


@lru_cache(maxsize=1024)
def _hostname(host: bytes) -> str | None:
    """The hostname in a Host line, in lower case and without a final dot; None where it is no authority."""
    authority = _AUTHORITY.fullmatch(host)
    if not authority or (authority[2] and int(authority[2]) > 65535):
        return None
    return authority[1].decode("ascii").lower().removesuffix(".")


def _body_length(noted: dict[Action, list[bytes]], *, http10: bool, upgrade: bool) -> int | Refusal | None:
    """The body's length, None for a chunked one (RFC 9112 §6.3); every doubt is a refusal."""
    lengths, codings = noted.get(_CONTENT_LENGTH), noted.get(_TRANSFER_ENCODING)
    length: int | None = 0
    if codings:
        if lengths or http10 or len(codings) > 1:
            return Refusal(BAD_REQUEST, "contradictory framing")
        if codings[0].lower() != b"chunked":
            return Refusal(BAD_REQUEST, "a transfer coding other than chunked")
        length = None
    elif lengths:
        if len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > 18:
            return Refusal(BAD_REQUEST, "Content-Length is not one number")
        length = int(lengths[0])
    if upgrade and length != 0:
        return Refusal(BAD_REQUEST, "an upgrade with a body")
    return length
