"""Everything that a store says of its sessions and people, held against the world of ``session_model``.

Each look answers in lines what is otherwise than it must be; no line, no fault.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from session_store import (
    ApplicationSession,
    Block,
    BrowserSession,
    Count,
    SessionView,
    Tombstone,
    Wanted,
    decode,
    is_tombstone,
    keys,
    parse_filter,
    user_tag,
)
from session_store.endings import event_type
from session_store.ids import bare
from tests.integration.session_store.keyspace import strays
from tests.support.scene import cookie, endpoint, person
from tests.support.session_acts import address, country, email, shown
from tests.support.session_machine import Machine, filter_of
from tests.support.session_model import CONTEXTS, PEOPLE, PLACES, Key, Session, Verdict, World
from tests.support.session_model import Block as Blocked

_ENDS = {"logout", "revoke", "end"}
_LIMIT = 1000


@dataclass(frozen=True)
class Seen:
    """What stands at every cookie and at each of its places, and what the provider said last of each."""

    browsers: dict[int, Verdict]
    checks: dict[Key, Verdict]
    said: dict[int, str]


async def see(machine: Machine, cookies: Iterable[int]) -> Seen:
    """What checks and browser sessions answer."""
    places = [(each, where) for each in cookies for where in PLACES]
    values = await asyncio.gather(
        *(machine.store.check(cookie(str(each)), endpoint(where).id) for each, where in places)
    )
    standing = {each: await machine.store.browser_session(cookie(str(each))) for each, _ in places}
    said = {each: one.principal.email for each, one in standing.items() if isinstance(one, BrowserSession)}
    checks: dict[Key, Verdict] = {}
    for key, value in zip(places, values, strict=True):
        if value is None or is_tombstone(value):
            checks[key] = None if value is None else decode(value, Tombstone).reason
            continue
        record = decode(value, ApplicationSession)
        checks[key] = "live" if record.expires_at > machine.clock() else "expired"
        if record.principal.email != said.get(key[0], record.principal.email):
            checks[key] = f"says {record.principal.email}"
    browsers = {each: _stands(one, machine.clock()) for each, one in standing.items()}
    return Seen(browsers, checks, said)


def _stands(one: BrowserSession | Tombstone | None, now: int) -> Verdict:
    if isinstance(one, BrowserSession):
        return "live" if one.expires_at > now else "expired"
    return one.reason if one is not None else None


def verdicts(world: World, seen: Seen) -> Iterator[str]:
    """What stands, cookie by cookie; that of a login that was refused may have been ended all the same."""
    for each, verdict in seen.browsers.items():
        is_refused = each not in world.browsers and verdict not in {"live", "expired"}
        if verdict != world.browser(each) and not is_refused:
            yield f"browser session {each} is {verdict}, not {world.browser(each)}"
    for key, verdict in seen.checks.items():
        if verdict != world.check(key):
            yield f"a check of {key} answers {verdict}, not {world.check(key)}"
    for each, told in seen.said.items():
        one = world.browsers.get(each)
        if one is not None and told != email(one.who, one.said):
            yield f"browser session {each} says {told}, not {one.said}"


async def lists(world: World, machine: Machine, turn: int) -> list[str]:
    """The lists of live and ended sessions, of users and of blocks; by one filter, another each ``turn``."""
    return [
        *await _live(world, machine),
        *await _matching(world, machine, *_question(world, turn)),
        *await _ended(world, machine),
        *await _people(world, machine),
    ]


async def _live(world: World, machine: Machine) -> list[str]:
    page = await machine.store.sessions(limit=_LIMIT, before=None)
    rows = [(view.session.id, *_activity(view)) for view in page.items]
    return _compared("sessions", rows, sorted(map(_row, world.live().values()), reverse=True))


async def _matching(world: World, machine: Machine, by: str, value: str) -> list[str]:
    matching = sorted(
        (one.id for key, one in world.live().items() if shown(world, key)[by] == value), reverse=True
    )
    wanted = Wanted(parse_filter(filter_of(by, value), "sessions"))
    page = await machine.store.sessions(limit=_LIMIT, before=None, wanted=wanted)
    found = _compared(f"sessions with {by} {value}", [view.session.id for view in page.items], matching)
    count = await machine.store.count("sessions", wanted)
    return found + _compared(f"count of those with {by} {value}", count, Count(len(matching), exact=True))


async def _ended(world: World, machine: Machine) -> list[str]:
    page = await machine.store.ended_sessions(limit=_LIMIT, before=None)
    rows = [
        (view.session.id, *_activity(view), (view.ended.reason, view.ended.by, view.ended.at))
        for view in page.items
        if view.ended is not None and view.session.user_id not in world.erased
    ]
    over = [
        (*_row(one), (one.end.reason, one.end.by, one.end.at))
        for one in world.sessions.values()
        if one.end is not None and one.user_id not in world.erased
    ]
    return _compared("sessions that are over", rows, sorted(over, reverse=True))


async def _people(world: World, machine: Machine) -> list[str]:
    page = await machine.store.users(limit=_LIMIT, before=None)
    rows = sorted(
        (view.user.id, view.user.principal.email, view.sessions, _block_of(view.block)) for view in page.items
    )
    live = Counter(one.user_id for one in world.live().values())
    users = sorted(
        (user_id, email(who, said), live[user_id], _block_of(world.block(who)))
        for who, (user_id, said) in world.users.items()
    )
    blocked = {_block_of(world.block(who)) for who in PEOPLE} - {None}
    found = _compared("users", rows, users)
    found += _compared("blocks", {_block_of(one) for one in await machine.store.blocks()}, blocked)
    for who, (user_id, _) in world.users.items():
        tag = user_tag(person(who).issuer, who)
        ids = [view.session.id for view in await machine.store.user_sessions(tag)]
        its = sorted((one.id for one in world.live().values() if one.user_id == user_id), reverse=True)
        found += _compared(f"sessions of {who}", ids, its)
    return found


async def events(world: World, machine: Machine) -> list[str]:
    """Every end is told once, as what it was, and nothing else is told as one."""
    page = await machine.store.events(limit=_LIMIT, before=None)
    told = sorted(
        (session_id, stored.event.type, stored.event.details["reason"])
        for stored in page.items
        if stored.event.type in _ENDS and stored.event.user_id not in world.erased
        for session_id in stored.event.sessions
    )
    over = sorted(
        (one.id, event_type(one.end.reason), one.end.reason.value)
        for one in world.sessions.values()
        if one.end is not None and one.user_id not in world.erased
    )
    return _compared("ends that are told", told, over)


async def keyspace(world: World, machine: Machine) -> list[str]:
    """What is stored once all has been swept: no entry leads nowhere, nothing of a session is for ever."""
    found = [f"a stray entry {each!r}" for each in strays(machine.url, machine.clock())]
    live = {one.id.encode() for one in world.live().values()}
    for who in PEOPLE:
        entries = machine.server.zrange(keys.user_applications(user_tag(person(who).issuer, who)), 0, -1)
        found += [f"{who} has an entry of {each!r}" for each in entries if each not in live]
    for part in ("a", "b", "e", "h", "m", "o", "s", "t", "z", "ua", "ub"):
        names = machine.server.keys(f"ow:{part}:*")
        found += [f"{name!r} is for ever" for name in names if machine.server.pttl(name) < 0]
    kept = await machine.store.ended_sessions(limit=_LIMIT, before=None)
    erased = [view.session.id for view in kept.items if view.session.user_id in world.erased]
    return found + [f"{each} was erased and is kept" for each in erased]


async def left_of(machine: Machine, user_id: str) -> list[str]:
    """What is kept of a user who has just been erased."""
    kept = await machine.store.ended_sessions(limit=_LIMIT, before=None)
    told = await machine.store.events(limit=_LIMIT, before=None, user_id=user_id)
    return [
        *(f"{view.session.id} is kept" for view in kept.items if view.session.user_id == user_id),
        *(f"{stored.event} is kept" for stored in told.items),
    ]


def left_listed(world: World, machine: Machine) -> list[str]:
    """Entries that lists of live sessions have of those noted as over: none, where nothing raced."""
    over = {bare(one.id) for one in world.sessions.values() if one.end is not None}
    return [
        f"{index!r} still has {member!r}"
        for index in (
            keys.SESSIONS,
            keys.ACTIVE,
            keys.ENDS,
            keys.BY_ENDPOINT,
            keys.BY_PROVIDER,
            keys.BY_IP,
            keys.BY_COUNTRY,
        )
        for member in machine.server.zrange(index, 0, -1)
        if member[-27:] in over
    ]


def _question(world: World, turn: int) -> tuple[str, str]:
    """A field that an index or the record knows, and a value."""
    ids = [user_id for user_id, _ in world.users.values()] or [""]
    which = turn // 6
    return (
        ("tunnel", tuple(PLACES)[which % len(PLACES)]),
        ("ip_address", address(which % CONTEXTS)),
        ("country_code", country(which % 2)),
        ("application_user_id", ids[which % len(ids)]),
        ("email", email(PEOPLE[which % len(PEOPLE)], which % 3)),
        ("identity_provider", "Corp"),
    )[turn % 6]


def _row(one: Session) -> tuple[str, int, int, str]:
    return one.id, one.last_active, one.requests, address(one.context)


def _activity(view: SessionView) -> tuple[int, int, str]:
    activity = view.activity
    return activity.last_active, activity.requests, activity.context.ip_address


def _block_of(block: Block | Blocked | None) -> str | None:
    return None if block is None else f"{block.user_id} until {block.until}"


def _compared(what: str, found: object, expected: object) -> list[str]:
    return [] if found == expected else [f"{what}: {found}, not {expected}"]
