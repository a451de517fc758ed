"""The lines of the demo's check of itself: what each step shows, and how one that fails is told."""

from collections.abc import Callable
from typing import NoReturn


class CheckFailedError(Exception):
    """A step did not go as it must; the text says what was expected and what came."""


class Steps:
    """``say`` gets a line for each step that went well; ``now`` names the one under way."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.now = ""

    def done(self, what: str) -> None:
        """The step under way went well; ``what`` it has shown."""
        self._say(f"✓ {self.now}: {what}")

    def failed(self, why: object) -> None:
        """The step under way did not."""
        self._say(f"✗ {self.now}: {why}")

    def expect(self, got: object, expected: object, what: str) -> None:
        """Raise CheckFailedError unless ``got`` is as ``expected``."""
        if got != expected:
            self.fail(f"{what}: expected {expected}, got {got}")

    def fail(self, why: str) -> NoReturn:
        """Raise CheckFailedError."""
        raise CheckFailedError(why)
