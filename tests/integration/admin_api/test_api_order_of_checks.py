"""Which refusal wins when several are due, and what every answer carries."""

import re
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from session_store import IdSource, Store
from tests.support.admin_api import RunningApi, session_of

USER, SESSION, TOKEN = (
    IdSource(lambda: 1_790_000_000, bytes).user(),
    IdSource(lambda: 1_790_000_000, bytes).session(),
    IdSource(lambda: 1_790_000_000, bytes).token(),
)
NAMED = "0" * 27
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
PATHS = {
    "/app/users": {"GET"},
    f"/app/users/{USER}": {"GET", "DELETE"},
    f"/app/users/{SESSION}": {"GET", "DELETE"},
    "/app/users/count": {"GET"},
    f"/app/users/{USER}/sessions": {"GET"},
    f"/app/users/{USER}/export": {"GET"},
    f"/app/users/{USER}/block": {"GET", "PUT", "DELETE"},
    "/app/blocks": {"GET"},
    "/app/sessions": {"GET"},
    "/app/sessions/count": {"GET"},
    "/app/sessions/revoke": {"POST"},
    f"/app/sessions/{SESSION}": {"GET", "DELETE"},
    f"/app/sessions/{SESSION}/accesses": {"GET"},
    "/events": {"GET"},
    "/events/stream": {"GET"},
    "/endpoints": {"GET"},
    f"/endpoints/ep_{NAMED}": {"GET"},
    "/tunnels": {"GET"},
    f"/tunnels/tn_{NAMED}": {"GET"},
    "/edges": {"GET"},
    f"/edges/edghts_{NAMED}": {"GET"},
    f"/edges/edghts_{NAMED}/routes/edghtsrt_{NAMED}": {"GET"},
    "/tokens": {"GET", "POST"},
    f"/tokens/{TOKEN}": {"GET", "DELETE"},
}
OPEN_PATHS = ["/healthz", "/readyz", "/openapi.yaml"]
UNKNOWN_PATHS = [
    "/",
    "/app",
    "/app/",
    "/app/users/",
    "/app/users//",
    f"/app/users/{USER}/",
    f"/app/users/{USER}/sessions/",
    f"/app/users/{USER}/blocks",
    f"/app/sessions/{SESSION}/block",
    f"/app/blocks/{USER}",
    "/app/sessions//count",
    "//app/users",
    "/APP/users",
    "/app/users;x=1",
    "/app%2fusers",
    f"/endpoints/ep_{NAMED}/",
    f"/edges/edghts_{NAMED}/routes",
    "/events/",
    f"/events/{USER}",
    "/healthz/",
    "/openapi.yaml/",
    "/%00",
    "/%ff",
]


@pytest.mark.parametrize("path", [*PATHS, *UNKNOWN_PATHS])
async def test_without_a_token_everything_is_401_first(api: RunningApi, path: str) -> None:
    for method in METHODS:
        answer = await api.call(method, f"{path}?limit=x&x=1", None, headers={"Ngrok-Version": "9"})
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("path", UNKNOWN_PATHS)
async def test_an_unknown_path_is_404_before_405_and_400(api: RunningApi, path: str) -> None:
    for method in METHODS:
        answer = await api.call(method, f"{path}?limit=x&x=1", headers={"Ngrok-Version": "9"})
        assert answer.status == 404
        assert method == "HEAD" or answer.code == 3010


@pytest.mark.parametrize("path", [*PATHS, *OPEN_PATHS])
async def test_a_method_that_a_path_has_not_is_405_with_allow(api: RunningApi, path: str) -> None:
    allowed = PATHS.get(path, {"GET"})
    for method in set(METHODS) - allowed:
        answer = await api.call(method, f"{path}?x=1", headers={"Ngrok-Version": "9"})
        assert answer.status == 405
        assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [("DELETE", f"/app/users/{USER}", "read"), ("DELETE", f"/app/sessions/{SESSION}", "read")]
    + [(method, f"/app/users/{USER}/block", "read") for method in ("PUT", "DELETE")]
    + [("POST", "/app/sessions/revoke", "read")]
    + [("GET", f"/app/users/{USER}/export", scope) for scope in ("read", "revoke")]
    + [("GET", "/tokens", scope) for scope in ("read", "revoke")]
    + [
        ("POST", "/tokens", "revoke"),
        ("GET", f"/tokens/{TOKEN}", "revoke"),
        ("DELETE", f"/tokens/{TOKEN}", "revoke"),
    ],
)
async def test_too_little_scope_is_403_before_400(
    api: RunningApi, store: Store, method: str, path: str, scope: str
) -> None:
    _, secret = await store.create_token("n", scope, None)
    answer = await api.call(method, f"{path}?x=1", secret, data=b"{")
    assert (answer.status, answer.code) == (403, 3003)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/app/users", "read"),
        ("GET", "/app/sessions", "revoke"),
        ("GET", "/app/users/count", "read"),
        ("GET", "/app/sessions/count", "read"),
        ("GET", f"/app/users/{USER}/sessions", "read"),
        ("GET", f"/app/sessions/{SESSION}/accesses", "read"),
        ("GET", "/app/blocks", "read"),
        ("GET", f"/app/users/{USER}/block", "read"),
        ("DELETE", f"/app/users/{USER}/block", "revoke"),
        ("GET", f"/app/users/{USER}/export", "admin"),
        ("GET", "/events", "read"),
        ("GET", "/endpoints", "read"),
        ("DELETE", f"/app/users/{USER}", "revoke"),
        ("DELETE", f"/app/sessions/{SESSION}", "admin"),
        ("GET", "/tokens", "admin"),
    ],
)
async def test_a_scope_that_contains_the_needed_one_is_enough(
    api: RunningApi, store: Store, method: str, path: str, scope: str
) -> None:
    _, secret = await store.create_token("n", scope, None)
    assert (await api.call(method, path, secret)).status in {200, 404}


@pytest.mark.parametrize("path", [path for path, methods in PATHS.items() if "GET" in methods] + OPEN_PATHS)
@pytest.mark.parametrize("query", ["x=1", "Limit=1", "Format=csv", "=1", "before%5Fid%00=1", "limit[]=1"])
async def test_an_unknown_parameter_is_400(api: RunningApi, path: str, query: str) -> None:
    answer = await api.get(f"{path}?{query}")
    assert (answer.status, answer.code) == (400, 3020)


@pytest.mark.parametrize(
    "query", ["limit=1&limit=1", "limit=1&%6cimit=2", f"before_id={USER}&before_id={USER}", "limit&limit=5"]
)
async def test_a_repeated_parameter_is_400_even_with_equal_values(api: RunningApi, query: str) -> None:
    answer = await api.get(f"/app/users?{query}")
    assert (answer.status, answer.code) == (400, 3020)


@pytest.mark.parametrize("version", ["1", "3", "02", "2.0", "", "two", "2, 2", "2;"])
async def test_another_version_of_the_api_is_400(api: RunningApi, version: str) -> None:
    for path, methods in PATHS.items():
        method = "GET" if "GET" in methods else "POST"
        answer = await api.call(method, path, headers={"Ngrok-Version": version})
        assert (answer.status, answer.code) == (400, 3023)


async def test_version_2_is_accepted(api: RunningApi) -> None:
    assert (await api.get("/app/users", headers={"ngrok-version": "2"})).status == 200


async def test_a_wrong_shaped_id_is_404_before_400(api: RunningApi) -> None:
    assert (await api.get("/app/users/x?x=1")).status == 404


async def test_open_paths_ask_for_no_token_and_look_at_none(api: RunningApi) -> None:
    for path in OPEN_PATHS:
        for token in (None, "wrong"):
            assert (await api.get(path, token)).status == 200


async def answers_of_every_kind(api: RunningApi, store: Store) -> list[Any]:
    """One answer of each sort, good and bad."""
    session = await session_of(store)
    return [
        await api.get("/app/users"),
        await api.get(f"/app/sessions/{session.id}"),
        await api.delete(f"/app/users/{session.user_id}"),
        await api.delete(f"/app/users/{session.user_id}"),
        await api.get("/app/users", None),
        await api.get("/app/users", "wrong"),
        await api.get("/nowhere"),
        await api.call("PUT", "/app/users"),
        await api.get("/app/users?limit=0"),
        await api.call("POST", "/tokens", data=b"{"),
        await api.call("POST", "/tokens", data=b" " * 20000),
        await api.get("/app/sessions?filter=x"),
        await api.get("/app/blocks"),
        await api.call("POST", "/app/sessions/revoke", data=b'{"ids": []}'),
        await api.get("/healthz"),
        await api.get("/readyz"),
        await api.get("/openapi.yaml"),
    ]


async def test_every_answer_names_its_operation_and_is_not_kept(api: RunningApi, store: Store) -> None:
    with capture_logs() as lines:
        answers = await answers_of_every_kind(api, store)
    logged = {line["operation_id"]: line for line in lines if line["event"] == "api_request"}
    for answer in answers:
        operation = answer.headers["X-Operation-Id"]
        assert logged[operation]["status"] == answer.status
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Server"] == "outerward"
        if answer.status >= 400:
            assert answer.json["details"]["operation_id"] == operation
            assert answer.json["status_code"] == answer.status
            assert set(answer.json) == {"error_code", "status_code", "msg", "details"}
            assert all(isinstance(value, str) for value in answer.json["details"].values())
    assert len(logged) == len(answers)


async def test_every_answer_with_a_body_is_json(api: RunningApi, store: Store) -> None:
    for answer in (await answers_of_every_kind(api, store))[:-1]:
        assert ("Content-Type" in answer.headers) is (answer.status != 204)
        assert answer.headers.get("Content-Type", "application/json") == "application/json"


async def test_the_log_tells_who_did_what(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    token, secret = await store.create_token("ops", "revoke", None)
    with capture_logs() as lines:
        await api.delete(f"/app/sessions/{session.id}", secret)
        await api.get("/app/users")
        await api.get("/app/users", None)
        await api.get(f"/nowhere/{secret}", secret)
    calls = [line for line in lines if line["event"] == "api_request"]
    told = [tuple(line[name] for name in ("method", "route", "status", "actor")) for line in calls]
    assert told == [
        ("DELETE", "/app/sessions/{id}", 204, f"token:{token.id}"),
        ("GET", "/app/users", 200, "bootstrap"),
        ("GET", "/app/users", 401, ""),
        ("GET", "unknown", 404, f"token:{token.id}"),
    ]


async def test_the_description_has_exactly_the_routes_that_exist(api: RunningApi) -> None:
    described = yaml.safe_load((await api.get("/openapi.yaml")).body)["paths"]
    routed = {resource.canonical for resource in api.app.router.resources()} - {"/{rest}"}
    assert set(described) == routed
    for path, item in described.items():
        answer = await api.call("PATCH", re.sub(r"\{\w+\}", USER, path))
        described_methods = {name.upper() for name in item} - {"PARAMETERS"}
        assert set(answer.headers["Allow"].split(", ")) == described_methods
