"""Where a visitor may be sent after a login or logout: a path on the same host, or ``/``.

Pure and total. A browser reads ``\\`` as ``/``, drops tabs and line ends, and resolves dot segments; a server
behind us may decode once more. What could leave the host under any of these readings is not kept.
"""

import re
from urllib.parse import quote, unquote

from proxy.addresses import ALIASES, SESSIONS_PATH
from proxy.canonical import RESERVED_PREFIX

HOME = "/"
DASHBOARD_HOME = "/dashboard/users"
LONGEST = 4096
"""Characters of a return path; a longer one is not worth keeping."""

_DECODINGS = 8
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DOT_SEGMENT = re.compile(r"/\.\.?(?:[/;]|$)")
_DASHBOARD_PAGE = re.compile(r"/dashboard(?:[/?].*)?")
_SLASHES = re.compile(r"/+")
_KEPT = "!$%&'()*+,/:;=?@[]~-._|^{}"


def safe_return_path(text: str) -> str:
    """``text`` where it is a path on the same host, without its fragment; ``/`` where it is anything else.

    It begins with exactly one ``/``; its path has no ``\\`` and no dot segment, and the whole no control
    character, in any encoding. Of our own pages the list of sessions alone, spelled exactly, is a place to
    return to. The result is printable ASCII.
    """
    if text == SESSIONS_PATH:
        return text
    if len(text) > LONGEST:
        return HOME
    kept = text.partition("#")[0]
    path = kept.partition("?")[0]
    path_readings, rest_readings = _readings(path), _readings(text[len(path) :])
    if not path_readings or not rest_readings:
        return HOME
    if any(_CONTROL.search(reading) for reading in path_readings + rest_readings):
        return HOME
    if not all(_stays_here(reading) for reading in path_readings):
        return HOME
    return quote(kept, safe=_KEPT)


def dashboard_path(text: str) -> str:
    """``text`` where it is one of the dashboard's pages; its first one where it is anything else."""
    kept = safe_return_path(text)
    return kept if _DASHBOARD_PAGE.fullmatch(kept) else DASHBOARD_HOME


def _readings(text: str) -> list[str]:
    """``text`` and what each further percent-decoding makes of it; empty where that does not come to rest."""
    readings = [text]
    for _ in range(_DECODINGS):
        decoded = unquote(readings[-1])
        if decoded == readings[-1]:
            return readings
        readings.append(decoded)
    return []


def _stays_here(path: str) -> bool:
    """Whether ``path``, read as it stands, is one of the application's on this host."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or _DOT_SEGMENT.search(path):
        return False
    whole = _SLASHES.sub("/", path.partition("?")[0]) + "/"
    return not whole.startswith((RESERVED_PREFIX, *(f"{alias}/" for alias in ALIASES)))
