"""The store killed and hung under the API: 503 in time, *not confirmed* for every write."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from admin_api.operations import ANSWER_WITHIN_S, Resource
from admin_api.pipeline import Pipeline
from session_store import ApplicationSession, Store
from tests.support.admin_api import Answer, RunningApi, running_api, session_of
from tests.support.redis_server import RedisServer

READS = [
    "/app/users",
    "/app/users?q=a",
    "/app/users?format=csv",
    "/app/users/count",
    "/app/users/{user}",
    "/app/users/{user}/sessions",
    "/app/users/{user}/export",
    "/app/users/{user}/block",
    "/app/blocks",
    "/app/sessions",
    "/app/sessions?state=ended",
    "/app/sessions?format=csv",
    "/app/sessions/count",
    "/app/sessions/{session}",
    "/app/sessions/{session}/accesses",
    "/tokens",
]
DELETIONS = [
    "/app/users/{user}",
    "/app/users/{user}?erase=true",
    "/app/users/{user}/block",
    "/app/users/{session}",
    "/app/sessions/{session}",
    "/tokens/owtok_" + "0" * 27,
]
BODIES = [
    ("POST", "/tokens", {"name": "n", "scope": "read"}),
    ("PUT", "/app/users/{user}/block", {}),
    ("POST", "/app/sessions/revoke", {"filter": 'obj.tunnel == "wiki"'}),
    ("POST", "/app/sessions/revoke", {"ids": ["edgses_" + "0" * 27]}),
]
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
    for template in DELETIONS:
        answer = await in_time(api, "DELETE", path_of(template, session))
        assert answer.code == (4002 if "erase" in template else 4001)
        assert "Not confirmed" in answer.json["msg"]
    for method, template, body in BODIES:
        assert (await in_time(api, method, path_of(template, session), json=body)).code == 4001


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


class Blocking:
    """A store that keeps the event loop busy whatever it does, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        async def block(*_args: object, **_options: object) -> bool:
            self.asked += 1
            time.sleep(0.2)  # noqa: ASYNC251  # what is tried is a loop that is late
            return True

        return block


@pytest.mark.parametrize(
    ("path", "code"),
    [("/app/sessions/edgses_" + "0" * 27, 4001), ("/app/users/edgusr_" + "0" * 27 + "?erase=true", 4002)],
    ids=["an end", "an erasure"],
)
async def test_an_act_that_ends_too_late_is_not_confirmed(
    monkeypatch: pytest.MonkeyPatch, path: str, code: int
) -> None:
    monkeypatch.setattr("admin_api.pipeline.ANSWER_WITHIN_S", 0.1)
    store = Blocking()
    async with running_api(cast("Store", store)) as api:
        assert (await api.delete(path)).code == code
    assert store.asked == 1


async def test_the_time_of_an_act_begins_when_it_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_api.pipeline.ANSWER_WITHIN_S", 0.1)
    serve = Pipeline.serve

    async def late(self: Pipeline, resource: Resource, request: web.Request) -> web.StreamResponse:
        time.sleep(0.2)  # noqa: ASYNC251
        return await serve(self, resource, request)

    monkeypatch.setattr(Pipeline, "serve", late)
    store = Blocking()
    async with running_api(cast("Store", store)) as api:
        assert (await api.delete("/app/sessions/edgses_" + "0" * 27)).code == 4001
        assert (await api.get("/healthz", None)).status == 200
    assert store.asked == 0


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
