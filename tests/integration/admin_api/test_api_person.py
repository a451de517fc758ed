"""All that is kept on one person: sessions, their accesses, the export of everything, and its erasure."""

from typing import Any

import pytest

from session_store import (
    PERSON,
    ApplicationSession,
    Context,
    EndReason,
    Event,
    EventPage,
    Location,
    Store,
    Touch,
    UserAgent,
    person_hash,
    user_tag,
)
from tests.support.admin_api import HERE, NOTES, RunningApi, now_ms, session_of, sign_in, visit

NOBODY = "edgusr_" + "0" * 27
ABROAD = Context(
    ip_address="198.51.100.9",
    user_agent=UserAgent(raw="curl/8", browser_name="curl", device_type="Script"),
    location=Location(country_code="NZ", latitude=-41.3, longitude=174.8, radius_km=10),
    network="public",
)


async def go_abroad(store: Store, session: ApplicationSession) -> None:
    await store.touch([Touch(session=session, at_ms=now_ms() + 1000, requests=3, context=ABROAD)])


def shown_ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["application_sessions"]]


async def test_a_users_sessions_are_paged_like_all_others(api: RunningApi, store: Store) -> None:
    mine = [await session_of(store) for _ in range(3)]
    await session_of(store, "grace")
    path = f"/app/users/{mine[0].user_id}/sessions"
    pages, following = [], f"{path}?limit=2"
    while following is not None:
        page = (await api.get(following)).json
        assert page["uri"] == api.url + path
        pages.append(shown_ids(page))
        following = page["next_page_uri"]
    assert pages == [[mine[2].id, mine[1].id], [mine[0].id]]
    assert (await api.get(path)).json["application_sessions"][0] == (
        await api.get(f"/app/sessions/{mine[2].id}")
    ).json


async def test_a_users_sessions_that_are_over_are_listed_by_state(api: RunningApi, store: Store) -> None:
    first, second = await session_of(store), await session_of(store)
    await session_of(store, "grace")
    await store.end_application_session(first.id, EndReason.LOGOUT, first.user_id)
    path = f"/app/users/{first.user_id}/sessions"
    assert shown_ids((await api.get(f"{path}?state=ended")).json) == [first.id]
    assert shown_ids((await api.get(f"{path}?state=active")).json) == [second.id]
    assert (await api.get(f"{path}?state=x")).code == 3027


async def test_a_user_without_sessions_has_an_empty_list_and_nobody_has_none(
    api: RunningApi, store: Store
) -> None:
    browser = await sign_in(store)
    for state in ("active", "ended"):
        answer = await api.get(f"/app/users/{browser.user_id}/sessions?state={state}")
        assert (answer.status, answer.json["application_sessions"]) == (200, [])
        assert (await api.get(f"/app/users/{NOBODY}/sessions?state={state}")).status == 404


async def test_the_sessions_of_a_deleted_user_are_over_and_stay(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    path = f"/app/users/{session.user_id}/sessions"
    await api.delete(f"/app/users/{session.user_id}")
    assert (await api.get(path)).status == 404
    assert shown_ids((await api.get(f"{path}?state=ended")).json) == [session.id]


@pytest.mark.parametrize("query", ["filter=true", "q=x", "format=csv", "limit=1&limit=1"])
async def test_a_users_sessions_take_no_other_parameter(api: RunningApi, store: Store, query: str) -> None:
    session = await session_of(store)
    answer = await api.get(f"/app/users/{session.user_id}/sessions?{query}")
    assert (answer.status, answer.code) == (400, 3020)


async def test_the_history_of_a_session_has_the_latest_access_first(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    await go_abroad(store, session)
    path = f"/app/sessions/{session.id}/accesses"
    shown = (await api.get(path)).json
    assert (shown["uri"], shown["next_page_uri"]) == (api.url + path, None)
    latest, first = shown["accesses"]
    assert first["ip_address"] == HERE.ip_address
    assert first["user_agent"]["browser_name"] == "Firefox"
    assert first["location"] is None
    assert (latest["ip_address"], latest["requests"], latest["network"]) == ("198.51.100.9", 3, "public")
    assert latest["location"]["country_code"] == "NZ"
    assert latest["first_seen"] <= latest["last_seen"]
    marked = {flag["name"] for access in shown["accesses"] for flag in access["flags"]}
    listed = (await api.get(f"/app/sessions/{session.id}")).json
    assert "new_device" in marked
    assert marked == set(listed["outerward"]["flags"])
    assert all(flag["reason"] for access in shown["accesses"] for flag in access["flags"])


async def test_the_history_of_a_session_that_is_over_stays(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    await go_abroad(store, session)
    path = f"/app/sessions/{session.id}/accesses"
    live = (await api.get(path)).json
    await api.delete(f"/app/sessions/{session.id}")
    assert (await api.get(path)).json == live


async def test_what_has_no_history_is_404(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    for thing in ("edgses_" + "0" * 27, session.user_id, "x"):
        answer = await api.get(f"/app/sessions/{thing}/accesses")
        assert (answer.status, answer.code) == (404, 3012)


async def export(api: RunningApi, user_id: str) -> dict[str, Any]:
    answer = await api.get(f"/app/users/{user_id}/export")
    assert answer.status == 200
    exported: dict[str, Any] = answer.json
    return exported


async def test_an_export_holds_everything_on_one_person_and_nothing_on_others(
    api: RunningApi, store: Store
) -> None:
    browser = await sign_in(store)
    over, live = await visit(store, browser), await visit(store, browser, NOTES)
    other = await session_of(store, "grace")
    await api.call("PUT", f"/app/users/{other.user_id}/block", json={})
    await go_abroad(store, live)
    await api.delete(f"/app/sessions/{over.id}")
    user = (await api.get(f"/app/users/{browser.user_id}")).json
    exported = await export(api, browser.user_id)
    assert list(exported) == [
        "application_user",
        "block",
        "familiar",
        "application_sessions",
        "ended_sessions",
        "events",
    ]
    assert (exported["application_user"], exported["block"]) == (user, None)
    for member, session in (("application_sessions", live), ("ended_sessions", over)):
        (row,) = exported[member]
        assert row["id"] == session.id
        history = (await api.get(f"/app/sessions/{session.id}/accesses")).json["accesses"]
        assert row["accesses"] == history
    assert {entry["kind"] for entry in exported["familiar"]} == {"device", "country"}
    types = [event["type"] for event in exported["events"]]
    assert types[0] == "revoke"
    assert "new_device" in types
    assert {event["user"]["id"] for event in exported["events"]} == {browser.user_id}
    assert exported["events"] == (await api.get(f"/events?user={browser.user_id}")).json["events"]
    assert "grace" not in repr(exported)


async def test_an_export_of_any_length_is_whole(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_api.export._SESSIONS_AT_ONCE", 2)
    monkeypatch.setattr("admin_api.export._EVENTS_AT_ONCE", 2)
    sessions = [await session_of(store) for _ in range(5)]
    await session_of(store, "grace")
    for session in sessions[:3]:
        await api.delete(f"/app/sessions/{session.id}")
    exported = await export(api, sessions[0].user_id)
    assert [row["id"] for row in exported["application_sessions"]] == [sessions[4].id, sessions[3].id]
    assert [row["id"] for row in exported["ended_sessions"]] == [each.id for each in reversed(sessions[:3])]
    assert exported["events"] == (await api.get(f"/events?user={sessions[0].user_id}")).json["events"]


async def test_an_export_is_a_file_of_json(api: RunningApi, store: Store) -> None:
    browser = await sign_in(store)
    answer = await api.get(f"/app/users/{browser.user_id}/export")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{browser.user_id}.json"'


async def test_what_stays_on_a_deleted_person_is_exported(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    await api.call("PUT", f"/app/users/{session.user_id}/block", json={"reason": "left"})
    await api.delete(f"/app/users/{session.user_id}")
    exported = await export(api, session.user_id)
    assert exported["application_user"] is None
    assert exported["block"]["reason"] == "left"
    assert [row["id"] for row in exported["ended_sessions"]] == [session.id]
    assert exported["events"]


async def test_a_person_of_whom_only_events_are_kept_is_exported(api: RunningApi, store: Store) -> None:
    browser = await sign_in(store)
    await api.delete(f"/app/users/{browser.user_id}")
    exported = await export(api, browser.user_id)
    assert [event["type"] for event in exported["events"]] == ["user_deleted"]


async def test_a_person_of_whom_only_ended_sessions_are_kept_is_exported(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(**_asked: object) -> EventPage:
        return EventPage([], None)

    session = await session_of(store)
    await api.delete(f"/app/users/{session.user_id}")
    monkeypatch.setattr(store, "events", none)
    exported = await export(api, session.user_id)
    assert [row["id"] for row in exported["ended_sessions"]] == [session.id]
    assert exported["events"] == []


async def test_nobody_is_404(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    for user_id in (NOBODY, session.id, "x"):
        assert (await api.get(f"/app/users/{user_id}/export")).code == 3012


@pytest.mark.parametrize("scope", ["read", "revoke"])
async def test_an_export_takes_the_scope_admin(api: RunningApi, store: Store, scope: str) -> None:
    session = await session_of(store)
    _, secret = await store.create_token("n", scope, None)
    answer = await api.get(f"/app/users/{session.user_id}/export", secret)
    assert (answer.status, answer.code) == (403, 3003)


async def test_an_erasure_leaves_nothing_on_the_person(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    stays = await session_of(store, "grace")
    path = f"/app/users/{session.user_id}"
    await api.call("PUT", f"{path}/block", json={"reason": "left"})
    answer = await api.delete(f"{path}?erase=true")
    assert (answer.status, answer.body) == (204, b"")
    for gone in (path, f"{path}/export", f"{path}/block", f"{path}/sessions?state=ended"):
        assert (await api.get(gone)).status == 404
    assert (await api.get("/app/sessions?state=ended")).json["application_sessions"] == []
    assert (await api.get(f"/app/sessions/{session.id}/accesses")).status == 404
    events = (await api.get("/events")).body.decode()
    assert session.user_id not in events
    assert session.id not in events
    assert (await api.get(f"/app/sessions/{stays.id}")).status == 200
    assert (await sign_in(store)).user_id != session.user_id


async def test_a_deleted_user_can_still_be_erased(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    path = f"/app/users/{session.user_id}"
    assert (await api.delete(f"{path}?erase=false")).status == 204
    assert (await api.get("/app/sessions?state=ended")).json["application_sessions"] != []
    assert (await api.delete(f"{path}?erase=true")).status == 204
    assert (await api.get("/app/sessions?state=ended")).json["application_sessions"] == []
    assert (await api.get(f"{path}/export")).status == 404


async def test_nobody_cannot_be_erased(api: RunningApi) -> None:
    assert (await api.delete(f"/app/users/{NOBODY}?erase=true")).code == 3012


async def test_an_erasure_takes_the_scope_admin(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    _, secret = await store.create_token("n", "revoke", None)
    answer = await api.delete(f"/app/users/{session.user_id}?erase=true", secret)
    assert (answer.status, answer.code) == (403, 3003)
    assert (await api.get(f"/app/sessions/{session.id}")).status == 200
    assert (await api.delete(f"/app/users/{session.user_id}?erase=false", secret)).status == 204


@pytest.mark.parametrize("value", ["", "1", "True", "yes"])
async def test_another_value_of_erase_deletes_nobody(api: RunningApi, store: Store, value: str) -> None:
    session = await session_of(store)
    answer = await api.delete(f"/app/users/{session.user_id}?erase={value}")
    assert (answer.status, answer.code) == (400, 3027)
    assert (await api.get(f"/app/users/{session.user_id}")).status == 200


async def test_a_session_cannot_be_erased(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    answer = await api.delete(f"/app/users/{session.id}?erase=true")
    assert (answer.status, answer.code) == (400, 3020)
    assert (await api.get(f"/app/sessions/{session.id}")).status == 200


async def test_what_names_a_person_by_a_hash_alone_is_exported_too(api: RunningApi, store: Store) -> None:
    browser = await sign_in(store)
    denied = [
        Event(type="login_denied", at=1, actor="provider:corp", details={PERSON: person_hash(tag)})
        for tag in (browser.user_tag, user_tag("https://id.example.com", "somebody else"))
    ]
    await store.record_events(denied)
    exported = await export(api, browser.user_id)
    assert [event["type"] for event in exported["events"]] == ["login_denied"]
