"""What the bench reads of wrk and of the kernel, and the arithmetic between them and the tables."""

import os
from pathlib import Path
from typing import cast

import pytest

from bench import processes, transfers
from bench.load import HEADS, HOST, Counted, Load, LoadFailed, read_counted, write_heads
from bench.memory import Memory, told
from bench.peers import AUTH_REQUEST, LUA, OURS, PLAIN, Peer
from bench.processes import Held, read_held, read_stat
from bench.programs import Program
from bench.report import ratio, report, table
from bench.rounds import Measured, loads

OUTPUT = """Running 2s test @ http://127.0.0.1:8080
  1 threads and 64 connections
result requests=40000 duration_us=2000000 p50_us=1500 p99_us=4200 errors={errors}
"""
STAT = "4242 (a (b) c) S 17 4242 4242 0 -1 4194304 900 0 0 0 250 150 9 9 20 0 1 0 55 123456 789"
WARM = Load("browser", False, 64, 2)


def measured(proxy: str, requests: int, proxy_cpu_s: float, store_cpu_s: float = 0.0) -> Measured:
    return Measured(proxy, WARM, Counted(requests, 2.0, 1500, 4200), proxy_cpu_s, store_cpu_s)


def one_round(ours_cpu_s: float) -> list[Measured]:
    return [
        measured(PLAIN, 10_000, 0.2),
        measured(AUTH_REQUEST, 10_000, 0.3),
        measured(LUA, 10_000, 0.4, 0.1),
        measured(OURS, 10_000, ours_cpu_s, 0.02),
    ]


def test_the_result_of_wrk_is_read_from_among_its_other_lines() -> None:
    assert read_counted(OUTPUT.format(errors=0)) == Counted(40_000, 2.0, 1500, 4200)


@pytest.mark.parametrize(
    "output",
    [
        OUTPUT.format(errors=1),
        "unable to connect to 127.0.0.1",
        "result requests=0 duration_us=1 p50_us=0 p99_us=0 errors=0",
        "",
    ],
    ids=["an error", "no result", "no request", "nothing"],
)
def test_a_run_that_was_not_served_gives_no_figures(output: str) -> None:
    with pytest.raises(LoadFailed):
        read_counted(output)


def test_a_process_named_with_blanks_and_brackets_is_read() -> None:
    stat = read_stat(STAT)

    assert (stat.name, stat.parent, stat.ticks) == ("a (b) c", 17, 400)


def test_the_memory_of_a_process_is_told_in_bytes() -> None:
    rollup = "55d0-7ffc ---p 00000000 00:00 0 [rollup]\n" + "".join(
        f"{name}:{' ' * 10}{size} kB\n"
        for name, size in {
            "Rss": 90,
            "Pss": 30,
            "Pss_Dirty": 20,
            "Private_Clean": 3,
            "Private_Dirty": 11,
        }.items()
    )
    assert read_held(rollup) == Held(resident=90 * 1024, share=30 * 1024, own=14 * 1024)


def test_the_kernel_tells_of_this_process_what_the_bench_reads() -> None:
    own = os.getpid()

    assert own in processes.family(os.getppid())
    assert processes.cpu_s([own]) == pytest.approx(sum(os.times()[:2]), abs=0.5)
    assert processes.held(own).resident > 1_000_000


def test_the_cost_of_a_request_counts_proxy_and_store_apart() -> None:
    each = measured(OURS, 10_000, 0.5, 0.05)

    assert (each.requests_per_s, each.proxy_us, each.store_us) == (5000.0, 50.0, 5.0)


def test_a_ratio_is_that_of_requests_for_cpu_within_each_round_with_its_spread() -> None:
    rounds = [one_round(0.3), one_round(0.6), one_round(0.4)]

    found = ratio(rounds, WARM, AUTH_REQUEST, with_store=False)

    assert (found.middle, found.least, found.most) == pytest.approx((0.75, 0.5, 1.0))


def test_the_store_is_counted_on_both_sides_against_lua() -> None:
    found = ratio([one_round(0.48)], WARM, LUA, with_store=True)

    assert found.middle == pytest.approx(1.0)


@pytest.mark.parametrize(("ours_cpu_s", "verdict"), [(0.5, "0.60 (0.60–0.60) >= 0.55"), (0.6, "< 0.55")])
def test_the_report_says_whether_a_goal_is_met(ours_cpu_s: float, verdict: str) -> None:
    line = next(line for line in report([one_round(ours_cpu_s)]).splitlines()[-3:] if AUTH_REQUEST in line)

    assert verdict in line


def test_a_table_is_markdown_with_columns_of_one_width() -> None:
    assert table([["a", "bb"], ["ccc", "d"]]) == "| a   | bb |\n| --- | -- |\n| ccc | d  |"


@pytest.mark.parametrize(("name", "lines"), [("small", 2), ("browser", 17)])
def test_a_head_has_its_number_of_lines_and_is_whole(tmp_path: Path, name: str, lines: int) -> None:
    write_heads(tmp_path, "the-cookie")
    head = (tmp_path / name).read_bytes()

    assert head.endswith(b"\r\n\r\n")
    assert head.count(b"\r\n") == lines + 2
    assert f"Host: {HOST}\r\n".encode() in head
    assert b"outerward=the-cookie" in head


def test_every_head_is_measured_warm_and_cold_and_changes_where_it_is_cold() -> None:
    measured_loads = {(load.head, load.cold) for load in loads(2) if load.connections > 1}

    assert measured_loads == {(name, cold) for name in HEADS for cold in (False, True)}
    assert all("@" in head for head in HEADS.values())


def test_memory_is_told_beside_its_goals() -> None:
    idle = Held(resident=74_000_000, share=31_000_000, own=14_000_000)
    sentence = told(Memory(idle=idle, per_connection=4900, connections=2000))

    assert "74 MB resident when idle (goal: 70)" in sentence
    assert "31 MB as its share, 14 MB its own" in sentence
    assert "4.9 kB for each of 2000" in sentence


# Transfers


def peer(name: str, port: int) -> Peer:
    return Peer(name, port, cast("Program", None), {})


def test_a_large_body_passes_whole_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "SIZE", 3_000_001)
    write_heads(tmp_path, "x")
    with transfers.application() as port:
        found = transfers.measure_transfers([peer(OURS, port), peer(PLAIN, port)], tmp_path, 2)
    assert [each.proxy for each in found] == [OURS, PLAIN, OURS, PLAIN]
    assert all(each.down_s > 0 and each.up_s > 0 for each in found)


def test_a_short_body_gives_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_heads(tmp_path, "x")
    with transfers.application() as port:
        monkeypatch.setattr(transfers, "_length", lambda _: 10)
        with pytest.raises(LoadFailed):
            transfers.measure_transfers([peer(OURS, port)], tmp_path, 1)


def test_transfers_are_told_beside_those_of_nginx() -> None:
    ours, nginx = transfers.Transferred(OURS, 0.1, 0.4), transfers.Transferred(PLAIN, 0.2, 0.1)
    assert transfers.told([ours, nginx]) == (
        "A body of 100 MB: down 1000 MB/s, 2.00 of nginx's; up 250 MB/s, 0.25 of nginx's (goal: 0.5)"
    )
