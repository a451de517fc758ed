"""The stream of events: in order, each once, from where the reader was, for as long as its token holds."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from admin_api.event_stream import MOST_STREAMS, STREAMS_EACH
from session_store import Event, Store, TokenId, UserId
from tests.support.admin_api import BOOTSTRAP, RunningApi, now_ms, running_api, session_of
from tests.support.event_reader import GUARD_S, EventReader, reading
from tests.support.redis_server import RedisServer

ADA, GRACE = (UserId("edgusr_" + "0" * 26 + place) for place in "AG")


async def tell(store: Store, count: int, event_type: str = "login", user_id: str = ADA) -> None:
    event = Event(type=event_type, at=now_ms(), actor=user_id, user_id=user_id)
    await store.record_events([event] * count)


async def all_ids(store: Store) -> list[str]:
    """The ids of all events, oldest first."""
    found: list[str] = []
    before = None
    while True:
        page = await store.events(limit=100, before=before)
        found += [stored.id for stored in page.items]
        before = page.next
        if before is None:
            return found[::-1]


async def ended(reader: EventReader) -> bool:
    """Whether nothing but the end comes."""
    return await reader.next() is None


async def secret_of(api: RunningApi, scope: str = "read") -> tuple[str, str]:
    """A new token's id and secret."""
    made = (await api.call("POST", "/tokens", json={"name": "n", "scope": scope})).json
    return made["id"], made["token"]


async def test_an_event_comes_as_the_list_has_it(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    async with reading(api) as reader:
        assert (await api.delete(f"/app/sessions/{session.id}")).status == 204
        message = await reader.message()
    listed = (await api.get("/events")).json["events"][0]
    assert (message.id, message.type, message.data) == (listed["id"], "revoke", listed)


async def test_the_answer_is_a_stream_that_nothing_keeps(api: RunningApi) -> None:
    async with reading(api) as reader:
        headers = reader.response.headers
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert "Content-Length" not in headers
    assert headers["X-Operation-Id"].startswith("op_")
    assert not [name for name in headers if name.startswith("Access-Control")]


async def test_without_a_position_it_begins_with_what_comes(api: RunningApi, store: Store) -> None:
    await tell(store, 3)
    async with reading(api) as reader:
        await tell(store, 1, "logout")
        assert (await reader.message()).type == "logout"


async def test_a_reader_that_never_saw_an_event_misses_none(api: RunningApi, store: Store) -> None:
    await tell(store, 2)
    async with reading(api) as reader:
        position = reader.last_event_id
    await tell(store, 3)
    async with reading(api, last_event_id=position) as reader:
        assert await reader.ids(3) == (await all_ids(store))[2:]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_reader_that_is_cut_again_and_again_gets_every_event_once(
    api: RunningApi, store: Store, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    async with reading(api) as reader:
        position = reader.last_event_id

    async def tell_some() -> None:
        for _ in range(60):
            await tell(store, chance.randrange(1, 20))
            await asyncio.sleep(0)

    telling = asyncio.create_task(tell_some())
    seen: list[str] = []
    while not telling.done() or len(seen) < len(await all_ids(store)):
        async with reading(api, last_event_id=position) as reader:
            left = len(await all_ids(store)) - len(seen)
            seen += await reader.ids(min(left, chance.randrange(1, 120)))
            position = reader.last_event_id
    assert seen == await all_ids(store)


@pytest.mark.parametrize("how", ["header", "parameter", "both"])
async def test_a_position_is_a_header_or_a_parameter_and_the_header_counts(
    api: RunningApi, store: Store, how: str
) -> None:
    await tell(store, 3)
    first, second, third = await all_ids(store)
    query = {"header": "", "parameter": f"?last_event_id={second}", "both": f"?last_event_id={first}"}[how]
    header = "" if how == "parameter" else second
    async with reading(api, query, last_event_id=header) as reader:
        assert await reader.ids(1) == [third]


async def test_a_position_that_this_stream_never_had_is_a_gap(api: RunningApi, store: Store) -> None:
    unknown = "evt_99999999999999_0"
    async with reading(api, last_event_id=unknown) as reader:
        await tell(store, 1)
        message = await reader.message()
        assert (message.type, message.data) == ("gap", {"after": unknown})
        assert await reader.ids(1) == await all_ids(store)


async def test_only_what_is_asked_for_comes(api: RunningApi, store: Store) -> None:
    async with reading(api, f"?type=login,revoke&user={GRACE}") as reader:
        await tell(store, 2)
        await tell(store, 1, "logout", GRACE)
        await tell(store, 1, "revoke", GRACE)
        message = await reader.message()
    assert (message.type, message.data["user"]["id"]) == ("revoke", GRACE)


async def test_a_heartbeat_carries_the_position_past_what_was_not_asked_for(store: Store) -> None:
    async with running_api(store, heartbeat_s=0.05) as api, reading(api, "?type=logout") as reader:
        await tell(store, 3)
        ids = await all_ids(store)
        async with asyncio.timeout(GUARD_S):
            while reader.last_event_id != ids[-1]:
                assert await reader.block() is None
        assert set(reader.comments) == {"heartbeat"}
        await tell(store, 1, "logout")
        assert (await reader.message()).id == (await all_ids(store))[-1]


@pytest.mark.parametrize("by", ["itself", "another"])
async def test_a_token_that_is_revoked_ends_its_streams_and_no_other(
    api: RunningApi, store: Store, by: str
) -> None:
    token_id, secret = await secret_of(api, "admin")
    async with (
        reading(api, token=secret) as whole,
        reading(api, "?type=logout", token=secret) as part,
        reading(api) as other,
    ):
        caller = secret if by == "itself" else BOOTSTRAP
        assert (await api.delete(f"/tokens/{token_id}", caller)).status == 204
        assert (await whole.message()).type == "token_revoked"
        assert await ended(whole)
        assert await ended(part)
        assert (await other.message()).type == "token_revoked"
        await tell(store, 1)
        assert (await other.message()).type == "login"


async def test_a_token_that_is_revoked_without_a_word_ends_its_streams_too(store: Store) -> None:
    async with running_api(store, heartbeat_s=0.05) as api:
        token, secret = await store.create_token("n", "read", None)
        async with reading(api, token=secret) as reader, reading(api) as other:
            await store.delete_token(TokenId(token.id))
            assert await ended(reader)
            await tell(store, 1)
            assert (await other.message()).type == "login"


async def test_a_token_that_expires_ends_its_streams(store: Store) -> None:
    passed_ms = 0
    _, secret = await store.create_token("n", "read", now_ms() + 3_600_000)
    async with (
        running_api(store, heartbeat_s=0.05, now_ms=lambda: now_ms() + passed_ms) as api,
        reading(api, token=secret) as reader,
        reading(api) as other,
    ):
        await tell(store, 1)
        assert (await reader.message()).type == "login"
        passed_ms = 3_600_000
        assert await ended(reader)
        assert (await other.message()).type == "login"


class Streams:
    """Streams of several tokens, each over a connection of its own."""

    def __init__(self, api: RunningApi, http: aiohttp.ClientSession) -> None:
        self._url = f"{api.url}/events/stream"
        self._http = http

    async def open(self, secret: str) -> aiohttp.ClientResponse:
        return await self._http.get(self._url, headers={"Authorization": f"Bearer {secret}"})

    async def refused(self, secret: str) -> bool:
        response = await self.open(secret)
        response.close()
        if response.status == 200:
            return False
        assert (response.status, response.headers["Retry-After"]) == (503, "1")
        return True


@pytest.fixture
async def streams(store: Store) -> AsyncIterator[Streams]:
    """Streams of an API that says nothing by itself: no heartbeat notices that a reader has gone."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with (
        running_api(store, heartbeat_s=1000) as api,
        aiohttp.ClientSession(connector=connector) as http,
    ):
        yield Streams(api, http)


async def secrets_of(store: Store, count: int) -> list[str]:
    """The secrets of so many new tokens."""
    return [(await store.create_token("n", "read", None))[1] for _ in range(count)]


async def test_as_many_streams_may_be_open_as_there_are_places(streams: Streams, store: Store) -> None:
    *several, another = await secrets_of(store, MOST_STREAMS // STREAMS_EACH + 1)
    opened = await asyncio.gather(*(streams.open(secret) for secret in several for _ in range(STREAMS_EACH)))
    assert {response.status for response in opened} == {200}
    refused = await streams.open(another)
    assert (await refused.json())["error_code"] == "ERR_OUTERWARD_3005"
    assert await streams.refused(another)
    for response in opened:
        response.close()


async def test_one_token_takes_no_place_of_another(streams: Streams, store: Store) -> None:
    greedy, other = await secrets_of(store, 2)
    opened = await asyncio.gather(*(streams.open(greedy) for _ in range(STREAMS_EACH)))
    assert {response.status for response in opened} == {200}
    assert await streams.refused(greedy)
    assert not await streams.refused(other)
    assert not await streams.refused(BOOTSTRAP)
    for response in opened:
        response.close()


async def test_a_reader_who_has_gone_frees_the_place_though_nothing_is_sent(
    streams: Streams, store: Store
) -> None:
    (secret,) = await secrets_of(store, 1)
    opened = await asyncio.gather(*(streams.open(secret) for _ in range(STREAMS_EACH)))
    opened.pop().close()
    async with asyncio.timeout(GUARD_S):
        while await streams.refused(secret):
            pass
    for response in opened:
        response.close()


async def test_a_stream_has_no_end_of_its_own(
    api: RunningApi, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_api.streaming.WHOLE_WITHIN_S", 0.0)
    async with reading(api) as reader:
        await tell(store, 1)
        assert (await reader.message()).type == "login"


async def test_a_stream_outlives_a_store_that_is_away(store_server: RedisServer) -> None:
    store = Store.open(store_server.url, secrets=["s" * 32], command_timeout_s=5)
    try:
        await store.start()
        async with running_api(store) as api, reading(api) as reader:
            await tell(store, 1)
            first = await reader.ids(1)
            store_server.kill()
            assert (await api.get("/events/stream")).code == 4000
            store_server.start()
            await tell(store, 2)
            assert first + await reader.ids(2) == await all_ids(store)
    finally:
        await store.close()


async def test_streams_end_at_once_when_the_process_stops(store: Store) -> None:
    async with AsyncExitStack() as stack:
        async with running_api(store) as api:
            reader = await stack.enter_async_context(reading(api))
            await tell(store, 1)
            assert await reader.ids(1) == await all_ids(store)
        assert await ended(reader)


@pytest.mark.parametrize(
    "position",
    ["x", "1-0", "evt_1", "evt_1_0_0", "evt_-1_0", "evt_1_0%20", "%00", ADA],
)
@pytest.mark.parametrize("how", ["header", "parameter"])
async def test_what_is_no_position_is_a_400(api: RunningApi, position: str, how: str) -> None:
    if how == "parameter":
        answer = await api.get(f"/events/stream?last_event_id={position}")
    else:
        answer = await api.get("/events/stream", headers={"Last-Event-ID": position})
    assert (answer.status, answer.code) == (400, 3036)
    assert answer.json["details"]["parameter"] == "last_event_id"


@pytest.mark.parametrize(
    ("query", "code"), [("limit=1", 3020), ("before_id=evt_1_0", 3020), ("type=x", 3027), ("user=x", 3036)]
)
async def test_a_parameter_that_is_none_is_a_400(api: RunningApi, query: str, code: int) -> None:
    assert (await api.get(f"/events/stream?{query}")).code == code


async def test_a_stream_needs_a_token(api: RunningApi) -> None:
    assert (await api.get("/events/stream", None)).code == 3001


async def test_curl_shows_events_as_they_come(api: RunningApi, store: Store) -> None:
    process = await asyncio.create_subprocess_exec(
        *["curl", "--silent", "--no-buffer", "--noproxy", "*"],
        *["--header", f"Authorization: Bearer {BOOTSTRAP}", f"{api.url}/events/stream"],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"retry: 1000\n"
        await tell(store, 1)
        shown = [await process.stdout.readline() for _ in range(5)]
        assert shown[3:] == [b"event: login\n", shown[4]]
        assert shown[2] == f"id: {(await all_ids(store))[0]}\n".encode()
    finally:
        process.kill()
        await process.wait()
