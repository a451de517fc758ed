"""The store killed and hung under the API: 503 in time, *not confirmed* for every write."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from admin_api.pipeline import ANSWER_WITHIN_S
from session_store import ApplicationSession, Store
from tests.support.admin_api import Answer, RunningApi, running_api, session_of
from tests.support.redis_server import RedisServer

READS = ["/app/users", "/app/sessions", "/app/users/{user}", "/app/sessions/{session}", "/tokens"]
WRITES = ["/app/users/{user}", "/app/users/{session}", "/app/sessions/{session}", "/tokens/owtok_" + "0" * 27]
IN_TIME_S = 2.0


@asynccontextmanager
async def opened(server: RedisServer, command_timeout_s: float) -> AsyncIterator[Store]:
    store = Store.open(server.url, secrets=["s" * 32], command_timeout_s=command_timeout_s)
    try:
        await store.start()
        yield store
    finally:
        await store.close()


@pytest.fixture
async def scene(store_server: RedisServer) -> AsyncIterator[Store]:
    """A patient store on a server of the test's own, to set the scene by."""
    async with opened(store_server, 30.0) as patient:
        yield patient


@pytest.fixture
async def api(store_server: RedisServer) -> AsyncIterator[RunningApi]:
    """The API over that server, with a deadline a tenth of what is promised."""
    async with opened(store_server, IN_TIME_S / 10) as hasty, running_api(hasty) as running:
        yield running


def stop(server: RedisServer, how: str) -> None:
    server.kill() if how == "killed" else server.hang()


def path_of(template: str, session: ApplicationSession) -> str:
    return template.format(user=session.user_id, session=session.id)


async def in_time(api: RunningApi, method: str, path: str, **options: Any) -> Answer:
    began = time.monotonic()
    answer = await api.call(method, path, **options)
    assert time.monotonic() - began < IN_TIME_S
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"
    return answer


@pytest.mark.parametrize("how", ["killed", "hung"])
async def test_reads_are_503_in_time(
    api: RunningApi, scene: Store, store_server: RedisServer, how: str
) -> None:
    session = await session_of(scene)
    stop(store_server, how)
    for template in READS:
        assert (await in_time(api, "GET", path_of(template, session))).code == 4000


@pytest.mark.parametrize("how", ["killed", "hung"])
async def test_writes_are_not_confirmed_in_time(
    api: RunningApi, scene: Store, store_server: RedisServer, how: str
) -> None:
    session = await session_of(scene)
    stop(store_server, how)
    for template in WRITES:
        answer = await in_time(api, "DELETE", path_of(template, session))
        assert answer.code == 4001
        assert "Not confirmed" in answer.json["msg"]
    made = await in_time(api, "POST", "/tokens", json={"name": "n", "scope": "read"})
    assert made.code == 4001


@pytest.mark.parametrize("how", ["killed", "hung"])
async def test_a_token_that_cannot_be_looked_up_is_503_not_401(
    api: RunningApi, scene: Store, store_server: RedisServer, how: str
) -> None:
    _, secret = await scene.create_token("n", "admin", None)
    stop(store_server, how)
    assert (await in_time(api, "GET", "/app/users", token=secret)).code == 4000
    assert (await in_time(api, "DELETE", "/app/users/x", token=secret)).code == 4001
    for token in (None, "no token at all"):
        assert (await api.get("/app/users", token)).status == 401


@pytest.mark.parametrize("how", ["killed", "hung"])
async def test_the_process_lives_but_is_not_ready(
    api: RunningApi, store_server: RedisServer, how: str
) -> None:
    stop(store_server, how)
    assert (await api.get("/healthz", None)).status == 200
    assert (await in_time(api, "GET", "/readyz", token=None)).json == {"store": "down"}
    assert (await api.get("/openapi.yaml", None)).status == 200


async def test_what_was_not_confirmed_is_repeated_when_the_store_is_back(
    api: RunningApi, scene: Store, store_server: RedisServer
) -> None:
    session = await session_of(scene)
    store_server.hang()
    assert (await api.delete(f"/app/sessions/{session.id}")).code == 4001
    store_server.go_on()
    while (again := await api.delete(f"/app/sessions/{session.id}")).status == 503:
        pass
    # What was given up may have been carried out meanwhile: that is what *not confirmed* says.
    assert again.status in {204, 404}
    assert await scene.session(session.id) is None


async def test_the_deadlines_in_use_leave_room_below_what_is_promised() -> None:
    default = inspect.signature(Store.open).parameters["command_timeout_s"].default
    assert max(default, ANSWER_WITHIN_S) < IN_TIME_S


class Stuck:
    """A store that answers nothing, ever, and has no deadline of its own."""

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        async def wait(*_args: object, **_options: object) -> None:
            await asyncio.Event().wait()

        return wait


async def test_the_api_has_a_deadline_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_api.pipeline.ANSWER_WITHIN_S", 0.0)
    async with running_api(cast("Store", Stuck())) as api:
        assert (await api.get("/app/users")).code == 4000
        assert (await api.get("/app/users", "owt_" + "0" * 43)).code == 4000
        assert (await api.delete("/app/sessions/edgses_" + "0" * 27)).code == 4001


class Broken:
    """A store whose every method fails as none should."""

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        async def fail(*_args: object, **_options: object) -> None:
            raise RuntimeError("CANARY")

        return fail


async def test_an_unforeseen_fault_is_a_500_without_detail() -> None:
    with capture_logs() as lines:
        async with running_api(cast("Store", Broken())) as api:
            answer = await api.get("/app/users")
    assert (answer.status, answer.code) == (500, 3000)
    assert b"CANARY" not in answer.body
    fault = next(line for line in lines if line["event"] == "api_internal_error")
    assert fault["error"] == "RuntimeError"
    assert fault["operation_id"] == answer.headers["X-Operation-Id"]
    assert "CANARY" not in repr(lines)
