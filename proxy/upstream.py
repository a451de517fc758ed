"""One connection to an upstream: a request's bytes out, its answer judged and told.

It goes back to its pool only when its parser is at rest, the request was wholly sent and nothing is buffered.
It knows an exchange only through the six calls of ``AnswerSink``.
"""

import asyncio
from typing import Protocol, cast

import httptools
import structlog

from proxy.answer_head import (
    CHUNKED,
    MOST_TRAILERS,
    NO_BODY,
    SWITCHED,
    UNTIL_CLOSE,
    AnswerHead,
    InvalidAnswer,
    frames_body,
    passing_trailers,
    read_answer,
)

_MOST_INTERIM = 10
_SENT_WITHIN_S = 2.0
_LONGEST_ANSWER_HEAD = 160 * 1024

log = structlog.get_logger("proxy.upstream")


class AnswerSink(Protocol):
    """What an upstream connection tells the exchange that uses it."""

    def answer_head(self, head: AnswerHead) -> None:
        """The head of the final answer."""

    def answer_body(self, data: bytes) -> None:
        """Some of its body."""

    def answer_pause(self) -> None:
        """What was told so far is all that has come."""

    def answer_end(self, trailers: bytes = b"") -> None:
        """The answer is complete; ``trailers`` are the lines after its body that may pass."""

    def answer_lost(self, *, invalid: bool) -> None:
        """It will never be: the connection broke, or what came was not an answer (``invalid``)."""

    def upstream_writable(self, writable: bool) -> None:
        """Whether more of the request's body may be sent."""


class Home(Protocol):
    """The pool that a connection belongs to; ``internal`` and ``our_cookies`` as in ``read_answer``."""

    internal: bool
    our_cookies: frozenset[bytes]

    def opened(self, connection: "UpstreamConnection") -> None:
        """It is open."""

    def closed(self, connection: "UpstreamConnection") -> None:
        """It is gone."""

    def give_back(self, connection: "UpstreamConnection") -> None:
        """It is clean and free."""


class UpstreamConnection(asyncio.Protocol):
    """One connection; serves one exchange at a time."""

    def __init__(self, pool: Home) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._sink: AnswerSink | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._method = b""
        self._websocket = False
        self._reading = True
        self._reset_answer()
        self.reused = False
        self.answered = False
        self.idle_since = 0.0

    def _reset_answer(self) -> None:
        self._reason = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._aside = 0
        self._in_head = True
        self._interim = 0
        self._skipping = False
        self._framing = NO_BODY
        self._ended = False
        self._keep_alive = False
        self._excess = False

    # What the exchange calls.

    @property
    def usable(self) -> bool:
        """Whether a request can be sent on it."""
        return self._transport is not None and not self._transport.is_closing()

    def begin(self, sink: AnswerSink, method: bytes, *, websocket: bool) -> None:
        """Serve ``sink`` from now on; its request is written next, and may ask for a WebSocket."""
        self._sink = sink
        self._method = method
        self._websocket = websocket
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        self._reset_answer()
        self.answered = False

    def write(self, data: bytes) -> None:
        """Send bytes of the request."""
        if self._transport is not None:
            self._transport.write(data)

    def set_reading(self, reading: bool) -> None:
        """Stop or go on reading the answer, as the client keeps up."""
        if self._transport is None or reading is self._reading or self._transport.is_closing():
            return
        self._reading = reading
        if reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def release(self, *, request_sent: bool) -> None:
        """The exchange is over: back to the pool, or closed where anything is in doubt."""
        self._sink = None
        if not self._reading:
            self.set_reading(True)
        transport = self._transport
        clean = request_sent and self._ended and self._keep_alive and not self._excess
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            transport.abort()
        elif clean:
            self.reused = True
            if self._method == b"HEAD":
                self._parser = None  # it may still wait for a body
            self._pool.give_back(self)
        else:
            transport.close()

    def abort(self) -> None:
        """Give up at once; nothing more is told to the exchange."""
        self._sink = None
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._pool.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End an answer that ends by closing; anything else that was open is lost."""
        self._transport = None
        self._pool.closed(self)
        sink, self._sink = self._sink, None
        if sink is None:
            return
        if self._framing >= UNTIL_CLOSE and not self._in_head and exc is None:
            sink.answer_end()
        else:
            sink.answer_lost(invalid=False)

    def eof_received(self) -> None:
        """It has said all: an answer that ends so is whole, though the request may be on its way still."""
        sink = self._sink
        if sink is not None and self._framing >= UNTIL_CLOSE and not self._in_head:
            self._sink = None
            sink.answer_end()

    def pause_writing(self) -> None:
        """The upstream does not keep up."""
        if self._sink is not None:
            self._sink.upstream_writable(False)

    def resume_writing(self) -> None:
        """It does again."""
        if self._sink is not None:
            self._sink.upstream_writable(True)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; the end of an answer is told only when it has let go of the bytes."""
        if self._sink is None or self._ended:
            self._excess = True
            if self._transport is not None:
                self._transport.close()
            return
        if self._framing == SWITCHED:
            self._sink.answer_body(data)
            self._sink.answer_pause()
            return
        self.answered = True
        try:
            self._feed(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._switch(data[upgrade.args[0] :])
            return
        except (httptools.HttpParserError, InvalidAnswer) as error:
            if isinstance(error, httptools.HttpParserCallbackError):
                log.error("answer_failed", exc_info=error.__context__ or error)
            self._excess = True
            if not self._ended:
                self._lose()
                return
        if self._sink is None:
            return
        if not self._ended:
            self._sink.answer_pause()
        elif self._framing == CHUNKED and self._headers:
            self._sink.answer_end(passing_trailers(self._headers))
        else:
            self._sink.answer_end()

    def _feed(self, data: bytes) -> None:
        """Feed the parser; what is no body, the head or what stands beside a body, must not grow for ever."""
        self._head_bytes += len(data)
        self._aside += len(data)
        assert self._parser is not None  # noqa: S101 - set by begin, which set the sink too
        self._parser.feed_data(data)
        beside = self._head_bytes if self._in_head else self._aside
        if beside > _LONGEST_ANSWER_HEAD and not self._ended:
            raise InvalidAnswer("more than a head, and no body")

    def _switch(self, rest: bytes) -> None:
        """The parser has stopped: at a WebSocket's first bytes, or at an upgrade that nobody asked for."""
        if self._sink is None or self._framing != SWITCHED:
            self._excess = True
            if not self._ended:
                self._lose()
            elif self._sink is not None:
                self._sink.answer_end()
            return
        if rest:
            self._sink.answer_body(rest)
        self._sink.answer_pause()

    def _lose(self) -> None:
        sink = self._sink
        self.abort()
        if sink is not None:
            sink.answer_lost(invalid=True)

    def close(self) -> None:
        """End it once all that was written is sent, or soon; nothing more is told to the exchange."""
        self._sink = None
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                asyncio.get_running_loop().call_later(_SENT_WITHIN_S, self._transport.abort)
            self._transport.close()

    # httptools

    def on_message_begin(self) -> None:
        """A second final answer is an excess, and never the next request's answer."""
        if self._ended:
            self._excess = True

    def on_status(self, reason: bytes) -> None:
        """The reason phrase."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line; trailers come here too, after the body."""
        if self._in_head or (len(self._headers) <= MOST_TRAILERS and not self._ended):
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Judge the head. HEAD is ended here: the parser does not know the method and waits for a body."""
        parser = self._parser
        if self._ended or self._sink is None or parser is None:
            return
        status = parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            if frames_body(self._headers):
                self._lose()
            else:
                self._skip_interim()
            return
        version = parser.get_http_version()
        try:
            if version not in ("1.1", "1.0"):
                raise InvalidAnswer(f"version {version}")
            head = read_answer(
                status,
                self._reason,
                self._headers,
                method=self._method,
                internal=self._pool.internal,
                websocket=self._websocket,
                our_cookies=self._pool.our_cookies,
            )
        except InvalidAnswer:
            self._lose()
            return
        self._in_head = False
        self._headers = []
        # Chunks in an answer of HTTP/1.0 are doubtful framing (RFC 9112 §6.1).
        self._keep_alive = parser.should_keep_alive() and (version == "1.1" or head.framing != CHUNKED)
        self._framing = head.framing
        self._sink.answer_head(head)
        if self._method == b"HEAD":
            self._ended = True

    def _skip_interim(self) -> None:
        self._interim += 1
        self._skipping = True
        self._reason = b""
        self._headers = []
        if self._interim > _MOST_INTERIM:
            self._lose()

    def on_body(self, data: bytes) -> None:
        """Pass the body on; an interim answer has none, whatever the parser takes for one."""
        self._aside = 0
        if self._in_head:
            self._lose()
        elif self._ended:
            self._excess = True
        elif self._sink is not None:
            self._sink.answer_body(data)

    def on_message_complete(self) -> None:
        """Note the end; see ``data_received``."""
        if self._skipping:
            self._skipping = False
        elif not self._in_head and self._framing != SWITCHED:
            self._ended = True
