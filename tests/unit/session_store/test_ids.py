"""Public ids: KSUIDs that sort as they were made, digests that are the same on every machine."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store import IdSource, edge_id, endpoint_id, is_id, route_id
from session_store.ids import KSUID_EPOCH_S, base62, made_at_s, may_be_under_way

TWENTY_BYTES = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("0669f7efb5a1cd34b5f99d1154fb6853345c9735", "0ujtsYcgvSTl8PAuAdqWYSMnLOv"),
        ("066a029c73fc1aa3b2446246d6e89fcd909e8fe8", "0ujzPyRiIAffKhBux4PvQdDqMHY"),
        ("00" * 20, "0" * 27),
        ("ff" * 20, "aWgEPTl1tmebfsQzFP4bxwgy80V"),
    ],
)
def test_ksuids_read_as_others_write_them(raw: str, text: str) -> None:
    assert base62(bytes.fromhex(raw)) == text
    assert made_at_s(text) == int(raw[:8], 16) + KSUID_EPOCH_S


@given(TWENTY_BYTES)
def test_every_twenty_bytes_make_an_id(raw: bytes) -> None:
    assert is_id("edgses_" + base62(raw), "edgses_")


@given(TWENTY_BYTES, TWENTY_BYTES)
def test_ids_sort_as_their_bytes_do(one: bytes, two: bytes) -> None:
    assert (base62(one) < base62(two)) == (one < two)


@given(st.text(max_size=60))
def test_what_is_no_id_is_told_without_an_error(text: str) -> None:
    assert not is_id(text, "edgses_") or len(text) == 34


@pytest.mark.parametrize(
    "text",
    [
        "",
        "edgses_",
        "0ujtsYcgvSTl8PAuAdqWYSMnLOv",
        "edgusr_0ujtsYcgvSTl8PAuAdqWYSMnLOv",
        "EDGSES_0ujtsYcgvSTl8PAuAdqWYSMnLOv",
        "edgses_0ujtsYcgvSTl8PAuAdqWYSMnLO",
        "edgses_0ujtsYcgvSTl8PAuAdqWYSMnLOvv",
        "edgses_0ujtsYcgvSTl8PAuAdqWYSMnLO-",
        "edgses_0ujtsYcgvSTl8PAuAdqWYSMnLO\n",
        "edgses_aWgEPTl1tmebfsQzFP4bxwgy80W",
        "edgses_" + "z" * 27,
        "edgses_" + "٣" * 27,
    ],
)
def test_an_id_of_another_shape_is_none(text: str) -> None:
    assert not is_id(text, "edgses_")


def test_each_kind_has_its_prefix() -> None:
    ids = IdSource()
    assert is_id(ids.user(), "edgusr_")
    assert is_id(ids.session(), "edgses_")
    assert is_id(ids.token(), "owtok_")
    assert is_id(endpoint_id("wiki"), "ep_")
    assert is_id(edge_id("apps"), "edghts_")
    assert is_id(route_id("apps", "/wiki"), "edghtsrt_")


@given(st.lists(st.floats(min_value=1.5e9, max_value=1.9e9), min_size=2, max_size=30))
def test_ids_of_one_source_rise_whatever_its_clock_does(clock: list[float]) -> None:
    times = iter(clock)
    ids = IdSource(now_s=lambda: next(times))
    made = [ids.session() for _ in clock]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_made_within_a_second_rise_past_the_largest_random_part() -> None:
    ids = IdSource(now_s=lambda: 1.7e9, random_bytes=lambda count: b"\xff" * count)
    first, second = ids.session(), ids.session()
    assert first < second
    assert made_at_s(second) == made_at_s(first) + 1


@pytest.mark.parametrize(
    ("age_ms", "under_way"),
    [(-5000, True), (0, True), (60_000, True), (60_999, True), (61_000, False), (86_400_000, False)],
    ids=["made by a clock ahead", "now", "a minute", "within the second", "a second more", "a day"],
)
@pytest.mark.parametrize(
    "make", [IdSource.user, IdSource.session, IdSource.token], ids=lambda make: make.__name__
)
def test_what_has_an_id_may_be_under_way_for_a_minute(
    make: Callable[[IdSource], str], age_ms: int, under_way: bool
) -> None:
    made = make(IdSource(now_s=lambda: 1.7e9))
    assert may_be_under_way(made, 1_700_000_000_000 + age_ms) is under_way


def test_sources_do_not_make_each_others_ids() -> None:
    assert len({IdSource(now_s=lambda: 1.7e9).session() for _ in range(100)}) == 100


def test_ids_of_names_are_the_same_on_every_machine() -> None:
    assert endpoint_id("wiki") == "ep_W42fuFrrzSopl7vLWIeDBJFP4jT"
    assert edge_id("apps") != route_id("apps", "")
    assert endpoint_id("apps/wiki") != route_id("apps", "/wiki")
    assert route_id("apps", "/wiki") != route_id("apps", "/docs")
