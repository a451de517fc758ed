"""How much of a request is taken, and how long it is waited for: the limits of ``[edge]`` as numbers."""

from dataclasses import dataclass

LARGEST_FORM = 512 * 1024
"""Octets of a body for ourselves: 256 kB of XML grow by a third in base64, and a little more in a form."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds (RFC 9110 §15.5.9, §15.5.15; RFC 6585 §5).

    ``max_line``: the request target. ``max_header``: all header lines of a request, each counted with four
    bytes for what separates it; one of them may have half of it. ``max_headers``: their number.
    ``header_timeout_s``: from a request's first byte to the end of its head. ``idle_timeout_s``: a connection
    without a request.
    """

    max_line: int = 8 * 1024
    max_header: int = 32 * 1024
    max_headers: int = 100
    header_timeout_s: float = 10.0
    idle_timeout_s: float = 75.0

    @property
    def max_header_line(self) -> int:
        """The longest single header line."""
        return self.max_header // 2

    @property
    def max_head(self) -> int:
        """What a head that passes can have at most, with some room."""
        return self.max_line + self.max_header + 4 * self.max_headers


DEFAULT_LIMITS = Limits()
