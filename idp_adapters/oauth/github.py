"""GitHub's API: the verified e-mail, the organisations and the teams of the person whose access token it is.

https://docs.github.com/en/rest/users/emails, …/rest/orgs/orgs, …/rest/teams/teams. Waits for answers by the
``Fetch`` that it is given; a list that cannot be had whole ends the login.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
import structlog

from idp_adapters.oauth.pages import MAX_PAGES, next_page, read_page
from idp_adapters.oauth.profile import check_answered
from idp_adapters.provider import LoginError
from idp_adapters.transport import Answer, Fetch, Request

API_VERSION = "2022-11-28"
"""What GitHub.com and every supported GitHub Enterprise Server understand."""
_PER_PAGE = 100
_SEE_ORGANISATIONS = frozenset({"read:org", "write:org", "admin:org"})
_HINT = (
    "the token may not ask for it: the scope, the organisation's approval of this application"
    " or its single sign-on is missing"
)

log = structlog.get_logger("idp_adapters.oauth")

Claims = Mapping[str, object]


class GithubMemberships(msgspec.Struct, frozen=True):
    """Organisations by login, and teams as ORG/TEAM, spelled as GitHub does."""

    organisations: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


def github_request(url: str, access_token: str) -> Request:
    """A question to the API with the access token."""
    headers = {
        "Authorization": f"Bearer {access_token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": API_VERSION,
    }
    return Request("GET", url, headers)


async def github_claims(
    fetch: Fetch, profile_url: str, profile: Claims, access_token: str, *, refreshed: bool
) -> Claims:
    """What ``profile`` and the list of e-mail addresses say, named as OpenID Connect does."""
    primary: Claims = {}
    async for entry in _entries(fetch, f"{profile_url}/emails", access_token, refreshed=refreshed):
        if entry.get("primary") is True:
            primary = entry
            break
    return {
        "sub": profile.get("id"),
        "preferred_username": profile.get("login"),
        "name": profile.get("name"),
        "email": primary.get("email"),
        # Always said, so that no setting can stand in for what GitHub itself knows.
        "email_verified": primary.get("verified") is True,
    }


async def github_memberships(
    fetch: Fetch, profile_url: str, access_token: str, scopes: Sequence[str], *, refreshed: bool
) -> GithubMemberships:
    """All organisations and teams; none where ``scopes`` do not ask to see them. Raises LoginError."""
    if _SEE_ORGANISATIONS.isdisjoint(scopes):
        return GithubMemberships()
    organisations = _entries(fetch, f"{profile_url}/orgs", access_token, refreshed=refreshed)
    teams = _entries(fetch, f"{profile_url}/teams", access_token, refreshed=refreshed)
    return GithubMemberships(
        tuple([_text(entry, "login") async for entry in organisations]),
        tuple([f"{_text(_inside(entry), 'login')}/{_text(entry, 'slug')}" async for entry in teams]),
    )


async def _entries(fetch: Fetch, url: str, access_token: str, *, refreshed: bool) -> AsyncIterator[Claims]:
    """The entries of a list, one page at a time, so that what nobody wants of them is not kept."""
    what = f"GitHub's /user/{url.rpartition('/')[2]}"
    page = f"{url}?per_page={_PER_PAGE}"
    for _ in range(MAX_PAGES):
        answer = await fetch(github_request(page, access_token))
        _check_allowed(what, answer)
        check_answered(what, answer, refreshed=refreshed)
        entries = read_page(what, answer)
        if len(entries) > _PER_PAGE:
            raise LoginError("provider_error", f"{what}: a page of more than {_PER_PAGE} entries")
        for entry in entries:
            yield entry
        page = next_page(what, page, answer)
        if not page:
            return
    raise LoginError("provider_error", f"{what}: more than {MAX_PAGES} pages")


def _check_allowed(what: str, answer: Answer) -> None:
    """Say in words why a list is withheld; one of which only a part is withheld is reported."""
    if answer.headers.get("x-ratelimit-remaining") == "0" and answer.status in (403, 429):
        raise LoginError("provider_error", f"{what} answered {answer.status}: asked too often")
    if answer.status in (403, 404):
        raise LoginError("provider_error", f"{what} answered {answer.status}: {_HINT}")
    if answer.headers.get("x-github-sso", "").startswith("partial-results"):
        log.warning("memberships_withheld", what=what, why="single sign-on of an organisation")


def _inside(team: Claims) -> Claims:
    organisation = team.get("organization")
    return organisation if isinstance(organisation, dict) else {}


def _text(entry: Claims, name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value or "/" in value:
        raise LoginError("provider_error", f"GitHub: an entry of a list has no {name}")
    return value
