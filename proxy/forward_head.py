"""The head that goes to an upstream, rebuilt from checked parts. Pure: values in, bytes out.

Strip first, add after: what a client sent under a name of ours was dropped in ``fields``, and nothing that a
client lists can remove what is added here.
"""

from collections.abc import Sequence

from proxy.fields import Fields
from proxy.head import Request
from proxy.routes import Route
from proxy.websocket import UPGRADE_LINES

_NEED_NO_LENGTH = (b"GET", b"HEAD", b"OPTIONS", b"DELETE")


def upstream_lines(fields: Fields, route: Route, *, cookies: bytes, forwarded_for: bytes) -> bytes:
    """The header lines for a tunnel's upstream that are the same for every request with these fields.

    ``cookies`` is what is left of the Cookie header, ``forwarded_for`` the whole value of X-Forwarded-For.
    """
    scheme = b"https" if route.secure or route.origin.startswith("https:") else b"http"
    return b"".join(
        (
            b"Host: %b\r\n" % fields.host_line,
            fields.kept,
            b"Cookie: %b\r\n" % cookies if cookies else b"",
            b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n"
            % (forwarded_for, scheme, fields.host_line),
            b"Via: 1.1 outerward\r\n",
            b"TE: trailers\r\nConnection: TE\r\n" if fields.trailers else b"",
        )
    )


def upstream_head(request: Request, lines: bytes, identity_lines: bytes, request_id: str) -> bytes:
    """The head for a tunnel's upstream; ``lines`` are those of ``upstream_lines``."""
    return b"%b %b HTTP/1.1\r\n%b%b%bX-Request-Id: %b\r\n\r\n" % (
        request.method,
        request.target,
        lines,
        _framing(request),
        identity_lines,
        request_id.encode(),
    )


def internal_head(request: Request, client: str, request_id: str) -> bytes:
    """The head for our own control application: no identity, all cookies, and what only the edge knows."""
    fields = request.fields
    cookies = b"; ".join(fields.cookies)
    return b"".join(
        (
            b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (request.method, request.target, fields.host_line),
            fields.kept,
            _framing(request),
            b"Cookie: %b\r\n" % cookies if cookies else b"",
            b"X-Outerward-Edge: %b %b %b\r\n\r\n"
            % (client.encode(), fields.hostname.encode(), request_id.encode()),
        )
    )


def forwarded_for(peer: str, inbound: Sequence[bytes], *, trusted: bool) -> bytes:
    """The value of X-Forwarded-For: the peer, after what a trusted peer said before it."""
    own = peer.encode()
    return b", ".join((*filter(None, inbound), own)) if trusted else own


def _framing(request: Request) -> bytes:
    length = request.fields.body_length
    if request.fields.websocket:
        return UPGRADE_LINES
    if length == 0 and request.method in _NEED_NO_LENGTH:
        return b""
    return b"Transfer-Encoding: chunked\r\n" if length is None else b"Content-Length: %d\r\n" % length
