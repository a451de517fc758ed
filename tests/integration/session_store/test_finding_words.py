"""Finding by words on a real server: what very many have in common is read in order, as far as need be."""

from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest

from session_store import keys
from session_store.ids import bare
from session_store.query import Search, Wanted
from session_store.query.grounds import Surveyor
from session_store.query.lookups import Lookup, Prefix, Word
from session_store.query.places import Place, Run, Stretch
from session_store.views import SessionView, UserView
from tests.integration.session_store.finding import Found, Population, finding, of_session, of_user, pages
from tests.integration.session_store.test_finding import ids_of, of_provider, some_sessions, strangers, wanted
from tests.unit.session_store.query.test_filter_words import VIEW


@pytest.fixture
async def found(store_url: str) -> AsyncIterator[Found]:
    async with finding(store_url) as one:
        yield one


def at_provider(view: UserView, name: str) -> UserView:
    return replace(view, user=msgspec.structs.replace(view.user, provider_name=name))


def sought(text: str) -> Wanted:
    return Wanted(search=Search(text))


def as_an_older_version_entered(found: Found, view: UserView, word: str) -> None:
    """The provider's name among the other words."""
    found.server.zrem(keys.USER_WORDS, b"\1" + word.encode() + b"\0" + bare(view.user.id))
    found.server.zadd(keys.USER_WORDS, {word.encode() + b"\0" + bare(view.user.id): 0})


async def mixed(found: Found) -> list[SessionView]:
    """Sessions at a provider, of a user of another one who is called like it, and of others; oldest first."""
    called = msgspec.structs.replace(VIEW.user.principal, name="Oktavia", username="", email="")
    namesake = replace(VIEW, user=msgspec.structs.replace(VIEW.user, principal=called))
    users = [of_user(at_provider(view, "Okta"), number) for number, view in enumerate(strangers(9))]
    users += [
        of_user(at_provider(namesake, "GitHub"), 9),
        of_user(at_provider(strangers(1)[0], "GitHub"), 10),
    ]
    sessions = [
        of_session(view, users[number % len(users)]) for number, view in enumerate(some_sessions(220))
    ]
    await found.fill(Population(tuple(users), tuple(sessions), ()))
    return sessions


async def test_a_provider_leads_to_its_sessions_beside_those_of_users_who_are_called_so(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many users it has."""
    monkeypatch.setattr("session_store.query.grounds._USERS_AT_MOST", 2)
    sessions = await mixed(found)
    expected = ids_of(view for view in sessions[::-1] if sought("okta").matches(view))
    assert len(expected) == 200
    page = await found.finder.sessions(sought("OKTA"), 100, None)
    assert (ids_of(page.items), found.kept.read) == (expected[:100], 101)
    for asked in (sought("okta"), sought("o")):
        assert await pages(found.finder, "sessions", asked, 7) == expected


async def test_where_there_are_very_many_providers_the_rows_answer(found: Found) -> None:
    users = [of_user(at_provider(view, f"P{number}"), number) for number, view in enumerate(strangers(18))]
    sessions = [of_session(view, user) for view, user in zip(some_sessions(18), users, strict=True)]
    await found.fill(Population(tuple(users), tuple(sessions), ()))
    assert await pages(found.finder, "sessions", sought("p1"), 4) == ids_of(
        view for view in sessions[::-1] if view.session.provider_name.startswith("P1")
    )


async def test_providers_that_differ_in_case_alone_are_both_found(found: Found) -> None:
    user = of_user(at_provider(VIEW, "OKTA"), 1)
    older, newer = (of_session(view, user) for view in some_sessions(2))
    sessions = (of_provider(older, "Okta"), newer)
    await found.fill(Population((user,), sessions, ()))
    assert await pages(found.finder, "sessions", sought("okta"), 9) == ids_of(sessions[::-1])


async def test_a_provider_that_an_older_version_entered_among_the_words_is_found(found: Found) -> None:
    users = [of_user(at_provider(view, "Okta"), number) for number, view in enumerate(strangers(3))]
    session = of_session(some_sessions(1)[0], users[0])
    await found.fill(Population(tuple(users), (session,), ()))
    for view in users[:2]:
        as_an_older_version_entered(found, view, "okta")
    expected = sorted((view.user.id for view in users), reverse=True)
    for asked in (
        sought("okta"),
        wanted('obj.identity_provider == "Okta"', "users"),
        wanted('obj.identity_provider.startsWith("Ok")', "users"),
    ):
        assert await pages(found.finder, "users", asked, 2) == expected
    assert await pages(found.finder, "sessions", sought("okta"), 9) == ids_of([session])


READ_AS: dict[str, tuple[Lookup, tuple[type[Place], ...]]] = {
    "a provider": (Word("okta"), (Run,)),
    "the beginning of one word": (Word("stran"), (Run,)),
    "the beginning of several words": (Word("1"), (Stretch,)),
    "no word": (Word("nobody"), ()),
    "the beginning of a provider": (Prefix("identity_provider", "Ok"), (Run,)),
}


@pytest.mark.parametrize(("lookup", "kinds"), READ_AS.values(), ids=READ_AS.keys())
async def test_users_of_one_word_are_read_in_order(
    found: Found, lookup: Lookup, kinds: tuple[type[Place], ...]
) -> None:
    users = [of_user(at_provider(view, "Okta"), number) for number, view in enumerate(strangers(12))]
    subjects = [msgspec.structs.replace(view.user.principal, subject=f"1{view.user.id}") for view in users]
    users = [
        replace(view, user=msgspec.structs.replace(view.user, principal=principal))
        for view, principal in zip(users, subjects, strict=True)
    ]
    await found.fill(Population(tuple(users), (), ()))
    at = await Surveyor(found.commands, "users").places((lookup,))
    assert at is not None
    assert tuple(type(place) for place in at) == kinds
