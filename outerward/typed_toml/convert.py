"""From the tables of a document to typed settings, by walking the types of the structs.

All errors are collected: where a value is missing or wrong, a blank takes its place and the walk goes on.
What is built is of use only when nothing was wrong. Checks values one by one, never against each other.
"""

from collections.abc import Callable, Mapping, Sequence
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

_PEM = "-----BEGIN"
_REFERENCES = ("env:", "file:")
_BEFORE_XML = "\ufeff \t\r\n"


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
        built: S = self._struct(document, (_struct_type(kind),), ())
        return built

    def _struct(self, value: object, kinds: Sequence[inspect.StructType], key: Key) -> Any:
        """One of ``kinds``: where they are tagged, the one that the table names."""
        if not isinstance(value, Mapping):
            self._problems.add(key, f"must be a table{_header_hint(key)}, not {_name_of(value)}")
            return _blank(kinds[0])
        kind = self._tagged(value, kinds, key)
        if kind is None:
            self._problems.distrust(key)
            return _blank(kinds[0])
        known = _names_in(kind)
        for name in value:
            if name not in known and name != kind.tag_field:
                self._unknown((*key, name), kind, kinds)
        return self._built(kind, {each.name: self._field(value, each, key) for each in kind.fields}, key)

    def _built(self, kind: inspect.StructType, values: dict[str, object], key: Key) -> Any:
        """The struct; where it refuses a value (``KEY: words``), the default takes that one's place.

        ``KEY, OTHER: words`` is about how they go together, and is left unsaid where one of them is wrong,
        or where OTHER has its default for no mistake of its own.
        """
        defaults = {each.name: _default(each) for each in kind.fields if not each.required}
        guessed: set[str] = set()
        while True:
            try:
                return kind.cls(**values)
            except ValueError as error:
                about, _, message = str(error).partition(": ")
                names = about.split(", ")
                if guessed.isdisjoint(names) and all(self._problems.sound((*key, each)) for each in names):
                    self._problems.add((*key, names[0]), message)
                spare = next((name for name in names if name in defaults), None)
                if spare is None:
                    return SimpleNamespace(**values)
                values[spare] = defaults.pop(spare)
                guessed.update({spare} - {names[0]})

    def _tagged(
        self, table: Mapping[str, object], kinds: Sequence[inspect.StructType], key: Key
    ) -> inspect.StructType | None:
        """The kind that ``table`` names; None, and a problem, where it names none."""
        if not kinds[0].tag_field:
            return kinds[0]
        name, tags = str(kinds[0].tag_field), [str(kind.tag) for kind in kinds]
        if name not in table:
            self._problems.add((*key, name), f"is required: {choice(tags)}")
            return None
        given = table[name]
        if given in tags:
            return kinds[tags.index(str(given))]
        self._refuse_choice((*key, name), given, tags)
        return None

    def _unknown(self, key: Key, kind: inspect.StructType, kinds: Sequence[inspect.StructType]) -> None:
        """A key that ``kind`` has not; another of ``kinds`` may have it."""
        name, owners = str(key[-1]), [str(each.tag) for each in kinds if key[-1] in _names_in(each)]
        section = f"{_section(key)}:{kind.tag}" if kind.tag_field else _section(key)
        if owners:
            tag = kind.tag_field
            self._problems.add(key, f"is a key of {tag} = {choice(owners)}, not of {quoted(str(kind.tag))}")
        elif self._later.has_key(section, name):
            self._problems.add(key, LATER_MESSAGE)
        else:
            self._problems.add(key, "unknown key", word=name, near=_names_in(kind))

    def _field(self, table: Mapping[str, object], wanted: inspect.Field, key: Key) -> object:
        if wanted.encode_name in table:
            return self._value(table[wanted.encode_name], wanted.type, (*key, wanted.encode_name))
        if wanted.required:
            self._problems.add((*key, wanted.encode_name), "is required")
            return _blank(wanted.type)
        default = _default(wanted)
        return self._folder / default if isinstance(default, Path) else default

    def _value(self, value: object, kind: inspect.Type, key: Key) -> object:
        match kind:
            case inspect.StructType():
                return self._struct(value, (kind,), key)
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
            tables = isinstance(kind.value_type, inspect.StructType | inspect.UnionType)
            wanted = f"tables [{'.'.join(map(str, key))}.NAME]" if tables else "a table"
            self._problems.add(key, f"must be {wanted}, not {_name_of(value)}")
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
        structs = [branch for branch in branches if isinstance(branch, inspect.StructType)]
        if structs:
            return self._struct(value, structs, key)
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
        if mark == "pem":
            return self._pem(value, key)
        if mark == "xml":
            return self._xml(value, key)
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

    def _pem(self, value: object, key: Key) -> str:
        """Certificates that stand here themselves, in a file, or where a secret would; "" is none."""
        text = self._string(value, key)
        if text.startswith(_REFERENCES):
            text = self._parsed(text, key, self._resolved, "")
        elif text and _PEM not in text:
            return self._certificates(value, key)
        return self._parsed(text, key, values.certificates_in, "") if text else ""

    def _xml(self, value: object, key: Key) -> str:
        """XML that stands here itself, or the path of a file that can be read; "" is none."""
        text = self._string(value, key)
        if not text or text.lstrip(_BEFORE_XML).startswith("<"):
            return text
        path = self._path(value, key)
        return self._parsed(str(path), key, values.readable, "") if self._problems.sound(key) else ""

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


def _default(field: inspect.Field) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _names_in(kind: inspect.StructType) -> list[str]:
    return [each.encode_name for each in kind.fields]


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
