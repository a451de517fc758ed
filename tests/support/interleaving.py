"""Every order in which the store commands of several operations can reach the store, one after the other.

``Stepped`` is the store's command runner with a gate before each single command, pipelined ones too. A
``Schedule`` opens one gate at a time and only once every operation stands at a gate or is done, so that an
order is exact and needs no sleeping. ``every_merge`` gives a schedule for each order there is, save those
that differ from another only by swapping neighbours that share no key, or that both only read or only
remove: neither the store nor an operation could tell. A reading of the store's clock shares one with the
scripts that note it. What only leads to sessions or tells of them (an index, a history, an event) decides
nothing and passes without a gate; the lists of all sessions and users are stepped all the same.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from session_store import lua
from session_store.address import Address
from session_store.commands import Commands, Reply
from session_store.errors import StoreUnavailable
from session_store.lua import Argument, Command

_NAMES: dict[Argument, str] = {
    script.sha: name for name, script in vars(lua).items() if isinstance(script, lua.Script)
}


_READS = {"GET", "HGET", "HKEYS", "HMGET", "MGET", "TIME", "ZRANGE", "USER_SESSIONS"}
_REMOVALS = {"ZREM", "DEL"}
_ONLY_LEAD = re.compile(rb"ow:(x:(by|active|ends|endpoints|users:|ended|events|blocks)|z:|h:|w:|j:)")
_CLOCK = b"the store's clock"
_OF_A_BROWSER = re.compile(rb"ow:[abemrt]:(\{[^}]+\})")


@dataclass(frozen=True)
class Step:
    """One command that stands at a gate, or went through it."""

    who: str
    name: str
    touches: frozenset[bytes]

    def swappable_with(self, other: "Step") -> bool:
        """Whether nobody can tell in which order the two are run, one straight after the other."""
        names = {self.name, other.name}
        apart = self.touches.isdisjoint(other.touches)
        return self.who != other.who and (apart or names <= _READS or names <= _REMOVALS)


class Schedule:
    """One order: at each step, which of the operations that stand at a gate goes first."""

    def __init__(self, choices: Sequence[int]) -> None:
        self._choices = choices
        self._gates: dict[str, tuple[Step, asyncio.Future[None]]] = {}
        self._arrival = asyncio.Event()
        self.taken: list[tuple[int, int]] = []
        self.trace: list[Step] = []

    def before_the_end(self, of: str, who: str, name: str) -> bool:
        """Whether ``who`` ran the command called ``name``, for the last time, before the last of ``of``."""
        last = max(place for place, step in enumerate(self.trace) if step.who == of)
        ran = [place for place, step in enumerate(self.trace) if (step.who, step.name) == (who, name)]
        return bool(ran) and ran[-1] < last

    async def gate(self, who: str, command: Command) -> None:
        """Stand at the gate until the schedule lets ``who`` run ``command``."""
        opened = asyncio.get_running_loop().create_future()
        self._gates[who] = _step(who, command), opened
        self._arrival.set()
        await opened

    async def run(self, **operations: Awaitable[object]) -> list[object]:
        """Run ``operations``, named as their commands are, to their ends; the result or exception of each."""
        tasks = {who: asyncio.ensure_future(operation) for who, operation in operations.items()}
        while True:
            await self._until_all_stand(tasks)
            if not self._gates:
                break
            step, opened = self._gates.pop(self._choose())
            self.trace.append(step)
            opened.set_result(None)
        return await asyncio.gather(*tasks.values(), return_exceptions=True)

    def _choose(self) -> str:
        options = [who for who in sorted(self._gates) if not self._is_tried_swapped(who)] or sorted(
            self._gates
        )
        if len(options) == 1:
            return options[0]
        place = len(self.taken)
        choice = self._choices[place] if place < len(self._choices) else 0
        self.taken.append((choice, len(options)))
        return options[choice]

    def _is_tried_swapped(self, who: str) -> bool:
        """Whether another order has ``who`` before the step just made, and is the same for all concerned."""
        if not self.trace:
            return False
        last = self.trace[-1]
        return who < last.who and self._gates[who][0].swappable_with(last)

    async def _until_all_stand(self, tasks: Mapping[str, asyncio.Future[object]]) -> None:
        while moving := [task for who, task in tasks.items() if who not in self._gates and not task.done()]:
            self._arrival.clear()
            arrival = asyncio.ensure_future(self._arrival.wait())
            waited: list[asyncio.Future[Any]] = [*moving, arrival]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            arrival.cancel()


def _step(who: str, command: Command) -> Step:
    word, *arguments = command
    name = _NAMES.get(arguments[0], str(word)) if arguments else str(word)
    keys = arguments[2 : 2 + int(arguments[1])] if str(word).startswith("EVAL") else arguments[:1]
    touches = {_whole(key) for key in keys if isinstance(key, bytes)}
    if name in {"TIME", "FINISH_REVOCATION", "END_NAME"}:
        touches.add(_CLOCK)
    return Step(who, name, frozenset(touches))


def _whole(key: bytes) -> bytes:
    """What stands for ``key``: all keys of a browser session are one, since scripts make some from others."""
    found = _OF_A_BROWSER.match(key)
    return found[1] if found else key


async def every_merge() -> AsyncIterator[Schedule]:
    """A schedule for each order there is; the caller runs its scene under each before asking for the next."""
    choices: list[int] = []
    while True:
        schedule = Schedule(choices)
        yield schedule
        taken = schedule.taken
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return
        choices = [choice for choice, _ in taken[:-1]] + [taken[-1][0] + 1]


def _only_leads(command: Command) -> bool:
    """Whether nothing that decides over a session is read or written."""
    if command[0] == "EVALSHA":
        return _NAMES[command[1]] in {"KNOW", "FLAG_ACCESS"}
    first = command[1] if len(command) > 1 else b""
    return command[0] == "UNLINK" or (isinstance(first, bytes) and _ONLY_LEAD.match(first) is not None)


class Stepped(Commands):
    """Commands that stand at the schedule's gate before each single one; without a schedule they just run.

    ``dies_after`` is how many more the process of this worker lives for; None: for good. INFO has no gate: it
    neither sees nor changes what the others do.
    """

    def __init__(self, address: Address, who: str) -> None:
        super().__init__(address, timeout_s=60.0)
        self._who = who
        self.schedule: Schedule | None = None
        self.dies_after: int | None = None

    async def exchange(self, commands: Sequence[Command]) -> list[Reply | ResponseError]:
        if self.schedule is None or commands[0][0] == "INFO":
            return await super().exchange(commands)
        replies: list[Reply | ResponseError] = []
        tells = any(_only_leads(command) for command in commands)
        for command in commands:
            # Time asked for along with what is told dates what is kept, and decides nothing.
            if _only_leads(command) or (tells and command == ("TIME",)):
                replies.extend(await super().exchange([command]))
                continue
            if self.dies_after is not None:
                if self.dies_after == 0:
                    raise StoreUnavailable("this worker is dead")
                self.dies_after -= 1
            await self.schedule.gate(self._who, command)
            replies.extend(await super().exchange([command]))
        return replies
