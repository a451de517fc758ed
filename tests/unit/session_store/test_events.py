"""Events as records: their bytes, their ids, and what of an event is kept."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store import EVENT_TYPES, Event, StoredEvent, is_event_id
from session_store.events import MOST_SESSIONS, bounded, decode_event, encode_event, order_of, stream_id

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
EVENTS = st.builds(
    Event,
    type=st.sampled_from(sorted(EVENT_TYPES)),
    at=st.integers(0, 2**53),
    actor=TEXT,
    user_id=TEXT,
    sessions=st.lists(TEXT, max_size=5).map(tuple),
    details=st.dictionaries(TEXT, TEXT, max_size=5),
)
NUMBERS = st.integers(0, 10**18 - 1)


def event(**changes: object) -> Event:
    return msgspec.structs.replace(Event(type="login", at=1, actor="edgusr_1"), **changes)


@given(EVENTS)
def test_an_event_is_read_as_it_was_written(written: Event) -> None:
    assert decode_event(encode_event(written)) == written


@given(st.binary(max_size=40), st.sampled_from([b"", b"V1", b"V2", b"A1"]))
def test_any_bytes_are_an_event_or_none(value: bytes, mark: bytes) -> None:
    assert isinstance(decode_event(mark + value), Event | None)


def test_an_event_of_another_kind_or_format_is_none() -> None:
    value = encode_event(event())
    assert value[:2] == b"V1"
    assert decode_event(b"V2" + value[2:]) is None
    assert decode_event(b"U1" + value[2:]) is None


def test_an_event_with_fewer_fields_than_this_version_knows_is_read() -> None:
    short = b"V1" + msgspec.msgpack.encode(["login", 1, "edgusr_1"])
    assert decode_event(short) == event()


@given(NUMBERS, NUMBERS)
def test_the_id_of_an_event_is_its_place_in_the_stream(ms: int, number: int) -> None:
    event_id = f"evt_{ms}_{number}"
    assert is_event_id(event_id)
    assert order_of(event_id) == (ms, number)
    assert stream_id(event_id) == f"{ms}-{number}"
    assert StoredEvent(event_id, event()).written_at == ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "evt_",
        "evt_1",
        "1_0",
        "1-0",
        "evt_1-0",
        "evt_1_0 ",
        "evt_1_0\n",
        "evt_01_0",
        "evt_1_00",
        "evt_-1_0",
        "evt_1_0_0",
        "evt_१_0",
        "evt_1000000000000000000_0",
        "evt_0_18446744073709551616",
        "edgses_1_0",
    ],
    ids=[
        "empty",
        "prefix",
        "one_number",
        "no_prefix",
        "stream_id",
        "hyphen",
        "blank",
        "newline",
        "leading_zero",
        "zeros",
        "negative",
        "three",
        "other_digits",
        "large_time",
        "large_number",
        "session",
    ],
)
def test_another_text_is_no_id_of_an_event(text: str) -> None:
    assert not is_event_id(text)
    with pytest.raises(ValueError, match="not an event's id"):
        order_of(text)


@given(st.text(max_size=40))
def test_any_text_is_an_id_or_refused(text: str) -> None:
    try:
        assert is_event_id(text) == (f"evt_{'_'.join(map(str, order_of(text)))}" == text)
    except ValueError:
        assert not is_event_id(text)


def test_details_are_cut_to_300_characters_and_20_members() -> None:
    long = event(details={f"n{i:02}": "x" * 301 for i in range(30)} | {"n00": "y" * 300})
    (kept,) = bounded(long)
    assert len(kept.details) == 20
    assert kept.details["n00"] == "y" * 300
    assert kept.details["n01"] == "x" * 299 + "…"


def test_half_a_surrogate_pair_in_a_detail_can_be_stored() -> None:
    (kept,) = bounded(
        Event(type="login_denied", at=1, actor="provider:corp", details={"account": "a\ud800b"})
    )
    assert kept.details == {"account": "a?b"}
    assert decode_event(encode_event(kept)) == kept


@pytest.mark.parametrize("count", [0, 1, MOST_SESSIONS, MOST_SESSIONS + 1, 3 * MOST_SESSIONS])
def test_many_sessions_are_named_by_several_events_and_each_once(count: int) -> None:
    ids = tuple(f"edgses_{i}" for i in range(count))
    parts = list(bounded(event(type="revoke", sessions=ids, details={"reason": "revoked"})))
    assert len(parts) == max(1, -(-count // MOST_SESSIONS))
    assert all(len(part.sessions) <= MOST_SESSIONS for part in parts)
    assert sum((part.sessions for part in parts), ()) == ids
    assert {part.details["reason"] for part in parts} == {"revoked"}
