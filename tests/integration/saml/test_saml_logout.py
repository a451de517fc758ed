"""Single logout by SAML, both ways, over real sockets: who ends what, and what the provider is told."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from idp_adapters.saml.names import PROTOCOL, SUCCESS
from idp_adapters.saml.redirect_binding import read_signed
from proxy import UpstreamAddress
from session_store import EndReason, Store, Tombstone
from tests.support.edge import HOST, hash_of, route
from tests.support.http_client import Answer
from tests.support.redis_server import RedisServer
from tests.support.saml_scene import (
    SLO,
    SamlScene,
    inflated,
    saml_scene,
)

SIGNED_OUT = "/.outerward/signed-out"
BOTH = pytest.mark.parametrize("binding", ["post", "redirect"])


async def demand(scene: SamlScene, binding: str, relay_state: str | None = None, **changes: object) -> Answer:
    """A LogoutRequest of the provider's, brought by a browser."""
    options = scene.logout_options(**changes)
    if binding == "post":
        return await scene.post(scene.idp.logout(options), relay_state, target=SLO, name="SAMLRequest")
    return await scene.get(f"{SLO}?{scene.idp.logout_query(options, relay_state)}")


def reply_in(answer: Answer, binding: str) -> tuple[etree._Element, str]:
    """The LogoutResponse that goes back, and its RelayState."""
    if binding == "redirect":
        query = parse_qs(urlsplit(answer.header("location")).query)
        return inflated(query["SAMLResponse"][0]), query.get("RelayState", [""])[0]
    page = etree.HTML(answer.body)
    fields = {each.get("name"): each.get("value", "") for each in page.iter("input")}
    return etree.fromstring(b64decode(fields["SAMLResponse"] or "")), fields.get("RelayState") or ""


@asynccontextmanager
async def sockets() -> AsyncIterator[UpstreamAddress]:
    """An upstream that says what it hears on a WebSocket."""

    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield UpstreamAddress("http", "127.0.0.1", port)


@BOTH
async def test_a_logout_at_the_provider_ends_the_session_and_is_answered_signed(
    scene: SamlScene, binding: str
) -> None:
    cookie = await scene.sign_in()
    answer = await demand(scene, binding, "its state", id="_asked")

    assert not await scene.is_in(cookie)
    reply, relay_state = reply_in(answer, binding)
    assert etree.QName(reply).localname == "LogoutResponse"
    assert reply.get("InResponseTo") == "_asked"
    assert reply.get("Destination") == scene.idp.slo_url
    assert relay_state == "its state"
    status = reply.find(f".//{{{PROTOCOL}}}StatusCode")
    assert status is not None
    assert status.get("Value") == SUCCESS
    certificate = await scene.our_certificate()
    if binding == "redirect":
        read_signed(urlsplit(answer.header("location")).query, "SAMLResponse", [certificate])
    else:
        assert reply.find("{http://www.w3.org/2000/09/xmldsig#}Signature") is not None


@BOTH
async def test_the_tombstone_says_that_the_person_signed_out_elsewhere(
    scene: SamlScene, binding: str
) -> None:
    cookie = await scene.sign_in()
    assert await scene.is_in(cookie)
    await demand(scene, binding)

    ended = await scene.store.browser_session(hash_of(cookie.partition("=")[2]))
    assert isinstance(ended, Tombstone)
    assert ended.reason is EndReason.SAML_LOGOUT
    notice = await scene.get("/.outerward/login", cookie=cookie)
    assert b"You signed out elsewhere" in notice.body


@BOTH
async def test_an_unknown_session_index_ends_nothing_and_is_answered(scene: SamlScene, binding: str) -> None:
    cookie = await scene.sign_in()
    answer = await demand(scene, binding, session_indexes=["_unknown"])

    reply_in(answer, binding)
    assert await scene.is_in(cookie)


@BOTH
async def test_an_unknown_person_ends_nothing_and_is_answered(scene: SamlScene, binding: str) -> None:
    cookie = await scene.sign_in()
    for indexes in (["_session"], []):
        reply_in(await demand(scene, binding, name_id="nobody", session_indexes=indexes), binding)
    assert await scene.is_in(cookie)


@BOTH
async def test_a_session_index_ends_that_session_and_no_other_of_the_person(
    scene: SamlScene, binding: str
) -> None:
    first, second = await scene.sign_in(session_index="_a"), await scene.sign_in(session_index="_b")
    await demand(scene, binding, session_indexes=["_a"])
    assert not await scene.is_in(first)
    assert await scene.is_in(second)


@BOTH
async def test_several_indexes_end_each_of_them(scene: SamlScene, binding: str) -> None:
    cookies = [await scene.sign_in(session_index=index) for index in ("_a", "_b", "_c")]
    await demand(scene, binding, session_indexes=["_a", "_unknown", "_c"])
    assert [await scene.is_in(cookie) for cookie in cookies] == [False, True, False]


@BOTH
async def test_without_an_index_all_sessions_of_the_person_end_and_nobody_elses(
    scene: SamlScene, binding: str
) -> None:
    adas = [await scene.sign_in(session_index=index) for index in ("_a", "_b", None)]
    bobs = await scene.sign_in(name_id="bob", session_index="_a")
    await demand(scene, binding, session_indexes=[])
    assert [await scene.is_in(cookie) for cookie in adas] == [False] * 3
    assert await scene.is_in(bobs)


async def test_a_login_that_began_before_the_logout_is_overtaken_by_it(scene: SamlScene) -> None:
    begun = await scene.begin()
    arrived = await scene.post(scene.response(begun), begun.state)
    await demand(scene, "post")

    late = await scene.finish(arrived, begun)
    assert 400 <= late.status < 500
    assert scene.upstream.hits == 0


async def test_every_worker_has_ended_the_session_when_the_answer_leaves(store: Store) -> None:
    async with saml_scene(store, workers=2) as scene:
        cookie = await scene.sign_in()
        headers = [("Cookie", cookie)]
        assert [(await edge.ask(headers=headers)).status for edge in scene.edges] == [200, 200]
        await demand(scene, "redirect")
        assert [(await edge.ask(headers=headers)).status for edge in scene.edges] == [401, 401]
        assert scene.upstream.hits == 2


async def test_sessions_of_the_provider_on_another_host_end_too(store: Store) -> None:
    async with saml_scene(store, hosts=[HOST, "other.localhost"]) as scene:
        there = scene.at("other.localhost")
        cookie, cookie_there = await scene.sign_in(), await there.sign_in()
        assert await there.is_in(cookie_there)

        await demand(scene, "post")
        assert not await scene.is_in(cookie)
        assert not await there.is_in(cookie_there)


async def test_a_logout_request_to_another_host_of_ours_is_refused_at_this_one(store: Store) -> None:
    async with saml_scene(store, hosts=[HOST, "other.localhost"]) as scene:
        cookie = await scene.sign_in()
        message = scene.logout_request()
        refused = await scene.at("other.localhost").post(message, target=SLO, name="SAMLRequest")
        assert refused.status == 400
        assert await scene.is_in(cookie)


async def test_a_websocket_of_the_session_is_closed_by_1008(store: Store) -> None:
    async with sockets() as address:
        live = route(address, prefix="/live")
        async with saml_scene(store, more_routes=[live]) as scene:
            cookie, other = await scene.sign_in(), await scene.sign_in(name_id="bob")
            url = f"ws://{HOST}:{scene.edge.port}/live/"
            async with (
                connect(url, host="127.0.0.1", additional_headers={"Cookie": cookie}) as adas,
                connect(url, host="127.0.0.1", additional_headers={"Cookie": other}) as bobs,
            ):
                await adas.send("hello")
                assert await adas.recv() == "hello"
                await demand(scene, "post")
                with pytest.raises(ConnectionClosed):
                    async with asyncio.timeout(20):
                        await adas.recv()
                assert adas.close_code == 1008
                await bobs.send("still here")
                assert await bobs.recv() == "still here"


@BOTH
async def test_while_the_store_is_away_it_is_503_and_the_same_request_is_carried_out_later(
    store_server: RedisServer, binding: str
) -> None:
    store = Store.open(store_server.url, secrets=["secret"], check_timeout_s=2, command_timeout_s=2)
    await store.start()
    await store.ping()
    try:
        async with saml_scene(store) as scene:
            cookie = await scene.sign_in()
            options = scene.logout_options()
            query = f"{SLO}?{scene.idp.logout_query(options)}"

            async def send() -> Answer:
                if binding == "post":
                    return await scene.post(scene.idp.logout(options), target=SLO, name="SAMLRequest")
                return await scene.get(query)

            store_server.kill()
            away = await send()
            assert away.status == 503
            assert away.header("retry-after")
            store_server.start()
            for _ in range(400):
                if (back := await send()).status != 503:
                    break
                await asyncio.sleep(0.05)
            reply_in(back, binding)
            assert not await scene.is_in(cookie)
    finally:
        await store.close()
