"""The JSON Schema (draft 2020-12) of the configuration file, for editors, out of the structs of the settings.

It tells which keys there are and how their values are written. What goes together with what, and what a
hostname or a rule is, is told by ``check`` alone.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from outerward.config.schema import Settings
from outerward.config.show import size_text, written

DIALECT = "https://json-schema.org/draft/2020-12/schema"
JsonSchema = dict[str, Any]
_TEXT: JsonSchema = {"type": "string", "minLength": 1}
_WRITTEN: dict[str, JsonSchema] = {
    "secret": {**_TEXT, "description": "The value itself, env:NAME or file:PATH"},
    "size": {
        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,12}[kKmMgG]?$"}],
        "description": "Bytes, or a number and k, m or g: 512, 32k, 10m",
    },
    "certificates": {**_TEXT, "description": "The path of a PEM file"},
    "pem": {"type": "string", "description": "PEM itself, the path of a file of it, env:NAME or file:PATH"},
    "xml": {"type": "string", "description": "XML itself, or the path of a file of it"},
}
_SIMPLE = (str, int, timedelta, Path, tuple)
"""What a default may be that is worth telling."""
_DURATION: JsonSchema = {
    "anyOf": [{"const": 0}, {"type": "string", "pattern": "^(0|[0-9]{1,9}(ms|s|m|h|d))$"}],
    "description": "A number and ms, s, m, h or d: 500ms, 90s, 15m, 12h, 30d; or 0",
}


def json_schema() -> JsonSchema:
    """The schema of a whole file."""
    definitions: JsonSchema = {}
    top = _struct(_struct_type(Settings), definitions)
    return {
        "$schema": DIALECT,
        **top,
        "title": "Configuration of Outerward",
        "description": "The TOML file that `outerward serve` reads",
        "$defs": definitions,
    }


def _struct_type(kind: type[msgspec.Struct]) -> inspect.StructType:
    found = inspect.type_info(kind)
    if not isinstance(found, inspect.StructType):
        raise TypeError(f"{kind.__name__} is no struct")
    return found


def _struct(kind: inspect.StructType, definitions: JsonSchema) -> JsonSchema:
    properties: JsonSchema = {}
    required = [field.encode_name for field in kind.fields if field.required]
    if kind.tag_field is not None:
        properties[kind.tag_field] = {"const": str(kind.tag)}
        required.insert(0, kind.tag_field)
    for field in kind.fields:
        properties[field.encode_name] = _field(field, definitions)
    made: JsonSchema = {"type": "object", "description": (kind.cls.__doc__ or "").partition("\n")[0]}
    made |= {"properties": properties, "additionalProperties": False}
    return made | {"required": required} if required else made


def _field(field: inspect.Field, definitions: JsonSchema) -> JsonSchema:
    made, default = _type(field.type, definitions), field.default
    if "$ref" in made or not isinstance(default, _SIMPLE):
        return made
    if isinstance(default, int) and _mark(field.type) == "size":
        return {**made, "default": size_text(default)}
    return {**made, "default": written(default)}


def _mark(kind: inspect.Type) -> str:
    return str((kind.extra or {}).get("kind", "")) if isinstance(kind, inspect.Metadata) else ""


def _type(kind: inspect.Type, definitions: JsonSchema) -> JsonSchema:
    """How a value of ``kind`` is written in TOML."""
    match kind:
        case inspect.StructType(cls=cls):
            return _named(kind, cls.__name__, definitions)
        case inspect.DictType():
            return {"type": "object", "additionalProperties": _type(kind.value_type, definitions)}
        case inspect.VarTupleType():
            return _list(kind.item_type, definitions)
        case inspect.UnionType():
            return _one_of(kind.types, definitions)
        case inspect.LiteralType():
            return {"enum": [str(word) for word in kind.values]}
        case inspect.Metadata():
            mark = _mark(kind)
            return dict(_WRITTEN[mark]) if mark in _WRITTEN else _type(kind.type, definitions)
        case _:
            return _scalar(kind)


def _named(kind: inspect.StructType, name: str, definitions: JsonSchema) -> JsonSchema:
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _struct(kind, definitions)
    return {"$ref": f"#/$defs/{name}"}


def _list(item: inspect.Type, definitions: JsonSchema) -> JsonSchema:
    """A list; of scalars also one of them without brackets."""
    each = _type(item, definitions)
    several = {"type": "array", "items": each}
    return several if isinstance(item, inspect.StructType) else {"anyOf": [each, several]}


def _one_of(kinds: Sequence[inspect.Type], definitions: JsonSchema) -> JsonSchema:
    made = [_type(kind, definitions) for kind in kinds if not isinstance(kind, inspect.NoneType)]
    return made[0] if len(made) == 1 else {"anyOf": made}


def _scalar(kind: inspect.Type) -> JsonSchema:
    match kind:
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType():
            return {"type": "integer"}
        case inspect.TimeDeltaType():
            return dict(_DURATION)
        case inspect.CustomType(cls=cls) if cls is Path:
            return {**_TEXT, "description": "A path; a relative one starts at the file's folder"}
        case inspect.StrType():
            return {"type": "string"}
        case _:
            raise TypeError(f"the schema has a type that no editor is told of: {kind!r}")
