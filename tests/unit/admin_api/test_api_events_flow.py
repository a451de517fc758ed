"""What the list and the streams do when little comes, too much comes, or nothing comes any more."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from admin_api import events
from admin_api.event_shapes import event_renderer
from admin_api.event_stream import EventStreams
from admin_api.events import Events
from admin_api.operations import Call
from admin_api.problems import Code, Problem
from admin_api.shapes import Shapes
from session_store import (
    ApiToken,
    Event,
    EventPage,
    FellBehind,
    Store,
    StoredEvent,
    StoreUnavailable,
)

GUARD_S = 20
URL = "https://admin.example"


def stored(number: int, event_type: str = "login", token_id: str = "") -> StoredEvent:
    event = Event(type=event_type, at=number, actor="time", token_id=token_id)
    return StoredEvent(f"evt_{number}_0", event)


class Coming:
    """A subscription to ``items``: an exception is raised, after the last there is nothing for ever."""

    gap = False

    def __init__(self, items: Sequence[StoredEvent | Exception]) -> None:
        self._items = list(items)

    async def __anext__(self) -> StoredEvent:
        if not self._items:
            await asyncio.Event().wait()
        item = self._items.pop(0)
        if isinstance(item, Exception):
            raise item
        return item


@dataclass
class Script:
    """A store with what is written here; ``pages`` are answered in turn."""

    coming: Coming = field(default_factory=lambda: Coming([]))
    pages: list[EventPage] = field(default_factory=list)
    has_tokens: list[ApiToken] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)

    async def last_event(self) -> str:
        return "evt_1_0"

    async def follow_events(self, after: str) -> Coming:
        self.asked.append(after)
        return self.coming

    async def tokens(self) -> list[ApiToken]:
        return self.has_tokens

    async def events(self, *, before: str | None, **_wanted: object) -> EventPage:
        self.asked.append(before)
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def streams(script: Script, *, now_ms: int = 0, heartbeat_s: float = 30.0) -> EventStreams:
    return EventStreams(cast("Store", script), event_renderer(URL), lambda: now_ms, heartbeat_s)


async def parts(opened: EventStreams, actor: str = "bootstrap", count: int = 1000) -> list[bytes]:
    """The parts of a stream up to its end, ``count`` at most."""
    stream = await opened.stream(Call(actor=actor))
    found: list[bytes] = []
    async with asyncio.timeout(GUARD_S):
        async for part in stream.parts:
            found.append(part)
            if len(found) == count:
                await stream.parts.aclose()
    return found


@pytest.fixture
def token() -> ApiToken:
    """A token that expires."""
    return ApiToken(id="owtok_1", name="n", scope="read", created_at=0, expires_at=5000)


async def test_a_stream_begins_with_its_position() -> None:
    assert await parts(streams(Script()), count=1) == [b"retry: 1000\nid: evt_1_0\n\n"]


@pytest.mark.parametrize("end", [FellBehind("passed"), StopAsyncIteration()], ids=["behind", "closed"])
async def test_a_stream_ends_where_events_do(end: Exception) -> None:
    script = Script(Coming([stored(2), end, stored(3)]))
    _, frame = await parts(streams(script))
    assert frame.startswith(b"id: evt_2_0\nevent: login\ndata: {")
    assert json.loads(frame.partition(b"data: ")[2])["id"] == "evt_2_0"


async def test_a_stream_ends_behind_the_event_that_revokes_its_token(token: ApiToken) -> None:
    revoked = stored(3, "token_revoked", "owtok_1")
    another = stored(2, "token_revoked", "owtok_2")
    script = Script(Coming([another, revoked, stored(4)]), has_tokens=[token])
    assert len(await parts(streams(script), "token:owtok_1")) == 3


async def test_a_stream_is_not_begun_for_a_token_that_is_gone_by_then() -> None:
    with pytest.raises(Problem) as refused:
        await parts(streams(Script()), "token:owtok_1")
    assert refused.value.code is Code.BAD_CREDENTIALS


@pytest.mark.parametrize(("now_ms", "count"), [(4000, 2), (5000, 1)], ids=["still valid", "expired"])
async def test_a_stream_ends_when_its_token_expires(token: ApiToken, now_ms: int, count: int) -> None:
    script = Script(Coming([stored(2), FellBehind("passed")]), has_tokens=[token])
    assert len(await parts(streams(script, now_ms=now_ms), "token:owtok_1")) == count


async def test_the_expiry_is_waited_for_where_nothing_comes(token: ApiToken) -> None:
    times = iter([4950, 4950, 4950, 5000, 5000])
    opened = EventStreams(
        cast("Store", Script(has_tokens=[token])), event_renderer(URL), lambda: next(times, 5000), 30.0
    )
    assert len(await parts(opened, "token:owtok_1")) == 1


async def test_a_heartbeat_looks_at_who_reads_and_forgives_a_store_that_is_away() -> None:
    looks: list[bool | None] = [True, None, None, False]

    async def stands() -> bool:
        look = looks.pop(0)
        if look is None:
            raise StoreUnavailable
        return look

    stream = await streams(Script(), heartbeat_s=0.01).stream(Call(actor="edgusr_1", stands=stands))
    async with asyncio.timeout(GUARD_S):
        begin, *rest = [part async for part in stream.parts]
    assert (begin, rest) == (b"retry: 1000\nid: evt_1_0\n\n", [b": heartbeat\n\n"] * 3)
    assert looks == []


async def test_a_stream_is_not_begun_for_a_session_that_is_over_by_then() -> None:
    async def stands() -> bool:
        return False

    stream = await streams(Script()).stream(Call(actor="edgusr_1", stands=stands))
    with pytest.raises(Problem) as refused:
        await anext(stream.parts)
    assert refused.value.code is Code.SESSION_OVER


async def test_all_streams_end_together_and_no_other_begins() -> None:
    opened = streams(Script())
    stream = await opened.stream(Call(actor="bootstrap"))
    await anext(stream.parts)
    rest = asyncio.ensure_future(anext(stream.parts, None))
    await asyncio.sleep(0)
    assert not rest.done()
    opened.end()
    async with asyncio.timeout(GUARD_S):
        assert await rest is None
        assert len(await parts(opened)) == 1


async def test_a_stream_that_is_given_up_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_api.event_stream.MOST_STREAMS", 1)
    opened = streams(Script())
    held = await opened.stream(Call(actor="bootstrap"))
    await anext(held.parts)
    with pytest.raises(Problem) as refused:
        await parts(opened)
    assert refused.value.code is Code.TOO_MANY_STREAMS
    await held.parts.aclose()
    assert len(await parts(opened, count=1)) == 1


@pytest.fixture
def listed() -> Script:
    """A store whose pages of events are mostly empty."""
    empty = [EventPage([], "evt_9_0"), EventPage([], "evt_8_0")]
    return Script(pages=[*empty, EventPage([stored(7)], "evt_7_0")])


async def test_the_list_looks_on_where_a_page_is_empty(listed: Script) -> None:
    answer = await Events(cast("Store", listed), Shapes(URL)).list(Call(query={"type": "login"}))
    assert listed.asked == [None, "evt_9_0", "evt_8_0"]
    page = json.loads(cast("bytes", answer.body))
    assert [event["id"] for event in page["events"]] == ["evt_7_0"]
    assert page["next_page_uri"] == f"{URL}/events?type=login&before_id=evt_7_0"


async def test_the_list_says_where_to_go_on_where_it_has_looked_for_too_long(
    listed: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_LOOK_FOR_S", 0.0)
    answer = await Events(cast("Store", listed), Shapes(URL)).list(Call())
    page = json.loads(cast("bytes", answer.body))
    assert (page["events"], page["next_page_uri"]) == ([], f"{URL}/events?before_id=evt_9_0")
