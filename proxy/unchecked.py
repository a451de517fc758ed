"""What passes without a session: public paths, and the question that a browser asks before a CORS request.

Both are decided by the canonical path, the method and the header lines of the request, by nothing that a
query, another header or a cookie says. What passes here is told to the upstream without an identity.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from proxy.canonical import InvalidPath, canonical_path
from proxy.fields import Fields, folded

_UNDER = "/*"
_OVERRIDES = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})


@dataclass(frozen=True, slots=True)
class PublicPaths:
    """The ``public_paths`` of a tunnel: paths that are public, and prefixes (``/a/``) of such."""

    exact: frozenset[str]
    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, entries: Iterable[str]) -> "PublicPaths | None":
        """From entries as they are configured; None where there are none. Raises ValueError in words."""
        known = [public_path(entry) for entry in entries]
        if not known:
            return None
        under = sorted({entry[:-1] for entry in known if entry.endswith(_UNDER)})
        widest = [
            each for each in under if not any(each != other and each.startswith(other) for other in under)
        ]
        return cls(frozenset(entry for entry in known if not entry.endswith(_UNDER)), tuple(widest))

    def covers(self, canonical: str) -> bool:
        """Whether the canonical path ``canonical`` is public."""
        return canonical in self.exact or (bool(self.prefixes) and canonical.startswith(self.prefixes))


def public_path(entry: str) -> str:
    """``entry`` itself, if it can be one of ``public_paths``: a canonical path, or one with ``/*`` after it.

    ``/a/*`` covers what is under ``/a/``, and not ``/a``. Raises ValueError in words that fit behind a key.
    """
    if not entry.startswith("/"):
        raise ValueError("must begin with /")
    path = entry[:-1] if entry.endswith(_UNDER) else entry
    if "*" in path:
        raise ValueError("* may stand at the end only, after a slash: /path/*")
    if "?" in path or "#" in path:
        raise ValueError("must be a path alone: a query or a fragment decides nothing")
    if "%" in path:
        raise ValueError("must be written without %: as the path reads when it is decoded")
    try:
        canonical = canonical_path(quote(path, safe="/;\\").encode())
    except InvalidPath as error:
        raise ValueError(f"can match nothing: {error}") from None
    if canonical.reserved:
        raise ValueError("/.outerward is reserved")
    if canonical.ambiguous or canonical.path != path:
        raise ValueError("must be a plain path: no empty or dot segments, no ; and no \\")
    return entry


def is_preflight(method: bytes, fields: Fields) -> bool:
    """Whether this is the question before a CORS request (Fetch §3.2.2, CORS-preflight request).

    A browser sends it without a body, without an upgrade and without headers of the page's choice; one that
    names another method in a header of its own is none.
    """
    return (
        method == b"OPTIONS"
        and fields.body_length == 0
        and not fields.upgrade
        and bool(fields.header(b"origin"))
        and bool(fields.header(b"access-control-request-method"))
        and not any(_names_a_method(line) for line in fields.kept.split(b"\r\n"))
    )


def _names_a_method(line: bytes) -> bool:
    """Whether a header line is an override in any spelling: to a CGI upstream ``_`` and ``-`` are one."""
    return folded(line.partition(b":")[0]) in _OVERRIDES
