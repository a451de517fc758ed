"""What a query asks for, and which refusal each mistake becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.finding import chosen, filtered, wanted_of
from admin_api.problems import Code, Problem
from session_store import Kind, Wanted

KINDS: list[Kind] = ["sessions", "users", "ended"]


def refused(query: dict[str, str], kind: Kind = "sessions") -> Problem:
    with pytest.raises(Problem) as caught:
        wanted_of(query, kind)
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
def test_without_parameters_everything_is_wanted(kind: Kind) -> None:
    assert wanted_of({}, kind) == Wanted()


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_and_a_search_are_both_wanted(kind: Kind) -> None:
    wanted = wanted_of({"filter": 'obj.email == "a@example.com"', "q": " ada "}, kind)
    assert wanted.filter is not None
    assert wanted.filter.kind == kind
    assert wanted.search is not None
    assert wanted.search.text == "ada"


def test_a_filter_is_of_the_list_that_it_is_used_on() -> None:
    assert filtered('obj.ended_reason == "idle"', "ended").filter is not None
    assert refused({"filter": 'obj.ended_reason == "idle"'}).code is Code.BAD_FILTER


def test_a_filter_that_goes_wrong_is_refused_with_the_place_and_the_reason() -> None:
    problem = refused({"filter": 'obj.tunnel = "wiki"'})
    assert problem.code is Code.BAD_FILTER
    assert problem.details["position"] == "11"
    assert "==" in problem.details["message"]


@pytest.mark.parametrize("text", ["", " ", "obj", "true || ", "\x00", "'\\ud800' == obj.name"])
def test_no_filter_at_all_is_never_taken_for_everything(text: str) -> None:
    assert refused({"filter": text}).code is Code.BAD_FILTER


def test_a_search_may_have_two_hundred_characters_and_no_more() -> None:
    assert wanted_of({"q": "x" * 200}, "users").search is not None
    assert refused({"q": "x" * 201}, "users").code is Code.BAD_SEARCH


def test_a_choice_is_the_first_value_unless_another_is_named() -> None:
    assert chosen({}, "state", "active", "ended") == "active"
    assert chosen({"state": "ended"}, "state", "active", "ended") == "ended"


@pytest.mark.parametrize("value", ["", "Active", "ended ", "active,ended", "x"])
def test_any_other_value_is_refused_with_those_there_are(value: str) -> None:
    with pytest.raises(Problem) as caught:
        chosen({"state": value}, "state", "active", "ended")
    assert caught.value.code is Code.BAD_CHOICE
    assert caught.value.details == {"parameter": "state", "values": "active, ended"}


def refusal_of(text: str, kind: Kind) -> Problem | None:
    try:
        filtered(text, kind)
    except Problem as problem:
        return problem
    return None


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=60) | st.text(alphabet="obj.namel=!&|()[]\"' in<>\\u,", max_size=60))
def test_any_text_is_a_filter_or_refused_as_one(kind: Kind, text: str) -> None:
    problem = refusal_of(text, kind)
    if problem is not None:
        assert problem.code is Code.BAD_FILTER
        assert 0 <= int(problem.details["position"]) <= len(text)
