"""ADMIN-06 at lists of every kind, at events and their stream: limits and positions that are garbage."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from session_store import Event, IdSource, Store, edge_id, endpoint_id, tunnel_id
from tests.hostile.test_admin_parameters import LIMITS, POSITIONS
from tests.support.admin_api import AUTHORIZED, Answer, RunningApi, now_ms, raw, running_api, session_of
from tests.support.event_reader import reading

IDS = IdSource(lambda: 1_790_000_000, bytes)
USER, SESSION = IDS.user(), IDS.session()
RIGHT = {
    "/app/blocks": USER,
    "/app/sessions?state=ended": SESSION,
    "/app/users/{user}/sessions": SESSION,
    "/app/users/{user}/sessions?state=ended": SESSION,
    "/endpoints": endpoint_id("wiki"),
    "/tunnels": tunnel_id("wiki"),
    "/edges": edge_id("apps"),
    "/events": "evt_1790000000000_0",
}
LARGEST = "9" * 18
EVENT_IDS = [
    "evt_",
    "evt_1",
    "evt_1_",
    "evt__1",
    "evt_1_0_0",
    "evt_01_0",
    "evt_1_00",
    "evt_-1_0",
    "evt_+1_0",
    "evt_1_0x",
    "evt_1.5_0",
    "evt_1e9_0",
    "evt_0x1_0",
    "EVT_1_0",
    "1-0",
    "0",
    "$",
    ">",
    "*",
    "+",
    "-",
    "(1-0",
    f"evt_{2**64}_0",
    f"evt_{LARGEST}9_0",
    f"evt_0_{2**64}",
    "evt_" + "9" * 4000 + "_0",
    "evt_%d9%a3_0",
    "evt_%ef%bc%91_0",
    "evt_1_0%00",
    "evt_1_0%0a",
    "%20evt_1_0",
    "evt_1_0%20",
    "%ff",
]


@pytest.fixture
async def api(store: Store) -> AsyncIterator[RunningApi]:
    async with running_api(store) as running:
        yield running


async def path_of(store: Store, path: str) -> str:
    """``path`` with a user who is there, ready for another parameter."""
    filled = path.replace("{user}", (await session_of(store)).user_id)
    return f"{filled}{'&' if '?' in filled else '?'}"


@pytest.mark.parametrize("path", RIGHT)
async def test_admin_06_a_limit_out_of_bounds_is_400_at_every_list(
    api: RunningApi, store: Store, path: str
) -> None:
    asked = await path_of(store, path)
    for limit in LIMITS:
        answer = await api.get(f"{asked}limit={limit}")
        assert (answer.status, answer.code) == (400, 3021), limit
    assert (await api.get(f"{asked}limit=100")).status == 200


@pytest.mark.parametrize("path", RIGHT)
async def test_admin_06_a_position_that_is_garbage_or_of_another_kind_is_400_at_every_list(
    api: RunningApi, store: Store, path: str
) -> None:
    asked, right = await path_of(store, path), RIGHT[path]
    wrong = [right[:-1] + "%00", right.swapcase(), right + "%00", "%20" + right, right + "%20", right[:4]]
    others = [each for each in RIGHT.values() if each[:4] != right[:4] or each[4] != right[4]]
    for position in [*POSITIONS, *wrong, *others]:
        answer = await api.get(f"{asked}before_id={position}")
        assert (answer.status, answer.code) == (400, 3022), position
    assert (await api.get(f"{asked}before_id={right}")).status == 200


@pytest.mark.parametrize("position", EVENT_IDS)
async def test_admin_06_what_is_no_events_id_is_400_wherever_one_is_asked_for(
    api: RunningApi, position: str
) -> None:
    before = await api.get(f"/events?before_id={position}")
    after = await api.get(f"/events/stream?last_event_id={position}")
    assert (before.status, before.code) == (400, 3022)
    assert (after.status, after.code) == (400, 3036)
    assert set(after.json["details"]) == {"operation_id", "parameter"}


@pytest.mark.parametrize(
    "line",
    [
        b"Last-Event-ID: \xff",
        b"Last-Event-ID: evt_1_0\xc2\xa0",
        b"Last-Event-ID: evt_1_0, evt_2_0",
        b"Last-Event-ID: evt_" + b"9" * 7000 + b"_0",
        b"Last-Event-ID: \xd9\xa3",
        b"Last-Event-ID: evt_1_0\x00",
        b"Last-Event-ID: x\r\nLast-Event-ID: evt_1_0",
    ],
    ids=["a byte", "a blank of unicode", "two in one", "long", "other digits", "nul", "two"],
)
async def test_admin_06_a_last_event_id_of_raw_bytes_is_a_400(api: RunningApi, line: bytes) -> None:
    answer = await raw(api, b"GET /events/stream HTTP/1.1\r\n" + line + b"\r\n" + AUTHORIZED + b"\r\n")
    assert answer.status == 400


@pytest.mark.parametrize("position", ["evt_0_0", f"evt_{LARGEST}_{LARGEST}", f"evt_0_{LARGEST}"])
async def test_admin_06_a_position_at_the_edge_of_what_is_one_is_answered(
    api: RunningApi, store: Store, position: str
) -> None:
    await store.record_events([Event(type="login", at=now_ms(), actor=USER)])
    with capture_logs() as lines:
        assert (await api.get(f"/events?before_id={position}")).status == 200
        async with asyncio.timeout(30), reading(api, last_event_id=position) as reader:
            await store.record_events([Event(type="logout", at=now_ms(), actor=USER)])
            while (await reader.message()).type != "logout":
                pass
    assert {line["event"] for line in lines} == {"api_request", "event"}


async def asked(api: RunningApi, path: str) -> Answer:
    with capture_logs() as lines:
        answer = await api.get(path)
    assert "api_internal_error" not in {line["event"] for line in lines}, path
    return answer


digits = st.integers(-1, 2**70).map(str)
near = st.builds("evt_{}_{}".format, digits, digits) | st.text("evt_019 -", max_size=12)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=near)
async def test_admin_06_any_position_among_events_is_answered_or_refused(
    api: RunningApi, position: str
) -> None:
    assert (await asked(api, f"/events?before_id={position.replace(' ', '%20')}")).status in {200, 400}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(types=st.lists(st.sampled_from(["login", "revoke", "", "LOGIN", "*", "%00", "gap"]), max_size=6))
async def test_admin_06_any_choice_of_types_is_answered_or_refused(api: RunningApi, types: list[str]) -> None:
    answer = await asked(api, f"/events?type={','.join(types)}")
    assert answer.status == (200 if types and set(types) <= {"login", "revoke"} else 400)


@pytest.mark.parametrize("path", ["/events", "/events/stream"])
@pytest.mark.parametrize(
    "user",
    ["", "x", "*", "%00", "%ff", SESSION, USER[:-1], USER + "0", USER.swapcase(), "edgusr_" + "z" * 27],
)
async def test_admin_06_a_user_of_another_shape_is_400(api: RunningApi, path: str, user: str) -> None:
    answer = await api.get(f"{path}?user={user}")
    assert (answer.status, answer.code) == (400, 3036)
