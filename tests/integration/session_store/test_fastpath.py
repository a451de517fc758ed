"""The check path over real sockets: one write a tick, deadlines, and answers that are never another's."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvloop

from session_store import Store, StoreUnavailable
from session_store import keys as store_keys
from tests.support.fake_store import FakeStore, bulk
from tests.support.scene import cookie, endpoint

APP = endpoint("app").id
TIMEOUT_S = 0.2


def key(name: str) -> bytes:
    return store_keys.application(cookie(name), APP)


@pytest.fixture
async def fake() -> AsyncIterator[FakeStore]:
    server = FakeStore()
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def checking(fake: FakeStore) -> AsyncIterator[Store]:
    store = Store.open(fake.url, secrets=["secret"], check_timeout_s=TIMEOUT_S, command_timeout_s=TIMEOUT_S)
    await store.start()
    await store.ping()
    fake.reads.clear()
    yield store
    await store.close()


async def until_it_answers(store: Store) -> None:
    """Wait out the reconnect."""
    async with asyncio.timeout(10):
        while True:
            try:
                await store.check(cookie("any"), APP)
            except StoreUnavailable:
                await asyncio.sleep(0.005)
            else:
                return


class Spy:
    """A transport that counts what is written to it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.writes = 0
        self._transport = transport
        self.abort = transport.abort

    def write(self, data: bytes) -> None:
        self.writes += 1
        self._transport.write(data)


async def checks_leave_in_one_write_a_tick(fake: FakeStore, store: Store) -> None:
    line = store._fastpath._line
    assert line is not None
    spy = Spy(line._transport)
    line._transport = spy  # type: ignore[assignment]
    fake.answer = lambda command: bulk(command[1])
    names = [f"browser {number}" for number in range(64)]
    for tick in (1, 2, 3):
        answers = await asyncio.gather(*(store.check(cookie(name), APP) for name in names))
        assert answers == [key(name) for name in names]
        assert spy.writes == tick


async def test_checks_of_one_tick_leave_in_one_write(fake: FakeStore, checking: Store) -> None:
    await checks_leave_in_one_write_a_tick(fake, checking)


def test_on_uvloop_too_checks_are_coalesced_and_a_lost_line_is_made_anew() -> None:
    async def scene() -> None:
        fake = FakeStore()
        await fake.start()
        store = Store.open(fake.url, secrets=["secret"])
        try:
            await store.start()
            await store.ping()
            await checks_leave_in_one_write_a_tick(fake, store)
            fake.cut()
            await until_it_answers(store)
            fake.push(bulk(b"unasked"))
            await until_it_answers(store)
            assert await store.check(cookie("laptop"), APP) == key("laptop")
        finally:
            await store.close()
            await fake.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scene())


async def test_an_answer_too_many_in_the_same_read_reaches_nobody(fake: FakeStore, checking: Store) -> None:
    fake.answer = lambda command: bulk(b"somebody else's") + bulk(b"mine")
    with pytest.raises(StoreUnavailable, match="more than was asked"):
        await checking.check(cookie("laptop"), APP)


@pytest.mark.parametrize(
    "surplus", [bulk(b"unasked"), b"$100\r\nunasked", b"+OK\r\n", b"-ERR\r\n", b":1\r\n"]
)
async def test_an_unasked_answer_is_never_the_next_checks(
    fake: FakeStore, checking: Store, surplus: bytes
) -> None:
    fake.answer = lambda command: bulk(command[1])
    assert await checking.check(cookie("laptop"), APP) == key("laptop")
    greetings = fake.greetings
    fake.push(surplus)
    await fake.until(lambda: fake.greetings > greetings)
    await until_it_answers(checking)
    assert await checking.check(cookie("phone"), APP) == key("phone")


async def test_after_an_answer_too_many_nothing_more_is_believed(fake: FakeStore, checking: Store) -> None:
    """Out of step from the first of three on: at the latest the surplus one breaks the line."""
    fake.answer = lambda command: None
    waiting = [checking.check(cookie(name), APP) for name in ("one", "two", "three")]
    await fake.until(lambda: len(fake.asked()) == 3)
    fake.push(bulk(b"stray") + bulk(key("one")) + bulk(key("two")) + bulk(key("three")))
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in found] == [StoreUnavailable] * 3


async def test_a_missing_answer_is_unavailable_and_a_late_one_is_not_given_to_another(
    fake: FakeStore, checking: Store
) -> None:
    fake.answer = lambda command: None
    with pytest.raises(StoreUnavailable, match="in time"):
        await checking.check(cookie("slow"), APP)
    fake.answer = lambda command: bulk(key("slow")) + bulk(command[1])
    assert await checking.check(cookie("next"), APP) == key("next")


async def test_a_silent_store_is_given_up_and_found_again(fake: FakeStore, checking: Store) -> None:
    fake.answer = lambda command: None
    greetings = fake.greetings
    with pytest.raises(StoreUnavailable):
        await checking.check(cookie("laptop"), APP)
    fake.answer = lambda command: bulk(command[1])
    await fake.until(lambda: fake.greetings > greetings)
    await until_it_answers(checking)
    assert await checking.check(cookie("phone"), APP) == key("phone")


async def test_a_slow_store_is_answered_within_the_deadline(fake: FakeStore, checking: Store) -> None:
    """M4: slower, and right."""
    loop = asyncio.get_running_loop()

    def late(command: list[bytes]) -> None:
        loop.call_later(TIMEOUT_S / 4, fake.push, bulk(command[1]))

    fake.answer = late
    assert await checking.check(cookie("laptop"), APP) == key("laptop")


async def test_each_tick_has_its_own_deadline(fake: FakeStore, checking: Store) -> None:
    """A check that came later is not failed with the one before it."""
    fake.answer = lambda command: None
    early = checking.check(cookie("early"), APP)
    await asyncio.sleep(TIMEOUT_S / 2)
    later = checking.check(cookie("later"), APP)
    with pytest.raises(StoreUnavailable, match="in time"):
        await early
    assert not later.done()
    fake.push(bulk(key("early")) + bulk(key("later")))
    assert await later == key("later")


@pytest.mark.parametrize(
    "nonsense",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\x15\x03", b":7\r\n", b"*1\r\n$1\r\nx\r\n", b"$-7\r\n"],
)
async def test_an_answer_that_is_no_value_is_unavailable(
    fake: FakeStore, checking: Store, nonsense: bytes
) -> None:
    fake.answer = lambda command: nonsense
    found = await asyncio.gather(
        checking.check(cookie("laptop"), APP), checking.check(cookie("phone"), APP), return_exceptions=True
    )
    assert [type(answer) for answer in found] == [StoreUnavailable] * 2


async def test_an_error_answer_is_unavailable_for_its_own_check_only(
    fake: FakeStore, checking: Store
) -> None:
    refused = b"-NOPERM this user may not read %b\r\n"
    fake.answer = lambda command: refused % command[1] if command[1] == key("laptop") else bulk(command[1])
    laptop, phone = checking.check(cookie("laptop"), APP), checking.check(cookie("phone"), APP)
    with pytest.raises(StoreUnavailable, match=r"^the store refused a check \(NOPERM\)$"):
        await laptop
    assert await phone == key("phone")


async def test_a_cut_line_fails_what_waits_and_is_made_anew(fake: FakeStore, checking: Store) -> None:
    fake.answer = lambda command: None
    waiting = checking.check(cookie("laptop"), APP)
    await fake.until(lambda: bool(fake.asked()))
    fake.cut()
    with pytest.raises(StoreUnavailable, match="closed the connection"):
        await waiting
    fake.answer = lambda command: bulk(command[1])
    await until_it_answers(checking)
    assert await checking.check(cookie("phone"), APP) == key("phone")


async def test_a_check_made_while_the_line_is_being_made_waits_for_it(fake: FakeStore) -> None:
    fake.answer = lambda command: bulk(command[1])
    store = Store.open(fake.url, secrets=["secret"], check_timeout_s=5)
    try:
        await store.start()
        assert await store.check(cookie("laptop"), APP) == key("laptop")
        line = store._fastpath._line
        assert line is not None
        fake.cut()
        await line.lost.wait()
        assert await store.check(cookie("phone"), APP) == key("phone")
    finally:
        await store.close()


async def test_without_a_store_checks_fail_at_once_and_succeed_when_it_comes(fake: FakeStore) -> None:
    """M1: no queue builds up behind a store that is away."""
    await fake.stop()
    store = Store.open(fake.url, secrets=["secret"], check_timeout_s=30)
    try:
        await store.start()
        with pytest.raises(StoreUnavailable):
            await store.check(cookie("laptop"), APP)
        assert store.check(cookie("laptop"), APP).done()
        await fake.start()
        await until_it_answers(store)
    finally:
        await store.close()


async def test_a_check_given_up_by_its_caller_leaves_the_others_in_step(
    fake: FakeStore, checking: Store
) -> None:
    fake.answer = lambda command: bulk(command[1])
    given_up, kept = checking.check(cookie("gone"), APP), checking.check(cookie("here"), APP)
    given_up.cancel()
    assert await kept == key("here")
    assert await checking.check(cookie("next"), APP) == key("next")


async def test_closing_fails_what_waits(fake: FakeStore, checking: Store) -> None:
    fake.answer = lambda command: None
    waiting = checking.check(cookie("laptop"), APP)
    await checking.close()
    with pytest.raises(StoreUnavailable):
        await waiting
    with pytest.raises(StoreUnavailable):
        await checking.check(cookie("laptop"), APP)


async def test_a_store_that_was_not_started_answers_no_check(fake: FakeStore) -> None:
    store = Store.open(fake.url, secrets=["secret"])
    try:
        with pytest.raises(StoreUnavailable):
            await store.check(cookie("laptop"), APP)
        await store.ping()
    finally:
        await store.close()


async def test_user_password_and_database_are_sent_before_anything_else(fake: FakeStore) -> None:
    url = fake.url.replace("unix://", "unix://worker:pass%20word@") + "?db=3"
    store = Store.open(url, secrets=["secret"])
    try:
        await store.start()
        await store.check(cookie("laptop"), APP)
        await store.ping()
    finally:
        await store.close()
    assert fake.signed_in[:2] == [[b"AUTH", b"worker", b"pass word"], [b"SELECT", b"3"]]
    assert {tuple(command) for command in fake.signed_in} == {
        (b"AUTH", b"worker", b"pass word"),
        (b"SELECT", b"3"),
    }
