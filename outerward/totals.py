"""The sums of what all processes counted: kept by the supervisor, which outlives every other one.

Processes tell what was added, so a counter never goes back when one of them ends; how things are in a process
that is gone is forgotten with it. Knows no metric.
"""

from collections.abc import Iterable

from proxy import Counted, Sample

_Key = tuple[str, tuple[str, ...]]


class Totals:
    """Counters and histograms since the program began, and the gauges of the processes that live."""

    def __init__(self) -> None:
        self._added: dict[_Key, tuple[float, ...]] = {}
        self._gauges: dict[str, tuple[Sample, ...]] = {}

    def add(self, process: str, counted: Counted) -> None:
        """Take in what ``process`` tells."""
        _sum_up(self._added, counted.added)
        self._gauges[process] = counted.gauges

    def forget(self, process: str) -> None:
        """``process`` has ended: what it counted stays."""
        self._gauges.pop(process, None)

    def all(self) -> Counted:
        """Everything so far; a gauge that several processes have is their sum."""
        gauges: dict[_Key, tuple[float, ...]] = {}
        for of_process in self._gauges.values():
            _sum_up(gauges, of_process)
        return Counted(_samples(self._added), _samples(gauges))


def _sum_up(sums: dict[_Key, tuple[float, ...]], samples: Iterable[Sample]) -> None:
    for sample in samples:
        key = (sample.name, sample.labels)
        before = sums.get(key)
        sums[key] = (
            sample.values
            if before is None
            else tuple(one + other for one, other in zip(before, sample.values, strict=True))
        )


def _samples(sums: dict[_Key, tuple[float, ...]]) -> tuple[Sample, ...]:
    return tuple(Sample(name, labels, values) for (name, labels), values in sums.items())
