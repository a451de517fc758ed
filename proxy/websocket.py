"""What the edge must know of a WebSocket: when a request may become one, and where a frame ends. Pure.

Frames pass as they come; they are followed only so that a close frame can be put between two of them.
"""

from collections.abc import Sequence

from proxy.fields import Headers

CLOSE_POLICY = b"\x88\x02\x03\xf0"
"""A close frame with status 1008, policy violation (RFC 6455 §7.4.1): the session has ended."""

_LONGEST_HEAD = 14
UPGRADE_LINES = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


def is_handshake(method: bytes, headers: Headers, *, http10: bool) -> bool:
    """Whether a request without a body asks for a WebSocket and nothing else (RFC 6455 §4.2.1)."""
    if method != b"GET" or http10:
        return False
    upgrades = _values(headers, b"upgrade")
    keys = _values(headers, b"sec-websocket-key")
    versions = _values(headers, b"sec-websocket-version")
    return [value.lower() for value in upgrades] == [b"websocket"] and len(keys) == 1 and versions == [b"13"]


def agrees(headers: Headers) -> bool:
    """Whether a 101 answers a WebSocket handshake (RFC 6455 §4.2.2)."""
    upgrades = [value.lower() for value in _values(headers, b"upgrade")]
    listed = b",".join(_values(headers, b"connection")).lower().split(b",")
    return upgrades == [b"websocket"] and b"upgrade" in [token.strip(b" \t") for token in listed]


def origin_allowed(origins: Sequence[bytes], public_origin: str) -> bool:
    """Whether a handshake may come from a page of ``origins`` (RFC 6455 §10.2): none, or the endpoint's own.

    Without an Origin it is not a browser's.
    """
    return not origins or (len(origins) == 1 and origins[0].lower() == public_origin.lower().encode())


def _values(headers: Headers, lower_name: bytes) -> list[bytes]:
    return [value.strip(b" \t") for name, value in headers if name.lower() == lower_name]


class Frames:
    """Follows the frames of one direction (RFC 6455 §5.2): ``between`` says whether the last one is whole."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0

    @property
    def between(self) -> bool:
        """Whether a frame of ours may be sent now."""
        return not self._left and not self._head

    def feed(self, data: bytes) -> None:
        """Take note of what passes. Without a call for each frame: 256 kB may hold 131,072 of them."""
        if self._head:
            data, self._head = self._head + data, b""
        at, size = self._left, len(data)
        while at + 1 < size:
            second = data[at + 1]
            if second < 126:
                at += 2 + second
                continue
            head = data[at : at + _LONGEST_HEAD]
            if len(head) < _head_size(head):
                break
            at += _head_size(head) + _payload_size(head)
        self._left = max(at - size, 0)
        self._head = data[at:]


def _head_size(head: bytes) -> int:
    """How long a frame's head is, as far as its beginning tells."""
    if len(head) < 2:
        return 2
    extended = {126: 2, 127: 8}.get(head[1] & 0x7F, 0)
    return 2 + extended + (4 if head[1] & 0x80 else 0)


def _payload_size(head: bytes) -> int:
    short = head[1] & 0x7F
    if short < 126:
        return short
    return int.from_bytes(head[2:4] if short == 126 else head[2:10], "big")
