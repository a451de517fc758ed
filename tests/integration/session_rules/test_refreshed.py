"""A session's provider asked again: what it says now counts at once, and who lost a group is out."""

import asyncio

import msgspec
import pytest
from aiohttp import web

from idp_adapters import Identity, LoginCompleted
from session_store import (
    BrowserSession,
    CookieHash,
    EndpointId,
    EndReason,
    Store,
    Tombstone,
    endpoint_id,
)
from tests.support.admin_api import running_api
from tests.support.edge import HOST, hash_of
from tests.support.hostile_oidc import Lies, change
from tests.support.http_client import Client, connected, request
from tests.support.oidc_login import answer
from tests.support.open_streams import CLOSE_1008
from tests.support.refreshing import (
    HANDSHAKE,
    INTERVAL_S,
    NAVIGATION,
    OPEN,
    OPS,
    World,
    refreshing,
    turn_given_back,
    turn_over,
)
from tests.support.upstreams import received


async def ended_by_refresh(world: World, cookie: str) -> bool:
    """Whether a visitor is out by a refresh: a person goes to the login, a script is told."""
    page = await world.ask(cookie, OPEN, headers=NAVIGATION)
    assert (page.status, page.header("location")[:17]) == (302, "/.outerward/login")
    script = await world.ask(cookie, OPEN)
    assert (script.status, script.json["details"]["reason"]) == (401, "revoked")
    ended = await world.standing(cookie)
    assert isinstance(ended, Tombstone)
    return ended.reason is EndReason.REFRESH_REFUSED


# What the provider says now


async def test_what_changed_arrives_in_the_upstreams_headers_and_in_the_api(
    store_url: str, store: Store
) -> None:
    async with refreshing(store_url, pass_access_token=True) as world, running_api(store) as api:
        cookie = await world.enter()
        world.hostile.user |= {
            "name": "Ada King",
            "email": "king@example.com",
            "preferred_username": "king",
            "groups": ["ops", "new"],
        }
        assert received(await world.ask(cookie)).all("x-forwarded-groups") == ["ops"]
        world.pass_interval()
        got = received(await world.ask(cookie))
        (user,) = (await api.call("GET", "/app/users")).json["application_users"]

    assert got.all("x-forwarded-groups") == ["ops,new"]
    assert got.all("x-forwarded-email") == ["king@example.com"]
    assert got.all("x-forwarded-preferred-username") == ["king"]
    assert got.all("x-forwarded-access-token") == ["an-access-token-1"]
    assert (user["name"], user["email"]) == ("Ada King", "king@example.com")


async def test_the_provider_is_asked_once_an_interval_and_each_time_with_the_token_it_gave_last(
    world: World,
) -> None:
    cookie = await world.enter()
    for _ in range(3):
        world.pass_interval()
        for _ in range(3):
            assert (await world.ask(cookie)).status == 200

    assert world.asked == ["refresh-0.0", "refresh-0.1", "refresh-0.2"]


async def test_before_what_was_said_is_old_requests_do_not_wait_for_the_provider(world: World) -> None:
    cookie = await world.enter()
    world.hostile.refresh_tokens.held = asyncio.Event()
    world.pass_time(INTERVAL_S * 0.7)
    assert (await world.ask(cookie)).status == 200
    assert world.asked == []
    world.pass_time(INTERVAL_S * 0.1)
    for _ in range(5):
        assert (await world.ask(cookie)).status == 200
    await world.hostile.refresh_tokens.started.wait()
    world.hostile.user["groups"] = ["ops", "new"]
    world.hostile.refresh_tokens.held.set()
    await world.settled()

    assert received(await world.ask(cookie)).all("x-forwarded-groups") == ["ops,new"]
    assert len(world.asked) == 1


# Who lost a group


async def test_who_lost_a_group_is_out_where_it_counts_and_goes_on_elsewhere(world: World) -> None:
    cookie = await world.enter(OPS, OPEN)
    world.hostile.user["groups"] = []
    world.pass_interval()

    assert (await world.ask(cookie, OPEN)).status == 200
    refused = await world.ask(cookie, OPS)
    assert (refused.status, refused.json["details"]["reason"]) == (401, "revoked")
    assert (await world.ask(cookie, OPEN)).status == 200
    assert isinstance(await world.standing(cookie), BrowserSession)


async def test_who_lost_a_group_is_not_let_in_by_a_first_visit_after_the_interval(world: World) -> None:
    cookie = await world.sign_in()
    world.hostile.user["groups"] = []
    world.pass_interval()
    hits = world.upstream.hits

    assert (await world.ask(cookie, OPS)).status == 401
    assert world.upstream.hits == hits
    assert len(world.asked) == 1


async def opened(client: Client, cookie: str, kind: str) -> None:
    """A stream at the operators' route, open."""
    headers = HANDSHAKE if kind == "socket" else ()
    await client.send(request(target=f"{OPS}/{kind}", cookie=cookie, headers=headers))
    got = b""
    while not got.endswith(b"\r\n\r\n" if kind == "socket" else b"data: 1\n\n\r\n"):
        got += await client.read()


async def test_open_streams_of_who_lost_a_group_close_though_the_visitor_asks_for_nothing(
    world: World,
) -> None:
    cookie = await world.enter(OPS, OPEN)
    async with connected(world.edges[0].port) as socket, connected(world.edges[0].port) as events:
        await opened(socket, cookie, "socket")
        await opened(events, cookie, "events")
        world.hostile.user["groups"] = []
        world.pass_interval()

        frame = await socket.ended()
        assert str(int.from_bytes(frame[2:4], "big")) == CLOSE_1008
        assert not (await events.ended()).endswith(b"0\r\n\r\n")
    assert isinstance(await world.standing(cookie), BrowserSession)


# A provider that cannot be asked


def raw(body: bytes, status: int = 200) -> Lies:
    return Lies(answers={"/token": answer(body, status)})


async def _cut(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


DOWN = {
    "500": raw(b"oops", 500),
    "503 as an OAuth error": raw(b'{"error": "temporarily_unavailable"}', 503),
    "another OAuth error": raw(b'{"error": "invalid_client"}', 401),
    "garbage": raw(b"\x00<html>"),
    "nothing": raw(b""),
    "no token": raw(b"{}"),
    "cut": Lies(answers={"/token": _cut}),
    "userinfo away": Lies(answers={"/userinfo": answer(b"oops", 500)}),
}


@pytest.mark.parametrize("fault", DOWN)
async def test_oidc_29_a_provider_that_cannot_be_asked_keeps_the_session_and_has_half_a_minute(
    world: World, fault: str
) -> None:
    cookie = await world.enter()
    world.hostile.lies = DOWN[fault]
    world.pass_interval()
    before = world.hostile.hits["/token"]
    for _ in range(3):
        assert (await world.ask(cookie)).status == 200
    world.pass_time(29)
    assert (await world.ask(cookie)).status == 200

    assert world.hostile.hits["/token"] == before + 1
    assert isinstance(await world.standing(cookie), BrowserSession)


async def test_oidc_29_a_provider_that_was_down_is_asked_again_with_the_same_token(
    world: World, store_url: str
) -> None:
    cookie = await world.enter()
    world.hostile.lies = raw(b"oops", 500)
    world.pass_interval()
    assert (await world.ask(cookie)).status == 200
    world.hostile.lies = Lies()
    world.hostile.user["groups"] = ["ops", "new"]
    world.pass_time(31)
    turn_over(store_url, 30_000)

    assert received(await world.ask(cookie)).all("x-forwarded-groups") == ["ops,new"]


async def test_oidc_29_a_provider_that_is_silent_slows_one_request_and_not_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.refresher.WAIT_S", 0.2)
    cookie = await world.enter()
    world.hostile.refresh_tokens.held = asyncio.Event()
    world.pass_interval()
    assert (await world.ask(cookie)).status == 200
    monkeypatch.setattr("proxy.refresher.WAIT_S", 60)
    for _ in range(3):
        assert (await world.ask(cookie)).status == 200
    world.hostile.refresh_tokens.held.set()


# A provider that says no


def other_issuer() -> Lies:
    return Lies(claims=change(iss="https://elsewhere.example"))


def forged() -> Lies:
    return Lies(signature=lambda _: b"x" * 256)


NO = {
    "OIDC-28 another subject": Lies(claims=change(sub="eve")),
    "OIDC-28 another issuer": other_issuer(),
    "OIDC-28 another audience": Lies(claims=change(aud="another")),
    "a signature that fails": forged(),
    "no algorithm": Lies(header=change(alg="none"), signature=lambda _: b""),
    "userinfo of somebody else": Lies(userinfo=change(sub="eve")),
    "a name that controls": Lies(claims=change(name="Ada\r\nX-Forwarded-User: root")),
    "OIDC-29 invalid_grant": raw(b'{"error": "invalid_grant"}', 400),
}


@pytest.mark.parametrize("lie", NO)
async def test_oidc_28_and_29_a_provider_that_says_no_ends_the_session(world: World, lie: str) -> None:
    cookie = await world.enter(OPS, OPEN)
    world.hostile.lies = NO[lie]
    world.pass_interval()
    hits = world.upstream.hits

    assert (await world.ask(cookie)).status == 401
    assert await ended_by_refresh(world, cookie)
    assert world.upstream.hits == hits


async def test_oidc_28_whoever_a_provider_of_any_kind_speaks_of_must_be_the_sessions_own_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def of_somebody_else(memory: bytes, identity: Identity) -> LoginCompleted:
        return LoginCompleted(identity=msgspec.structs.replace(identity, subject="eve"))

    cookie = await world.enter(OPS, OPEN)
    monkeypatch.setattr(world.oidc, "refresh", of_somebody_else)
    world.pass_interval()

    assert (await world.ask(cookie)).status == 401
    assert await ended_by_refresh(world, cookie)


async def test_a_session_that_nothing_can_be_asked_with_ends(world: World) -> None:
    world.hostile.refresh_tokens.given = False
    cookie = await world.enter(OPS, OPEN)
    world.hostile.access_tokens.clear()
    world.pass_interval()

    assert (await world.ask(cookie)).status == 401
    assert await ended_by_refresh(world, cookie)


async def test_what_was_said_holds_to_its_end_where_nothing_can_be_asked_with(
    world: World, store_url: str
) -> None:
    world.hostile.refresh_tokens.given = False
    cookie = await world.enter(OPEN)
    world.hostile.access_tokens.clear()
    world.pass_time(INTERVAL_S * 0.8)
    for _ in range(2):
        assert (await world.ask(cookie, OPEN)).status == 200
        await world.settled()
    assert isinstance(await world.standing(cookie), BrowserSession)
    turn_given_back(store_url)
    world.pass_time(INTERVAL_S * 0.3)

    assert (await world.ask(cookie, OPEN)).status == 401
    assert await ended_by_refresh(world, cookie)


async def test_without_a_refresh_token_userinfo_is_asked_and_says_who_lost_a_group(world: World) -> None:
    world.hostile.refresh_tokens.given = False
    cookie = await world.enter(OPS, OPEN)
    world.pass_interval()
    assert (await world.ask(cookie)).status == 200
    world.hostile.user["groups"] = []
    world.pass_interval()

    assert (await world.ask(cookie, OPS)).status == 401
    assert (await world.ask(cookie, OPEN)).status == 200


async def test_another_sessions_record_after_the_wait_is_unavailable_and_checks_begin_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie, other = await world.enter(), await world.enter()
    record = await world.store.check(hash_of(other), endpoint_id(HOST + OPS))
    begun_anew: list[None] = []

    async def out_of_step(cookie_hash: CookieHash, endpoint_id: EndpointId) -> bytes | None:
        return record

    monkeypatch.setattr(world.store, "check", out_of_step)
    monkeypatch.setattr(world.store, "begin_checks_anew", lambda: begun_anew.append(None))
    world.pass_interval()

    assert (await world.ask(cookie)).status == 503
    assert begun_anew == [None]


async def test_an_endpoint_whose_provider_is_not_asked_again_asks_nothing(store_url: str) -> None:
    async with refreshing(store_url, refresh_after_s={}) as world:
        cookie = await world.enter()
        world.pass_time(3000)
        assert (await world.ask(cookie)).status == 200
        assert world.asked == []
