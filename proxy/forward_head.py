"""The head that goes to an upstream, rebuilt from checked parts. Pure: values in, bytes out.

Strip first, add after: what a client sent under a name of ours was dropped in ``head``, and nothing that a
client lists can remove what is added here.
"""

from collections.abc import Sequence

from proxy.head import Request
from proxy.routes import Route


def upstream_head(
    request: Request,
    route: Route,
    identity_lines: bytes,
    cookies: bytes,
    forwarded_for: bytes,
    request_id: str,
) -> bytes:
    """The head for a tunnel's upstream.

    ``cookies`` is what is left of the Cookie header, ``forwarded_for`` the whole value of X-Forwarded-For.
    """
    scheme = b"https" if route.secure or route.origin.startswith("https:") else b"http"
    return b"".join(
        (
            _start(request),
            b"".join(request.kept),
            _framing(request),
            b"Cookie: %b\r\n" % cookies if cookies else b"",
            identity_lines,
            b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n"
            % (forwarded_for, scheme, request.host_line),
            b"Via: 1.1 outerward\r\nX-Request-Id: %b\r\n\r\n" % request_id.encode(),
        )
    )


def internal_head(request: Request, client: str, request_id: str) -> bytes:
    """The head for our own control application: no identity, all cookies, and what only the edge knows."""
    cookies = b"; ".join(request.cookies)
    return b"".join(
        (
            _start(request),
            b"".join(request.kept),
            _framing(request),
            b"Cookie: %b\r\n" % cookies if cookies else b"",
            b"X-Outerward-Edge: %b %b %b\r\n\r\n"
            % (client.encode(), request.hostname.encode(), request_id.encode()),
        )
    )


def forwarded_for(peer: str, inbound: Sequence[bytes], *, trusted: bool) -> bytes:
    """The value of X-Forwarded-For: the peer, after what a trusted peer said before it."""
    own = peer.encode()
    return b", ".join((*filter(None, inbound), own)) if trusted else own


def _start(request: Request) -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (request.method, request.target, request.host_line)


def _framing(request: Request) -> bytes:
    if request.body_length is None:
        return b"Transfer-Encoding: chunked\r\n"
    if request.body_length or request.method not in (b"GET", b"HEAD", b"OPTIONS", b"DELETE"):
        return b"Content-Length: %d\r\n" % request.body_length
    return b""
