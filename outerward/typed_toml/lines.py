"""On which line each key of a TOML document stands.

Reads text that ``tomllib`` has accepted already, so it need not judge, only follow: strings, comments,
headers, dotted keys, arrays and inline tables. Knows nothing of what the keys mean.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

Key = tuple[str | int, ...]
"""The way to a value: names of tables and keys, and positions in arrays."""

_TOKEN = re.compile(
    r'(?P<string>"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}" + r'|"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*')"
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<mark>[\[\]{}=,.\n])"
    r"|(?P<bare>[^\s\[\]{}=,.\"'#]+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def key_lines(text: str) -> dict[Key, int]:
    """The line (from 1) of every table, key and array element of a valid TOML document.

    Raises RecursionError where values are nested deeper than the interpreter allows.
    """
    return _Reader(text).read()


def _tokens(text: str) -> Iterator[_Token]:
    line, counted = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if match.lastgroup and match.lastgroup != "comment":
            yield _Token(match.lastgroup, match[0], line)
    yield _Token("mark", "\n", line)


class _Reader:
    """Follows the tokens from the first to the last; ``_at`` is the next one."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._lines: dict[Key, int] = {(): 1}
        self._lengths: dict[Key, int] = {}

    def read(self) -> dict[Key, int]:
        table: Key = ()
        while self._at < len(self._tokens):
            if self._takes("\n"):
                continue
            table = self._header() if self._takes("[") else self._statement(table)
        return self._lines

    def _takes(self, mark: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].text == mark:
            self._at += 1
            return True
        return False

    def _header(self) -> Key:
        of_array = self._takes("[")
        line = self._tokens[self._at].line
        names = self._names()
        self._at += 2 if of_array else 1
        table = self._enter((), names[:-1], line)
        table = (*table, names[-1])
        if of_array:
            self._lines.setdefault(table, line)
            position = self._lengths.get(table, 0)
            self._lengths[table] = position + 1
            table = (*table, position)
        self._lines[table] = line
        return table

    def _enter(self, table: Key, names: list[str], line: int) -> Key:
        """Step into the tables ``names``, and of an array of tables into its last."""
        for name in names:
            table = (*table, name)
            self._lines.setdefault(table, line)
            if table in self._lengths:
                table = (*table, self._lengths[table] - 1)
        return table

    def _statement(self, table: Key) -> Key:
        line = self._tokens[self._at].line
        names = self._names()
        self._takes("=")
        key = (*self._enter(table, names[:-1], line), names[-1])
        self._lines[key] = line
        self._value(key)
        return table

    def _names(self) -> list[str]:
        names = [self._name()]
        while self._takes("."):
            names.append(self._name())
        return names

    def _name(self) -> str:
        token = self._tokens[self._at]
        self._at += 1
        if token.kind != "string":
            return token.text
        return str(tomllib.loads(f"name = {token.text}")["name"])

    def _value(self, key: Key) -> None:
        if self._takes("["):
            self._array(key)
        elif self._takes("{"):
            self._inline_table(key)
        else:
            while self._tokens[self._at].text not in (",", "]", "}", "\n"):
                self._at += 1

    def _array(self, key: Key) -> None:
        position = 0
        while not self._takes("]"):
            if self._takes("\n") or self._takes(","):
                continue
            element = (*key, position)
            self._lines[element] = self._tokens[self._at].line
            self._value(element)
            position += 1

    def _inline_table(self, key: Key) -> None:
        while not self._takes("}"):
            if self._takes("\n") or self._takes(","):
                continue
            self._statement(key)
