"""What the tree of a filter means: fields are looked up, types checked, and each part becomes a condition.

All that can be wrong with a filter is found here or before; a condition raises nothing. Knows no store.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from ipaddress import ip_network
from typing import cast

from session_store.query import leaves
from session_store.query.condition import ALWAYS, NEVER, Condition, all_of, any_of, opposite
from session_store.query.errors import FilterError, shown
from session_store.query.fields import Field, Type, Value
from session_store.query.syntax import Call, Comparison, Constant, Expression, Joined, Not, Path, Sign, Values
from session_store.query.times import Order, parsed_time
from session_store.query.words import Network, ip_key

_ROOT = "obj"
_FLIPPED: dict[Sign, Sign] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ORDERED = (Type.TIME, Type.NUMBER)
_EXAMPLES = {
    Type.TEXT: '"text"',
    Type.TIME: 'timestamp("2026-01-31T12:00:00Z")',
    Type.NUMBER: "10",
    Type.TRUTH: "true",
    Type.ADDRESS: '"192.0.2.1"',
    Type.OBJECT: "null",
}
_FUNCTIONS = "There are startsWith, contains, timestamp and inCidr."


class Meaning:
    """Makes conditions on the rows of one kind, whose ``fields`` are given by every name."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields

    def condition(self, expression: Expression, *, negated: bool = False) -> Condition:
        """What ``expression`` holds for, or its opposite. Raises FilterError."""
        match expression:
            case Not(item):
                return self.condition(item, negated=not negated)
            case Joined(sign, items):
                conditions = [self.condition(item, negated=negated) for item in items]
                return all_of(conditions) if (sign == "&&") is not negated else any_of(conditions)
            case Comparison(sign, left, right, position) if sign in ("==", "!="):
                same = self._compared("==", left, right, position)
                return opposite(same) if (sign == "!=") is not negated else same
            case Constant(value) if isinstance(value, bool):
                return ALWAYS if value is not negated else NEVER
            case Comparison(sign, left, right, position):
                condition = self._compared(sign, left, right, position)
            case Call():
                condition = self._called(expression)
            case Path():
                return self._truth(expression, negated=negated)
            case Constant() | Values():
                raise FilterError("A value alone says nothing; compare a field with it.", expression.position)
        return opposite(condition) if negated else condition

    def _truth(self, path: Path, *, negated: bool) -> Condition:
        field = self._field(path)
        if field.type is not Type.TRUTH:
            raise FilterError(
                f"{_called(path)} is {field.type.value}; compare it with something.", path.position
            )
        return leaves.equal(field, [not negated])

    def _compared(self, sign: Sign, left: Expression, right: Expression, position: int) -> Condition:
        if isinstance(left, Not) or isinstance(right, Not):
            raise FilterError("Put brackets around what is not to hold: !(a == b).", position)
        if sign == "in":
            return self._among(left, right)
        if isinstance(right, Path):
            if isinstance(left, Path):
                raise FilterError("Compare a field with a value, not with another field.", position)
            sign, left, right = _FLIPPED.get(sign, sign), right, left
        if not isinstance(left, Path):
            raise FilterError(f"Compare a field with a value, as in {_ROOT}.name == …", position)
        field = self._field(left)
        if sign == "==":
            return leaves.equal(field, [_value(field, left, right)])
        if field.type not in _ORDERED:
            raise FilterError(f"{_called(left)} is {field.type.value}, which has no order.", position)
        value = _value(field, left, right)
        if value is None:
            raise FilterError("Nothing is less or more than null.", right.position)
        return leaves.ordered(field, cast("Order", sign), value)

    def _among(self, left: Expression, right: Expression) -> Condition:
        """``field in [values]``, or ``"text" in field``."""
        if isinstance(left, Path) and isinstance(right, Values):
            field = self._field(left)
            return leaves.equal(field, [_value(field, left, item) for item in right.items])
        if isinstance(right, Path):
            field = self._field(right)
            if field.type is not Type.TEXTS:
                raise FilterError(f"{_called(right)} is {field.type.value}, and no list.", right.position)
            return leaves.among(field, _text(left))
        raise FilterError(
            f'Write a field before "in" and a list after it: {_ROOT}.country_code in ["DE", "FR"].',
            right.position,
        )

    def _called(self, call: Call) -> Condition:
        if call.target is not None and call.name in ("startsWith", "contains"):
            field, (text,) = self._field(call.target), _arguments(call, 1)
            return self._of_text(call.target, field, call.name, _text(text))
        if call.target is None and call.name == "inCidr":
            address, network = _arguments(call, 2)
            field = self._field(address)
            if field.type is not Type.ADDRESS:
                raise FilterError("inCidr looks at an address, as obj.ip_address is.", address.position)
            return leaves.within(field, _network(network))
        if call.target is None and call.name == "timestamp":
            raise FilterError("A time alone says nothing; compare a field with it.", call.position)
        if call.name in ("startsWith", "contains", "inCidr", "timestamp"):
            right = "inCidr(obj.ip_address, …)" if call.target is not None else f"obj.name.{call.name}(…)"
            raise FilterError(f"{call.name} is not called like this; write {right}.", call.position)
        raise FilterError(f"There is no function {shown(call.name)}. {_FUNCTIONS}", call.position)

    def _of_text(self, path: Path, field: Field, name: str, text: str) -> Condition:
        if name == "startsWith" and field.type in (Type.TEXT, Type.ADDRESS):
            return leaves.begins(field, text)
        if name == "contains" and field.contains:
            return leaves.contains(field, text)
        if name == "contains":
            raise FilterError("contains can be asked of name, email and username only.", path.position)
        raise FilterError(f"{_called(path)} is {field.type.value}, and no text.", path.position)

    def _field(self, expression: Expression) -> Field:
        if not isinstance(expression, Path):
            raise FilterError(f"Here should be a field, such as {_ROOT}.name.", expression.position)
        root, *names = expression.names
        field = self._fields.get(".".join(names)) if root == _ROOT else None
        if field is not None:
            return field
        asked = ".".join(names if root == _ROOT else expression.names)
        near = get_close_matches(asked[:100], self._fields, n=1)
        hint = f" Did you mean {_ROOT}.{near[0]}?" if near else ""
        start = "" if root == _ROOT else f" A field begins with {_ROOT}."
        raise FilterError(
            f"There is no field {shown('.'.join(expression.names))}.{start}{hint}", expression.position
        )


def _called(path: Path) -> str:
    return shown(".".join(path.names[1:]))


def _value(field: Field, path: Path, expression: Expression) -> Value:
    """The value that ``expression`` writes, if ``field`` can have it."""
    if isinstance(expression, Constant) and expression.value is None:
        return None
    if field.type is Type.TIME:
        value = _time(expression)
    elif field.type is Type.ADDRESS:
        value = _address(expression)
    else:
        value = _plain(field.type, expression)
    if value is not None:
        return value
    example = _EXAMPLES.get(field.type)
    how = (
        f"compare it with a value like {example}"
        if example
        else 'write "text" in ' + f"{_ROOT}.{_called(path)}"
    )
    raise FilterError(f"{_called(path)} is {field.type.value}; {how}.", expression.position)


def _plain(kind: Type, expression: Expression) -> Value:
    value = expression.value if isinstance(expression, Constant) else None
    if kind is Type.TRUTH:
        return value if isinstance(value, bool) else None
    if kind is Type.NUMBER:
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return value if kind is Type.TEXT and isinstance(value, str) else None


def _time(expression: Expression) -> Value:
    if not isinstance(expression, Call) or expression.target is not None or expression.name != "timestamp":
        return None
    (argument,) = _arguments(expression, 1)
    at = parsed_time(_text(argument))
    if at is None:
        raise FilterError("This is no time as RFC 3339 writes it: 2026-01-31T12:00:00Z.", argument.position)
    return at


def _address(expression: Expression) -> Value:
    value = _plain(Type.TEXT, expression)
    if isinstance(value, str) and value and ip_key(value) is None:
        raise FilterError("This is no IP address.", expression.position)
    return value


def _network(expression: Expression) -> Network:
    try:
        return ip_network(_text(expression))
    except ValueError:
        raise FilterError(
            "This is no network; write one like 10.0.0.0/8, with no bit set beyond the mask.",
            expression.position,
        ) from None


def _text(expression: Expression) -> str:
    value = _plain(Type.TEXT, expression)
    if not isinstance(value, str):
        raise FilterError('Here should be a text, such as "text".', expression.position)
    return value


def _arguments(call: Call, count: int) -> Sequence[Expression]:
    if len(call.arguments) != count:
        raise FilterError(
            f"{call.name} takes {count} argument{'s' if count > 1 else ''}, not {len(call.arguments)}.",
            call.position,
        )
    return call.arguments
