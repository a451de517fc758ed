"""The walk over an append-only file: what counts as one command cut short, and what as damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store.append_only_file import End, Tail, examine

commands = st.lists(
    st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=5), min_size=1, max_size=6
)


def command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


SET = command(b"SET", b"key", b"value")


@given(commands)
def test_a_file_of_complete_commands_is_whole(words: list[list[bytes]]) -> None:
    data = b"".join(command(b"SET", *each) for each in words)
    assert examine(data) == Tail(End.WHOLE, len(data))


@given(st.integers(min_value=1, max_value=len(SET) - 1), st.integers(min_value=0, max_value=5))
def test_a_last_command_cut_anywhere_is_cut(kept: int, before: int) -> None:
    tail = examine(SET * before + SET[:kept])
    assert (tail.end, tail.whole) == (End.CUT, len(SET) * before)


@given(st.integers(min_value=1, max_value=3))
def test_a_transaction_is_dropped_whole(missing: int) -> None:
    transaction = [command(b"MULTI"), SET, SET, command(b"EXEC")]
    data = SET + b"".join(transaction[:-missing])
    assert examine(data) == Tail(End.CUT, len(SET))


def test_a_finished_transaction_counts_as_complete() -> None:
    data = command(b"multi") + SET + command(b"exec")
    assert examine(data) == Tail(End.WHOLE, len(data))


@pytest.mark.parametrize(
    "wrong",
    [
        SET.replace(b"$5", b"$999999"),
        SET.replace(b"$5", b"$4"),
        SET.replace(b"*3", b"*4"),
        SET.replace(b"*3", b"*0"),
        SET.replace(b"*3", b"x3"),
        SET.replace(b"$3", b"$-1"),
        SET.replace(b"$3", b"$999999999999"),
        b"\0" * len(SET),
    ],
)
def test_damage_before_other_commands_is_never_taken_for_a_cut(wrong: bytes) -> None:
    assert examine(SET + wrong + SET) == Tail(End.DAMAGED, len(SET))


@given(st.binary(max_size=200))
def test_any_bytes_are_judged_without_an_error(data: bytes) -> None:
    assert examine(data).whole <= len(data)


def test_a_cut_within_the_last_argument_tells_how_long_the_file_was() -> None:
    assert examine(SET + SET[:-3]).announced == len(SET) * 2


@pytest.mark.parametrize(
    ("tail", "size", "recorded", "explained"),
    [
        (Tail(End.WHOLE, 100), 100, 100, True),
        (Tail(End.WHOLE, 100), 100, 101, False),
        (Tail(End.CUT, 80, announced=110), 100, 110, True),
        (Tail(End.CUT, 80, announced=110), 100, 111, False),
        (Tail(End.CUT, 80), 100, 100 + 4096, True),
        (Tail(End.CUT, 80), 100, 100 + 4097, False),
        (Tail(End.DAMAGED, 80), 100, 100, False),
    ],
)
def test_only_the_rest_of_one_command_may_be_missing(
    tail: Tail, size: int, recorded: int, explained: bool
) -> None:
    assert tail.explains(size, recorded) is explained
