"""Tokens of the API: made, listed, read, used and revoked."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from session_store import IdSource, Store, StoreUnavailable
from tests.support.admin_api import AUTHORIZED, Answer, RunningApi, raw, running_api


async def create(api: RunningApi, **members: Any) -> Answer:
    return await api.call("POST", "/tokens", json={"name": "n", "scope": "read", **members})


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_new_token_is_shown_once_with_its_secret(api: RunningApi) -> None:
    made = await create(api, name="Zoë's monitor", scope="revoke", expires_at=(expires_at := in_an_hour()))
    assert made.status == 201
    assert re.fullmatch(r"owt_[A-Za-z0-9_-]{43}", made.json["token"])
    assert made.headers["Location"] == made.json["uri"] == f"{api.url}/tokens/{made.json['id']}"
    shown = {name: value for name, value in made.json.items() if name != "token"}
    assert (shown["name"], shown["scope"], shown["expires_at"]) == ("Zoë's monitor", "revoke", expires_at)
    for again in (await api.get(f"/tokens/{made.json['id']}"), await api.get("/tokens")):
        assert made.json["token"].encode() not in again.body
    assert (await api.get(f"/tokens/{made.json['id']}")).json == shown
    assert (await api.get("/tokens")).json["tokens"] == [shown]


async def test_the_new_token_works_until_it_is_deleted(api: RunningApi) -> None:
    made = (await create(api)).json
    assert (await api.get("/app/users", made["token"])).status == 200
    answer = await api.delete(f"/tokens/{made['id']}")
    assert (answer.status, answer.body) == (204, b"")
    assert (await api.get("/app/users", made["token"])).status == 401
    assert (await api.delete(f"/tokens/{made['id']}")).status == 404
    assert (await api.get(f"/tokens/{made['id']}")).status == 404
    assert (await api.get("/tokens")).json["tokens"] == []


async def test_a_token_without_expiry_says_so(api: RunningApi) -> None:
    assert (await create(api)).json["expires_at"] is None


async def test_every_token_is_another(api: RunningApi) -> None:
    made = [(await create(api)).json for _ in range(5)]
    assert len({token["token"] for token in made}) == 5
    assert sorted((token["id"] for token in made), reverse=True) == [
        token["id"] for token in (await api.get("/tokens")).json["tokens"]
    ]


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
async def test_tokens_are_listed_in_pages(api: RunningApi, store: Store, limit: int) -> None:
    ids = [(await store.create_token("n", "read", None))[0].id for _ in range(5)]
    seen: list[str] = []
    following: str | None = f"/tokens?limit={limit}"
    while following is not None:
        page = (await api.get(following)).json
        assert 1 <= len(page["tokens"]) <= limit
        seen += [token["id"] for token in page["tokens"]]
        assert len(seen) <= len(ids)
        following = page["next_page_uri"]
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    "members",
    [
        {"name": ""},
        {"name": " "},
        {"name": " n"},
        {"name": "n "},
        {"name": "n" * 101},
        {"name": "a\nb"},
        {"name": "a\x00b"},
        {"name": "a\x1b[31mb"},
        {"name": "\u202e"},
        {"name": "\ud800"},
        {"name": 5},
        {"scope": "root"},
        {"scope": "READ"},
        {"scope": None},
        {"expires_at": None},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "0001-01-01T00:00:00Z"},
        {"expires_at": "0001-01-01T00:00:00+23:59"},
        {"expires_at": "9999-12-31T23:59:59"},
        {"expires_at": "9999-12-31T23:59:59-23:59"},
        {"expires_at": "2030-13-01T00:00:00Z"},
        {"expires_at": 4102444800},
        {"unknown": 1},
        {"token": "owt_" + "a" * 43},
        {"id": IdSource().token()},
    ],
)
async def test_what_is_not_documented_is_400_and_makes_nothing(
    api: RunningApi, store: Store, members: dict[str, Any]
) -> None:
    answer = await create(api, **members)
    assert (answer.status, answer.code) == (400, 3030)
    assert await store.tokens() == []


@pytest.mark.parametrize(
    ("expires_at", "shown"),
    [
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("2999-01-01T00:00:00.123456+02:00", "2998-12-31T22:00:00Z"),
    ],
)
async def test_a_far_expiry_is_taken_and_shown_in_utc(api: RunningApi, expires_at: str, shown: str) -> None:
    assert (await create(api, expires_at=expires_at)).json["expires_at"] == shown


async def test_a_token_ends_at_its_expiry(store: Store) -> None:
    async with running_api(store, now_ms=lambda: 0) as api:
        made = await create(api, expires_at=datetime.fromtimestamp(time.time() - 60, UTC).isoformat())
        assert made.status == 201
        assert (await api.get("/app/users", made.json["token"])).status == 401


async def test_a_body_that_announces_its_continuation_is_asked_for(api: RunningApi) -> None:
    body = b'{"name": "n", "scope": "read"}'
    head = f"POST /tokens HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n".encode()
    made = await raw(api, head + AUTHORIZED + b"\r\n" + body)
    assert (made.interim, made.status) == ((100,), 201)


async def test_a_token_may_revoke_itself(api: RunningApi) -> None:
    made = (await create(api, scope="admin")).json
    assert (await api.delete(f"/tokens/{made['id']}", made["token"])).status == 204
    assert (await api.delete(f"/tokens/{made['id']}", made["token"])).status == 401


async def test_a_token_says_when_it_was_last_used(api: RunningApi) -> None:
    used, unused = (await create(api)).json, (await create(api)).json
    assert used["last_used"] is None
    before = datetime.now(UTC).replace(microsecond=0)
    assert (await api.get("/app/users", used["token"])).status == 200
    listed = {token["id"]: token for token in (await api.get("/tokens")).json["tokens"]}
    shown = (await api.get(f"/tokens/{used['id']}")).json
    assert listed[used["id"]] == shown
    assert before <= datetime.fromisoformat(shown["last_used"]) <= datetime.now(UTC)
    assert listed[unused["id"]]["last_used"] is None


async def test_a_deletion_that_was_not_confirmed_is_confirmed_when_it_is_repeated(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def note(token_id: str) -> bool:
        asked.append(token_id)
        return False

    monkeypatch.setattr(store, "delete_token", note)
    gone = IdSource().token()
    assert (await api.delete(f"/tokens/{gone}")).status == 404
    assert asked == [gone]


async def test_what_cannot_be_told_is_done_all_the_same(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_events: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(store, "record_events", away)
    made = await create(api)
    assert made.status == 201
    assert (await api.delete(f"/tokens/{made.json['id']}")).status == 204
