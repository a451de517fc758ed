"""Server-sent events as lines come (WHATWG HTML §9.2.6). Knows no connection and nothing of what is told."""

from dataclasses import dataclass

LONGEST_EVENT = 1024 * 1024
"""Characters; what is longer is no event of the API."""


class TooLong(ValueError):
    """A line or an event without end."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its kind, and its data."""

    kind: str
    data: str


class Lines:
    """Puts events together. ``last_id`` is the position behind the last whole event, if there is one."""

    def __init__(self, last_id: str | None = None) -> None:
        self.last_id = last_id
        self._id = last_id
        self._kind, self._data, self._length = "", list[str](), 0

    def line(self, line: str) -> Told | None:
        """The event that ``line`` ends, given without its end. Raises TooLong."""
        if not line:
            return self._end()
        self._length += len(line)
        if self._length > LONGEST_EVENT:
            raise TooLong
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _end(self) -> Told | None:
        self.last_id = self._id or None
        told = Told(self._kind or "message", "\n".join(self._data)) if self._data else None
        self._kind, self._data, self._length = "", [], 0
        return told
