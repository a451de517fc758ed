"""Ends any number of sessions by calls that end a thousand each. Shows nothing: whoever watches is told.

A call that was not confirmed is repeated: what it had ended already is not found again. Whoever is
interrupted goes on with the same command.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import msgspec

from outerward.cli.client import AdminClient, Row
from outerward.errors import Unreachable

PATH = "/app/sessions/revoke"
AT_ONCE = 1000
PAUSES_S = (0.5, 1.0, 2.0, 4.0)
"""How long to wait before each repetition of a call that was not served."""


class Failure(msgspec.Struct, frozen=True):
    """A session that was named in vain: it is none, or live no more."""

    id: str


class Part(msgspec.Struct, frozen=True):
    """What one call answers; ``matched``, ``users`` and ``yours`` count from the first call on."""

    matched: int
    users: int
    yours: int
    revoked: tuple[str, ...]
    failed: tuple[Failure, ...]
    next: str | None


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How far it has come. ``ended`` counts what was confirmed; ``failed`` are ids of no live session.

    ``repeated``: a call had to be repeated.
    """

    matched: int = 0
    users: int = 0
    yours: int = 0
    ended: int = 0
    failed: tuple[str, ...] = ()
    repeated: bool = False


@dataclass
class Ending:
    """One revocation. ``tally`` is true at any moment, also after an error or ^C in the middle."""

    client: AdminClient
    sleep: Callable[[float], None]
    tally: Tally = field(default_factory=Tally)

    def run(self, asked: Row, *, dry_run: bool = False, reason: str | None = None) -> Iterator[Part]:
        """End what ``asked`` names by ``filter`` or ``ids``; each part once done. Raises OuterwardError."""
        more: Row = {name: value for name, value in (("reason", reason), ("dry_run", dry_run)) if value}
        for body in _bodies(asked):
            counted = self.tally
            part = self._part({**body, **more})
            yield self._noted(part, counted)
            seen: set[str] = set()
            while part.next is not None and part.next not in seen:
                seen.add(part.next)
                part = self._part({"next": part.next})
                yield self._noted(part, counted)

    def _noted(self, part: Part, before: Tally) -> Part:
        self.tally = replace(
            self.tally,
            matched=before.matched + part.matched,
            users=before.users + part.users,
            yours=before.yours + part.yours,
            ended=self.tally.ended + len(part.revoked),
            failed=(*self.tally.failed, *(each.id for each in part.failed)),
        )
        return part

    def _part(self, body: Row) -> Part:
        for pause_s in PAUSES_S:
            try:
                return self.client.post(PATH, body, Part, "such resource")
            except Unreachable:
                self.tally = replace(self.tally, repeated=True)
                self.sleep(pause_s)
        return self.client.post(PATH, body, Part, "such resource")


def _bodies(asked: Row) -> Iterator[Row]:
    ids: Sequence[str] | None = asked.get("ids")
    if ids is None:
        yield asked
        return
    left = iter(dict.fromkeys(ids))
    while some := list(islice(left, AT_ONCE)):
        yield {"ids": some}
