"""Bulk revocation: what a filter finds or what is named, in calls of a thousand at most."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

import session_store.bulk
from admin_api.auth import Authenticator, Caller, Scope
from session_store import ApplicationSession, Context, Location, Store, is_tombstone
from tests.support.admin_api import HERE, NOTES, WIKI, Answer, RunningApi, session_of, sign_in, visit

EVERYTHING = 'obj.identity_provider == "Example Corp"'


@pytest.fixture
def twos(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand is two."""
    monkeypatch.setattr(session_store.bulk, "MOST_AT_ONCE", 2)


async def revoke(api: RunningApi, token: str | None = None, **body: Any) -> Answer:
    options = {} if token is None else {"token": token}
    return await api.call("POST", "/app/sessions/revoke", json=body, **options)


async def to_the_end(api: RunningApi, **body: Any) -> AsyncIterator[dict[str, Any]]:
    """What each call answers, the first by ``body`` and the others by ``next``."""
    for _ in range(20):
        answer = await revoke(api, **body)
        assert answer.status == 200
        yield answer.json
        if answer.json["next"] is None:
            return
        body = {"next": answer.json["next"]}
    raise AssertionError("the revocation has no end")


async def is_over(store: Store, session: ApplicationSession) -> bool:
    value = await store.check(session.cookie_hash, session.endpoint.id)
    return value is not None and is_tombstone(value)


async def unannounced(size: int) -> AsyncIterator[bytes]:
    """A body whose length no header tells."""
    yield b" " * (size - 1)
    yield b" "


async def test_what_a_filter_finds_is_over_when_the_answer_comes(api: RunningApi, store: Store) -> None:
    wiki = [await session_of(store, name) for name in ("ada", "grace")]
    notes = await session_of(store, "ada", NOTES)
    answer = await revoke(api, filter='obj.tunnel == "wiki"', reason="stolen laptops")
    assert answer.json == {
        "matched": 2,
        "users": 2,
        "yours": 0,
        "revoked": [wiki[1].id, wiki[0].id],
        "failed": [],
        "next": None,
    }
    assert [await is_over(store, session) for session in (*wiki, notes)] == [True, True, False]


async def test_what_is_named_is_over_and_what_is_not_there_is_told(api: RunningApi, store: Store) -> None:
    ada, grace, stays = [await session_of(store, name) for name in ("ada", "grace", "linus")]
    await api.delete(f"/app/sessions/{grace.id}")
    answer = await revoke(api, ids=[ada.id, grace.id, ada.id])
    assert (answer.json["matched"], answer.json["users"], answer.json["revoked"]) == (1, 1, [ada.id])
    (failed,) = answer.json["failed"]
    assert failed["id"] == grace.id
    assert failed["msg"]
    assert answer.json["next"] is None
    assert [await is_over(store, session) for session in (ada, stays)] == [True, False]


@pytest.mark.parametrize("by", ["filter", "ids"])
async def test_a_dry_run_counts_and_ends_nothing(api: RunningApi, store: Store, by: str) -> None:
    sessions = [await session_of(store), await session_of(store), await session_of(store, "grace")]
    what: dict[str, Any] = {"filter": EVERYTHING}
    if by == "ids":
        what = {"ids": [session.id for session in sessions]}
    answer = await revoke(api, dry_run=True, **what)
    told = [answer.json[name] for name in ("matched", "users", "yours", "revoked", "failed", "next")]
    assert told == [3, 2, 0, [], [], None]
    assert not any([await is_over(store, session) for session in sessions])
    assert (await api.get("/app/sessions?state=ended")).json["application_sessions"] == []


@pytest.mark.usefixtures("twos")
@pytest.mark.parametrize("dry_run", [False, True])
async def test_next_goes_on_and_the_counts_are_of_the_whole(
    api: RunningApi, store: Store, dry_run: bool
) -> None:
    people = ["ada", "grace", "ada", "linus", "grace"]
    sessions = [await session_of(store, name) for name in people]
    newest_first = [session.id for session in reversed(sessions)]
    calls = [told async for told in to_the_end(api, filter=EVERYTHING, dry_run=dry_run)]
    assert [told["matched"] for told in calls] == [2, 4, 5]
    assert [told["users"] for told in calls] == [2, 3, 3]
    revoked = [each for told in calls for each in told["revoked"]]
    assert revoked == ([] if dry_run else newest_first)
    assert [await is_over(store, session) for session in sessions] == [not dry_run] * 5


@pytest.mark.usefixtures("twos")
async def test_a_call_that_is_repeated_does_the_rest_and_harms_nothing(api: RunningApi, store: Store) -> None:
    sessions = [await session_of(store, name) for name in ("ada", "grace", "linus")]
    first = (await revoke(api, filter=EVERYTHING)).json
    for _ in range(2):
        last = (await revoke(api, next=first["next"])).json
        assert last["next"] is None
        assert last["users"] == 3
    assert all([await is_over(store, session) for session in sessions])
    assert (await revoke(api, filter=EVERYTHING)).json["matched"] == 0


@pytest.mark.usefixtures("twos")
async def test_a_session_that_begins_meanwhile_is_spared(api: RunningApi, store: Store) -> None:
    for name in ("ada", "grace", "linus"):
        await session_of(store, name)
    first = (await revoke(api, filter=EVERYTHING)).json
    late = await session_of(store, "alan")
    assert (await revoke(api, next=first["next"])).json["next"] is None
    assert not await is_over(store, late)


async def test_the_end_says_who_asked_for_it_and_why(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    token, secret = await store.create_token("ops", "revoke", None)
    answer = await revoke(api, secret, ids=[session.id], reason="stolen laptop")
    (ended,) = (await api.get("/app/sessions?state=ended")).json["application_sessions"]
    assert ended["outerward"]["ended_by"] == f"token:{token.id}"
    assert ended["outerward"]["ended_reason"] == "revoked"
    (event,) = (await store.events(limit=5, before=None, types=frozenset({"revoke"}))).items
    assert event.event.operation_id == answer.headers["X-Operation-Id"]
    assert event.event.details["note"] == "stolen laptop"


@pytest.mark.usefixtures("twos")
async def test_the_reason_and_the_dry_run_hold_for_the_calls_that_follow(
    api: RunningApi, store: Store
) -> None:
    for name in ("ada", "grace", "linus"):
        await session_of(store, name)
    [_ async for _ in to_the_end(api, filter=EVERYTHING, reason="stolen laptops")]
    events = (await store.events(limit=5, before=None, types=frozenset({"revoke"}))).items
    assert {event.event.details["note"] for event in events} == {"stolen laptops"}


async def test_other_sessions_of_the_same_browser_go_on(api: RunningApi, store: Store) -> None:
    browser = await sign_in(store)
    wiki, notes = await visit(store, browser, WIKI), await visit(store, browser, NOTES)
    await revoke(api, filter='obj.tunnel == "wiki"')
    assert [await is_over(store, session) for session in (wiki, notes)] == [True, False]


async def test_to_end_all_sessions_of_a_user_ends_the_login_too(api: RunningApi, store: Store) -> None:
    browser = await sign_in(store)
    await visit(store, browser)
    await revoke(api, filter=f'obj.application_user_id == "{browser.user_id}"')
    again = await store.start_application_session(
        browser, NOTES, expires_at=browser.expires_at, idle_timeout_s=0, context=HERE
    )
    assert not isinstance(again, ApplicationSession)


@pytest.mark.parametrize("by", ["filter", "ids"])
async def test_how_many_are_the_callers_own_is_told_before_they_end(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    mine = [await session_of(store), await session_of(store)]
    other = await session_of(store, "grace")

    async def caller(*_args: object) -> Caller:
        return Caller(mine[0].user_id, Scope.REVOKE, mine[0].user_tag)

    monkeypatch.setattr(Authenticator, "caller", caller)
    what: dict[str, Any] = {"filter": EVERYTHING}
    if by == "ids":
        what = {"ids": [session.id for session in (*mine, other)]}
    answer = await revoke(api, dry_run=True, **what)
    assert [answer.json[name] for name in ("matched", "users", "yours")] == [3, 2, 2]


@pytest.mark.usefixtures("twos")
async def test_how_many_are_the_callers_own_goes_on_from_call_to_call(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = [await session_of(store) for _ in range(3)]

    async def caller(*_args: object) -> Caller:
        return Caller(mine[0].user_id, Scope.REVOKE, mine[0].user_tag)

    monkeypatch.setattr(Authenticator, "caller", caller)
    assert [told["yours"] async for told in to_the_end(api, filter=EVERYTHING)] == [2, 3]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filter": EVERYTHING, "ids": []},
        {"filter": EVERYTHING, "next": "x"},
        {"ids": [], "next": "x"},
        {"next": "x", "reason": "x"},
        {"next": "x", "dry_run": False},
        {"reason": "x"},
        {"dry_run": True},
        {"filter": None},
        {"filter": EVERYTHING, "reason": None},
        {"filter": EVERYTHING, "reason": "x" * 201},
        {"filter": EVERYTHING, "reason": "a\nb"},
        {"filter": EVERYTHING, "reason": "\x1b[31m"},
        {"filter": EVERYTHING, "dry_run": "yes"},
        {"filter": EVERYTHING, "dry_run": 1},
        {"filter": EVERYTHING, "all": True},
        {"filter": [EVERYTHING]},
        {"ids": "edgses_" + "0" * 27},
        {"ids": ["edgses_" + "0" * 27] * 1001},
        {"ids": ["edgses_" + "0" * 26]},
        {"ids": ["edgusr_" + "0" * 27]},
        {"ids": ["edgses_" + "0" * 27, ""]},
        {"ids": [None]},
    ],
)
async def test_a_body_that_asks_for_nothing_clear_is_400_and_ends_nothing(
    api: RunningApi, store: Store, body: dict[str, Any]
) -> None:
    session = await session_of(store)
    answer = await revoke(api, **body)
    assert (answer.status, answer.code) == (400, 3030)
    assert not await is_over(store, session)


@pytest.mark.parametrize("text", ["", " ", "obj.name", 'obj.name = "x"', "\x00"])
async def test_a_filter_that_goes_wrong_ends_nothing(api: RunningApi, store: Store, text: str) -> None:
    session = await session_of(store)
    answer = await revoke(api, filter=text)
    assert (answer.status, answer.code) == (400, 3024)
    assert not await is_over(store, session)


async def test_no_ids_are_no_sessions(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    answer = await revoke(api, ids=[])
    assert (answer.status, answer.json["matched"], answer.json["revoked"]) == (200, 0, [])
    assert not await is_over(store, session)


async def test_it_takes_the_scope_to_revoke(api: RunningApi, store: Store) -> None:
    _, secret = await store.create_token("n", "read", None)
    answer = await revoke(api, secret, filter=EVERYTHING, dry_run=True)
    assert (answer.status, answer.code) == (403, 3003)


async def test_a_thousand_ids_fit_and_what_is_much_longer_is_refused(api: RunningApi) -> None:
    ids = ["edgses_" + f"{n:027}" for n in range(1000)]
    answer = await revoke(api, ids=ids)
    assert (answer.status, len(answer.json["failed"])) == (200, 1000)
    for size, status in ((65_536, 400), (65_537, 413)):
        for data in (b" " * size, unannounced(size)):
            answer = await api.call("POST", "/app/sessions/revoke", data=data)
            assert answer.status == status
    assert answer.json["details"]["largest"] == "65536"


async def test_a_thousand_sessions_are_over_within_the_time_of_one_call(
    api: RunningApi, store: Store
) -> None:
    xx = Context(ip_address="198.51.100.7", location=Location(country_code="XX"))
    for n in range(1000):
        await session_of(store, f"visitor{n % 300}", context=xx)
    began = time.monotonic()
    answer = await revoke(api, filter='obj.country_code == "XX"')
    assert time.monotonic() - began < 10
    assert (answer.json["matched"], answer.json["users"]) == (1000, 300)
    assert len(answer.json["revoked"]) == 1000
    assert (await api.get("/app/sessions")).json["application_sessions"] == []
