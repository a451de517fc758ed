"""The list of events: what each act tells, and how the list is read."""

from typing import Any

import pytest

from admin_api.shapes import timestamp
from session_store import Event, IdSource, Store, UserId
from tests.support.admin_api import BOOTSTRAP, RunningApi, now_ms, session_of

ADA, GRACE = (UserId("edgusr_" + "0" * 26 + place) for place in "AG")


async def tell(store: Store, count: int, event_type: str = "login", user_id: str = ADA) -> None:
    """Tell ``count`` events, numbered in their details."""
    await store.record_events(
        [
            Event(
                type=event_type, at=now_ms(), actor=user_id, user_id=user_id, details={"number": str(number)}
            )
            for number in range(count)
        ]
    )


async def events_of(api: RunningApi, query: str = "") -> list[dict[str, Any]]:
    answer = await api.get(f"/events{query}")
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.json["events"]
    return found


async def test_an_event_has_exactly_the_documented_members(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    deleted = await api.delete(f"/app/sessions/{session.id}")
    (told,) = await events_of(api, "?type=revoke")
    assert told["effective_at"] is not None
    assert told == {
        "id": told["id"],
        "type": "revoke",
        "at": told["effective_at"],
        "actor": "bootstrap",
        "operation_id": deleted.headers["X-Operation-Id"],
        "object": {"kind": "session", "id": session.id},
        "user": {"id": session.user_id, "uri": f"{api.url}/app/users/{session.user_id}"},
        "sessions": [session.id],
        "effective_at": told["effective_at"],
        "details": {"reason": "revoked", "tunnel": "wiki"},
    }


async def test_an_event_about_nobody_has_no_user_and_no_object(api: RunningApi, store: Store) -> None:
    await store.record_events([Event(type="login_denied", at=0, actor="provider:corp")])
    (told,) = await events_of(api)
    assert (told["user"], told["object"], told["effective_at"]) == (None, {"kind": "none", "id": ""}, None)
    assert (told["at"], told["sessions"], told["operation_id"]) == ("1970-01-01T00:00:00Z", [], "")


async def test_an_event_about_a_user_says_so(api: RunningApi, store: Store) -> None:
    await tell(store, 1)
    assert (await events_of(api))[0]["object"] == {"kind": "user", "id": ADA}


async def test_the_end_of_a_block_is_a_time_like_every_other(api: RunningApi, store: Store) -> None:
    session, until = await session_of(store), now_ms() + 3_600_000
    await store.block_user(session.user_id, until=until, reason="lost laptop", by="bootstrap")
    (told,) = await events_of(api, "?type=block")
    assert told["details"] == {"note": "lost laptop", "until": timestamp(until)}


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_events_are_listed_in_pages_newest_first(api: RunningApi, store: Store, limit: int) -> None:
    await tell(store, 12)
    seen: list[str] = []
    following: str | None = f"/events?limit={limit}"
    while following is not None:
        page = (await api.get(following)).json
        assert 1 <= len(page["events"]) <= limit
        assert page["uri"] == f"{api.url}/events"
        seen += [event["details"]["number"] for event in page["events"]]
        following = page["next_page_uri"]
    assert seen == [str(number) for number in reversed(range(12))]


async def test_a_position_stays_one_when_events_have_come_since(api: RunningApi, store: Store) -> None:
    await tell(store, 4)
    page = (await api.get("/events?limit=2&type=login")).json
    await tell(store, 4)
    assert "type=login" in page["next_page_uri"]
    numbers = [event["details"]["number"] for event in (await api.get(page["next_page_uri"])).json["events"]]
    assert numbers == ["1", "0"]


async def test_only_what_is_asked_for_is_listed(api: RunningApi, store: Store) -> None:
    await tell(store, 2)
    await tell(store, 2, "logout", GRACE)
    await tell(store, 1, "new_device", GRACE)
    types = [event["type"] for event in await events_of(api, "?type=new_device,login")]
    assert types == ["new_device", "login", "login"]
    assert {event["user"]["id"] for event in await events_of(api, f"?user={GRACE}")} == {GRACE}
    both = await events_of(api, f"?type=logout&user={GRACE}")
    assert [event["type"] for event in both] == ["logout", "logout"]
    assert await events_of(api, f"?type=logout&user={ADA}") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("type=", 3027),
        ("type=login,", 3027),
        ("type=Login", 3027),
        ("type=login,nothing", 3027),
        ("type=login%20", 3027),
        ("user=", 3036),
        ("user=ada", 3036),
        ("user=edgses_" + "0" * 27, 3036),
        ("before_id=", 3022),
        (f"before_id={ADA}", 3022),
        ("before_id=evt_1", 3022),
        ("before_id=1-0", 3022),
        ("limit=0", 3021),
        ("limit=101", 3021),
        ("last_event_id=evt_1_0", 3020),
        ("type=login&type=login", 3020),
    ],
)
async def test_what_is_not_documented_is_a_400(api: RunningApi, query: str, code: int) -> None:
    answer = await api.get(f"/events?{query}")
    assert (answer.status, answer.code) == (400, code)


async def test_a_refusal_names_the_types_there_are(api: RunningApi) -> None:
    details = (await api.get("/events?type=CANARY")).json["details"]
    assert details["parameter"] == "type"
    assert "token_revoked" in details["values"].split(", ")
    assert "CANARY" not in str(details)


async def test_events_need_the_scope_read(api: RunningApi) -> None:
    assert (await api.get("/events", None)).code == 3001
    made = await api.call("POST", "/tokens", json={"name": "n", "scope": "read"})
    assert (await api.get("/events", made.json["token"])).status == 200


async def test_making_and_revoking_a_token_is_told_without_its_secret(api: RunningApi) -> None:
    made = await api.call("POST", "/tokens", json={"name": "Zoë's monitor", "scope": "revoke"})
    revoked = await api.delete(f"/tokens/{made.json['id']}")
    listed = await api.get("/events?type=token_created,token_revoked")
    assert made.json["token"].encode() not in listed.body
    for event, event_type, answer in zip(
        listed.json["events"], ("token_revoked", "token_created"), (revoked, made), strict=True
    ):
        assert event["type"] == event_type
        assert event["object"] == {"kind": "token", "id": made.json["id"]}
        assert event["details"] == {"name": "Zoë's monitor", "scope": "revoke"}
        assert event["operation_id"] == answer.headers["X-Operation-Id"]
        assert (event["actor"], event["user"]) == ("bootstrap", None)


async def test_a_token_is_named_as_the_actor_of_what_it_does(api: RunningApi, store: Store) -> None:
    made = (await api.call("POST", "/tokens", json={"name": "n", "scope": "revoke"})).json
    session = await session_of(store)
    assert (await api.delete(f"/app/users/{session.user_id}", made["token"])).status == 204
    told = await events_of(api, f"?user={session.user_id}&type=revoke,user_deleted")
    assert {event["type"] for event in told} == {"revoke", "user_deleted"}
    assert {event["actor"] for event in told} == {f"token:{made['id']}"}
    assert len({event["operation_id"] for event in told}) == 1


async def test_what_is_refused_is_not_told(api: RunningApi, store: Store) -> None:
    await api.delete(f"/tokens/{IdSource().token()}")
    await api.call("POST", "/tokens", json={"name": "n", "scope": "none"})
    await api.get("/events", BOOTSTRAP + "x")
    await store.delete_user(UserId(ADA), "bootstrap")
    assert await events_of(api) == []
