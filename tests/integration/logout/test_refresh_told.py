"""What a refresh tells of a person: what is new counts, what is gone is gone, what nobody spoke of stays."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from idp_adapters import Identity, LoginCompleted, LoginError
from idp_adapters.oidc.session import SessionMemory, read_memory
from idp_adapters.transport import Transport
from tests.support.hostile_oidc import MISSING, HostileProvider, Lies, change
from tests.support.oidc_login import Login, answer, opened

NO_ID_TOKEN = change(id_token=MISSING)


@pytest.fixture
async def login() -> AsyncIterator[Login]:
    """A provider that gives refresh tokens, and our side of it."""
    async with HostileProvider.running() as hostile:
        hostile.refresh_tokens.given = True
        async with opened(hostile) as made:
            yield made


async def refreshed(login: Login, earlier: LoginCompleted) -> LoginCompleted:
    """Refresh, which must go well."""
    completed = await login.oidc.refresh(earlier.memory, earlier.identity)
    assert completed is not None
    return completed


def memory_of(completed: LoginCompleted) -> SessionMemory:
    memory = read_memory(completed.memory)
    assert memory is not None
    return memory


def by_token(login: Login, **claims: Any) -> None:
    """Let ID tokens tell these claims, and userinfo none of them."""
    login.hostile.lies = Lies(claims=change(**claims))
    for name in claims:
        login.hostile.user.pop(name, None)


async def test_groups_of_userinfo_that_are_gone_are_gone(login: Login) -> None:
    first = await login.completed()
    login.hostile.lies.refreshed = NO_ID_TOKEN
    del login.hostile.user["groups"]

    assert first.identity.groups == ("ops",)
    assert (await refreshed(login, first)).identity.groups == ()


@pytest.mark.parametrize("groups", [[], None, ""], ids=["empty", "null", "no text"])
async def test_groups_that_userinfo_says_are_none_are_none_whoever_told_them_first(
    groups: object, login: Login
) -> None:
    by_token(login, groups=["ops"])
    first = await login.completed()
    login.hostile.lies = Lies(refreshed=NO_ID_TOKEN)
    login.hostile.user["groups"] = groups

    assert first.identity.groups == ("ops",)
    assert (await refreshed(login, first)).identity.groups == ()


async def test_groups_of_the_id_token_stay_where_a_refresh_brings_none(login: Login) -> None:
    by_token(login, groups=["ops"], preferred_username="token-ada", sid="s-1")
    first = await login.completed()
    login.hostile.lies = Lies(refreshed=NO_ID_TOKEN)
    second = await refreshed(login, await refreshed(login, first))

    assert second.identity == first.identity
    assert (second.identity.groups, second.identity.username) == (("ops",), "token-ada")
    assert memory_of(second).id_token == memory_of(first).id_token


async def test_groups_that_a_refreshed_id_token_no_longer_has_are_gone(login: Login) -> None:
    by_token(login, groups=["ops"])
    first = await login.completed()
    login.hostile.lies = Lies()

    assert first.identity.groups == ("ops",)
    assert (await refreshed(login, first)).identity.groups == ()


async def test_groups_that_userinfo_told_in_a_refresh_are_gone_when_it_stops(login: Login) -> None:
    by_token(login, groups=["ops"])
    first = await login.completed()
    login.hostile.lies = Lies(refreshed=NO_ID_TOKEN)
    login.hostile.user["groups"] = ["dev"]
    second = await refreshed(login, first)
    del login.hostile.user["groups"]
    third = await refreshed(login, second)

    assert (second.identity.groups, third.identity.groups) == (("dev",), ())


async def test_an_email_that_userinfo_takes_back_is_gone_and_its_verification_with_it(login: Login) -> None:
    first = await login.completed()
    login.hostile.lies.refreshed = NO_ID_TOKEN
    login.hostile.user["email_verified"] = False
    second = await refreshed(login, first)
    del login.hostile.user["email"]
    third = await refreshed(login, second)

    assert (first.identity.email, first.identity.email_verified) == ("ada@example.com", True)
    assert (second.identity.email, second.identity.email_verified) == ("ada@example.com", False)
    assert (third.identity.email, third.identity.email_verified) == ("", False)


@pytest.mark.parametrize("verified", [True, False])
async def test_what_userinfo_says_of_an_email_says_nothing_of_the_id_token_s(
    verified: bool, login: Login
) -> None:
    by_token(login, email="ada@token.example", email_verified=verified)
    first = await login.completed()
    login.hostile.lies = Lies(refreshed=NO_ID_TOKEN)
    login.hostile.user["email_verified"] = not verified
    second = await refreshed(login, first)

    assert (second.identity.email, second.identity.email_verified) == ("ada@token.example", verified)


async def test_a_provider_s_session_keeps_its_name_without_the_caller_s_help(login: Login) -> None:
    login.hostile.lies.claims = change(sid="s-1")
    first = await login.completed()
    forgotten = msgspec.structs.replace(first.identity, session_id="")
    for refresh in (NO_ID_TOKEN, change()):
        login.hostile.lies = Lies(refreshed=refresh)
        completed = await login.oidc.refresh(first.memory, forgotten)
        assert completed is not None
        assert (completed.names, completed.identity.session_id) == (first.names, "s-1")
        first = msgspec.structs.replace(first, memory=completed.memory)


async def test_a_refresh_hands_out_the_new_access_token(login: Login) -> None:
    first = await login.completed()
    second = await refreshed(login, first)

    assert (first.access_token, second.access_token) == ("an-access-token", "an-access-token-1")
    assert memory_of(second).access_token == "an-access-token-1"


async def test_a_refresh_that_takes_longer_than_a_login_may_keeps_its_next_token(
    login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await login.completed()
    tokens = login.hostile.refresh_tokens
    tokens.held = asyncio.Event()
    assert isinstance(login.oidc._fetch, Transport)
    with monkeypatch.context() as hurry:
        hurry.setattr(login.oidc._fetch, "_deadline_s", 0.0)
        asking = asyncio.create_task(refreshed(login, first))
        await tokens.started.wait()
    tokens.held.set()
    third = await refreshed(login, await asking)

    assert tokens.used == ["refresh-0.0", "refresh-0.1"]
    assert memory_of(third).refresh_token == "refresh-0.2"


@pytest.mark.parametrize("status", [500, 429, 302, 401])
async def test_what_fails_after_the_token_was_spent_loses_neither_token_nor_session(
    status: int, login: Login
) -> None:
    first = await login.completed()
    login.hostile.lies.answers["/userinfo"] = answer(b"{}", status=status)
    login.hostile.user["groups"] = ["dev"]
    with capture_logs() as logged:
        second = await refreshed(login, first)
    login.hostile.lies.answers.clear()
    third = await refreshed(login, second)

    assert (second.identity, second.names) == (first.identity, first.names)
    assert memory_of(second).refresh_token == "refresh-0.1"
    assert memory_of(second).id_token == memory_of(first).id_token != memory_of(third).id_token
    assert third.identity.groups == ("dev",)
    assert [entry["event"] for entry in logged] == ["refresh_incomplete"]
    assert "refresh-0" not in repr(logged)


@pytest.mark.parametrize("brings", ["the same", "none"])
async def test_a_refresh_token_that_does_not_rotate_is_used_again(brings: str, login: Login) -> None:
    login.hostile.refresh_tokens.rotates = False
    if brings == "none":
        login.hostile.lies.refreshed = change(refresh_token=MISSING)
    second = await refreshed(login, await refreshed(login, await login.completed()))

    assert memory_of(second).refresh_token == "refresh-0.0"
    assert login.hostile.refresh_tokens.used == ["refresh-0.0", "refresh-0.0"]


async def refusal(login: Login, memory: bytes, identity: Identity) -> str:
    with pytest.raises(LoginError) as caught:
        await login.oidc.refresh(memory, identity)
    return caught.value.reason


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"sub": "eve"}, "invalid_token"),
        ({"iss": "https://other.example"}, "invalid_token"),
        ({"aud": "them"}, "invalid_token"),
        ({"nonce": "another"}, "invalid_token"),
        ({"name": "a\nb"}, "invalid_claims"),
    ],
    ids=["sub", "iss", "aud", "nonce", "line break"],
)
async def test_oidc_28_what_must_not_go_on_ends_a_session_though_its_token_is_spent(
    claims: dict[str, Any], reason: str, login: Login
) -> None:
    first = await login.completed()
    login.hostile.lies.claims = change(**claims)

    assert await refusal(login, first.memory, first.identity) == reason


async def test_o9_a_token_that_is_used_twice_ends_the_whole_family(login: Login) -> None:
    first = await login.completed()
    second = await refreshed(login, first)

    assert await refusal(login, first.memory, first.identity) == "denied"
    assert await refusal(login, second.memory, first.identity) == "denied"


async def without(login: Login) -> LoginCompleted:
    """A login that brings no refresh token."""
    login.hostile.refresh_tokens.given = False
    return await login.completed()


async def test_without_a_refresh_token_userinfo_is_asked_again(login: Login) -> None:
    first = await without(login)
    login.hostile.user["groups"] = ["dev"]
    second = await refreshed(login, first)
    del login.hostile.user["groups"]
    third = await refreshed(login, second)

    assert [each.identity.groups for each in (first, second, third)] == [("ops",), ("dev",), ()]
    assert third.access_token == first.access_token
    assert login.hostile.hits["/token"] == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_an_access_token_that_came_to_its_end_says_nothing_of_the_person(
    status: int, login: Login
) -> None:
    first = await without(login)
    login.hostile.lies.answers["/userinfo"] = answer(b"{}", status=status)

    assert await login.oidc.refresh(first.memory, first.identity) is None


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, b"{}", "provider_error"),
        (429, b"{}", "provider_error"),
        (200, b"<html>", "provider_error"),
        (302, b"", "provider_misconfigured"),
        (200, b'{"sub": "eve"}', "invalid_token"),
        (200, b"{}", "invalid_token"),
    ],
    ids=["500", "429", "HTML", "redirect", "another", "nobody"],
)
async def test_oidc_29_without_a_refresh_token_an_error_is_told_apart(
    status: int, body: bytes, reason: str, login: Login
) -> None:
    first = await without(login)
    login.hostile.lies.answers["/userinfo"] = answer(body, status=status)

    assert await refusal(login, first.memory, first.identity) == reason


async def test_without_userinfo_there_is_nothing_to_ask(login: Login) -> None:
    login.hostile.lies.metadata = change(userinfo_endpoint=MISSING)
    first = await without(login)

    assert await login.oidc.refresh(first.memory, first.identity) is None


async def test_a_memory_of_before_is_still_read(login: Login) -> None:
    first = await login.completed()
    kept = memory_of(first)
    older = {"type": "oidc-session-1", "id_token": kept.id_token, "nonce": kept.nonce}
    with_token = msgspec.msgpack.encode(older | {"refresh_token": kept.refresh_token})
    second = await login.oidc.refresh(with_token, first.identity)

    assert second is not None
    assert second.identity == first.identity
    assert await login.oidc.refresh(msgspec.msgpack.encode(older), first.identity) is None


async def test_oidc_29_a_provider_that_hangs_up_on_a_refresh_is_unreachable(login: Login) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    first = await login.completed()
    login.hostile.lies.answers["/token"] = hang_up

    assert await refusal(login, first.memory, first.identity) == "provider_unreachable"
