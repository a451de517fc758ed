"""The times of SAML messages: read strictly, judged with one tolerance.

SAML Core §1.3.3 and §2.5.1. Unix seconds everywhere; a time that only a wrong clock explains is told apart
from one that has merely passed.
"""

import datetime
import re
from typing import Final

from idp_adapters.provider import LoginError

SKEW_S: Final = 60
"""How far two clocks may be apart."""
MAX_AGE_S: Final = 600
"""How old a message may be when it arrives: it was made for this login, moments ago."""

_INSTANT: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,12})?Z"
)


def read_instant(text: str | None, name: str) -> float:
    """An xs:dateTime in UTC with its Z, as SAML wants it. Raises LoginError (*invalid_response*)."""
    match = _INSTANT.fullmatch(text or "")
    try:
        if match is None:
            raise ValueError
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        raise LoginError("invalid_response", f"{name} is not a time in UTC: {(text or '')[:40]!a}") from None
    return moment.timestamp() + float(match[7] or 0)


def optional_instant(text: str | None, name: str) -> float | None:
    """The same for an attribute that may be missing."""
    return None if text is None else read_instant(text, name)


def check_issued(issued: float, now: float, requested_at: float | None, name: str) -> None:
    """Refuse what was issued in the future, before the request that it answers, or too long ago.

    Raises LoginError: *clock_skew* for the first two, *expired* for the last.
    """
    check_begun(issued, now, f"{name}'s IssueInstant")
    if requested_at is not None and issued < requested_at - SKEW_S:
        behind = requested_at - issued
        raise LoginError(
            "clock_skew", f"{name} was issued {behind:.0f} s before it was asked for", skew_s=-behind
        )
    if issued < now - MAX_AGE_S:
        raise LoginError("expired", f"{name} was issued {now - issued:.0f} s ago")


def check_begun(begins: float | None, now: float, name: str) -> None:
    """Refuse what is not valid yet. Raises LoginError (*clock_skew*)."""
    if begins is not None and begins > now + SKEW_S:
        ahead = begins - now
        raise LoginError("clock_skew", f"{name} is {ahead:.0f} s ahead of our clock", skew_s=ahead)


def check_not_over(ends: float | None, now: float, name: str) -> None:
    """Refuse what is not valid any more. Raises LoginError (*expired*)."""
    if ends is not None and now >= ends + SKEW_S:
        raise LoginError("expired", f"{name} was {now - ends:.0f} s ago ({SKEW_S} s are allowed)")
