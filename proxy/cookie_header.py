"""The ``Cookie`` header on its way through: find our session cookie, and pass on everything but ours.

Names compare byte for byte after trimming blanks; quotes belong to the value (RFC 6265 §5.4). Total on any
bytes: a cookie header never raises.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from session_store import CookieHash

_VALUE = re.compile(rb"[A-Za-z0-9_-]{43}")
_OURS = re.compile(rb"(?:__Host-)?outerward(?:-admin|-login-[A-Za-z0-9_-]{0,64})?")


@dataclass(frozen=True, slots=True)
class Cookies:
    """What a request's cookies hold for us.

    ``hash`` is None where there is no session cookie, where there are two of its name (``doubled``), and
    where its value cannot be one of ours. ``others`` is the header to pass on, empty when nothing is left.
    """

    hash: CookieHash | None
    doubled: bool
    others: bytes


NO_COOKIES = Cookies(None, False, b"")


def read_cookies(
    lines: Sequence[bytes], session_name: bytes, also_ours: frozenset[bytes] = frozenset()
) -> Cookies:
    """Split the ``Cookie`` lines of one request (RFC 9113 §8.2.3 allows several).

    ``also_ours`` are session cookies of other hosts that come along.
    """
    if not lines:
        return NO_COOKIES
    found: list[bytes] = []
    others: list[bytes] = []
    for line in lines:
        for pair in line.split(b";"):
            name, _, value = pair.partition(b"=")
            name = name.strip(b" \t")
            if name == session_name:
                found.append(value.strip(b" \t"))
            elif name not in also_ours and not _OURS.fullmatch(name) and pair.strip(b" \t"):
                others.append(pair.strip(b" \t"))
    only = found[0] if len(found) == 1 and _VALUE.fullmatch(found[0]) else None
    return Cookies(
        CookieHash(hashlib.sha256(only).digest()) if only is not None else None,
        len(found) > 1,
        b"; ".join(others),
    )


def sets_our_cookie(value: bytes, also_ours: frozenset[bytes] = frozenset()) -> bool:
    """Whether a ``Set-Cookie`` value would set a cookie of ours; an upstream must not."""
    # Browsers keep a cookie without a name and send its value alone, which then reads as a name and a value.
    name = value.partition(b";")[0].lstrip(b"= \t").partition(b"=")[0].rstrip(b" \t")
    return name in also_ours or bool(_OURS.fullmatch(name))
