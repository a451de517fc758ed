"""Finding on a real server: what an answer reads and refuses to read, and what stale entries do to it."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

import msgspec
import pytest

from session_store import keys
from session_store.ids import IdSource
from session_store.query import Count, Kind, Search, TooBroad, Wanted, parse_filter, reading
from session_store.query.grounds import Surveyor
from session_store.query.lookups import Word
from session_store.records import Context, Location, user_tag
from session_store.views import SessionView, UserView
from tests.integration.session_store.finding import (
    Found,
    Population,
    entering,
    finding,
    of_session,
    of_user,
    pages,
)
from tests.unit.session_store.query.rows import NOW_MS, make_endpoint, shown_time
from tests.unit.session_store.query.test_filter_words import SESSION, VIEW

MINUTE_MS = 60_000


@pytest.fixture
async def found(store_url: str) -> AsyncIterator[Found]:
    async with finding(store_url) as one:
        yield one


def wanted(text: str, kind: Kind = "sessions") -> Wanted:
    return Wanted(parse_filter(text, kind))


def some_sessions(count: int, like: SessionView = SESSION, first: int = 0) -> list[SessionView]:
    """Sessions a minute apart, the oldest first; the first is the youngest of ``first`` more."""
    views = []
    for number in range(first, first + count):
        at = NOW_MS - 10_000 * MINUTE_MS + number * MINUTE_MS
        ids = IdSource(now_s=lambda at=at: at / 1000)  # type: ignore[misc]
        session = msgspec.structs.replace(like.session, id=ids.session(), created_at=at)
        activity = msgspec.structs.replace(like.activity, last_active=at)
        views.append(replace(like, session=session, activity=activity))
    return views


def in_country(view: SessionView, country: str) -> SessionView:
    context = Context(ip_address="192.0.2.7", location=Location(country_code=country))
    return replace(view, activity=msgspec.structs.replace(view.activity, context=context))


def at_tunnel(view: SessionView, tunnel: str) -> SessionView:
    session = msgspec.structs.replace(view.session, endpoint=make_endpoint(tunnel, None))
    return replace(view, session=session)


def of_provider(view: SessionView, name: str) -> SessionView:
    return replace(view, session=msgspec.structs.replace(view.session, provider_name=name))


def ids_of(views: Iterable[SessionView]) -> list[str]:
    return [view.session.id for view in views]


async def enter_many(found: Found, count: int) -> list[SessionView]:
    """So many live sessions that only the list of all sessions knows."""
    views = some_sessions(count)
    found.kept.sessions = {view.session.id: view for view in views}
    await found.run([("ZADD", keys.SESSIONS, 0, view.session.id) for view in views])
    return views


async def people(found: Found, *sessions: SessionView) -> UserView:
    user = of_user(VIEW, 1)
    await found.fill(Population((user,), tuple(of_session(view, user) for view in sessions), ()))
    return user


def strangers(count: int) -> tuple[UserView, ...]:
    called = msgspec.structs.replace(VIEW.user.principal, name="", username="stranger", email="")
    views = [
        replace(VIEW, user=msgspec.structs.replace(VIEW.user, id=IdSource().user(), principal=called))
        for _ in range(count)
    ]
    return tuple(of_user(view, number) for number, view in enumerate(views, start=2))


# What is read


READS_LITTLE = {
    "a country": 'obj.country_code == "LU"',
    "two countries": 'obj.country_code in ["LU", "LI"]',
    "the beginning of a country": 'obj.country_code.startsWith("LU")',
    "a tunnel": 'obj.tunnel == "rare"',
    "the beginning of a tunnel": 'obj.tunnel.startsWith("ra")',
    "a provider": 'obj.identity_provider == "Rare"',
    "an address": 'obj.ip_address == "10.9.9.9"',
    "a network": 'inCidr(obj.ip_address, "10.9.9.0/24")',
    "octets": 'obj.ip_address.startsWith("10.9.")',
    "a time of activity": 'obj.last_active == timestamp("{at}")',
    "an id": 'obj.id == "{id}"',
    "the beginning of an id": 'obj.id.startsWith("{id}")',
    "one of some ids": 'obj.id in ["{id}", "no id"] && obj.country_code == "LU"',
    "a country among other things": 'obj.country_code == "LU" && obj.name.contains("A") && obj.edge == null',
}


@pytest.mark.parametrize("text", READS_LITTLE.values(), ids=READS_LITTLE.keys())
async def test_what_is_rare_is_found_without_reading_the_rest(found: Found, text: str) -> None:
    views = some_sessions(300)
    context = Context(ip_address="10.9.9.9", location=Location(country_code="LU"))
    rare = at_tunnel(of_provider(views[17], "Rare"), "rare")
    rare = replace(rare, activity=msgspec.structs.replace(rare.activity, context=context))
    await found.fill(Population((), (*views[:17], rare, *views[18:]), ()))
    at = "2027-01-08T09:37:00Z"
    assert shown_time(rare.activity.last_active) == at
    page = await found.finder.sessions(wanted(text.format(id=rare.session.id, at=at)), 100, None)
    assert ids_of(page.items) == [rare.session.id]
    assert found.kept.read <= 1


async def test_a_time_of_beginning_is_read_by_the_ids_around_it(found: Found) -> None:
    views = some_sessions(300)
    await found.fill(Population((), tuple(views), ()))
    first, last = (f'timestamp("2027-01-08T09:{minute}:00Z")' for minute in (37, 38))
    bounds = f"obj.created_at >= {first} && obj.created_at < {last}"
    page = await found.finder.sessions(wanted(bounds), 100, None)
    assert ids_of(page.items) == [views[17].session.id]
    assert found.kept.read <= 4


async def test_a_user_and_a_word_lead_to_the_user_s_sessions_alone(found: Found) -> None:
    user = of_user(VIEW, 1)
    mine = of_session(some_sessions(1, first=5)[0], user)
    others = [
        replace(view, session=msgspec.structs.replace(view.session, user_id="edgusr_" + "1" * 27))
        for view in some_sessions(200, first=6)
    ]
    await found.fill(Population((user,), (mine, *others), ()))
    for asked in (
        wanted(f'obj.application_user_id == "{user.user.id}"'),
        wanted(f'obj.application_user_id.startsWith("{user.user.id[:-1]}")'),
        Wanted(search=Search("lovelace")),
        Wanted(search=Search(user.user.id)),
    ):
        found.kept.read = 0
        assert mine.session.id in ids_of((await found.finder.sessions(asked, 100, None)).items)
        assert found.kept.read <= 201


async def test_the_sessions_of_too_many_users_are_left_to_the_rows(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    await found.fill(Population(strangers(5), (), ()))
    surveyor, asked = Surveyor(found.commands, "sessions"), (Word("stranger"),)
    for at_most, places in ((4, None), (5, 5)):
        monkeypatch.setattr("session_store.query.grounds._USERS_AT_MOST", at_most)
        at = await surveyor.places(asked)
        assert (None if at is None else len(at)) == places


BOTH = {
    "two values": 'obj.country_code == "LU" && obj.tunnel == "rare"',
    "a value and some": 'obj.country_code == "LU" && obj.tunnel in ["rare", "other"]',
    "a value and a time": 'obj.country_code == "LU" && obj.last_active >= timestamp("{at}")',
}


@pytest.mark.parametrize("text", BOTH.values(), ids=BOTH.keys())
async def test_what_two_indexes_have_in_common_is_found_without_reading_what_one_has(
    found: Found, text: str
) -> None:
    views = [
        at_tunnel(in_country(view, "LU" if number % 2 else "DE"), "rare" if number % 5 == 0 else "wiki")
        for number, view in enumerate(some_sessions(300))
    ]
    late = NOW_MS - MINUTE_MS
    active = [msgspec.structs.replace(view.activity, last_active=late) for view in views]
    views = [
        replace(view, activity=moved if number % 5 == 0 else view.activity)
        for number, (view, moved) in enumerate(zip(views, active, strict=True))
    ]
    await found.fill(Population((), tuple(views), ()))
    page = await found.finder.sessions(wanted(text.format(at=shown_time(late))), 100, None)
    assert (
        ids_of(page.items) == [view.session.id for number, view in enumerate(views) if number % 10 == 5][::-1]
    )
    assert found.kept.read == len(page.items)


async def test_a_page_of_everything_reads_one_row_more_than_it_shows(found: Found) -> None:
    views = await enter_many(found, 300)
    page = await found.finder.sessions(Wanted(), 100, None)
    assert (ids_of(page.items), page.more) == (ids_of(views[::-1][:100]), True)
    assert found.kept.read == 101


# What is too much


async def test_20000_rows_are_read_for_a_filter_of_no_index_and_not_more(found: Found) -> None:
    views = await enter_many(found, 20_001)
    seldom = wanted('obj.name.contains("Ada") && obj.expires_at < timestamp("2000-01-01T00:00:00Z")')
    with pytest.raises(TooBroad) as refused:
        await found.finder.sessions(seldom, 100, None)
    assert found.kept.read == 20_000
    assert refused.value.fields == (
        "application_user_id",
        "identity_provider",
        "tunnel",
        "edge",
        "ip_address",
        "country_code",
        "last_active",
        "created_at",
    )
    assert (await found.finder.sessions(seldom, 100, views[-1].session.id)).items == []


async def test_what_is_too_broad_is_told_without_the_fields_that_were_asked(found: Found) -> None:
    views = [in_country(view, "DE") for view in await enter_many(found, 20_001)]
    found.kept.sessions = {view.session.id: view for view in views}
    await found.run(
        [("ZADD", keys.BY_COUNTRY, 0, b"DE\0" + view.session.id[-27:].encode()) for view in views]
    )
    with pytest.raises(TooBroad) as refused:
        await found.finder.sessions(
            wanted('obj.country_code == "DE" && obj.name.contains("nobody")'), 1, None
        )
    assert "country_code" not in refused.value.fields
    assert "ip_address" in refused.value.fields


async def test_no_more_ids_are_looked_at_than_one_answer_may_cost(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "IDS_AT_MOST", 200)
    views = [
        at_tunnel(in_country(view, "DE" if number < 400 else "LU"), "wiki" if number >= 400 else "git")
        for number, view in enumerate(some_sessions(800))
    ]
    await found.fill(Population((), tuple(views), ()))
    with pytest.raises(TooBroad):
        await found.finder.sessions(wanted('obj.country_code == "DE" && obj.tunnel == "wiki"'), 1, None)
    assert found.kept.read == 0


async def test_a_list_of_everything_is_never_too_broad(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "IDS_AT_MOST", 200)
    (oldest,) = some_sessions(1)
    ids = IdSource(now_s=lambda: NOW_MS / 1000)
    await found.run([("ZADD", keys.SESSIONS, 0, ids.session()) for _ in range(20_500)])
    await found.run(entering(oldest))
    found.kept.sessions = {oldest.session.id: oldest}
    page = await found.finder.sessions(Wanted(), 1, None)
    assert ids_of(page.items) == [oldest.session.id]


# Pages


async def test_a_position_holds_when_its_row_is_gone(found: Found) -> None:
    views = [in_country(view, "DE") for view in some_sessions(9)]
    await found.fill(Population((), tuple(views), ()))
    asked = wanted('obj.country_code in ["DE", "FR"]')
    first = await found.finder.sessions(asked, 3, None)
    position = ids_of(first.items)[-1]
    found.server.zrem(keys.SESSIONS, position)
    found.server.zrem(keys.BY_COUNTRY, b"DE\0" + position[-27:].encode())
    del found.kept.sessions[position]
    second = await found.finder.sessions(asked, 3, position)
    assert ids_of([*first.items, *second.items]) == ids_of(views[::-1][:6])


@pytest.mark.parametrize("values", [2, 16, 17], ids=["two", "merged", "gathered"])
async def test_the_values_of_an_index_come_in_one_order(found: Found, values: int) -> None:
    countries = [f"{number:02}" for number in range(values)]
    views = [in_country(view, countries[number % values]) for number, view in enumerate(some_sessions(120))]
    await found.fill(Population((), tuple(views), ()))
    for asked in (wanted(f"obj.country_code in {countries}"), wanted('obj.country_code.startsWith("0")')):
        expected = [view for view in views[::-1] if asked.matches(view)]
        assert await pages(found.finder, "sessions", asked, 7) == ids_of(expected)


async def test_a_value_that_has_all_the_newest_is_read_on_before_the_others(found: Found) -> None:
    countries = [f"{number:02}" for number in range(16)]
    older, newest = some_sessions(300, first=400), some_sessions(40, first=700)
    views = [in_country(view, countries[number % 15]) for number, view in enumerate(older)]
    views += [in_country(view, countries[15]) for view in newest]
    await found.fill(Population((), (*some_sessions(400), *views), ()))
    asked = wanted(f"obj.country_code in {countries}")
    assert await pages(found.finder, "sessions", asked, 100) == ids_of(views[::-1])


IN_NO_ORDER = {
    "a network": 'inCidr(obj.ip_address, "10.9.0.0/16")',
    "a time of activity": 'obj.last_active >= timestamp("{at}")',
    "some ids": "obj.id in {ids}",
    "a user": 'obj.application_user_id == "{user}"',
}


@pytest.mark.parametrize("text", IN_NO_ORDER.values(), ids=IN_NO_ORDER.keys())
async def test_what_an_index_has_in_another_order_is_listed_newest_first(found: Found, text: str) -> None:
    user, late = of_user(VIEW, 1), NOW_MS - MINUTE_MS
    views = some_sessions(300)
    context = Context(ip_address="10.9.9.9")
    activity = msgspec.structs.replace(SESSION.activity, context=context, last_active=late)
    chosen = [of_session(replace(view, activity=activity), user) for view in views[::17]]
    stranger = msgspec.structs.replace(VIEW.user, id=IdSource().user(), tag=user_tag("issuer", "stranger"))
    others = [of_session(view, replace(VIEW, user=stranger)) for view in views if view not in views[::17]]
    await found.fill(Population((user,), (*chosen, *others), ()))
    asked = wanted(text.format(at=shown_time(late), ids=ids_of(chosen), user=user.user.id))
    assert await pages(found.finder, "sessions", asked, 4) == ids_of(chosen[::-1])


async def test_a_session_that_moved_is_listed_once_while_both_entries_stand(found: Found) -> None:
    (view,) = some_sessions(1)
    await found.fill(Population((), (in_country(view, "DE"),), ()))
    await found.run([("ZADD", keys.BY_COUNTRY, 0, b"FR\0" + view.session.id[-27:].encode())])
    page = await found.finder.sessions(wanted('obj.country_code in ["DE", "FR"]'), 100, None)
    assert ids_of(page.items) == [view.session.id]
    assert (await found.finder.sessions(wanted('obj.country_code == "FR"'), 100, None)).items == []


async def test_entries_without_rows_are_passed_over_and_leave_no_empty_page(found: Found) -> None:
    views = [in_country(view, "DE") for view in some_sessions(40)]
    await found.fill(Population((), tuple(views), ()))
    live = [view for number, view in enumerate(views) if number % 13 == 0]
    found.kept.sessions = {view.session.id: view for view in live}
    for asked in (
        wanted('obj.country_code == "DE"'),
        wanted("obj.last_active > timestamp('2020-01-01T00:00:00Z')"),
    ):
        assert await pages(found.finder, "sessions", asked, 2) == ids_of(live[::-1])
        assert await found.finder.count("sessions", asked) == Count(len(live), exact=True)


# Counts


async def test_few_rows_are_counted_on_the_rows(found: Found) -> None:
    views = [in_country(view, "DE") for view in some_sessions(30)]
    await found.fill(Population((), tuple(views), ()))
    for asked in (Wanted(), wanted('obj.country_code == "DE"'), wanted('obj.name.contains("Ada")')):
        assert await found.finder.count("sessions", asked) == Count(30, exact=True)


async def test_many_rows_are_counted_by_the_index_and_said_to_be_about_so_many(found: Found) -> None:
    await enter_many(found, 10_001)
    assert await found.finder.count("sessions", Wanted()) == Count(10_001, exact=False)
    assert found.kept.read == 0


async def test_what_no_index_knows_is_counted_as_far_as_it_may_be_read(found: Found) -> None:
    await enter_many(found, 10_001)
    counted = await found.finder.count("sessions", wanted('obj.name.contains("Ada")'))
    assert counted == Count(10_000, exact=False)


async def test_counting_takes_a_second_and_not_more(store_url: str) -> None:
    now = iter(range(NOW_MS, NOW_MS + 10**6, 400))
    async with finding(store_url) as found:
        found.finder._now_ms = lambda: next(now)
        await enter_many(found, 9_000)
        counted = await found.finder.count("sessions", wanted('obj.name.contains("Ada")'))
    assert counted == Count(2_000, exact=False)


# Users and sessions that are over


async def test_users_are_found_by_a_word_of_theirs_whatever_its_case(found: Found) -> None:
    user = await people(found)
    for asked in (Wanted(search=Search("LOVE")), wanted('obj.email == "ada@example.com"', "users")):
        assert [view.user.id for view in (await found.finder.users(asked, 100, None)).items] == [user.user.id]
    assert (
        await found.finder.users(wanted('obj.email == "ADA@example.com"', "users"), 100, None)
    ).items == []


async def test_a_user_with_many_words_that_begin_alike_is_listed_once(found: Found) -> None:
    user, others = of_user(VIEW, 1), strangers(30)
    await found.fill(Population((user, *others), (), ()))
    page = await found.finder.users(Wanted(search=Search("ada")), 1, None)
    assert ([view.user.id for view in page.items], page.more) == ([user.user.id], False)
    assert await found.finder.count("users", Wanted(search=Search("ada"))) == Count(1, exact=True)
