"""The gate: which bytes of the store make which verdict, and that anything unexpected is *unavailable*."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.credentials import Credentials, Lines
from proxy.gate import Allow, FirstVisit, Forbid, Gate, Login, ended, expiry_at
from proxy.person import account_of
from proxy.routes import Route
from session_store import (
    ApplicationSession,
    BrowserSession,
    CookieHash,
    EndReason,
    Principal,
    SessionId,
    StoreUnavailable,
    Tombstone,
    UserId,
    user_tag,
)
from session_store import endpoint_id as named
from tests.support.edge import HOST, ISSUER, ada, plain_gate, route
from tests.support.upstreams import Echo

NOW = 1_000_000_000
HASH = CookieHash(b"h" * 32)
OTHER = CookieHash(b"o" * 32)
ROUTE = route(Echo().address, allow=["@example.com"])
ENCODER = msgspec.msgpack.Encoder()


def stored(record: msgspec.Struct, mark: bytes | None = None) -> bytes:
    """The bytes of a record as the store has them."""
    marks = {ApplicationSession: b"A1", BrowserSession: b"B1", Tombstone: b"T1"}
    return (mark or marks[type(record)]) + ENCODER.encode(record)


def session(principal: Principal | None = None, **changes: Any) -> ApplicationSession:
    values = {
        "id": SessionId("edgses_1"),
        "cookie_hash": HASH,
        "endpoint": ROUTE.endpoint,
        "user_id": UserId("edgusr_1"),
        "user_tag": user_tag(ISSUER, "ada"),
        "principal": principal or ada(),
        "created_at": NOW - 1000,
        "expires_at": NOW + 1000,
        "idle_timeout_s": 0,
    }
    return ApplicationSession(**{**values, **changes})


def browser(principal: Principal | None = None, **changes: Any) -> BrowserSession:
    values = {
        "cookie_hash": HASH,
        "user_id": UserId("edgusr_1"),
        "user_tag": user_tag(ISSUER, "ada"),
        "generation": 0,
        "scope": HOST,
        "principal": principal or ada(),
        "issued_at": NOW - 1000,
        "expires_at": NOW + 3_600_000,
    }
    return BrowserSession(**{**values, **changes})


def tombstone(reason: EndReason = EndReason.REVOKED, **changes: Any) -> Tombstone:
    values = {
        "cookie_hash": HASH,
        "endpoint_id": ROUTE.endpoint.id,
        "reason": reason,
        "ended_by": "admin",
        "ended_at": NOW,
    }
    return Tombstone(**{**values, **changes})


def judge(value: bytes | None, at: Route = ROUTE, gate: Gate | None = None, now: int = NOW) -> object:
    return (gate or plain_gate()).judge(value, HASH, at, now)


# What a check says


def test_a_live_record_of_somebody_who_may_is_let_through_with_their_identity() -> None:
    verdict = judge(stored(session()))

    assert isinstance(verdict, Allow)
    assert verdict.session == session()
    assert b"X-Forwarded-User: ada\r\n" in verdict.identity_lines


def test_nothing_stored_is_a_first_visit_and_not_yet_a_verdict() -> None:
    assert isinstance(judge(None), FirstVisit)


def test_a_record_of_somebody_whom_the_rules_refuse_is_forbidden_by_name() -> None:
    assert judge(stored(session(ada(email="ada@other.example")))) == Forbid("ada@other.example")
    assert judge(stored(session(ada(email_verified=False)))) == Forbid("ada@example.com")


@pytest.mark.parametrize(("ahead", "alive"), [(-1, True), (0, False), (1, False)])
def test_a_session_ends_in_the_very_millisecond_that_it_expires(ahead: int, alive: bool) -> None:
    verdict = judge(stored(session()), now=NOW + 1000 + ahead)

    assert isinstance(verdict, Allow) if alive else verdict == Login("expired")


def test_a_session_by_another_provider_than_the_routes_is_none() -> None:
    assert judge(stored(session(ada(provider="okta")))) == Login("no_session")


REASONS = {
    EndReason.EXPIRED: "expired",
    EndReason.IDLE: "idle",
    EndReason.LOGOUT: "logged_out",
    EndReason.REPLACED: "logged_out",
    EndReason.BACK_CHANNEL: "logged_out",
    EndReason.FRONT_CHANNEL: "logged_out",
    EndReason.SAML_LOGOUT: "logged_out",
    EndReason.REVOKED: "revoked",
    EndReason.USER_DELETED: "revoked",
    EndReason.BLOCKED: "blocked",
    EndReason.SESSION_LIMIT: "revoked",
    EndReason.PIN: "revoked",
    EndReason.REFRESH_REFUSED: "revoked",
}


@pytest.mark.parametrize("reason", EndReason)
def test_an_ended_session_is_a_login_with_the_reason(reason: EndReason) -> None:
    assert judge(stored(tombstone(reason))) == Login(REASONS[reason])
    assert ended(tombstone(reason)) == Login(REASONS[reason])


# What must never be a verdict


@pytest.mark.parametrize(
    "value",
    [
        stored(session(cookie_hash=OTHER)),
        stored(session(endpoint=route(Echo().address, "other.localhost").endpoint)),
        stored(tombstone(cookie_hash=OTHER)),
        stored(tombstone(endpoint_id=named("other"))),
        stored(tombstone(endpoint_id=None)),
        stored(browser()),
        stored(session(), b"A2"),
        stored(session(), b"B1"),
        stored(session(), b"T1"),
        stored(session(), b"P1"),
        stored(tombstone(), b"T2"),
        stored(tombstone(), b"A1"),
        stored(session())[:-1],
        stored(session()) + b"\0",
        b"A1",
        b"T1",
        b"A",
        b"T",
        b"",
        b"OK",
    ],
)
def test_bytes_that_are_not_this_sessions_record_are_unavailable(value: bytes) -> None:
    with pytest.raises(StoreUnavailable):
        judge(value)


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=80).map(lambda rest: b"A1" + rest)))
def test_arbitrary_bytes_are_unavailable_and_raise_nothing_else(value: bytes) -> None:
    with pytest.raises(StoreUnavailable):
        judge(value)


def test_what_was_decoded_once_is_still_compared_with_what_was_asked_for() -> None:
    gate = plain_gate()
    value = stored(session())
    assert isinstance(judge(value, gate=gate), Allow)

    with pytest.raises(StoreUnavailable):
        gate.judge(value, OTHER, ROUTE, NOW)
    with pytest.raises(StoreUnavailable):
        gate.judge(value, HASH, route(Echo().address, "other.localhost"), NOW)
    assert judge(value, gate=gate, now=NOW + 1000) == Login("expired")


def test_decoding_is_remembered_by_the_bytes_alone() -> None:
    gate = plain_gate()
    first, second = (judge(stored(session()), gate=gate) for _ in range(2))

    assert first is second


class Numbered(Credentials):
    """Lines that are counted, and hold for a second."""

    def __init__(self) -> None:
        self.made = 0

    def lines(self, session: ApplicationSession, route: Route, now_ms: int) -> Lines:
        self.made += 1
        return Lines(b"%d" % self.made, now_ms + 1000)


def test_lines_are_sent_for_as_long_as_they_hold_and_then_made_anew() -> None:
    gate, value = Gate(Numbered()), stored(session(expires_at=NOW + 10_000))
    sent = [judge(value, gate=gate, now=NOW + passed) for passed in (0, 999, 1000, 1999, 2000)]
    assert [each.identity_lines for each in sent if isinstance(each, Allow)] == [b"1", b"1", b"2", b"2", b"3"]


def test_lines_that_hold_no_more_are_sent_by_no_session_that_is_over() -> None:
    gate, value = Gate(Numbered()), stored(session())
    assert isinstance(judge(value, gate=gate), Allow)
    assert judge(value, gate=gate, now=NOW + 1000) == Login("expired")


def test_without_the_lines_that_are_due_a_session_is_unavailable_and_a_stranger_forbidden() -> None:
    class Keyless(Credentials):
        def __init__(self) -> None:
            pass

        def lines(self, session: ApplicationSession, route: Route, now_ms: int) -> Lines:
            raise StoreUnavailable("no key yet")

    gate = Gate(Keyless())
    with pytest.raises(StoreUnavailable):
        judge(stored(session()), gate=gate)
    with pytest.raises(StoreUnavailable):
        gate.judge_begun(session(), ROUTE, NOW)
    stranger = session(ada(email="eve@evil.example"))
    assert judge(stored(stranger), gate=gate) == Forbid("eve@evil.example")


def test_memory_of_decoded_records_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.gate._MOST_DECODED", 10)
    gate = plain_gate()
    for number in range(100):
        judge(stored(session(id=SessionId(f"edgses_{number}"))), gate=gate)

    assert len(gate._decoded) <= 10


# The first visit


def first(browser_session: BrowserSession | Tombstone | None, at: Route = ROUTE, now: int = NOW) -> object:
    return plain_gate().judge_first_visit(browser_session, HASH, at, now)


def test_a_browser_session_in_its_scope_by_the_routes_provider_may_begin() -> None:
    assert first(browser()) == browser()


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (None, Login("no_session")),
        (browser(scope="other.localhost"), Login("no_session")),
        (browser(scope="localhost"), Login("no_session")),
        (browser(ada(provider="okta")), Login("no_session")),
        (browser(expires_at=NOW), Login("expired")),
        (browser(issued_at=NOW - 3_600_000), Login("expired")),
        (tombstone(EndReason.REVOKED, endpoint_id=None), Login("revoked")),
        (tombstone(EndReason.LOGOUT, endpoint_id=None), Login("logged_out")),
        (browser(ada(email="ada@evil.example")), Forbid("ada@evil.example")),
    ],
)
def test_any_other_browser_session_is_refused_with_its_reason(
    found: BrowserSession | Tombstone | None, verdict: object
) -> None:
    assert first(found) == verdict


@pytest.mark.parametrize("found", [browser(cookie_hash=OTHER), tombstone(cookie_hash=OTHER)])
def test_a_browser_session_of_another_cookie_is_unavailable(found: BrowserSession | Tombstone) -> None:
    with pytest.raises(StoreUnavailable):
        first(found)


def test_an_endpoint_may_allow_less_time_than_the_login_lasts_but_never_more() -> None:
    short, long = (route(Echo().address, max_session_s=seconds) for seconds in (60, 86_400))

    assert expiry_at(browser(), short) == browser().issued_at + 60_000
    assert expiry_at(browser(), long) == browser().expires_at


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "ada@example.com"),
        ({"email": ""}, "ada.l"),
        ({"email": "", "username": ""}, "Ada Lovelace"),
        ({"email": "", "username": "", "name": ""}, "ada"),
    ],
)
def test_a_page_names_an_account_by_what_its_owner_knows_best(changes: dict[str, str], name: str) -> None:
    assert account_of(ada(**changes)) == name
