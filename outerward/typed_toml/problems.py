"""Collecting what is wrong with a configuration, and saying where: file and line, variable or flag.

Every message is one line whatever the file holds, and none shows the value of a secret: callers pass key
paths and their own words, and quote a value only where it cannot be secret.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from outerward.errors import ConfigErrors
from outerward.plain_text import printable
from outerward.typed_toml.lines import Key

V = TypeVar("V")

_LONGEST_MESSAGE = 5000
_USER_INFO = re.compile(r"(?:(?<=:/)|(?<=://))(?!/)[^/\s]*(?=@)")


def quoted(text: str) -> str:
    """``text`` as it is shown within a message."""
    return f'"{printable(text)}"'


def choice(words: Sequence[str]) -> str:
    """``"a", "b" or "c"``."""
    shown = [quoted(word) for word in words]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


@dataclass(frozen=True)
class Origins:
    """Where each value came from: a line of the file, an environment variable, or a flag."""

    file: str
    lines: Mapping[Key, int]
    document: Mapping[str, object]
    elsewhere: dict[Key, str] = field(default_factory=dict)

    def place(self, key: Key) -> str:
        """``FILE:LINE`` of the key, or of the nearest table around it; else the variable's or flag's name."""
        for depth in range(1, len(key) + 1):
            if key[:depth] in self.elsewhere:
                return printable(self.elsewhere[key[:depth]])
        return f"{self.file}:{self.line(key)}"

    def line(self, key: Key) -> int:
        """The line of ``key`` in the file, or of the nearest table around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1)

    def path(self, key: Key) -> str:
        """``key`` for people: ``tunnel[NAME].key``."""
        text = ""
        for depth, part in enumerate(key):
            if isinstance(part, int):
                text += self._element(key[:depth], part)
            else:
                text += ("." if text else "") + _bare(part)
        return text

    def _element(self, array: Key, position: int) -> str:
        if array not in {("tunnel",), ("edge_route",), ("webhook",)}:
            return ""
        elements = self.document.get(str(array[0]))
        element = elements[position] if isinstance(elements, list) and position < len(elements) else None
        name = _element_name(element) if isinstance(element, dict) else ""
        return f"[{printable(name)}]" if name else f"[#{position + 1}]"


def _element_name(table: Mapping[str, object]) -> str:
    name = table.get("name")
    if isinstance(name, str):
        return name
    edge, prefix = table.get("edge"), table.get("path_prefix")
    return (edge if isinstance(edge, str) else "") + (prefix if isinstance(prefix, str) else "")


def _bare(part: str) -> str:
    is_bare = part != "" and all(c.isascii() and (c.isalnum() or c in "-_") for c in part)
    return printable(part) if is_bare else quoted(part)


class Problems:
    """Everything found so far; nothing is raised before ``raise_if_any``."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._errors: list[tuple[int, str]] = []
        self._warnings: list[str] = []
        self._unsound: set[Key] = set()

    def add(self, key: Key, message: str, *, word: str = "", near: Iterable[str] = ()) -> None:
        """Note an error at ``key``; the one of ``near`` that ``word`` resembles is suggested."""
        self._unsound.add(key)
        likely = difflib.get_close_matches(word, list(near), n=1) if word else []
        hint = f" (did you mean {printable(likely[0])}?)" if likely else ""
        self._errors.append((self._origins.line(key), self._line(key, message + hint)))

    def add_elsewhere(self, place: str, key: Key, message: str) -> None:
        """Note an error about a variable or flag that reached no key."""
        self._unsound.add(key)
        self._errors.append((0, _line(printable(place), self._origins.path(key), message)))

    def warn(self, key: Key, message: str) -> None:
        """Note what is allowed, but hardly meant."""
        self._warnings.append(self._line(key, message))

    def warn_elsewhere(self, place: str, message: str) -> None:
        """Note an oddity outside the file."""
        self._warnings.append(f"{printable(place)}: {message}")

    def distrust(self, key: Key) -> None:
        """Let nothing more be said of what is under ``key``."""
        self._unsound.add(key)

    def sound(self, key: Key) -> bool:
        """Whether nothing is wrong with ``key`` and the tables that it stands in."""
        return not any(key[:depth] in self._unsound for depth in range(1, len(key) + 1))

    def parsed(self, key: Key, parse: Callable[[str], V], text: str) -> V | None:
        """What ``parse`` makes of ``text``; None with its ValueError noted, None where ``key`` is unsound."""
        if not self.sound(key):
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.add(key, str(error))
            return None

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings, in the order they were noted."""
        return tuple(self._warnings)

    def raise_if_any(self) -> None:
        """Raises ConfigErrors with all errors, in the order of the file's lines."""
        if self._errors:
            raise ConfigErrors([text for _, text in sorted(self._errors, key=lambda error: error[0])])

    def _line(self, key: Key, message: str) -> str:
        return _line(self._origins.place(key), self._origins.path(key), message)


def _line(place: str, path: str, message: str) -> str:
    # A URL in the wrong place is quoted like any other value, as a path with one slash; its password is not.
    shown = printable(_USER_INFO.sub("…", message), _LONGEST_MESSAGE)
    return ": ".join(part for part in (place, path, shown) if part)
