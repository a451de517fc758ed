"""Both lists of the compatible resources, and their pages."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from session_store import IdSource, Store
from tests.support.admin_api import NOTES, WIKI, RunningApi, running_api, session_of, sign_in, visit

LISTS = [("/app/users", "application_users"), ("/app/sessions", "application_sessions")]


async def walk(api: RunningApi, path: str, member: str) -> list[list[str]]:
    """The ids of every page, following the links from ``path`` on."""
    pages = []
    following: str | None = path
    while following is not None:
        answer = await api.get(following)
        assert answer.status == 200
        pages.append([row["id"] for row in answer.json[member]])
        assert len(pages) < 100
        following = answer.json["next_page_uri"]
    return pages


async def seed(store: Store, number: int) -> tuple[list[str], list[str]]:
    """Ids of ``number`` users and of their sessions, newest first."""
    sessions = [await session_of(store, f"visitor{n}") for n in range(number)]
    return [s.user_id for s in reversed(sessions)], [s.id for s in reversed(sessions)]


@pytest.mark.parametrize(("path", "member"), LISTS)
async def test_an_empty_list_has_no_next_page(api: RunningApi, path: str, member: str) -> None:
    answer = await api.get(path)
    assert answer.json == {member: [], "uri": api.url + path, "next_page_uri": None}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 7, 100])
async def test_pages_hold_every_row_once_newest_first_and_none_is_empty(
    api: RunningApi, store: Store, limit: int
) -> None:
    for (path, member), ids in zip(LISTS, await seed(store, 6), strict=True):
        pages = await walk(api, f"{path}?limit={limit}", member)
        assert [row for page in pages for row in page] == ids
        assert all(1 <= len(page) <= limit for page in pages)


async def test_the_default_page_holds_a_hundred_rows(api: RunningApi, store: Store) -> None:
    await seed(store, 101)
    for path, member in LISTS:
        assert [len(page) for page in await walk(api, path, member)] == [100, 1]


async def test_a_position_works_when_its_row_is_gone(api: RunningApi, store: Store) -> None:
    users, sessions = await seed(store, 4)
    assert (await api.delete(f"/app/sessions/{sessions[1]}")).status == 204
    rows = (await api.get(f"/app/sessions?before_id={sessions[1]}")).json["application_sessions"]
    assert [row["id"] for row in rows] == sessions[2:]
    assert (await api.delete(f"/app/users/{users[0]}")).status == 204
    rows = (await api.get(f"/app/users?before_id={users[0]}")).json["application_users"]
    assert [row["id"] for row in rows] == users[1:]


async def test_listing_and_deleting_page_by_page_reaches_every_row(api: RunningApi, store: Store) -> None:
    _, sessions = await seed(store, 5)
    deleted = []
    following: str | None = "/app/sessions?limit=2"
    while following is not None:
        page = (await api.get(following)).json
        for row in page["application_sessions"]:
            assert (await api.delete(f"/app/sessions/{row['id']}")).status == 204
            deleted.append(row["id"])
        following = page["next_page_uri"]
    assert deleted == sessions


async def test_a_position_that_never_was_a_row_works_too(api: RunningApi, store: Store) -> None:
    older = IdSource(now_s=lambda: 1_500_000_000).session()
    newer = IdSource(now_s=lambda: 4_000_000_000).session()
    _, sessions = await seed(store, 2)
    for position, expected in ((older, []), (newer, sessions)):
        page = (await api.get(f"/app/sessions?before_id={position}")).json
        assert [row["id"] for row in page["application_sessions"]] == expected
        assert page["next_page_uri"] is None


async def test_links_begin_with_the_configured_address_whatever_host_was_asked(store: Store) -> None:
    session = await session_of(store)
    await session_of(store, "grace")
    async with running_api(store, public_url="https://admin.example.com:8443/") as api:
        host = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
        pages: list[Any] = [(await api.get(f"{path}?limit=1", headers=host)).json for path, _ in LISTS]
        shown = (await api.get(f"/app/sessions/{session.id}", headers=host)).json
    for page, (path, _) in zip(pages, LISTS, strict=True):
        assert page["uri"] == f"https://admin.example.com:8443{path}"
        assert page["next_page_uri"].startswith(f"https://admin.example.com:8443{path}?")
    addresses = [shown["uri"], shown["application_user"]["uri"], shown["endpoint"]["uri"]]
    assert {urlsplit(address).netloc for address in addresses} == {"admin.example.com:8443"}


async def test_sessions_of_several_endpoints_of_one_browser_are_rows_of_their_own(
    api: RunningApi, store: Store
) -> None:
    browser = await sign_in(store)
    first, second = await visit(store, browser, WIKI), await visit(store, browser, NOTES)
    rows = (await api.get("/app/sessions")).json["application_sessions"]
    assert [row["id"] for row in rows] == [second.id, first.id]
    assert len((await api.get("/app/users")).json["application_users"]) == 1
