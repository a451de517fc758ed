"""ADMIN-01, ADMIN-02, ADMIN-11: tokens that are none, may too little or are over, and a flood of them."""

import asyncio
from collections import Counter

import aiohttp
import pytest

from session_store import IdSource, Store
from tests.support.admin_api import (
    AUTHORIZED,
    BOOTSTRAP,
    RunningApi,
    now_ms,
    raw,
    running_api,
    seconds,
    session_of,
)

EVERYTHING = [
    ("GET", "/app/users"),
    ("GET", f"/app/users/{IdSource(lambda: 1_790_000_000, bytes).user()}"),
    ("DELETE", f"/app/users/{IdSource(lambda: 1_790_000_000, bytes).user()}"),
    ("GET", "/app/sessions"),
    ("DELETE", f"/app/sessions/{IdSource(lambda: 1_790_000_000, bytes).session()}"),
    ("GET", "/tokens"),
    ("POST", "/tokens"),
    ("DELETE", f"/tokens/{IdSource(lambda: 1_790_000_000, bytes).token()}"),
    ("GET", "/nowhere"),
]


def variants(right: str) -> list[str | None]:
    """Every way of not having ``right``."""
    shorter = [right[:length] for length in (1, len(right) // 2, len(right) - 1)]
    longer = [right + "A", right + "=", "A" + right, right * 2]
    spaced = [f"{right[:8]} {right[8:]}", f"{right} A", f"{right},A", f"{right}\tA"]
    changed = [right.swapcase(), "A" + right[1:], right[:-1] + ("A" if right[-1] != "A" else "B")]
    return [None, "", *shorter, *longer, *spaced, *changed, "owt_" + "A" * 43, "None", "null", "*"]


@pytest.mark.parametrize("kind", ["bootstrap", "stored"])
async def test_admin_01_what_is_not_the_whole_token_is_401(store: Store, kind: str) -> None:
    right = BOOTSTRAP if kind == "bootstrap" else (await store.create_token("n", "admin", None))[1]
    async with running_api(store, monotonic_s=seconds()) as api:
        for wrong in variants(right):
            for method, path in EVERYTHING:
                answer = await api.call(method, path, wrong)
                assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), wrong
                assert answer.code == (3001 if wrong is None else 3002)
        assert (await api.get("/app/users", right)).status == 200


@pytest.mark.parametrize(
    "lines",
    [
        b"Authorization: " + BOOTSTRAP.encode(),
        b"Authorization: Basic " + BOOTSTRAP.encode(),
        b"Authorization: Bearer" + BOOTSTRAP.encode(),
        b"Authorization: Bearer\t" + BOOTSTRAP.encode(),
        b"Authorization: Bearer \xff\xfe" + BOOTSTRAP.encode(),
        b"Authorization: Bearer " + BOOTSTRAP.encode() + b"\xc3\xa9",
        b"Authorization:",
        b"Authorization: Bearer x\r\nAuthorization: Bearer " + BOOTSTRAP.encode(),
        b"Authorization: Bearer " + BOOTSTRAP.encode() + b"\r\nAuthorization: Bearer " + BOOTSTRAP.encode(),
        b"X-Authorization: Bearer " + BOOTSTRAP.encode(),
        b"Proxy-Authorization: Bearer " + BOOTSTRAP.encode(),
        b"Authorization_: Bearer " + BOOTSTRAP.encode(),
        b"Cookie: outerward-admin=" + BOOTSTRAP.encode(),
    ],
)
async def test_admin_01_the_token_counts_in_one_place_only(store: Store, lines: bytes) -> None:
    async with running_api(store) as api:
        assert (await raw(api, b"GET /app/users HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n\r\n")).status == 401
        query = b"GET /app/users?access_token=" + BOOTSTRAP.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n"
        assert (await raw(api, query)).status == 401
        assert (await raw(api, b"GET /app/users HTTP/1.1\r\n" + AUTHORIZED + b"\r\n")).status == 200


async def test_admin_01_no_token_is_configured_by_default(store: Store) -> None:
    async with running_api(store, bootstrap_token=None) as api:
        for token in (None, "", "None", BOOTSTRAP):
            assert (await api.get("/app/users", token)).status == 401


@pytest.mark.parametrize("scope", ["read", "revoke"])
async def test_admin_02_too_little_scope_is_403_and_changes_nothing(store: Store, scope: str) -> None:
    session = await session_of(store)
    token, secret = await store.create_token("n", scope, None)
    refused = [("POST", "/tokens"), ("GET", "/tokens"), ("DELETE", f"/tokens/{token.id}")]
    if scope == "read":
        refused += [("DELETE", f"/app/users/{session.user_id}"), ("DELETE", f"/app/users/{session.id}")]
        refused += [("DELETE", f"/app/sessions/{session.id}")]
    async with running_api(store) as api:
        for method, path in refused:
            answer = await api.call(method, path, secret, json={"name": "n", "scope": "admin"})
            assert (answer.status, answer.code) == (403, 3003)
    assert await store.session(session.id) is not None
    assert [known.id for known in await store.tokens()] == [token.id]


async def test_admin_02_a_token_that_expired_is_401(store: Store) -> None:
    _, secret = await store.create_token("n", "admin", now_ms() - 1)
    async with running_api(store) as api:
        assert (await api.get("/app/users", secret)).status == 401


async def test_admin_02_a_token_revoked_just_now_is_401_from_the_answer_on(store: Store) -> None:
    async with running_api(store, monotonic_s=seconds()) as api:
        for _ in range(20):
            token, secret = await store.create_token("n", "admin", None)
            assert (await api.get("/app/users", secret)).status == 200
            assert (await api.delete(f"/tokens/{token.id}")).status == 204
            assert (await api.get("/app/users", secret)).status == 401


async def flood(api: RunningApi, http: aiohttp.ClientSession, wrong: int) -> Counter[int]:
    """How a flood of ``wrong`` tokens is answered."""

    async def once(number: int) -> int:
        token = f"owt_{number:043d}"
        headers = {"Authorization": f"Bearer {token}"}
        async with http.get(f"{api.url}/app/users", headers=headers) as response:
            if response.status == 429:
                assert response.headers["Retry-After"] == "1"
                assert (await response.json())["error_code"] == "ERR_OUTERWARD_3004"
            return response.status

    return Counter(await asyncio.gather(*(once(number) for number in range(wrong))))


async def test_admin_11_a_flood_of_wrong_tokens_is_429_and_stops_nobody_else(store: Store) -> None:
    _, secret = await store.create_token("n", "read", None)
    now = [0.0]
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with (
        running_api(store, monotonic_s=lambda: now[0]) as api,
        aiohttp.ClientSession(connector=elsewhere) as other,
    ):
        flooding = asyncio.create_task(flood(api, api.http, 1000))
        good = [(await api.get("/app/users", token)).status for token in (secret, BOOTSTRAP) * 25]
        assert await flooding == {401: 10, 429: 990}
        assert good == [200] * 50
        assert (await api.get("/app/users", None)).status == 401
        assert await flood(api, other, 11) == {401: 10, 429: 1}
        now[0] = 1.0
        assert await flood(api, api.http, 12) == {401: 10, 429: 2}
