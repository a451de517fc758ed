"""The canonical request: what the bytes of a head mean, decided once.

``read_head`` takes what the parser saw and returns a Request or a Refusal. Policy, log and upstream read that
one object and parse nothing again. Knows no socket, no session and no route.
"""

import re
from dataclasses import dataclass, replace

from proxy.canonical import CanonicalPath, InvalidPath, canonical_path
from proxy.fields import Fields, Headers, Refusal, read_fields
from proxy.limits import DEFAULT_LIMITS, Limits
from proxy.problems import (
    BAD_REQUEST,
    EXPECTATION_FAILED,
    HTTP_VERSION,
    METHOD_NOT_SUPPORTED,
    NOT_IMPLEMENTED,
    URI_TOO_LONG,
    Problem,
)
from proxy.websocket import is_handshake

_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?]*)(.*)", re.DOTALL)
_UNPRINTABLE = re.compile(rb"[\x00-\x20\x7f]")
_HOPS_LEFT = re.compile(rb"(?im)^max-forwards: ([0-9]{1,9})\r$")

PLAIN_LINE = re.compile(rb"(GET|HEAD) (/[!\"$-~]*) HTTP/1\.1\r\n")
"""A request line of the most usual kind."""


@dataclass(slots=True)
class Request:
    """One request, canonical: ``target`` is forwarded as received (origin form), ``path`` judges.

    ``problem``: what it is answered by although it is well framed. ``last_hop``: it may go no further.
    """

    method: bytes
    target: bytes
    path: CanonicalPath
    fields: Fields
    problem: Problem | None = None
    last_hop: bool = False

    @property
    def expects_more(self) -> bool:
        """Whether more of the client's belongs to this after the head: a body, or what follows an upgrade."""
        return self.fields.body_length != 0 or self.fields.websocket

    @property
    def speculative(self) -> bool:
        """Whether nobody asked to see this: a prefetch, or the icon that a browser fetches by itself."""
        return self.fields.prefetch or self.path.path.endswith("/favicon.ico")

    @property
    def safe_method(self) -> bool:
        """GET or HEAD: what a browser may be redirected from without losing anything."""
        return self.method in (b"GET", b"HEAD")


def read_head(
    method: bytes,
    target: bytes,
    version: str,
    headers: Headers,
    *,
    keep_alive: bool,
    upgrade: bool,
    limits: Limits = DEFAULT_LIMITS,
) -> Request | Refusal:
    """Judge a parsed head (RFC 9110 §7, RFC 9112 §3, §6). Total: hostile input is a Refusal."""
    fields = _check_line(method, target, version, limits) or read_fields(
        headers, http10=version == "1.0", keep_alive=keep_alive, upgrade=upgrade, limits=limits
    )
    if isinstance(fields, Refusal):
        return replace(fields, method=method)
    if upgrade:
        fields.websocket = is_handshake(method, headers, http10=fields.http10)
    request = _read_target(method, target, fields)
    if isinstance(request, Request):
        if method == b"TRACE":
            request.problem = METHOD_NOT_SUPPORTED
        elif fields.unmet:
            request.problem = EXPECTATION_FAILED
        elif method == b"OPTIONS":
            request.last_hop = _count_hop(fields)
    return request


def _count_hop(fields: Fields) -> bool:
    """Take one off ``Max-Forwards`` (RFC 9110 §7.6.2); whether nothing was left."""
    found = _HOPS_LEFT.search(fields.kept)
    if found is None:
        return False
    left = int(found[1])
    if left:
        fields.kept = b"%b%d%b" % (fields.kept[: found.start(1)], left - 1, fields.kept[found.end(1) :])
    return left == 0


class KnownBlock:
    """A header block that the parser has read as the whole rest of a request, and what it means.

    The next request with the very same block means the same, so only its request line is read. Holds no
    verdict: each request is judged anew.
    """

    __slots__ = ("_block", "_max_line", "fields")

    def __init__(self, block: bytes, fields: Fields, max_line: int) -> None:
        self._block = block
        self._max_line = max_line
        self.fields = fields

    @classmethod
    def learn(cls, block: bytes, request: Request, limits: Limits) -> "KnownBlock | None":
        """From all that followed the plain line of ``request``, as the parser read it; None for more."""
        fields = request.fields
        if fields.body_length != 0 or fields.upgrade or fields.unmet or not fields.keep_alive:
            return None
        return cls(block, fields, limits.max_line)

    def read(self, data: bytes, line: "re.Match[bytes]") -> Request | Refusal | None:
        """The request in ``data`` that begins with a plain ``line``; None unless just this block follows."""
        block = self._block
        if len(data) != line.end() + len(block) or not data.endswith(block):
            return None
        method, target = line.groups()
        if len(target) > self._max_line:
            return None
        return _read_path(method, target, self.fields)


def _check_line(method: bytes, target: bytes, version: str, limits: Limits) -> Refusal | None:
    if version not in ("1.1", "1.0"):
        return Refusal(HTTP_VERSION, f"version {version}")
    if method == b"CONNECT":
        return Refusal(NOT_IMPLEMENTED, "CONNECT")
    if len(target) > limits.max_line:
        return Refusal(URI_TOO_LONG, "request target too long")
    return None


def _read_target(method: bytes, target: bytes, fields: Fields) -> Request | Refusal:
    """Origin form, or absolute form with the same authority as Host (RFC 9112 §3.2)."""
    if not target.startswith(b"/"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute:
            if absolute[1].lower() != fields.host_line.lower():
                return Refusal(BAD_REQUEST, "the target's authority is not the Host", method)
            target = absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]
    if _UNPRINTABLE.search(target):
        return Refusal(BAD_REQUEST, "a control character in the target", method)
    if b"#" in target:
        return Refusal(BAD_REQUEST, "a fragment has no place in a request", method)
    return _read_path(method, target, fields)


def _read_path(method: bytes, target: bytes, fields: Fields) -> Request | Refusal:
    try:
        path = canonical_path(target.partition(b"?")[0])
    except InvalidPath as error:
        return Refusal(BAD_REQUEST, str(error), method)
    return Request(method, target, path, fields)
