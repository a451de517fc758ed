"""What the kernel says of processes: who belongs together, what they have used, how much they hold.

Linux only. Knows no program by name.
"""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Stat:
    """One line of ``/proc/PID/stat`` (proc(5)); ``ticks`` are user and system time of all its threads."""

    name: str
    parent: int
    ticks: int


def read_stat(line: str) -> Stat:
    """Read a line; the name may hold blanks and brackets."""
    head, _, tail = line.rpartition(")")
    fields = tail.split()
    return Stat(name=head.partition("(")[2], parent=int(fields[1]), ticks=int(fields[11]) + int(fields[12]))


def family(pid: int) -> dict[int, str]:
    """A process and all that descend from it, with their names."""
    stats = dict(_all_stats())
    found = {pid}
    while more := {each for each, stat in stats.items() if stat.parent in found} - found:
        found |= more
    return {each: stats[each].name for each in found if each in stats}


def cpu_s(pids: list[int]) -> float:
    """The CPU time that living processes have used, in seconds."""
    return sum(read_stat(Path(f"/proc/{pid}/stat").read_text()).ticks for pid in pids) / TICKS_PER_S


@dataclass(frozen=True)
class Held:
    """The memory of a process in bytes: all resident pages, its share of them, and what it alone holds."""

    resident: int
    share: int
    own: int


def held(pid: int) -> Held:
    """What a process holds now."""
    return read_held(Path(f"/proc/{pid}/smaps_rollup").read_text())


def read_held(rollup: str) -> Held:
    """Read ``/proc/PID/smaps_rollup`` (proc(5)): ``Rss``, ``Pss``, and both kinds of ``Private`` pages."""
    fields = (line.split() for line in rollup.splitlines()[1:])
    sizes = {words[0].rstrip(":"): int(words[1]) * 1024 for words in fields}
    return Held(sizes["Rss"], sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"])


def _all_stats() -> list[tuple[int, Stat]]:
    stats = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stats.append((int(entry.name), read_stat((entry / "stat").read_text())))
            except OSError:
                continue
    return stats
