"""From the tables of a document to typed settings, by walking the types of the structs.

All errors are collected: where a value is missing or wrong, a blank takes its place and the walk goes on.
What is built is of use only when nothing was wrong. Checks values one by one, never against each other.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from outerward.typed_toml import values
from outerward.typed_toml.later import LATER_MESSAGE, Later
from outerward.typed_toml.lines import Key
from outerward.typed_toml.problems import Problems, choice, quoted

S = TypeVar("S", bound=msgspec.Struct)
V = TypeVar("V")


class Text(str):
    """A value from the environment or a flag, where everything is written as text."""

    __slots__ = ()


class Plain(Text):
    """Text that is a secret itself, never a reference to one."""

    __slots__ = ()


class Converter:
    """One conversion. ``environ`` and ``folder`` are where secrets and relative paths are looked for."""

    def __init__(
        self, problems: Problems, environ: Mapping[str, str], folder: Path, later: Later | None = None
    ) -> None:
        self._problems = problems
        self._later = later or Later()
        self._environ = environ
        self._folder = folder

    def settings(self, document: Mapping[str, object], kind: type[S]) -> S:
        """``document`` as a ``kind``."""
        built: S = self._struct(document, _struct_type(kind), ())
        return built

    def _struct(self, value: object, kind: inspect.StructType, key: Key) -> Any:
        if not isinstance(value, Mapping):
            self._problems.add(key, f"must be a table{_header_hint(key)}, not {_name_of(value)}")
            return _blank(kind)
        if kind.tag_field and not self._tag_fits(value, kind, key):
            self._problems.distrust(key)
            return _blank(kind)
        known = [each.encode_name for each in kind.fields]
        for name in value:
            if name not in known and name != kind.tag_field:
                self._unknown((*key, name), known)
        return self._built(kind, {each.name: self._field(value, each, key) for each in kind.fields}, key)

    def _built(self, kind: inspect.StructType, values: dict[str, object], key: Key) -> Any:
        """The struct; where it refuses a value (``KEY: words``), the default takes that one's place."""
        defaults = {each.name: each.default for each in kind.fields if not each.required}
        while True:
            try:
                return kind.cls(**values)
            except ValueError as error:
                name, _, message = str(error).partition(": ")
                if self._problems.sound((*key, name)):
                    self._problems.add((*key, name), message)
                if name not in defaults:
                    return SimpleNamespace(**values)
                values[name] = defaults.pop(name)

    def _tag_fits(self, table: Mapping[str, object], kind: inspect.StructType, key: Key) -> bool:
        name = str(kind.tag_field)
        if name not in table:
            self._problems.add((*key, name), f"is required: {quoted(str(kind.tag))}")
            return False
        given = table[name]
        if given == kind.tag:
            return True
        self._refuse_choice((*key, name), given, [str(kind.tag)])
        return False

    def _unknown(self, key: Key, known: Iterable[str]) -> None:
        name = str(key[-1])
        if self._later.has_key(_section(key), name):
            self._problems.add(key, LATER_MESSAGE)
        else:
            self._problems.add(key, "unknown key", word=name, near=known)

    def _field(self, table: Mapping[str, object], wanted: inspect.Field, key: Key) -> object:
        if wanted.encode_name in table:
            return self._value(table[wanted.encode_name], wanted.type, (*key, wanted.encode_name))
        if wanted.required:
            self._problems.add((*key, wanted.encode_name), "is required")
            return _blank(wanted.type)
        default = wanted.default if wanted.default_factory is msgspec.NODEFAULT else wanted.default_factory()
        return self._folder / default if isinstance(default, Path) else default

    def _value(self, value: object, kind: inspect.Type, key: Key) -> object:
        match kind:
            case inspect.StructType():
                return self._struct(value, kind, key)
            case inspect.DictType():
                return self._dict(value, kind, key)
            case inspect.VarTupleType():
                return self._tuple(value, kind, key)
            case inspect.UnionType():
                return self._union(value, kind, key)
            case inspect.LiteralType():
                return self._literal(value, [str(word) for word in kind.values], key)
            case inspect.Metadata():
                return self._marked(value, kind, key)
            case _:
                return self._scalar(value, kind, key)

    def _dict(self, value: object, kind: inspect.DictType, key: Key) -> dict[str, object]:
        if not isinstance(value, Mapping):
            self._problems.add(key, f"must be tables [{'.'.join(map(str, key))}.NAME], not {_name_of(value)}")
            return {}
        return {name: self._value(entry, kind.value_type, (*key, name)) for name, entry in value.items()}

    def _tuple(self, value: object, kind: inspect.VarTupleType, key: Key) -> tuple[object, ...]:
        item = kind.item_type
        if isinstance(value, Text):
            parts = [type(value)(part.strip()) for part in value.split(",")]
            return tuple(self._value(part, item, key) for part in parts if part)
        if isinstance(value, list):
            return tuple(self._value(entry, item, (*key, i)) for i, entry in enumerate(value))
        if isinstance(item, inspect.StructType):
            self._problems.add(key, f"must be written as [[{'.'.join(map(str, key))}]]")
            return ()
        return (self._value(value, item, key),)

    def _union(self, value: object, kind: inspect.UnionType, key: Key) -> object:
        branches = [branch for branch in kind.types if not isinstance(branch, inspect.NoneType)]
        words = [branch for branch in branches if isinstance(branch, inspect.LiteralType)]
        for branch in words:
            if value in branch.values:
                return str(value)
        rest = [branch for branch in branches if branch not in words]
        also = f", or {choice([str(word) for word in words[0].values])}" if words else ""
        return self._value(value, rest[0], key) if not also else self._number(value, key, also)

    def _literal(self, value: object, words: list[str], key: Key) -> object:
        if isinstance(value, str) and value in words:
            return str(value)
        self._refuse_choice(key, value, words)
        return ""

    def _refuse_choice(self, key: Key, value: object, words: list[str]) -> None:
        if not isinstance(value, str):
            self._problems.add(key, f"must be {choice(words)}, not {_name_of(value)}")
        elif self._later.has_value(_section(key), _last_name(key), value):
            self._problems.add(key, f"{quoted(value)} {LATER_MESSAGE}")
        else:
            self._problems.add(key, f"must be {choice(words)}, not {quoted(value)}", word=value, near=words)

    def _marked(self, value: object, kind: inspect.Metadata, key: Key) -> object:
        mark = (kind.extra or {}).get("kind")
        if mark == "secret":
            return self._secret(value, key)
        if mark == "size":
            return self._measure(value, key, values.size, 0)
        if mark == "certificates":
            return self._certificates(value, key)
        return self._value(value, kind.type, key)

    def _secret(self, value: object, key: Key) -> str:
        if isinstance(value, Plain):
            return str(value)
        if not isinstance(value, str):
            self._problems.add(key, f"must be a string, not {_name_of(value)}")
            return ""
        return self._parsed(value, key, self._resolved, "")

    def _resolved(self, text: str) -> str:
        return str(values.secret(text, self._environ, self._folder))

    def _certificates(self, value: object, key: Key) -> str:
        path = self._path(value, key)
        if not self._problems.sound(key):
            return ""
        return self._parsed(str(path), key, values.certificates, "")

    def _scalar(self, value: object, kind: inspect.Type, key: Key) -> object:
        match kind:
            case inspect.BoolType():
                return self._bool(value, key)
            case inspect.IntType():
                return self._number(value, key, "")
            case inspect.TimeDeltaType():
                return self._measure(value, key, values.duration, timedelta(0))
            case inspect.CustomType(cls=cls) if cls is Path:
                return self._path(value, key)
            case inspect.StrType():
                return self._string(value, key)
            case _:
                raise TypeError(f"the schema has a type that the loader does not know: {kind!r}")

    def _string(self, value: object, key: Key) -> str:
        if isinstance(value, str):
            return str(value)
        if self._later.has_value(_section(key), _last_name(key), value):
            self._problems.add(key, f"a list {LATER_MESSAGE}")
        else:
            self._problems.add(key, f"must be a string, not {_name_of(value)}")
        return ""

    def _bool(self, value: object, key: Key) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, Text) and value in ("true", "false"):
            return value == "true"
        self._problems.add(key, f"must be true or false, not {_name_of(value)}")
        return False

    def _number(self, value: object, key: Key, also: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, Text) and value.isascii() and value.isdigit() and len(value) < 10:
            return int(value)
        self._problems.add(key, f"must be a whole number{also}, not {_name_of(value)}")
        return 0

    def _measure(self, value: object, key: Key, parse: Callable[[str], V], zero: V) -> V:
        """A duration or a size; a bare number is taken where its unit cannot be in doubt."""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str):
            return self._parsed(value, key, parse, zero)
        return self._parsed("", key, parse, zero)

    def _path(self, value: object, key: Key) -> Path:
        text = self._string(value, key)
        if "\0" in text or (not text and self._problems.sound(key)):
            self._problems.add(key, "is no path")
        return self._folder / text.replace("\0", "")

    def _parsed(self, text: str, key: Key, parse: Callable[[str], V], blank: V) -> V:
        try:
            return parse(text)
        except ValueError as error:
            self._problems.add(key, str(error))
            return blank


def _struct_type(kind: type[msgspec.Struct]) -> inspect.StructType:
    return cast("inspect.StructType", inspect.type_info(kind))


def _blank(kind: inspect.Type) -> Any:
    """Something of the right shape for a value that is missing or wrong."""
    match kind:
        case inspect.StructType():
            fields = {f.name: _blank(f.type) if f.required else f.default for f in kind.fields}
            return SimpleNamespace(**fields)
        case inspect.VarTupleType():
            return ()
        case _:
            return ""


def _section(key: Key) -> str:
    """The section that the last part of ``key`` is a key of; "" at the top."""
    return str(key[0]) if len(key) > 1 else ""


def _last_name(key: Key) -> str:
    return next(part for part in reversed(key) if isinstance(part, str))


def _header_hint(key: Key) -> str:
    names = [str(part) for part in key if isinstance(part, str)]
    return f" [{'.'.join(names)}]" if key and not isinstance(key[-1], int) else ""


def _name_of(value: object) -> str:
    """What TOML calls ``value``; never the value."""
    if isinstance(value, str):
        return "a string"
    if isinstance(value, Mapping):
        return "a table"
    names = {bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "a date or time")
