"""Ids as they are typed: of what kind each is, its path in the API, and what is said of one that is none.

The prefixes are the API's. Whether there is anything under an id is the API's to know.
"""

import re
import shlex
from dataclasses import dataclass

from outerward.errors import OuterwardError
from outerward.plain_text import printable

_ID = re.compile(r"[A-Za-z0-9_]{1,100}")
_LONGEST_SEARCH = 60


@dataclass(frozen=True)
class Kind:
    """A kind of object: what it is called, how its ids begin, its list, and the command that finds an id.

    ``is_searched``: that command takes ``-q``.
    """

    noun: str
    prefix: str
    path: str
    found_by: str
    is_searched: bool = True


SESSION = Kind("session", "edgses_", "/app/sessions", "outerward sessions ls")
USER = Kind("user", "edgusr_", "/app/users", "outerward users ls")
TOKEN = Kind("token", "owtok_", "/tokens", "outerward tokens ls", is_searched=False)
_KINDS = (SESSION, USER, TOKEN)


def can_be_id(text: str) -> bool:
    """Whether ``text`` can stand in a path, and in a filter, as an id of whatever kind."""
    return bool(_ID.fullmatch(text))


def misnamed(kind: Kind, wanted: str) -> str:
    """Why ``wanted`` cannot be an id of ``kind``, in words; "" where it can."""
    shown = printable(wanted) or "nothing"
    of = next((each for each in _KINDS if wanted.startswith(each.prefix)), None)
    if of is None or not can_be_id(wanted):
        return f"{shown} is no {kind.noun}'s id; find it by `{kind.found_by}{_search(kind, wanted)}`"
    return "" if of is kind else f"{shown} is a {of.noun}'s id; here a {kind.noun}'s is wanted"


def object_path(kind: Kind, wanted: str) -> str:
    """The path of one object. Raises OuterwardError for what cannot be its id."""
    if told := misnamed(kind, wanted):
        raise OuterwardError(told)
    return f"{kind.path}/{wanted}"


def _search(kind: Kind, wanted: str) -> str:
    if not kind.is_searched:
        return ""
    can_be_typed = wanted.isprintable() and len(wanted.strip()) > 0 and len(wanted) <= _LONGEST_SEARCH
    return f" -q {shlex.quote(wanted) if can_be_typed else '…'}"
