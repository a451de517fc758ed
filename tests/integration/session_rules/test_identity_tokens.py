"""``identity_jwt`` and ``pass_access_token``: what an upstream is handed, who can make it, who sees it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from proxy import IdentityKey, Route, Site, UpstreamAddress, create_control_app
from proxy.identity_jwt import LIFE_S
from session_store import Store
from tests.support.admin_api import running_api
from tests.support.edge import HOST, Clock, Edge, ada, hash_of, route, running_edge
from tests.support.hostile_oidc import MISSING, Lies, change
from tests.support.http_client import connected, request
from tests.support.redis_server import RedisServer
from tests.support.refreshing import HANDSHAKE, SWITCHED, World, refreshing
from tests.support.upstreams import Echo, Peer, Received, Scripted, received

JWKS = "/.outerward/jwks.json"
CANARY = "canary-access-token"
SIGNED, PLAIN, PUBLIC = "/signed", "/plain", "/signed/public"


def routes(upstream: UpstreamAddress) -> list[Route]:
    """One endpoint that signs, and one beside it that does not."""
    return [
        route(upstream, prefix=SIGNED, identity_jwt=True, public_paths=[PUBLIC], allow_cors_preflight=True),
        route(upstream, prefix=PLAIN),
        route(upstream, "plain.localhost"),
    ]


@pytest.fixture
async def upstream() -> AsyncIterator[Echo]:
    async with Echo.running() as echo:
        yield echo


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def edge(store: Store, upstream: Echo, clock: Clock) -> AsyncIterator[Edge]:
    made = routes(upstream.address)
    control = create_control_app(Site.of(made), store, {})
    async with running_edge(store, made, now_ms=clock, control=control) as running:
        yield running


async def key_set(edge: Edge, method: str = "GET") -> dict[str, Any]:
    answer = await edge.ask(JWKS, method=method)
    assert (answer.status, answer.header("content-type")) == (200, "application/jwk-set+json")
    return dict(answer.json) if method == "GET" else {}


def verified(token: str, keys: dict[str, Any], algorithm: str = "ES256") -> dict[str, Any]:
    """The claims of a token that the published keys verify."""
    return jwt.decode(token, KeySet.import_key_set(keys), algorithms=[algorithm]).claims  # type: ignore[arg-type]


async def told(edge: Edge, cookie: str, target: str = SIGNED, *headers: tuple[str, str]) -> Received:
    return received(await edge.ask(target, cookie=cookie, headers=headers))


def token_in(got: Received) -> str:
    """The one signed identity that an upstream was handed."""
    (token,) = got.all("x-outerward-jwt")
    return token


# What the token says


async def test_the_published_key_verifies_who_is_asking_and_for_which_endpoint(edge: Edge) -> None:
    got = await told(edge, await edge.sign_in())
    claims = verified(token_in(got), await key_set(edge))

    assert claims["iss"] == f"http://{HOST}"
    assert claims["aud"] == f"http://{HOST}{SIGNED}"
    assert (claims["sub"], claims["email"], claims["groups"]) == ("ada", "ada@example.com", ["ops", "dev"])
    assert [claims["sid"]] == got.all("x-outerward-session")
    assert 0 < claims["exp"] - claims["iat"] <= 60 == LIFE_S


async def test_an_address_that_is_not_verified_is_not_told(edge: Edge) -> None:
    got = await told(edge, await edge.sign_in(principal=ada(email_verified=False)))
    claims = verified(token_in(got), await key_set(edge))
    assert not {"email", "email_verified"} & claims.keys()


async def test_the_same_token_is_sent_for_half_a_minute_and_then_a_new_one(edge: Edge, clock: Clock) -> None:
    cookie = await edge.sign_in()
    first = [token_in(await told(edge, cookie)) for _ in range(3)]
    clock.ahead_ms = 31_000
    later = token_in(await told(edge, cookie))
    keys = await key_set(edge)

    assert first[1] == first[2]
    assert later != first[2]
    assert verified(later, keys)["iat"] - verified(first[2], keys)["iat"] >= 30


async def test_an_endpoint_that_does_not_ask_for_it_is_sent_none(edge: Edge) -> None:
    assert (await told(edge, await edge.sign_in(), PLAIN)).all("x-outerward-jwt") == []


async def test_a_websocket_handshake_carries_it_too(store: Store) -> None:
    heads: list[Received] = []

    async def switching(peer: Peer) -> None:
        heads.append(await peer.head())
        await peer.send(SWITCHED)
        await peer.gone()

    async with Scripted.running(switching) as upstream:
        made = routes(upstream.address)
        control = create_control_app(Site.of(made), store, {})
        async with running_edge(store, made, control=control) as edge, connected(edge.port) as client:
            await client.send(request(target=SIGNED, cookie=await edge.sign_in(), headers=HANDSHAKE))
            while not (await client.read()).endswith(b"\r\n\r\n"):
                pass
            keys = await key_set(edge)

    assert verified(token_in(heads[0]), keys)["sub"] == "ada"


# Who can make one


SPELLINGS = ("X-Outerward-Jwt", "x-outerward-jwt", "X_Outerward_Jwt", "X-OUTERWARD_JWT", "x.outerward.jwt")
TOKENS = ("X-Forwarded-Access-Token", "X_Forwarded_Access_Token", "x-forwarded-access_token")
UNCHECKED = {
    "protected": ("GET", SIGNED, []),
    "protected, not signed": ("GET", PLAIN, []),
    "public": ("GET", PUBLIC, []),
    "preflight": (
        "OPTIONS",
        SIGNED,
        [("Origin", "https://a.example"), ("Access-Control-Request-Method", "PUT")],
    ),
}


@pytest.mark.parametrize("way", UNCHECKED)
async def test_ident_01_a_clients_own_copy_reaches_the_upstream_nowhere(edge: Edge, way: str) -> None:
    method, target, headers = UNCHECKED[way]
    cookie = await edge.sign_in()
    forged = [*((name, CANARY) for name in (*SPELLINGS, *TOKENS)), *headers]
    answer = await edge.ask(target, method=method, cookie=cookie, headers=forged)
    got = received(answer)

    assert CANARY not in json.dumps(got.headers)
    assert len(got.all("x-outerward-jwt")) == (1 if way == "protected" else 0)


async def test_the_document_has_one_public_key_on_an_elliptic_curve_and_nothing_private(edge: Edge) -> None:
    (key,) = (await key_set(edge))["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert key["kid"]
    assert not {"d", "k", "p", "q"} & key.keys()
    assert await key_set(edge, "HEAD") == {}
    assert (await edge.ask(JWKS, method="POST")).status == 405


async def test_a_token_that_was_altered_or_is_verified_another_way_is_refused(edge: Edge) -> None:
    token = token_in(await told(edge, await edge.sign_in()))
    keys = await key_set(edge)
    head, body, signature = token.split(".")
    for altered in (f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}."):
        with pytest.raises(JoseError):
            verified(altered, keys)
    for algorithm in ("HS256", "none", "RS256"):
        with pytest.raises((JoseError, ValueError)):
            verified(token, keys, algorithm)


async def test_two_workers_sign_with_one_key_that_stays_and_is_sealed_in_the_store(
    store: Store, store_url: str, upstream: Echo
) -> None:
    made = routes(upstream.address)
    tokens, documents = [], []
    for _ in range(2):
        key = IdentityKey(store.settle)
        control = create_control_app(Site.of(made), store, {}, identity_key=key)
        async with running_edge(store, made, control=control) as edge:
            cookie = await edge.sign_in()
            tokens.append(token_in(await told(edge, cookie)))
            documents.append(await key_set(edge))

    assert documents[0] == documents[1]
    assert [verified(token, documents[0])["sub"] for token in tokens] == ["ada", "ada"]
    assert b"PRIVATE KEY" not in _everything(store_url)


async def test_a_host_without_such_an_endpoint_has_no_keys_to_show(edge: Edge) -> None:
    assert (await edge.ask(JWKS, host="plain.localhost")).status == 404
    assert (await edge.ask(JWKS, host="nowhere.localhost")).status == 404


async def test_while_the_key_has_not_come_from_the_store_nobody_passes_where_one_is_due(
    edge: Edge, upstream: Echo
) -> None:
    cookie = await edge.sign_in()
    for target in (SIGNED, PLAIN):
        assert (await edge.ask(target, cookie=cookie)).status == 200
    key = edge.worker._identity_key
    kept, key._key = key._key, None
    edge.worker.gate._decoded.clear()
    hits = upstream.hits

    unavailable = await edge.ask(SIGNED, cookie=cookie)
    assert (unavailable.status, unavailable.header("retry-after")) == (503, "1")
    assert (await edge.ask(SIGNED, cookie=await edge.sign_in())).status == 503
    assert (await edge.ask(PUBLIC)).status == 200
    assert (await edge.ask(PLAIN, cookie=cookie)).status == 200
    assert upstream.hits == hits + 2
    key._key = kept
    assert (await edge.ask(SIGNED, cookie=cookie)).status == 200


# The provider's access token


def _everything(store_url: str) -> bytes:
    """All that the store holds, as it holds it."""
    client = RedisServer.looking_at(store_url)
    found = b"".join(key + (client.dump(key) or b"") for key in client.scan_iter())
    client.close()
    return bytes(found)


@pytest.fixture
async def handed(store_url: str) -> AsyncIterator[World]:
    """A provider whose access token is a canary, and an upstream that is handed it."""
    async with refreshing(store_url, pass_access_token=True) as world:
        world.hostile.lies = Lies(tokens=change(access_token=CANARY), claims=change(at_hash=MISSING))
        world.hostile.access_tokens.add(CANARY)
        yield world


async def test_an_access_token_is_handed_on_where_that_is_asked_for_and_shown_nowhere_else(
    store: Store, store_url: str, handed: World
) -> None:
    cookie = await handed.enter()
    got = received(await handed.ask(cookie))
    assert got.all("x-forwarded-access-token") == [CANARY]

    pages = [await handed.ask(cookie, f"/.outerward/{path}") for path in ("sessions", "logout", "login", "")]
    async with running_api(store) as api:
        lists = [await api.call("GET", path) for path in ("/app/sessions", "/app/users")]
    shown = [each.body for each in pages] + [each.body for each in lists]
    assert all(CANARY.encode() not in body for body in shown)
    assert CANARY not in repr(handed.edges[0].logged)
    assert CANARY not in repr(await store.browser_session(hash_of(cookie)))
    assert CANARY.encode() not in _everything(store_url)


async def test_an_endpoint_that_does_not_ask_for_the_access_token_is_not_handed_it(store_url: str) -> None:
    async with refreshing(store_url) as world:
        got = received(await world.ask(await world.enter()))
    assert got.all("x-forwarded-access-token") == []


async def test_a_login_without_an_access_token_sends_no_such_line(store: Store, upstream: Echo) -> None:
    async with running_edge(store, [route(upstream, pass_access_token=True)]) as edge:
        got = received(await edge.ask(cookie=await edge.sign_in()))
    assert "x-forwarded-access-token" not in got.names
