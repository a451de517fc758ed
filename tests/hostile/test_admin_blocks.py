"""ADMIN-06 at blocks: whatever a body says, it blocks the one person that it was sent for, or nobody."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from session_store import Store, UserId
from tests.support.admin_api import Answer, RunningApi, running_api, session_of

LATER = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
times = st.sampled_from(
    [
        LATER,
        LATER.replace("Z", "+00:00"),
        LATER.replace("Z", "z"),
        LATER.replace("T", " "),
        LATER.replace("Z", ""),
        LATER.replace("Z", "-23:59"),
        LATER.replace("Z", "+99:99"),
        LATER.replace("Z", ".999999999999Z"),
        LATER + "\x00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "+99999-01-01T00:00:00Z",
        "2030-02-30T00:00:00Z",
        "2030-01-01T24:00:00Z",
        "2030-06-30T23:59:60Z",
        "\u0662\u0660\u0663\u0660-01-01T00:00:00Z",
    ]
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "until": times | values,
        "reason": st.text(max_size=210) | values,
        "user_id": values,
        "by": values,
        "": values,
    },
)


class Scene:
    """The API, and two people: ``ada`` whom the body is sent for, and one who is left alone."""

    def __init__(self, api: RunningApi, store: Store, ada: UserId) -> None:
        self.api = api
        self.store = store
        self.ada = ada

    async def put(self, body: bytes) -> Answer:
        """Block with ``body``, and see that the answer says what was done; it is undone again."""
        with capture_logs() as lines:
            answer = await self.api.call("PUT", f"/app/users/{self.ada}/block", data=body)
        assert {line["event"] for line in lines} <= {"api_request", "event"}, body
        blocks = await self.store.blocks()
        assert [block.user_id for block in blocks] == ([self.ada] if answer.status == 200 else []), body
        for block in blocks:
            assert block.reason.isprintable()
            assert answer.json["user_id"] == self.ada
            assert await self.store.unblock_user(self.ada, "a test")
        assert (await self.api.get("/app/sessions/count?filter=obj.username==%22grace%22")).json["count"] == 1
        return answer


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    session = await session_of(store)
    await session_of(store, "grace")
    async with running_api(store) as api:
        yield Scene(api, store, session.user_id)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies)
async def test_admin_06_any_members_of_a_block_are_taken_or_refused(scene: Scene, body: object) -> None:
    assert (await scene.put(json.dumps(body).encode())).status in {200, 400}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60) | st.text(alphabet='{}[]",:\\untilreaso ', max_size=60).map(str.encode))
async def test_admin_06_any_bytes_instead_of_a_block_are_taken_or_refused(scene: Scene, body: bytes) -> None:
    assert (await scene.put(body)).status in {200, 400}


@pytest.mark.parametrize(
    "body",
    [
        b'{"reason": "a", "reason": "b"}',
        b'{"until": null, "until": null}',
        b'{"reason": "a", "re\\u0061son": "b"}',
        b'{"reason": "a"}{}',
        b"[{}]",
        b"null",
        b'""',
        b'{"until": NaN}',
        b'{"reason": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b" ",
    ],
)
async def test_admin_06_a_block_that_could_be_read_in_two_ways_blocks_nobody(
    scene: Scene, body: bytes
) -> None:
    answer = await scene.put(body)
    assert (answer.status, answer.code) == (400, 3030)


@pytest.mark.parametrize(
    "reason", ["a\nb", "\x1b[2J", "\u202eabc", "\u2028", "\x00", "\x7f", "\u200b", "\u00ad"]
)
async def test_log_01_a_reason_that_could_hide_or_break_a_line_is_refused(scene: Scene, reason: str) -> None:
    answer = await scene.put(json.dumps({"reason": reason}).encode())
    assert (answer.status, answer.json["details"]["member"]) == (400, "reason")


async def test_log_02_what_is_refused_is_in_no_line_of_the_log_and_a_reason_in_its_event_alone(
    scene: Scene,
) -> None:
    with capture_logs() as lines:
        for body in ({"reason": "CANARY\n"}, {"CANARY": 1}, {"until": "CANARY"}, {"reason": "CANARY"}):
            await scene.api.call("PUT", f"/app/users/{scene.ada}/block", json=body)
    told = [line for line in lines if "CANARY" in repr(line)]
    assert {line["event"] for line in told} == {"event"}
    assert {line["type"] for line in told} == {"block", "revoke"}


@pytest.mark.parametrize("size", [16_385, 1_000_000])
async def test_admin_06_a_block_with_a_huge_body_is_413(scene: Scene, size: int) -> None:
    answer = await scene.put(b'{"reason": "' + b"x" * size + b'"}')
    assert (answer.status, answer.code) == (413, 3031)
