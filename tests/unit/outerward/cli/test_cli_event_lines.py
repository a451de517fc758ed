from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outerward.cli import event_lines
from session_store import EVENT_TYPES


def name(user_id: object) -> str:
    return {"edgusr_1": "ada@example.com"}.get(str(user_id), str(user_id))


def line(**event: Any) -> str:
    return event_lines.line(event, name)


def test_every_event_has_its_words() -> None:
    assert set(event_lines.VERBS) - {"session"} == event_lines.TYPES == EVENT_TYPES


def test_a_login_says_who_where_and_with_what() -> None:
    device = {"browser_name": "Firefox", "os_name": "Linux"}
    shown = line(
        type="login",
        at="2026-05-04T12:00:00Z",
        actor="edgusr_1",
        user={"id": "edgusr_1"},
        sessions=[],
        details={"tunnel": "wiki", "ip_address": "192.0.2.1", "country_code": "DE", **device},
    )
    clock, rest = shown[:8], shown[8:]
    assert clock[2] == clock[5] == ":"
    words = [part.strip() for part in rest.split("  ") if part.strip()]
    assert words == ["signed in", "ada@example.com", "wiki, 192.0.2.1 DE, Firefox on Linux"]


def test_a_sign_in_to_the_dashboard_says_with_what() -> None:
    by_token = {"type": "dashboard_login", "actor": "token:owtok_1", "details": {"name": "ops", "by": "link"}}
    words = [
        part.strip() for part in line(at="2026-05-04T12:00:00Z", **by_token)[8:].split("  ") if part.strip()
    ]
    assert words == ["dashboard in", "ops", "with link, by token:owtok_1"]
    by_provider = {"type": "login", "actor": "edgusr_1", "user": {"id": "edgusr_1"}}
    assert event_lines.facts({**by_provider, "details": {"place": "dashboard"}}) == "dashboard"


def test_a_revocation_says_by_whom_why_and_how_many() -> None:
    facts = event_lines.facts(
        {
            "type": "revoke",
            "actor": "token:owtok_1",
            "user": {"id": "edgusr_1"},
            "sessions": ["edgses_1", "edgses_2"],
            "details": {"reason": "revoked", "note": "clean-up"},
        }
    )
    assert facts == '"clean-up", 2 sessions, by token:owtok_1'


def test_an_end_by_time_has_no_author_and_names_its_one_session() -> None:
    facts = event_lines.facts(
        {"type": "end", "actor": "time", "sessions": ["edgses_1"], "details": {"reason": "session_limit"}}
    )
    assert facts == "session limit, edgses_1"


def test_a_refused_login_names_the_account_and_a_token_its_name() -> None:
    assert (
        event_lines.who({"user": None, "details": {"account": "eve@example.com"}}, name) == "eve@example.com"
    )
    assert event_lines.who({"user": None, "details": {"name": "ci"}}, name) == "ci"
    assert event_lines.who({}, name) == "-"


def test_an_unknown_type_is_shown_as_it_is_and_hostile_text_is_escaped() -> None:
    shown = line(type="x\x1b[2J", at="no time", details={"reason": "a\nb", "note": "\u202e"}, sessions=[])
    assert shown.startswith("-  x\\x1b[2J")
    assert shown.isprintable()


def test_a_new_session_reads_like_an_event() -> None:
    session = {
        "id": "edgses_1",
        "created_at": "2026-05-04T12:00:00Z",
        "application_user": {"id": "edgusr_1"},
        "browser_session": {
            "ip_address": "192.0.2.1",
            "location": None,
            "user_agent": {"browser_name": "Firefox"},
        },
        "outerward": {"tunnel": "wiki"},
    }
    shown = event_lines.line(event_lines.of_session(session), name)
    assert "new session" in shown
    assert shown.endswith("wiki, 192.0.2.1, Firefox, edgses_1")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["id", "tunnel", "note", "x"]) | st.text(), inner)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("member", ["type", "at", "actor", "user", "sessions", "details"])
@given(value=ANY)
def test_whatever_an_event_holds_it_is_one_printable_line(member: str, value: object) -> None:
    event = {
        "type": "login",
        "at": "2026-05-04T12:00:00Z",
        "actor": "x",
        "sessions": [],
        "details": {},
        member: value,
    }
    assert event_lines.line(event, lambda user_id: "who").isprintable()
