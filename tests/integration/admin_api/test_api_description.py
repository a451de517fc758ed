"""The running API held against its own description: by schemathesis, and what never ends by hand."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from structlog.testing import capture_logs

from admin_api import Topology, create_app
from admin_api.operations import Resource
from session_store import EVENT_TYPES, EndReason, Event, Store, edge_id, route_id, tunnel_id
from tests.support.admin_api import BOOTSTRAP, NOTES, WIKI, RunningApi, running_api, seconds, session_of
from tests.support.event_reader import reading

DESCRIPTION = Path(__file__).parents[3] / "admin_api" / "openapi.yaml"
OPENAPI: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text())
NEVER_ENDING = ("GET", "/events/stream")
CONFIGURED = Topology(tunnels=("wiki", "notes"), endpoints=(WIKI, NOTES))

# Real ids, so that answers with content are seen. No schema can say which texts are filters, that a time must
# be in the future, that a session is not erased, or that a page is no file.
SETTINGS = """
[[operations]]
include-name = ["GET /app/users/{{id}}", "GET /app/users/{{id}}/sessions", "GET /app/users/{{id}}/export"]
parameters.id = "{user}"
[[operations]]
include-name = [
  "GET /app/users/{{id}}/block",
  "PUT /app/users/{{id}}/block",
  "DELETE /app/users/{{id}}/block",
]
parameters.id = "{blocked}"
checks.positive_data_acceptance.enabled = false
[[operations]]
include-name = "DELETE /app/users/{{id}}"
parameters.id = "{leaving}"
checks.positive_data_acceptance.enabled = false
[[operations]]
include-name = "DELETE /app/sessions/{{id}}"
parameters.id = "{ending}"
[[operations]]
include-name = ["GET /app/sessions/{{id}}", "GET /app/sessions/{{id}}/accesses"]
parameters.id = "{session}"
[[operations]]
include-name = "GET /endpoints/{{id}}"
parameters.id = "{endpoint}"
[[operations]]
include-name = "GET /tunnels/{{id}}"
parameters.id = "{tunnel}"
[[operations]]
include-name = "GET /edges/{{id}}"
parameters.id = "{edge}"
[[operations]]
include-name = "GET /edges/{{edge}}/routes/{{id}}"
parameters.edge = "{edge}"
parameters.id = "{route}"
[[operations]]
include-name = "GET /tokens/{{id}}"
parameters.id = "{token}"
[[operations]]
include-name = [
  "POST /tokens",
  "POST /app/sessions/revoke",
  "GET /app/users",
  "GET /app/users/count",
  "GET /app/sessions",
  "GET /app/sessions/count",
]
checks.positive_data_acceptance.enabled = false
"""


def described() -> set[tuple[str, str]]:
    """Every operation: its method and its path."""
    return {
        (method.upper(), path)
        for path, operations in OPENAPI["paths"].items()
        for method in operations
        if method != "parameters"
    }


async def scene(store: Store) -> dict[str, str]:
    """Something of every kind, and the ids of it."""
    session, blocked = await session_of(store, endpoint=NOTES), await session_of(store, "grace")
    await store.block_user(blocked.user_id, until=None, reason="lost laptop", by="bootstrap")
    over = await session_of(store)
    await store.end_application_session(over.id, EndReason.REVOKED, "bootstrap")
    return {
        "user": session.user_id,
        "session": session.id,
        "blocked": blocked.user_id,
        "leaving": (await session_of(store, "edsger")).user_id,
        "ending": (await session_of(store, "alan")).id,
        "token": (await store.create_token("n", "read", None))[0].id,
        "endpoint": NOTES.id,
        "tunnel": tunnel_id("notes"),
        "edge": edge_id("apps"),
        "route": route_id("apps", "/notes"),
    }


@pytest.mark.parametrize(
    ("methods", "refused"),
    # Apart: what the first are to show would be gone.
    [(["GET"], {400, 401, 405}), (["POST", "PUT", "DELETE"], {400, 401, 404, 405})],
    ids=["reads", "acts"],
)
async def test_hundreds_of_calls_find_no_answer_that_is_not_described(
    store: Store, tmp_path: Path, methods: list[str], refused: set[int]
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(SETTINGS.format(**await scene(store)))
    with capture_logs() as lines:
        async with running_api(store, topology=CONFIGURED, monotonic_s=seconds()) as api:
            process = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).with_name("schemathesis")),
                *["--config-file", str(settings), "run", str(DESCRIPTION), "--url", api.url],
                *["--header", f"Authorization: Bearer {BOOTSTRAP}", "--phases", "examples,coverage,fuzzing"],
                *(f"--include-method={method}" for method in methods),
                *["--exclude-path", NEVER_ENDING[1], "--max-examples", "10"],
                *["--generation-deterministic", "--no-color"],
                cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    generated = re.search(r"(\d+) generated", output)
    assert generated is not None
    assert int(generated[1]) > 300
    calls = {
        (line["method"], line["route"], line["status"]) for line in lines if line["event"] == "api_request"
    }
    assert max(status for _, _, status in calls) < 500
    assert refused <= {status for _, _, status in calls}
    # Each of them was seen to succeed, so that what it answers was held against the description.
    succeeded = {(method, route) for method, route, status in calls if status < 300}
    wanted = {operation for operation in described() if operation[0] in methods} - {NEVER_ENDING}
    assert wanted - succeeded == set()


async def test_every_operation_has_the_parameters_and_the_scope_that_are_described(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources: list[Resource] = []
    monkeypatch.setattr("admin_api.app._route", lambda *given: resources.append(given[-1]))
    create_app(store, public_url="http://127.0.0.1", bootstrap_token=None)
    operations = {
        (method, resource.path): (resource.open, operation)
        for resource in resources
        for method, operation in resource.operations.items()
    }
    assert set(operations) == described()
    for (method, path), (is_open, operation) in operations.items():
        shown = OPENAPI["paths"][path][method.lower()]
        named = [*OPENAPI["paths"][path].get("parameters", []), *shown.get("parameters", [])]
        parameters = [OPENAPI["components"]["parameters"][each["$ref"].split("/")[-1]] for each in named]
        assert {each["name"] for each in parameters if each["in"] == "query"} == operation.query
        assert ("requestBody" in shown) is operation.takes_body
        assert (shown.get("security") == []) is is_open
        assert is_open or f"Needs the scope `{operation.needs.value}`" in shown["description"]


def test_every_path_is_in_the_documentation() -> None:
    documentation = (DESCRIPTION.parents[1] / "docs" / "api.md").read_text()
    paths = {route.replace("/edges/{edge}/", "/edges/{id}/") for _, route in described()}
    assert [path for path in paths if f"{path}`" not in documentation] == []


async def test_every_event_is_as_it_is_described_in_the_list_and_in_the_stream(
    api: RunningApi, store: Store
) -> None:
    session = await session_of(store)
    of_event = {"$ref": "#/components/schemas/Event", "components": OPENAPI["components"]}
    validator = jsonschema_rs.Draft202012Validator(of_event)
    assert set(OPENAPI["components"]["schemas"]["EventType"]["enum"]) == EVENT_TYPES
    async with reading(api) as reader:
        await store.record_events(
            [
                Event(type=each, at=1, actor="time", user_id=session.user_id, sessions=(session.id,))
                for each in sorted(EVENT_TYPES)
            ]
        )
        streamed = [await reader.message() for _ in EVENT_TYPES]
    assert [message.type for message in streamed] == sorted(EVENT_TYPES)
    listed = (await api.get("/events")).json["events"]
    for event in (*listed, *(message.data for message in streamed)):
        validator.validate(event)
