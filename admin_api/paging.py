"""Pages of a list: which part a caller asks for, and the link to the next.

``before_id`` is an exclusive position, not a row: it goes on working when that row is gone. Links are built
from the configured public URL alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from admin_api.problems import Code, Problem
from session_store import is_id

PAGE_PARAMETERS = frozenset({"limit", "before_id"})
LARGEST_PAGE = 100

_LIMIT = re.compile(r"[1-9][0-9]?|100")


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a list that was asked for, newest first."""

    limit: int
    before: str | None


def requested_limit(query: Mapping[str, str]) -> int:
    """How many rows ``query`` asks for. Raises Problem (400) outside 1 to 100."""
    limit = query.get("limit", str(LARGEST_PAGE))
    if not _LIMIT.fullmatch(limit):
        raise Problem(Code.BAD_LIMIT)
    return int(limit)


def requested_slice(query: Mapping[str, str], id_prefix: str) -> Slice:
    """What ``query`` asks for of a list of ids that begin with ``id_prefix``.

    Raises Problem (400) for a limit outside 1 to 100 and for a ``before_id`` of another shape or kind.
    """
    limit = requested_limit(query)
    before = query.get("before_id")
    if before is not None and not is_id(before, id_prefix):
        raise Problem(Code.BAD_BEFORE_ID)
    return Slice(limit, before)


def next_page_uri(collection_uri: str, query: Mapping[str, str], last_id: str) -> str:
    """The page after ``last_id`` with the caller's other parameters."""
    kept = {name: value for name, value in query.items() if name != "before_id"}
    return f"{collection_uri}?{urlencode({**kept, 'before_id': last_id})}"
