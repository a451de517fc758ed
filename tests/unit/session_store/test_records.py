"""Records as bytes: what was written is read, what was not is never taken for it."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from session_store import (
    ApiToken,
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    Endpoint,
    EndpointId,
    EndReason,
    Location,
    Pins,
    Principal,
    SessionId,
    StoreUnavailable,
    Tombstone,
    User,
    UserAgent,
    UserId,
    UserTag,
    decode,
    endpoint_id,
    is_tombstone,
    user_tag,
)
from session_store.records import encode
from session_store.tombstones import halves, tombstone

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
TIMES = st.integers(min_value=0, max_value=2**43)
HASHES = st.binary(min_size=32, max_size=32).map(CookieHash)
MAYBE_TEXT = st.none() | TEXT

PRINCIPALS = st.builds(
    Principal,
    provider=TEXT,
    issuer=TEXT,
    subject=TEXT,
    username=TEXT,
    name=TEXT,
    email=TEXT,
    email_verified=st.booleans(),
    groups=st.lists(TEXT, max_size=4).map(tuple),
    teams=st.lists(TEXT, max_size=4).map(tuple),
)
ENDPOINTS = st.builds(
    Endpoint,
    id=TEXT.map(endpoint_id),
    public_url=TEXT,
    tunnel=TEXT,
    edge=MAYBE_TEXT,
    path_prefix=MAYBE_TEXT,
)
RECORDS = st.one_of(
    st.builds(
        ApplicationSession,
        id=TEXT.map(SessionId),
        cookie_hash=HASHES,
        endpoint=ENDPOINTS,
        user_id=TEXT.map(UserId),
        user_tag=TEXT.map(UserTag),
        principal=PRINCIPALS,
        created_at=TIMES,
        expires_at=TIMES,
        idle_timeout_s=st.integers(0, 2**31),
        refreshed_at=TIMES,
        access_token=st.binary(max_size=40),
        pins=st.builds(Pins, ip=TEXT, country=TEXT, device=TEXT),
    ),
    st.builds(
        BrowserSession,
        cookie_hash=HASHES,
        user_id=TEXT.map(UserId),
        user_tag=TEXT.map(UserTag),
        generation=st.integers(0, 2**31),
        scope=TEXT,
        principal=PRINCIPALS,
        issued_at=TIMES,
        expires_at=TIMES,
        refreshed_at=TIMES,
        access_token=st.binary(max_size=40),
    ),
    st.builds(
        Tombstone,
        cookie_hash=HASHES,
        endpoint_id=st.none() | TEXT.map(EndpointId),
        reason=st.sampled_from(EndReason),
        ended_by=TEXT,
        ended_at=TIMES,
    ),
    st.builds(
        User,
        id=TEXT.map(UserId),
        tag=TEXT.map(UserTag),
        provider_name=TEXT,
        principal=PRINCIPALS,
        created_at=TIMES,
        last_login=TIMES,
    ),
    st.builds(
        Context,
        ip_address=TEXT,
        user_agent=st.builds(UserAgent, raw=TEXT, browser_name=TEXT, device_type=TEXT),
        location=st.none()
        | st.builds(
            Location,
            country_code=MAYBE_TEXT,
            latitude=st.none() | st.floats(-90, 90),
            longitude=st.none() | st.floats(-180, 180),
            radius_km=st.none() | st.integers(0, 20_000),
        ),
    ),
    st.builds(ApiToken, id=TEXT, name=TEXT, scope=TEXT, created_at=TIMES, expires_at=st.none() | TIMES),
)
KINDS: list[type[msgspec.Struct]] = [ApplicationSession, BrowserSession, Tombstone, User, Context, ApiToken]


@given(RECORDS)
def test_what_was_written_is_read(record: Any) -> None:
    assert decode(encode(record), type(record)) == record


@given(RECORDS)
def test_no_record_is_read_as_one_of_another_kind(record: Any) -> None:
    value = encode(record)
    for kind in KINDS:
        if kind is not type(record):
            with pytest.raises(StoreUnavailable):
                decode(value, kind)


@given(RECORDS)
def test_only_a_tombstone_is_one(record: Any) -> None:
    assert is_tombstone(encode(record)) == isinstance(record, Tombstone)


@given(RECORDS, st.data())
def test_a_record_cut_short_is_no_verdict(record: Any, data: st.DataObject) -> None:
    value = encode(record)
    short = value[: data.draw(st.integers(0, len(value) - 1))]
    with pytest.raises(StoreUnavailable):
        decode(short, type(record))


@given(st.binary(max_size=200), st.sampled_from(KINDS))
@example(b"\x91\xa1\x80", Context)
@example(b"\x95\xa1x\xc0\xc0\xa0" + b"\x91" * 100_000, Context)
def test_no_bytes_are_an_error_of_another_kind(value: bytes, kind: type[msgspec.Struct]) -> None:
    for mark in (b"", b"A1", b"B1", b"T1", b"U1", b"C1", b"K1"):
        with suppress(StoreUnavailable):
            decode(mark + value, kind)


@given(RECORDS, TEXT)
def test_a_field_that_a_newer_version_added_does_not_hide_the_others(record: Any, added: str) -> None:
    value = encode(record)
    fields = msgspec.msgpack.decode(value[2:])
    assert decode(value[:2] + msgspec.msgpack.encode([*fields, added]), type(record)) == record


def test_scripts_find_a_users_id_first() -> None:
    user = User(
        id=UserId("edgusr_1"),
        tag=UserTag("t"),
        provider_name="Corp",
        principal=Principal(provider="corp", issuer="i", subject="s"),
        created_at=1,
        last_login=2,
    )
    assert msgspec.msgpack.decode(encode(user)[2:])[0] == "edgusr_1"


@pytest.mark.parametrize("mark", [b"A0", b"A2", b"A9", b"a1", b"P1", b"U1", b"T1", b"A", b""])
def test_an_unknown_format_or_another_kinds_letter_is_no_session(mark: bytes) -> None:
    body = encode(
        ApplicationSession(
            id=SessionId("s"),
            cookie_hash=CookieHash(b"h" * 32),
            endpoint=Endpoint(id=endpoint_id("app"), public_url="", tunnel="app"),
            user_id=UserId("u"),
            user_tag=UserTag("t"),
            principal=Principal(provider="corp", issuer="i", subject="s"),
            created_at=1,
            expires_at=2,
            idle_timeout_s=0,
        )
    )[2:]
    assert decode(b"A1" + body, ApplicationSession).id == "s"
    with pytest.raises(StoreUnavailable):
        decode(mark + body, ApplicationSession)


def test_a_tombstone_of_a_newer_format_is_still_an_end() -> None:
    assert is_tombstone(b"T2whatever")


@given(HASHES, st.sampled_from(EndReason), TEXT, TIMES, TEXT)
def test_a_tombstone_put_together_from_halves_is_the_one_written_whole(
    cookie_hash: CookieHash, reason: EndReason, by: str, at_ms: int, name: str
) -> None:
    head, tail = halves(cookie_hash, reason, by, at_ms)
    whole = encode(tombstone(cookie_hash, endpoint_id(name), reason, by, at_ms))
    assert head + endpoint_id(name).encode() + tail == whole


@given(TEXT, TEXT, TEXT, TEXT)
def test_people_who_differ_in_issuer_or_subject_have_different_tags(
    issuer: str, subject: str, other_issuer: str, other_subject: str
) -> None:
    issuer, other_issuer = issuer.replace("\0", ""), other_issuer.replace("\0", "")
    same = (issuer, subject) == (other_issuer, other_subject)
    assert (user_tag(issuer, subject) == user_tag(other_issuer, other_subject)) == same


def test_a_tag_is_base64url_and_does_not_move_the_hash_tag_of_a_key() -> None:
    tag = user_tag("https://id.example.com/}{", "{}")
    assert len(tag) == 43
    assert not set(tag) & set("{}+/=")
