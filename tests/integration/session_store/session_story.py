"""A story of acts, told to a store and to the model at once: after every step both say the same.

Of two acts that race, the store says what one of the two orders makes of the world; which end of two wrote a
tombstone it decides, and a login or a visit that is refused may have left what was then ended.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.integration.session_store.session_looks import (
    Seen,
    events,
    keyspace,
    left_listed,
    left_of,
    lists,
    see,
    verdicts,
)
from tests.support.session_acts import (
    MAYBE,
    Act,
    Answer,
    Delete,
    Erase,
    Login,
    Refresh,
    Sweep,
    Told,
    Visit,
    Wait,
)
from tests.support.session_drafts import Draft, Hand, Race, meant
from tests.support.session_machine import Machine
from tests.support.session_model import GRACE_MS, MINUTE_MS, Over, Verdict, World

_LONGER_THAN_ANY_WRITE = Wait(4)


@dataclass
class Story:
    """What has been done so far, and the world that it made."""

    machine: Machine
    world: World
    logins: int = 0
    done: list[str] = field(default_factory=list)
    raced: int = 0

    async def go_on(self, step: Draft | Race) -> None:
        """Do what ``step`` means, if it means anything here, and look at everything."""
        drafts = [step] if isinstance(step, Draft) else [step.one, step.two]
        acts = [act for act in map(self._meant, drafts) if act is not None]
        if isinstance(step, Race) and len(acts) == 2:
            await self._race(acts[0], acts[1], step.turns)
        else:
            for act in acts:
                await self.act(act)

    async def act(self, act: Act) -> None:
        """Do one act."""
        if isinstance(act, Wait) and self._is_forgotten_by(self.world.now + act.minutes * MINUTE_MS):
            await self.act(Sweep(whole=False))
        answer = await self.machine.do(act)
        self.world, expected = act.on(self.world, self.machine.told(act))
        self.done.append(f"{act} -> {answer}")
        if answer != expected and expected is not MAYBE:
            self._fail([f"{act} is answered {answer}, not {expected}"])
        faults = await self._faults(self.world, await self._see())
        if isinstance(act, Erase) and answer is True:
            faults += await left_of(self.machine, act.user_id)
        if faults:
            self._fail(faults)

    async def end(self) -> None:
        """Let all be swept, and look at what is left."""
        for act in (Sweep(whole=False), _LONGER_THAN_ANY_WRITE, Sweep(whole=True)):
            await self.act(act)
            if not self.raced and (listed := left_listed(self.world, self.machine)):
                self._fail(listed)
        faults = await keyspace(self.world, self.machine)
        if faults:
            self._fail(faults)

    def _meant(self, draft: Draft) -> Act | None:
        machine = self.machine
        hand = Hand(
            [each for each in machine.browsers if each in self.world.browsers],
            [key for key in machine.sessions if key in self.world.sessions],
            machine.ids,
        )
        act = meant(self.world, hand, draft, self.logins)
        self.logins += isinstance(act, Login)
        return act

    def _is_forgotten_by(self, at: int) -> bool:
        """Whether what time has ended would be gone by then, as where nobody sweeps for an hour."""
        return any(self.world.sessions[key].over_at + GRACE_MS <= at for key in self.world.unnoted())

    async def _race(self, one: Act, two: Act, turns: Sequence[int]) -> None:
        answers = await self.machine.race(turns, one, two)
        self.raced += 1
        self.done.append(f"{one} -> {answers[0]} WHILE {two} -> {answers[1]} BY {turns}")
        told = [self.machine.told(act) for act in (one, two)]
        orders = list(_orders(self.world, (one, two), told, answers))
        seen, faults = await self._see(), list[str]()
        fresh = {act.cookie for act in (one, two) if isinstance(act, Login)}
        for order in sorted(orders, key=lambda each: each.unlike(answers)):
            unlike = list(_answers(orders[:2], (one, two), answers))
            world = _settled(order.world, [each.world for each in orders], seen, fresh)
            found = unlike or await self._faults(world, seen)
            if not found:
                self.world = world
                return
            faults += [f"IN THE ORDER OF {order.name}:", *found]
        self._fail(faults)

    async def _see(self) -> Seen:
        return await see(self.machine, range(self.logins))

    async def _faults(self, world: World, seen: Seen) -> list[str]:
        found = list(verdicts(world, seen))
        return found or [
            *await lists(world, self.machine, len(self.done)),
            *await events(world, self.machine),
        ]

    def _fail(self, faults: Sequence[str]) -> None:
        raise AssertionError("\n".join(["", *self.done, *faults]))


@dataclass(frozen=True)
class _Order:
    name: str
    world: World
    answers: dict[int, Answer]

    def unlike(self, answers: Sequence[Answer]) -> int:
        """How many answers it does not explain."""
        return sum(self.answers.get(place) != answer for place, answer in enumerate(answers))


def _orders(
    world: World, acts: tuple[Act, Act], told: Sequence[Told], answers: Sequence[Answer]
) -> Iterator[_Order]:
    """What each order makes of the world; last, for a login that was refused, as if it had not been."""
    refused = [place for place in (0, 1) if isinstance(acts[place], Login) and answers[place] == "overtaken"]
    for places in ((0, 1), (1, 0), *((1 - place,) for place in refused)):
        after, replies = world, dict[int, Answer]()
        for place in places:
            after, replies[place] = acts[place].on(after, told[place])
        begun = {key: one for key, one in after.sessions.items() if one.id}
        yield _Order(f"{places}", replace(after, sessions=begun), replies)


def _answers(orders: Sequence[_Order], acts: tuple[Act, Act], answers: Sequence[Answer]) -> Iterator[str]:
    """Each answer is that of one of the orders, or says less."""
    for place, (act, answer) in enumerate(zip(acts, answers, strict=True)):
        expected = [order.answers[place] for order in orders]
        numbers = [each for each in expected if isinstance(each, int) and not isinstance(each, bool)]
        within = isinstance(answer, int) and len(numbers) == 2 and min(numbers) <= answer <= max(numbers)
        refused = answer == "overtaken" or (
            isinstance(act, Visit) and answer != "live" and "live" in expected
        )
        of_two = type(acts[0]) is type(acts[1]) and isinstance(act, Delete | Refresh)
        deleted = isinstance(act, Delete | Erase) and isinstance(acts[1 - place], Delete | Erase)
        if not (answer in expected or MAYBE in expected or within or refused or of_two or deleted):
            yield f"{act} is answered {answer}, not one of {expected}"


def _settled(world: World, others: Sequence[World], seen: Seen, fresh: set[int]) -> World:
    """``world`` with what ended what as it was seen, where that is what any order says."""
    browsers, sessions = dict(world.browsers), dict(world.sessions)
    for each, verdict in seen.browsers.items():
        known, allowed = world.browser(each), {other.browser(each) for other in others}
        if not _both_dead(known, verdict) or (verdict not in allowed and each not in fresh):
            continue
        if verdict is None:
            browsers.pop(each, None)
        elif each in browsers:
            browsers[each] = replace(
                browsers[each], over=_as_seen(browsers[each].over, verdict, others, each)
            )
    for key, verdict in seen.checks.items():
        allowed = {other.check(key) for other in others}
        if not _both_dead(world.check(key), verdict) or verdict not in allowed:
            continue
        if verdict is None:
            sessions.pop(key, None)
        else:
            sessions[key] = next(other.sessions[key] for other in others if other.check(key) == verdict)
    return replace(world, browsers=browsers, sessions=sessions)


def _as_seen(over: Over | None, verdict: Verdict, others: Sequence[World], each: int) -> Over | None:
    for other in others:
        if other.browser(each) == verdict:
            return other.browsers[each].over
    return over


def _both_dead(one: Verdict, other: Verdict) -> bool:
    return one != other and not {one, other} & {"live", "expired"}
