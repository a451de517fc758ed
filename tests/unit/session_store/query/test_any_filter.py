"""Filters drawn at random: any text is read or refused in words, and what is read means what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store.query import Filter, FilterError, Kind, parse_filter
from session_store.query.fields import FIELDS
from session_store.views import SessionView, UserView
from tests.unit.session_store.query.expressions import Tree, Writer, says, trees
from tests.unit.session_store.query.rows import ended_sessions, session_object, sessions, user_object, users

KINDS: tuple[Kind, ...] = ("sessions", "users", "ended")
PIECES = (
    "obj. obj.name obj.last_active name tunnel . startsWith( contains( inCidr( timestamp( in [ ] ( ) , ! && "
    '|| == != < >= " \' \\ "a" 1 -2.5 true null \ud800 \0 ß = & "2026-01-01T00:00:00Z" "10.0.0.0/8"'
)
anything = st.text(max_size=60) | st.lists(st.sampled_from([*PIECES.split(" "), " "]), max_size=30).map(
    "".join
)


def refused_or_read(text: str, kind: Kind) -> Filter | None:
    try:
        return parse_filter(text, kind)
    except FilterError as error:
        refusal = error
    assert 0 <= refusal.position <= len(text)
    assert refusal.message.endswith((".", "?", "…"))
    assert refusal.message.isprintable()
    assert len(refusal.message) < 240
    return None


@pytest.mark.parametrize("kind", KINDS)
@given(text=anything)
def test_any_text_is_read_or_refused_in_words_with_its_place(kind: Kind, text: str) -> None:
    refused_or_read(text, kind)


@given(view=sessions(), text=anything)
def test_what_any_text_is_read_as_can_be_asked_of_a_row(view: SessionView, text: str) -> None:
    found = refused_or_read(text, "sessions")
    assert found is None or found.matches(view) in (True, False)


@given(data=st.data(), tree=trees("sessions"), view=sessions())
def test_a_filter_on_sessions_means_what_it_says(data: st.DataObject, tree: Tree, view: SessionView) -> None:
    text = Writer(data).write(tree)
    assert parse_filter(text, "sessions").matches(view) is says(tree, session_object(view))


@given(data=st.data(), tree=trees("ended"), view=ended_sessions())
def test_a_filter_on_ended_sessions_means_what_it_says(
    data: st.DataObject, tree: Tree, view: SessionView
) -> None:
    text = Writer(data).write(tree)
    assert parse_filter(text, "ended").matches(view) is says(tree, session_object(view))


@given(data=st.data(), tree=trees("users"), view=users())
def test_a_filter_on_users_means_what_it_says(data: st.DataObject, tree: Tree, view: UserView) -> None:
    text = Writer(data).write(tree)
    assert parse_filter(text, "users").matches(view) is says(tree, user_object(view))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_every_field_can_be_read_of_every_row(kind: Kind, data: st.DataObject) -> None:
    view = data.draw({"sessions": sessions(), "users": users(), "ended": ended_sessions()}[kind])
    for field in FIELDS[kind].values():
        field.read(view)
