"""Text from outside on its way to a person: on one line, of bounded length, without effect on a terminal."""

import unicodedata
from pathlib import Path

_LONGEST_QUOTE = 80
_LONGEST_PATH = 4096


def printable(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """``text`` on one line, cut to ``longest`` characters, with whatever could act on a terminal escaped."""
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(c if _is_plain(c) else c.encode("unicode_escape").decode("ascii") for c in shown)


def printable_path(path: Path) -> str:
    """A file's name as it is shown."""
    return printable(str(path), _LONGEST_PATH)


def _is_plain(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] not in "CZ"
