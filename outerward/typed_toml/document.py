"""A TOML file: found readable and valid, or refused with the line that is wrong."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from outerward.errors import ConfigErrors
from outerward.plain_text import printable, printable_path
from outerward.typed_toml.lines import key_lines
from outerward.typed_toml.outside import Given
from outerward.typed_toml.problems import Origins

_LARGEST_FILE = 1024 * 1024
_TOML_PLACE = re.compile(r" \(at (?:line ([0-9]+), column [0-9]+|end of document)\)$")
_LONG_NUMBER = re.compile(r"[0-9][0-9_]{4299,}")


@dataclass(frozen=True)
class Document:
    """What a file holds, and where each part of it stands."""

    path: Path
    tables: Mapping[str, object]
    origins: Origins

    @classmethod
    def absent(cls, path: Path) -> "Document":
        """The document that stands for a file which need not be there."""
        return cls(path, {}, Origins(printable_path(path), {}, {}))

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.path.absolute().parent

    def merged(self, given: Iterable[Given]) -> dict[str, object]:
        """A copy of the tables with the values from outside set; later ones win."""
        merged = dict(self.tables)
        for value in given:
            if _set(merged, [str(part) for part in value.key], value.text):
                self.origins.elsewhere[value.key] = value.origin
        return merged


def read_document(path: Path) -> Document:
    """Read a file. Raises ConfigErrors."""
    text = _text(path)
    try:
        tables = tomllib.loads(text)
        return Document(path, tables, Origins(printable_path(path), key_lines(text), tables))
    except RecursionError:
        raise _error(path, 1, "not TOML: values are nested too deeply") from None
    except ValueError as error:
        line, message = _toml_problem(text, str(error))
        raise _error(path, line, f"not TOML: {message}") from None


def _toml_problem(text: str, message: str) -> tuple[int, str]:
    """Line and words of what tomllib found; it names no place for a number beyond Python's limit."""
    place = _TOML_PLACE.search(message)
    if place is None:
        number = _LONG_NUMBER.search(text)
        return text.count("\n", 0, number.start() if number else 0) + 1, "a number is too long"
    line = int(place[1]) if place[1] else text.rstrip("\n").count("\n") + 1
    return line, printable(message[: place.start()])


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise _error(path, 1, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise _error(path, 1, "cannot be read: no file has such a name") from None
    if len(content) > _LARGEST_FILE:
        raise _error(path, 1, "is larger than 1 MiB")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise _error(path, content.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None


def _error(path: Path, line: int, message: str) -> ConfigErrors:
    return ConfigErrors([f"{printable_path(path)}:{line}: {message}"])


def _set(tables: dict[str, object], names: list[str], value: object) -> bool:
    """Set a value in nested tables, copying each on the way; False where something else is in its place."""
    for name in names[:-1]:
        inner = tables.get(name, {})
        if not isinstance(inner, dict):
            return False
        copy = dict(inner)
        tables[name] = copy
        tables = copy
    tables[names[-1]] = value
    return True
