"""The canonical path: made once from the raw bytes of a request target, and the only path that judges.

The upstream gets the bytes received; rules, routing and the reserved prefix look at what this file returns.
Where the two could be read differently, ``ambiguous`` says so, and a host with path rules refuses (P1).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, unquote_to_bytes

RESERVED_PREFIX = "/.outerward/"

_NEEDS_CARE = re.compile(rb"[^!-~]|[%\\;#]|//|/\.")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_AMBIGUOUS_ESCAPE = re.compile(rb"%(?:2[fF]|5[cC]|3[fF]|23)")
_AMBIGUOUS_DECODED = re.compile(r"//|[\\;]|(?:^|/)\.\.?(?:/|$)|%[0-9A-Fa-f]{2}")
_RESERVED_SEGMENT = re.compile(r"[/\\;]\.outerward(?:[/\\;]|$)")


class InvalidPath(ValueError):
    """A path that no server should be asked for; the answer is 400."""


@dataclass(frozen=True, slots=True)
class CanonicalPath:
    """What a path means to the strictest reader.

    ``ambiguous``: another reader could take the bytes received for another path (``%2f``, ``\\``, dot
    segments, ``//``, ``;``, a second level of coding). ``reserved``: it lies under the reserved prefix.
    """

    path: str
    ambiguous: bool
    reserved: bool = False


@lru_cache(maxsize=1024)
def canonical_path(raw: bytes) -> CanonicalPath:
    """The canonical form of ``raw``, a path without its query.

    Raises InvalidPath for a path that does not begin with ``/``, a raw ``#``, control characters in any
    coding, a broken escape, coded bytes that are not UTF-8 (RFC 3986 §2.1, §6.2.2; overlong forms are not
    UTF-8), and one that is under the reserved prefix for one reader and not for another.
    """
    if not raw.startswith(b"/"):
        raise InvalidPath("a path begins with /")
    if not _NEEDS_CARE.search(raw):
        return CanonicalPath(raw.decode("ascii"), False)
    if b"#" in raw:
        raise InvalidPath("a fragment has no place in a request")
    if _BAD_ESCAPE.search(raw):
        raise InvalidPath("a percent sign is not followed by two hexadecimal digits")
    try:
        decoded = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidPath("the path is not UTF-8") from error
    if _CONTROL.search(decoded):
        raise InvalidPath("the path has a control character")
    ambiguous = bool(_AMBIGUOUS_ESCAPE.search(raw) or _AMBIGUOUS_DECODED.search(decoded))
    path = _resolve(decoded) if ambiguous else decoded
    return CanonicalPath(path, ambiguous, _is_reserved(path, raw, ambiguous=ambiguous))


def _is_reserved(path: str, raw: bytes, *, ambiguous: bool) -> bool:
    """Whether all readers find it under the reserved prefix; a spelling that splits them is an attack."""
    literal = _under_prefix(raw.decode("latin-1"))
    if ambiguous:
        twice = unquote(unquote(raw.decode("latin-1")))
        suspect = literal or _RESERVED_SEGMENT.search(twice) is not None
    else:
        suspect = literal is not _under_prefix(path)
    if suspect:
        raise InvalidPath("the reserved prefix is spelled in another way")
    return literal


def _under_prefix(path: str) -> bool:
    return path.startswith(RESERVED_PREFIX) or path == RESERVED_PREFIX[:-1]


def _resolve(decoded: str) -> str:
    """Read like the most eager server: ``\\`` as ``/``, no parameters, one slash, no dot segments."""
    segments: list[str] = []
    parts = decoded.replace("\\", "/").split("/")
    for part in parts:
        name = part.partition(";")[0]
        if name == "..":
            if segments:
                segments.pop()
        elif name not in ("", "."):
            segments.append(name)
    trailing = "/" if segments and parts[-1].partition(";")[0] in ("", ".", "..") else ""
    return "/" + "/".join(segments) + trailing
