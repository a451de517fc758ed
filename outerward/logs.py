"""How the program logs: to stderr, as JSON lines where that is no terminal, without secrets.

Values under telling names are redacted, user names and passwords are cut out of URLs, and what is logged can
neither break its line nor move a cursor. Nobody waits for it to be written. Knows nothing of what is logged.
"""

import atexit
import logging
import re
import sys
from collections.abc import Mapping
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from outerward.config import LogSettings
from outerward.log_writer import LogWriter

REDACTED = "[redacted]"
_LONGEST_VALUE = 2048
_LONGEST_TRACEBACK = 16 * 1024
_DEEPEST = 6
_MOST_ENTRIES = 100
_SECRET_PARTS = (
    "token",
    "secret",
    "cookie",
    "password",
    "passwd",
    "authorization",
    "credential",
    "samlresponse",
)
_SECRET_NAMES = frozenset({"code", "state", "nonce", "verifier", "code_verifier", "assertion"})
_PUBLIC_ENDINGS = ("_id", "_path", "_name", "_count", "_endpoint")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)|(?i:(?<=bearer )|(?<=basic ))\S+|owt_[\w-]{8,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_CONTROL_BUT_NEWLINE = re.compile(rf"(?!\n){_CONTROL.pattern}")


def configure_logging(settings: LogSettings, stream: TextIO | None = None) -> LogWriter | None:
    """Send everything that is logged here and in libraries to ``stream``; without one, to stderr.

    Stderr is written by a thread, that of the writer returned: a process that forks later must not call this.
    """
    writer = _stderr_writer() if stream is None else None
    target = stream or cast("TextIO", writer or sys.stderr)
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    as_json = settings.format == "json" or (settings.format == "auto" and not target.isatty())
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer() if as_json else _console(target),
    ]
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*first, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.INFO), force=True)
    return writer


def _stderr_writer() -> LogWriter | None:
    try:
        descriptor = sys.stderr.fileno()
    except OSError:  # it was replaced by what is no file, and makes nobody wait
        return None
    writer = LogWriter(descriptor, _tell_dropped)
    atexit.register(writer.drain)
    return writer


def _tell_dropped(lines: int) -> None:
    structlog.get_logger("outerward.logs").warning("log_lines_dropped", lines=lines)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace secrets, escape control characters, cut what is long."""
    return {name: _safe(name, value, _DEEPEST) for name, value in event.items()}


def _console(target: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _safe(name: str, value: object, deeper: int) -> object:
    if _is_secret(name):
        return REDACTED
    if isinstance(value, bool | int | float) or value is None:
        return value
    if name == "exception" and isinstance(value, str):
        return _CONTROL_BUT_NEWLINE.sub(_escaped, _without_credentials(value)[-_LONGEST_TRACEBACK:])
    if deeper and isinstance(value, Mapping):
        kept = list(value)[:_MOST_ENTRIES]
        return {_text(str(key)): _safe(str(key), value[key], deeper - 1) for key in kept}
    if deeper and isinstance(value, list | tuple | set | frozenset):
        return [_safe("", inner, deeper - 1) for inner in list(value)[:_MOST_ENTRIES]]
    return _text(value if isinstance(value, str) else repr(value))


def _is_secret(name: str) -> bool:
    lower = name.lower().replace("-", "_")
    if lower.endswith(_PUBLIC_ENDINGS):
        return False
    return lower in _SECRET_NAMES or any(part in lower.replace("_", "") for part in _SECRET_PARTS)


def _text(value: str) -> str:
    cut = value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…"
    return _CONTROL.sub(_escaped, _without_credentials(cut))


def _without_credentials(text: str) -> str:
    return _CREDENTIALS.sub(REDACTED, text)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
