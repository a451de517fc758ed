"""What is kept beside a session's record, as bytes: accesses told apart and read back; damage is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store import Access, ApplicationSession, Context, Endpoint, Flag, StoreUnavailable, UserAgent
from session_store.activities import access_key, accesses_of, activity_of, fields_of
from session_store.ids import SessionId, UserId, endpoint_id
from session_store.records import CookieHash, Location, Principal, encode, encode_flags, user_tag

NOW = 1_800_000_000_000
SESSION = ApplicationSession(
    id=SessionId("edgses_1"),
    cookie_hash=CookieHash(b"\x01" * 32),
    endpoint=Endpoint(id=endpoint_id("app"), public_url="https://app.example.com", tunnel="app"),
    user_id=UserId("edgusr_1"),
    user_tag=user_tag("https://id.example.com", "ada"),
    principal=Principal(provider="corp", issuer="https://id.example.com", subject="ada"),
    created_at=NOW,
    expires_at=NOW + 86_400_000,
    idle_timeout_s=0,
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
CONTEXTS = st.builds(
    lambda address, raw: Context(ip_address=address, user_agent=UserAgent(raw=raw)), TEXTS, TEXTS
)
FLAGS = st.lists(st.builds(Flag, name=TEXTS, reason=TEXTS), max_size=3).map(tuple)
ACCESSES = st.builds(
    lambda context, first, length, requests, flags: Access(
        context=context, first_seen=first, last_seen=first + length, requests=requests, flags=flags
    ),
    CONTEXTS,
    st.integers(NOW, NOW + 10**9),
    st.integers(0, 10**9),
    st.integers(0, 10**12),
    FLAGS,
)


def row(access: Access) -> bytes:
    """An earlier access as the script writes it."""
    flags = encode_flags(access.flags) if access.flags else b""
    head = f"{access.first_seen} {access.last_seen} {access.requests} {len(flags)}\n"
    return head.encode() + flags + encode(access.context)


@given(st.lists(ACCESSES, max_size=5))
def test_accesses_are_read_back_the_latest_first(earlier: list[Access]) -> None:
    rows = {str(place).encode(): row(access) for place, access in enumerate(earlier)}
    latest, *others = accesses_of(SESSION, {}, rows, oldest=0)
    assert latest == Access(context=Context(ip_address=""), first_seen=NOW, last_seen=NOW, requests=0)
    assert [access.last_seen for access in others] == sorted(
        (access.last_seen for access in earlier), reverse=True
    )
    assert sorted(map(row, others)) == sorted(map(row, earlier))


@given(st.lists(ACCESSES, min_size=1, max_size=5))
def test_what_was_last_seen_too_long_ago_is_not_told_save_for_the_latest(earlier: list[Access]) -> None:
    rows = {str(place).encode(): row(access) for place, access in enumerate(earlier)}
    oldest = earlier[0].last_seen
    _, *others = accesses_of(SESSION, {}, rows, oldest)
    assert all(access.last_seen >= oldest for access in others)
    assert len(others) == sum(access.last_seen >= oldest for access in earlier)
    assert len(accesses_of(SESSION, {}, rows, oldest=10**15)) == 1


@given(st.binary(max_size=60))
def test_a_row_that_cannot_be_read_is_unavailable_and_nothing_else(damaged: bytes) -> None:
    with pytest.raises(StoreUnavailable):
        accesses_of(SESSION, {}, {b"x": b"1 2 3 " + damaged}, oldest=0)


def test_the_requests_of_a_session_that_an_older_version_counted_are_its_one_accesses() -> None:
    fields = {b"last_active": b"%d" % (NOW + 5), b"requests": b"7", b"context_at": b"%d" % (NOW + 4)}
    (only,) = accesses_of(SESSION, fields, {}, oldest=0)
    assert (only.requests, only.first_seen, only.last_seen) == (7, NOW, NOW + 4)


def test_what_is_not_stored_is_what_a_new_session_has() -> None:
    found = activity_of(SESSION, {})
    assert (found.last_active, found.requests, found.context, found.flags) == (
        NOW,
        0,
        Context(ip_address=""),
        (),
    )
    assert activity_of(SESSION, {b"flagged": b"new_device new_country"}).flags == (
        "new_device",
        "new_country",
    )


def test_names_and_values_in_turn_are_fields() -> None:
    assert fields_of([b"a", b"1", b"b", b"2"]) == {b"a": b"1", b"b": b"2"}
    assert fields_of([]) == {}


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_an_access_is_told_by_address_and_user_agent_and_nothing_else(
    address: str, raw: str, other_address: str, other_raw: str
) -> None:
    def of(address: str, raw: str, **what: object) -> str:
        return access_key(
            Context(ip_address=address, user_agent=UserAgent(raw=raw), **what)  # type: ignore[arg-type]
        )

    same = of(address, raw, location=Location(country_code="DE"), network="lan")
    assert same == of(address, raw)
    assert len(same) == 16
    if "\0" not in address + other_address:
        assert (of(address, raw) == of(other_address, other_raw)) == (
            (address, raw) == (other_address, other_raw)
        )


def test_a_user_agent_of_any_text_tells_an_access() -> None:
    assert access_key(Context(ip_address="192.0.2.1", user_agent=UserAgent(raw="\udcff"))) != access_key(
        Context(ip_address="192.0.2.1", user_agent=UserAgent(raw="\udcfe"))
    )
