"""How an event is shown, and what may be asked for: any event, any words."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from admin_api.event_shapes import event_renderer
from admin_api.events import Choice, requested_choice
from admin_api.problems import Code, Problem
from session_store import EVENT_TYPES, Event, IdSource, StoredEvent

IDS = IdSource()
USER, SESSION, OTHER, TOKEN = IDS.user(), IDS.session(), IDS.session(), IDS.token()
NOON_MS = 1_700_000_000_999
NOON = "2023-11-14T22:13:20Z"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MEMBERS = {
    "id",
    "type",
    "at",
    "actor",
    "operation_id",
    "object",
    "user",
    "sessions",
    "effective_at",
    "details",
}


def shown(**members: Any) -> dict[str, Any]:
    event = Event(**{"type": "login", "at": NOON_MS, "actor": USER, **members})
    found: dict[str, Any] = json.loads(
        event_renderer("https://admin.example/")(StoredEvent("evt_1_0", event))
    )
    return found


@given(
    st.builds(
        Event,
        type=st.sampled_from(sorted(EVENT_TYPES)),
        at=st.integers(0, 2**47),
        actor=TEXT,
        user_id=TEXT,
        sessions=st.lists(TEXT, max_size=3).map(tuple),
        token_id=TEXT,
        operation_id=TEXT,
        effective_at=st.integers(0, 2**47),
        details=st.dictionaries(TEXT, TEXT, max_size=3),
    )
)
def test_every_event_is_one_line_of_json_with_the_same_members(event: Event) -> None:
    line = event_renderer("https://admin.example")(StoredEvent("evt_1_0", event))
    assert b"\n" not in line
    assert b"\r" not in line
    found = json.loads(line)
    assert set(found) == MEMBERS
    assert found["object"]["kind"] in {"user", "session", "token", "none"}
    assert found["details"] == event.details
    assert (found["effective_at"] is None) is (event.effective_at == 0)


def test_a_user_is_named_with_an_address_below_the_configured_one() -> None:
    assert shown(user_id=USER)["user"] == {"id": USER, "uri": f"https://admin.example/app/users/{USER}"}
    assert shown()["user"] is None


@pytest.mark.parametrize(
    ("members", "kind", "object_id"),
    [
        ({"token_id": TOKEN, "user_id": USER}, "token", TOKEN),
        ({"sessions": (SESSION,), "user_id": USER}, "session", SESSION),
        ({"sessions": (SESSION, OTHER), "user_id": USER}, "user", USER),
        ({"user_id": USER}, "user", USER),
        ({"sessions": (SESSION, OTHER)}, "none", ""),
        ({}, "none", ""),
    ],
    ids=["token", "one session", "sessions of a user", "user", "sessions of nobody", "nothing"],
)
def test_an_event_is_about_the_one_thing_that_it_names(
    members: dict[str, Any], kind: str, object_id: str
) -> None:
    assert shown(**members)["object"] == {"kind": kind, "id": object_id}


def test_times_are_those_of_the_api() -> None:
    told = shown(effective_at=NOON_MS, details={"until_ms": str(NOON_MS), "note": "n"})
    assert (told["at"], told["effective_at"]) == (NOON, NOON)
    assert told["details"] == {"note": "n", "until": NOON}


@given(TEXT, st.booleans())
def test_any_other_words_are_refused(text: str, of_types: bool) -> None:
    assume(text not in EVENT_TYPES)
    with pytest.raises(Problem) as refused:
        requested_choice({"type" if of_types else "user": text})
    assert refused.value.code is (Code.BAD_CHOICE if of_types else Code.BAD_ID)


@given(st.sets(st.sampled_from(sorted(EVENT_TYPES)), min_size=1))
def test_any_types_that_there_are_can_be_asked_for(types: set[str]) -> None:
    assert requested_choice({"type": ",".join(types), "user": USER}) == Choice(frozenset(types), USER)


@pytest.mark.parametrize(
    ("choice", "has"),
    [
        (Choice(), True),
        (Choice(frozenset({"login"})), True),
        (Choice(frozenset({"logout"})), False),
        (Choice(user_id=USER), True),
        (Choice(user_id=OTHER), False),
        (Choice(frozenset({"login"}), OTHER), False),
    ],
    ids=["all", "type", "other type", "user", "other user", "type of other user"],
)
def test_a_choice_has_what_it_names_and_nothing_else(choice: Choice, has: bool) -> None:
    assert choice.has(Event(type="login", at=0, actor=USER, user_id=USER)) is has
