"""Users and sessions: read, ended, and what an end leaves standing."""

import re

import pytest

from session_store import ApplicationSession, Context, IdSource, Store, Tombstone, decode, is_tombstone
from tests.support.admin_api import NOTES, WIKI, RunningApi, session_of, sign_in, visit

IDS = IdSource(lambda: 1_790_000_000, bytes)
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def stored(store: Store, session: ApplicationSession) -> bytes | None:
    """What a check of ``session`` reads."""
    return await store.check(session.cookie_hash, session.endpoint.id)


async def tombstone(store: Store, session: ApplicationSession) -> Tombstone:
    """The tombstone in ``session``'s place."""
    value = await stored(store, session)
    assert value is not None
    assert is_tombstone(value)
    return decode(value, Tombstone)


async def test_a_user_is_shown_as_the_provider_knows_it(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    shown = (await api.get(f"/app/users/{session.user_id}")).json
    times = [shown.pop(name) for name in ("created_at", "last_active", "last_login")]
    assert all(TIME.fullmatch(text) for text in times)
    assert shown == {
        "id": session.user_id,
        "uri": f"{api.url}/app/users/{session.user_id}",
        "identity_provider": {"name": "Example Corp", "url": "https://id.example.com"},
        "provider_user_id": "ada",
        "username": "ada",
        "email": "ada@example.com",
        "name": "Ada",
        "outerward": {"sessions": 1, "email_verified": True, "blocked": False, "blocked_until": None},
    }


async def test_a_session_is_shown_with_its_context(api: RunningApi, store: Store) -> None:
    session = await session_of(store, endpoint=NOTES)
    shown = (await api.get(f"/app/sessions/{session.id}")).json
    assert shown["public_url"] == "https://apps.example.com/notes"
    assert shown["browser_session"]["ip_address"] == "192.0.2.7"
    assert shown["browser_session"]["user_agent"]["browser_name"] == "Firefox"
    assert shown["application_user"]["id"] == session.user_id
    assert shown["route"]["uri"] == f"{shown['edge']['uri']}/routes/{shown['route']['id']}"
    assert all(TIME.fullmatch(shown[name]) for name in ("created_at", "last_active", "expires_at"))
    assert shown["outerward"]["tunnel"] == "notes"


@pytest.mark.parametrize("path", ["/app/users", "/app/sessions"])
async def test_a_sessions_id_is_accepted_on_both_paths(api: RunningApi, store: Store, path: str) -> None:
    session = await session_of(store)
    shown = await api.get(f"{path}/{session.id}")
    assert shown.json == (await api.get(f"/app/sessions/{session.id}")).json
    assert (await api.delete(f"{path}/{session.id}")).status == 204
    assert (await tombstone(store, session)).reason.value == "revoked"
    assert (await api.get(f"/app/users/{session.user_id}")).json["outerward"]["sessions"] == 0


async def test_a_users_id_is_no_sessions_id(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    for method in ("GET", "DELETE"):
        assert (await api.call(method, f"/app/sessions/{session.user_id}")).status == 404
    assert (await api.get(f"/app/users/{session.user_id}")).status == 200


async def test_deleting_a_session_leaves_the_browsers_other_sessions(api: RunningApi, store: Store) -> None:
    browser = await sign_in(store)
    wiki, notes = await visit(store, browser, WIKI), await visit(store, browser, NOTES)
    answer = await api.delete(f"/app/sessions/{wiki.id}")
    assert (answer.status, answer.body) == (204, b"")
    assert (await tombstone(store, wiki)).ended_by == "bootstrap"
    assert decode(await stored(store, notes) or b"", ApplicationSession).id == notes.id
    again = await store.start_application_session(
        browser,
        WIKI,
        expires_at=browser.expires_at,
        idle_timeout_s=0,
        context=Context(ip_address="192.0.2.7"),
    )
    assert isinstance(again, Tombstone)


async def test_deleting_the_last_session_ends_the_browser_session(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    assert (await api.delete(f"/app/sessions/{session.id}")).status == 204
    assert isinstance(await store.browser_session(session.cookie_hash), Tombstone)


async def test_deleting_a_user_ends_every_session_before_the_answer(api: RunningApi, store: Store) -> None:
    sessions = [await session_of(store), await session_of(store, endpoint=NOTES)]
    other = await session_of(store, "grace")
    answer = await api.delete(f"/app/users/{sessions[0].user_id}")
    assert (answer.status, answer.body) == (204, b"")
    for session in sessions:
        end = await tombstone(store, session)
        assert (end.reason.value, end.ended_by) == ("user_deleted", "bootstrap")
        assert (await api.get(f"/app/sessions/{session.id}")).status == 404
    assert (await api.get(f"/app/users/{sessions[0].user_id}")).status == 404
    assert (await api.get(f"/app/sessions/{other.id}")).status == 200


async def test_signing_in_again_makes_a_new_user(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    await api.delete(f"/app/users/{session.user_id}")
    again = await visit(store, await sign_in(store))
    assert again.user_id != session.user_id
    assert (await api.get(f"/app/users/{session.user_id}")).status == 404


@pytest.mark.parametrize("path", ["/app/users", "/app/sessions"])
async def test_a_second_delete_is_404(api: RunningApi, store: Store, path: str) -> None:
    session = await session_of(store)
    target = f"{path}/{session.user_id if path == '/app/users' else session.id}"
    assert [(await api.delete(target)).status for _ in range(3)] == [204, 404, 404]


async def test_the_end_names_the_token_that_asked_for_it(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    token, secret = await store.create_token("ops", "revoke", None)
    assert (await api.delete(f"/app/sessions/{session.id}", secret)).status == 204
    assert (await tombstone(store, session)).ended_by == f"token:{token.id}"


@pytest.mark.parametrize(
    ("query", "told"),
    [("", ["user_deleted", "revoke"]), ("?erase=true", ["user_erased"])],
    ids=["deleted", "erased"],
)
async def test_what_is_told_of_a_deletion_names_its_operation(
    api: RunningApi, store: Store, query: str, told: list[str]
) -> None:
    session = await session_of(store)
    answer = await api.delete(f"/app/users/{session.user_id}{query}")
    events = [stored.event for stored in (await store.events(limit=5, before=None)).items]
    assert [event.type for event in events] == told
    assert {event.operation_id for event in events} == {answer.headers["X-Operation-Id"]}


async def test_what_is_told_of_an_end_names_its_operation(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    answer = await api.delete(f"/app/sessions/{session.id}")
    (stored,) = (await store.events(limit=5, before=None)).items
    assert stored.event.operation_id == answer.headers["X-Operation-Id"]


@pytest.mark.parametrize(
    "path", [f"/app/users/{IDS.user()}", f"/app/users/{IDS.session()}", f"/app/sessions/{IDS.session()}"]
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_what_is_not_there_is_404(api: RunningApi, method: str, path: str) -> None:
    answer = await api.call(method, path)
    assert (answer.status, answer.code) == (404, 3012)


@pytest.mark.parametrize(
    "identifier",
    [
        *[
            "x",
            "edgusr_",
            IDS.user()[:-1],
            IDS.user() + "0",
            "EDGUSR_" + IDS.user()[7:],
            "edgusr_" + "z" * 27,
        ],
        *[IDS.user() + "%00", IDS.user() + "%0a", "%20" + IDS.user(), "a%2fb", "%ff", "*", "ep_" + "0" * 27],
    ],
)
@pytest.mark.parametrize("path", ["/app/users", "/app/sessions", "/tokens"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_wrong_shaped_id_is_404(api: RunningApi, method: str, path: str, identifier: str) -> None:
    answer = await api.call(method, f"{path}/{identifier}")
    assert (answer.status, answer.code) == (404, 3012)
