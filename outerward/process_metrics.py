"""What every process of the program tells of itself: processor time, memory, lost log lines."""

import resource
import sys
from collections.abc import Callable
from pathlib import Path

from proxy import Counted, Family, Sample

CPU = Family("outerward_process_cpu_seconds_total", "counter", "Processor time.", ("process",))
MEMORY = Family("outerward_process_resident_bytes", "gauge", "Memory in use.", ("process",))
LOG_LINES_DROPPED = Family(
    "outerward_log_lines_dropped_total", "counter", "Log lines that nobody took.", ("process",)
)
UP = Family("outerward_process_up", "gauge", "Whether the process serves.", ("process",))
ENDS = Family("outerward_process_ends_total", "counter", "Unwanted ends of the process.", ("process",))
FAMILIES = (CPU, MEMORY, LOG_LINES_DROPPED, UP, ENDS)

_PAGE_BYTES = resource.getpagesize()


class ProcessMetrics:
    """The figures of this process, called ``name``; ``log_lines_dropped`` are those since its start."""

    def __init__(self, name: str, log_lines_dropped: Callable[[], int]) -> None:
        self._labels = (name,)
        self._log_lines_dropped = log_lines_dropped
        self._told_cpu_s = 0.0
        self._told_dropped = 0

    def take(self) -> Counted:
        """What was added since the last call, and how things are."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = usage.ru_utime + usage.ru_stime
        dropped = self._log_lines_dropped()
        added = (
            Sample(CPU.name, self._labels, (cpu_s - self._told_cpu_s,)),
            Sample(LOG_LINES_DROPPED.name, self._labels, (dropped - self._told_dropped,)),
        )
        self._told_cpu_s, self._told_dropped = cpu_s, dropped
        return Counted(added, (Sample(MEMORY.name, self._labels, (_resident_bytes(usage),)),))


def _resident_bytes(usage: resource.struct_rusage) -> int:
    """Now where the system tells (proc(5)), else the most there ever was, which macOS gives in bytes."""
    if sys.platform == "linux":
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    return usage.ru_maxrss
