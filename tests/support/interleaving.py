"""Every order in which the store commands of several operations can reach the store, one after the other.

``Stepped`` is the store's command runner with a gate before each single command, pipelined ones too. A
``Schedule`` opens one gate at a time and only once every operation stands at a gate or is done, so that an
order is exact and needs no sleeping. ``every_merge`` gives a schedule for each order there is, save those
that differ from another only by swapping neighbours that share no key, or that both only read or only
remove: neither the store nor an operation could tell.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.crc import key_slot
from redis.exceptions import ResponseError

from session_store import lua
from session_store.address import Address
from session_store.commands import Commands, Reply
from session_store.lua import Argument, Command

_NAMES: dict[Argument, str] = {
    script.sha: name for name, script in vars(lua).items() if isinstance(script, lua.Script)
}


_READS = {"GET", "HGET", "HMGET", "ZRANGE", "USER_SESSIONS"}
_REMOVALS = {"ZREM", "DEL"}


@dataclass(frozen=True)
class Step:
    """One command that stands at a gate, or went through it."""

    who: str
    name: str
    slot: int

    def swappable_with(self, other: "Step") -> bool:
        """Whether nobody can tell in which order the two are run, one straight after the other."""
        names = {self.name, other.name}
        return self.who != other.who and (self.slot != other.slot or names <= _READS or names <= _REMOVALS)


class Schedule:
    """One order: at each step, which of the operations that stand at a gate goes first."""

    def __init__(self, choices: Sequence[int]) -> None:
        self._choices = choices
        self._gates: dict[str, tuple[Step, asyncio.Future[None]]] = {}
        self._arrival = asyncio.Event()
        self.taken: list[tuple[int, int]] = []
        self.trace: list[Step] = []

    def before_the_end(self, of: str, who: str, name: str) -> bool:
        """Whether ``who`` ran the command called ``name`` before the last command of ``of``."""
        last = max(place for place, step in enumerate(self.trace) if step.who == of)
        return any((step.who, step.name) == (who, name) for step in self.trace[:last])

    async def gate(self, who: str, command: Command) -> None:
        """Stand at the gate until the schedule lets ``who`` run ``command``."""
        key = command[3] if str(command[0]).startswith("EVAL") else command[1]
        slot = key_slot(key if isinstance(key, bytes) else str(key).encode())
        opened = asyncio.get_running_loop().create_future()
        self._gates[who] = Step(who, _NAMES.get(command[1], str(command[0])), slot), opened
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


class Stepped(Commands):
    """Commands that stand at the schedule's gate before each single one; without a schedule they just run."""

    def __init__(self, address: Address, who: str) -> None:
        super().__init__(address, timeout_s=60.0)
        self._who = who
        self.schedule: Schedule | None = None

    async def exchange(self, commands: Sequence[Command]) -> list[Reply | ResponseError]:
        if self.schedule is None:
            return await super().exchange(commands)
        replies: list[Reply | ResponseError] = []
        for command in commands:
            await self.schedule.gate(self._who, command)
            replies.extend(await super().exchange([command]))
        return replies
