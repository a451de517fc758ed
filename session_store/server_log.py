"""The embedded server's log lines as entries of our log. Knows their shape alone."""

import re
from typing import Literal

Level = Literal["debug", "info", "warning"]

_LINE = re.compile(r"\d+:[A-Z] .{15,40}? ([.\-*#]) (.*)")
_LEVELS: dict[str, Level] = {".": "debug", "-": "debug", "*": "debug", "#": "warning"}
_ADVICE = "WARNING Memory overcommit"


def entry(line: str) -> tuple[Level, str]:
    """The level and text of ``line``: unusual shapes are warnings, quoted stored values are cut off."""
    match = _LINE.fullmatch(line)
    if match is None:
        return "warning", line
    text = match[2].partition(", with args")[0]
    return ("info" if text.startswith(_ADVICE) else _LEVELS[match[1]]), text
