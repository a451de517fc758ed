"""Sessions of the dashboard and one-time links against a real store: how long they hold, what ends them."""

import asyncio
import hashlib
import re
from base64 import urlsafe_b64encode

import pytest

from session_store import ApiToken, SignedIn, StoreUnavailable, TokenId, keys
from session_store.dashboard_sessions import IDLE_MS, LINK_MS, LONGEST_MS
from tests.support.redis_server import RedisServer
from tests.support.scene import HOUR_MS, Scene, cookie

MINUTE_MS = 60_000
HERS = cookie("hers")
PROOF = b"proof"


async def token_of(scene: Scene, expires_at: int | None = None) -> tuple[ApiToken, str]:
    return await scene.store.create_token("ops", "admin", expires_at)


async def begun(scene: Scene, expires_at: int | None = None) -> ApiToken:
    """A session at ``HERS``; its token."""
    token, _ = await token_of(scene, expires_at)
    await scene.store.begin_dashboard_session(HERS, token_id=token.id)
    return token


async def test_a_session_stands_for_its_token(scene: Scene) -> None:
    token = await begun(scene)
    assert await scene.store.dashboard_session(HERS, in_use=True) == SignedIn(token, b"")
    assert await scene.store.dashboard_session(cookie("another"), in_use=True) is None


async def test_a_session_of_no_token_of_the_store_gives_back_its_proof(scene: Scene) -> None:
    await scene.store.begin_dashboard_session(HERS, proof=PROOF)
    assert await scene.store.dashboard_session(HERS, in_use=True) == SignedIn(None, PROOF)


@pytest.mark.parametrize("in_use", [True, False], ids=["used", "looked at"])
async def test_an_hour_without_use_ends_it(scene: Scene, in_use: bool) -> None:
    await begun(scene)
    scene.clock.advance(IDLE_MS - 1)
    assert await scene.store.dashboard_session(HERS, in_use=in_use) is not None
    scene.clock.advance(1)
    assert (await scene.store.dashboard_session(HERS, in_use=False) is not None) is in_use


async def test_use_keeps_it_for_eight_hours_and_no_longer(scene: Scene) -> None:
    await begun(scene)
    for _ in range(LONGEST_MS // (30 * MINUTE_MS) - 1):
        scene.clock.advance(30 * MINUTE_MS)
        assert await scene.store.dashboard_session(HERS, in_use=True) is not None
    scene.clock.advance(30 * MINUTE_MS - 1)
    assert await scene.store.dashboard_session(HERS, in_use=True) is not None
    scene.clock.advance(1)
    assert await scene.store.dashboard_session(HERS, in_use=True) is None


async def test_what_is_kept_goes_by_itself(scene: Scene, store_url: str) -> None:
    await begun(scene)
    server, key = RedisServer.looking_at(store_url), keys.dashboard_session(HERS)
    assert IDLE_MS - HOUR_MS // 2 < server.pttl(key) <= IDLE_MS
    for _ in range(15):
        scene.clock.advance(30 * MINUTE_MS)
        await scene.store.dashboard_session(HERS, in_use=True)
    scene.clock.advance(20 * MINUTE_MS)
    await scene.store.dashboard_session(HERS, in_use=True)
    assert 0 < server.pttl(key) <= 10 * MINUTE_MS


async def test_use_is_written_once_a_minute(scene: Scene, store_url: str) -> None:
    await begun(scene)
    server, key = RedisServer.looking_at(store_url), keys.dashboard_session(HERS)
    values = []
    for _ in range(4):
        values.append(server.get(key))
        scene.clock.advance(MINUTE_MS - 1 if len(values) == 1 else MINUTE_MS)
        await scene.store.dashboard_session(HERS, in_use=True)
    assert values[0] == values[1]
    assert len(set(values)) == 3


async def test_a_use_that_cannot_be_written_refuses_nobody(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(scene)
    scene.clock.advance(2 * MINUTE_MS)
    run = scene.store._commands.run

    async def reads_alone(*command: str | bytes | int) -> object:
        if command[0] == "SET":
            raise StoreUnavailable
        return await run(*command)

    monkeypatch.setattr(scene.store._commands, "run", reads_alone)
    assert await scene.store.dashboard_session(HERS, in_use=True) is not None


async def test_what_was_ended_is_over_for_good_and_no_use_under_way_revives_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(scene)
    scene.clock.advance(2 * MINUTE_MS)
    run, ended = scene.store._commands.run, []

    async def overtaken(*command: str | bytes | int) -> object:
        if command[:2] == ("SET", keys.dashboard_session(HERS)):
            monkeypatch.undo()
            ended.append(await scene.store.end_dashboard_session(HERS))
        return await run(*command)

    monkeypatch.setattr(scene.store._commands, "run", overtaken)
    await scene.store.dashboard_session(HERS, in_use=True)
    assert ended == [True]
    assert await scene.store.dashboard_session(HERS, in_use=True) is None
    assert await scene.store.end_dashboard_session(HERS) is False


async def test_it_ends_with_its_token(scene: Scene) -> None:
    token = await begun(scene)
    await scene.store.delete_token(TokenId(token.id))
    assert await scene.store.dashboard_session(HERS, in_use=True) is None


async def test_it_ends_when_its_token_expires(scene: Scene) -> None:
    await begun(scene, scene.clock() + 10 * MINUTE_MS)
    scene.clock.advance(10 * MINUTE_MS - 1)
    assert await scene.store.dashboard_session(HERS, in_use=True) is not None
    scene.clock.advance(1)
    assert await scene.store.dashboard_session(HERS, in_use=True) is None


@pytest.mark.parametrize("in_use", [True, False], ids=["used", "looked at"])
async def test_a_use_of_the_session_is_one_of_its_token(scene: Scene, in_use: bool) -> None:
    token = await begun(scene)
    await scene.store.dashboard_session(HERS, in_use=in_use)
    assert bool(await scene.store.token_uses([TokenId(token.id)])) is in_use


async def test_what_cannot_be_read_is_no_verdict(scene: Scene, store_url: str) -> None:
    RedisServer.looking_at(store_url).set(keys.dashboard_session(HERS), b"D9?")
    with pytest.raises(StoreUnavailable):
        await scene.store.dashboard_session(HERS, in_use=True)


async def test_a_link_is_good_for_one_sign_in(scene: Scene) -> None:
    token, secret = await token_of(scene)
    code = await scene.store.offer_dashboard_link(secret)
    assert code is not None
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", code)
    answers = await asyncio.gather(*(scene.store.take_dashboard_link(code) for _ in range(8)))
    assert sorted(answers, key=bool) == [None] * 7 + [token]
    assert await scene.store.take_dashboard_link(code) is None


async def test_a_link_holds_for_a_minute_and_is_nowhere_kept(scene: Scene, store_url: str) -> None:
    _, secret = await token_of(scene)
    code = await scene.store.offer_dashboard_link(secret)
    assert code is not None
    server = RedisServer.looking_at(store_url)
    (key,) = server.keys("ow:dl:*")
    assert key == b"ow:dl:" + urlsafe_b64encode(hashlib.sha256(code.encode()).digest()).rstrip(b"=")
    assert 0 < server.pttl(key) <= LINK_MS
    for each in server.keys("*"):
        assert code.encode() not in each + server.dump(each)


async def test_only_a_valid_token_offers_a_link(scene: Scene) -> None:
    token, secret = await token_of(scene)
    await scene.store.delete_token(TokenId(token.id))
    assert await scene.store.offer_dashboard_link(secret) is None
    assert await scene.store.offer_dashboard_link("bootstrap") is None


async def test_a_link_of_a_token_that_is_deleted_meanwhile_signs_nobody_in(scene: Scene) -> None:
    token, secret = await token_of(scene)
    code = await scene.store.offer_dashboard_link(secret)
    assert code is not None
    await scene.store.delete_token(TokenId(token.id))
    assert await scene.store.take_dashboard_link(code) is None


async def test_no_other_text_is_a_code(scene: Scene, store_url: str) -> None:
    token, secret = await token_of(scene)
    code = await scene.store.offer_dashboard_link(secret)
    assert code is not None
    wrong = [
        code[:-1],
        code + "A",
        code + "\n",
        f" {code}",
        code.swapcase(),
        "",
        "\udcff" * 43,
        secret,
        token.id,
    ]
    for text in wrong:
        assert await scene.store.take_dashboard_link(text) is None
    assert await scene.store.take_dashboard_link(code) == token
