"""LOG-02 in logouts: no token, state, memory or cookie in any log or page, whether it goes well or not."""

import logging
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from idp_adapters import OidcProvider
from idp_adapters.oidc.session import SessionMemory, read_memory
from session_store import Store
from tests.support.edge import hash_of
from tests.support.hostile_oidc import change
from tests.support.http_client import Answer
from tests.support.logout_tokens import (
    BACK,
    FORM,
    FRONT,
    IN_A_FRAME,
    LOGOUT,
    SIGNED_OUT,
    TYPED_IN,
    LogoutScene,
    LogoutToken,
    done,
    logout_scene,
)
from tests.support.oidc_login import PARTY
from tests.support.redis_server import RedisServer

CANARY = "canary-in-a-logout"


def parts(token: str) -> list[str]:
    """What of a token would give it away."""
    return [part for part in token.split(".") if len(part) >= 16]


async def everything(scene: LogoutScene) -> tuple[list[Answer], list[str]]:
    """Logouts of each kind, good and bad; their answers, and the secrets that were in them."""
    scene.corp.lies.tokens = change(refresh_token=f"{CANARY}-refresh")
    answers, secrets = [], [CANARY]
    cookies = [await scene.sign_in(sid=f"{CANARY}-{number}") for number in range(3)]
    for cookie in cookies:
        memory = read_memory(await scene.store.session_memory(hash_of(cookie)) or b"")
        assert memory is not None
        assert memory.refresh_token == f"{CANARY}-refresh"
        secrets += [cookie, memory.nonce, *parts(memory.id_token)]
    tokens = [
        scene.token(sid=f"{CANARY}-0", jti=f"{CANARY}-jti"),
        scene.token(sid=f"{CANARY}-0", jti=f"{CANARY}-jti"),
        scene.token(sid=f"{CANARY}-1", nonce=CANARY),
        scene.token(sid=f"{CANARY}-1", iss=f"https://{CANARY}.example"),
        scene.token(sid=f"{CANARY}-1", aud=CANARY, events={CANARY: {}}),
        scene.token(LogoutToken(header=change(alg="HS256", x=CANARY)), sid=f"{CANARY}-1"),
        scene.token(LogoutToken(header=change(kid=CANARY)), sid=f"{CANARY}-1"),
    ]
    for token in tokens:
        secrets += parts(token)
        answers.append(await scene.tell(token))
    bodies = [f"logout_token={CANARY}&logout_token={CANARY}", f'{{"logout_token": "{CANARY}"}}', CANARY]
    answers += [await scene.send(body.encode()) for body in bodies]
    answers.append(await scene.send(CANARY.encode(), content_type="application/json"))
    answers.append(await scene.send(b"", method="GET", target=f"{BACK}?logout_token={CANARY}"))
    for named in ({"iss": scene.corp.issuer, "sid": f"{CANARY}-1"}, {"iss": CANARY, "sid": CANARY}):
        answers.append(await scene.get(f"{FRONT}?{urlencode(named)}", headers=IN_A_FRAME))
    away = await scene.get(LOGOUT, cookie=f"outerward={cookies[2]}", headers=TYPED_IN)
    state = dict(parse_qsl(urlsplit(away.header("location")).query))["state"]
    answers.append(await scene.get(f"{SIGNED_OUT}?state={state}"))
    assert done(answers[0])
    assert [await scene.is_in(cookie) for cookie in cookies] == [False] * 3
    return answers, [*secrets, state]


async def test_log_02_no_secret_of_a_logout_is_in_any_log_or_page_at_any_level(
    store: Store, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with logout_scene(store, end_session=True) as scene:
        answers, secrets = await everything(scene)
        logged = str([scene.edge.logged])
    said = "".join([caplog.text, logged, *capfd.readouterr()])
    sent = "".join(f"{answer.headers}{answer.body!r}" for answer in answers)

    assert len(secrets) >= 20
    assert logged.count("logout_refused") >= 8
    assert [secret for secret in secrets if secret in said or secret in sent] == []


async def test_log_02_a_store_that_is_away_makes_the_log_tell_nothing_either(
    store_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = Store.open(
        store_server.url,
        secrets=["a secret of the tests, 32 long.."],
        check_timeout_s=0.5,
        command_timeout_s=1,
    )
    await store.start()
    async with logout_scene(store, end_session=True) as scene:
        cookie = await scene.sign_in(sid=CANARY)
        token = scene.token(sid=CANARY, jti=CANARY)
        store_server.kill()
        answers = [
            await scene.tell(token),
            await scene.get(f"{FRONT}?{urlencode({'iss': scene.corp.issuer, 'sid': CANARY})}"),
            await scene.get(f"{SIGNED_OUT}?state={CANARY}"),
            await scene.get(LOGOUT, cookie=f"outerward={cookie}", headers=TYPED_IN),
        ]
        said = caplog.text + str(scene.edge.logged)
    await store.close()

    assert [answer.status for answer in answers] == [503] * 4
    assert "store_unavailable" in said
    assert [secret for secret in (CANARY, cookie, *parts(token)) if secret in said] == []


@pytest.mark.parametrize("show", [repr, str, "{}".format], ids=["repr", "str", "format"])
async def test_log_02_what_holds_secrets_does_not_show_them(
    store: Store, show: Callable[[object], str]
) -> None:
    async with logout_scene(store, end_session=True) as scene:
        cookie = await scene.sign_in(sid="s-1")
        kept = await scene.store.session_memory(hash_of(cookie)) or b""
        memory = read_memory(kept)
        provider = OidcProvider("corp", scene.corp.settings())
        begun = await provider.logout(kept, PARTY)
        await provider.close()

    assert isinstance(memory, SessionMemory)
    assert begun is not None
    told = show(memory) + show(begun) + show(begun.sending)
    assert not any(part in told for part in (*parts(memory.id_token), memory.nonce, begun.state))


async def test_log_02_a_token_in_the_body_of_a_refused_type_is_not_echoed(store: Store) -> None:
    async with logout_scene(store) as scene:
        token = scene.token(sid="s-1")
        answer = await scene.send(token.encode(), content_type=FORM + "x")

    assert answer.status == 400
    assert not any(part.encode() in answer.body for part in parts(token))
