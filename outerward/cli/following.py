"""Follows the API's stream of events, for as long as somebody wants to know.

A connection that breaks is opened again and goes on behind the last event, so that none is lost or told
twice. What was missed all the same is said on stderr.
"""

import threading
from collections.abc import Iterator, Mapping

import click
import msgspec

from outerward.cli.client import AdminClient, Row, Stream, with_query
from outerward.cli.server_sent import LONGEST_EVENT, Lines, Told, TooLong
from outerward.errors import Unreachable

EVENTS = "/events"
SILENCE_S = 45.0
"""Three heartbeats: a connection that is silent for longer is broken."""

PAUSES_S = (1.0, 2.0, 5.0)
"""How long to wait before each new connection; the last of them for ever."""

_GAP = "gap"
_LOST = "The connection is lost; it is tried again."
_MISSED = "Some events were missed: they are older than what is kept, or came faster than they were read."


class Following:
    """The stream behind the event ``since``, or from now on. ``query`` chooses among the events."""

    def __init__(self, client: AdminClient, query: Mapping[str, str], since: str | None = None) -> None:
        self._client = client
        self._path = with_query(f"{EVENTS}/stream", query)
        self._position = since
        self._stream: Stream | None = None
        self._stopped = threading.Event()

    def events(self) -> Iterator[Row]:
        """Events as they come, until it is stopped.

        Raises OuterwardError where the API refuses, and where it cannot be reached at the beginning.
        """
        failures, is_begun = 0, False
        while not self._stopped.is_set():
            try:
                for told in self._connection():
                    failures, is_begun = 0, True
                    yield from self._event(told)
            except Unreachable:
                if not is_begun:
                    raise
            if self._stopped.is_set():
                return
            if not failures:
                click.echo(_LOST, err=True)
            failures += 1
            self._stopped.wait(PAUSES_S[min(failures, len(PAUSES_S)) - 1])

    def stop(self) -> None:
        """End ``events``, which another thread reads."""
        self._stopped.set()
        if self._stream is not None:
            self._stream.cut()

    def _connection(self) -> Iterator[Told | None]:
        """What one connection tells: None once it stands, then events. Ends where it ends."""
        headers = {"Accept": "text/event-stream"}
        if self._position is not None:
            headers["Last-Event-ID"] = self._position
        with self._client.stream(self._path, "such stream", timeout_s=SILENCE_S, headers=headers) as stream:
            self._stream = stream
            if stream.response.headers.get_content_type() != "text/event-stream":
                raise self._client.not_the_api()
            yield None
            lines = Lines(self._position)
            while not self._stopped.is_set() and (line := self._line(stream)) is not None:
                told = self._told(lines, line)
                self._position = lines.last_id
                if told is not None:
                    yield told

    def _line(self, stream: Stream) -> str | None:
        """The next line; None at the end of the stream, also in the middle of a line."""
        with self._client.breaks():
            line = stream.response.readline(LONGEST_EVENT)
        if len(line) == LONGEST_EVENT:
            raise self._client.not_the_api()
        return line.decode(errors="replace").rstrip("\r\n") if line.endswith(b"\n") else None

    def _told(self, lines: Lines, line: str) -> Told | None:
        try:
            return lines.line(line)
        except TooLong:
            raise self._client.not_the_api() from None

    def _event(self, told: Told | None) -> Iterator[Row]:
        if told is None:
            return
        if told.kind == _GAP:
            click.echo(_MISSED, err=True)
            return
        try:
            yield msgspec.json.decode(told.data, type=Row)
        except (msgspec.MsgspecError, RecursionError):
            raise self._client.not_the_api() from None
