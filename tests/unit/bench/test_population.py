"""The made-up population: how many of what, whatever its size, and that what is asked of it can be asked."""

from collections import Counter
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qs, urlsplit

import pytest

from bench.population import (
    DAY_MS,
    DEVOTED,
    MARKED,
    MARKED_AGO_MS,
    MARKED_COUNTRY,
    MARKED_NETWORK,
    MARKED_PROVIDER,
    MARKED_TUNNEL,
    OF_MARKED_COUNTRY,
    Login,
    Visit,
    logins,
)
from bench.questions import devoted, questions, questions_on_ended
from session_store import IdSource, parse_filter

SIZES = (1000, 10_000)


def story(sessions: int) -> list[Login]:
    return list(logins(sessions, sessions // 5))


@pytest.mark.parametrize("sessions", SIZES)
def test_a_population_has_as_many_sessions_as_were_asked_for(sessions: int) -> None:
    assert sum(len(login.visits) for login in story(sessions)) == sessions


def test_the_same_size_gives_the_same_population() -> None:
    assert story(1000) == story(1000)


@pytest.mark.parametrize("sessions", SIZES)
def test_as_many_sessions_are_marked_in_a_small_population_as_in_a_large_one(sessions: int) -> None:
    marked = [login for login in story(sessions) if login.visitor.provider_name == MARKED_PROVIDER]
    assert len(marked) == MARKED
    assert {login.ago_ms for login in marked} == {MARKED_AGO_MS}
    assert {visit.endpoint.tunnel for login in marked for visit in login.visits} == {MARKED_TUNNEL}
    addresses = {ip_address(visit.context.ip_address) for login in marked for visit in login.visits}
    assert len(addresses) == MARKED
    assert all(address in ip_network(MARKED_NETWORK) for address in addresses)


@pytest.mark.parametrize("sessions", SIZES)
def test_nobody_else_has_what_marks_them(sessions: int) -> None:
    marked: list[Visit] = []
    others: list[Visit] = []
    for login in story(sessions):
        (marked if login.visitor.provider_name == MARKED_PROVIDER else others).extend(login.visits)
    assert MARKED_TUNNEL not in {visit.endpoint.tunnel for visit in others}
    assert max(visit.idle_ms for visit in marked) < min(visit.idle_ms for visit in others) - 30_000


@pytest.mark.parametrize("sessions", SIZES)
def test_a_tenth_of_all_sessions_is_one_users_and_one_country_has_a_fixed_number(sessions: int) -> None:
    countries: Counter[str | None] = Counter()
    people: Counter[str] = Counter()
    for login in story(sessions):
        people[login.visitor.principal.subject] += len(login.visits)
        for visit in login.visits:
            assert visit.context.location is not None
            countries[visit.context.location.country_code] += 1
    assert people[DEVOTED] == pytest.approx(sessions // 10, abs=2)
    assert countries[MARKED_COUNTRY] == OF_MARKED_COUNTRY
    assert len(countries) > 30


def test_nobody_was_active_before_the_login_and_the_oldest_comes_first() -> None:
    told = story(1000)
    assert [login.ago_ms for login in told] == sorted((login.ago_ms for login in told), reverse=True)
    assert all(0 <= visit.idle_ms <= login.ago_ms for login in told for visit in login.visits)
    assert told[0].ago_ms == DAY_MS


def test_every_question_asks_for_what_can_be_asked() -> None:
    ids = IdSource()
    user, session = ids.user(), ids.session()
    asked = [
        *questions(1_800_000_000_000, {"user": user, "session": session}),
        devoted(user),
        *questions_on_ended(user),
    ]
    assert len({question.title for question in asked}) == len(asked)
    for question in asked:
        query = parse_qs(urlsplit(question.path).query, strict_parsing="?" in question.path)
        for text in query.get("filter", []):
            parse_filter(text, "ended" if query.get("state") == ["ended"] else "sessions")
