"""Streams: what is not known is asked for soon, and an answer that comes too late cuts nothing."""

from typing import Any, cast

import msgspec
import pytest

from proxy import Site
from proxy.recorder import Recorder
from proxy.refresher import Refresher
from proxy.streams import ASK_AFTER_S, UNKNOWN_FOR_S, Streams
from session_store import ApplicationSession, CookieHash, Ended, SessionId, Store, StoreUnavailable, UserId
from session_store import user_tag as tag_of
from session_store.records import encode
from tests.support.edge import ISSUER, ada, plain_gate, route
from tests.support.upstreams import Echo

ROUTE = route(Echo().address)
SESSION = ApplicationSession(
    id=SessionId("edgses_1"),
    cookie_hash=CookieHash(b"\x01" * 32),
    endpoint=ROUTE.endpoint,
    user_id=UserId("edgusr_1"),
    user_tag=tag_of(ISSUER, "ada"),
    principal=ada(),
    created_at=0,
    expires_at=10**14,
    idle_timeout_s=0,
)
LIVE = encode(SESSION)


class Hearing:
    """As ``Ends``: what is heard, in the time of the test."""

    def __init__(self) -> None:
        self.since: float | None = 0.0
        self.until = 0.0


class Asked:
    """A store of which only ``ask`` exists: notes who asks."""

    def __init__(self) -> None:
        self.askers: list[Any] = []

    def ask(self, cookie_hash: object, endpoint_id: object, asker: object) -> None:
        self.askers.append(asker)


class Open:
    """A stream that counts how often it is cut."""

    def __init__(self) -> None:
        self.cuts = 0

    def cut(self) -> None:
        self.cuts += 1


class Scene:
    """Streams in a time that the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 100.0
        self.store = Asked()
        self.hearing = Hearing()
        recorder = cast("Recorder", None)
        self.told: list[float] = []
        store = cast("Store", self.store)
        refresher = Refresher(Site(), store, {}, lambda: 1500, str)
        self.streams = Streams(store, plain_gate(), recorder, refresher, lambda: 1500, self.told.append)
        monkeypatch.setattr(self.streams, "now", lambda: self.at)
        monkeypatch.setattr(self.streams, "_ends", self.hearing)
        self.stream = Open()
        self.opened = self.streams.add(self.stream, SESSION, ROUTE)

    def go_on(self, seconds: float, *, heard: bool = True) -> None:
        """Let time pass in ticks; ``heard``: the subscription answers all the while."""
        for _ in range(int(seconds / 0.25)):
            self.at += 0.25
            if heard:
                self.hearing.until = self.at
            self.streams.tick()


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


async def test_a_stream_is_asked_for_once_and_then_known_by_what_is_heard(scene: Scene) -> None:
    (first,) = scene.store.askers
    first.answered(LIVE)
    scene.go_on(20)

    assert len(scene.store.askers) == 1
    assert scene.stream.cuts == 0


async def test_until_its_first_answer_it_is_asked_for_each_second_whatever_is_heard(scene: Scene) -> None:
    scene.store.askers[0].unanswered(StoreUnavailable("late"))
    scene.go_on(ASK_AFTER_S)
    assert len(scene.store.askers) == 2

    scene.store.askers[1].answered(LIVE)
    scene.go_on(20)
    assert (len(scene.store.askers), scene.stream.cuts) == (2, 0)


async def test_what_was_never_answered_is_cut_in_time(scene: Scene) -> None:
    scene.go_on(UNKNOWN_FOR_S)
    assert scene.stream.cuts == 0
    scene.go_on(0.5)
    assert scene.stream.cuts == 1


async def test_what_is_heard_of_no_more_is_asked_for_and_cut_in_time(scene: Scene) -> None:
    scene.store.askers[0].answered(LIVE)
    scene.hearing.since = None
    scene.go_on(UNKNOWN_FOR_S, heard=False)
    assert scene.stream.cuts == 0
    assert len(scene.store.askers) >= 4
    scene.go_on(0.5, heard=False)
    assert scene.stream.cuts == 1


async def test_another_session_in_its_place_is_none_of_its(scene: Scene) -> None:
    scene.store.askers[0].answered(encode(msgspec.structs.replace(SESSION, id=SessionId("edgses_2"))))
    assert scene.stream.cuts == 1


async def test_an_answer_for_what_is_closed_cuts_nothing(scene: Scene) -> None:
    scene.streams.remove(scene.opened)
    scene.store.askers[0].answered(None)

    assert (scene.stream.cuts, scene.streams.count) == (0, 0)


@pytest.mark.parametrize(("endpoint", "cuts"), [(None, 1), (ROUTE.endpoint.id, 1), ("another", 0)])
async def test_an_end_that_is_heard_cuts_what_it_ends(scene: Scene, endpoint: Any, cuts: int) -> None:
    scene.streams._ended(Ended(SESSION.cookie_hash, endpoint, 1))
    scene.streams._ended(Ended(CookieHash(b"\x02" * 32), None, 1))

    assert scene.stream.cuts == cuts
    assert scene.told == [1.499] * cuts


async def test_one_that_cannot_be_cut_keeps_no_other_open(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise RuntimeError("broken")

    other = Open()
    scene.streams.add(other, SESSION, ROUTE)
    monkeypatch.setattr(scene.stream, "cut", fails)
    scene.streams._ended(Ended(SESSION.cookie_hash, None, 1))

    assert (other.cuts, scene.streams.count) == (1, 0)
