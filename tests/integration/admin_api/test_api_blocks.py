"""Blocks: who may not sign in, until when, and what that ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from session_store import ApplicationSession, LoginBlocked, Store, is_tombstone
from tests.support.admin_api import Answer, RunningApi, session_of, sign_in

LATER = (datetime.now(UTC) + timedelta(days=7)).replace(microsecond=0)
LATER_TEXT = LATER.strftime("%Y-%m-%dT%H:%M:%SZ")


async def block(
    api: RunningApi, session: ApplicationSession, token: str | None = None, **body: Any
) -> Answer:
    options = {} if token is None else {"token": token}
    return await api.call("PUT", f"/app/users/{session.user_id}/block", json=body, **options)


async def test_a_blocked_user_has_no_session_and_cannot_sign_in(api: RunningApi, store: Store) -> None:
    session, other = await session_of(store), await session_of(store, "grace")
    assert (await block(api, session)).status == 200
    value = await store.check(session.cookie_hash, session.endpoint.id)
    assert value is not None
    assert is_tombstone(value)
    with pytest.raises(LoginBlocked):
        await sign_in(store)
    await sign_in(store, "grace")
    assert (await api.get(f"/app/sessions/{other.id}")).status == 200


async def test_the_answer_is_the_block_with_every_member(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    token, secret = await store.create_token("ops", "revoke", None)
    shown = (await block(api, session, secret, until=LATER_TEXT, reason="left")).json
    assert datetime.fromisoformat(shown.pop("blocked_at")) <= datetime.now(UTC)
    assert shown == {
        "user_id": session.user_id,
        "uri": f"{api.url}/app/users/{session.user_id}/block",
        "identity_provider": {"name": "Example Corp", "url": "https://id.example.com"},
        "provider_user_id": "ada",
        "username": "ada",
        "email": "ada@example.com",
        "name": "Ada",
        "until": LATER_TEXT,
        "reason": "left",
        "blocked_by": f"token:{token.id}",
    }


async def test_a_block_is_read_where_its_uri_says_and_in_the_list(api: RunningApi, store: Store) -> None:
    shown = (await block(api, await session_of(store))).json
    assert (await api.get(shown["uri"])).json == shown
    assert (await api.get("/app/blocks")).json == {
        "blocks": [shown],
        "uri": f"{api.url}/app/blocks",
        "next_page_uri": None,
    }


@pytest.mark.parametrize(
    ("until", "shown"), [(None, None), (LATER_TEXT, LATER_TEXT)], ids=["for good", "until a time"]
)
async def test_the_user_says_whether_and_until_when(
    api: RunningApi, store: Store, until: str | None, shown: str | None
) -> None:
    session = await session_of(store)
    path = f"/app/users/{session.user_id}"
    assert (await api.get(path)).json["outerward"]["blocked"] is False
    await block(api, session, until=until)
    for outerward in (
        (await api.get(path)).json["outerward"],
        (await api.get("/app/users")).json["application_users"][0]["outerward"],
    ):
        assert (outerward["blocked"], outerward["blocked_until"], outerward["sessions"]) == (True, shown, 0)
    found = await api.get("/app/users?filter=obj.outerward.blocked")
    assert [row["id"] for row in found.json["application_users"]] == [session.user_id]


async def test_a_time_of_another_zone_is_shown_in_utc(api: RunningApi, store: Store) -> None:
    zoned = LATER.astimezone(datetime.fromisoformat("2030-01-01T00:00:00+05:30").tzinfo).isoformat()
    assert (await block(api, await session_of(store), until=zoned)).json["until"] == LATER_TEXT


async def test_a_second_block_takes_the_place_of_the_first(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    await block(api, session, until=LATER_TEXT, reason="left")
    await block(api, session)
    (shown,) = (await api.get("/app/blocks")).json["blocks"]
    assert (shown["until"], shown["reason"]) == (None, "")


async def test_who_is_let_in_again_signs_in(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    path = f"/app/users/{session.user_id}/block"
    await block(api, session)
    answer = await api.delete(path)
    assert (answer.status, answer.body) == (204, b"")
    await sign_in(store)
    assert (await api.get("/app/blocks")).json["blocks"] == []
    assert (await api.delete(path)).status == 404
    assert (await api.get(path)).status == 404


async def test_a_block_outlives_its_user_and_is_ended_by_the_old_id(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    await block(api, session, reason="left")
    assert (await api.delete(f"/app/users/{session.user_id}")).status == 204
    assert (await api.get(f"/app/users/{session.user_id}")).status == 404
    (shown,) = (await api.get("/app/blocks")).json["blocks"]
    assert (shown["user_id"], shown["email"], shown["reason"]) == (
        session.user_id,
        "ada@example.com",
        "left",
    )
    with pytest.raises(LoginBlocked):
        await sign_in(store)
    assert (await block(api, session, reason="again")).json["reason"] == "again"
    assert (await api.delete(f"/app/users/{session.user_id}/block")).status == 204
    await sign_in(store)


async def test_blocks_are_listed_in_pages_newest_user_first(api: RunningApi, store: Store) -> None:
    sessions = [await session_of(store, name) for name in ("ada", "grace", "linus")]
    for session in (sessions[1], sessions[0], sessions[2]):
        await block(api, session)
    pages, following = [], "/app/blocks?limit=2"
    while following is not None:
        page = (await api.get(following)).json
        pages.append([row["user_id"] for row in page["blocks"]])
        following = page["next_page_uri"]
    assert pages == [[sessions[2].user_id, sessions[1].user_id], [sessions[0].user_id]]
    assert (await api.get("/app/blocks?limit=0")).code == 3021
    assert (await api.get("/app/blocks?before_id=x")).code == 3022


async def test_both_acts_are_told_with_their_author(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    blocked = await block(api, session, reason="left")
    let_in = await api.delete(f"/app/users/{session.user_id}/block")
    page = await store.events(limit=5, before=None, types=frozenset({"block", "unblock"}))
    told = [(each.event.type, each.event.actor, each.event.operation_id) for each in page.items]
    assert told == [
        ("unblock", "bootstrap", let_in.headers["X-Operation-Id"]),
        ("block", "bootstrap", blocked.headers["X-Operation-Id"]),
    ]


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "9999-12-31T23:59:59-12:00"}, "until"),
        ({"reason": "a\nb"}, "reason"),
        ({"reason": "\u202e"}, "reason"),
    ],
    ids=["the past", "beyond the year 9999", "two lines", "a mark that turns the text"],
)
async def test_a_value_that_cannot_be_names_its_member(
    api: RunningApi, store: Store, body: dict[str, Any], member: str
) -> None:
    session = await session_of(store)
    answer = await block(api, session, **body)
    assert (answer.status, answer.code) == (400, 3030)
    assert answer.json["details"]["member"] == member
    assert (await api.get(f"/app/sessions/{session.id}")).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"until": "tomorrow"},
        {"until": "2030-01-01T00:00:00"},
        {"until": 1},
        {"until": "7d"},
        {"reason": None},
        {"reason": "x" * 201},
        {"note": "x"},
    ],
)
async def test_another_body_is_400_and_blocks_nobody(
    api: RunningApi, store: Store, body: dict[str, Any]
) -> None:
    session = await session_of(store)
    answer = await block(api, session, **body)
    assert (answer.status, answer.code) == (400, 3030)
    assert (await api.get("/app/blocks")).json["blocks"] == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_who_is_not_there_is_404(api: RunningApi, store: Store, method: str) -> None:
    session = await session_of(store)
    for user_id in ("edgusr_" + "0" * 27, session.id, "x"):
        answer = await api.call(
            method, f"/app/users/{user_id}/block", data=b"{}" if method == "PUT" else None
        )
        assert (answer.status, answer.code) == (404, 3012)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_it_takes_the_scope_to_revoke(api: RunningApi, store: Store, method: str) -> None:
    session = await session_of(store)
    _, secret = await store.create_token("n", "read", None)
    answer = await api.call(method, f"/app/users/{session.user_id}/block", secret, data=b"{}")
    assert (answer.status, answer.code) == (403, 3003)
