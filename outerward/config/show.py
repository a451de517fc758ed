"""Every value of a configuration, as it would be written in the file, with where it came from.

Secrets are never shown, nor documents that stand in the file themselves. Walks the types of the settings and
knows no particular key.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
from msgspec import inspect, structs

from outerward.config.check import span_text
from outerward.config.load import Loaded
from outerward.typed_toml import Key, Origins

HIDDEN = "********"
DEFAULT = "default"
_HELD = {"pem": "PEM", "certificates": "PEM", "xml": "XML"}
"""Kinds of values that are documents, and what one is called in their place."""
_SECRET = frozenset({"secret"})

Plain = str | int | bool | list["Plain"] | dict[str, "Plain"] | None
"""A value as TOML and JSON have it; None where nothing is set."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One value, with the way to it as in error messages.

    ``origin`` is FILE:LINE, the environment variable, the flag, or *default*.
    """

    key: str
    value: Plain
    origin: str


def shown(loaded: Loaded) -> Iterator[Shown]:
    """Every value of ``loaded``, in the order of the schema."""
    for key, value in _struct(loaded.settings, ()):
        yield Shown(key=loaded.origins.path(key), value=value, origin=_origin(loaded.origins, key))


def _origin(origins: Origins, key: Key) -> str:
    outside = next((depth for depth in range(1, len(key) + 1) if key[:depth] in origins.elsewhere), 0)
    if outside:
        place = origins.place(key)
        return f"flag {place}" if place.startswith("--") else f"environment {place}"
    return origins.place(key) if key in origins.lines else DEFAULT


def _struct(value: msgspec.Struct, key: Key) -> Iterator[tuple[Key, Plain]]:
    kind = inspect.type_info(type(value))
    if not isinstance(kind, inspect.StructType):
        raise TypeError(f"{type(value).__name__} is no struct")
    if kind.tag_field is not None:
        yield (*key, kind.tag_field), str(kind.tag)
    defaults = {each.name: each.default for each in structs.fields(type(value))}
    for field in kind.fields:
        held = getattr(value, field.name)
        yield from _value(
            held, field.type, (*key, field.encode_name), is_default=held == defaults[field.name]
        )


def _value(value: object, kind: inspect.Type, key: Key, *, is_default: bool) -> Iterator[tuple[Key, Plain]]:
    """The values in ``value``: itself, or those of the tables that it is made of."""
    if isinstance(value, msgspec.Struct):
        yield from _struct(value, key)
    elif isinstance(value, dict) and any(isinstance(each, msgspec.Struct) for each in value.values()):
        for name, each in value.items():
            yield from _value(each, kind, (*key, name), is_default=False)
    elif isinstance(value, tuple) and any(isinstance(each, msgspec.Struct) for each in value):
        for position, each in enumerate(value):
            yield from _value(each, kind, (*key, position), is_default=False)
    else:
        kinds = _kinds(kind)
        yield key, _redacted(value, kinds - _SECRET if is_default else kinds)


def _kinds(kind: inspect.Type) -> frozenset[str]:
    """The kinds that ``kind`` is marked with, wherever in it: ``secret``, ``size``, ``pem``, …"""
    match kind:
        case inspect.Metadata():
            return _kinds(kind.type) | {str((kind.extra or {}).get("kind", ""))}
        case inspect.UnionType():
            return frozenset().union(*(_kinds(each) for each in kind.types))
        case inspect.VarTupleType():
            return _kinds(kind.item_type)
        case inspect.DictType():
            return _kinds(kind.value_type)
        case _:
            return frozenset()


def _redacted(value: object, kinds: frozenset[str]) -> Plain:
    if "secret" in kinds and value is not None:
        return [HIDDEN for _ in value] if isinstance(value, tuple) else HIDDEN
    if "size" in kinds and isinstance(value, int):
        return size_text(value)
    document = next((_HELD[each] for each in sorted(kinds) if each in _HELD), "")
    if document and isinstance(value, str) and (document == "PEM" or "<" in value):
        return f"{document}, {len(value)} characters"
    return written(value)


def size_text(size: int) -> Plain:
    """A size in bytes as it is written in a file, in the largest unit that it is a whole number of."""
    for unit, text in ((1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k")):
        if size and size % unit == 0:
            return f"{size // unit}{text}"
    return size


def written(value: object) -> Plain:
    """``value`` as it is written in a file."""
    match value:
        case timedelta():
            return span_text(value)
        case Path():
            return str(value)
        case tuple() | list():
            return [written(each) for each in value]
        case Mapping():
            return {str(name): written(each) for name, each in value.items()}
        case str() | int() | None:
            return value
        case _:
            raise TypeError(f"the schema has a value that cannot be shown: {type(value).__name__}")
