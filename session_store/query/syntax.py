"""The grammar of a filter: from tokens to a tree of expressions, with the place of each.

A subset of CEL (language definition, "Syntax"): a comparison has one sign, a list holds values only. Knows no
field and no type; what a tree means, and whether it means anything, ``meaning`` decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from session_store.query.errors import FilterError, shown
from session_store.query.lexer import Token, tokens

LONGEST_FILTER = 2000
"""Characters of a filter."""

LONGEST_LIST = 100
"""Values in one list."""

DEEPEST = 32
"""Brackets within brackets."""

T = TypeVar("T")
Sign = Literal["==", "!=", "<", "<=", ">", ">=", "in"]

_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_SIGNS: dict[str, Sign] = {
    "==": "==",
    "!=": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "in": "in",
}


@dataclass(frozen=True, slots=True)
class Constant:
    """A value as it was written."""

    value: str | int | float | bool | None
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Values:
    """A list of constants, or of calls that make one."""

    items: "tuple[Expression, ...]"
    position: int


@dataclass(frozen=True, slots=True)
class Path:
    """Names with dots between them."""

    names: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """``name(arguments)``, or ``target.name(arguments)``."""

    name: str
    target: Path | None
    arguments: "tuple[Expression, ...]"
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two expressions with a sign between them; ``position`` is the sign's."""

    sign: Sign
    left: "Expression"
    right: "Expression"
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of ``item``."""

    item: "Expression"
    position: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Expressions of which all must hold (``&&``), or one (``||``)."""

    sign: Literal["&&", "||"]
    items: "tuple[Expression, ...]"
    position: int


Expression = Constant | Values | Path | Call | Comparison | Not | Joined


def parse(text: str) -> Expression:
    """The tree of ``text``. Raises FilterError."""
    if len(text) > LONGEST_FILTER:
        raise FilterError(f"A filter has at most {LONGEST_FILTER} characters.", LONGEST_FILTER)
    parser = _Parser(list(tokens(text)))
    expression = parser.joined()
    parser.expect_end()
    return expression


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._next = 0
        self._depth = 0

    def joined(self) -> Expression:
        return self._join("||", lambda: self._join("&&", self._comparison))

    def expect_end(self) -> None:
        token = self._peek()
        if token.kind != "end":
            raise FilterError(
                f'The filter goes on with {_named(token)}, where "&&", "||" or its end could be.',
                token.position,
            )

    def _join(self, sign: Literal["&&", "||"], part: Callable[[], Expression]) -> Expression:
        position = self._peek().position
        items = [part()]
        while self._take(sign):
            items.append(part())
        return items[0] if len(items) == 1 else Joined(sign, tuple(items), position)

    def _comparison(self) -> Expression:
        left = self._opposite()
        token = self._peek()
        sign = _SIGNS.get(token.text) if token.kind in ("sign", "name") else None
        if sign is None:
            return left
        self._next += 1
        right = self._opposite()
        after = self._peek()
        if after.kind in ("sign", "name") and after.text in _SIGNS:
            raise FilterError("Compare two things at a time, and join comparisons with &&.", after.position)
        return Comparison(sign, left, right, token.position)

    def _opposite(self) -> Expression:
        position = self._peek().position
        times = 0
        while self._take("!"):
            times += 1
        item = self._single()
        return Not(item, position) if times % 2 else item

    def _single(self) -> Expression:
        token = self._peek()
        self._next += 1
        if token.kind in ("string", "number"):
            return Constant(token.value, token.text, token.position)
        if token.kind == "name":
            if token.text in _CONSTANTS:
                return Constant(_CONSTANTS[token.text], token.text, token.position)
            if token.text not in _SIGNS:
                return self._named(token)
        if token.text == "(":
            return self._deeper(self._bracketed, token)
        if token.text == "[":
            return self._deeper(lambda: Values(self._until("]"), token.position), token)
        raise FilterError(f"Here should be a field or a value, but there is {_named(token)}.", token.position)

    def _named(self, first: Token) -> Expression:
        names = [first.text]
        while self._take("."):
            token = self._peek()
            if token.kind != "name":
                raise FilterError(f"After a dot comes a name, but there is {_named(token)}.", token.position)
            self._next += 1
            names.append(token.text)
        opened = self._peek()
        if not self._take("("):
            return Path(tuple(names), first.position)
        arguments = self._deeper(lambda: self._until(")"), opened)
        target = Path(tuple(names[:-1]), first.position) if len(names) > 1 else None
        return Call(names[-1], target, arguments, first.position)

    def _bracketed(self) -> Expression:
        inner = self.joined()
        self._close(")")
        return inner

    def _until(self, close: str) -> tuple[Expression, ...]:
        """Expressions with commas between them, up to ``close``."""
        items: list[Expression] = []
        if self._take(close):
            return ()
        while True:
            if len(items) == LONGEST_LIST:
                raise FilterError(f"A list has at most {LONGEST_LIST} values.", self._peek().position)
            items.append(self.joined())
            if not self._take(","):
                self._close(close)
                return tuple(items)

    def _deeper(self, part: Callable[[], T], opened: Token) -> T:
        if self._depth == DEEPEST:
            raise FilterError(f"Brackets may stand {DEEPEST} deep, and not deeper.", opened.position)
        self._depth += 1
        inner = part()
        self._depth -= 1
        return inner

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self, sign: str) -> bool:
        token = self._peek()
        if token.kind != "sign" or token.text != sign:
            return False
        self._next += 1
        return True

    def _close(self, sign: str) -> None:
        if not self._take(sign):
            token = self._peek()
            raise FilterError(f'Here should be "{sign}", but there is {_named(token)}.', token.position)


def _named(token: Token) -> str:
    return "the end of the filter" if token.kind == "end" else shown(token.text)
