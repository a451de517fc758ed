"""When a provider has to be asked again, and that a worker asks for no session twice at once."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest
import structlog

from proxy.refresher import AGAIN_S, Due, Refresher, due
from proxy.routes import Route, Site
from session_store import (
    ApplicationSession,
    BrowserSession,
    CookieHash,
    RefreshTurn,
    SessionId,
    Store,
    StoreUnavailable,
    UserId,
    user_tag,
)
from tests.support.edge import HOST, ISSUER, ada, route
from tests.support.upstreams import Echo

NOW = 10_000_000
EVERY = {"corp": 60}
HASH = CookieHash(b"h" * 32)


def asked_every(after_s: Mapping[str, int] = EVERY) -> Route:
    return route(Echo().address, refresh_after_s=after_s)


def application(**changes: Any) -> ApplicationSession:
    values: dict[str, Any] = {
        "id": SessionId("edgses_1"),
        "cookie_hash": HASH,
        "endpoint": asked_every().endpoint,
        "user_id": UserId("edgusr_1"),
        "user_tag": user_tag(ISSUER, "ada"),
        "principal": ada(),
        "created_at": NOW,
        "expires_at": NOW + 3_600_000,
        "idle_timeout_s": 0,
    }
    return ApplicationSession(**(values | changes))


def browser(**changes: Any) -> BrowserSession:
    values: dict[str, Any] = {
        "cookie_hash": HASH,
        "user_id": UserId("edgusr_1"),
        "user_tag": user_tag(ISSUER, "ada"),
        "generation": 0,
        "scope": HOST,
        "principal": ada(),
        "issued_at": NOW,
        "expires_at": NOW + 3_600_000,
    }
    return BrowserSession(**(values | changes))


class SomeStore:
    """Answers a refresher's questions as it is told; ``asked`` counts the turns."""

    def __init__(self) -> None:
        self.turn: RefreshTurn | StoreUnavailable | RuntimeError = "put_off"
        self.browser: BrowserSession | None = None
        self.asked = 0
        self.answering = asyncio.Event()
        self.answering.set()

    async def begin_refresh(self, cookie_hash: CookieHash, holder: str, ttl_ms: int) -> RefreshTurn:
        self.asked += 1
        await self.answering.wait()
        if isinstance(self.turn, Exception):
            raise self.turn
        return self.turn

    async def browser_session(self, cookie_hash: CookieHash) -> BrowserSession | None:
        return self.browser

    async def catch_up(self, session: ApplicationSession) -> None:
        pass

    async def put_off_refresh(self, cookie_hash: CookieHash, holder: str, again_in_ms: int) -> None:
        pass


def refresher_of(store: SomeStore, clock: list[int], after_s: Mapping[str, int] = EVERY) -> Refresher:
    site = Site.of([asked_every(after_s)])
    return Refresher(site, cast("Store", store), {}, lambda: clock[0], lambda: "holder")


AGES = {
    "new": (0, Due.NOT),
    "below three quarters": (44_999, Due.NOT),
    "three quarters": (45_000, Due.SOON),
    "almost the interval": (59_999, Due.SOON),
    "the interval": (60_000, Due.NOW),
    "long ago": (3_000_000, Due.NOW),
    "from the future, by another clock": (-5000, Due.NOT),
}


@pytest.mark.parametrize("age", AGES)
def test_what_was_said_holds_for_the_interval_and_is_asked_for_from_three_quarters_on(age: str) -> None:
    passed, verdict = AGES[age]
    assert due(application(), EVERY, NOW + passed) is verdict
    assert due(browser(), EVERY, NOW + passed) is verdict
    assert due(application(created_at=1, refreshed_at=NOW), EVERY, NOW + passed) is verdict
    assert due(browser(issued_at=1, refreshed_at=NOW), EVERY, NOW + passed) is verdict


def test_a_provider_without_an_interval_is_never_asked() -> None:
    for after_s in ({}, {"okta": 60}, {"corp": 0}):
        assert due(application(), after_s, NOW + 10**9) is Due.NOT


async def test_a_worker_is_at_a_session_once_however_many_requests_wait() -> None:
    store, clock = SomeStore(), [NOW + 61_000]
    store.answering.clear()
    refresher = refresher_of(store, clock)
    tasks = {refresher.begin(application()) for _ in range(10)}
    await asyncio.sleep(0)
    store.answering.set()
    await refresher.wait(application())

    assert (len(tasks), store.asked) == (1, 1)


async def test_after_asking_in_vain_the_session_is_left_alone_for_half_a_minute() -> None:
    store, clock = SomeStore(), [NOW + 61_000]
    refresher = refresher_of(store, clock)
    assert refresher.due(application(), asked_every()) is Due.NOW
    await refresher.wait(application())
    assert refresher.due(application(), asked_every()) is Due.NOT
    assert refresher.due(application(id=SessionId("edgses_2")), asked_every()) is Due.NOW
    clock[0] += AGAIN_S * 1000
    assert refresher.due(application(), asked_every()) is Due.NOW


async def test_a_fault_of_ours_is_no_verdict_and_leaves_the_session_alone_too() -> None:
    store, clock = SomeStore(), [NOW + 61_000]
    store.turn = RuntimeError("a fault")
    refresher = refresher_of(store, clock)
    await refresher.wait(application())
    assert refresher.due(application(), asked_every()) is Due.NOT


async def test_without_the_store_nothing_was_learned_and_the_next_request_asks_again() -> None:
    store, clock = SomeStore(), [NOW + 61_000]
    store.turn = StoreUnavailable("away")
    refresher = refresher_of(store, clock)
    with pytest.raises(StoreUnavailable):
        await refresher.wait(application())
    assert refresher.due(application(), asked_every()) is Due.NOW


async def test_a_record_that_was_left_behind_is_left_alone_until_its_login_is_due() -> None:
    store, clock = SomeStore(), [NOW + 100_000]
    store.turn, store.browser = "yours", browser(refreshed_at=NOW + 60_000)
    refresher = refresher_of(store, clock)
    await refresher.wait(application())
    clock[0] = NOW + 104_900
    assert refresher.due(application(), asked_every()) is Due.NOT
    clock[0] = NOW + 105_000
    assert refresher.due(application(), asked_every()) is Due.NOW


async def test_a_store_that_fails_is_told_of_once_a_second_however_many_streams_ask() -> None:
    store, clock = SomeStore(), [NOW + 61_000]
    store.turn = StoreUnavailable("away")
    refresher = refresher_of(store, clock)
    with structlog.testing.capture_logs() as logged:
        for _ in range(10):
            await asyncio.wait([refresher.begin(application())])
        assert len(logged) == 1
        clock[0] += 1000
        await asyncio.wait([refresher.begin(application())])
    assert [entry["event"] for entry in logged] == ["refresh_failed"] * 2


async def test_what_is_remembered_of_sessions_left_alone_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.refresher._MOST_KNOWN", 10)
    refresher = refresher_of(SomeStore(), [NOW + 61_000])
    for number in range(100):
        await refresher.wait(application(id=SessionId(f"edgses_{number}")))
    assert len(refresher._left_until) <= 10


LOGIN_AGES: dict[str, tuple[int, Mapping[str, int], Due]] = {
    "an old login": (NOW, EVERY, Due.NOW),
    "one that was refreshed": (NOW + 30_000, EVERY, Due.NOT),
    "one that is due soon": (NOW + 10_000, EVERY, Due.SOON),
    "one that nobody asks about": (NOW, {}, Due.NOT),
}


@pytest.mark.parametrize("login", LOGIN_AGES)
async def test_a_first_visit_goes_by_the_age_of_the_login_and_not_by_its_own(login: str) -> None:
    refreshed_at, after_s, verdict = LOGIN_AGES[login]
    refresher = refresher_of(SomeStore(), [NOW + 61_000], after_s)
    begun = application(created_at=NOW + 61_000, refreshed_at=refreshed_at)
    assert refresher.due(begun, asked_every(after_s)) is verdict


async def test_closing_ends_what_never_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.refresher.WAIT_S", 0.01)
    store = SomeStore()
    store.answering.clear()
    refresher = refresher_of(store, [NOW + 61_000])
    task = refresher.begin(application())
    await refresher.close()
    assert task.cancelled()
