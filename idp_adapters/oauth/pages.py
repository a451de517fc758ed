"""Lists that come in pages: how the next one is found, and when a list is given up rather than cut.

RFC 8288, https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api. Pure.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from idp_adapters.provider import LoginError
from idp_adapters.strict_json import JsonError, read_object
from idp_adapters.transport import Answer

MAX_PAGES = 20
"""Of one list; a longer one is refused, since a list that is cut would lose groups in silence."""
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*\w+\s*=\s*(?:"[^"]*"|[^",;]*))*)')
_NEXT = re.compile(r';\s*rel\s*=\s*"?next"?\s*(?:;|$)')


def read_page(what: str, answer: Answer) -> list[Mapping[str, object]]:
    """The entries of one page, each an object. Raises LoginError (*provider_error*)."""
    try:
        # Inside an object, since a list alone has no members whose doubling the strict reader could refuse.
        members = read_object(b'{"page":' + answer.body + b"}")
    except JsonError:
        raise LoginError("provider_error", f"{what}: not a list in JSON") from None
    entries = members.pop("page")
    if members or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LoginError("provider_error", f"{what}: not a list of objects")
    return entries


def next_page(what: str, url: str, answer: Answer) -> str:
    """Where the page after ``url`` lies, "" after the last.

    Raises LoginError (*provider_error*) where it would be somewhere else than the list itself.
    """
    link = answer.headers.get("link", "")
    target = next((found[1] for found in _LINK.finditer(link) if _NEXT.search(found[2])), "")
    if target and not _is_of_one_list(url, target):
        raise LoginError("provider_error", f"{what}: its next page is not of the same list")
    return target


def _is_of_one_list(url: str, target: str) -> bool:
    try:
        one, other = urlsplit(url), urlsplit(target)
    except ValueError:
        return False
    return one[:3] == other[:3] and not other.fragment
