"""JSON read without leniency: what two parsers could read differently is refused.

Doubled members, NaN and infinities, numbers beyond a double, lone surrogates, encodings other than UTF-8 and
nesting beyond the interpreter's patience all raise. Knows nothing of what the document means.
"""

import json
import math
from typing import NoReturn


class JsonError(ValueError):
    """The document is not one that every parser reads alike. Holds nothing of the document."""


def read_object(document: bytes) -> dict[str, object]:
    """Parse ``document`` (RFC 8259, UTF-8 without a byte order mark), which must be an object.

    Raises JsonError.
    """
    try:
        text = document.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_members,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
        if "\\u" in text:
            # A lone surrogate parses, and fails only where it is written out: let it fail here.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except JsonError:
        raise
    except (ValueError, RecursionError):
        raise JsonError("not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise JsonError("not a JSON object")
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonError("a member occurs twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonError("a number beyond the range of a double")
    return number


def _no_constant(text: str) -> NoReturn:
    raise JsonError(f"{text} is not JSON")
