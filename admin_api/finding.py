"""What a caller looks for: a filter, a search, and a choice between the values that a parameter may have.

Knows the words of a query and which refusal each mistake becomes, not what a filter means.
"""

from collections.abc import Mapping

from admin_api.problems import Code, Problem
from session_store import LONGEST_SEARCH, FilterError, Kind, Search, Wanted, parse_filter

FIND_PARAMETERS = frozenset({"filter", "q"})


def wanted_of(query: Mapping[str, str], kind: Kind) -> Wanted:
    """What ``filter`` and ``q`` of ``query`` ask for. Raises Problem (400)."""
    wanted = filtered(query["filter"], kind) if "filter" in query else Wanted()
    if "q" not in query:
        return wanted
    if len(query["q"]) > LONGEST_SEARCH:
        raise Problem(Code.BAD_SEARCH)
    return Wanted(wanted.filter, Search(query["q"]))


def filtered(text: str, kind: Kind) -> Wanted:
    """What the filter ``text`` lets through. Raises Problem (400), which points at the mistake."""
    try:
        return Wanted(parse_filter(text, kind))
    except FilterError as error:
        details = {"position": str(error.position), "message": error.message}
        raise Problem(Code.BAD_FILTER, details=details) from None


def chosen(query: Mapping[str, str], name: str, *values: str) -> str:
    """Which of ``values`` the parameter ``name`` has: the first where it is absent. Raises Problem (400)."""
    value = query.get(name, values[0])
    if value not in values:
        raise Problem(Code.BAD_CHOICE, details={"parameter": name, "values": ", ".join(values)})
    return value
