"""Sealed values: opened by the right secret, at the right place, whole, and by nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from session_store.sealing import Sealer

SEALER = Sealer(["a secret"])


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_was_sealed_is_opened_at_its_place(payload: bytes, place: bytes) -> None:
    assert SEALER.open(SEALER.seal(payload, place), place) == payload


def test_a_value_moved_to_another_place_does_not_open() -> None:
    assert SEALER.open(SEALER.seal(b"payload", b"ow:p:mine"), b"ow:p:yours") is None


def test_every_secret_opens_and_the_first_seals() -> None:
    old, both, new = Sealer(["old"]), Sealer(["new", "old"]), Sealer(["new"])
    assert both.open(old.seal(b"payload", b"k"), b"k") == b"payload"
    assert new.open(both.seal(b"payload", b"k"), b"k") == b"payload"
    assert old.open(both.seal(b"payload", b"k"), b"k") is None


@given(st.integers(min_value=0), st.integers(1, 255))
def test_a_changed_byte_anywhere_does_not_open(place: int, change: int) -> None:
    sealed = bytearray(SEALER.seal(b"payload", b"k"))
    sealed[place % len(sealed)] ^= change
    assert SEALER.open(bytes(sealed), b"k") is None


@given(st.binary(max_size=100))
def test_bytes_that_were_never_sealed_do_not_open(value: bytes) -> None:
    assert SEALER.open(value, b"k") is None
    assert SEALER.open(b"P1" + value, b"k") is None


def test_the_same_payload_is_never_sealed_to_the_same_bytes() -> None:
    assert len({SEALER.seal(b"payload", b"k") for _ in range(100)}) == 100
