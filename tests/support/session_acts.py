"""Acts on sessions, each with what it makes of the world of ``session_model`` and what it is answered.

Knows no store. An act names its cookie, its user id and its place whole, so that of two that race each means
the same whichever comes first.
"""

from dataclasses import dataclass, replace

from session_store import EndReason
from tests.support.session_model import (
    BLOCK_LASTS_MS,
    LOGIN_LASTS_MS,
    MINUTE_MS,
    PLACES,
    ROOT,
    Begun,
    Block,
    Browser,
    Key,
    Over,
    Session,
    World,
)

Answer = str | int | EndReason | None
Outcome = tuple[World, Answer]

MAYBE = "maybe"
"""An answer that may be either."""


@dataclass(frozen=True)
class Told:
    """The ids that the store gave in an act, "" where it gave none."""

    user_id: str = ""
    session_id: str = ""


@dataclass(frozen=True)
class Begin:
    who: str

    def on(self, world: World, _: Told) -> Outcome:
        return replace(world, begun={**world.begun, len(world.begun): Begun(self.who, world.now)}), None


@dataclass(frozen=True)
class Login:
    """A login with a cookie of its own: all in one, or one that has begun before."""

    who: str
    cookie: int
    begun: int | None = None

    def on(self, world: World, told: Told) -> Outcome:
        begun = Begun(self.who, world.now) if self.begun is None else world.begun[self.begun]
        if begun.named or world.now >= begun.at + LOGIN_LASTS_MS:
            return world, "overtaken"
        block = world.block(self.who)
        if block is not None:
            return world, f"blocked until {block.until}"
        if begun.overtaken:
            return world, "overtaken"
        user_id, _ = world.users.get(self.who, (told.user_id, 0))
        browser = Browser(self.who, user_id, world.now)
        users = {**world.users, self.who: (user_id, 0)}
        return replace(world, users=users, browsers={**world.browsers, self.cookie: browser}), "live"


@dataclass(frozen=True)
class Visit:
    cookie: int
    where: str
    context: int

    def on(self, world: World, told: Told) -> Outcome:
        key, browser = (self.cookie, self.where), world.browsers[self.cookie]
        ends = min(browser.began + PLACES[self.where].lasts_ms, browser.ends)
        if ends <= world.now:
            return world, EndReason.EXPIRED
        stands = world.browser(self.cookie)
        if stands != "live":
            return world, stands
        if key in world.sessions:
            return world, world.check(key) or EndReason.IDLE
        session = Session(
            told.session_id, browser.user_id, self.where, world.now, ends, world.now, self.context
        )
        return replace(world, sessions={**world.sessions, key: session}), "live"


@dataclass(frozen=True)
class Touch:
    cookie: int
    where: str
    context: int | None

    def on(self, world: World, _: Told) -> Outcome:
        session = world.sessions.get((self.cookie, self.where))
        if session is None or session.end is not None or not session.stands(world.now):
            return world, None
        context = session.context if self.context is None else self.context
        touched = replace(session, last_active=world.now, requests=session.requests + 1, context=context)
        return replace(world, sessions={**world.sessions, (self.cookie, self.where): touched}), None


@dataclass(frozen=True)
class Wait:
    minutes: int

    def on(self, world: World, _: Told) -> Outcome:
        return replace(world, now=world.now + self.minutes * MINUTE_MS), None


@dataclass(frozen=True)
class Revoke:
    """An administrator ends one application session."""

    cookie: int
    where: str

    def on(self, world: World, _: Told) -> Outcome:
        key = (self.cookie, self.where)
        if key not in world.live():
            return world, False
        return world.end_session(key, Over(EndReason.REVOKED, ROOT, world.now)), True


@dataclass(frozen=True)
class Logout:
    cookie: int

    def on(self, world: World, _: Told) -> Outcome:
        stood = world.browser(self.cookie) in {"live", "expired"}
        return world.end_browsers([self.cookie], Over(EndReason.LOGOUT, ROOT, world.now)), stood


@dataclass(frozen=True)
class LogoutElsewhere:
    who: str
    keep: int

    def on(self, world: World, _: Told) -> Outcome:
        others = [each for each in world.standing(self.who) if each != self.keep]
        return world.end_browsers(others, Over(EndReason.LOGOUT, ROOT, world.now)), len(others)


@dataclass(frozen=True)
class EndByName:
    """The provider ends one login, by its ``sid``, or all of a person, by the subject."""

    who: str
    cookie: int | None

    def on(self, world: World, _: Told) -> Outcome:
        standing = world.standing(self.who)
        ended = standing if self.cookie is None else [each for each in standing if each == self.cookie]
        begun = {
            each: replace(one, named=True) if self.cookie is None and one.who == self.who else one
            for each, one in world.begun.items()
        }
        over = Over(EndReason.BACK_CHANNEL, "provider:corp", world.now)
        return replace(world.end_browsers(ended, over), begun=begun), len(ended)


@dataclass(frozen=True)
class BlockUser:
    who: str
    user_id: str
    for_good: bool

    def on(self, world: World, _: Told) -> Outcome:
        stands = world.block(self.who)
        is_known = world.users.get(self.who, ("", 0))[0] == self.user_id
        if not is_known and (stands is None or stands.user_id != self.user_id):
            return world, None
        block = Block(self.user_id, None if self.for_good else world.now + BLOCK_LASTS_MS)
        over = Over(EndReason.BLOCKED, ROOT, world.now)
        blocked = replace(world, blocks={**world.blocks, self.who: block})
        return blocked.end_browsers(world.standing(self.who), over), "blocked"


@dataclass(frozen=True)
class Unblock:
    who: str
    user_id: str

    def on(self, world: World, _: Told) -> Outcome:
        block = world.block(self.who)
        if block is None or block.user_id != self.user_id:
            return world, False
        return _unblocked(world, self.who), True


@dataclass(frozen=True)
class Delete:
    who: str
    user_id: str

    def on(self, world: World, _: Told) -> Outcome:
        if world.users.get(self.who, ("", 0))[0] != self.user_id:
            return world, False
        return world.without_user(self.who, EndReason.USER_DELETED), True


@dataclass(frozen=True)
class Erase:
    """As a deletion, with what is kept of sessions that are over, and a block."""

    who: str
    user_id: str

    def on(self, world: World, told: Told) -> Outcome:
        world = world.swept()
        erased, was_there = Delete(self.who, self.user_id).on(world, told)
        block = world.block(self.who)
        if block is not None and block.user_id == self.user_id:
            erased, was_there = _unblocked(erased, self.who), True
        kept = any(one.end and one.user_id == self.user_id for one in world.sessions.values())
        known = was_there or (kept and self.user_id not in world.erased)
        return replace(erased, erased=world.erased | {self.user_id}), True if known else MAYBE


@dataclass(frozen=True)
class RevokeFound:
    """An administrator ends what a filter finds; all of a user, their logins too."""

    by: str
    value: str

    def on(self, world: World, _: Told) -> Outcome:
        found = sorted(
            (key for key in world.live() if shown(world, key)[self.by] == self.value),
            key=lambda key: world.sessions[key].id,
            reverse=True,
        )
        after = world
        for key in found:
            after = after.end_session(key, Over(EndReason.REVOKED, ROOT, world.now))
        if self.by == "application_user_id":
            whose = [who for who, (user_id, _) in world.users.items() if user_id == self.value]
            logins = [each for who in whose for each in world.standing(who)]
            after = after.end_browsers(logins, Over(EndReason.REVOKED, ROOT, world.now))
        return after, len(found)


@dataclass(frozen=True)
class RevokeNamed:
    """An administrator ends sessions by their ids."""

    keys: tuple[Key, ...]

    def on(self, world: World, _: Told) -> Outcome:
        found = [key for key in dict.fromkeys(self.keys) if key in world.live()]
        after = world
        for key in found:
            after = after.end_session(key, Over(EndReason.REVOKED, ROOT, world.now))
        return after, len(found)


@dataclass(frozen=True)
class Refresh:
    """The provider says something else of the person, asked about one browser session."""

    cookie: int
    said: int

    def on(self, world: World, _: Told) -> Outcome:
        if world.browser(self.cookie) not in {"live", "expired"}:
            return world, False
        browser = replace(world.browsers[self.cookie], said=self.said)
        users = dict(world.users)
        if users.get(browser.who, ("", 0))[0] == browser.user_id:
            users[browser.who] = (browser.user_id, self.said)
        return replace(world, users=users, browsers={**world.browsers, self.cookie: browser}), True


@dataclass(frozen=True)
class Sweep:
    """What is due is noted, or every index is gone through whole."""

    whole: bool

    def on(self, world: World, _: Told) -> Outcome:
        return world.swept(), None


Act = (
    Begin
    | Login
    | Visit
    | Touch
    | Wait
    | Revoke
    | Logout
    | LogoutElsewhere
    | EndByName
    | BlockUser
    | Unblock
    | Delete
    | Erase
    | RevokeFound
    | RevokeNamed
    | Refresh
    | Sweep
)


def shown(world: World, key: Key) -> dict[str, str]:
    """A session's fields, by the names that a filter has for them."""
    session, browser = world.sessions[key], world.browsers[key[0]]
    return {
        "application_user_id": session.user_id,
        "tunnel": session.where,
        "ip_address": address(session.context),
        "country_code": country(session.context),
        "email": email(browser.who, browser.said),
        "identity_provider": "Corp",
    }


def email(who: str, said: int) -> str:
    """What the provider said."""
    return f"{who}{said}@example.com"


def address(context: int) -> str:
    """From where."""
    return f"192.0.2.{context}"


def country(context: int) -> str:
    """In which country: the last two contexts differ in their addresses alone."""
    return "NO" if context == 0 else "SE"


def _unblocked(world: World, who: str) -> World:
    return replace(world, blocks={each: one for each, one in world.blocks.items() if each != who})
