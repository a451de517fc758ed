"""Where a chunked body ends, found beside the parser so that it is given no byte of the next message.

It judges nothing: what it cannot follow is the parser's to refuse, and where the two see different ends the
request is refused.
"""

import re

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")


class Chunks:
    """Follows one chunked body (RFC 9112 §7.1); ``ended`` once its end was found."""

    __slots__ = ("_left", "_line", "_lost", "_trailers", "ended")

    def __init__(self) -> None:
        self.ended = False
        self._left = 0
        self._line = b""
        self._trailers = False
        self._lost = False

    def end(self, data: bytes, at: int) -> int:
        """Where the body ends in ``data``, which goes on at ``at``; the end of ``data`` where it does not."""
        while at < len(data) and not self._lost:
            if self._left:
                passed = min(self._left, len(data) - at)
                self._left -= passed
                at += passed
                continue
            line_end = data.find(b"\n", at) + 1
            if not line_end:
                self._line += data[at:]
                break
            line, self._line = self._line + data[at:line_end], b""
            at = line_end
            if self._trailers:
                if line == b"\r\n":
                    self.ended = True
                    return at
            else:
                self._begin_chunk(line)
        return len(data)

    def _begin_chunk(self, line: bytes) -> None:
        size = _SIZE.fullmatch(line)
        if size is None:
            self._lost = True
            return
        length = int(size[1], 16)
        self._trailers = length == 0
        self._left = length + 2 if length else 0
