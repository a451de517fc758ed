"""Lists without measure and names that are none: what a provider says is bounded before it is kept."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from idp_adapters import allowed, parse_rule
from tests.support.preset_logins import PresetLogins
from tests.support.preset_openid import Microsoft

API = "api.github.com/user"
NAMES = {"login": "acme", "slug": "ops", "organization": {"login": "acme"}}


def says(body: object, **headers: str) -> Any:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(body, headers=headers)

    return answer


@pytest.mark.parametrize("which", ["emails", "orgs", "teams"])
async def test_a_page_with_more_than_was_asked_for_ends_the_login_and_is_the_last(
    logins: PresetLogins, which: str
) -> None:
    following = f'<https://{API}/{which}?page=2>; rel="next"'
    logins.servers.answers[f"{API}/{which}"] = says([NAMES] * 101, Link=following)

    error = await logins.error("github")

    assert (error.reason, "more than 100 entries" in error.detail) == ("provider_error", True)
    assert sum(which in asked for asked in logins.servers.asked) == 1


async def test_no_more_addresses_are_asked_for_once_the_primary_one_is_known(logins: PresetLogins) -> None:
    primary = {"email": "ada@example.com", "primary": True, "verified": True}
    following = f'<https://{API}/emails?page=2>; rel="next"'
    logins.servers.answers[f"{API}/emails"] = says([primary], Link=following)

    assert (await logins.identity("github")).email == "ada@example.com"
    assert sum("emails" in asked for asked in logins.servers.asked) == 1


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("o" * 256, id="long"),
        pytest.param("ops\n", id="line-end"),
        pytest.param("ops\u2028x", id="line-separator"),
    ],
)
async def test_a_team_that_can_be_no_group_is_kept_nowhere(logins: PresetLogins, slug: str) -> None:
    logins.servers.github.teams = [("Acme", slug), ("Acme", "web-dev")]

    assert (await logins.identity("github")).teams == ("acme/web-dev",)


async def test_letters_that_unicode_folds_together_are_two_teams(logins: PresetLogins) -> None:
    logins.servers.github.teams = [("Acme", "\u212aube")]

    identity = await logins.identity("github")

    assert not allowed([parse_rule("github-team:acme/kube")], identity)
    assert allowed([parse_rule("github-team:ACME/\u212aube")], identity)


async def test_more_groups_at_microsoft_than_are_kept_are_not_asked_for(logins: PresetLogins) -> None:
    microsoft = logins.servers.microsoft
    microsoft.person["_claim_names"] = {"groups": "src1"}
    place = microsoft.groups_place
    page = {"value": [{"id": f"g{n}"} for n in range(501)], "@odata.nextLink": f"https://{place}?x=1"}
    logins.servers.answers[place] = says(page)

    assert (await logins.error("microsoft")).reason == "invalid_claims"
    assert sum(place in asked for asked in logins.servers.asked) == 1


@pytest.mark.parametrize(
    ("preset", "place", "module"),
    [
        pytest.param("github", f"{API}/emails", "idp_adapters.oauth.provider", id="emails"),
        pytest.param("github", f"{API}/teams", "idp_adapters.oauth.provider", id="teams"),
        pytest.param("microsoft", Microsoft.groups_place, "idp_adapters.oidc.overage", id="groups"),
    ],
)
async def test_pages_that_each_come_just_in_time_hold_no_login_up(
    logins: PresetLogins, monkeypatch: pytest.MonkeyPatch, preset: str, place: str, module: str
) -> None:
    logins.servers.microsoft.person["_claim_names"] = {"groups": "src1"}
    never = asyncio.Event()

    async def late(request: web.Request) -> web.Response:
        await never.wait()
        return web.json_response([])

    logins.servers.answers[place] = late
    monkeypatch.setattr(f"{module}.LISTS_PATIENCE_S", 0.2)

    error = await logins.error(preset)

    assert (error.reason, "take too long" in error.detail) == ("provider_unreachable", True)
    never.set()


async def test_the_proof_of_a_call_to_facebook_is_in_no_error(logins: PresetLogins) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        assert request.query["appsecret_proof"]
        return web.Response(status=302, headers={"Location": "https://evil.example/"})

    logins.servers.answers["graph.facebook.com/v25.0/me"] = elsewhere

    error = await logins.error("facebook")

    assert "/v25.0/me: answered with a redirect" in error.detail
    assert "appsecret_proof" not in f"{error}"
