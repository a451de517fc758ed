"""From the options of ``serve`` to a running supervisor."""

import os
from collections.abc import Mapping
from pathlib import Path

import structlog

from outerward import supervisor
from outerward.config import load_settings
from outerward.logs import configure_logging


def serve_file(config_file: Path | None, flags: Mapping[str, str], ready_file: Path | None) -> int:
    """Serve what the configuration says until told to stop; the exit code. Raises OuterwardError."""
    loaded = load_settings(config_file, os.environ, flags)
    configure_logging(loaded.settings.log)
    for warning in loaded.warnings:
        structlog.get_logger("outerward.config").warning("configuration", warning=warning)
    return supervisor.run_serve(loaded.settings, ready_file=ready_file)
