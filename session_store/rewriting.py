"""When the embedded server rewrites its append-only file: while nobody waits, or when it has grown too far.

The server by itself would begin whenever the file has doubled, so in the middle of whatever writes most; its
fork, and the page faults after it, hold up every check. Knows no key and no folder, and starts no server.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from session_store.commands import Reply
from session_store.errors import StoreUnavailable
from session_store.topology import fields_of

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RewriteLimits:
    """When a rewrite is worth it, and when it must be.

    ``smallest``: bytes below which a file is left alone. ``smallest_base``: bytes that any base counts as, at
    least; after a first start it is none. ``worth``, ``overdue``: how many times its base a file has for a
    rewrite while it is quiet, and in any case. ``quiet_below``: commands a second. ``every_s``: from look to
    look. ``rest_s``: from a failure to the next attempt.
    """

    smallest: int = 64 * _MIB
    smallest_base: int = 32 * _MIB
    worth: int = 2
    overdue: int = 4
    quiet_below: int = 1000
    every_s: float = 2.0
    rest_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """What the server tells at one moment: ``size`` and ``base`` in bytes, whether one is ``rewriting`` it.

    ``failed``: the last rewrite that ended did.
    """

    size: int
    base: int
    commands_per_s: int
    rewriting: bool
    failed: bool


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier looks leave to know; ``rest_until_s`` by the clock of the looks.

    ``awaited``: one was asked for, and its end has not been seen yet. ``failed``: as the last look told it.
    """

    quiet: bool = False
    awaited: bool = False
    failed: bool = False
    rest_until_s: float = 0.0


class Step(Enum):
    """What follows from a look."""

    WAIT = "wait"
    REWRITE = "rewrite"
    TELL_FAILURE = "tell failure"


class Ask(Protocol):
    """One command to the store and its reply. Raises StoreUnavailable, for an error reply too."""

    async def __call__(self, *command: str) -> Reply:
        """The reply to ``command``."""
        ...


def read_look(info: Reply) -> Look | None:
    """The look in what ``INFO persistence stats`` answered; None where it tells of no append-only file."""
    fields = fields_of(info) if isinstance(info, bytes) else {}
    try:
        return Look(
            size=int(fields["aof_current_size"]),
            base=int(fields["aof_base_size"]),
            commands_per_s=int(fields["instantaneous_ops_per_sec"]),
            rewriting="1" in {fields["aof_rewrite_in_progress"], fields["aof_rewrite_scheduled"]},
            failed=fields["aof_last_bgrewrite_status"] != "ok",
        )
    except (KeyError, ValueError):
        return None


def decide(look: Look, past: Past, limits: RewriteLimits, now_s: float) -> tuple[Step, Past]:
    """What to do after ``look``, and the past of the next one."""
    quiet = look.commands_per_s < limits.quiet_below
    if look.rewriting:
        return Step.WAIT, replace(past, quiet=quiet)
    if look.failed and (past.awaited or not past.failed):
        return Step.TELL_FAILURE, Past(quiet, failed=True, rest_until_s=now_s + limits.rest_s)
    due = now_s >= past.rest_until_s and _grown(look, limits, quiet=quiet and past.quiet)
    return Step.REWRITE if due else Step.WAIT, Past(quiet, due, look.failed, past.rest_until_s)


async def rewrite_when_due(ask: Ask, limits: RewriteLimits, log: FilteringBoundLogger) -> None:
    """Look after the file until cancelled. A store that does not answer is no error, and is not quiet."""
    past = Past()
    while True:
        await asyncio.sleep(limits.every_s)
        try:
            past = await _look_once(ask, past, limits, log)
        except StoreUnavailable:
            past = replace(past, quiet=False)
        except Exception as error:  # without this watch the file would grow for ever
            log.error("store.look_failed", exc_info=error)


async def _look_once(ask: Ask, past: Past, limits: RewriteLimits, log: FilteringBoundLogger) -> Past:
    look = read_look(await ask("INFO", "persistence", "stats"))
    if look is None:
        return replace(past, quiet=False)
    step, past = decide(look, past, limits, time.monotonic())
    if step is Step.TELL_FAILURE:
        log.warning("store.rewrite_failed", size=look.size, again_in_s=limits.rest_s)
    if step is Step.REWRITE:
        # Whether it was refused, or the store went away, the next look tells.
        with suppress(StoreUnavailable):
            await ask("BGREWRITEAOF")
    return past


def _grown(look: Look, limits: RewriteLimits, *, quiet: bool) -> bool:
    base = max(look.base, limits.smallest_base)
    return look.size >= limits.smallest and look.size >= base * (limits.worth if quiet else limits.overdue)
