"""The token that tells an upstream who is asking: its claims, and the key that all workers share."""

import asyncio
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from proxy.identity_jwt import ALGORITHM, KEY_NAME, IdentityKey
from proxy.routes import Route
from session_store import StoreRefused, StoreUnavailable
from tests.support.edge import HOST, ada, route
from tests.support.upstreams import Echo
from tests.unit.proxy.test_gate import session

NOW_MS = 1_795_541_040_500
ROUTE = route(Echo().address, prefix="/wiki", identity_jwt=True)


class Settled:
    """What the store keeps for all: the first proposal. ``fails`` are raised before, one a call."""

    def __init__(self, *fails: Exception) -> None:
        self.kept: dict[str, bytes] = {}
        self.fails = list(fails)
        self.done = asyncio.Event()

    async def __call__(self, name: str, proposal: bytes) -> bytes:
        if self.fails:
            raise self.fails.pop(0)
        self.done.set()
        return self.kept.setdefault(name, proposal)


async def loaded(settled: Settled | None = None) -> IdentityKey:
    key = IdentityKey(settled or Settled())
    await key.document()
    return key


async def claims_of(key: IdentityKey, at: Route = ROUTE, **changes: Any) -> dict[str, Any]:
    """What a token says, verified with the published key."""
    token = key.token(session(**changes), at, NOW_MS)
    keys = KeySet.import_key_set(json.loads(await key.document()))
    return jwt.decode(token, keys, algorithms=[ALGORITHM]).claims


async def test_a_token_says_who_for_which_endpoint_and_until_when() -> None:
    assert await claims_of(await loaded()) == {
        "iss": f"http://{HOST}",
        "aud": f"http://{HOST}/wiki",
        "sub": "ada",
        "sid": "edgses_1",
        "iat": NOW_MS // 1000,
        "exp": NOW_MS // 1000 + 60,
        "idp": "corp",
        "idp_issuer": "https://corp.example",
        "email": "ada@example.com",
        "email_verified": True,
        "preferred_username": "ada.l",
        "name": "Ada Lovelace",
        "groups": ["ops", "dev"],
    }


async def test_what_is_not_known_or_not_verified_is_not_said() -> None:
    bare = ada(username="", name="", email_verified=False, groups=())
    claims = await claims_of(await loaded(), principal=bare)
    assert claims.keys() == {"iss", "aud", "sub", "sid", "iat", "exp", "idp", "idp_issuer"}


async def test_a_name_that_looks_like_json_or_a_header_stays_a_text() -> None:
    hostile = '"},"sub":"root\r\nX-Forwarded-User: root'
    key = await loaded()
    claims = await claims_of(key, principal=ada(name=hostile))
    assert (claims["sub"], claims["name"]) == ("ada", hostile)
    assert key.token(session(principal=ada(name=hostile)), ROUTE, NOW_MS).isascii()


async def test_all_workers_have_the_first_key_that_was_proposed() -> None:
    settled = Settled()
    first, second = await loaded(settled), await loaded(settled)
    assert await first.document() == await second.document()
    kept = ECKey.import_key(settled.kept[KEY_NAME])
    assert kept.is_private
    assert json.loads(await first.document())["keys"][0]["kid"] == kept.thumbprint()


async def test_while_there_is_no_key_nothing_is_signed_and_nothing_shown() -> None:
    key = IdentityKey(Settled(StoreUnavailable("away"), StoreRefused("no secret opens it")))
    with pytest.raises(StoreUnavailable):
        key.token(session(), ROUTE, NOW_MS)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await key.document()
    assert await key.document()
    assert key.token(session(), ROUTE, NOW_MS)


async def test_a_worker_asks_until_the_store_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.identity_jwt._RETRY_S", 0)
    settled = Settled(StoreUnavailable("away"), StoreRefused("no secret opens it"))
    key = IdentityKey(settled)
    await key.start()
    async with asyncio.timeout(20):
        await settled.done.wait()
    await asyncio.sleep(0)
    await key.close()
    assert key.token(session(), ROUTE, NOW_MS)


async def test_a_worker_that_starts_waits_a_moment_for_the_key_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def soon(name: str, proposal: bytes) -> bytes:
        for _ in range(100):
            await asyncio.sleep(0)
        return proposal

    async def never(name: str, proposal: bytes) -> bytes:
        return await asyncio.Future()

    there, missing = IdentityKey(soon), IdentityKey(never)
    await there.start()
    assert there.token(session(), ROUTE, NOW_MS)
    monkeypatch.setattr("proxy.identity_jwt._PATIENCE_S", 0)
    await missing.start()
    with pytest.raises(StoreUnavailable):
        missing.token(session(), ROUTE, NOW_MS)
    await there.close()
    await missing.close()
