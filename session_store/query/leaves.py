"""The conditions on one field: what holds, and what an index can be asked for it.

A missing value equals only ``null``; every other comparison with it fails, so that ``!=`` holds. Values come
checked: of the field's type, times in milliseconds. Knows no syntax.
"""

import operator
import re
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import Any

from session_store.query.condition import Condition
from session_store.query.fields import ENDPOINT_TEXTS, Field, Type, Value
from session_store.query.lookups import Equals, Lookup, Networks, Prefix, TimeRange
from session_store.query.times import Order, shown_range, within_second
from session_store.query.words import Network, folded, ip_key, network_bounds

_ORDERS: dict[Order, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WHOLE_OCTETS = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){1,3}")


def equal(field: Field, values: Sequence[Value]) -> Condition:
    """``field`` is one of ``values``."""
    read = field.read
    lookups = [_equals(field, value) for value in values] if field.indexed else [None]
    known = tuple(dict.fromkeys(lookup for some in lookups if some is not None for lookup in some))
    indexed = None not in lookups
    conjuncts = (known,) if indexed else ()
    if field.type is Type.ADDRESS:
        keys = frozenset(_address(value) for value in values if value is not None)
        return Condition(lambda view: _address(read(view)) in keys, conjuncts, exact=indexed and field.exact)
    if len(values) == 1:
        only = values[0]
        return Condition(lambda view: read(view) == only, conjuncts, exact=indexed and field.exact)
    wanted = frozenset(values)
    return Condition(lambda view: read(view) in wanted, conjuncts, exact=indexed and field.exact)


def ordered(field: Field, order: Order, value: Value) -> Condition:
    """``field`` is less, more, … than ``value``."""
    read, holds = field.read, _ORDERS[order]
    conjuncts: tuple[tuple[Lookup, ...], ...] = ()
    if field.indexed and isinstance(value, int):
        conjuncts = ((TimeRange(field.name, *shown_range(order, value)),),)
    return Condition(
        lambda view: (have := read(view)) is not None and holds(have, value),
        conjuncts,
        exact=field.indexed and field.exact,
    )


def begins(field: Field, text: str) -> Condition:
    """``field`` begins with ``text``."""
    read = field.read
    lookup = _begins(field, text) if field.indexed else None
    return Condition(
        lambda view: (have := read(view)) is not None and have.startswith(text),  # type: ignore[union-attr]
        () if lookup is None else ((lookup,),),
        exact=lookup is not None and field.exact,
    )


def contains(field: Field, text: str) -> Condition:
    """``text`` is somewhere in ``field``."""
    read = field.read
    return Condition(lambda view: text in (read(view) or ""))  # type: ignore[operator]


def among(field: Field, text: str) -> Condition:
    """``text`` is one of the texts of ``field``."""
    read = field.read
    return Condition(lambda view: text in (read(view) or ()))  # type: ignore[operator]


def within(field: Field, network: Network) -> Condition:
    """The address in ``field`` belongs to ``network``."""
    read = field.read
    low, high = network_bounds(network)
    return Condition(
        lambda view: low <= _address(read(view)) <= high,
        ((Networks((network,)),),) if field.indexed else (),
        exact=field.indexed and field.exact,
    )


def _address(value: Value) -> bytes:
    text = str(value or "")
    return ip_key(text) or text.encode(errors="surrogatepass")


def _equals(field: Field, value: Value) -> tuple[Lookup, ...] | None:
    """What finds the rows in which ``field`` is ``value``; None where no index does."""
    if field.type is Type.TIME:
        return _at_second(field, value)
    if value is None:
        return (Equals(field.name, None),) if field.name in ENDPOINT_TEXTS else None
    text = str(value)
    if not _is_entered(field, text):
        return None
    return (Equals(field.name, text),)


def _at_second(field: Field, value: Value) -> tuple[Lookup, ...] | None:
    if not isinstance(value, int):
        return None
    second = within_second(value)
    return () if second is None else (TimeRange(field.name, *second),)


def _begins(field: Field, text: str) -> Lookup | None:
    if field.type is Type.ADDRESS:
        return _octets(text)
    return Prefix(field.name, text) if text and _is_entered(field, text) else None


def _octets(text: str) -> Lookup | None:
    """The network of the IPv4 addresses that begin with ``text``, where that ends with an octet."""
    if not _WHOLE_OCTETS.fullmatch(text):
        return None
    octets = text.removesuffix(".").split(".")
    return Networks((ip_network((".".join([*octets, *["0"] * (4 - len(octets))]), 8 * len(octets))),))


def _is_entered(field: Field, text: str) -> bool:
    """Whether an index has an entry for the value ``text``: none has one for what says nothing."""
    return field.name in ENDPOINT_TEXTS or bool(folded(text))
