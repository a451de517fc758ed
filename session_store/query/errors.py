"""What can be wrong with what is looked for, in words for the person who asked."""

from session_store.errors import StoreError

_LONGEST_SHOWN = 40


class FilterError(StoreError):
    """The filter cannot be understood; ``position`` is the character, counted from 0, where it goes wrong."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class TooBroad(StoreError):
    """More would have to be read than one answer may cost; a condition on one of ``fields`` would help."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        super().__init__("too many records would have to be read")
        self.fields = fields


def shown(word: str) -> str:
    """``word`` as an error may repeat it: printable, and not more than 40 characters."""
    cut = word if len(word) <= _LONGEST_SHOWN else word[: _LONGEST_SHOWN - 1] + "…"
    return "".join(place if place.isprintable() else "?" for place in cut)
