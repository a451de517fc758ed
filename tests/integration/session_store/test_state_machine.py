"""Any story of logins, visits, ends, blocks, deletions and waits, two at once among them, against a model.

After every step checks, browser sessions, lists and events say what the model says; at the end no entry of
an index leads nowhere. On each kind of server that the store may run on.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from session_store import EndReason
from tests.integration.session_store.session_story import Story
from tests.support.redis_server import Kind, RedisServer
from tests.support.session_acts import Act, EndByName, Login, Logout, Revoke, Visit, Wait
from tests.support.session_drafts import Draft, Race, stories
from tests.support.session_machine import machine
from tests.support.session_model import TIME, Over, World

ANY = settings(
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
SERVERS = ["unix", "cluster", pytest.param("redis", marks=pytest.mark.needs("redis-server"))]


@pytest.fixture(params=SERVERS)
def server_url(request: pytest.FixtureRequest, _servers: dict[Kind, RedisServer]) -> str:
    """A server that tests share; whoever tells it a story empties it first."""
    kind: Kind = request.param
    if kind not in _servers:
        _servers[kind] = RedisServer(kind)
        _servers[kind].start()
    return _servers[kind].url


@asynccontextmanager
async def beginning(url: str) -> AsyncIterator[Story]:
    """A story in a world where nothing has happened."""
    RedisServer.looking_at(url).flushall()
    async with machine(url) as one:
        yield Story(one, World(one.clock()))


async def tell(url: str, told: list[Draft | Race]) -> None:
    async with beginning(url) as story:
        for step in told:
            await story.go_on(step)
        await story.end()


# A story that fails is short enough to be read as it is; to make it shorter takes longer than a test may.
@settings(ANY, max_examples=50, derandomize=True, phases=[Phase.generate])
@given(story=stories(16))
async def test_the_store_says_what_the_model_says_whatever_is_done(
    server_url: str, story: list[Draft | Race]
) -> None:
    await tell(server_url, story)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(ANY, max_examples=5000)
@given(story=stories(50))
async def test_the_store_says_what_the_model_says_in_many_long_stories(
    server_url: str, story: list[Draft | Race]
) -> None:
    await tell(server_url, story)


ENDS: dict[str, Act] = {
    "logout": Logout(0),
    "the last other session": Revoke(0, "app"),
    "an end by name": EndByName("ada", None),
}


@pytest.mark.parametrize("end", ENDS)
async def test_what_went_idle_is_told_though_its_login_ended_before_a_sweep(
    server_url: str, end: str
) -> None:
    async with beginning(server_url) as story:
        story.logins = 1
        for act in (Login("ada", 0), Visit(0, "wiki", 0), Visit(0, "app", 1), Wait(11), ENDS[end]):
            await story.act(act)
        await story.end()
        assert story.world.sessions[0, "wiki"].end == Over(
            EndReason.IDLE, TIME, story.world.sessions[0, "wiki"].over_at
        )
