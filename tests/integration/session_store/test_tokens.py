"""Tokens of the admin API against a real store: shown once, recognised whole, gone at once."""

import hashlib
import re

import pytest

from session_store import Store, TokenId, keys
from tests.support.redis_server import RedisServer
from tests.support.scene import HOUR_MS, Scene


async def test_a_token_is_recognised_by_its_secret(scene: Scene) -> None:
    token, secret = await scene.store.create_token("ci", "revoke", None)
    assert re.fullmatch(r"owt_[A-Za-z0-9_-]{43}", secret)
    assert await scene.store.token_by_secret(secret) == token
    assert (token.name, token.scope, token.created_at, token.expires_at) == (
        "ci",
        "revoke",
        scene.clock(),
        None,
    )


async def test_the_secret_is_nowhere_in_the_store(scene: Scene, store_url: str) -> None:
    _, secret = await scene.store.create_token("ci", "read", None)
    server = RedisServer.looking_at(store_url)
    for key in server.keys("*"):
        assert secret.encode() not in key + server.dump(key)
        assert hashlib.sha256(secret.encode()).digest() not in server.dump(key)


async def test_every_truncation_and_extension_of_a_secret_is_nobodys(scene: Scene) -> None:
    """ADMIN-01, and the opaque tokens that were still valid when cut (lessons, row 60)."""
    _, secret = await scene.store.create_token("ci", "read", None)
    wrong = [secret[:length] for length in range(len(secret))]
    wrong += [secret + "A", secret + " ", " " + secret, secret + "\n", secret[:20] + " " + secret[20:]]
    wrong += [
        secret.swapcase(),
        secret[4:],
        "owt_" + "é" * 43,
        secret[:-1] + ("A" if secret[-1] != "A" else "B"),
    ]
    for guess in wrong:
        assert await scene.store.token_by_secret(guess) is None


async def test_an_expired_token_is_nobodys(scene: Scene, store_url: str) -> None:
    token, secret = await scene.store.create_token("ci", "read", scene.clock() + HOUR_MS)
    lasting, _ = await scene.store.create_token("ops", "admin", None)
    assert await scene.store.tokens() == [lasting, token]
    scene.clock.advance(HOUR_MS)
    assert await scene.store.token_by_secret(secret) is None
    assert await scene.store.tokens() == [lasting]
    server = RedisServer.looking_at(store_url)
    assert sorted(server.pttl(key) > 0 for key in server.keys("ow:k:*")) == [False, True]


async def test_a_deleted_token_is_nobodys_at_once(scene: Scene) -> None:
    token, secret = await scene.store.create_token("ci", "admin", None)
    other, _ = await scene.store.create_token("ops", "admin", None)
    assert await scene.store.delete_token(TokenId(token.id))
    assert await scene.store.token_by_secret(secret) is None
    assert await scene.store.tokens() == [other]
    assert not await scene.store.delete_token(TokenId(token.id))


@pytest.mark.parametrize("wrong", ["", "owtok_", "edgses_" + "0" * 27, "owtok_" + "0" * 27])
async def test_an_id_of_no_token_deletes_nothing(store: Store, wrong: str) -> None:
    token, _ = await store.create_token("ci", "admin", None)
    assert not await store.delete_token(TokenId(wrong))
    assert await store.tokens() == [token]


async def test_a_use_is_noted_to_the_minute(scene: Scene) -> None:
    token, secret = await scene.store.create_token("ci", "read", None)
    unused, _ = await scene.store.create_token("ops", "read", None)
    both = [TokenId(token.id), TokenId(unused.id)]
    assert await scene.store.token_uses(both) == {}
    first = scene.clock()
    for later, noted in ((0, first), (59_999, first), (60_000, first + 60_000)):
        scene.clock.now_ms = first + later
        await scene.store.token_by_secret(secret)
        assert await scene.store.token_uses(both) == {token.id: noted}
    assert await scene.store.token_uses([]) == {}


async def test_a_use_of_what_is_no_secret_of_a_token_is_not_noted(scene: Scene, store_url: str) -> None:
    token, secret = await scene.store.create_token("ci", "read", scene.clock() + HOUR_MS)
    await scene.store.token_by_secret(secret[:-1] + ("A" if secret[-1] != "A" else "B"))
    scene.clock.advance(HOUR_MS)
    await scene.store.token_by_secret(secret)
    assert await scene.store.token_uses([TokenId(token.id)]) == {}
    assert RedisServer.looking_at(store_url).keys("ow:kl:*") == []


async def test_a_use_is_kept_no_longer_than_its_token(scene: Scene, store_url: str) -> None:
    token, secret = await scene.store.create_token("ci", "read", scene.clock() + HOUR_MS)
    lasting, other = await scene.store.create_token("ops", "read", None)
    for each in (secret, other):
        await scene.store.token_by_secret(each)
    server = RedisServer.looking_at(store_url)
    assert 0 < server.pttl(keys.token_use(TokenId(token.id))) <= HOUR_MS
    await scene.store.delete_token(TokenId(lasting.id))
    assert server.keys("ow:kl:*") == [keys.token_use(TokenId(token.id))]


async def test_a_use_that_cannot_be_noted_refuses_nobody(scene: Scene, store_url: str) -> None:
    token, secret = await scene.store.create_token("ci", "read", None)
    server = RedisServer.looking_at(store_url)
    server.config_set("min-replicas-to-write", 1)
    try:
        assert await scene.store.token_by_secret(secret) == token
    finally:
        server.config_set("min-replicas-to-write", 0)
    assert await scene.store.token_uses([TokenId(token.id)]) == {}


async def test_a_list_forgets_tokens_that_expired_and_none_that_may_be_on_its_way(
    scene: Scene, store_url: str
) -> None:
    expired, _ = await scene.store.create_token("ci", "read", scene.clock() + HOUR_MS)
    lasting, _ = await scene.store.create_token("ops", "admin", None)
    scene.clock.advance(HOUR_MS)
    under_way, _ = await scene.store.create_token("new", "read", None)
    server = RedisServer.looking_at(store_url)
    (secret_hash,) = [server.get(keys.token_hash_of(TokenId(under_way.id)))]
    record = server.getdel(keys.token(secret_hash))
    assert await scene.store.tokens() == [lasting]
    assert server.zrange(keys.TOKENS, 0, -1) == [lasting.id.encode(), under_way.id.encode()]
    server.set(keys.token(secret_hash), record)
    assert await scene.store.tokens() == [under_way, lasting]
    assert expired.id.encode() not in server.zrange(keys.TOKENS, 0, -1)
