"""Groups that did not fit into a token, read page by page from where the provider keeps them.

Microsoft's "groups overage claim" (identity platform, ID token claims reference) and Microsoft Graph's
transitiveMemberOf. Asks the address of the preset and its next pages alone, never one out of a token.
"""

import asyncio
from urllib.parse import urlsplit

from idp_adapters.destinations import Destinations, UrlError
from idp_adapters.oidc.person import MAX_GROUPS
from idp_adapters.provider import LoginError
from idp_adapters.strict_json import JsonError, read_object
from idp_adapters.transport import Answer, Fetch, Request

MAX_PAGES = 20
LISTS_PATIENCE_S = 30.0
"""For all pages together: pages that each come just in time must not hold a login up for minutes."""
_NEXT = "@odata.nextLink"


async def fetch_groups(fetch: Fetch, url: str, access_token: str) -> list[object]:
    """The ids of the groups at ``url``, all of them.

    Raises LoginError where they cannot be had whole: to go on without some would be to lose them in silence.
    """
    try:
        async with asyncio.timeout(LISTS_PATIENCE_S):
            return await _all_pages(fetch, url, access_token)
    except TimeoutError:
        raise LoginError("provider_unreachable", "the pages of groups take too long") from None


async def _all_pages(fetch: Fetch, url: str, access_token: str) -> list[object]:
    groups: list[object] = []
    page = url
    for _ in range(MAX_PAGES):
        answer = await fetch(Request("GET", page, headers={"Authorization": f"Bearer {access_token}"}))
        found, page = read_page(answer, url)
        groups += found
        if len(groups) > MAX_GROUPS:
            raise LoginError("invalid_claims", f"more than {MAX_GROUPS} groups")
        if not page:
            return groups
    raise _failed(f"more than {MAX_PAGES} pages of groups")


def read_page(answer: Answer, url: str) -> tuple[list[object], str]:
    """The ids on one page, and the address of the next; "" where it is the last. Raises LoginError."""
    if answer.status != 200:
        raise _failed(f"the groups' address answered {answer.status}")
    try:
        members = read_object(answer.body)
    except JsonError as error:
        raise _failed(f"the groups' address: {error}") from None
    entries, following = members.get("value"), members.get(_NEXT, "")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _failed("the groups' address answered without a list of groups")
    if not isinstance(following, str) or (following and not _continues(following, url)):
        raise _failed("the groups' next page is elsewhere")
    return [entry.get("id") for entry in entries], following


def _continues(following: str, url: str) -> bool:
    """Whether ``following`` has the scheme, host and path of ``url``: the access token goes there."""
    try:
        Destinations().check_url(following)
    except UrlError:
        return False
    ours, theirs = urlsplit(url), urlsplit(following)
    return (theirs.scheme, theirs.netloc, theirs.path) == (ours.scheme, ours.netloc, ours.path)


def _failed(detail: str) -> LoginError:
    return LoginError("provider_error", detail)
