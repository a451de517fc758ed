"""Lines written by a thread: in order, never waited for, dropped and counted where nobody takes them."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from outerward.log_writer import LogWriter

MOST = 100_000


class Told:
    """Keeps the numbers of dropped lines that were told."""

    def __init__(self) -> None:
        self.lost: list[int] = []
        self.event = threading.Event()

    def __call__(self, lines: int) -> None:
        self.lost.append(lines)
        self.event.set()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def read_lines(descriptor: int, number: int) -> list[bytes]:
    text = b""
    while text.count(b"\n") < number:
        text += os.read(descriptor, 65536)
    return text.splitlines()


def test_lines_go_out_in_order_and_what_is_no_unicode_is_escaped(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = LogWriter(writer, Told())
    for line in ("one\n", "zwei ä\n", "\ud800\n"):
        log.write(line)
    assert read_lines(reader, 3) == [b"one", "zwei ä".encode(), b"\\ud800"]
    log.drain(60)
    os.close(writer)


def test_m26_nobody_waits_for_a_reader_who_does_not_read_and_the_loss_is_told(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    told = Told()
    log = LogWriter(writer, told, most_bytes=MOST)
    line = "x" * 999 + "\n"
    for _ in range(1000):
        log.write(line)
    lines = 0
    while not told.event.is_set():
        lines += os.read(reader, 65536).count(b"\n")
    while lines + sum(told.lost) < 1000:
        lines += os.read(reader, 65536).count(b"\n")
    assert lines + sum(told.lost) == 1000
    # What may wait, and what a pipe and its reader hold.
    assert MOST // 1000 <= lines < 900
    log.drain(60)
    os.close(writer)


def test_m26_a_full_disk_costs_lines_and_nothing_else() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    told = Told()
    log = LogWriter(full, told)
    log.write("lost\n")
    log.drain(60)
    reader, writer = os.pipe()
    os.dup2(writer, full)
    log.write("kept\n")
    assert read_lines(reader, 1) == [b"kept"]
    assert told.event.wait(60)
    assert told.lost == [1]
    log.drain(60)
    for each in (reader, writer, full):
        os.close(each)


def test_m26_a_line_that_was_cut_short_does_not_run_into_the_next(
    monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, int]
) -> None:
    reader, writer = pipe
    told = Told()
    real = os.write
    calls = 0

    def write(descriptor: int, text: memoryview) -> int:
        """Take four bytes, then fail once, then take everything."""
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError
        return real(descriptor, text[:4] if calls == 1 else text)

    monkeypatch.setattr("outerward.log_writer.os.write", write)
    log = LogWriter(writer, told)
    log.write("first\n")
    log.drain(60)
    log.write("second\n")
    assert read_lines(reader, 2) == [b"firs", b"second"]
    assert told.event.wait(60)
    assert told.lost == [1]
    log.drain(60)
    os.close(writer)


def test_the_last_words_are_waited_for_and_not_for_ever(pipe: tuple[int, int]) -> None:
    _, writer = pipe
    log = LogWriter(writer, Told())
    log.write("x" * 1_000_000 + "\n")
    log.drain(0.05)


def test_lines_of_requests_leave_room_to_what_is_rarer(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    told = Told()
    log = LogWriter(writer, told, most_bytes=MOST)
    log.write("x" * (MOST * 7 // 10) + "\n")  # more than a pipe holds: it stays in the midst of writing
    assert os.read(reader, 1) == b"x"
    requests = b"".join(b"%9d\n" % number for number in range(100))
    for _ in range(MOST // len(requests)):
        log.write_traffic(requests)
    dropped = log.dropped
    log.write("rare\n")
    assert log.dropped == dropped > 0
    assert dropped % 100 == 0
    text = b""
    while b"rare\n" not in text:
        text += os.read(reader, 65536)
    assert told.event.wait(60)
    assert sum(told.lost) == dropped
    log.drain(60)
    os.close(writer)


def test_processes_that_share_a_pipe_write_whole_lines(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    program = (
        "import sys; from outerward.log_writer import LogWriter\n"
        "log = LogWriter(1, lambda lines: None, most_bytes=1 << 26)\n"
        "for _ in range(100): log.write_traffic((sys.argv[1] * 998 + '\\n').encode() * 8)\n"
        "log.drain(60)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, name], stdout=writer) for name in "abc"]
    os.close(writer)
    text = b""
    while data := os.read(reader, 5000):
        text += data
    assert [each.wait(60) for each in writers] == [0, 0, 0]
    lines = text.splitlines()
    assert len(lines) == 3 * 100 * 8
    assert {line[:1] * 998 for line in lines} == set(lines)
