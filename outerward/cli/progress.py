"""How far something long has come, on a terminal alone; it leaves nothing there at its end.

What is done in one step is not long.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from outerward.cli.ending import AT_ONCE


@contextmanager
def progress(doing: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """What is called with how many sessions are done; ``total`` is None where nobody knows yet.

    Then nothing is shown before the second call.
    """
    if not sys.stderr.isatty() or (total is not None and total <= AT_ONCE):
        yield lambda _done: None
        return
    from rich.console import Console  # noqa: PLC0415 - most commands show no progress
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415 - see above

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    task = bar.add_task(doing, total=total, told="")
    is_long = total is not None

    def advance(done: int) -> None:
        nonlocal is_long
        per_second = done / elapsed if (elapsed := bar.tasks[0].elapsed) else 0.0
        of = "" if total is None else f" of {max(total, done):,}"
        bar.update(task, completed=done, told=f"{done:,}{of}  {per_second:,.0f} sessions/s")
        if is_long:
            bar.start()
        is_long = True

    if is_long:
        bar.start()
    try:
        yield advance
    finally:
        bar.stop()
