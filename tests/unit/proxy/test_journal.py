"""What has finished is told soon, in slices, once, and in order."""

import asyncio
import json

import structlog

from proxy.journal import MOST_AT_ONCE, MOST_WAITING, AccessLog, Journal
from proxy.metrics import Metrics, Sample
from tests.support.finished import finished


class Lines:
    """Takes lines; ``some`` is set with each call."""

    def __init__(self) -> None:
        self.slices: list[list[bytes]] = []
        self.some = asyncio.Event()

    def __call__(self, lines: bytes) -> None:
        self.slices.append(lines.splitlines())
        self.some.set()

    def ids(self) -> list[str]:
        return [json.loads(line)["request_id"] for lines in self.slices for line in lines]


def journal(lines: Lines, metrics: Metrics | None = None) -> Journal:
    made = Journal(metrics, AccessLog("json", lines, lambda: 1_764_072_000_000))
    made.start(lambda: [Sample("a_gauge", (), (1,))])
    return made


async def test_a_single_request_is_told_without_another() -> None:
    lines = Lines()
    journal(lines).note(finished())
    async with asyncio.timeout(60):
        await lines.some.wait()
    assert len(lines.ids()) == 1


async def test_many_are_told_in_order_in_slices_between_which_others_have_their_turn() -> None:
    lines = Lines()
    noted = journal(lines)
    ids = [f"{i:05d}" for i in range(3 * MOST_WAITING + 7)]
    for each in ids:
        noted.note(finished(request_id=each))
    told_between: list[int] = []
    async with asyncio.timeout(60):
        while len(lines.ids()) < len(ids):
            await asyncio.sleep(0)
            told_between.append(len(lines.ids()))
    assert lines.ids() == ids
    assert max(map(len, lines.slices)) <= MOST_AT_ONCE
    assert len(set(told_between)) >= 3


async def test_a_crowd_does_not_wait_for_the_clock() -> None:
    lines = Lines()
    noted = journal(lines)
    for _ in range(MOST_WAITING):
        noted.note(finished())
    for _ in range(2 + MOST_WAITING // MOST_AT_ONCE):
        await asyncio.sleep(0)
    assert len(lines.ids()) == MOST_WAITING


async def test_the_end_tells_what_is_left_and_nothing_twice() -> None:
    lines, metrics = Lines(), Metrics()
    noted = journal(lines, metrics)
    for i in range(MOST_AT_ONCE + 1):
        noted.note(finished(request_id=str(i)))
    noted.close()
    await asyncio.sleep(0)
    assert lines.ids() == [str(i) for i in range(MOST_AT_ONCE + 1)]
    requests = [each for each in noted.counted().added if each.name == "outerward_requests_total"]
    assert [each.values for each in requests] == [(MOST_AT_ONCE + 1,)]


async def test_what_is_counted_comes_with_the_gauges() -> None:
    noted = journal(Lines(), Metrics())
    assert noted.counted().gauges == (Sample("a_gauge", (), (1,)),)
    assert journal(Lines()).counted().gauges == ()


async def test_without_anybody_to_tell_nothing_is_wanted_or_kept() -> None:
    nobody = Journal()
    nobody.start(tuple)
    assert not nobody.wanted
    nobody.note_unread("id", "client", 400, 10)
    nobody.revoked(1.0)
    nobody.close()
    assert nobody.counted().added == ()


async def test_what_could_not_be_read_is_told_too() -> None:
    lines, metrics = Lines(), Metrics()
    noted = journal(lines, metrics)
    noted.note_unread("an-id", "192.0.2.1", 400, 10)
    noted.close()
    (line,) = lines.slices[0]
    told = json.loads(line)
    assert (told["request_id"], told["status"], told["bytes"], told["verdict"]) == (
        "an-id",
        400,
        10,
        "refused",
    )


async def test_a_fault_in_writing_is_logged_and_ends_nothing() -> None:
    calls: list[bytes] = []

    def write(lines: bytes) -> None:
        calls.append(lines)
        raise OSError

    noted = Journal(None, AccessLog("json", write, lambda: 0))
    noted.start(tuple)
    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            noted.note(finished())
            noted.close()
    assert len(calls) == 2
    assert [each["event"] for each in logged] == ["journal_failed", "journal_failed"]
