"""No value of a SAML login is a session (COOKIE-16), and the login's cookie opens nothing but that login."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from idp_adapters.saml.names import DSIG
from proxy.login.transaction import key_of
from session_store import Store
from tests.support.saml_scene import METADATA, OWN_PAGE, SLO, SamlScene, cookies_in, saml_scene


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[SamlScene]:
    async with saml_scene(store, allow_idp_initiated=True) as running:
        yield running


async def assert_nobody(scene: SamlScene, values: list[str]) -> None:
    """Each of ``values``, as a session cookie, is anonymous: no upstream, no account."""
    before = scene.upstream.hits
    for value in values:
        for spelled in {value, value[:43], value.rstrip("=")}:
            answer = await scene.get("/", cookie=f"outerward={spelled}", headers=())
            assert answer.status in (400, 401, 431), (value, answer.status)
    assert scene.upstream.hits == before


def spellings(text: str) -> list[str]:
    """``text`` and what it is kept or sent as."""
    digest = hashlib.sha256(text.encode()).digest()
    return [
        text,
        b64encode(text.encode()).decode(),
        urlsafe_b64encode(digest).rstrip(b"=").decode(),
        digest.hex(),
    ]


async def test_cookie_16_what_a_login_is_made_of_is_no_session(scene: SamlScene) -> None:
    begun = await scene.begin()
    login_cookie = begun.cookie.partition("=")
    message = scene.response(begun, assertion_id="_the-assertion")
    before = [
        *spellings(begun.state),
        *spellings(begun.request_id),
        login_cookie[0],
        login_cookie[2],
        *(key_of(stage, begun.state) for stage in ("login", "answered", "asked", "logout")),
    ]
    await assert_nobody(scene, before)
    arrived = await scene.post(message, begun.state)
    await assert_nobody(scene, [*before, *spellings("_the-assertion"), *spellings("_session"), "ada"])
    await scene.finish(arrived, begun)
    await assert_nobody(scene, [*before, *spellings("_the-assertion")])


async def test_cookie_16_neither_an_unasked_login_nor_a_logout_holds_a_session(scene: SamlScene) -> None:
    page = await scene.post(scene.response(None), "relay state")
    ((name, secret),) = cookies_in(page).items()
    state = page.body.partition(b"finish?state=")[2].partition(b'"')[0].decode()
    await assert_nobody(scene, [name, secret, *spellings(state), "relay state"])

    cookie = await scene.sign_in()
    sent = await scene.get("/.outerward/logout", method="POST", cookie=cookie, headers=OWN_PAGE)
    left = sent.header("location").partition("RelayState=")[2].partition("&")[0]
    await assert_nobody(scene, [*spellings(left), key_of("logout", left), cookie.partition("=")[2]])


async def test_cookie_16_no_key_and_no_record_of_the_store_is_a_session(
    scene: SamlScene, store_url: str
) -> None:
    """Kept answers, used assertions and messages, our own key, names and memories, as keys and as values."""
    live = await scene.sign_in()
    assert await scene.is_in(live)
    begun = await scene.begin()
    await scene.post(scene.response(begun), begun.state)
    await scene.post(scene.response(None))
    await scene.post(scene.logout_request(session_indexes=["_x"]), target=SLO, name="SAMLRequest")
    await scene.begin()

    values: list[str] = []
    async with redis.Redis.from_url(store_url) as server:
        async for key in server.scan_iter(count=1000):
            values += [part for part in key.decode("latin-1").split(":") if part]
            if await server.type(key) == b"string":
                value = await server.get(key)
                assert isinstance(value, bytes)
                values.append(urlsafe_b64encode(value).decode()[:4000])
    assert len(values) > 20
    usable = [value for value in values if value.isprintable() and not set(value) & set(' ;",\\')]
    assert live.partition("=")[2] not in usable
    await assert_nobody(scene, usable)


async def test_cookie_16_our_key_in_the_store_is_sealed(scene: SamlScene, store_url: str) -> None:
    metadata = (await scene.get(METADATA)).body
    assert DSIG.encode() in metadata
    begun = await scene.begin()
    await scene.finish(await scene.post(scene.response(begun), begun.state), begun)
    raw = b""
    async with redis.Redis.from_url(store_url) as server:
        async for key in server.scan_iter(count=1000):
            if await server.type(key) == b"string":
                raw += key + (await server.get(key) or b"")
    assert b"PRIVATE KEY" not in raw
    assert begun.state.encode() not in raw
    assert begun.cookie.partition("=")[2].encode() not in raw


@pytest.mark.parametrize(
    "spelled", ["{name}={value}", "{name}={state}", "{name}=", "{mine}; {mine}", "{other}"]
)
async def test_cookie_16_the_login_cookie_of_one_login_opens_no_other(scene: SamlScene, spelled: str) -> None:
    mine, other = await scene.begin(), await scene.begin()
    arrived = await scene.post(scene.response(mine), mine.state)
    name, value = mine.cookie.partition("=")[0], other.cookie.partition("=")[2]
    cookie = spelled.format(name=name, value=value, state=mine.state, mine=mine.cookie, other=other.cookie)
    await scene.assert_refused(await scene.get(arrived.header("location"), cookie=cookie))
