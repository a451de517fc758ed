"""Lists as CSV: every row, as a reader of RFC 4180 has it, and streams that break off."""

import asyncio
import csv
from collections.abc import AsyncGenerator
from io import StringIO
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

import admin_api.lists
from admin_api import streaming
from admin_api.operations import Stream
from session_store import (
    Context,
    CookieHash,
    Location,
    Principal,
    Store,
    StoreUnavailable,
    TokenId,
    UserAgent,
)
from tests.support.admin_api import (
    AUTHORIZED,
    BOOTSTRAP,
    NOTES,
    Answer,
    RunningApi,
    now_ms,
    raw,
    session_of,
    visit,
)

_PERSON = ("outerward.user.username", "outerward.user.email", "outerward.user.name")
SYDNEY = Context(
    ip_address="192.0.2.7",
    user_agent=UserAgent(raw='=HYPERLINK("http://evil.example","x")'),
    location=Location(country_code="AU", latitude=-33.87, longitude=151.2, radius_km=20),
)


def rows(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200
    return list(csv.DictReader(StringIO(answer.body.decode(), newline=""), strict=True))


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_api.lists, "LARGEST_PAGE", 2)


async def test_a_file_says_what_it_is_and_is_not_kept(api: RunningApi, store: Store) -> None:
    await session_of(store)
    for path, name in (
        ("/app/sessions?format=csv", "sessions.csv"),
        ("/app/sessions?format=csv&state=ended", "ended-sessions.csv"),
        ("/app/users?format=csv", "users.csv"),
    ):
        answer = await api.get(path)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Operation-Id"].startswith("op_")


@pytest.mark.parametrize("path", ["/app/sessions", "/app/users"])
async def test_a_file_without_rows_has_its_header_line(api: RunningApi, path: str) -> None:
    body = (await api.get(f"{path}?format=csv")).body
    assert body.startswith(b"id,")
    assert body.count(b"\r\n") == 1


@pytest.mark.usefixtures("pages_of_two")
@pytest.mark.parametrize("number", [1, 2, 3, 5])
async def test_a_file_holds_every_row_once_newest_first(api: RunningApi, store: Store, number: int) -> None:
    sessions = [await session_of(store, f"visitor{n}") for n in range(number)]
    listed = rows(await api.get("/app/sessions?format=csv"))
    assert [row["id"] for row in listed] == [session.id for session in reversed(sessions)]
    users = rows(await api.get("/app/users?format=csv"))
    assert [row["id"] for row in users] == [session.user_id for session in reversed(sessions)]


async def test_a_row_holds_what_the_list_shows_and_who_it_is(api: RunningApi, store: Store) -> None:
    session = await session_of(store, endpoint=NOTES, context=SYDNEY)
    shown = (await api.get(f"/app/sessions/{session.id}")).json
    (row,) = rows(await api.get("/app/sessions?format=csv"))
    assert row["application_user.id"] == session.user_id
    assert row["route.id"] == shown["route"]["id"]
    assert row["outerward.tunnel"] == "notes"
    assert row["expires_at"] == shown["expires_at"]
    assert row["browser_session.location.latitude"] == "-33.87"
    assert row["outerward.ended_at"] == ""
    told = [row[name] for name in ("identity_provider", *_PERSON)]
    assert told == ["Example Corp", "ada", "ada@example.com", "Ada"]


async def test_what_a_visitor_sent_is_no_formula(api: RunningApi, store: Store) -> None:
    await session_of(store, context=SYDNEY)
    (row,) = rows(await api.get("/app/sessions?format=csv"))
    assert row["browser_session.user_agent.raw"] == '\'=HYPERLINK("http://evil.example","x")'


async def test_what_a_provider_said_is_no_formula(api: RunningApi, store: Store) -> None:
    evil = Principal(
        provider="corp", issuer="https://id.example.com", subject="-1", name='@SUM(1,"\r\n2")', email="+1"
    )
    browser = await store.complete_login(
        evil,
        provider_name="=Corp",
        begun_at=await store.now(),
        scope="example.com",
        cookie_hash=CookieHash(b"c" * 32),
        expires_at=now_ms() + 3_600_000,
    )
    await visit(store, browser)
    (row,) = rows(await api.get("/app/users?format=csv"))
    assert row["name"] == '\'@SUM(1,"\r\n2")'
    assert (row["provider_user_id"], row["identity_provider.name"], row["email"]) == ("'-1", "'=Corp", "'+1")


async def test_a_file_holds_what_the_filter_and_the_search_let_through(api: RunningApi, store: Store) -> None:
    for name in ("ada", "grace", "adam"):
        await session_of(store, name)
    found = rows(await api.get("/app/sessions?format=csv&q=ada&filter=obj.username%20!%3D%20%22adam%22"))
    assert [row["outerward.user.username"] for row in found] == ["ada"]


async def test_a_filter_that_goes_wrong_is_an_error_answer_and_no_file(api: RunningApi) -> None:
    answer = await api.get("/app/sessions?format=csv&filter=x")
    assert (answer.status, answer.code) == (400, 3024)
    assert answer.headers["Content-Type"] == "application/json"
    assert "Content-Disposition" not in answer.headers


def failing(error: Exception | None) -> Stream:
    """A stream whose second part fails, or never comes."""

    async def parts() -> AsyncGenerator[bytes, None]:
        yield b"id,name\r\n1,ada\r\n"
        if error is None:
            await asyncio.Event().wait()
        else:
            raise error

    return Stream(parts(), "text/csv", part_within_s=0.05)


FAULTS = [StoreUnavailable("away"), RuntimeError("CANARY"), None]
FAULT_IDS = ["the store went away", "a fault of the server", "a part that never comes"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    async def answer(*_args: Any) -> Stream:
        return failing(request.param)

    monkeypatch.setattr("admin_api.sessions.answer_list", answer)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("broken", FAULTS, ids=FAULT_IDS, indirect=True)
async def test_a_stream_that_fails_in_the_middle_never_looks_whole(api: RunningApi) -> None:
    with capture_logs() as lines, pytest.raises(aiohttp.ClientError):
        await api.get("/app/sessions?format=csv")
    logged = [line["event"] for line in lines]
    assert logged == ["api_request", "api_stream_broken_off"]
    assert "CANARY" not in repr(lines)
    assert lines[0]["operation_id"] == lines[1]["operation_id"]


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("broken", FAULTS, ids=FAULT_IDS, indirect=True)
async def test_a_reader_of_http_1_0_sees_the_break_too(api: RunningApi) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(b"GET /app/sessions?format=csv HTTP/1.0\r\n" + AUTHORIZED + b"\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read(-1)
    writer.close()


async def test_a_part_with_nothing_in_it_ends_no_stream(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def parts() -> AsyncGenerator[bytes, None]:
        for part in (b"", b"a", b"", b"b"):
            yield part

    async def answer(*_args: Any) -> Stream:
        return Stream(parts(), "text/csv")

    monkeypatch.setattr("admin_api.sessions.answer_list", answer)
    assert (await api.get("/app/sessions")).body == b"ab"


async def test_a_reader_that_takes_nothing_is_broken_off(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "WRITE_WITHIN_S", 0.05)
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            closed.set()

    async def answer(*_args: Any) -> Stream:
        return Stream(endless(), "text/csv")

    monkeypatch.setattr("admin_api.sessions.answer_list", answer)
    _, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=1)
    writer.write(b"GET /app/sessions HTTP/1.1\r\n" + AUTHORIZED + b"\r\n")
    await asyncio.wait_for(closed.wait(), 10)
    writer.close()


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that goes on for ever, a little at a time."""

    async def parts() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"id\r\n"
            await asyncio.sleep(0.01)

    async def answer(*_args: Any) -> Stream:
        return Stream(parts(), "text/csv")

    monkeypatch.setattr("admin_api.sessions.answer_list", answer)


@pytest.mark.usefixtures("endless")
async def test_a_file_breaks_off_when_its_token_is_revoked(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "LOOK_EVERY_S", 0.05)
    token, secret = await store.create_token("n", "read", None)
    url = f"{api.url}/app/sessions?format=csv"
    with capture_logs() as lines:
        async with (
            aiohttp.ClientSession() as http,
            http.get(url, headers={"Authorization": f"Bearer {secret}"}) as read,
            http.get(url, headers={"Authorization": f"Bearer {BOOTSTRAP}"}) as other,
        ):
            await read.content.readline()
            await store.delete_token(TokenId(token.id))
            with pytest.raises(aiohttp.ClientError):
                await asyncio.wait_for(read.read(), 30)
            # Many looks later.
            for _ in range(50):
                assert await other.content.readline() == b"id\r\n"
    (broken_off,) = [line for line in lines if line["event"] == "api_stream_broken_off"]
    assert broken_off["error"] == "TokenGone"


@pytest.mark.usefixtures("endless")
async def test_a_file_that_takes_too_long_breaks_off(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "WHOLE_WITHIN_S", 0.2)
    with pytest.raises(aiohttp.ClientError):
        await asyncio.wait_for(api.get("/app/sessions?format=csv"), 30)


@pytest.mark.usefixtures("pages_of_two")
async def test_the_connection_goes_on_after_a_file(api: RunningApi, store: Store) -> None:
    for n in range(3):
        await session_of(store, f"visitor{n}")
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(b"GET /app/users?format=csv HTTP/1.1\r\n" + AUTHORIZED + b"\r\n")
    assert b"Transfer-Encoding: chunked" in await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"\r\n0\r\n\r\n")
    writer.write(b"GET /healthz HTTP/1.1\r\n" + AUTHORIZED + b"\r\n")
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_head_request_is_refused_as_everywhere(api: RunningApi) -> None:
    assert (await raw(api, b"HEAD /app/users?format=csv HTTP/1.1\r\n" + AUTHORIZED + b"\r\n")).status == 405
