"""Filters drawn at random as trees, how such a tree is written, and what it says of an object of the API.

The second opinion on the language: it knows nothing of the parser, and reads objects as a client sees them.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from session_store.query import Kind
from tests.unit.session_store.query.rows import (
    ADDRESSES,
    COUNTRIES,
    ENDPOINTS,
    NAMES,
    NOW_MS,
    PROVIDERS,
    made_at,
    shown_time,
)

TEXTS: dict[str, dict[str, list[str]]] = {
    "sessions": {
        "identity_provider": PROVIDERS,
        "country_code": COUNTRIES,
        "browser_session.location.country_code": COUNTRIES,
        "tunnel": ["wiki", "git"],
        "outerward.tunnel": ["wiki", "git"],
        "edge": ["web", "other"],
        "public_url": ["https://web.example.com"],
        "endpoint.id": [ENDPOINTS[0].id, ENDPOINTS[1].id],
        "application_user_id": [made_at(NOW_MS, number).user() for number in range(5)],
        "application_user.id": [made_at(NOW_MS, 1).user(), "edgusr_"],
        "name": NAMES,
        "email": ["ada@example.com", "ADA@example.com"],
        "browser_session.user_agent.browser_name": ["Chrome"],
        "browser_name": ["Mobile Safari"],
        "outerward.network": ["lan", ""],
        "id": ["edgses_", "no id", made_at(NOW_MS, 1).session()],
    },
    "users": {
        "identity_provider": PROVIDERS,
        "identity_provider.name": PROVIDERS,
        "identity_provider.url": ["https://id.example.com"],
        "provider_user_id": ["1", "Ada", "ada"],
        "username": NAMES,
        "name": NAMES,
        "email": ["ada@example.com", "ADA@example.com"],
        "id": ["edgusr_", "no id"],
    },
}
NUMBERS = {
    "sessions": ["outerward.requests", "browser_session.location.latitude"],
    "users": ["outerward.sessions"],
}
TIMES = {
    "sessions": ["created_at", "last_active", "expires_at"],
    "users": ["created_at", "last_active", "last_login", "outerward.blocked_until"],
}
NULLS = {
    "sessions": ["browser_session.location", "edge", "route", "country_code", "created_at"],
    "users": ["outerward.blocked_until", "name"],
}
NETWORKS = ["10.0.0.0/16", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/64", "192.0.2.7", "::/0"]
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left is not None and left < right,
    "<=": lambda left, right: left is not None and left <= right,
    ">": lambda left, right: left is not None and left > right,
    ">=": lambda left, right: left is not None and left >= right,
}


@dataclass(frozen=True)
class Time:
    """An instant as it is written: ``text`` is RFC 3339."""

    text: str

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.text)


Tree = tuple[Any, ...]
times = st.integers(NOW_MS // 1000 - 7, NOW_MS // 1000 + 1) | st.integers(
    NOW_MS // 1000 - 40 * 86_400, NOW_MS // 1000
)


@st.composite
def written_times(draw: st.DrawFn) -> Time:
    text = shown_time(draw(times) * 1000).removesuffix("Z")
    return Time(
        text
        + draw(st.sampled_from(["", ".5", ".000", ".001"]))
        + draw(st.sampled_from(["Z", "+02:00", "-11:30"]))
    )


@st.composite
def leaves(draw: st.DrawFn, kind: Kind) -> Tree:
    of = "users" if kind == "users" else "sessions"
    texts, sign = TEXTS[of], st.sampled_from(["==", "!="])
    text_field = st.sampled_from(sorted(texts))
    choices = ["text", "text", "in", "in", "starts", "number", "time", "time", "null", "constant", "contains"]
    choices += ["truth"] if kind == "users" else ["address", "network", "network", "flag", "octets"]
    match draw(st.sampled_from(choices)):
        case "text":
            field = draw(text_field)
            return ("compare", draw(sign), field, draw(st.sampled_from(texts[field])), draw(st.booleans()))
        case "in":
            field = draw(text_field)
            return ("in", field, draw(st.lists(st.sampled_from([*texts[field], None]), max_size=4)))
        case "starts":
            field = draw(text_field)
            text = draw(st.sampled_from(texts[field]))
            return ("startsWith", field, text[: draw(st.integers(0, len(text)))])
        case "contains":
            return (
                "contains",
                draw(st.sampled_from(["name", "email", "username"])),
                draw(st.sampled_from(["a", "A", "o v"])),
            )
        case "number":
            value = draw(st.sampled_from([0, 1, 10, -12.25, 51.5]))
            field = draw(st.sampled_from(NUMBERS[of]))
            return ("compare", draw(st.sampled_from(sorted(SIGNS))), field, value, draw(st.booleans()))
        case "time":
            field = draw(st.sampled_from([*TIMES[of], *(["ended_at"] * 3 if kind == "ended" else [])]))
            order = draw(st.sampled_from(sorted(SIGNS)))
            return ("compare", order, field, draw(written_times()), draw(st.booleans()))
        case "null":
            return ("compare", draw(sign), draw(st.sampled_from(NULLS[of])), None, draw(st.booleans()))
        case "truth":
            return ("truth", draw(st.sampled_from(["outerward.blocked", "outerward.email_verified"])))
        case "address":
            return (
                "compare",
                draw(sign),
                "ip_address",
                draw(st.sampled_from(ADDRESSES)),
                draw(st.booleans()),
            )
        case "network":
            return ("inCidr", "browser_session.ip_address", draw(st.sampled_from(NETWORKS)))
        case "octets":
            return (
                "startsWith",
                "ip_address",
                draw(st.sampled_from(["10.", "10.0.", "10", "192.0.2.7", "2001:"])),
            )
        case "flag":
            return ("flag", draw(st.sampled_from(["new_device", "new_country", "other"])))
    return ("constant", draw(st.booleans()))


def trees(kind: Kind) -> st.SearchStrategy[Tree]:
    return st.recursive(
        leaves(kind),
        lambda inner: st.one_of(
            st.tuples(st.just("not"), inner),
            st.tuples(st.sampled_from(["&&", "||"]), st.lists(inner, min_size=2, max_size=4)),
        ),
        max_leaves=8,
    )


class Writer:
    """Writes a tree, with the freedom that the language leaves: blanks, brackets, quotes, escapes, sides."""

    def __init__(self, choose: st.DataObject) -> None:
        self._data = choose

    def write(self, tree: Tree) -> str:
        """The text of ``tree``; what binds less tightly than its surroundings is put into brackets."""
        kind = tree[0]
        if kind == "not":
            return f"!{self._bracketed(tree[1])}"
        if kind in ("&&", "||"):
            return f"{self._blank()}{kind}{self._blank()}".join(self._part(kind, item) for item in tree[1])
        return self._maybe_bracketed(self._leaf(tree))

    def _leaf(self, tree: Tree) -> str:
        blank = self._blank()
        match tree:
            case ("compare", sign, field, value, flipped):
                left, right = f"obj.{field}", self._value(value)
                back = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(sign, sign)
                return f"{right} {back}{blank}{left}" if flipped else f"{left}{blank}{sign} {right}"
            case ("in", field, values):
                return f"obj.{field} in{blank}[{', '.join(self._value(value) for value in values)}]"
            case ("startsWith" | "contains" as name, field, text):
                return f"obj.{field}.{name}({blank}{self._value(text)})"
            case ("inCidr", field, network):
                return f"inCidr(obj.{field},{blank}{self._value(network)})"
            case ("flag", name):
                return f"{self._value(name)} in obj.outerward.flags"
            case ("truth", field):
                return f"obj.{field}"
        return str(tree[1]).lower()

    def _value(self, value: object) -> str:
        if value is None:
            return "null"
        if isinstance(value, Time):
            return f"timestamp({self._value(value.text)})"
        if not isinstance(value, str):
            return str(value)
        quote = self._data.draw(st.sampled_from("\"'"))
        return quote + "".join(self._place(place, quote) for place in value) + quote

    def _place(self, place: str, quote: str) -> str:
        if place in ("\\", quote):
            return "\\" + place
        if self._data.draw(st.integers(0, 20)) == 0:
            return f"\\u{ord(place):04x}"
        return place

    def _part(self, sign: str, tree: Tree) -> str:
        return self._bracketed(tree) if sign == "&&" and tree[0] == "||" else self.write(tree)

    def _bracketed(self, tree: Tree) -> str:
        plain = tree[0] in ("truth", "constant", "startsWith", "contains", "inCidr")
        return self.write(tree) if plain else f"({self.write(tree)})"

    def _maybe_bracketed(self, text: str) -> str:
        return f"({text})" if self._data.draw(st.booleans()) else text

    def _blank(self) -> str:
        return self._data.draw(st.sampled_from(["", " ", "\n", "  \t"]))


def says(tree: Tree, shown: dict[str, Any]) -> bool:
    """Whether ``tree`` holds for the object ``shown``."""
    match tree:
        case ("not", inner):
            return not says(inner, shown)
        case ("&&", items):
            return all(says(item, shown) for item in items)
        case ("||", items):
            return any(says(item, shown) for item in items)
        case ("compare", sign, field, value, _):
            have = member(shown, field)
            if isinstance(value, Time):
                return SIGNS[sign](None if have is None else datetime.fromisoformat(have), value.at)
            return SIGNS[sign](have, value)
        case ("in", field, values):
            return member(shown, field) in values
        case ("startsWith", field, text):
            return (member(shown, field) or "").startswith(text) and member(shown, field) is not None
        case ("contains", field, text):
            return text in member(shown, field)
        case ("inCidr", field, network):
            have = member(shown, field)
            return have != "" and ipaddress.ip_address(have) in ipaddress.ip_network(network)
        case ("flag", name):
            return name in shown["outerward"]["flags"]
        case ("truth", field):
            return bool(member(shown, field))
    return bool(tree[1])


def member(shown: Any, path: str) -> Any:
    """What ``path`` leads to; None from where there is nothing on."""
    if path == "edge":
        return shown["edge name"]
    if path == "identity_provider" and isinstance(shown[path], dict):
        return shown[path]["name"]
    for name in path.split("."):
        shown = None if shown is None else shown[name]
    return shown
