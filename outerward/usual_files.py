"""Where a configuration is looked for when none is named."""

import os
from pathlib import Path

USUAL_FILES = (Path("outerward.toml"), Path("/etc/outerward/outerward.toml"))


def usual_file() -> Path | None:
    """The first of the usual files that is there, readable or not."""
    return next((path for path in USUAL_FILES if os.path.lexists(path)), None)
