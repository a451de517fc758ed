"""Each preset at our own door: through its page to a session, if the endpoint's rule says so."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from aiohttp import web

from idp_adapters import LoginError, Provider, allowed, parse_rule, provider_of
from proxy.person import identity_of, principal_of
from session_store import Principal, Store
from tests.integration.presets.people import NAMES, PEOPLE
from tests.support.control import Browser, Reply, route, serving
from tests.support.edge import hash_of
from tests.support.preset_played import Handler
from tests.support.preset_servers import PresetServers

HOST = "app.example.com"
OPS = "11112222-aaaa-bbbb-cccc-333344445555"
ASSUMED = {"email_verified": "assume"}


@dataclass(frozen=True)
class Case:
    """What an endpoint asks for, and how the provider takes back what ``lets_in`` asks for.

    ``changes`` are the settings with which it lets in; ``keeps_out`` is asked with the preset's own.
    """

    lets_in: str
    keeps_out: str
    takes_back: Callable[[PresetServers], object]
    changes: dict[str, Any] = field(default_factory=dict)


CASES = {
    "amazon": Case(
        "ada@example.com",
        "ada@example.com",
        lambda servers: servers.amazon.person.pop("email"),
        ASSUMED,
    ),
    "facebook": Case(
        "ada@example.com",
        "ada@example.com",
        lambda servers: servers.facebook.person.update(email="ada@elsewhere.example"),
        ASSUMED,
    ),
    "github": Case(
        "github-team:Acme/ops",
        "github-team:acme/owners",
        lambda servers: servers.github.teams.remove(("Acme", "ops")),
    ),
    "gitlab": Case(
        "group:acme/ops",
        "github-team:acme/ops",
        lambda servers: servers.gitlab.person["groups"].remove("acme/ops"),
    ),
    "google": Case(
        "@example.com",
        "@accounts.google.com",
        lambda servers: servers.google.userinfo_lies.update(email_verified=False),
    ),
    "linkedin": Case(
        "ada@example.com",
        "@linkedin.com",
        lambda servers: servers.linkedin.userinfo_lies.update(email_verified=False),
    ),
    "microsoft": Case(
        f"group:{OPS}",
        "ada@example.com",
        lambda servers: servers.microsoft.group_ids.remove(OPS),
    ),
    "twitch": Case(
        "ada@example.com",
        "AdaPlays@example.com",
        lambda servers: servers.twitch.person.update(email_verified=False),
    ),
}


@dataclass(frozen=True)
class Door:
    """An endpoint with one preset, and a browser in front of it."""

    servers: PresetServers
    provider: Provider
    visitor: Browser
    store: Store

    async def sign_in(self) -> Reply:
        """Through the provider's page and back to the callback."""
        begun = await self.visitor.get("/.outerward/login?redirect_path=%2Freport")
        answer = await self.servers.browse(begun.location)
        return await self.visitor.get(f"/.outerward/callback/{self.provider.name}?{urlencode(answer)}")

    async def users(self) -> list[Principal]:
        """Who has ever been let in."""
        return [view.user.principal for view in (await self.store.users(limit=10, before=None)).items]

    async def memory(self) -> bytes:
        """What the login left for its session's life."""
        assert self.visitor.session is not None
        memory = await self.store.session_memory(hash_of(self.visitor.session))
        assert memory is not None
        return memory


@asynccontextmanager
async def door(
    servers: PresetServers, store: Store, preset: str, allow: Sequence[str], **changes: Any
) -> AsyncIterator[Door]:
    servers.microsoft.group_ids = ["one", OPS, "another"]
    servers.microsoft.claim_lies = {"_claim_names": {"groups": "src1"}}
    provider = provider_of(preset, servers.of(preset).settings(**changes), fetch=servers.fetch())
    async with serving([route(HOST, provider=preset, allow=allow)], store, [provider]) as control:
        yield Door(servers, provider, control.browser(HOST), store)
    await provider.close()


def twitch_token(servers: PresetServers) -> Handler:
    """A refresh brings no ID token (https://dev.twitch.tv/docs/authentication/refresh-tokens)."""

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("grant_type") != "refresh_token":
            return await servers.twitch.token(request)
        assert form["refresh_token"] == "a-refresh-token"
        tokens = servers.twitch.tokens(servers.twitch.requests[0])
        return web.json_response(tokens | {"id_token": None})

    return answer


def told(preset: str) -> Principal:
    """Who signs in where ``CASES`` let in."""
    identity = PEOPLE[preset]
    if preset == "microsoft":
        identity = msgspec.structs.replace(identity, groups=("one", OPS, "another"))
    if CASES[preset].changes == ASSUMED:
        identity = msgspec.structs.replace(identity, email_verified=True)
    known = msgspec.structs.asdict(identity)
    del known["session_id"]
    return Principal(provider=preset, **known)


@pytest.mark.parametrize("preset", NAMES)
async def test_who_the_rule_is_for_comes_back_to_the_page_with_a_session_and_is_known_whole(
    servers: PresetServers, store: Store, preset: str
) -> None:
    case = CASES[preset]
    async with door(servers, store, preset, [case.lets_in], **case.changes) as at:
        landing = await at.sign_in()

        assert (landing.status, landing.location) == (302, "/report")
        assert list(at.visitor.cookies) == ["__Host-outerward"]
        assert await at.users() == [told(preset)]


@pytest.mark.parametrize("preset", NAMES)
async def test_who_the_rule_is_not_for_gets_neither_a_session_nor_a_record(
    servers: PresetServers, store: Store, preset: str
) -> None:
    async with door(servers, store, preset, [CASES[preset].keeps_out]) as at:
        refused = await at.sign_in()

        assert (refused.status, refused.code) == (403, "OUT-2001")
        assert "ada@example.com" in refused.text
        assert at.visitor.cookies == {}
        assert await at.users() == []


@pytest.mark.parametrize("preset", NAMES)
async def test_what_is_asked_again_with_what_the_login_left_is_the_same_person(
    servers: PresetServers, store: Store, preset: str
) -> None:
    case = CASES[preset]
    servers.answers["id.twitch.tv/oauth2/token"] = twitch_token(servers)
    async with door(servers, store, preset, [case.lets_in], **case.changes) as at:
        await at.sign_in()
        completed = await at.provider.refresh(await at.memory(), identity_of(told(preset)))

    assert completed is not None
    assert principal_of(completed.identity, preset) == told(preset)
    assert completed.memory
    assert not completed.incomplete


@pytest.mark.parametrize("preset", NAMES)
async def test_what_the_provider_takes_back_is_gone_when_it_is_asked_again(
    servers: PresetServers, store: Store, preset: str
) -> None:
    case = CASES[preset]
    servers.answers["id.twitch.tv/oauth2/token"] = twitch_token(servers)
    async with door(servers, store, preset, [case.lets_in], **case.changes) as at:
        await at.sign_in()
        case.takes_back(servers)
        completed = await at.provider.refresh(await at.memory(), identity_of(told(preset)))

    assert completed is not None
    assert completed.identity.subject == told(preset).subject
    assert not allowed([parse_rule(case.lets_in)], completed.identity)


async def test_a_refresh_token_that_twitch_refuses_in_its_own_words_ends_the_session(
    servers: PresetServers, store: Store
) -> None:
    async def refuses(request: web.Request) -> web.Response:
        if (await request.post()).get("grant_type") != "refresh_token":
            return await servers.twitch.token(request)
        told = {"error": "Bad Request", "status": 400, "message": "Invalid refresh token"}
        return web.json_response(told, status=400)

    servers.answers["id.twitch.tv/oauth2/token"] = refuses
    async with door(servers, store, "twitch", ["@example.com"]) as at:
        await at.sign_in()
        with pytest.raises(LoginError) as caught:
            await at.provider.refresh(await at.memory(), identity_of(told("twitch")))

    assert caught.value.reason == "denied"
