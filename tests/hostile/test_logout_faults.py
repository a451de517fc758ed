"""LOGOUT-06 and B10: a logout that cannot be carried out now is 5xx and not used up; a flood stops nobody."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from proxy.login.provider_logout import MOST_INVALID
from session_store import Store
from tests.support.hostile_oidc import change, fresh_key
from tests.support.http_client import Answer
from tests.support.logout_tokens import (
    BACK,
    FRONT,
    IN_A_FRAME,
    OKTA,
    SECOND,
    LogoutScene,
    LogoutToken,
    code_of,
    done,
    logout_scene,
)
from tests.support.oidc_login import answer as answering
from tests.support.redis_server import RedisServer

SECRET = "a secret of the tests, 32 long.."


@asynccontextmanager
async def scene_on(server: RedisServer) -> AsyncIterator[LogoutScene]:
    """A scene on a store of its own, with short deadlines."""
    store = Store.open(server.url, secrets=[SECRET], check_timeout_s=0.5, command_timeout_s=1.0)
    await store.start()
    try:
        await store.ping()
        async with logout_scene(store) as scene:
            yield scene
    finally:
        await store.close()


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store) as running:
        yield running


async def once(ask: Callable[[], Awaitable[Answer]], status: int) -> Answer:
    """The first answer that is not 503, which must come with ``status``."""
    async with asyncio.timeout(30):
        while (answer := await ask()).status == 503:
            pass
    assert answer.status == status, answer
    return answer


@pytest.mark.parametrize("fault", ["kill", "hang"])
async def test_logout_06_without_the_store_it_is_503_and_the_same_token_is_carried_out_later(
    store_server: RedisServer, fault: str
) -> None:
    async with scene_on(store_server) as scene:
        cookie = await scene.sign_in(sid="s-1")
        token = scene.token(sid="s-1")
        getattr(store_server, fault)()
        for _ in range(2):
            answer = await scene.tell(token)
            assert (answer.status, code_of(answer), answer.header("retry-after")) == (503, 4000, "1")
        store_server.start() if fault == "kill" else store_server.go_on()

        await once(lambda: scene.edge.ask(cookie=cookie), 200)
        assert done(await once(lambda: scene.tell(token), 200))
        assert not await scene.is_in(cookie)
        assert code_of(await scene.tell(token)) == 2042


async def test_logout_06_a_front_channel_without_the_store_is_503_and_not_a_page_that_says_done(
    store_server: RedisServer,
) -> None:
    async with scene_on(store_server) as scene:
        cookie = await scene.sign_in(sid="s-1")
        target = f"{FRONT}?iss={scene.corp.issuer}&sid=s-1"
        store_server.kill()
        assert (await scene.get(target, headers=IN_A_FRAME)).status == 503
        store_server.start()

        await once(lambda: scene.edge.ask(cookie=cookie), 200)
        await once(lambda: scene.get(target, headers=IN_A_FRAME), 200)
        assert not await scene.is_in(cookie)


async def test_logout_06_a_store_that_refuses_the_end_is_503_and_the_token_counts_later(
    store_server: RedisServer,
) -> None:
    async with scene_on(store_server) as scene:
        cookie = await scene.sign_in(sid="s-1")
        token = scene.token(sid="s-1")
        store_server.client.execute_command("CONFIG", "SET", "min-replicas-to-write", "1")
        refused = await scene.tell(token)
        assert await scene.is_in(cookie)
        store_server.client.execute_command("CONFIG", "SET", "min-replicas-to-write", "0")

        assert refused.status == 503
        assert done(await scene.tell(token))
        assert not await scene.is_in(cookie)


async def test_logout_06_a_half_carried_out_end_is_503_and_is_repeated_whole(
    store_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sessions are ended, and the store goes away before the token is noted as used."""
    async with scene_on(store_server) as scene:
        cookie = await scene.sign_in(sid="s-1")
        token = scene.token(sub="ada")
        end = scene.store.end_provider_sessions

        async def end_and_die(*given: object, **more: object) -> int:
            ended = await end(*given, **more)  # type: ignore[arg-type]
            store_server.kill()
            return ended

        monkeypatch.setattr(scene.store, "end_provider_sessions", end_and_die)
        assert (await scene.tell(token)).status == 503
        monkeypatch.undo()
        store_server.start()

        await once(lambda: scene.edge.ask(cookie=cookie), 401)
        assert done(await once(lambda: scene.tell(token), 200))
        assert code_of(await scene.tell(token)) == 2042


@pytest.mark.parametrize("path", ["/keys", "/.well-known/openid-configuration"])
async def test_a_provider_whose_keys_cannot_be_had_now_is_asked_to_send_it_again(
    scene: LogoutScene, path: str
) -> None:
    scene.corp.lies.answers[path] = answering(status=503)
    token = scene.token(sid="s-1")
    for _ in range(MOST_INVALID + 1):
        away = await scene.tell(token)
        assert (away.status, code_of(away)) == (502, 2022)
    scene.corp.lies.answers.clear()
    cookie = await scene.sign_in(sid="s-1")

    assert done(await scene.tell(token))
    assert not await scene.is_in(cookie)


async def test_a_provider_that_is_silent_when_its_new_key_is_wanted_leaves_the_old_keys_in_use(
    scene: LogoutScene,
) -> None:
    cookie = await scene.sign_in(sid="s-1")

    scene.corp.lies.answers["/keys"] = answering(status=500)
    unknown = scene.token(LogoutToken(header=change(kid="new")), sid="s-1")
    assert (await scene.tell(unknown)).status == 400
    assert done(await scene.tell(scene.token(sid="s-1")))
    assert not await scene.is_in(cookie)


async def test_b10_more_than_60_invalid_ones_a_minute_are_429_and_a_valid_one_passes_all_the_same(
    scene: LogoutScene,
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    answers = [await scene.tell("made.up.token") for _ in range(MOST_INVALID + 2)]

    assert MOST_INVALID == 60
    assert [answer.status for answer in answers] == [400] * 60 + [429] * 2
    assert (code_of(answers[-1]), answers[-1].header("retry-after")) == (2043, "60")
    await scene.assert_nothing_ended(cookie, answers[-1])
    assert (await scene.tell(scene.token(sid="s-1", nonce="n"))).status == 429
    elsewhere = await scene.tell("made.up.token", target=BACK.replace("corp", "okta"), host=OKTA)
    assert elsewhere.status == 400
    assert (await scene.tell("made.up.token", host=SECOND)).status == 429
    assert (await scene.get("/.outerward/login")).status == 302
    assert done(await scene.tell(scene.token(sid="s-1")))
    assert not await scene.is_in(cookie)


async def test_b10_invalid_messages_by_the_front_channel_count_too_and_stop_no_valid_one(
    scene: LogoutScene,
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    for _ in range(MOST_INVALID):
        assert (await scene.get(f"{FRONT}?sid=s-1", headers=IN_A_FRAME)).status == 400

    assert (await scene.get(f"{FRONT}?sid=s-1", headers=IN_A_FRAME)).status == 429
    assert (await scene.tell("made.up.token")).status == 429
    assert await scene.is_in(cookie)
    target = f"{FRONT}?iss={scene.corp.issuer}&sid=s-1"
    assert (await scene.get(target, headers=IN_A_FRAME)).status == 200
    assert not await scene.is_in(cookie)


async def test_valid_messages_are_never_limited_not_even_those_that_end_nothing(scene: LogoutScene) -> None:
    for _ in range(MOST_INVALID + 5):
        assert done(await scene.tell(scene.token(sid="unknown")))
    scene.corp.key = fresh_key()
    assert done(await scene.tell(scene.token(sid="unknown")))


async def test_the_same_token_on_two_workers_at_once_ends_once_and_never_fails(store: Store) -> None:
    async with logout_scene(store, workers=2) as scene:
        cookie = await scene.sign_in(sid="s-1")
        token = scene.token(sid="s-1")
        answers = await asyncio.gather(*(scene.tell(token, edge=edge) for edge in [*scene.edges] * 4))

        assert {answer.status for answer in answers} <= {200, 400}
        assert any(done(answer) for answer in answers)
        assert {code_of(answer) for answer in answers if answer.status == 400} <= {2042}
        assert not await scene.is_in(cookie)
