"""The recorder: activity is summed up by session, written once, and kept when the store does not take it."""

from collections.abc import Sequence
from typing import cast

import pytest

from proxy.recorder import Recorder
from session_store import (
    ApplicationSession,
    Context,
    CookieHash,
    SessionId,
    Store,
    StoreUnavailable,
    Touch,
    UserAgent,
    UserId,
)
from session_store import user_tag as tag_of
from tests.support.edge import ISSUER, ada, route
from tests.support.upstreams import Echo

ENDPOINT = route(Echo().address).endpoint


class Notebook:
    """A store of which only ``touch`` exists; ``away`` makes it refuse."""

    def __init__(self) -> None:
        self.written: list[list[Touch]] = []
        self.away = 0

    async def touch(self, touches: Sequence[Touch]) -> None:
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        self.written.append(list(touches))


class Clock:
    def __init__(self) -> None:
        self.now_ms = 1000

    def __call__(self) -> int:
        self.now_ms += 1
        return self.now_ms


def session(number: int = 0) -> ApplicationSession:
    return ApplicationSession(
        id=SessionId(f"edgses_{number}"),
        cookie_hash=CookieHash(number.to_bytes(32)),
        endpoint=ENDPOINT,
        user_id=UserId("edgusr_1"),
        user_tag=tag_of(ISSUER, "ada"),
        principal=ada(),
        created_at=0,
        expires_at=10_000,
        idle_timeout_s=60,
    )


def at(address: str, agent: bytes = b"") -> Context:
    return Context(ip_address=address, user_agent=UserAgent(raw=agent.decode()))


clock = Clock()


def note(recorder: Recorder, session: ApplicationSession, context: Context | None) -> None:
    """One request, from where ``context`` says; None is one that nobody asked to see."""
    agent = context.user_agent.raw.encode() if context else b"prefetcher"
    address = context.ip_address if context else "203.0.113.1"
    recorder.note(session, clock(), address, agent, speculative=context is None)


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def recorder(notebook: Notebook) -> Recorder:
    clock.now_ms = 1000
    return Recorder(cast("Store", notebook), at)


async def test_many_requests_of_a_session_are_one_touch_with_the_last_context(
    recorder: Recorder, notebook: Notebook
) -> None:
    for number in range(5):
        note(recorder, session(), at(f"192.0.2.{number}"))
    await recorder.flush()

    assert notebook.written == [
        [
            Touch(
                session=session(),
                at_ms=1005,
                requests=5,
                context=at("192.0.2.4"),
                context_at_ms=1005,
            )
        ]
    ]


async def test_activity_without_a_context_counts_and_keeps_the_last_context(
    recorder: Recorder, notebook: Notebook
) -> None:
    note(recorder, session(), at("192.0.2.1"))
    note(recorder, session(), None)
    note(recorder, session(1), None)
    await recorder.flush()

    with_context, without = notebook.written[0]
    assert (with_context.requests, with_context.at_ms) == (2, 1002)
    assert (with_context.context, with_context.context_at_ms) == (at("192.0.2.1"), 1001)
    assert (without.requests, without.context) == (1, None)


async def test_a_context_that_the_store_did_not_take_outlives_activity_without_one(
    recorder: Recorder, notebook: Notebook
) -> None:
    notebook.away = 1
    note(recorder, session(), at("192.0.2.1"))
    await recorder.flush()
    note(recorder, session(), None)
    await recorder.flush()

    ((touch,),) = notebook.written
    assert (touch.requests, touch.context, touch.context_at_ms) == (2, at("192.0.2.1"), 1001)


async def test_nothing_noted_is_nothing_written(recorder: Recorder, notebook: Notebook) -> None:
    await recorder.flush()

    assert notebook.written == []


async def test_what_was_written_is_not_written_again(recorder: Recorder, notebook: Notebook) -> None:
    note(recorder, session(), at("192.0.2.1"))
    await recorder.flush()
    await recorder.flush()

    assert len(notebook.written) == 1


async def test_what_the_store_did_not_take_is_added_to_what_came_since(
    recorder: Recorder, notebook: Notebook
) -> None:
    notebook.away = 1
    for number in (1, 2):
        note(recorder, session(number), at("192.0.2.1"))
    await recorder.flush()
    note(recorder, session(1), at("192.0.2.9"))
    await recorder.flush()

    (touches,) = notebook.written
    told = {touch.session.cookie_hash: (touch.requests, touch.at_ms, touch.context) for touch in touches}
    assert told == {
        session(1).cookie_hash: (2, 1003, at("192.0.2.9")),
        session(2).cookie_hash: (1, 1002, at("192.0.2.1")),
    }


async def test_what_came_while_the_store_was_refusing_counts_too(
    recorder: Recorder, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy(Notebook):
        async def touch(self, touches: Sequence[Touch]) -> None:
            note(recorder, session(), at("192.0.2.9"))
            raise StoreUnavailable("away")

    note(recorder, session(), at("192.0.2.1"))
    note(recorder, session(), at("192.0.2.1"))
    with monkeypatch.context() as patched:
        patched.setattr(recorder, "_store", Busy())
        await recorder.flush()
    await recorder.flush()

    ((touch,),) = notebook.written
    assert (touch.requests, touch.context) == (3, at("192.0.2.9"))


async def test_the_batches_before_a_failure_are_written_once(
    recorder: Recorder, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.recorder._BATCH", 2)
    for number in range(5):
        note(recorder, session(number), at("192.0.2.1"))

    class Failing(Notebook):
        async def touch(self, touches: Sequence[Touch]) -> None:
            if len(notebook.written) == 1 and not self.away:
                self.away = 1
            await super().touch(touches)

    failing = Failing()
    failing.written = notebook.written
    monkeypatch.setattr(recorder, "_store", failing)
    await recorder.flush()
    monkeypatch.setattr(recorder, "_store", notebook)
    await recorder.flush()

    assert [len(batch) for batch in notebook.written] == [2, 2, 1]
    assert all(touch.requests == 1 for batch in notebook.written for touch in batch)


async def test_notes_are_bounded_when_the_store_stays_away(
    recorder: Recorder, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.recorder._MOST_NOTED", 3)
    for number in range(10):
        note(recorder, session(number), at("192.0.2.1"))
    note(recorder, session(0), at("192.0.2.1"))
    await recorder.flush()

    assert [touch.requests for touch in notebook.written[0]] == [2, 1, 1]


async def test_closing_writes_what_is_noted(recorder: Recorder, notebook: Notebook) -> None:
    recorder.start()
    note(recorder, session(), at("192.0.2.1"))
    await recorder.close()

    assert len(notebook.written) == 1
