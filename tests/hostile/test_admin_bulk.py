"""ADMIN-02, ADMIN-06 at the bulk revocation: whatever its body says, it ends only what it was asked to."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from session_store import IdSource, Store
from tests.support.admin_api import Answer, RunningApi, running_api, session_of

PATH = "/app/sessions/revoke"
IDS = IdSource(lambda: 1_790_000_000, bytes)
RUN: dict[str, Any] = {
    "filter": "false",
    "reason": "",
    "dry_run": False,
    "run": "op_" + "0" * 32,
    "before": IDS.session(),
    "matched": 0,
    "yours": 0,
}

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
# "false" is the one filter here that is right: none of these may end a session.
filters = st.sampled_from(["false", "", "obj", 'obj.tunnel = "wiki"', "\x00", "\ud800"]) | values
members = st.fixed_dictionaries(
    {},
    optional={
        "filter": filters,
        "ids": st.lists(st.sampled_from([IDS.session(), IDS.user(), "", "x"]) | plain, max_size=4) | values,
        "next": st.text(max_size=30) | values,
        "reason": st.text(max_size=250) | values,
        "dry_run": st.booleans() | values,
        "extra": values,
    },
)
runs = st.fixed_dictionaries({}, optional={name: values | st.just(right) for name, right in RUN.items()})


def next_of(run: object) -> str:
    return urlsafe_b64encode(json.dumps(run).encode()).decode()


@pytest.fixture
async def api(store: Store) -> AsyncIterator[RunningApi]:
    await session_of(store)
    async with running_api(store) as running:
        yield running


async def post(api: RunningApi, body: bytes) -> Answer:
    with capture_logs() as lines:
        answer = await api.call("POST", PATH, data=body)
    assert "api_internal_error" not in {line["event"] for line in lines}, body
    assert (await api.get("/app/sessions/count")).json["count"] == 1
    return answer


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=members)
async def test_admin_06_any_members_are_answered_or_refused(api: RunningApi, body: object) -> None:
    answer = await post(api, json.dumps(body).encode())
    assert answer.status in {200, 400}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=80) | st.text(alphabet='{}[]",:\\u09idsextfalr ', max_size=80).map(str.encode))
async def test_admin_06_any_bytes_are_refused(api: RunningApi, body: bytes) -> None:
    assert (await post(api, body)).status == 400


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=80) | runs.map(next_of) | values.map(next_of))
async def test_admin_06_any_next_is_answered_or_refused(api: RunningApi, text: str) -> None:
    answer = await post(api, json.dumps({"next": text}).encode())
    assert answer.status in {200, 400}


@pytest.mark.parametrize("member", RUN)
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -1,
        2**63,
        10**400,
        1.5,
        "",
        "x",
        "\n",
        "\ud800",
        "op_" + "0" * 32 + "\n",
        [],
        {},
        "true" * 600,
    ],
)
async def test_admin_06_a_next_with_one_member_made_up_is_refused(
    api: RunningApi, member: str, value: object
) -> None:
    changed = {**RUN, member: value}
    answer = await post(api, json.dumps({"next": next_of(changed)}).encode())
    fits = (member, value) in [("dry_run", True), ("reason", ""), ("reason", "x")]
    assert answer.status == (200 if fits else 400)


async def test_admin_06_a_next_of_the_right_shape_goes_on_from_its_place(api: RunningApi) -> None:
    answer = await post(api, json.dumps({"next": next_of({**RUN, "matched": 5, "yours": 2})}).encode())
    told = [answer.json[name] for name in ("matched", "users", "yours", "revoked", "next")]
    assert (answer.status, told) == (200, [5, 0, 2, [], None])


async def test_admin_02_a_next_gives_nobody_the_scope_to_revoke(api: RunningApi, store: Store) -> None:
    _, secret = await store.create_token("n", "read", None)
    body = {"next": next_of({**RUN, "filter": "true"})}
    answer = await api.call("POST", PATH, secret, json=body)
    assert (answer.status, answer.code) == (403, 3003)
    assert (await api.get("/app/sessions/count")).json["count"] == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
async def test_admin_06_no_other_method_revokes(api: RunningApi, method: str) -> None:
    answer = await api.call(method, PATH, json={"filter": "true"})
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert (await api.get("/app/sessions/count")).json["count"] == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"filter": "true", "filter": "true"}',
        b'{"filter": "true", "dry_run": true, "dry_run": false}',
        b'{"filter": "true", "fi\\u006cter": "true"}',
        b'{"filter": "true"}{}',
        b'\xef\xbb\xbf{"filter": "true"}',
        b'{"filter": "true", "dry_run": NaN}',
        b'{"filter": "true",}',
        b"filter=true",
    ],
)
async def test_admin_06_a_body_that_could_be_read_in_two_ways_ends_nothing(
    api: RunningApi, body: bytes
) -> None:
    assert (await post(api, body)).status == 400


@pytest.mark.parametrize("text", ["CANARY", 'obj.CANARY == "x"', 'obj.name == "CANARY'])
async def test_log_02_neither_filter_nor_reason_nor_next_is_in_the_log(api: RunningApi, text: str) -> None:
    with capture_logs() as lines:
        for body in ({"filter": text}, {"filter": "false", "reason": text}, {"next": text}, {"ids": [text]}):
            await api.call("POST", PATH, json=body)
    assert "CANARY" not in repr([line for line in lines if line["event"] == "api_request"])
    assert {line["event"] for line in lines} == {"api_request"}
