"""Bytes of a client connection to requests: heads judged, bodies in pieces, sizes held to their limits.

It knows what a message is, and neither whose turn it is nor what becomes of a request. After a refusal it
must not be fed again.
"""

import re
from typing import Protocol

import httptools

from proxy.chunks import Chunks
from proxy.fields import Headers, Refusal
from proxy.head import PLAIN_LINE, KnownBlock, Request, read_head
from proxy.limits import DEFAULT_LIMITS, Limits
from proxy.problems import BAD_REQUEST, HEADERS_TOO_LARGE, URI_TOO_LONG, Problem

_HEAD_END = b"\r\n\r\n"
_MOST_ASIDE = 4 * 1024
_BESIDE_TARGET = 64
_LINE = re.compile(rb"(?:\r\n)?[^ \r\n]+ [^ \r\n]+ HTTP/[0-9]\.[0-9]\r\n")


class Listener(Protocol):
    """What is told of what was read. Bodies of refused requests are told too."""

    def request_begun(self, judged: Request | Refusal) -> None:
        """A head is whole."""

    def body_received(self, data: bytes) -> None:
        """A piece of the body of the request that began last."""

    def request_ended(self) -> None:
        """All of the request that began last has come."""

    def not_a_request(self, problem: Problem) -> None:
        """What came is no request: nothing more can be read."""

    def switched(self) -> None:
        """What follows is another protocol."""


class RequestReader:
    """Reads one connection. ``in_head``: a head has begun to come and is not whole."""

    def __init__(self, listener: Listener, limits: Limits = DEFAULT_LIMITS) -> None:
        self.in_head = False
        self._limits = limits
        self._listener = listener
        self._parser = httptools.HttpRequestParser(self)
        self._known: KnownBlock | None = None
        self._in_body = False
        self._body_left: int | None = 0
        self._line = b""
        self._tail = b""
        self._head_bytes = 0
        self._aside = 0
        self._target = b""
        self._headers: Headers = []
        self._judged: Request | Refusal | None = None
        self._chunks = Chunks()
        self._body: list[bytes] = []
        self._ended = False
        self._surplus = False

    def read(self, data: bytes, at: int) -> int:
        """Tell what ``data`` brings from ``at`` on, up to the end of a message; where to go on from.

        Raises what the listener raises, or HttpParserCallbackError with it.
        """
        if self._in_body:
            end = self._end_of_body(data, at)
            self._parse(data if end - at == len(data) else data[at:end], begins=False)
            if self._in_body and self._body_left is None and self._chunks.ended:
                self._listener.not_a_request(BAD_REQUEST)
            return end
        begins = not self.in_head
        plain = PLAIN_LINE.match(data, at) if begins and not self._line else None
        if plain is not None and not at and self._known is not None:
            judged = self._known.read(data, plain)
            if judged is not None:
                self._listener.request_begun(judged)
                self._listener.request_ended()
                return len(data)
        if plain is None and (begins or self._line) and not self._line_passes(data, at):
            self._listener.not_a_request(BAD_REQUEST)
            return len(data)
        end = self._end_of_head(data, at)
        piece = data if end - at == len(data) else data[at:end]
        self._parse(piece, begins=begins)
        if plain is not None and not (self.in_head or self._in_body) and isinstance(self._judged, Request):
            block = piece[plain.end() - at :]
            self._known = KnownBlock.learn(block, self._judged, self._limits) or self._known
        return end

    def _end_of_body(self, data: bytes, at: int) -> int:
        """Where the body that comes now ends, or the end of ``data``."""
        if self._body_left is None:
            return self._chunks.end(data, at)
        return min(len(data), at + self._body_left)

    def _end_of_head(self, data: bytes, at: int) -> int:
        """Where the head that comes now ends, or the end of ``data``."""
        if self._tail:
            across = (self._tail + data[at : at + 3]).find(_HEAD_END)
            if across >= 0:
                return at + across + len(_HEAD_END) - len(self._tail)
        end = data.find(_HEAD_END, at)
        return len(data) if end < 0 else end + len(_HEAD_END)

    def _parse(self, piece: bytes, *, begins: bool) -> None:
        self._judged = None
        self._ended = False
        self._aside += len(piece)
        try:
            self._parser.feed_data(piece)
            self._tell_body()
        except httptools.HttpParserUpgrade:
            self._listener.switched()
        except httptools.HttpParserCallbackError:
            raise
        except httptools.HttpParserError:
            self._tell_body()
            self._listener.not_a_request(BAD_REQUEST)
            return
        if self._surplus:
            self._listener.not_a_request(BAD_REQUEST)
        elif self.in_head:
            self._tail = (self._tail + piece)[-3:]
            self._limit_head(len(piece), begun=begins)
        elif self._in_body and self._aside > _MOST_ASIDE:
            self._listener.not_a_request(BAD_REQUEST)

    def _line_passes(self, data: bytes, at: int) -> bool:
        """At most one empty line, then a request line with single blanks: the parser would let more pass."""
        longest = self._limits.max_line + _BESIDE_TARGET
        line, self._line = self._line + data[at : at + longest + 1], b""
        if _LINE.match(line):
            return True
        if line.find(b"\r\n", 2) >= 0:
            return False
        if len(line) <= longest:
            self._line = line
        return True

    def _limit_head(self, received: int, *, begun: bool) -> None:
        """A head that is not whole yet must not grow for ever."""
        if begun:
            received = len(self._target) + sum(len(name) + len(value) for name, value in self._headers)
        self._head_bytes += received
        if self._head_bytes > self._limits.max_head:
            long_target = len(self._target) > self._limits.max_line
            self._listener.not_a_request(URI_TOO_LONG if long_target else HEADERS_TOO_LARGE)

    # httptools

    def on_message_begin(self) -> None:
        """A new head: its limits count from here. None may begin where no message should have ended."""
        if self._ended:
            self._surplus = True
            return
        self.in_head = True
        self._head_bytes = 0
        self._target = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line; trailers come here too, after the body, and are read by nobody."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole: judge it."""
        if self._surplus:
            return
        self.in_head = False
        self._in_body = True
        self._tail = b""
        self._aside = 0
        parser = self._parser
        headers, self._headers = self._headers, []
        self._judged = read_head(
            parser.get_method(),
            self._target,
            parser.get_http_version(),
            headers,
            keep_alive=parser.should_keep_alive(),
            upgrade=parser.should_upgrade(),
            limits=self._limits,
        )
        self._body_left = self._judged.fields.body_length if isinstance(self._judged, Request) else None
        if self._body_left is None:
            self._chunks = Chunks()
        self._listener.request_begun(self._judged)

    def on_body(self, data: bytes) -> None:
        """A piece of the request's body; those of one read are told together."""
        if self._surplus:
            return
        self._aside = 0
        if self._body_left is not None:
            self._body_left -= len(data)
        self._body.append(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._surplus:
            return
        self._tell_body()
        self._ended = True
        self._in_body = False
        self._listener.request_ended()

    def _tell_body(self) -> None:
        if self._body:
            data, self._body = b"".join(self._body), []
            self._listener.body_received(data)
