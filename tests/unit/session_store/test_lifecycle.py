"""The state machine of a session, as a table."""

from session_store import NOTICE_REASONS, EndReason, State
from session_store.lifecycle import TRANSITIONS

ENDS = {State.IDLE, State.EXPIRED, State.ENDED}


def reachable(start: State) -> set[State]:
    found: set[State] = set()
    ahead = [start]
    while ahead:
        for state in TRANSITIONS[ahead.pop()] - found:
            found.add(state)
            ahead.append(state)
    return found


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(State)


def test_no_step_leads_out_of_an_ended_state() -> None:
    for state in ENDS:
        assert reachable(state) == set()


def test_every_state_can_come_about_and_every_one_can_end() -> None:
    assert reachable(State.ANONYMOUS) == set(State)
    for state in set(State) - ENDS:
        assert reachable(state) >= ENDS


def test_only_an_accepted_answer_of_the_provider_makes_a_session_active() -> None:
    assert {state for state, steps in TRANSITIONS.items() if State.ACTIVE in steps} == {State.PENDING_LOGIN}


def test_the_reasons_are_those_of_the_api() -> None:
    """Admin API, part 2, *ended sessions*."""
    assert sorted(reason.value for reason in EndReason) == [
        "back_channel",
        "blocked",
        "expired",
        "front_channel",
        "idle",
        "logout",
        "pin",
        "refresh_refused",
        "replaced",
        "revoked",
        "saml_logout",
        "session_limit",
        "user_deleted",
    ]


def test_the_visitor_is_told_of_ends_that_others_brought_about() -> None:
    assert {EndReason.REVOKED, EndReason.SESSION_LIMIT, EndReason.LOGOUT} <= NOTICE_REASONS
    assert not NOTICE_REASONS & {EndReason.EXPIRED, EndReason.IDLE, EndReason.REPLACED}


def test_whom_a_pin_keeps_out_is_told_nothing_and_a_refused_refresh_is_left_to_the_login() -> None:
    assert not NOTICE_REASONS & {EndReason.PIN, EndReason.REFRESH_REFUSED}
