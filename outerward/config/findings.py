"""What ``config check --online`` finds, as values: how each check ended, and whether the clocks agree."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum

from outerward.plain_text import printable

LARGEST_SKEW_S = 30.0
_LONGEST_WORDS = 300


class State(Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """What was found of one thing; ``words`` say what is wrong, or more of what is right."""

    what: str
    state: State
    words: str = ""

    def line(self) -> str:
        """One line, whatever a server said."""
        words = f": {printable(self.words, _LONGEST_WORDS)}" if self.words else ""
        return f"{printable(self.what)}: {self.state.value}{words}"


class NotThere(Exception):
    """What is named cannot be used; the text says why."""


class Clock:
    """Compares this machine's clock with the Date of the answers that come by (RFC 9110 §6.6.1)."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._ahead: list[tuple[str, float]] = []

    def note(self, whose: str, date: str) -> None:
        """An answer of the provider ``whose`` was dated ``date`` when it came; what is no date is nothing."""
        try:
            told = parsedate_to_datetime(date).timestamp()
        except (ValueError, OverflowError):
            return
        self._ahead.append((whose, self._now() - told))

    def finding(self) -> Finding:
        """Whether the clocks agree; an allowance of seconds is for the way."""
        if not self._ahead:
            return Finding("clock", State.OK, "not compared, as no provider told the time")
        whose, ahead_s = max(self._ahead, key=lambda entry: abs(entry[1]))
        if abs(ahead_s) <= LARGEST_SKEW_S:
            return Finding("clock", State.OK)
        side = "ahead of" if ahead_s > 0 else "behind"
        words = f"this machine is {abs(ahead_s):.0f} s {side} provider {whose}; logins fail from 60 s on"
        return Finding("clock", State.WARNING, words)
