"""The canonical request: what the bytes of a head mean, decided once.

``read_head`` takes what the parser saw and returns a Request or a Refusal. Policy, log and upstream read that
one object and parse nothing again. Knows no socket, no session and no route.
"""

import re
from dataclasses import dataclass, replace

from proxy.canonical import CanonicalPath, InvalidPath, canonical_path
from proxy.fields import MAX_HEADERS, MAX_HEADERS_BYTES, Fields, Headers, Refusal, read_fields
from proxy.problems import BAD_REQUEST, HTTP_VERSION, METHOD_NOT_SUPPORTED, NOT_IMPLEMENTED, URI_TOO_LONG

MAX_TARGET = 8 * 1024
MAX_HEAD_BYTES = MAX_TARGET + MAX_HEADERS_BYTES + 4 * MAX_HEADERS

_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?]*)(.*)", re.DOTALL)
_UNPRINTABLE = re.compile(rb"[\x00-\x20\x7f]")
_PLAIN_LINE = re.compile(rb"(GET|HEAD) (/[!\"$-~]*) HTTP/1\.1\r\n")


@dataclass(slots=True)
class Request:
    """One request, canonical: ``target`` is forwarded as received (origin form), ``path`` judges."""

    method: bytes
    target: bytes
    path: CanonicalPath
    fields: Fields

    @property
    def has_body(self) -> bool:
        """Whether body bytes are to come."""
        return self.fields.body_length != 0

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
) -> Request | Refusal:
    """Judge a parsed head (RFC 9110 §7, RFC 9112 §3, §6). Total: hostile input is a Refusal."""
    fields = _check_line(method, target, version) or read_fields(
        headers, http10=version == "1.0", keep_alive=keep_alive, upgrade=upgrade
    )
    if isinstance(fields, Refusal):
        return replace(fields, method=method)
    return _read_target(method, target, fields)


class KnownBlock:
    """A header block that the parser has read as the whole rest of a request, and what it means.

    The next request with the very same block means the same, so only its request line is read. Holds no
    verdict: each request is judged anew.
    """

    __slots__ = ("_block", "fields")

    def __init__(self, block: bytes, fields: Fields) -> None:
        self._block = block
        self.fields = fields

    @classmethod
    def learn(cls, data: bytes, request: Request) -> "KnownBlock | None":
        """From ``data``, which the parser read as ``request`` and nothing else; None if that is not plain."""
        line = _PLAIN_LINE.match(data)
        fields = request.fields
        if line is None or fields.body_length != 0 or fields.upgrade or not fields.keep_alive:
            return None
        return cls(data[line.end() :], fields)

    def read(self, data: bytes) -> Request | Refusal | None:
        """The request in ``data``; None where it is not a plain line and this block, and must be parsed."""
        block = self._block
        line = _PLAIN_LINE.match(data) if data.endswith(block) else None
        if line is None or len(data) != line.end() + len(block):
            return None
        method, target = line.groups()
        if len(target) > MAX_TARGET:
            return None
        return _read_path(method, target, self.fields)


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
