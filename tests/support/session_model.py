"""What must hold of sessions, whatever is done to them: a world of values, and what each act makes of it.

Knows no store. A cookie is the number of its login, a person and a place are names; ids are as the store gave
them. Time is the workers' clock; lives of records run by it too, as they do where all clocks are right. Lives
end half a minute off the whole minutes that time passes in, so that no act falls together with an end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from session_store import EndReason

MINUTE_MS = 60_000
GRACE_MS = 60 * MINUTE_MS
LOGIN_LASTS_MS = 20 * MINUTE_MS
BROWSER_LASTS_MS = 120 * MINUTE_MS + 30_000
BLOCK_LASTS_MS = 45 * MINUTE_MS + 30_000
PEOPLE = ("ada", "eve")
CONTEXTS = 3
ROOT = "root"
TIME = "time"


@dataclass(frozen=True)
class Place:
    """An endpoint's limits, in ms; an idle limit of 0 is none."""

    lasts_ms: int
    idle_ms: int = 0


PLACES = {
    "app": Place(BROWSER_LASTS_MS),
    "wiki": Place(BROWSER_LASTS_MS, idle_ms=10 * MINUTE_MS + 30_000),
    "mail": Place(30 * MINUTE_MS + 30_000),
}

Key = tuple[int, str]
"""A cookie and a place: what a check is about."""

Verdict = EndReason | str | None
"""``live``, ``expired``, why it ended, or nothing."""


@dataclass(frozen=True)
class Over:
    """Why a session is over, who ended it, and when, ms."""

    reason: EndReason
    by: str
    at: int


@dataclass(frozen=True)
class Browser:
    """A login that was written. ``said`` numbers what the provider said last; ``over`` is its tombstone."""

    who: str
    user_id: str
    began: int
    said: int = 0
    over: Over | None = None

    @property
    def ends(self) -> int:
        """Its absolute end."""
        return self.began + BROWSER_LASTS_MS


@dataclass(frozen=True)
class Session:
    """An application session. ``tomb`` is what a check finds, ``end`` how it is kept once it is over."""

    id: str
    user_id: str
    where: str
    began: int
    ends: int
    last_active: int
    context: int
    requests: int = 0
    tomb: Over | None = None
    end: Over | None = None

    @property
    def over_at(self) -> int:
        """When it is over if nothing more happens."""
        idle_ms = PLACES[self.where].idle_ms
        return min(self.ends, self.last_active + idle_ms) if idle_ms else self.ends

    def stands(self, now: int) -> bool:
        """Whether its record does; one that has expired stands for the grace."""
        idle_ms = PLACES[self.where].idle_ms
        gone_at = min(self.ends + GRACE_MS, self.last_active + idle_ms) if idle_ms else self.ends + GRACE_MS
        return self.tomb is None and now < gone_at

    def lives(self, now: int) -> bool:
        """Whether it lets anybody in."""
        return self.stands(now) and now < self.ends

    def by_time(self) -> Over:
        """How time ends it."""
        at = self.over_at
        return Over(EndReason.EXPIRED if at == self.ends else EndReason.IDLE, TIME, at)


@dataclass(frozen=True)
class Block:
    """Who is blocked, by the user's id at that time, and until when."""

    user_id: str
    until: int | None


@dataclass(frozen=True)
class Begun:
    """A login under way. ``overtaken``: by a deletion; ``named``: by an end by a name."""

    who: str
    at: int
    overtaken: bool = False
    named: bool = False


@dataclass(frozen=True)
class World:
    """All that is known. ``users``: of who has a record the id, and what the provider said last."""

    now: int
    browsers: Mapping[int, Browser] = field(default_factory=dict)
    sessions: Mapping[Key, Session] = field(default_factory=dict)
    users: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    blocks: Mapping[str, Block] = field(default_factory=dict)
    begun: Mapping[int, Begun] = field(default_factory=dict)
    erased: frozenset[str] = frozenset()

    def browser(self, cookie: int) -> Verdict:
        """What stands for a browser session."""
        one = self.browsers.get(cookie)
        if one is None or self.now >= one.ends + GRACE_MS:
            return None
        if one.over is not None:
            return one.over.reason
        return "live" if self.now < one.ends else "expired"

    def check(self, key: Key) -> Verdict:
        """What a check answers."""
        one = self.sessions.get(key)
        if one is None:
            return None
        if one.tomb is not None:
            return one.tomb.reason if self.now < self.browsers[key[0]].ends + GRACE_MS else None
        if not one.stands(self.now):
            return None
        return "live" if self.now < one.ends else "expired"

    def live(self) -> dict[Key, Session]:
        """All live sessions."""
        return {key: one for key, one in self.sessions.items() if one.lives(self.now)}

    def over(self) -> dict[str, Over]:
        """What is kept of those that are over, by id."""
        return {one.id: one.end for one in self.sessions.values() if one.end is not None}

    def block(self, who: str) -> Block | None:
        """The block that stands."""
        one = self.blocks.get(who)
        return one if one is not None and (one.until is None or self.now < one.until) else None

    def standing(self, who: str) -> list[int]:
        """The cookies of the person's browser sessions whose records stand."""
        return [each for each, one in self.browsers.items() if one.who == who and self._stands(each)]

    def unnoted(self) -> list[Key]:
        """Those that time has ended and no sweep has noted."""
        return [
            key
            for key, one in self.sessions.items()
            if one.end is None and one.tomb is None and one.over_at <= self.now
        ]

    def _stands(self, cookie: int) -> bool:
        return self.browser(cookie) in {"live", "expired"}

    def end_browsers(self, cookies: Iterable[int], over: Over) -> "World":
        """End browser sessions with all that stands under them."""
        standing = [each for each in cookies if self._stands(each)]
        browsers = {**self.browsers, **{each: replace(self.browsers[each], over=over) for each in standing}}
        ended = {
            key: self._ended(one, over)
            for key, one in self.sessions.items()
            if key[0] in standing and one.stands(self.now)
        }
        return replace(self, browsers=browsers, sessions={**self.sessions, **ended})

    def end_session(self, key: Key, over: Over) -> "World":
        """End a live session, and its browser session where it was the last."""
        sessions = {**self.sessions, key: self._ended(self.sessions[key], over)}
        world = replace(self, sessions=sessions)
        if any(cookie == key[0] for cookie, _ in world.live()):
            return world
        browsers = {**self.browsers, key[0]: replace(self.browsers[key[0]], over=over)}
        return replace(world, browsers=browsers)

    def _ended(self, one: Session, over: Over) -> Session:
        told = over if self.now < one.ends else one.by_time()
        return replace(one, tomb=over, end=one.end or told)

    def swept(self) -> "World":
        """What time has ended is kept among those that are over."""
        noted = {key: replace(self.sessions[key], end=self.sessions[key].by_time()) for key in self.unnoted()}
        return replace(self, sessions={**self.sessions, **noted})

    def without_user(self, who: str, reason: EndReason) -> "World":
        """End all that a person has, take the record, and overtake the logins under way."""
        world = self.end_browsers(self.standing(who), Over(reason, ROOT, self.now))
        begun = {
            each: replace(one, overtaken=True) if one.who == who else one for each, one in self.begun.items()
        }
        users = {each: user for each, user in self.users.items() if each != who}
        return replace(world, users=users, begun=begun)
