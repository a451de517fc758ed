"""LOGOUT-04 and B8, B9: a logout token ends all that it names, on every host and worker, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from session_store import BrowserSession, EndReason, Store, Tombstone
from tests.support.edge import HOST, hash_of
from tests.support.http_client import connected, request
from tests.support.logout_tokens import (
    BACK,
    BROWSER,
    OKTA,
    SECOND,
    LogoutScene,
    LogoutToken,
    code_of,
    cookies_in,
    done,
    logout_scene,
)


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store) as running:
        yield running


async def test_logout_04_a_token_with_sub_alone_ends_all_sessions_of_issuer_and_sub_and_no_others(
    scene: LogoutScene,
) -> None:
    ended = [
        (await scene.sign_in(sid="s-1"), HOST),
        (await scene.sign_in(sid="s-1", host=SECOND), SECOND),
        (await scene.sign_in(sid="s-2"), HOST),
        (await scene.sign_in(), HOST),
        (await scene.sign_in(host=SECOND), SECOND),
    ]
    kept = [
        (await scene.sign_in(sid="s-3", sub="ada2"), HOST),
        (await scene.sign_in(sid="s-3", sub="ADA"), HOST),
        (await scene.sign_in(sub="eve", host=SECOND), SECOND),
        (await scene.sign_in(sid="s-1", sub="ada", host=OKTA), OKTA),
    ]
    assert done(await scene.tell(scene.token(sub="ada")))

    assert [await scene.is_in(cookie, host) for cookie, host in ended] == [False] * 5
    assert [await scene.is_in(cookie, host) for cookie, host in kept] == [True] * 4


async def test_a_token_with_sid_ends_that_session_on_every_host_and_no_other_of_the_person(
    scene: LogoutScene,
) -> None:
    here = await scene.sign_in(sid="s-1")
    there = await scene.sign_in(sid="s-1", host=SECOND)
    other = await scene.sign_in(sid="s-2")
    without = await scene.sign_in()
    assert done(await scene.tell(scene.token(sid="s-1"), host=SECOND))

    assert not await scene.is_in(here)
    assert not await scene.is_in(there, SECOND)
    assert await scene.is_in(other)
    assert await scene.is_in(without)


async def test_a_token_with_both_ends_the_one_session_that_has_both(scene: LogoutScene) -> None:
    ada = await scene.sign_in(sid="s-1")
    other = await scene.sign_in(sid="s-2")
    assert done(await scene.tell(scene.token(sub="ada", sid="s-1")))

    assert not await scene.is_in(ada)
    assert await scene.is_in(other)


@pytest.mark.parametrize(
    ("sub", "sid"),
    [
        ("eve", "s-1"),
        ("ada", "s-2"),
        ("ada", "unknown"),
        ("unknown", "s-1"),
        ("ada s-1", "s-1"),
        ("", "unknown"),
        ("unknown", ""),
        ("s-1", ""),
        ("", "ada"),
        ("sid s-1", ""),
        ("", "s-1 "),
        ("3 ada s-1", ""),
    ],
)
async def test_b9_what_nobody_here_is_called_is_200_and_ends_nothing(
    scene: LogoutScene, sub: str, sid: str
) -> None:
    ada = await scene.sign_in(sid="s-1")
    eve = await scene.sign_in(sid="s-2", sub="eve")
    named: dict[str, Any] = {name: value for name, value in (("sub", sub), ("sid", sid)) if value}
    answer = await scene.tell(scene.token(**named))

    assert done(answer)
    assert await scene.is_in(ada)
    assert await scene.is_in(eve)
    known = await scene.tell(scene.token(sid="s-1"))
    assert [name for name, _ in answer.headers] == [name for name, _ in known.headers]


async def test_the_sid_of_another_issuer_ends_nothing_of_this_one(scene: LogoutScene) -> None:
    ours = await scene.sign_in(sid="s-1")
    theirs = await scene.sign_in(sid="s-1", host=OKTA)
    token = LogoutToken().signed_by(scene.okta, sid="s-1")
    okta = BACK.replace("corp", "okta")

    await scene.assert_nothing_ended(ours, await scene.tell(token))
    assert done(await scene.tell(token, target=okta, host=OKTA))
    assert await scene.is_in(ours)
    assert not await scene.is_in(theirs, OKTA)


async def test_b8_no_request_that_begins_after_the_200_passes_on_any_worker(store: Store) -> None:
    async with logout_scene(store, workers=3) as scene, AsyncExitStack() as stack:
        cookies = [await scene.sign_in(sid=f"s-{number}") for number in range(4)]
        clients = [await stack.enter_async_context(connected(edge.port)) for edge in scene.edges]
        for number, cookie in enumerate(cookies):
            for client in clients:
                await client.send(request(cookie=cookie))
                assert (await client.answer()).status == 200
            hits = scene.upstream.hits
            assert done(await scene.tell(scene.token(sid=f"s-{number}"), edge=scene.edges[number % 3]))
            for client in clients:
                await client.send(request(cookie=cookie))
                answer = await client.answer()
                assert (answer.status, answer.json["details"]["reason"]) == (401, "logged_out")
            assert scene.upstream.hits == hits


async def test_the_login_page_says_that_one_signed_out_elsewhere_and_goes_on_by_a_button(
    scene: LogoutScene,
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    assert done(await scene.tell(scene.token(sid="s-1")))
    away = await scene.get("/report", cookie=f"outerward={cookie}")
    for _ in range(2):
        page = await scene.get(away.header("location"), cookie=f"outerward={cookie}")
        assert (page.status, code_of(page)) == (200, 2002)
        assert b"You signed out elsewhere" in page.body
        assert page.all("set-cookie") == []

    ended = await scene.store.browser_session(hash_of(cookie))
    assert isinstance(ended, Tombstone)
    assert (ended.reason, ended.ended_by) == (EndReason.BACK_CHANNEL, "provider:corp")
    assert b'method="post"' in page.body
    assert b"Sign in again" in page.body


@pytest.mark.parametrize("named", [{"sid": "s-1"}, {"sub": "ada"}, {"sid": "s-1", "sub": "ada"}])
async def test_a_login_that_began_before_the_logout_and_comes_back_after_it_is_overtaken(
    scene: LogoutScene, named: dict[str, Any]
) -> None:
    begun = await scene.begin(sid="s-1")
    assert done(await scene.tell(scene.token(**named)))
    landing = await scene.come_back(begun)

    assert (landing.status, code_of(landing)) == (409, 2013)
    assert "outerward" not in cookies_in(landing)
    anew = await scene.sign_in(sid="s-1")
    assert isinstance(await scene.store.browser_session(hash_of(anew)), BrowserSession)


async def test_a_login_of_somebody_else_is_not_overtaken(scene: LogoutScene) -> None:
    begun = await scene.begin(sid="s-2", sub="eve")
    assert done(await scene.tell(scene.token(sub="ada", sid="s-1")))
    assert done(await scene.tell(scene.token(sub="ada")))

    assert (await scene.come_back(begun)).status == 302


async def test_b12_what_the_login_left_is_gone_with_the_session(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")
    assert await scene.store.session_memory(hash_of(cookie))
    assert done(await scene.tell(scene.token(sid="s-1")))

    assert await scene.store.session_memory(hash_of(cookie)) is None


async def test_the_cookie_of_the_ended_session_is_not_touched_so_that_the_notice_stays(
    scene: LogoutScene,
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    answer = await scene.send(
        f"logout_token={scene.token(sid='s-1')}".encode(), *BROWSER, ("Cookie", f"outerward={cookie}")
    )

    assert done(answer)
    assert answer.all("set-cookie") == []
