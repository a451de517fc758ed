"""The handle of the process that holds streams open, and the judgement of how they ended.

A stream was let through after a revocation where its first byte was written after the revocation's answer had
been read, and it was answered, or the upstream saw it. One that was open must end by close 1008 where it is a
WebSocket, by breaking off where it is none, and not before its revocation was asked for.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.hammer import Hit
from tests.support.open_streams import CLOSE_1008, RESET, Seen, StreamRecords, Tried
from tests.support.program import until
from tests.support.proof import Clients, Session

STREAMS_EACH = 2
OPEN_WITHIN_S = 90.0
"""Workers are killed meanwhile, and the machine may be busy: longer than this is a hang."""


class OpenStreams(Clients):
    """The process of the streams."""

    module = "tests.support.open_streams"

    def use(self, sessions: Iterable[Session], window: int) -> None:
        """Open the streams of ``sessions``, of ``window`` of them at once, of others as these have ended."""
        self.tell("window", window)
        self.tell("sessions", [(one.number, one.cookie) for one in sessions])

    def wait_open(self, session: Session) -> None:
        """Wait until all streams of ``session`` are open."""
        until(lambda: self._flags[session.number] == STREAMS_EACH, OPEN_WITHIN_S)

    def wait_ended(self, session: Session) -> None:
        """Wait until none is."""
        until(lambda: self._flags[session.number] == 0, OPEN_WITHIN_S)

    def records(self) -> StreamRecords:
        """Try every session once more, and end it; what it kept."""
        tried, seen, hits, late = self._kept("finish")
        return StreamRecords(
            [Tried(*row) for row in tried],
            {number: Seen(*row) for number, row in seen.items()},
            [Hit(*row) for row in hits],
            late,
        )


@contextmanager
def holding(folder: Path) -> Iterator[OpenStreams]:
    """The process for the length of the block."""
    streams = OpenStreams(folder)
    try:
        yield streams
    finally:
        streams.close()


def spread(seconds: Sequence[float]) -> str:
    """Median, p99 and largest of times, in milliseconds."""
    found = sorted(seconds)
    p50, p99 = found[len(found) // 2], found[min(len(found) - 1, len(found) * 99 // 100)]
    return f"p50 {p50 * 1000:.1f}, p99 {p99 * 1000:.1f}, max {found[-1] * 1000:.1f} ms"


@dataclass(frozen=True)
class Ends:
    """How the streams of revoked sessions ended; times in seconds, from the revocation's answer.

    ``late``: by how much the clients themselves woke too late, which is in every time.
    """

    by_kind: Mapping[str, Sequence[float]]
    from_asking: Sequence[float]
    at_upstream: Sequence[float]
    ways: Counter[tuple[str, str]]
    tried_after: int
    let_through: list[Tried]
    unclean: list[Tried]
    after_the_end: list[Tried]
    before: list[Tried]
    untried: list[int]
    late: Sequence[float]

    @property
    def seconds(self) -> list[float]:
        """Of each stream, from the answer of the revocation read to its end."""
        return [one for times in self.by_kind.values() for one in times]

    def __str__(self) -> str:
        ways = ", ".join(f"{kind} {how}: {count}" for (kind, how), count in sorted(self.ways.items()))
        kinds = "".join(f"\n  {kind}: {spread(times)}" for kind, times in sorted(self.by_kind.items()))
        return (
            f"{len(self.seconds)} streams ended ({ways}; {len(self.before)} before their revocation); "
            f"{self.tried_after} begun after a revocation's answer, {len(self.let_through)} of them let "
            f"through\n  from the answer read: {spread(self.seconds)}\n  from the request sent: "
            f"{spread(self.from_asking)}\n  at the upstream: {spread(self.at_upstream)}{kinds}"
            f"\n  the clients woke late: {spread(self.late)}"
        )


def judge_streams(records: StreamRecords, asked: Mapping[int, float], ended: Mapping[int, float]) -> Ends:
    """Compare the streams with when the revocation of each session was asked for and answered."""
    seen = records.seen
    after = [one for one in records.tried if one.begin > ended[one.session]]
    streams = [one for one in records.tried if one.opened and one.begin <= ended[one.session]]
    before = [one for one in streams if one.ended < asked[one.session]]
    revoked = [one for one in streams if one.ended >= asked[one.session]]
    by_kind: dict[str, list[float]] = {}
    for one in revoked:
        by_kind.setdefault(one.kind, []).append(one.ended - ended[one.session])
    return Ends(
        by_kind=by_kind,
        from_asking=[one.ended - asked[one.session] for one in revoked],
        at_upstream=[seen[one.number].gone - ended[one.session] for one in revoked],
        ways=Counter((one.kind, one.how) for one in revoked),
        tried_after=len(after),
        let_through=[one for one in after if one.opened or one.number in seen],
        unclean=[one for one in revoked if not _broken_off(one)],
        after_the_end=[one for one in streams if one.after or seen[one.number].after],
        before=before,
        untried=sorted(ended.keys() - {one.session for one in after}),
        late=records.late,
    )


def _broken_off(one: Tried) -> bool:
    return one.how == RESET or (one.kind == "websocket" and one.how == CLOSE_1008)
