"""ADMIN-01, ADMIN-02, ADMIN-11 at every operation: who may call it, and that nobody else changes a thing.

The table is written by hand and held against the served description, so that no operation is without a line.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import yaml

from session_store import Store, TokenId, endpoint_id, tunnel_id
from tests.support.admin_api import (
    BOOTSTRAP,
    Answer,
    RunningApi,
    now_ms,
    running_api,
    seconds,
    session_of,
)
from tests.support.event_reader import reading

SCOPES = ("read", "revoke", "admin")
NEEDS = {
    "GET /app/users": "read",
    "GET /app/users/count": "read",
    "GET /app/users/{id}": "read",
    "DELETE /app/users/{id}": "revoke",
    "GET /app/users/{id}/sessions": "read",
    "GET /app/users/{id}/export": "admin",
    "GET /app/users/{id}/block": "read",
    "PUT /app/users/{id}/block": "revoke",
    "DELETE /app/users/{id}/block": "revoke",
    "GET /app/blocks": "read",
    "GET /app/sessions": "read",
    "GET /app/sessions/count": "read",
    "POST /app/sessions/revoke": "revoke",
    "GET /app/sessions/{id}": "read",
    "DELETE /app/sessions/{id}": "revoke",
    "GET /app/sessions/{id}/accesses": "read",
    "GET /events": "read",
    "GET /events/stream": "read",
    "GET /endpoints": "read",
    "GET /endpoints/{id}": "read",
    "GET /tunnels": "read",
    "GET /tunnels/{id}": "read",
    "GET /edges": "read",
    "GET /edges/{id}": "read",
    "GET /edges/{edge}/routes/{id}": "read",
    "GET /tokens": "admin",
    "POST /tokens": "admin",
    "GET /tokens/{id}": "admin",
    "DELETE /tokens/{id}": "admin",
}
OPEN = {"GET /healthz", "GET /readyz", "GET /openapi.yaml"}
ERASURE = "DELETE /app/users/{id}?erase=true"
OPERATIONS = {**NEEDS, ERASURE: "admin"}
BODIES = {
    "PUT /app/users/{id}/block": {"reason": "left"},
    "POST /app/sessions/revoke": {"filter": "true"},
    "POST /tokens": {"name": "mine", "scope": "admin"},
}


@dataclass(frozen=True)
class Scene:
    """A store with something of each kind in it, and the API before it."""

    api: RunningApi
    store: Store
    user: str
    session: str
    token: str

    async def call(self, operation: str, secret: str | None, **options: Any) -> Answer:
        """``operation`` on what there is, by ``secret``; of a stream only the head is read."""
        method, _, path = operation.partition(" ")
        of = self.session if path.startswith("/app/sessions") else self.user
        of = self.token if path.startswith("/tokens") else of
        of = {"/endpoints": endpoint_id("wiki"), "/tunnels": tunnel_id("wiki")}.get(
            path[: path.rfind("/")], of
        )
        url = path.replace("{id}", of).replace("{edge}", "edghts_" + "0" * 27)
        if operation == "GET /events/stream":
            return await self._head(url, secret)
        return await self.api.call(method, url, secret, json=BODIES.get(operation), **options)

    async def _head(self, path: str, secret: str | None) -> Answer:
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        async with self.api.http.get(self.api.url + path, headers=headers) as response:
            body = b"" if response.status == 200 else await response.read()
            return Answer(response.status, response.headers, body, await response.json() if body else None)

    async def state(self) -> dict[str, Any]:
        """All that an operation may change."""
        return {
            "users": [view.user.id for view in (await self.store.users(limit=100, before=None)).items],
            "sessions": [
                view.session.id for view in (await self.store.sessions(limit=100, before=None)).items
            ],
            "tokens": sorted(token.id for token in await self.store.tokens()),
            "blocks": [block.user_id for block in await self.store.blocks()],
            "events": [stored.id for stored in (await self.store.events(limit=100, before=None)).items],
        }


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    session, blocked = await session_of(store), await session_of(store, "grace")
    token, _ = await store.create_token("kept", "read", None)
    await store.block_user(blocked.user_id, until=None, reason="", by="bootstrap")
    async with running_api(store, monotonic_s=seconds()) as api:
        yield Scene(api, store, session.user_id, session.id, token.id)


async def test_every_operation_that_is_described_has_a_line_in_the_table(scene: Scene) -> None:
    described = yaml.safe_load((await scene.api.get("/openapi.yaml")).body)["paths"]
    operations = {
        f"{method.upper()} {path}"
        for path, item in described.items()
        for method in item
        if method != "parameters"
    }
    assert operations == NEEDS.keys() | OPEN


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_admin_02_a_token_of_each_lesser_scope_is_403_and_changes_nothing(
    scene: Scene, operation: str
) -> None:
    lesser = SCOPES[: SCOPES.index(OPERATIONS[operation])]
    secrets = {scope: (await scene.store.create_token("n", scope, None))[1] for scope in lesser}
    before = await scene.state()
    for scope, secret in secrets.items():
        answer = await scene.call(operation, secret)
        assert (answer.status, answer.code) == (403, 3003)
        assert SCOPES.index(answer.json["details"]["needed"]) > SCOPES.index(scope)
    assert await scene.state() == before


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_admin_02_a_token_of_the_scope_itself_is_let_through(scene: Scene, operation: str) -> None:
    _, secret = await scene.store.create_token("n", OPERATIONS[operation], None)
    answer = await scene.call(operation, secret)
    # There is neither an edge nor a block of this user.
    absent = "/edges/" in operation or operation in {
        "GET /app/users/{id}/block",
        "DELETE /app/users/{id}/block",
        "GET /endpoints/{id}",
        "GET /tunnels/{id}",
    }
    assert answer.status == 404 if absent else answer.status in {200, 201, 204}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_admin_01_who_has_no_token_that_is_valid_now_changes_nothing(
    scene: Scene, operation: str
) -> None:
    _, expired = await scene.store.create_token("n", "admin", now_ms() - 1)
    revoked, secret = await scene.store.create_token("n", "admin", None)
    await scene.store.delete_token(TokenId(revoked.id))
    before = await scene.state()
    wrong = [None, "", "x", expired, secret, secret[:-1], secret + "A", BOOTSTRAP[:-1], BOOTSTRAP + "b", "*"]
    for token in wrong:
        answer = await scene.call(operation, token)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), token
        assert answer.code == (3001 if token is None else 3002)
    assert await scene.state() == before


async def test_admin_02_a_token_that_is_revoked_meanwhile_is_refused_by_every_operation_at_once(
    scene: Scene,
) -> None:
    for operation in OPERATIONS:
        token, secret = await scene.store.create_token("n", "admin", None)
        assert (await scene.api.get("/events?limit=1", secret)).status == 200
        assert (await scene.api.delete(f"/tokens/{token.id}")).status == 204
        before = await scene.state()
        assert (await scene.call(operation, secret)).status == 401
        assert await scene.state() == before


async def test_admin_02_what_a_revoked_token_had_open_tells_it_nothing_more(scene: Scene) -> None:
    token, secret = await scene.store.create_token("n", "read", None)
    async with reading(scene.api, token=secret) as hers, reading(scene.api) as others:
        assert (await scene.api.delete(f"/tokens/{token.id}")).status == 204
        await scene.api.delete(f"/app/sessions/{scene.session}")
        assert (await hers.message()).type == "token_revoked"
        assert await hers.next() is None
        assert [(await others.message()).type for _ in range(2)] == ["token_revoked", "revoke"]


@pytest.mark.parametrize("value", ["TRUE", "1", "yes", "", "true%20", "true,true"])
async def test_admin_02_no_other_spelling_asks_for_an_erasure(scene: Scene, value: str) -> None:
    _, secret = await scene.store.create_token("n", "revoke", None)
    before = await scene.state()
    answer = await scene.api.delete(f"/app/users/{scene.user}?erase={value}", secret)
    assert (answer.status, answer.code) == (400, 3027)
    assert await scene.state() == before


async def test_admin_02_a_scope_that_nobody_knows_is_none(scene: Scene) -> None:
    for scope in ("", "ADMIN", "admin ", "read,admin", "root", "*"):
        _, secret = await scene.store.create_token("n", scope, None)
        assert (await scene.call("GET /app/users", secret)).status == 401, scope


@pytest.mark.parametrize("operation", ["GET /events/stream", "POST /app/sessions/revoke"])
async def test_admin_11_a_flood_of_wrong_tokens_stops_no_valid_one_and_no_stream_that_is_open(
    store: Store, operation: str
) -> None:
    method, _, path = operation.partition(" ")
    session = await session_of(store)

    async def once(http: aiohttp.ClientSession, url: str, number: int) -> int:
        headers = {"Authorization": f"Bearer owt_{number:043d}"}
        async with http.request(method, url + path, headers=headers, json={"filter": "true"}) as answer:
            return answer.status

    async with running_api(store, monotonic_s=lambda: 0.0) as api, reading(api) as reader:
        flood = [asyncio.create_task(once(api.http, api.url, number)) for number in range(1000)]
        good = [(await api.get(f"/app/sessions/{session.id}")).status for _ in range(20)]
        assert Counter(await asyncio.gather(*flood)) == {401: 10, 429: 990}
        assert good == [200] * 20
        assert (await api.delete(f"/app/sessions/{session.id}")).status == 204
        assert (await reader.message()).type == "revoke"
