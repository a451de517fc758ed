"""Costly reads by the hundred: each token has its few places and a short line before them, and acts and plain
lists have no line.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import quote

import aiohttp
import pytest

from admin_api import lists
from admin_api.app import COSTLY_EACH, MOST_COSTLY, WAITING_EACH
from admin_api.line import Line
from admin_api.places import Places
from session_store import Page, SessionView, Store
from tests.support.admin_api import Answer, RunningApi, running_api, session_of
from tests.support.http_client import until as eventually

GUARD_S = 30
NOBODY = "edgusr_" + "0" * 27
HELD = "/app/sessions?q=a"
COSTLY = [
    "/app/sessions?filter=" + quote('obj.email.contains("zzzz")'),
    "/app/sessions?q=a",
    "/app/sessions?q=",
    "/app/sessions?state=ended&q=a",
    "/app/sessions?format=csv",
    "/app/sessions?format=csv&state=ended",
    "/app/sessions/count",
    "/app/sessions/count?q=a",
    "/app/users?filter=true",
    "/app/users?q=a",
    "/app/users?format=csv",
    "/app/users/count",
    f"/app/users/{NOBODY}/export",
    "/events?type=login",
    f"/events?user={NOBODY}",
]
PLAIN = [
    "/app/sessions",
    "/app/sessions?format=json&limit=1",
    "/app/sessions?state=ended",
    "/app/users",
    "/app/blocks",
    "/events",
    "/endpoints",
    "/tokens",
    "/healthz",
    "/openapi.yaml",
]


class Gated:
    """The store, where whoever looks for live sessions waits at a gate; ``lines`` are those before it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.gate = asyncio.Event()
        self.waiting = asyncio.Semaphore(0)
        self.asked = 0
        self.lines: list[Line] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def sessions(self, **asked: Any) -> Page[SessionView]:
        if asked["wanted"].search is not None and asked["wanted"].search.text == "a":
            self.asked += 1
            self.waiting.release()
            await self.gate.wait()
        return await self._store.sessions(**asked)

    def line(self, places: Places, *, each: int, patience_s: float) -> Line:
        """A line that is watched."""
        self.lines.append(Line(places, each=each, patience_s=patience_s))
        return self.lines[-1]

    async def until(self, holds: Callable[[list[Any]], bool]) -> None:
        """Wait until those who stand in the line are as ``holds`` says."""
        await eventually(lambda: holds(list[Any](self.lines[0]._turns)))


@pytest.fixture
def waited_s() -> float:
    """How long is waited for a place."""
    return 0.01


@pytest.fixture
def gated(store: Store, monkeypatch: pytest.MonkeyPatch, waited_s: float) -> Gated:
    """The gate is shut for as long as a test likes."""
    monkeypatch.setattr("admin_api.pipeline.ANSWER_WITHIN_S", 10.0 * GUARD_S)
    monkeypatch.setattr("admin_api.app.WAITED_S", waited_s)
    made = Gated(store)
    monkeypatch.setattr("admin_api.app.Line", made.line)
    return made


@pytest.fixture
async def api(gated: Gated) -> AsyncIterator[RunningApi]:
    """The API over the store with the gate."""
    async with running_api(cast("Store", gated)) as running:
        yield running


@asynccontextmanager
async def holding(api: RunningApi, gated: Gated, *tokens: str) -> AsyncIterator[list[asyncio.Task[Answer]]]:
    """Each of ``tokens`` holds one place more."""
    held = [asyncio.create_task(api.get(HELD, token)) for token in tokens]
    try:
        async with asyncio.timeout(GUARD_S):
            for _ in held:
                await gated.waiting.acquire()
        yield held
    finally:
        gated.gate.set()
        await asyncio.gather(*held)


async def tokens_of(store: Store, count: int, scope: str = "admin") -> list[str]:
    return [(await store.create_token("n", scope, None))[1] for _ in range(count)]


def is_busy(answer: Answer) -> bool:
    if answer.status != 503:
        return False
    assert (answer.code, answer.headers["Retry-After"]) == (3006, "1")
    return True


@pytest.mark.parametrize("path", COSTLY)
async def test_every_costly_read_needs_a_place(
    api: RunningApi, gated: Gated, store: Store, path: str
) -> None:
    greedy, _ = await tokens_of(store, 2)
    assert not is_busy(await api.get(path.replace("q=a", "q=b"), greedy))
    async with holding(api, gated, *[greedy] * COSTLY_EACH):
        assert is_busy(await api.get(path, greedy))


@pytest.mark.parametrize("path", COSTLY)
async def test_one_token_takes_no_place_of_another(
    api: RunningApi, gated: Gated, store: Store, path: str
) -> None:
    greedy, other = await tokens_of(store, 2)
    async with holding(api, gated, *[greedy] * COSTLY_EACH):
        answer = await api.get(path.replace("q=a", "q=b"), other)
        assert answer.status in {200, 404}


async def test_there_are_so_many_places_in_all(api: RunningApi, gated: Gated, store: Store) -> None:
    *several, last = await tokens_of(store, MOST_COSTLY // COSTLY_EACH + 1)
    async with holding(api, gated, *several * COSTLY_EACH):
        assert is_busy(await api.get("/app/users?q=b", last))
        assert is_busy(await api.get("/app/sessions?format=csv", last))


@pytest.mark.parametrize("path", PLAIN)
async def test_what_is_plain_has_room_though_all_places_are_taken(
    api: RunningApi, gated: Gated, store: Store, path: str
) -> None:
    tokens = await tokens_of(store, MOST_COSTLY // COSTLY_EACH)
    async with holding(api, gated, *tokens * COSTLY_EACH):
        assert (await api.get(path, tokens[0])).status == 200


async def test_acts_have_room_though_all_places_are_taken(
    api: RunningApi, gated: Gated, store: Store
) -> None:
    tokens = await tokens_of(store, MOST_COSTLY // COSTLY_EACH)
    session, other = await session_of(store), await session_of(store, "grace")
    async with holding(api, gated, *tokens * COSTLY_EACH):
        assert (await api.get(f"/app/sessions/{session.id}", tokens[0])).status == 200
        assert (await api.get(f"/app/users/{session.user_id}/sessions", tokens[0])).status == 200
        assert (await api.delete(f"/app/sessions/{session.id}", tokens[0])).status == 204
        blocking = await api.call("PUT", f"/app/users/{other.user_id}/block", tokens[0], json={})
        assert blocking.status == 200
        body = {"filter": 'obj.name.contains("a")', "dry_run": True}
        assert (await api.call("POST", "/app/sessions/revoke", tokens[0], json=body)).status == 200
        assert (await api.delete(f"/app/users/{session.user_id}?erase=true", tokens[0])).status == 204


@pytest.mark.parametrize("waited_s", [10.0 * GUARD_S], ids=["for long"])
async def test_some_wait_in_line_and_more_are_refused_at_once(
    api: RunningApi, gated: Gated, store: Store
) -> None:
    (greedy,) = await tokens_of(store, 1)
    async with holding(api, gated, *[greedy] * COSTLY_EACH):
        reading = [asyncio.create_task(api.get("/app/users?q=b", greedy)) for _ in range(3 * WAITING_EACH)]
        async with asyncio.timeout(GUARD_S):
            done = asyncio.as_completed(reading)
            assert [is_busy(await next(done)) for _ in range(2 * WAITING_EACH)] == [True] * 2 * WAITING_EACH
        assert sum(task.done() for task in reading) == 2 * WAITING_EACH
    answers = await asyncio.gather(*reading)
    assert Counter(answer.status for answer in answers) == {200: WAITING_EACH, 503: 2 * WAITING_EACH}


@pytest.mark.parametrize("waited_s", [10.0 * GUARD_S], ids=["for long"])
async def test_a_token_that_is_revoked_while_its_call_waits_is_answered_no_more(
    api: RunningApi, gated: Gated, store: Store
) -> None:
    token, secret = await store.create_token("n", "read", None)
    async with holding(api, gated, *[secret] * COSTLY_EACH) as held:
        waiting = asyncio.create_task(api.get("/app/users?q=b", secret))
        await gated.until(lambda turns: len(turns) == 1)
        assert (await api.delete(f"/tokens/{token.id}")).status == 204
    assert (await waiting).status == 401
    assert [(await each).status for each in held] == [200] * COSTLY_EACH


@pytest.mark.parametrize("waited_s", [10.0 * GUARD_S], ids=["for long"])
async def test_who_has_hung_up_keeps_nobody_out_and_nothing_is_read_for_them(
    api: RunningApi, gated: Gated, store: Store
) -> None:
    (greedy,) = await tokens_of(store, 1)
    async with holding(api, gated, *[greedy] * COSTLY_EACH):
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {greedy}"}) as http:
            left = [asyncio.create_task(http.get(f"{api.url}{HELD}")) for _ in range(WAITING_EACH)]
            await gated.until(lambda turns: len(turns) == WAITING_EACH)
            for each in left:
                each.cancel()
        await gated.until(lambda turns: all(turn.has_gone() for turn in turns))
        there = asyncio.create_task(api.get("/app/users?q=b", greedy))
        await gated.until(lambda turns: len(turns) == 1)
    assert (await there).status == 200
    assert gated.asked == COSTLY_EACH


async def test_a_flood_of_one_token_is_refused_and_the_places_come_back(
    api: RunningApi, gated: Gated, store: Store
) -> None:
    (flooding,) = await tokens_of(store, 1, "read")
    async with holding(api, gated, *[flooding] * COSTLY_EACH) as held:
        flood = await asyncio.gather(*(api.get(HELD, flooding) for _ in range(100)))
        assert Counter(is_busy(answer) for answer in flood) == {True: 100}
        gated.gate.set()
        assert [(await task).status for task in held] == [200] * COSTLY_EACH
    for _ in range(2 * MOST_COSTLY):
        assert (await api.get(HELD, flooding)).status == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [("/app/sessions?filter=x", 3024), ("/app/sessions?format=csv&limit=1", 3028)],
    ids=["a bad filter", "a file with a limit"],
)
async def test_what_is_refused_for_itself_gives_its_place_back(api: RunningApi, path: str, code: int) -> None:
    for _ in range(2 * MOST_COSTLY):
        assert (await api.get(path)).code == code


@pytest.fixture
def long_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of lists that goes on until its reader leaves."""

    async def endless(*_args: object) -> AsyncGenerator[bytes, None]:
        while True:
            yield b"id\r\n"
            await asyncio.sleep(0.01)

    monkeypatch.setattr(lists, "_as_csv", endless)


@pytest.mark.usefixtures("long_files")
async def test_a_file_holds_its_place_until_it_ends(api: RunningApi, store: Store) -> None:
    (secret,) = await tokens_of(store, 1, "read")
    headers = {"Authorization": f"Bearer {secret}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        files = [await http.get(f"{api.url}/app/users?format=csv") for _ in range(COSTLY_EACH)]
        for file in files:
            assert await file.content.readline() == b"id\r\n"
        assert is_busy(await api.get("/app/users?q=a", secret))
        for file in files:
            file.close()
    async with asyncio.timeout(GUARD_S):
        while is_busy(await api.get("/app/users?q=a", secret)):
            pass


async def test_without_a_token_nobody_learns_how_busy_it_is(
    api: RunningApi, gated: Gated, store: Store
) -> None:
    tokens = await tokens_of(store, MOST_COSTLY // COSTLY_EACH)
    async with holding(api, gated, *tokens * COSTLY_EACH):
        assert (await api.get(HELD, None)).status == 401
        assert (await api.get("/app/sessions?q=a&q=b", tokens[0])).code == 3020
        assert (await api.call("HEAD", HELD, tokens[0])).status == 405
