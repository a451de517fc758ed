"""Acts at random: drafts that know nothing of the world, and what each means in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from hypothesis import strategies as st

from tests.support.session_acts import (
    Act,
    Begin,
    BlockUser,
    Delete,
    EndByName,
    Erase,
    Login,
    Logout,
    LogoutElsewhere,
    Refresh,
    Revoke,
    RevokeFound,
    RevokeNamed,
    Sweep,
    Touch,
    Unblock,
    Visit,
    Wait,
    shown,
)
from tests.support.session_model import CONTEXTS, PEOPLE, PLACES, Key, World

_WAITS = (1, 4, 11, 21, 31, 45)
_AMONG_LATEST = (0, 0, 0, 1, 1, 2)
_PERSON = (0, 0, 1)
_BEGIN = ("login", "login", "login begun", "visit", "visit", "visit again", "touch", "refresh")
_END = (
    *("revoke", "logout", "logout elsewhere", "end one", "end person", "block", "delete", "erase"),
    *("revoke found", "revoke named"),
)
_ALONE = (
    *_BEGIN,
    *_END,
    "begin",
    "unblock",
    "touch",
    "visit again",
    "sweep due",
    "wait",
    "wait",
    "wait",
    "sweep whole",
)
_RACING = (*_BEGIN, *_END, "unblock", "sweep due")


@dataclass(frozen=True)
class Draft:
    """An act in numbers: which person, which of the latest cookies, which place, and what else it needs."""

    kind: str
    who: int
    nth: int
    where: int
    extra: int


@dataclass(frozen=True)
class Race:
    """Two acts at once; ``turns`` are which of them goes on, command by command."""

    one: Draft
    two: Draft
    turns: tuple[int, ...]


def drafts(*kinds: str) -> st.SearchStrategy[Draft]:
    """Any act of these ``kinds``."""
    return st.builds(
        Draft,
        kind=st.sampled_from(kinds),
        who=st.sampled_from(_PERSON),
        nth=st.sampled_from(_AMONG_LATEST),
        where=st.integers(0, len(PLACES) - 1),
        extra=st.integers(0, 5),
    )


def _close(one: Draft, two: Draft, turns: tuple[int, ...]) -> Race:
    """A race of two acts on the same person and cookie."""
    return Race(one, replace(two, who=one.who, nth=one.nth), turns)


def stories(length: int) -> st.SearchStrategy[list[Draft | Race]]:
    """Stories of at most ``length`` scenes: an act, two that race, somebody comes, late or back."""
    turns = st.lists(st.integers(0, 1), max_size=40).map(tuple)
    alone = drafts(*_ALONE).map(lambda one: [one])
    comes = st.tuples(drafts("login"), drafts("visit"), drafts("visit", "touch")).map(
        lambda some: [replace(one, nth=0) for one in some]
    )
    comes_back = st.tuples(drafts("wait"), drafts("visit again", "touch")).map(list)
    is_slow = st.tuples(
        drafts("begin"), drafts(*_END, "delete", "delete", "wait"), drafts("login begun")
    ).map(lambda some: [replace(one, who=some[0].who, extra=0) for one in some])
    race = st.builds(Race, drafts(*_RACING), drafts(*_RACING), turns).map(lambda one: [one])
    close = st.builds(_close, drafts(*_END, "block", "delete"), drafts("login", *_BEGIN), turns).map(
        lambda one: [one]
    )
    calm = (alone, alone, comes, comes, comes_back, is_slow)
    among = st.sampled_from([calm, (*calm, race, close, close)]).map(lambda some: st.one_of(*some))
    scenes = among.flatmap(lambda scene: st.lists(scene, min_size=length // 2, max_size=length))
    return scenes.map(lambda some: list(chain.from_iterable(some)))


@dataclass(frozen=True)
class Hand:
    """What acts can be about: cookies and sessions that browsers have, and all that people were called."""

    cookies: Sequence[int]
    sessions: Sequence[Key]
    ids: Mapping[str, Sequence[str]]


def meant(world: World, hand: Hand, draft: Draft, fresh: int) -> Act | None:
    """The act that ``draft`` is in this world, None where there is nothing to do it to.

    ``fresh``: a cookie that no login has.
    """
    who, where = PEOPLE[draft.who], tuple(PLACES)[draft.where]
    ids, cookies = hand.ids.get(who, ()), sorted(hand.cookies, reverse=True)
    of_person = _of_person(draft, who, ids, fresh)
    if of_person is not None:
        return of_person
    if draft.kind == "login begun":
        begun = [each for each, one in world.begun.items() if one.who == who][-1 - draft.extra % 2 :]
        return Login(who, fresh, begun[0]) if begun else None
    if not cookies:
        return None
    of_cookie = _of_cookie(world, draft, cookies[min(draft.nth, len(cookies) - 1)], where)
    keys = sorted(hand.sessions, reverse=True)
    return of_cookie if of_cookie is not None or not keys else _of_session(world, draft, keys)


def _of_person(draft: Draft, who: str, ids: Sequence[str], fresh: int) -> Act | None:
    match draft.kind:
        case "begin":
            return Begin(who)
        case "login":
            return Login(who, fresh)
        case "wait":
            return Wait(_WAITS[draft.extra])
        case "sweep due" | "sweep whole":
            return Sweep(draft.kind == "sweep whole")
        case "end person":
            return EndByName(who, None)
    if not ids:
        return None
    user_id = ids[-1 - draft.nth % min(2, len(ids))]
    match draft.kind:
        case "block":
            return BlockUser(who, user_id, draft.extra < 2)
        case "unblock":
            return Unblock(who, user_id)
        case "delete":
            return Delete(who, user_id)
        case "erase":
            return Erase(who, user_id)
    return None


def _of_session(world: World, draft: Draft, keys: Sequence[Key]) -> Act | None:
    cookie, where = keys[min(draft.nth, len(keys) - 1)]
    match draft.kind:
        case "visit again":
            return Visit(cookie, where, draft.extra % CONTEXTS)
        case "touch":
            return Touch(cookie, where, draft.extra if draft.extra < CONTEXTS else None)
        case "revoke":
            return Revoke(cookie, where)
        case "revoke found":
            by, value = tuple(shown(world, (cookie, where)).items())[draft.extra]
            return RevokeFound(by, value)
        case "revoke named":
            return RevokeNamed(tuple(keys[draft.nth : draft.nth + 1 + draft.extra]))
    return None


def _of_cookie(world: World, draft: Draft, cookie: int, where: str) -> Act | None:
    match draft.kind:
        case "visit":
            return Visit(cookie, where, draft.extra % CONTEXTS)
        case "logout":
            return Logout(cookie)
        case "logout elsewhere":
            return LogoutElsewhere(world.browsers[cookie].who, cookie)
        case "end one":
            return EndByName(world.browsers[cookie].who, cookie)
        case "refresh":
            return Refresh(cookie, 1 + draft.extra)
    return None
