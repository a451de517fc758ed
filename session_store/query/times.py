"""RFC 3339 times as a filter writes them, and the ranges of whole seconds that comparisons with them mean."""

import re
from datetime import datetime
from typing import Literal

from session_store.records import Milliseconds

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
_SECOND = 1000

Order = Literal["<", "<=", ">", ">="]


def parsed_time(text: str) -> Milliseconds | None:
    """The time that ``text`` says (RFC 3339 §5.6); None for another text. A leap second is none.

    What is finer than a millisecond only shows in that a fraction is never 0: what it is compared with are
    whole seconds.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, sign, hours, minutes = found.groups()
    try:
        wall = datetime.fromisoformat(f"{day}T{clock}")
    except ValueError:
        return None
    offset_s = (int(hours) * 3600 + int(minutes) * 60) if sign else 0
    if sign and (int(hours) > 23 or int(minutes) > 59):
        return None
    east = -1 if sign == "-" else 1
    since = wall - _EPOCH
    return (since.days * 86400 + since.seconds - east * offset_s) * _SECOND + _fraction_ms(fraction or "")


def _fraction_ms(digits: str) -> Milliseconds:
    whole = int(digits[:3].ljust(3, "0"))
    return whole or int(bool(digits.strip("0")))


def within_second(at: Milliseconds) -> tuple[Milliseconds, Milliseconds] | None:
    """From when and before when a time is shown as ``at``; None where no time is."""
    return None if at % _SECOND else (at, at + _SECOND)


def shown_range(order: Order, at: Milliseconds) -> tuple[Milliseconds | None, Milliseconds | None]:
    """From when and before when a time is, as it is shown, ``order`` ``at``."""
    up, after = -(-at // _SECOND) * _SECOND, (at // _SECOND + 1) * _SECOND
    ranges: dict[Order, tuple[Milliseconds | None, Milliseconds | None]] = {
        "<": (None, up),
        "<=": (None, after),
        ">": (after, None),
        ">=": (up, None),
    }
    return ranges[order]
