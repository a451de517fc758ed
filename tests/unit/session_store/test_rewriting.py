"""When the embedded server's file is rewritten: the decision, and what it is made from."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from session_store.commands import Reply
from session_store.errors import StoreUnavailable
from session_store.rewriting import Look, Past, RewriteLimits, Step, decide, read_look, rewrite_when_due
from session_store.server_program import configuration

MIB = 1024 * 1024
LIMITS = RewriteLimits()
NOW_S = 5000.0
DOUBLED = Look(size=400 * MIB, base=200 * MIB, commands_per_s=0, rewriting=False, failed=False)
QUIET = Past(quiet=True)
INFO = (
    b"# Persistence\r\nloading:0\r\naof_enabled:1\r\naof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\n"
    b"aof_last_bgrewrite_status:ok\r\naof_current_size:153945\r\naof_base_size:88\r\n\r\n"
    b"# Stats\r\ntotal_commands_processed:5006\r\ninstantaneous_ops_per_sec:17\r\n"
)
AT_ONCE = RewriteLimits(smallest=1, smallest_base=1, every_s=0)


def step(look: Look, past: Past = QUIET, now_s: float = NOW_S) -> Step:
    return decide(look, past, LIMITS, now_s)[0]


def sized(size_mib: float, base_mib: float, commands_per_s: int) -> Look:
    return replace(DOUBLED, size=int(size_mib * MIB), base=int(base_mib * MIB), commands_per_s=commands_per_s)


@pytest.mark.parametrize(
    ("size_mib", "base_mib", "commands_per_s", "past", "expected"),
    [
        pytest.param(400, 200, 0, QUIET, Step.REWRITE, id="doubled-quiet"),
        pytest.param(400, 200, 999, QUIET, Step.REWRITE, id="doubled-just-quiet"),
        pytest.param(400, 200, 1000, QUIET, Step.WAIT, id="doubled-busy"),
        pytest.param(400, 200, 0, Past(), Step.WAIT, id="doubled-quiet-at-one-look"),
        pytest.param(399.9, 200, 0, QUIET, Step.WAIT, id="not-doubled"),
        pytest.param(800, 200, 50_000, Past(), Step.REWRITE, id="fourfold-busy"),
        pytest.param(799.9, 200, 50_000, Past(), Step.WAIT, id="not-fourfold-busy"),
        pytest.param(64, 0, 0, QUIET, Step.REWRITE, id="first-file-quiet"),
        pytest.param(63.9, 0, 0, QUIET, Step.WAIT, id="first-file-small"),
        pytest.param(127.9, 0, 50_000, Past(), Step.WAIT, id="first-file-busy"),
        pytest.param(128, 0, 50_000, Past(), Step.REWRITE, id="first-file-fourfold-busy"),
        pytest.param(63.9, 1, 0, QUIET, Step.WAIT, id="small-whatever-its-base"),
    ],
)
def test_a_file_is_rewritten_when_it_has_grown_and_nobody_waits(
    size_mib: float, base_mib: float, commands_per_s: int, past: Past, expected: Step
) -> None:
    assert step(sized(size_mib, base_mib, commands_per_s), past) is expected


def test_a_file_below_the_smallest_is_left_alone_even_where_it_is_overdue() -> None:
    limits = replace(LIMITS, smallest_base=1)
    assert decide(sized(63.9, 1, 0), QUIET, limits, NOW_S)[0] is Step.WAIT


def test_a_busy_look_between_two_quiet_ones_begins_the_count_anew() -> None:
    past = QUIET
    steps = []
    for commands_per_s in (5000, 0, 0):
        next_step, past = decide(replace(DOUBLED, commands_per_s=commands_per_s), past, LIMITS, NOW_S)
        steps.append(next_step)
    assert steps == [Step.WAIT, Step.WAIT, Step.REWRITE]


def test_nothing_is_begun_while_one_is_in_progress() -> None:
    assert step(replace(DOUBLED, size=9000 * MIB, rewriting=True)) is Step.WAIT


def test_a_busy_look_while_one_is_in_progress_is_not_a_quiet_one() -> None:
    _, past = decide(replace(DOUBLED, rewriting=True, commands_per_s=5000), QUIET, LIMITS, NOW_S)
    assert step(DOUBLED, past) is Step.WAIT


def test_a_failure_is_told_once_and_nothing_is_begun_for_a_minute() -> None:
    failed = replace(DOUBLED, size=9000 * MIB, failed=True)
    told, past = decide(failed, replace(QUIET, awaited=True), LIMITS, NOW_S)
    later = [decide(failed, past, LIMITS, NOW_S + seconds) for seconds in (2, 59.9, 60)]
    assert told is Step.TELL_FAILURE
    assert [each for each, _ in later] == [Step.WAIT, Step.WAIT, Step.REWRITE]


@pytest.mark.parametrize("looks", [1, 2], ids=["over-at-the-next-look", "seen-while-it-ran"])
def test_the_next_failure_is_told_again(looks: int) -> None:
    failed = replace(DOUBLED, failed=True)
    begun, past = decide(failed, Past(quiet=True, failed=True), LIMITS, NOW_S)
    for _ in range(looks - 1):
        _, past = decide(replace(failed, rewriting=True), past, LIMITS, NOW_S)
    assert (begun, decide(failed, past, LIMITS, NOW_S)[0]) == (Step.REWRITE, Step.TELL_FAILURE)


def test_a_failure_that_nobody_here_asked_for_is_told_too() -> None:
    assert step(replace(DOUBLED, failed=True)) is Step.TELL_FAILURE


def test_a_look_is_what_the_server_tells() -> None:
    assert read_look(INFO) == Look(153945, 88, 17, rewriting=False, failed=False)


@pytest.mark.parametrize(
    "field", [b"aof_rewrite_in_progress", b"aof_rewrite_scheduled"], ids=["in-progress", "scheduled"]
)
def test_one_that_is_under_way_or_about_to_be_counts_as_in_progress(field: bytes) -> None:
    look = read_look(INFO.replace(field + b":0", field + b":1"))
    assert look is not None
    assert look.rewriting


def test_a_failed_one_is_read_as_such() -> None:
    look = read_look(INFO.replace(b"status:ok", b"status:err"))
    assert look is not None
    assert look.failed


@pytest.mark.parametrize(
    "said",
    [b"", None, 5, INFO.replace(b"aof_current_size", b"x"), INFO.replace(b"size:88", b"size:y")],
    ids=["empty", "null", "number", "no-size", "no-number"],
)
def test_a_server_that_tells_of_no_file_gives_no_look(said: Reply) -> None:
    assert read_look(said) is None


@given(st.binary(max_size=60), st.integers(min_value=0, max_value=len(INFO)))
def test_any_answer_is_read_without_an_error(said: bytes, place: int) -> None:
    look = read_look(INFO[:place] + said + INFO[place:])
    assert look is None or isinstance(look, Look)


def test_the_server_is_told_to_leave_its_file_alone() -> None:
    configured = configuration(Path("/run/s"), Path("/data"), load_truncated=False)
    assert b"\nauto-aof-rewrite-percentage 0\n" in configured


class Played:
    """A store that gives one answer after the other, for ever the last; it notes what it was asked."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.asked: list[str] = []
        self.rewrite_wanted = asyncio.Event()
        self.exhausted = asyncio.Event()
        self._answers = list(answers)

    async def ask(self, *command: str) -> Reply:
        """The next answer to INFO; BGREWRITEAOF is refused."""
        self.asked.append(command[0])
        if command[0] == "BGREWRITEAOF":
            self.rewrite_wanted.set()
            raise StoreUnavailable("refused")
        if len(self._answers) == 1:
            self.exhausted.set()
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def watched(store: Played, until: asyncio.Event, limits: RewriteLimits = AT_ONCE) -> None:
    """Look after ``store`` until the event comes."""
    watch = asyncio.create_task(rewrite_when_due(store.ask, limits, structlog.get_logger()))
    try:
        await until.wait()
    finally:
        watch.cancel()
        await asyncio.wait([watch])


BUSY = INFO.replace(b"per_sec:17", b"per_sec:5000").replace(b"size:153945", b"size:200")


@pytest.mark.parametrize(
    "between", [StoreUnavailable("gone"), b"nothing known"], ids=["silent", "unreadable"]
)
async def test_a_look_without_an_answer_is_not_a_quiet_one(between: Reply | Exception) -> None:
    quiet = INFO.replace(b"size:153945", b"size:200")
    store = Played(quiet, between, quiet, between, quiet, between, BUSY)
    with structlog.testing.capture_logs() as logs:
        await watched(store, store.exhausted)
    assert set(store.asked) == {"INFO"}
    assert not logs


async def test_the_watch_outlives_what_goes_wrong_in_a_look_and_tells_it() -> None:
    store = Played(RuntimeError("the handler is closed"), INFO)
    with structlog.testing.capture_logs() as logs:
        await watched(store, store.rewrite_wanted)
    assert [entry["event"] for entry in logs] == ["store.look_failed"]


async def test_a_failure_is_logged_once_with_the_size_and_when_it_is_tried_again() -> None:
    failed = INFO.replace(b"status:ok", b"status:err")
    store = Played(INFO, *[failed] * 5)
    with structlog.testing.capture_logs() as logs:
        await watched(store, store.exhausted)
    assert store.asked.count("BGREWRITEAOF") == 1
    assert [entry for entry in logs if entry["event"] == "store.rewrite_failed"] == [
        {"event": "store.rewrite_failed", "log_level": "warning", "size": 153945, "again_in_s": 60.0}
    ]


async def test_one_that_the_server_refuses_to_begin_is_a_failure_like_any_other() -> None:
    failed = INFO.replace(b"status:ok", b"status:err")
    store = Played(*[failed] * 6)
    with structlog.testing.capture_logs() as logs:
        await watched(store, store.exhausted, replace(AT_ONCE, rest_s=0))
    assert store.asked[:6] == ["INFO", "INFO", "BGREWRITEAOF", "INFO", "INFO", "BGREWRITEAOF"]
    assert {entry["event"] for entry in logs} == {"store.rewrite_failed"}
