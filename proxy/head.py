"""The canonical request: what the bytes of a head mean, decided once.

``read_head`` takes what the parser saw and returns a Request or a Refusal. Policy, log and upstream read that
one object and parse nothing again. Knows no socket, no session and no route.
"""

import re
from dataclasses import dataclass, replace
from enum import IntEnum, auto

from proxy.canonical import CanonicalPath, InvalidPath, canonical_path, is_reserved
from proxy.problems import (
    BAD_REQUEST,
    EXPECTATION_FAILED,
    HEADERS_TOO_LARGE,
    HTTP_VERSION,
    METHOD_NOT_SUPPORTED,
    NOT_IMPLEMENTED,
    URI_TOO_LONG,
    Problem,
)

MAX_TARGET = 8 * 1024
MAX_HEADER_LINE = 16 * 1024
MAX_HEADERS_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_HEAD_BYTES = MAX_TARGET + MAX_HEADERS_BYTES + 4 * MAX_HEADERS

_AUTHORITY = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}))(?::([0-9]{1,5}))?")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?]*)(.*)", re.DOTALL)
_NOT_LETTER = re.compile(rb"[^a-z]")
_ONE_BLANK = re.compile(rb"[\x00-\x20\x7f]")


class Action(IntEnum):
    """What happens to an inbound header line; an integer, which hashes without a call into Python."""

    KEEP = auto()
    DROP = auto()
    HOST = auto()
    CONTENT_LENGTH = auto()
    TRANSFER_ENCODING = auto()
    CONNECTION = auto()
    COOKIE = auto()
    EXPECT = auto()
    FORWARDED_FOR = auto()
    REQUEST_ID = auto()
    USER_AGENT = auto()
    PURPOSE = auto()


_EXACT = {
    b"host": Action.HOST,
    b"content-length": Action.CONTENT_LENGTH,
    b"transfer-encoding": Action.TRANSFER_ENCODING,
    b"connection": Action.CONNECTION,
    b"cookie": Action.COOKIE,
    b"expect": Action.EXPECT,
    b"x-forwarded-for": Action.FORWARDED_FOR,
    b"x-request-id": Action.REQUEST_ID,
    b"user-agent": Action.USER_AGENT,
    b"sec-purpose": Action.PURPOSE,
    b"purpose": Action.PURPOSE,
    b"x-purpose": Action.PURPOSE,
    b"x-moz": Action.PURPOSE,
}
_NOTED = frozenset({Action.USER_AGENT, Action.PURPOSE})
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

_actions: dict[bytes, Action] = {}
_MOST_SPELLINGS = 4096
_LONGEST_SPELLING = 64


def action_of(name: bytes) -> Action:
    """What happens to a header spelled ``name``; remembered by spelling.

    Every name that we set or that frames a message is removed in any case and with any non-letter in place
    of ``-``: to a CGI or WSGI upstream ``X_Forwarded_User`` and ``X-Forwarded-User`` are one variable.
    """
    action = _actions.get(name)
    if action is None:
        action = _classify(name.lower())
        if len(name) <= _LONGEST_SPELLING:
            if len(_actions) >= _MOST_SPELLINGS:
                _actions.clear()
            _actions[name] = action
    return action


def _classify(lower: bytes) -> Action:
    exact = _EXACT.get(lower)
    if exact is not None:
        return exact
    folded = _NOT_LETTER.sub(b"-", lower)
    if folded in _OURS or folded.startswith(_OUR_PREFIXES) or folded in _FRAMING or folded in _HOP_BY_HOP:
        return Action.DROP
    return Action.KEEP


@dataclass(slots=True)
class Request:
    """One request, canonical.

    ``target`` is forwarded as received (origin form); ``path`` judges. ``kept`` are the header lines that
    pass, each with its line end. ``body_length`` is None for a chunked body, 0 for none.
    """

    method: bytes
    target: bytes
    path: CanonicalPath
    reserved: bool
    host_line: bytes
    hostname: str
    http10: bool
    keep_alive: bool
    upgrade: bool
    body_length: int | None
    expects_continue: bool
    cookies: list[bytes]
    forwarded_for: list[bytes]
    request_ids: list[bytes]
    user_agents: list[bytes]
    purposes: list[bytes]
    kept: list[bytes]
    headers: list[tuple[bytes, bytes]]

    def header(self, lower_name: bytes) -> bytes | None:
        """The first value of a header by its lower-case name; for the paths that are not hot."""
        for name, value in self.headers:
            if name.lower() == lower_name:
                return value.strip()
        return None

    @property
    def has_body(self) -> bool:
        """Whether body bytes are to come."""
        return self.body_length != 0

    @property
    def user_agent(self) -> bytes:
        """The first User-Agent; empty where there is none."""
        return self.user_agents[0] if self.user_agents else b""

    @property
    def speculative(self) -> bool:
        """Whether nobody asked to see this: a prefetch, or the icon that a browser fetches by itself."""
        if self.path.path.endswith("/favicon.ico"):
            return True
        return any(value.partition(b";")[0].strip().lower() == b"prefetch" for value in self.purposes)

    @property
    def safe_method(self) -> bool:
        """GET or HEAD: what a browser may be redirected from without losing anything."""
        return self.method in (b"GET", b"HEAD")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A head that is answered by a problem and a closed connection."""

    problem: Problem
    why: str
    method: bytes = b""


def read_head(
    method: bytes,
    target: bytes,
    version: str,
    headers: list[tuple[bytes, bytes]],
    *,
    keep_alive: bool,
    upgrade: bool,
) -> Request | Refusal:
    """Judge a parsed head (RFC 9110 §7, RFC 9112 §3, §6). Total: hostile input is a Refusal."""
    refusal = _check_line(method, target, version) or _check_sizes(headers)
    if refusal:
        return replace(refusal, method=method)
    request = Request(
        method=method,
        target=target,
        path=CanonicalPath("/", False),
        reserved=False,
        host_line=b"",
        hostname="",
        http10=version == "1.0",
        keep_alive=keep_alive,
        upgrade=upgrade,
        body_length=0,
        expects_continue=False,
        cookies=[],
        forwarded_for=[],
        request_ids=[],
        user_agents=[],
        purposes=[],
        kept=[],
        headers=headers,
    )
    refusal = _read_headers(request) or _read_target(request)
    return replace(refusal, method=method) if refusal else request


def _check_line(method: bytes, target: bytes, version: str) -> Refusal | None:
    if version not in ("1.1", "1.0"):
        return Refusal(HTTP_VERSION, f"version {version}")
    if method == b"CONNECT":
        return Refusal(NOT_IMPLEMENTED, "CONNECT")
    if method == b"TRACE":
        return Refusal(METHOD_NOT_SUPPORTED, "TRACE")
    if len(target) > MAX_TARGET:
        return Refusal(URI_TOO_LONG, "request target too long")
    return None


def _check_sizes(headers: list[tuple[bytes, bytes]]) -> Refusal | None:
    if len(headers) > MAX_HEADERS:
        return Refusal(HEADERS_TOO_LARGE, "too many header lines")
    if sum([len(name) + len(value) for name, value in headers]) + 4 * len(headers) <= MAX_HEADER_LINE:
        return None
    total = 0
    for name, value in headers:
        size = len(name) + len(value) + 4
        total += size
        if size > MAX_HEADER_LINE or total > MAX_HEADERS_BYTES:
            return Refusal(HEADERS_TOO_LARGE, "header lines too long")
    return None


def _read_headers(request: Request) -> Refusal | None:
    hosts: list[bytes] = []
    lengths: list[bytes] = []
    codings: list[bytes] = []
    connection: list[bytes] = []
    expect: list[bytes] = []
    sinks = {
        Action.HOST: hosts,
        Action.CONTENT_LENGTH: lengths,
        Action.TRANSFER_ENCODING: codings,
        Action.CONNECTION: connection,
        Action.COOKIE: request.cookies,
        Action.EXPECT: expect,
        Action.FORWARDED_FOR: request.forwarded_for,
        Action.REQUEST_ID: request.request_ids,
        Action.USER_AGENT: request.user_agents,
        Action.PURPOSE: request.purposes,
    }
    kept = request.kept
    for line in request.headers:
        name, value = line
        action = _actions.get(name) or action_of(name)
        if action is Action.KEEP:
            kept.append(b": ".join(line) + b"\r\n")
        elif action is not Action.DROP:
            sinks[action].append(value.strip(b" \t"))
            if action in _NOTED:
                kept.append(b": ".join(line) + b"\r\n")
    if len(hosts) != 1:
        return Refusal(BAD_REQUEST, "not exactly one Host")
    request.host_line = hosts[0]
    _drop_listed(request, connection)
    return _read_framing(request, lengths, codings) or _read_expect(request, expect)


def _read_framing(request: Request, lengths: list[bytes], codings: list[bytes]) -> Refusal | None:
    """The body's length (RFC 9112 §6.3); every doubt is a refusal."""
    if codings:
        if lengths or request.http10 or len(codings) > 1:
            return Refusal(BAD_REQUEST, "contradictory framing")
        if codings[0].lower() != b"chunked":
            return Refusal(BAD_REQUEST, "a transfer coding other than chunked")
        request.body_length = None
    elif lengths:
        if len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > 18:
            return Refusal(BAD_REQUEST, "Content-Length is not one number")
        request.body_length = int(lengths[0])
    if request.upgrade and request.body_length != 0:
        return Refusal(BAD_REQUEST, "an upgrade with a body")
    return None


def _read_expect(request: Request, expect: list[bytes]) -> Refusal | None:
    if not expect:
        return None
    if len(expect) > 1 or expect[0].lower() != b"100-continue":
        return Refusal(EXPECTATION_FAILED, "an expectation other than 100-continue")
    request.expects_continue = not request.http10 and request.has_body
    return None


def _drop_listed(request: Request, connection: list[bytes]) -> None:
    """Remove what ``Connection`` lists (RFC 9110 §7.6.1), but never what security or framing rests on."""
    if all(value.lower() in _KNOWN_TOKENS for value in connection):
        return
    listed = {token.strip(b" \t").lower() for value in connection for token in value.split(b",")}
    listed -= _KNOWN_TOKENS
    listed -= _UNREMOVABLE
    if listed:
        request.kept = [line for line in request.kept if line.partition(b":")[0].lower() not in listed]


def _read_target(request: Request) -> Refusal | None:
    """Origin form, or absolute form with the same authority as Host (RFC 9112 §3.2)."""
    target = request.target
    absolute = _ABSOLUTE.fullmatch(target) if not target.startswith(b"/") else None
    if absolute:
        if absolute[1].lower() != request.host_line.lower():
            return Refusal(BAD_REQUEST, "the target's authority is not the Host")
        target = absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]
        request.target = target
    authority = _AUTHORITY.fullmatch(request.host_line)
    if not authority or (authority[2] and int(authority[2]) > 65535):
        return Refusal(BAD_REQUEST, "Host is not an authority")
    request.hostname = authority[1].decode("ascii").lower().removesuffix(".")
    if _ONE_BLANK.search(target):
        return Refusal(BAD_REQUEST, "a control character in the target")
    raw_path = target.partition(b"?")[0]
    try:
        request.path = canonical_path(raw_path)
        request.reserved = is_reserved(request.path, raw_path)
    except InvalidPath as error:
        return Refusal(BAD_REQUEST, str(error))
    if b"#" in target:
        return Refusal(BAD_REQUEST, "a fragment has no place in a request")
    return None
