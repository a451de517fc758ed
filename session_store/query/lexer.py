"""The characters of a filter as tokens: names, strings, numbers and signs, each with its position.

Strings are CEL's, with its escapes (CEL language definition, "String and Bytes Values"), on one line and
without the ``r`` and ``b`` forms. Knows no grammar and no field.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from session_store.query.errors import FilterError, shown

TokenKind = Literal["name", "string", "number", "sign", "end"]


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``value`` is what a string or a number stands for, ``text`` how it was written."""

    kind: TokenKind
    text: str
    position: int
    value: str | int | float = ""


_BLANK = re.compile(r"[ \t\r\n\f]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_SIGN = re.compile(r"&&|\|\||==|!=|<=|>=|[<>!().,\[\]]")
_WORD = re.compile(r"[^\s()\[\],\"']+")
_PLAIN = re.compile(r"[^\\\r\n\"']+")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2})|(.))")
_ESCAPED = dict(zip("abfnrtv\\\"'`?", "\a\b\f\n\r\t\v\\\"'`?", strict=True))
_HINTS = {
    "=": 'Write "==" to compare.',
    "&": 'Write "&&" for "and".',
    "|": 'Write "||" for "or".',
}


def tokens(text: str) -> Iterator[Token]:
    """The tokens of ``text``, the last of kind *end*. Raises FilterError."""
    at = 0
    while at < len(text):
        blank = _BLANK.match(text, at)
        if blank:
            at = blank.end()
            continue
        token, at = _token(text, at)
        yield token
    yield Token("end", "", len(text))


def _token(text: str, at: int) -> tuple[Token, int]:
    if text[at] in "\"'":
        value, end = _string(text, at)
        return Token("string", text[at:end], at, value), end
    if number := _NUMBER.match(text, at):
        written = number.group()
        return Token("number", written, at, float(written) if number[1] else int(written)), number.end()
    if name := _NAME.match(text, at):
        return Token("name", name.group(), at), name.end()
    if sign := _SIGN.match(text, at):
        return Token("sign", sign.group(), at), sign.end()
    word = _WORD.match(text, at)
    hint = _HINTS.get(text[at], "Text stands in quotation marks.")
    raise FilterError(f"This cannot be read: {shown(word.group() if word else text[at])}. {hint}", at)


def _string(text: str, start: int) -> tuple[str, int]:
    """What the string that begins at ``start`` says, and where it is over."""
    quote, parts, at = text[start], list[str](), start + 1
    while at < len(text):
        if text[at] == quote:
            return "".join(parts), at + 1
        if text[at] == "\\":
            part, at = _escape(text, at)
            parts.append(part)
            continue
        plain = _PLAIN.match(text, at)
        if plain is None and text[at] in "\r\n":
            break
        end = plain.end() if plain else at + 1
        parts.append(text[at:end])
        at = end
    raise FilterError("This text has no closing quotation mark on its line.", start)


def _escape(text: str, at: int) -> tuple[str, int]:
    escape = _ESCAPE.match(text, at)
    if escape is None:
        raise FilterError("A text cannot end in a backslash; write two for one.", at)
    short, middle, long, octal, single = escape.groups()
    if single is not None:
        if single not in _ESCAPED:
            raise FilterError(f"There is no escape \\{shown(single)}; write two backslashes for one.", at)
        return _ESCAPED[single], escape.end()
    code = int(octal, 8) if octal is not None else int(short or middle or long, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise FilterError(f"{shown(escape.group())} is no character.", at)
    return chr(code), escape.end()
