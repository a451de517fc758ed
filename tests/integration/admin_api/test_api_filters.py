"""Lists that are filtered and searched: what is found, what is counted, and what a mistake is told."""

from typing import Any
from urllib.parse import quote

import pytest

from session_store import ApplicationSession, Context, EndReason, Location, Store
from tests.support.admin_api import HERE, NOTES, WIKI, RunningApi, session_of

FRANCE = Context(ip_address="198.51.100.9", location=Location(country_code="FR"))
NOBODY = 'obj.email == "nobody@example.com"'


def asked(path: str, **parameters: str) -> str:
    return path + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())


def ids(page: dict[str, Any]) -> list[str]:
    (member,) = page.keys() - {"uri", "next_page_uri"}
    return [row["id"] for row in page[member]]


async def found(api: RunningApi, path: str, **parameters: str) -> list[str]:
    answer = await api.get(asked(path, **parameters))
    assert answer.status == 200, answer.json
    return ids(answer.json)


async def three(store: Store) -> tuple[ApplicationSession, ApplicationSession, ApplicationSession]:
    """Ada at the wiki, Grace at the notes, Linus at the wiki from France; the oldest first."""
    return (
        await session_of(store, "ada", WIKI, HERE),
        await session_of(store, "grace", NOTES, HERE),
        await session_of(store, "linus", WIKI, FRANCE),
    )


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('obj.tunnel == "wiki"', [2, 0]),
        ('obj.edge == "apps"', [1]),
        ('obj.country_code == "FR"', [2]),
        ('inCidr(obj.ip_address, "192.0.2.0/24")', [1, 0]),
        ('obj.identity_provider == "Example Corp"', [2, 1, 0]),
        ('obj.email.contains("grace")', [1]),
        ('obj.username in ["ada", "linus"]', [2, 0]),
        ('obj.tunnel == "wiki" && !(obj.country_code == "FR")', [0]),
        ('obj.created_at < timestamp("2020-01-01T00:00:00Z")', []),
    ],
)
async def test_sessions_are_found_by_a_filter(
    api: RunningApi, store: Store, text: str, places: list[int]
) -> None:
    sessions = await three(store)
    expected = [sessions[place].id for place in places]
    assert await found(api, "/app/sessions", filter=text) == expected
    counted = await api.get(asked("/app/sessions/count", filter=text))
    assert counted.json == {"count": len(expected), "exact": True}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('obj.email == "grace@example.com"', [1]),
        ('obj.identity_provider == "Example Corp" && obj.username != "ada"', [2, 1]),
        ("obj.outerward.sessions == 1", [2, 1, 0]),
        ("obj.outerward.blocked", []),
    ],
)
async def test_users_are_found_by_a_filter(
    api: RunningApi, store: Store, text: str, places: list[int]
) -> None:
    sessions = await three(store)
    expected = [sessions[place].user_id for place in places]
    assert await found(api, "/app/users", filter=text) == expected
    counted = await api.get(asked("/app/users/count", filter=text))
    assert counted.json == {"count": len(expected), "exact": True}


@pytest.mark.parametrize("path", ["/app/sessions", "/app/users"])
@pytest.mark.parametrize(
    ("text", "places"), [("gra", [1]), ("LINUS@", [2]), ("example", [2, 1, 0]), ("", [2, 1, 0]), ("x", [])]
)
async def test_rows_are_found_by_what_was_typed(
    api: RunningApi, store: Store, path: str, text: str, places: list[int]
) -> None:
    sessions = await three(store)
    rows = [each.id if path == "/app/sessions" else each.user_id for each in sessions]
    assert await found(api, path, q=text) == [rows[place] for place in places]
    assert (await api.get(asked(f"{path}/count", q=text))).json["count"] == len(places)


async def test_a_session_is_found_by_its_own_id_and_its_users(api: RunningApi, store: Store) -> None:
    _, session, _ = await three(store)
    for text in (session.id, session.user_id, session.user_id[:20]):
        assert session.id in await found(api, "/app/sessions", q=text)
    assert await found(api, "/app/sessions", q=session.id) == [session.id]


async def test_a_filter_and_a_search_hold_together(api: RunningApi, store: Store) -> None:
    ada, _, linus = await three(store)
    wiki = 'obj.tunnel == "wiki"'
    assert await found(api, "/app/sessions", filter=wiki, q="lin") == [linus.id]
    assert await found(api, "/app/sessions", filter=wiki, q="ada") == [ada.id]
    assert await found(api, "/app/sessions", filter=wiki, q="grace") == []


@pytest.mark.parametrize("path", ["/app/sessions", "/app/users"])
async def test_pages_of_what_is_found_hold_every_row_once(api: RunningApi, store: Store, path: str) -> None:
    sessions = [await session_of(store, name) for name in ("ann", "bob", "amy", "eve", "abe")]
    rows = [each.id if path == "/app/sessions" else each.user_id for each in sessions]
    following: str | None = asked(path, limit="1", q="a", filter='obj.username != "eve"')
    pages = []
    while following is not None:
        answer = (await api.get(following)).json
        pages.append(ids(answer))
        following = answer["next_page_uri"]
        assert following is None or ("q=a" in following and "filter=obj.username" in following)
        assert len(pages) < 10
    assert pages == [[rows[4]], [rows[2]], [rows[0]]]


async def test_what_is_found_may_be_nothing_and_has_no_next_page(api: RunningApi, store: Store) -> None:
    await three(store)
    for path, member in (("/app/users", "application_users"), ("/app/sessions", "application_sessions")):
        answer = (await api.get(asked(path, filter=NOBODY))).json
        assert answer == {member: [], "uri": api.url + path, "next_page_uri": None}


async def test_sessions_that_are_over_are_listed_as_such_and_no_others(api: RunningApi, store: Store) -> None:
    ada, grace, linus = await three(store)
    assert await found(api, "/app/sessions", state="ended") == []
    await store.end_application_session(grace.id, EndReason.LOGOUT, grace.user_id)
    await api.delete(f"/app/sessions/{ada.id}")
    assert await found(api, "/app/sessions", state="ended") == [grace.id, ada.id]
    assert await found(api, "/app/sessions", state="active") == [linus.id]
    assert await found(api, "/app/sessions") == [linus.id]
    assert await found(api, "/app/sessions", state="ended", filter='obj.ended_reason == "logout"') == [
        grace.id
    ]
    assert await found(api, "/app/sessions", state="ended", q="ada") == [ada.id]
    counted = await api.get(asked("/app/sessions/count", state="ended"))
    assert counted.json == {"count": 2, "exact": True}


async def test_a_session_that_is_over_has_every_member_and_says_how_it_ended(
    api: RunningApi, store: Store
) -> None:
    session = await session_of(store)
    live = (await api.get(f"/app/sessions/{session.id}")).json
    assert [live["outerward"][name] for name in ("ended_at", "ended_reason", "ended_by")] == [None] * 3
    token, secret = await store.create_token("ops", "revoke", None)
    await api.delete(f"/app/sessions/{session.id}", secret)
    (ended,) = (await api.get("/app/sessions?state=ended")).json["application_sessions"]
    assert ended["outerward"].pop("ended_reason") == "revoked"
    assert ended["outerward"].pop("ended_by") == f"token:{token.id}"
    assert ended["outerward"].pop("ended_at") >= live["created_at"]
    for name in ("ended_at", "ended_reason", "ended_by"):
        del live["outerward"][name]
    assert ended == live


@pytest.mark.parametrize("path", ["/app/sessions", "/app/sessions/count", "/app/users", "/app/users/count"])
async def test_a_filter_that_goes_wrong_points_at_the_place(api: RunningApi, path: str) -> None:
    answer = await api.get(asked(path, filter='obj.name = "CANARY"'))
    assert (answer.status, answer.code) == (400, 3024)
    assert answer.json["details"]["position"] == "9"
    assert "==" in answer.json["details"]["message"]
    assert b"CANARY" not in answer.body


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("/app/sessions", {"q": "x" * 201}, 3026),
        ("/app/sessions", {"state": "live"}, 3027),
        ("/app/sessions", {"format": "xml"}, 3027),
        ("/app/users", {"format": "CSV"}, 3027),
        ("/app/sessions/count", {"state": ""}, 3027),
        ("/app/sessions", {"format": "csv", "limit": "5"}, 3028),
        ("/app/users", {"format": "csv", "before_id": "edgusr_" + "0" * 27}, 3028),
        ("/app/users", {"state": "ended"}, 3020),
        ("/app/sessions/count", {"limit": "5"}, 3020),
        ("/app/sessions/count", {"format": "csv"}, 3020),
        ("/app/users/count", {"state": "ended"}, 3020),
        ("/app/sessions", {"before_id": "edgusr_" + "0" * 27, "state": "ended"}, 3022),
    ],
)
async def test_a_parameter_that_goes_wrong_has_its_own_code(
    api: RunningApi, path: str, parameters: dict[str, str], code: int
) -> None:
    answer = await api.get(asked(path, **parameters))
    assert (answer.status, answer.code) == (400, code)


async def test_what_would_read_too_much_names_the_fields_that_help(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("session_store.query.finder._ROWS_AT_MOST", 2)
    await three(store)
    answer = await api.get(asked("/app/sessions", filter='obj.tunnel == "notes" && obj.browser_name == "x"'))
    assert answer.status == 200
    answer = await api.get(asked("/app/sessions", filter='obj.browser_name == "x"'))
    assert (answer.status, answer.code) == (400, 3025)
    assert "tunnel" in answer.json["details"]["fields"].split(", ")


async def test_to_list_and_to_count_takes_read(api: RunningApi, store: Store) -> None:
    _, secret = await store.create_token("n", "read", None)
    for path in ("/app/sessions/count", "/app/users/count", "/app/sessions?state=ended"):
        assert (await api.get(path, secret)).status == 200
