"""``session_limit`` at the edge: the newest browsers stay, and who made way is told at the login."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from proxy import Site, create_control_app
from session_store import Store
from tests.support.control import Stub
from tests.support.edge import Edge, ada, route, running_edge
from tests.support.refreshing import NAVIGATION
from tests.support.upstreams import Echo

LIMITED, FREE = "/limited", "/free"


@pytest.fixture
async def edge(store: Store) -> AsyncIterator[Edge]:
    async with Echo.running() as upstream:
        routes = [route(upstream, prefix=LIMITED, session_limit=2), route(upstream, prefix=FREE)]
        control = create_control_app(Site.of(routes), store, {"corp": Stub("corp")})
        async with running_edge(store, routes, control=control) as running:
            yield running


async def status(edge: Edge, cookie: str, target: str = LIMITED) -> int:
    return (await edge.ask(target, cookie=cookie)).status


async def test_a_third_browser_ends_the_oldest_session_there_and_its_visitor_is_told(edge: Edge) -> None:
    cookies = [await edge.sign_in() for _ in range(3)]
    eve = await edge.sign_in(principal=ada(subject="eve"))
    assert await status(edge, cookies[0], FREE) == 200
    for cookie in (eve, *cookies):
        assert await status(edge, cookie) == 200

    refused = await edge.ask(LIMITED, cookie=cookies[0])
    assert (refused.status, refused.json["details"]["reason"]) == (401, "revoked")
    for cookie in (eve, *cookies[1:]):
        assert await status(edge, cookie) == 200
    assert await status(edge, cookies[0], FREE) == 200
    told = await edge.ask(f"/.outerward/login?redirect_path={LIMITED}", cookie=cookies[0], headers=NAVIGATION)
    assert (told.status, told.header("location")) == (200, "")
    assert b"OUT-2002" in told.body
    assert b"You signed in elsewhere" in told.body
    untold = await edge.ask(f"/.outerward/login?redirect_path={FREE}", cookie=cookies[0], headers=NAVIGATION)
    assert (untold.status, b"OUT-2002" in untold.body) == (302, False)


async def test_of_ten_browsers_at_once_exactly_two_stay(edge: Edge) -> None:
    cookies = [await edge.sign_in() for _ in range(10)]
    await asyncio.gather(*(status(edge, cookie) for cookie in cookies))
    left = [await status(edge, cookie) for cookie in cookies]

    assert sorted(left) == [200] * 2 + [401] * 8
    assert len((await edge.store.sessions(limit=20, before=None)).items) == 2
