"""The arithmetic of the benches that find and revoke, and what their tables say."""

from bench.checker import Noted
from bench.find import Measured, middle_and_late, told
from bench.held import Held, kind_of
from bench.held import told as held_told
from bench.questions import Question
from bench.revoke import Act
from bench.revoke import told as revoke_told


def measured(title: str, rows: int, p99_ms: float, *, same: bool = True) -> Measured:
    return Measured(Question(title, "/app/sessions", same), rows, 2.0, p99_ms, 1.5)


def test_the_median_and_the_late_ones_are_taken_of_all_calls() -> None:
    assert middle_and_late([float(number) for number in range(1000, 0, -1)]) == (501.0, 991.0)


def test_one_call_is_its_own_median() -> None:
    assert middle_and_late([3.0]) == (3.0, 3.0)


def test_questions_are_told_size_beside_size_and_the_late_ones_by_name() -> None:
    small = [measured("quick", 100, 4.0), measured("slow", 5, 9.0, same=False)]
    large = [measured("quick", 100, 4.5), measured("slow", 100, 12.0, same=False)]
    text = told([1000, 100_000], [small, large])
    assert "| quick                 | 100  | 2.0, 4.0, 1.5           | 2.0, 4.5, 1.5             |" in text
    assert "5/100" in text
    assert text.endswith("p99 under 10 ms: 3 of 4.\nNot: slow.")


def test_a_kind_of_key_is_what_does_not_differ() -> None:
    keys = [b"ow:a:{abc}:ep_1", b"ow:s:edgses_1", b"ow:x:by:ip", b"ow:x:sessions"]
    assert [kind_of(key) for key in keys] == ["ow:a:", "ow:s:", "ow:x:by:ip", "ow:x:sessions"]


def test_memory_is_told_with_the_largest_kind_first() -> None:
    text = held_told(Held(1000, 2100.4, {"ow:a:": 500, "ow:t:": 800, "ow:x:endpoints": 0.2}), 2500)
    assert text == (
        "1,000 sessions: 2100 bytes each (goal: 2500), of which by MEMORY USAGE `ow:t:` 800, `ow:a:` 500"
    )


def test_checks_count_for_what_was_under_way_while_they_were() -> None:
    noted = Noted(at_s=[1.0, 2.0, 3.0, 4.0], took_ms=[500.0, 30.0, 20.0, 10.0])
    assert noted.between(1.0, 3.5) == [20.0, 30.0]


def test_a_revocation_is_told_beside_the_longest_check_of_a_quiet_time() -> None:
    noted = Noted(at_s=[1.0, 2.0, 5.0, 6.0], took_ms=[1.0, 3.0, 2.0, 9.0])
    text = revoke_told(noted, (0.0, 4.0), [Act("DELETE of a user", 10_000, [0.7], 4.5, 7.0)])
    assert "10,000 sessions, longest 0.70 s (goal: 1 s)" in text
    assert "longest 9.0 ms, the longest +6.0 ms (goal: 20 ms)" in text
