"""From measurements to tables: medians over rounds, and ratios within a round with their spread. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.load import Load
from bench.peers import AUTH_REQUEST, LUA, OURS, PLAIN
from bench.rounds import Measured

Round = Sequence[Measured]


@dataclass(frozen=True)
class Goal:
    """A ratio of requests per CPU second, ours to a peer's, and what it should be, by head."""

    peer: str
    with_store: bool
    least: dict[str, float]


GOALS = (
    Goal(AUTH_REQUEST, with_store=False, least={"small": 0.7, "browser": 0.55}),
    Goal(LUA, with_store=True, least={"small": 1.0, "browser": 0.85}),
    Goal(PLAIN, with_store=False, least={}),
)


@dataclass(frozen=True)
class Ratio:
    """The median of a ratio over rounds, and its extremes."""

    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.least:.2f}–{self.most:.2f})"


def cpu_us(measured: Measured, *, with_store: bool) -> float:
    """What a request costs, with the store's part or without."""
    return measured.proxy_us + (measured.store_us if with_store else 0.0)


def ratio(rounds: Sequence[Round], load: Load, peer: str, *, with_store: bool) -> Ratio:
    """Requests per CPU second of ours over the peer's, compared within each round."""
    found = []
    for measured in rounds:
        cost = {each.proxy: cpu_us(each, with_store=with_store) for each in measured if each.load == load}
        found.append(cost[peer] / cost[OURS])
    return Ratio(median(found), min(found), max(found))


def report(rounds: Sequence[Round]) -> str:
    """All tables of the rounds, as text."""
    loads = list(dict.fromkeys(measured.load for measured in rounds[0]))
    many = [load for load in loads if load.connections > 1]
    tables = [_table_of_load(rounds, load) for load in loads]
    return "\n\n".join([*tables, _table_of_ratios(rounds, many)])


def _table_of_load(rounds: Sequence[Round], load: Load) -> str:
    """One line a proxy: the medians of its rounds."""
    names = list(dict.fromkeys(measured.proxy for measured in rounds[0] if measured.load == load))
    rows = [["proxy", "req/s", "proxy µs/req", "store µs/req", "p50 ms", "p99 ms"]]
    for name in names:
        same = [each for measured in rounds for each in measured if (each.proxy, each.load) == (name, load)]
        rows.append(
            [
                name,
                f"{_middle(same, lambda each: each.requests_per_s):,.0f}",
                f"{_middle(same, lambda each: each.proxy_us):.1f}",
                f"{_middle(same, lambda each: each.store_us):.1f}",
                f"{_middle(same, lambda each: each.counted.p50_us / 1000):.2f}",
                f"{_middle(same, lambda each: each.counted.p99_us / 1000):.2f}",
            ]
        )
    connections = "1 connection" if load.connections == 1 else f"{load.connections} connections"
    return f"{load.title}, {connections}\n{table(rows)}"


def _table_of_ratios(rounds: Sequence[Round], loads: Sequence[Load]) -> str:
    rows = [["ours against", *(load.title for load in loads)]]
    for goal in GOALS:
        name = f"{goal.peer}, store counted" if goal.with_store else goal.peer
        cells = []
        for load in loads:
            found = ratio(rounds, load, goal.peer, with_store=goal.with_store)
            wanted = goal.least.get(load.head)
            verdict = "" if wanted is None else f" {'>=' if found.middle >= wanted else '<'} {wanted:.2f}"
            cells.append(f"{found}{verdict}")
        rows.append([name, *cells])
    return f"Requests per CPU second, median of rounds (least–most), and the goal\n{table(rows)}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, its columns as wide as they must be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *rest = (_row(row, widths) for row in rows)
    return "\n".join([head, _row(["-" * width for width in widths], widths), *rest])


def _row(cells: Iterable[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _middle(measured: Sequence[Measured], value: Callable[[Measured], float]) -> float:
    return median(map(value, measured))
